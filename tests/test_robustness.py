"""Strand modes, sanity checks and agreement over seeds: tables, scripts and what is drawn."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from workflow_lib.figures import robustness, strand_symmetry
from workflow_lib.tables import write_run_table
from workflow_lib.train.evaluation import paired_difference


def texts(figure) -> str:
    figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def on_page(figure) -> bool:
    figure.draw_without_rendering()
    drawn, (across, down) = figure.get_tightbbox(), figure.get_size_inches()
    inside = drawn.x0 >= 0 and drawn.x1 <= across and drawn.y0 >= 0 and drawn.y1 <= down
    return inside and across * 25.4 <= 183.1


def load_script(root, name: str):
    path = root / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(folder) -> dict[str, str]:
    return {kind: str(folder / f"figure.{kind}") for kind in ("pdf", "png", "tsv")}


# Strand modes


@pytest.fixture
def runs(tmp_path):
    """Files of two models, two seeds each; the second model is better."""
    rng = np.random.default_rng(0)
    ids, truth = [f"s{i}" for i in range(60)], rng.integers(0, 2, (60, 2)).astype(float)
    files: dict[str, list[str]] = {"labels": [str(tmp_path / "labels.tsv.gz")]}

    def write(run: dict[str, str], kind: str, table: pd.DataFrame) -> None:
        path = str(tmp_path / f"{run['model']}{run['seed']}.{kind}.tsv")
        write_run_table(table, run, path)
        files.setdefault(kind, []).append(path)

    def scored(values) -> pd.DataFrame:
        return pd.DataFrame({"id": ids, "split": "test", "CTCF": values[:, 0], "MAX": values[:, 1]})

    scored(truth).to_csv(files["labels"][0], sep="\t", index=False)
    predictions = {}
    for model, noise in (("plain", 1.0), ("shared", 0.3)):
        for seed in "01":
            run = {"dataset": "tfs", "model": model, "seed": seed}
            values = truth + rng.normal(0, noise, truth.shape)
            predictions.setdefault(model, {})[int(seed)] = values
            write(run, "predictions", scored(values))
            seconds = [2.0, 4.0, 6.0] if model == "plain" else [8.0, 10.0]
            write(run, "histories", pd.DataFrame({"seconds": seconds}))
            units = pd.DataFrame({"unit": [0, 0, 3 + int(seed)]})
            write(run, "annotations", units if seed == "0" else units.iloc[:2])
            modes = {"expected": [True, True, False], "n_motifs": [2, 0, 5]}
            write(run, "binding_modes", pd.DataFrame(modes))
    return files, truth, predictions


@pytest.fixture
def compared(root, runs, tmp_path):
    files, _, _ = runs
    paths = {"comparison": tmp_path / "comparison.tsv", "runs": tmp_path / "runs.tsv"}
    load_script(root, "strand_comparison").main(files, "auprc", 20, paths)
    return {name: pd.read_csv(path, sep="\t") for name, path in paths.items()} | {"paths": paths}


def test_comparison_has_a_row_per_model_against_the_first(compared, runs):
    table = compared["comparison"].set_index("model")
    assert table.index.tolist() == ["plain", "shared"] and set(table["reference"]) == {"plain"}
    assert table.loc["plain", "difference"] == 0 and np.isnan(table.loc["plain", "low"])
    _, truth, predictions = runs
    wanted = paired_difference(truth, predictions["shared"], predictions["plain"], draws=20)
    found = table.loc["shared", ["value", "difference", "low", "high"]].to_numpy(dtype=float)
    assert found == pytest.approx([wanted.a, wanted.difference, wanted.low, wanted.high], rel=1e-4)
    assert table["n_seeds"].tolist() == [2, 2] and (table["n_targets"] == 2).all()
    assert table["dataset"].tolist() == ["tfs", "tfs"]


def test_time_and_motifs_are_those_of_the_runs(compared):
    table = compared["comparison"].set_index("model")
    assert table["seconds_per_epoch"].tolist() == [4, 9] and table["epochs"].tolist() == [3, 2]
    assert table["seconds"].tolist() == [12, 18]
    assert table["annotated_filters"].tolist() == [1.5, 1.5]
    assert table["expected_modes"].tolist() == [1, 1]
    of_runs = compared["runs"]
    assert of_runs[["dataset", "model", "seed"]].values.tolist() == [
        ["tfs", "plain", 0], ["tfs", "plain", 1], ["tfs", "shared", 0], ["tfs", "shared", 1],
    ]  # fmt: skip
    assert of_runs["annotated_filters"].tolist() == [2, 1, 2, 1]
    means = of_runs.groupby("model")["value"].mean()
    assert means["shared"] == pytest.approx(table.loc["shared", "value"], rel=1e-4)


def test_strand_figure_draws_models_and_seeds(compared, root, tmp_path):
    paths = {name: str(path) for name, path in compared["paths"].items()}
    load_script(root, "figures/strand_symmetry").main(**paths, **outputs(tmp_path))
    table = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    difference = table[table["panel"] == "difference"]
    assert len(table) == 5 * (2 + 4) and difference["seed"].notna().sum() == 4
    seeds = difference[difference["seed"].notna()].groupby("model")["value"].mean()
    assert seeds["plain"] == pytest.approx(0, abs=1e-5)
    assert seeds["shared"] == pytest.approx(
        difference.set_index("model").loc["shared", "value"].iloc[0], abs=1e-5
    )
    figure = strand_symmetry.strand_symmetry(table)
    assert "AUPRC" in texts(figure) and "2 seeds" in texts(figure) and on_page(figure)


def test_one_model_of_one_seed_and_none_at_all_draw(compared):
    one = compared["comparison"].head(1), compared["runs"].head(1)
    said = texts(strand_symmetry.strand_symmetry(strand_symmetry.strand_symmetry_table(*one)))
    assert "1 seed" in said and "1 seeds" not in said
    none = strand_symmetry.strand_symmetry_table(*(table.iloc[:0] for table in one))
    said = texts(strand_symmetry.strand_symmetry(none))
    assert "nothing to compare" in " ".join(said.split())


# Sanity checks


def checks(n: int, means: dict[str, float] | None = None, method: str = "ism") -> pd.DataFrame:
    means = means or {"randomised_weights": 0.0, "other_seed": 0.8}
    rows = [
        (f"TF{i}", check, 10, mean + 0.01 * i, mean - 0.05, mean + 0.1, 1.0)
        for check, mean in means.items()
        for i in range(n)
    ]
    columns = ["target", "check", "n_sequences", "correlation", "low", "high", "magnitude"]
    return pd.DataFrame(rows, columns=columns).assign(method=method)


def test_mean_over_targets_has_the_interval_of_its_standard_error():
    table = checks(4)
    table.loc[3, "correlation"] = np.nan  # TF3 of the random weights
    found = robustness.sanity_table(table)
    assert list(found)[0] == "method" and set(found["method"]) == {"ism"}
    mean = found[(found["target"] == "mean") & (found["check"] == "randomised_weights")].iloc[0]
    assert mean["correlation"] == pytest.approx(0.01) and mean["n_sequences"] == 30
    reach = 1.96 * 0.01 / np.sqrt(3)
    assert (mean["low"], mean["high"]) == pytest.approx((0.01 - reach, 0.01 + reach))


def test_each_method_has_a_panel_and_each_check_its_expectation():
    methods = ("ism", "saliency", "deeplift", "input_x_gradient")
    tables = [checks(50, method=method) for method in methods]
    figure = robustness.sanity_checks(robustness.sanity_table(pd.concat(tables)))
    panels = [ax for ax in figure.axes if ax.axison]
    titles = [ax.get_title(loc="left") for ax in panels]
    assert titles == ["ism", "saliency", "deeplift", "input x gradient"]
    dashed = [line for line in panels[0].lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [0.0, 1.0]
    assert on_page(figure)


def test_one_target_an_unknown_check_and_no_value_draw(root, tmp_path):
    table = checks(1, {"randomised_weights": -0.4, "another_check": 0.5})
    table.loc[1, ["correlation", "low", "high"]] = np.nan
    path = str(tmp_path / "checks.tsv")
    run = {"dataset": "tfs", "model": "explainn", "seed": "0", "method": "ism"}
    write_run_table(table.drop(columns="method"), run, path)
    load_script(root, "figures/sanity_correlations").main([path], **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert set(source["method"]) == {"ism"} and (source["target"] == "mean").sum() == 1
    figure = robustness.sanity_checks(source)
    assert "no value" in texts(figure) and figure.axes[0].get_ylim()[0] < -0.4
    empty = robustness.sanity_table(table.iloc[:0])
    assert "No sanity check has a value" in texts(robustness.sanity_checks(empty))


# Agreement over seeds


def agreement(n_runs: int = 3) -> pd.DataFrame:
    rows = [
        ("9", "FOXA2,Foxj3", True, 1, n_runs, "2", 1.0),
        ("83", "CTCF", True, 3, n_runs, "0,1,2", 6.0),
        ("74", "ZNF384", False, 3, n_runs, "0,1,2", 2.0),
        ("106", "", True, 0, n_runs, "", np.nan),
        ("12", "", True, 0, n_runs, "", np.nan),
    ]
    columns = ["cluster", "names", "expected", "n_seeds", "n_runs", "seeds", "n_filters"]
    return pd.DataFrame(rows, columns=columns)


def test_modes_stand_by_seeds_and_are_named():
    profiles = pd.DataFrame(
        {
            "name": ["FOS::JUN", "JUN(var.2)", "Jun", "FOSL1", "BATF", "REST"],
            "cluster": ["12"] * 5 + ["106"],
        }
    )
    table = robustness.agreement_table(agreement(), profiles)
    assert table["cluster"].tolist() == ["83", "74", "9", "106", "12"]
    assert table["label"].tolist() == ["CTCF", "ZNF384", "FOXA2/Foxj3", "REST", "JUN/FOSL1/BATF +1"]
    assert "cluster 106" in robustness.agreement_table(agreement())["label"].tolist()


def test_dots_stand_at_the_seeds_that_have_the_mode():
    figure = robustness.motif_agreement(robustness.agreement_table(agreement(4)))
    large = [line for line in figure.axes[0].lines if line.get_markersize() == 4]
    assert [list(line.get_xdata()) for line in large] == [[0, 1, 2], [0, 1, 2], [2], [], []]
    said = texts(figure)
    assert "expected modes: 2 of 4 found, 0 in every seed (4)" in said
    assert "other modes: 1 found" in said and on_page(figure)


@pytest.mark.parametrize("expected, absent", [(False, "expected modes"), (True, "other modes")])
def test_modes_of_a_kind_that_there_are_none_of_are_not_counted(expected, absent):
    table = robustness.agreement_table(agreement().assign(expected=expected))
    said = texts(robustness.motif_agreement(table))
    assert "modes:" in said and absent not in said


@pytest.mark.parametrize("n_modes, n_seeds", [(1, 1), (100, 3), (150, 12), (70, 40)])
def test_many_modes_and_seeds_stay_on_the_page(n_modes, n_seeds):
    seeds = ",".join(map(str, range(n_seeds)))
    rows = {"cluster": range(n_modes), "names": [f"NR{i}F1::RXRA,B,C,D" for i in range(n_modes)]}
    table = pd.DataFrame(rows).assign(
        expected=True, n_seeds=n_seeds, n_runs=n_seeds, seeds=seeds, n_filters=2.0
    )
    figure = robustness.motif_agreement(robustness.agreement_table(table))
    width, height = figure.get_size_inches()
    assert on_page(figure) and height <= 1.25 * width
    shown = [label for ax in figure.axes for label in ax.get_xticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in shown]
    assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:]))


def test_agreement_script_names_modes_and_says_when_there_is_none(root, tmp_path):
    paths = {name: str(tmp_path / f"{name}.tsv") for name in ("agreement", "profiles")}
    agreement().to_csv(paths["agreement"], sep="\t", index=False)
    profiles = pd.DataFrame({"name": ["REST"], "cluster": ["106"]})
    profiles.to_csv(paths["profiles"], sep="\t", index=False)
    script = load_script(root, "figures/recurring_modes")
    script.main(**paths, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert "REST" in source["label"].tolist() and len(source) == 5
    agreement().iloc[:0].to_csv(paths["agreement"], sep="\t", index=False)
    script.main(**paths, **outputs(tmp_path))
    assert pd.read_csv(tmp_path / "figure.tsv", sep="\t").empty
