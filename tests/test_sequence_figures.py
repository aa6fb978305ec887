"""Correlations of single sequences: their counts, distributions, two models, many models."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from scipy import stats
from test_robustness import load_script, outputs
from test_unit_sweep import SWEEP, metrics

from workflow_lib.errors import InputError
from workflow_lib.figures.model_bars import Start, model_bars, model_bars_table
from workflow_lib.figures.model_scatter import by_sequence, sequence_table
from workflow_lib.figures.sequence_correlations import (
    distribution_table,
    sequence_correlations,
    well_predicted,
)
from workflow_lib.figures.sweep_with_counts import sweep_with_counts
from workflow_lib.figures.unit_sweep import score_of, unit_sweep_table
from workflow_lib.tables import write_table

FLAT = "the labels do not vary"
COUNTED = "held-out sequences with PCC ≥ 0.75"


def correlations(models, seeds=(0,), n: int = 200) -> pd.DataFrame:
    """Higher for later models; the first three sequences have none, with two reasons."""
    parts = []
    for (m, model), seed in ((pair, seed) for pair in enumerate(models) for seed in seeds):
        rng = np.random.default_rng((m, seed))
        values = np.tanh(np.random.default_rng(9).normal(0.4, 0.5, n) + rng.normal(0.1 * m, 0.2, n))
        values[:3] = np.nan
        reasons = [FLAT, FLAT, "one label is resolved", *[None] * (n - 3)]
        about = {"dataset": "cells", "model": model, "seed": seed, "pcc": values}
        parts.append(pd.DataFrame(about | {"id": [f"s{i}" for i in range(n)], "reason": reasons}))
    return pd.concat(parts, ignore_index=True)


def per_sequence(models, seeds=(0, 1, 2)) -> pd.DataFrame:
    rows = [(m, s, "mean", "pcc_per_sequence", 0.1 + 0.02 * i + 0.001 * s)
            for i, m in enumerate(models) for s in seeds]  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "seed", "target", "metric", "value"])


# Counts and distributions


def test_sequences_at_the_threshold_count_and_undefined_ones_do_not():
    table = pd.DataFrame({"pcc": [0.75, 0.7499, 0.9, np.nan, -0.9], "reason": None})
    both = pd.concat([table.assign(model="a", seed=0), table.iloc[1:2].assign(model="b", seed=3)])
    counted = well_predicted(both, 0.75)
    assert counted[["model", "seed", "value", "n"]].to_numpy().tolist() == [
        ["a", 0, 2, 4], ["b", 3, 0, 1],
    ]  # fmt: skip


def test_the_distribution_adds_up_and_says_what_is_left_out():
    given = correlations(["a", "b"], seeds=(0, 1))
    table = distribution_table(given, 0.75)
    np.testing.assert_allclose(table.groupby("model")["share"].sum(), 1)
    one = table[table["model"] == "b"]
    known = given[(given["model"] == "b")].dropna(subset="pcc")
    place = one[(one["low"].round(3) == 0.5)].iloc[0]
    inside = ((known["pcc"] >= 0.5) & (known["pcc"] < 0.55)).sum()
    assert place["share"] == pytest.approx(inside / len(known))
    first = one.iloc[0]
    assert first["mean"] == pytest.approx(known.groupby("seed")["pcc"].mean().mean())
    assert first["above"] == (known["pcc"] >= 0.75).sum() / 2
    assert (first["n"], first["undefined"], first["n_seeds"]) == (197, 3, 2)
    assert first["reasons"] == f"{FLAT} (2); one label is resolved (1)"
    (page,) = sequence_correlations(table, "Held-out sequences of cells", 0.75)
    said = " ".join(check_texts(page).split())
    assert "of 197" in said and f"not defined: {FLAT} (2)" in said and "2 seeds" in said


def test_nothing_defined_gives_a_message():
    undefined = correlations(["a"], n=3)
    for given in (undefined, undefined.iloc[:0]):
        pages = sequence_correlations(distribution_table(given, 0.75), "x", 0.75)
        assert "no sequence has a correlation" in check_texts(pages[0])


def test_many_models_take_pages():
    table = distribution_table(correlations([f"explainn.units{i}" for i in range(25)]), 0.75)
    pages = sequence_correlations(table, "Held-out sequences of cells", 0.75)
    said = [check_texts(page) for page in pages]
    assert len(pages) == 3 and all(f"units{i}\n" in "".join(said) for i in range(25))


# Two models


def test_two_models_are_joined_by_sequence():
    given = correlations(["new", "old"], n=100)
    # In another order, one more sequence without a value, one that the other model has not.
    old = given[given["model"] == "old"].iloc[::-1].copy()
    old.loc[old["id"] == "s10", "pcc"] = np.nan
    old = old[old["id"] != "s20"]
    new = given[given["model"] == "new"]
    table = sequence_table(pd.concat([new, old]), "new", "old")
    first = table.iloc[0]
    assert len(table) == 95 and table["n"].eq(1).all()
    assert first[["n_both", "only_x", "only_y", "neither"]].tolist() == [95, 0, 2, 3]
    both = new.merge(old, on="id", suffixes=("_new", "_old")).dropna(subset=["pcc_new", "pcc_old"])
    r = stats.pearsonr(both["pcc_new"], both["pcc_old"])[0]
    assert first["r"] == pytest.approx(r)
    assert first["above"] == (both["pcc_new"] > both["pcc_old"]).sum()
    assert first["above"] + first["below"] == 95
    figure = by_sequence(table, "held-out sequences")
    dots = figure.axes[0].collections[0].get_offsets()
    wanted = both.sort_values("pcc_old")[["pcc_old", "pcc_new"]]
    np.testing.assert_allclose(dots[np.argsort(dots[:, 0])], wanted)
    said = " ".join(check_texts(figure).split())
    assert f"R = {r:.2f}" in said and "5 are left out" in said and "PCC, old" in said


def test_many_sequences_are_counted_in_squares():
    table = sequence_table(correlations(["new", "old"], n=5000), "new", "old")
    assert table["n"].sum() == 4997 and len(table) < 3000 and (table["bin"] > 0).all()
    assert "sequences in a square" in check_texts(by_sequence(table, "held-out sequences"))


def test_two_models_without_a_shared_sequence_say_so():
    table = sequence_table(correlations(["new", "old"], n=3), "new", "old")
    assert "No sequence" in check_texts(by_sequence(table, "held-out sequences"))


# Scores


def test_the_score_is_the_one_asked_for_or_that_of_sequences():
    table = pd.concat([metrics(["a"]), per_sequence(["a"])])
    assert score_of(table, None, "pcc") == "pcc_per_sequence"
    assert score_of(metrics(["a"]), None, "auprc") == "auprc"
    undefined = table.assign(value=table["value"].where(table["metric"] == "auprc"))
    assert score_of(undefined, None, "auprc") == "auprc"
    assert score_of(table, "auprc", "pcc") == "auprc"
    with pytest.raises(InputError, match="found 'mse'; these runs have auprc, base_rate, pcc_per"):
        score_of(table, "mse", "pcc")


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_the_sweep_has_an_axis_for_scores_and_one_for_counts(seeds):
    models = [*SWEEP, "aitac"]
    scores = unit_sweep_table(per_sequence(models, seeds), SWEEP, ["aitac"], "pcc_per_sequence")
    counted = well_predicted(correlations(models, seeds), 0.75)
    counts = unit_sweep_table(counted, SWEEP, ["aitac"], "well_predicted")
    figure = sweep_with_counts(scores, counts, "pcc_per_sequence", COUNTED)
    left, right = figure.axes
    for ax, table in ((left, scores), (right, counts)):
        sweep = table[table["role"] == "sweep"].drop_duplicates("model")
        across = table[table["role"] == "baseline"].iloc[0]
        line = next(line for line in ax.lines if line.get_linestyle() == "-")
        np.testing.assert_allclose(line.get_xydata(), sweep[["units", "mean"]].astype(float))
        dashed = ax.lines[-1]
        assert dashed.get_linestyle() == "--" and set(dashed.get_ydata()) == {across["mean"]}
    assert left.lines[-1].get_color() != right.lines[-1].get_color()
    said = check_texts(figure)
    assert COUNTED in said and ("t interval" in said) == (len(seeds) > 1)


def test_a_sweep_of_labels_has_one_axis():
    scores = unit_sweep_table(metrics([*SWEEP]), SWEEP, [])
    figure = sweep_with_counts(scores, scores.iloc[:0], "auprc", COUNTED)
    assert len(figure.axes) == 1 and COUNTED not in check_texts(figure)
    empty = unit_sweep_table(metrics(["danq"]), SWEEP, ["danq"])
    figure = sweep_with_counts(empty, empty.iloc[:0], "auprc", COUNTED)
    assert "No model of the sweep" in check_texts(figure)


# Models side by side

STARTS = {
    "random": Start("random", False),
    "free": Start("profiles", False),
    "frozen": Start("profiles", True),
    "aitac": Start("other", False),
}


def test_bars_stand_in_the_order_of_the_config_and_frozen_ones_are_hatched():
    models = list(STARTS)[::-1]
    scores = per_sequence(models)
    counts = well_predicted(correlations(models, (0, 1, 2)), 0.75)
    table = model_bars_table(scores, counts, STARTS, "pcc_per_sequence")
    figure = model_bars(table, "pcc_per_sequence", COUNTED)
    left, right = figure.axes
    bars = left.patches
    means = scores.groupby("model")["value"].mean()
    assert [bar.get_height() for bar in bars] == pytest.approx([means[m] for m in STARTS])
    assert [bool(bar.get_hatch()) for bar in bars] == [False, False, True, False]
    assert bars[1].get_facecolor() == bars[2].get_facecolor() != bars[0].get_facecolor()
    dots = next(line for line in right.lines if line.get_marker() == "o").get_xydata()
    by_model = counts.groupby("model")["value"].mean()
    assert dots[:, 1].tolist() == pytest.approx([by_model[m] for m in STARTS])
    seeds = next(line for line in left.lines if line.get_marker() == "o").get_ydata()
    assert sorted(seeds) == pytest.approx(sorted(scores["value"]))
    said = check_texts(figure)
    assert "filters frozen" in said and "another architecture" in said and COUNTED in said
    assert [t.get_text() for t in left.get_xticklabels()] == list(STARTS)


def test_models_without_a_score_are_left_out_and_labels_have_no_counts():
    table = model_bars_table(metrics(["random"]), pd.DataFrame(), STARTS, "auprc")
    figure = model_bars(table, "auprc", COUNTED)
    assert len(figure.axes) == 1 and len(figure.axes[0].patches) == 1
    none = model_bars_table(metrics(["x"]), pd.DataFrame(), STARTS, "auprc")
    assert "None of the models" in check_texts(model_bars(none, "auprc", COUNTED))


# Scripts


@pytest.fixture
def written(tmp_path):
    """Tables of the runs of a sweep and of another model, as files."""
    models = ["explainn.units5", "explainn.units10", "aitac"]
    found = {"metrics": [], "correlations": []}
    tables = {"metrics": per_sequence(models), "correlations": correlations(models, (0, 1, 2))}
    for name, table in tables.items():
        for (model, seed), rows in table.groupby(["model", "seed"], sort=False):
            found[name].append(str(tmp_path / f"{name}.{model}.{seed}.tsv.gz"))
            write_table(rows.assign(dataset="cells"), found[name][-1])
    return found


def test_source_data_hold_scores_and_counts(root, written, tmp_path):
    units = {"explainn.units5": 5, "explainn.units10": 10}
    choice = ((None, "pcc"), 0.5, outputs(tmp_path))
    load_script(root, "figures/figure_4a").main(*written.values(), units, *choice)
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert set(source["shown"]) == {"score", "well_predicted"} and len(source) == 2 * 9
    given = correlations(["explainn.units5", "explainn.units10", "aitac"], (0, 1, 2))
    of_one = given[(given["model"] == "aitac") & (given["seed"] == 1)]
    rows = source[(source["model"] == "aitac") & (source["shown"] == "well_predicted")]
    counted = rows.set_index("seed")["value"]
    assert counted[1] == (of_one["pcc"] >= 0.5).sum() > 0
    starts = {"aitac": ["other", False], "explainn.units5": ["profiles", True]}
    load_script(root, "figures/figure_6b").main(*written.values(), starts, *choice)
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert set(source["model"]) == {"aitac", "explainn.units5"} and len(source) == 2 * 6


def test_the_scripts_of_sequences_read_the_tables_of_runs(root, written, tmp_path):
    first = [path for path in written["correlations"] if ".0.tsv" in path]
    draw = load_script(root, "figures/figure_4b").main
    draw(first, "explainn.units10", "aitac", outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert len(source) == 197 and source["n_both"].eq(197).all()
    draw = load_script(root, "figures/sequence_correlations").main
    draw(written["correlations"], "cells", 0.75, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert set(source["model"]) == {"explainn.units5", "explainn.units10", "aitac"}


def test_a_data_set_of_labels_has_no_correlations(root, tmp_path):
    write_table(metrics(["explainn"], (0,)), tmp_path / "metrics.tsv")
    given = ([tmp_path / "metrics.tsv"], [])
    choice = ((None, "auprc"), 0.75, outputs(tmp_path))
    load_script(root, "figures/figure_4a").main(*given, {"explainn": 7}, *choice)
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert source["shown"].tolist() == ["score"]
    load_script(root, "figures/figure_6b").main(*given, {"explainn": ["random", False]}, *choice)
