"""Predictions against measurements: what is drawn of many points and targets, and ugly values."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from test_robustness import load_script, outputs

from workflow_lib.figures.predicted_vs_measured import predicted_vs_measured, scatter_table
from workflow_lib.tables import write_run_table
from workflow_lib.train.evaluation import evaluate

LONG = "a_target_with_a_long_name " * 5  # 130 letters
METRICS = ("pcc", "mse")


def values(n: int, names, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions that are better for earlier targets, and measurements."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, (n, len(names)))
    noise = rng.normal(0, 1, truth.shape) * np.linspace(0.2, 4, len(names))
    return pd.DataFrame(truth + noise, columns=names), pd.DataFrame(truth, columns=names)


def drawn(predictions, labels, metrics=None) -> tuple[pd.DataFrame, list, str]:
    if metrics is None:
        given = (predictions.to_numpy(), labels.to_numpy(), list(labels))
        metrics = evaluate(*given, METRICS, draws=5)
    table = scatter_table(predictions, labels, metrics)
    figures = predicted_vs_measured(table, metrics, "Predicted: x on y", labels.shape[1])
    for figure in figures:
        width, height = figure.get_size_inches()
        assert height <= 1.2501 * width
    return table, figures, "\n".join(check_texts(figure) for figure in figures)


def test_every_sequence_is_a_dot_and_the_axes_are_equal():
    predictions, labels = values(50, ["b", "a"])
    labels.loc[3:12, "a"] = np.nan
    table, (figure,), said = drawn(predictions, labels)
    assert table.groupby("target")["n"].sum().to_dict() == {"a": 40, "b": 50}
    ax = next(ax for ax in figure.axes if len(ax.collections[0].get_offsets()) == 40)
    known = labels["a"].notna()
    wanted = np.stack([labels["a"], predictions["a"]], axis=1)[known]
    np.testing.assert_allclose(ax.collections[0].get_offsets(), wanted)
    assert ax.get_xlim() == ax.get_ylim() and "n = 40" in said
    assert (np.diff(ax.lines[0].get_data(), axis=0) == 0).all()  # where both are equal
    assert ax.get_xlim()[0] < wanted.min() and wanted.max() < ax.get_xlim()[1]


def test_the_scores_are_those_of_the_table():
    predictions, labels = values(20, ["a", "b"])
    rows = [("a", "pcc", -0.123, -0.2, 0.9, 7), ("a", "r2", 0.456, np.nan, np.nan, 7)]
    rows += [("b", "pcc", np.nan, np.nan, np.nan, 1), ("mean", "pcc", 0.99, 0.98, 1, 8)]
    metrics = pd.DataFrame(rows, columns=["target", "metric", "value", "low", "high", "n"])
    said = " ".join(drawn(predictions, labels, metrics)[2].split())
    assert "PCC −0.12 (−0.20 to 0.90), n = 7" in said
    assert "PCC not defined, n = 1" in said and "0.99" not in said


def test_many_sequences_are_counted_in_squares():
    predictions, labels = values(100_000, ["few", "many"])
    labels.loc[100:, "few"] = np.nan
    table, (figure,), said = drawn(predictions, labels)
    many = table[table["target"] == "many"]
    assert many["n"].sum() == 100_000 and 500 < len(many) <= 3600 and (many["bin"] > 0).all()
    assert (table.loc[table["target"] == "few", "bin"] == 0).all()
    low, width = labels["many"].min(), many["bin"].iloc[0]
    low = min(low, predictions["many"].min())
    edges = low + width * np.arange(61)
    wanted = np.histogram2d(labels["many"], predictions["many"], bins=(edges, edges))[0]
    places = ((many[["measured", "predicted"]] - low) / width - 0.5).round().astype(int)
    found = np.zeros((60, 60))
    found[places["measured"], places["predicted"]] = many["n"]
    # Rounding may put a value at an edge on either side.
    assert np.abs(found - wanted).sum() <= 4
    (image,) = [ax.images[0] for ax in figure.axes if ax.images]
    shown = image.get_array()
    assert np.nansum(shown) == 100_000 and np.nanmax(shown) == many["n"].max()
    left, right, lower, upper = image.get_extent()
    assert (right - left) / shown.shape[1] == pytest.approx(width)
    assert (upper - lower) / shown.shape[0] == pytest.approx(width)
    assert lower == pytest.approx(predictions["many"].min(), abs=width)
    # The picture is not turned: its squares correlate as the sequences do.
    y, x = np.nonzero(shown.filled(0) > 0)
    table = np.cov(x, y, fweights=shown[y, x].astype(int))
    wanted = np.corrcoef(labels["many"], predictions["many"])[0, 1]
    assert table[0, 1] / np.sqrt(table[0, 0] * table[1, 1]) == pytest.approx(wanted, abs=0.02)
    assert "sequences in a square" in said


@pytest.mark.parametrize("n", [1, 4, 90, 200])
def test_many_targets_with_long_names_on_pages_that_fit(n):
    predictions, labels = values(30, [f"{i} {LONG}" for i in range(n)])
    table, figures, said = drawn(predictions, labels)
    assert table["target"].nunique() == min(n, 90) and len(figures) >= min(n, 90) / 9
    assert (f"90 of {n} targets" in " ".join(said.split())) == (n > 90)
    assert "".join(said.split()).count("".join(LONG.split())) == min(n, 90)
    if n == 200:
        # The best and the worst, which the noise makes the first and the last few.
        drawn_targets = [int(name.split()[0]) for name in dict.fromkeys(table["target"])]
        assert drawn_targets[0] < 20 and drawn_targets[-1] > 150


UGLY = {
    "constant predictions": ([1.0, 1.0, 1.0], [0.0, 1.0, 2.0]),
    "all equal": ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]),
    "zeros": ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "one sequence": ([1.0], [1e-30]),
    "huge": ([1e38, -1e38, 0.0], [3e38, 1.0, -3e38]),
    "outlier": ([0.1, 0.2, 0.3], [0.1, 0.2, 123456.789]),
    "small": ([1.234e-9, 2e-9], [1.5e-9, 3e-9]),
    "nothing measured": ([1.0, 2.0], [np.nan, np.nan]),
}


@pytest.mark.parametrize("ugly", UGLY)
def test_ugly_values_are_drawn(ugly, tmp_path):
    one, other = (pd.DataFrame({"ugly": column, "plain": 0.5}) for column in UGLY[ugly])
    other.loc[0, "plain"] = 1.0
    for columns in (["ugly", "plain"], ["ugly"]):
        table, figures, said = drawn(one[columns], other[columns])
        assert figures and "PCC" in said or "no target has measurements" in " ".join(said.split())
        if ugly == "nothing measured" and len(columns) == 2:
            assert "no measurements" in said and table["n"].tolist().count(0) == 1


@pytest.mark.parametrize("n", [2001, 5000])
def test_many_equal_sequences_are_one_square(n):
    same = pd.DataFrame({"a": np.full(n, 3.0)})
    table, _, _ = drawn(same, same)
    assert table["n"].tolist() == [n]


def test_the_script_reads_what_the_steps_write(root, tmp_path):
    predictions, labels = values(40, ["007", "NA"])
    labels.loc[0, "007"] = np.nan
    run = {"dataset": "starr", "model": "explainn", "seed": "3"}
    paths = {name: str(tmp_path / name) for name in ("predictions", "labels", "metrics")}
    ids = {"id": [f"s{i}" for i in range(40)], "split": "test"}
    write_run_table(pd.DataFrame(ids).join(predictions), run, paths["predictions"])
    pd.DataFrame(ids).join(labels).to_csv(paths["labels"], sep="\t", index=False)
    metrics = evaluate(predictions.to_numpy(), labels.to_numpy(), list(labels), METRICS, 5)
    write_run_table(metrics, run, paths["metrics"])
    load_script(root, "figures/predicted_vs_measured").main(**paths, **outputs(tmp_path))
    table = pd.read_csv(tmp_path / "figure.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert table["target"].value_counts().to_dict() == {"NA": 40, "007": 39}
