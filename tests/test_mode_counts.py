"""Figures 1D and 1E: how many binding modes are counted, and that the figures can be read."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from matplotlib.patches import Rectangle

from workflow_lib.errors import InputError
from workflow_lib.figures.mode_counts import mode_table, modes_by_model, modes_by_units
from workflow_lib.motifs.binding_modes import count_modes
from workflow_lib.tables import write_run_table

UNITS = {f"explainn.units{n}": n for n in (100, 1, 10)}


def modes(expected: int, other: int, n_expected: int = 5) -> pd.DataFrame:
    """A table of modes, so many of them found."""
    n_motifs = [2] * expected + [0] * (n_expected - expected) + [1] * other
    is_expected = [True] * n_expected + [False] * other
    return pd.DataFrame(
        {"cluster": range(len(n_motifs)), "n_motifs": n_motifs, "expected": is_expected}
    )


def counts(runs) -> pd.DataFrame:
    """The counts of runs, one below the other; `runs` has (model, method, seed) -> modes."""
    none = count_modes(modes(0, 0)).assign(model="", method="", seed="").iloc[:0]
    parts = [
        count_modes(table).assign(model=model, method=method, seed=seed)
        for (model, method, seed), table in runs.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else none


def test_modes_are_counted_by_run():
    runs = {(m, "filters", s): modes(3 - int(s), 2) for m in UNITS for s in ("0", "1")}
    table = mode_table(counts(runs), UNITS)
    assert table["model"].tolist() == sorted(list(UNITS) * 2)
    assert table["seed"].tolist() == ["0", "1"] * 3 and table["method"].eq("filters").all()
    assert table["units"].tolist() == [1, 1, 10, 10, 100, 100]
    assert table["expected"].tolist() == [3, 2] * 3
    assert table["all"].tolist() == [5, 4] * 3
    assert table["n_expected"].eq(5).all()
    # Of models whose number of units is not known, and with no mode at all.
    table = mode_table(counts({("a", "filters", "0"): modes(1, 1), ("b", "ism", "0"): modes(0, 0)}))
    assert table["model"].tolist() == ["a", "b"] and table["units"].isna().all()
    assert table["expected"].tolist() == [1, 0] and table["other"].tolist() == [1, 0]
    none = mode_table(counts({("a", "filters", "0"): modes(0, 0, 0)}))
    assert none.loc[0, ["all", "n_expected"]].tolist() == [0, 0]


def test_runs_that_cannot_be_compared_are_refused():
    runs = {("a", "filters", "0"): modes(1, 1), ("b", "deeplift", "2"): modes(1, 1, 7)}
    with pytest.raises(InputError, match=r"b \(deeplift, seed 2\) was compared with 7"):
        mode_table(counts(runs))


def sweep_table(seeds=("0", "1", "2"), units=None):
    units = units or {f"explainn.units{n}": n for n in (1, 5, 10, 20, 30, 50, 75, 100, 200, 300)}
    runs = {
        (model, "filters", seed): modes(min(5, i // 2) - (i > 5) * int(seed) % 2, i % 3)
        for i, model in enumerate(units)
        for seed in seeds
    }
    return mode_table(counts(runs), units)


@pytest.mark.parametrize("seeds", [("0", "1", "2"), ("0",)])
@pytest.mark.parametrize("units", [None, {"explainn": 100}])
def test_modes_by_units_can_be_read(seeds, units):
    table = sweep_table(seeds, units)
    figure = modes_by_units(table)
    written = check_texts(figure)
    assert "5 modes expected" in written
    assert ("each seed" in written) == (len(seeds) > 1)
    (ax,) = figure.axes
    low, high = ax.get_ylim()
    assert low == 0 and high > table["all"].max()
    means = table.groupby("units")["expected"].mean().tolist()
    assert any(np.allclose(line.get_ydata(), means) for line in ax.lines if line.get_ls() == "-")
    assert any(line.get_ls() == "--" and set(line.get_ydata()) == {5} for line in ax.lines)


def model_table(models, methods, seeds=("0", "1", "2")):
    runs = {
        (model, method, seed): modes(2 + i % 3, 1 + int(seed))
        for model in models
        for i, method in enumerate(methods)
        for seed in seeds
    }
    return mode_table(counts(runs))


@pytest.mark.parametrize(
    "models, methods, seeds",
    [
        (["danq", "deepcnn", "explainn.units100", "explainn.units300"], ["filters", "deeplift"], 3),
        (["explainn"], ["filters"], 1),
        (["explainn"], ["ism"], 2),
        ([f"a_long_name_{i}.units{i}" for i in range(12)], ["filters", "ism", "deeplift"], 3),
    ],
)
def test_modes_by_model_can_be_read(models, methods, seeds):
    table = model_table(models, methods, [str(s) for s in range(seeds)])
    figure = modes_by_model(table)
    written = check_texts(figure)
    assert ("TF-MoDISco" in written) == (methods != ["filters"])
    (ax,) = figure.axes
    bars = [p for p in ax.patches if isinstance(p, Rectangle)]
    assert len(bars) == 2 * len(models) * len(methods)  # expected and other
    assert sum(bool(bar.get_hatch()) for bar in bars) == 2 * len(models) * len(
        [method for method in methods if method != "filters"]
    )
    # Stacked: the second of each pair stands on the first, and ends at the mean of all modes.
    for lower, upper in zip(bars[::2], bars[1::2]):
        assert upper.get_y() == lower.get_height()
        ends = (table["expected"] + table["other"]).groupby([table["model"], table["method"]])
        assert np.isclose(upper.get_y() + upper.get_height(), ends.mean()).any()


def test_a_model_without_one_of_the_methods_has_one_bar_less():
    table = model_table(["danq", "explainn"], ["filters", "deeplift"])
    table = table[(table["model"] != "danq") | (table["method"] == "filters")]
    figure = modes_by_model(table)
    check_texts(figure)
    assert len(figure.axes[0].patches) == 2 * 3


def test_without_modes_the_figures_say_so():
    empty = mode_table(counts({}))
    assert "No model" in check_texts(modes_by_units(empty))
    assert "No model" in check_texts(modes_by_model(empty))
    nothing = counts({("explainn", "filters", "0"): modes(0, 0, 0)})
    nothing_found = mode_table(nothing, {"explainn": 9})
    assert "modes expected" not in check_texts(modes_by_units(nothing_found))
    check_texts(modes_by_model(nothing_found))


@pytest.mark.parametrize("name", ["figure_1d", "figure_1e"])
def test_the_scripts_read_the_counts_of_runs(root, tmp_path, name):
    path = root / "scripts" / "figures" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = {"a": str(tmp_path / "full.tsv"), "b": str(tmp_path / "none.tsv")}
    for (model, file), found in zip(files.items(), (modes(2, 1), modes(0, 0)), strict=True):
        run = {"dataset": "data", "model": model, "seed": "0", "method": "filters"}
        write_run_table(count_modes(found), run, file)
    outputs = {kind: str(tmp_path / f"{name}.{kind}") for kind in ("pdf", "png", "tsv")}
    units = {"units": {"a": 100, "b": 5}} if name == "figure_1d" else {}
    module.main(counts=list(files.values()), **units, outputs=outputs)
    table = pd.read_csv(outputs["tsv"], sep="\t")
    assert dict(zip(table["model"], table["all"], strict=True)) == {"a": 3, "b": 0}
    assert set(table["method"]) == {"filters"} and set(table["seed"]) == {0}
    if name == "figure_1d":
        assert table["units"].tolist() == [5, 100]
    assert (tmp_path / f"{name}.png").stat().st_size > 1000
