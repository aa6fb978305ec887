"""Figures 3A and 3B: what the tables hold, and that everything drawn can be read."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts

from workflow_lib.figures.motif_pairs import best_against, name_dots, pairs_table
from workflow_lib.figures.motif_performance import rank_performance, rank_table, short_names
from workflow_lib.figures.style import new_figure

COLUMNS = ["dataset", "method", "seed", "n_train", "motif", "target", "rank", "importance"]
COLUMNS += ["metric", "validation", "test", "best"]


def ranking(dataset, method, tests, best, seed=None, n_train=1000, target="bound", metric="auprc"):
    """One method's PWMs on a data set, by rank; `best` is the number of the best one."""
    rows = [
        (
            dataset,
            method,
            seed,
            n_train,
            f"unit{i}",
            target,
            i + 1,
            1.0,
            metric,
            test / 2,  # what validation says is not what is drawn
            test,
            i == best,
        )
        for i, test in enumerate(tests)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def three() -> pd.DataFrame:
    """Three data sets; two have STREME's motifs; seed 1 would tell another story."""
    parts = [
        ranking("tf.A", "explainn", [0.9, 0.6, 0.5], 0, seed=0, n_train=500),
        ranking("tf.B", "explainn", [0.6, 0.8, 0.5], 1, seed=0, n_train=5000),
        ranking("tf.C", "explainn", [0.6, 0.7, 0.8], 1, seed=0, n_train=50_000),
        *(ranking(f"tf.{k}", "explainn", [0.1, 0.1, 0.2], 2, seed=1) for k in "ABC"),
        ranking("tf.A", "streme", [0.5, 0.95], 1, n_train=400),
        ranking("tf.B", "streme", [0.77], 0, n_train=4000),
        ranking("other.D", "streme", [0.75], 0),
    ]
    return pd.concat(parts, ignore_index=True)


ABC = ["tf.A", "tf.B", "tf.C"]


def many(n, name="TF", n_units=100, compared=True, seed=0):
    """Scores of n data sets that fall with the rank; each ninth lacks the compared tool.

    That tool sees at most 4,000 sequences.
    """
    rng, parts = np.random.default_rng(seed), []
    names = [f"family.{name}{i}" for i in range(n)]
    for i, dataset in enumerate(names):
        size, top = int(10 ** rng.uniform(2.8, 5.3)), rng.uniform(0.55, 0.97)
        fall = np.exp(-np.arange(n_units) / rng.uniform(5, 40))
        tests = np.clip(0.5 + (top - 0.5) * fall + rng.normal(0, 0.03, n_units), 0, 1)
        best = int(np.argmax(tests + rng.normal(0, 0.01, n_units)))
        parts.append(ranking(dataset, "explainn", tests, best, seed=0, n_train=size))
        if compared and i % 9 != 8:
            score = top + rng.normal(0, 0.02)
            parts.append(ranking(dataset, "streme", [score], 0, n_train=min(size, 4000)))
    return pd.concat(parts, ignore_index=True), names


# Names


def test_data_sets_are_called_by_their_last_name_unless_it_is_anothers_too():
    names = pd.DataFrame(
        {
            "dataset": ["tf.A", "tf.B", "mouse.B", "assays.X", "assays.X", "alone"],
            "target": ["bound", "bound", "bound", "cycle1", "cycle2", "bound"],
        }
    )
    assert short_names(names) == ["A", "tf.B", "mouse.B", "X cycle1", "X cycle2", "alone"]
    assert short_names(names.iloc[:0]) == []


# 3A


def test_ranks_hold_the_mean_over_data_sets_and_their_best_pwms():
    table = rank_table(three(), "explainn", 0, ABC)
    means = table[table["kind"] == "mean"]
    np.testing.assert_allclose(means["value"], [0.7, 0.7, 0.6])
    assert means["rank"].tolist() == [1, 2, 3] and means["n"].tolist() == [3, 3, 3]
    assert means["n_best"].tolist() == [1, 2, 0]
    assert means["low"].isna().all()  # three data sets have no quartiles
    dots = table[table["kind"] == "best"]
    assert dots["name"].tolist() == ["A", "B", "C"] and dots["rank"].tolist() == [1, 2, 2]
    # C: the best in validation, not the best in the test part.
    assert dots["value"].tolist() == [0.9, 0.8, 0.7]


def test_the_band_holds_quartiles_from_four_data_sets_on():
    parts = [ranking(f"d{i}", "explainn", [0.1 * i], 0, seed=0) for i in range(1, 6)]
    table = rank_table(pd.concat(parts), "explainn", 0, [f"d{i}" for i in range(1, 6)])
    mean = table[table["kind"] == "mean"].iloc[0]
    assert (mean["low"], mean["value"], mean["high"]) == pytest.approx((0.2, 0.3, 0.4))


def test_ranks_count_what_is_missing():
    scores = three()
    scores.loc[(scores["dataset"] == "tf.B") & (scores["seed"] == 0), "test"] = np.nan
    scores.loc[(scores["dataset"] == "tf.C") & (scores["seed"] == 0), "best"] = False
    table = rank_table(scores, "explainn", 0, [*ABC, "tf.E"])
    np.testing.assert_allclose(table.loc[table["kind"] == "mean", "value"], [0.75, 0.65, 0.65])
    assert table.loc[table["kind"] == "lacking", "dataset"].tolist() == ["tf.C", "tf.E"]
    written = " ".join(check_texts(rank_performance(table)).split())
    assert "2 data sets; the best PWM is one of the 10 most important for 2 (100.0 %)" in written
    assert "without a best PWM: 2" in written and "without a dot: 1" in written


def test_other_scores_than_the_wanted_one_do_not_count():
    scores = pd.concat([three(), ranking("tf.E", "explainn", [0.3], 0, seed=0, metric="pcc")])
    table = rank_table(scores, "explainn", 0, [*ABC, "tf.E"])
    assert table.loc[table["kind"] == "lacking", "dataset"].tolist() == ["tf.E"]
    table = rank_table(scores, "explainn", 0, [*ABC, "tf.E"], "pcc")
    assert table.loc[table["kind"] == "best", "dataset"].tolist() == ["tf.E"]
    assert "Pearson correlation of a PWM" in check_texts(rank_performance(table))


def test_the_panel_says_how_often_the_best_pwm_is_among_the_ten_most_important():
    tests = np.full(20, 0.5)
    best = [*range(3), 9, 10, 19]
    parts = [ranking(f"tf.{i}", "explainn", tests, b, seed=0) for i, b in enumerate(best)]
    table = rank_table(pd.concat(parts), "explainn", 0, [f"tf.{i}" for i in range(6)])
    written = " ".join(check_texts(rank_performance(table)).split())
    assert "6 data sets; the best PWM is one of the 10 most important for 4 (66.7 %)" in written


@pytest.mark.parametrize(
    "n, name, n_units",
    [(1, "TF", 100), (1, "TF", 1), (3, "A_VERY_LONG_NAME_", 7), (35, "TF", 100), (163, "TF", 100)],
)
def test_everything_on_the_ranks_can_be_read(n, name, n_units):
    scores, datasets = many(n, name, n_units)
    scores["method"] = scores["method"].replace("explainn", "a_model_with_a_long_name.units100")
    table = rank_table(scores, "a_model_with_a_long_name.units100", 0, datasets)
    figure = rank_performance(table)
    written = check_texts(figure)
    assert ("quartiles" in written) == (n > 3) and ("the only data set" in written) == (n == 1)
    counts, ax = figure.axes
    assert sum(bar.get_height() for bar in counts.patches) == n
    assert len(ax.collections[-1].get_offsets()) == n


def test_no_ranking_says_so():
    table = rank_table(three().iloc[:0], "explainn", 0, ABC)
    assert (table["kind"] == "lacking").all() and len(table) == 3
    assert "No PWM has a score on a test part" in check_texts(rank_performance(table))
    untested = rank_table(three().assign(test=np.nan), "explainn", 0, ABC)
    assert "No PWM has a score on a test part" in check_texts(rank_performance(untested))


# 3B


def test_the_pairs_hold_both_scores_the_largest_difference_first():
    table = pairs_table(three(), "explainn", 0, "streme", ABC)
    assert table["name"].tolist() == ["A", "B", "C"]  # others than the wanted data sets are out
    a = table.iloc[0]
    assert (a["y"], a["x"]) == (0.9, 0.95)
    assert (a["n_train_y"], a["n_train_x"]) == (500, 400)
    assert (a["n_motifs_y"], a["n_motifs_x"]) == (3, 2)
    assert (a["model_motif"], a["compared_motif"]) == ("unit0", "unit1")
    np.testing.assert_allclose(table["difference"], [-0.05, 0.03, np.nan])
    assert table["lacks"].tolist() == ["", "", "test score of streme"]


def test_the_panel_says_how_many_motifs_each_tool_gave_from_how_many_sequences():
    scores = three()
    written = check_texts(best_against(pairs_table(scores, "explainn", 0, "streme", ABC)))
    # Of the two data sets that are drawn.
    assert "explainn: 3 motifs from 500 to 5,000 training sequences" in written
    assert "streme: 1 to 2 motifs from 400 to 4,000 training sequences" in written
    # Known motifs were learned from none of these sequences.
    known = scores.assign(n_train=scores["n_train"].where(scores["method"] != "streme"))
    written = check_texts(best_against(pairs_table(known, "explainn", 0, "streme", ABC)))
    assert "streme: 1 to 2 motifs\n" in written + "\n"


def test_the_pairs_say_who_lacks_a_score():
    scores = three()
    no_test = (scores["dataset"] == "tf.B") & (scores["method"] == "streme")
    scores.loc[no_test, "test"] = np.nan
    table = pairs_table(scores, "explainn", 0, "streme", [*ABC, "other.D", "tf.E"])
    lacks = dict(zip(table["dataset"], table["lacks"]))
    assert lacks == {
        "tf.A": "",
        "tf.B": "test score of streme",
        "tf.C": "test score of streme",
        "other.D": "test score of explainn",
        "tf.E": "test score of explainn and streme",
    }
    written = " ".join(check_texts(best_against(table)).split())
    assert "1 data set: explainn better in 0, streme in 1; median difference −0.050" in written
    assert "2 without test score of streme" in written
    assert "1 without test score of explainn," in written + ","
    assert "1 without test score of explainn and streme" in written


def test_equal_scores_are_neither_above_nor_below():
    parts = [ranking("tf.A", m, [0.8], 0, seed=s) for m, s in (("explainn", 0), ("streme", None))]
    written = check_texts(
        best_against(pairs_table(pd.concat(parts), "explainn", 0, "streme", ["tf.A"]))
    )
    assert "explainn better in 0, streme in 0, equal in 1" in " ".join(written.split())


@pytest.mark.parametrize("n, name", [(1, "TF"), (3, "A_VERY_LONG_NAME_"), (35, "TF"), (163, "TF")])
def test_everything_on_the_pairs_can_be_read(n, name):
    scores, datasets = many(n, name, 5)
    table = pairs_table(scores, "explainn", 0, "streme", datasets)
    figure = best_against(table)
    written = check_texts(figure)
    both = table[table["lacks"] == ""]
    np.testing.assert_allclose(figure.axes[0].collections[0].get_offsets(), both[["x", "y"]])
    named = [line for line in written.split("\n") if line in set(both["name"].head(6))]
    assert len(named) >= min(len(both), 3)
    assert ("not drawn" in written) == (n >= 9)


def test_nothing_to_compare_says_why():
    empty = pairs_table(three(), "explainn", 0, None, ABC)
    assert empty.empty and "No motif set was chosen" in check_texts(best_against(empty))
    table = pairs_table(three(), "explainn", 0, "homer", ABC)
    assert table["lacks"].eq("test score of homer").all()
    written = check_texts(best_against(table))
    assert "Nothing to compare: 3 without test score of homer." in written


# The scripts


def run_script(root, name, tmp_path, **arguments):
    """Run a figure's script; gives its table."""
    path = root / "scripts" / "figures" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs = {kind: str(tmp_path / f"{name}.{kind}") for kind in ("pdf", "png", "tsv")}
    module.main(**arguments, outputs=outputs)
    assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    return pd.read_csv(outputs["tsv"], sep="\t", keep_default_na=False, na_values=[""])


@pytest.mark.parametrize("baseline", ["streme", None])
def test_the_scripts_read_the_collected_scores(root, tmp_path, baseline):
    scores = three().replace({"dataset": {"tf.B": "tf.NA"}})
    scores.to_csv(tmp_path / "motif_scores.tsv", sep="\t", index=False)
    datasets = ["tf.A", "tf.NA", "tf.C"]
    common = {"scores": str(tmp_path / "motif_scores.tsv"), "model": "explainn", "seed": 0}
    if baseline:
        table = run_script(root, "figure_3a", tmp_path, **common, datasets=datasets)
        assert table.loc[table["kind"] == "best", "name"].tolist() == ["A", "NA", "C"]
    for name in ("figure_3b", "figure_3c"):
        table = run_script(root, name, tmp_path, **common, datasets=datasets, baseline=baseline)
        assert sorted(table["name"]) == (sorted(["A", "NA", "C"]) if baseline else [])


def test_names_of_dots_keep_off_lines():
    ax = new_figure(60, 60).add_axes((0.1, 0.1, 0.8, 0.8))
    line = np.stack([np.linspace(0, 1, 200), np.full(200, 0.5)], axis=1)
    name_dots(ax, np.array([[0.5, 0.5 - 0.01], [0.2, 0.2]]), ["FIRST"], line)
    (text,) = ax.texts
    assert text.get_text() == "FIRST"
    assert not text.get_window_extent().count_contains(ax.transData.transform(line))
