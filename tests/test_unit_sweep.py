"""Figures 1B and 1C: what the tables hold, and that everything drawn can be read."""

import importlib.util
import itertools

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from scipy import stats

from workflow_lib.figures.labels import label_beside, spread, tick_labels
from workflow_lib.figures.model_scatter import pairwise, pairwise_table
from workflow_lib.figures.seed_intervals import over_seeds
from workflow_lib.figures.style import new_figure, settle
from workflow_lib.figures.unit_sweep import unit_sweep, unit_sweep_table

BASELINES = ["cnn1", "cnn1exp", "deepcnn", "danq"]
SWEEP = {f"explainn.units{n}": n for n in (1, 5, 10, 20, 50, 100, 200, 300)}


def metrics(models, seeds=(0, 1, 2), n_targets=6, level=0.3, step=0.02) -> pd.DataFrame:
    """Scores that rise with the model's and the target's number, a little with the seed."""
    rows = []
    for (m, model), seed in itertools.product(enumerate(models), seeds):
        values = [level + step * m + 0.05 * t + 0.001 * seed for t in range(n_targets)]
        for target, value in [*((f"TF{t}", v) for t, v in enumerate(values)), ("mean", -9.0)]:
            run = ("data", model, seed, target)
            rows.append((*run, "auprc", value, value - 0.04, value + 0.03))
            rows.append((*run, "base_rate", 0.25 if target != "mean" else -9.0, np.nan, np.nan))
    columns = ["dataset", "model", "seed", "target", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


# Seeds


def test_the_interval_fits_the_number_of_seeds():
    three = over_seeds([0.4, 0.5, 0.6])
    low, high = stats.t.interval(0.95, 2, loc=0.5, scale=0.1 / np.sqrt(3))
    assert (three["low"], three["high"]) == pytest.approx((low, high))
    assert three["n_seeds"] == 3 and three["interval"] == "95 % t interval over seeds"
    two = over_seeds([0.6, np.nan, 0.4])
    assert (two["mean"], two["low"], two["high"]) == (0.5, 0.4, 0.6)
    assert two["interval"] == "range of the seeds"
    one = over_seeds([0.4])
    assert one["mean"] == 0.4 and np.isnan(one["low"]) and one["interval"] == "none"
    assert over_seeds([])["n_seeds"] == 0


# 1B


def test_the_sweep_is_the_mean_over_targets_then_over_seeds():
    scores = metrics([*SWEEP, *BASELINES])
    table = unit_sweep_table(scores, dict(reversed(SWEEP.items())), BASELINES)
    assert list(dict.fromkeys(table["model"])) == [*SWEEP, *BASELINES]
    rows = table[table["model"] == "explainn.units10"]
    assert rows["units"].tolist() == [10, 10, 10] and rows["role"].eq("sweep").all()
    # Level .3 + 2 x .02, and 0 to .25 over six targets; the row `mean` of the file is not a target.
    np.testing.assert_allclose(rows["value"], [0.465, 0.466, 0.467])
    np.testing.assert_allclose(rows["mean"], 0.466)
    assert rows["n_targets"].eq(6).all() and rows["n_seeds"].eq(3).all()
    assert table.loc[table["role"] == "baseline", "units"].isna().all()
    np.testing.assert_allclose(table["base_rate"], 0.25)


def test_the_sweep_takes_other_scores_and_leaves_out_what_is_missing():
    scores = metrics(["explainn"], seeds=(0,))
    whole = scores[scores["target"] == "mean"].assign(metric="pcc_per_sequence", value=0.3)
    table = unit_sweep_table(
        pd.concat([scores, whole]), {"explainn": 100, "other": 5}, ["danq"], "pcc_per_sequence"
    )
    assert table["model"].tolist() == ["explainn"] and table["value"].tolist() == [0.3]
    assert table["base_rate"].isna().all()
    undefined = scores.assign(value=scores["value"].where(scores["target"] != "TF5"))
    table = unit_sweep_table(undefined, {"explainn": 100}, [])
    assert table["n_targets"].tolist() == [5] and table["value"].tolist() == pytest.approx([0.4])


@pytest.mark.parametrize(
    "sweep, baselines, seeds, level",
    [
        (SWEEP, BASELINES, (0, 1, 2), 0.13),
        (SWEEP, BASELINES, (0, 1), 0.8),  # far above the base rate
        ({"explainn": 100}, BASELINES, (0,), 0.8),
        ({"explainn": 100}, [], (0,), 0.13),
        ({"a": 50, "b": 60, "c": 61}, ["a_very_long_name_of_a_model.units100"], (0, 1), 0.6),
    ],
)
def test_everything_on_the_sweep_can_be_read(sweep, baselines, seeds, level):
    # Baselines that are almost equal: their names have to be moved apart.
    scores = metrics([*sweep, *baselines], seeds, level=level)
    is_close = scores["model"].isin(baselines) & (scores["metric"] == "auprc")
    scores.loc[is_close, "value"] = level + 0.2 + scores["seed"] / 1000
    figure = unit_sweep(unit_sweep_table(scores, sweep, baselines))
    written = check_texts(figure)
    assert all(name in written for name in baselines)
    # In the legend where it lies far below the axis, else beside its line.
    assert ("base rate (chance):" in written) == (level > 0.13)
    assert "base rate (chance)" in written and "0.25" in written
    assert ("each seed" in written) == (len(seeds) > 1)
    assert ("t interval" in written) == (len(seeds) > 2)


def test_intervals_of_both_kinds_fit_the_legend():
    scores = metrics([*SWEEP, *BASELINES], (0, 1, 2), level=0.8)
    several = scores[(scores["seed"] < 2) | (scores["model"] == list(SWEEP)[-1])]
    written = check_texts(unit_sweep(unit_sweep_table(several, SWEEP, BASELINES)))
    assert "range or 95 % t interval" in written


def test_a_sweep_without_scores_says_so():
    figure = unit_sweep(unit_sweep_table(metrics(["danq"]), SWEEP, ["danq"]))
    assert "No model of the sweep" in check_texts(figure)
    assert unit_sweep_table(metrics([]), SWEEP, BASELINES).empty


def test_spread_moves_labels_apart_as_little_as_needed():
    assert spread(np.array([10.0, 40, 70]), 8, 100).tolist() == [10, 40, 70]
    assert spread(np.array([50.0, 50, 51]), 8, 100).tolist() == pytest.approx(
        [50 + 1 / 3 - 8, 50 + 1 / 3, 50 + 1 / 3 + 8]
    )
    assert spread(np.array([99.0, 98]), 8, 100).tolist() == [100, 92]
    assert spread(np.array([1.0, 0, 30]), 8, 100).tolist() == [8, 0, 30]
    rng = np.random.default_rng(0)
    for _ in range(50):
        places = rng.uniform(0, 100, 9)
        moved = spread(places, 8, 100)
        assert (np.diff(np.sort(moved)) > 8 - 1e-9).all()
        assert (np.argsort(moved) == np.argsort(places)).all()
        assert moved.min() >= -1e-9 and moved.max() <= 100 + 1e-9
    assert spread(np.empty(0), 8, 100).size == 0


def test_tick_labels_leave_out_what_would_touch():
    ax = new_figure(60, 40).add_axes((0.2, 0.2, 0.7, 0.7))
    ax.set_xscale("log")
    ax.set_xlim(0.8, 400)
    assert tick_labels(ax, np.array([1, 10, 90, 100, 110, 300])) == [
        "1",
        "10",
        "",
        "100",
        "",
        "300",
    ]


# 1C


def test_the_pairs_hold_both_sides_of_each_target():
    scores = pd.concat([metrics(["explainn", "danq"]), metrics(["deepcnn"], (0,), 5, 0.2)])
    table = pairwise_table(scores, "explainn", ["danq", "deepcnn", "absent", "explainn"])
    assert table["other"].tolist() == ["danq"] * 6 + ["deepcnn"] * 5
    danq = table[(table["other"] == "danq") & (table["target"] == "TF2")].iloc[0]
    assert (danq["x"], danq["y"]) == pytest.approx((0.401, 0.421))
    assert danq["difference"] == pytest.approx(0.02)
    half = stats.t.ppf(0.975, 2) * 0.001 / np.sqrt(3)
    assert (danq["x_low"], danq["x_high"]) == pytest.approx((0.401 - half, 0.401 + half))
    # Of one seed there is only the interval over test sequences.
    deepcnn = table[(table["other"] == "deepcnn") & (table["target"] == "TF2")].iloc[0]
    assert (deepcnn["y_low"], deepcnn["y_high"]) == pytest.approx((0.26, 0.33))
    assert (deepcnn["x_seeds"], deepcnn["y_seeds"]) == (3, 1)
    assert "bootstrap" in deepcnn["y_interval"] and "t interval" in deepcnn["x_interval"]
    assert "mean" not in set(table["target"])


def test_the_pairs_stand_with_the_largest_difference_first():
    scores = metrics(["explainn", "danq"], (0,))
    is_far = (scores["model"] == "danq") & (scores["target"] == "TF3")
    scores.loc[is_far & (scores["metric"] == "auprc"), "value"] -= 0.1
    table = pairwise_table(scores, "explainn", ["danq"])
    assert table["target"].iloc[0] == "TF3"
    assert table["difference"].iloc[0] == pytest.approx(-0.08)
    written = check_texts(pairwise(table))
    assert "danq: 5 of 6 above the diagonal, 1 below; mean difference +0.003" in written
    scores["value"] = scores["value"].where(scores["target"] != "TF3")
    assert len(pairwise_table(scores, "explainn", ["danq"])) == 5


def random_pairs(n_targets, others, seeds, seed=0):
    rng = np.random.default_rng(seed)
    scores = metrics(["explainn", *others], seeds, n_targets, level=0.1, step=0)
    noise = rng.normal(0, 0.04, len(scores)) + rng.uniform(0, 0.6)
    scores["value"] = (scores["value"] / (0.05 * n_targets) + noise).clip(0, 1)
    scores["low"], scores["high"] = scores["value"] - 0.04, scores["value"] + 0.03
    return pairwise_table(scores, "explainn", others)


@pytest.mark.parametrize(
    "n_targets, others, seeds",
    [
        (50, ["danq", "deepcnn"], (0, 1, 2)),
        (1, ["danq", "deepcnn", "cnn1", "cnn1exp"], (0,)),
        (163, ["a_very_long_name_of_a_model.units100"], (0, 1)),
    ],
)
def test_everything_on_the_pairs_can_be_read(n_targets, others, seeds):
    table = random_pairs(n_targets, others, seeds)
    figure = pairwise(table)
    written = check_texts(figure).split("\n")
    far = table[table.groupby("other").cumcount() < 5]
    if n_targets < 163:
        assert sum(name in written for name in set(far["target"])) >= min(n_targets, 5)
    assert any(others[-1] in line for line in written)
    assert "no score" not in written


def test_names_cover_neither_points_nor_each_other():
    ax = new_figure(80, 80).add_axes((0.1, 0.1, 0.8, 0.8))
    settle(ax.figure)
    points = np.random.default_rng(1).normal(0.5, 0.05, (40, 2))
    named = pd.DataFrame(points[:12], columns=["x", "y"])
    named = named.assign(name=[f"NAME{i}" for i in range(12)], colour="black")
    written = label_beside(ax, named, points)
    assert len(written) >= 8 and len(ax.lines) > 0  # some stand further off, with a line
    boxes = [text.get_window_extent() for text in ax.texts]
    assert [text.get_text() for text in ax.texts] == written
    pixels = ax.transData.transform(points)
    for i, box in enumerate(boxes):
        assert not box.count_contains(pixels)
        assert not any(box.overlaps(other) for other in boxes[:i])
    alone = label_beside(ax, named.assign(name="x" * 300), points)
    assert alone == [] and len(ax.texts) == len(written)


def test_nothing_to_compare_says_so():
    assert "nothing to compare" in check_texts(pairwise(pairwise_table(metrics([]), "a", ["b"])))


# The scripts


def run_script(root, name, tmp_path, **arguments):
    path = root / "scripts" / "figures" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs = {kind: str(tmp_path / f"{name}.{kind}") for kind in ("pdf", "png", "tsv")}
    module.main(**arguments, outputs=outputs)
    assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    return pd.read_csv(outputs["tsv"], sep="\t", keep_default_na=False)


def test_the_scripts_take_the_tables_of_several_runs(root, tmp_path):
    scores = metrics(["explainn", "danq"], (0,)).replace({"target": {"TF1": "NA"}})
    common = {"metrics": [], "metric": "auprc"}
    for model, of_run in scores.groupby("model"):
        common["metrics"].append(tmp_path / f"{model}.tsv")
        of_run.to_csv(common["metrics"][-1], sep="\t", index=False)
    table = run_script(root, "figure_1b", tmp_path, units={"explainn": 100}, **common)
    assert table["n_targets"].tolist() == [6, 6]
    assert dict(zip(table["model"], table["role"])) == {"explainn": "sweep", "danq": "baseline"}
    assert table["seed"].tolist() == [0, 0]
    table = run_script(root, "figure_1c", tmp_path, model="explainn", **common)
    assert set(table["other"]) == {"danq"}
    assert sorted(table["target"]) == ["NA", "TF0", "TF2", "TF3", "TF4", "TF5"]
