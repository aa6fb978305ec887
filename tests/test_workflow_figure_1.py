"""Figure 1 on the mini project: baselines, strands, attributions, marginalisation, panels."""

import h5py
import numpy as np
import pandas as pd
import pytest
from figure_checks import check_pictures
from PIL import Image
from reproduce import write_inputs
from running import linked_copy, made_once, planned, snakemake

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.interpret import attribution_file
from workflow_lib.interpret.nullification import chosen_sequences, nullification
from workflow_lib.motif import read_meme
from workflow_lib.sequence import gc_content
from workflow_lib.train.inference import predict

pytestmark = pytest.mark.slow
CONFIG = "tests/mini/config.yaml tests/mini/figure_1.yaml"
PANELS = ["1a", "1b", "1c", "1d", "1e", "1f", "1g", "s1", "2a", "4a", "4c", "4d", "4e", "6b"]
UNITS = "results/mini/tiny_units.units6/seed0"
DANQ = "results/mini/tiny_danq/seed0"


@pytest.fixture(scope="session")
def drawn(checkout, finished, common):
    """A folder in which the whole selection has run, after that of the mini project."""

    def run(place):
        linked_copy(finished, place)
        snakemake(checkout, place, config=CONFIG)

    return made_once(common / "figure_1", run)


def read(folder, name):
    return pd.read_csv(folder / name, sep="\t")


def test_every_panel_is_drawn_in_three_formats(drawn):
    for panel in PANELS:
        base = drawn / f"results/figures/figure_{panel}"
        assert base.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        table = pd.read_csv(base.with_suffix(".tsv"), sep="\t")
        # A model this small may have no filter that resembles a known motif.
        may_be_empty = panel in ("1f", "1g", "s1", "4c", "4d", "4e")
        assert len(table.columns) > 2 and (len(table) or may_be_empty), panel
        with Image.open(base.with_suffix(".png")) as image:
            assert len(set(image.convert("L").get_flattened_data())) > 10, panel
    for name in (
        "results/mini/figures/strand_symmetry", "results/mini/tiny_units.units6/recurring_modes",
        f"{UNITS}/figures/motif_effects", f"{UNITS}/figures/motif_spacing",
        f"{UNITS}/figures/sanity_correlations", f"{UNITS}/figures/deep_lift_shap/modisco_patterns",
        *(f"{run}/figures/{method}/attribution_tracks" for run in (UNITS, DANQ)
          for method in ("deep_lift_shap", "ism")),
    ):  # fmt: skip
        assert (drawn / f"{name}.png").stat().st_size > 1000


def test_attributions_are_of_the_scored_sequences(drawn):
    data = dataset.load(drawn / "results/mini/dataset.h5ad")
    scored = set(data.obs_names[data.obs["split"] == "test"])
    groups = attribution_file.read(drawn / f"{UNITS}/attributions/deep_lift_shap.h5")
    ids = [set(group.ids) for group in groups]
    assert any(ids) and all(names <= scored for names in ids)


def test_no_picture_is_taller_than_a_screen(drawn):
    assert check_pictures(drawn) > len(PANELS)


def test_a_second_run_does_nothing(checkout, drawn):
    assert "Nothing to be done" in snakemake(checkout, drawn, "-n", config=CONFIG).stdout
    again = snakemake(checkout, drawn, "figure_1", "-n", config=CONFIG)
    assert set(planned(again)) <= {"figure_1", "total"}


def test_redrawing_a_panel_computes_nothing(checkout, drawn):
    forced = snakemake(checkout, drawn, "-n", "-R", "figure_1b", config=CONFIG)
    assert set(planned(forced)) == {"figure_1b", "all", "total"}


def test_the_sweep_shows_the_scores_of_its_runs(drawn):
    metrics = read(drawn, "results/metrics.tsv")
    means = metrics[(metrics.target == "mean") & (metrics.metric == "auprc")]
    table = read(drawn, "results/figures/figure_1b.tsv")
    for units in (2, 6):
        runs = means[(means.model == f"tiny_units.units{units}") & (means.dataset == "mini")]
        rows = table[table.units == units]
        assert len(runs) == 2 and set(rows.seed) == {0, 1}
        assert rows["mean"].to_numpy() == pytest.approx(runs.value.mean(), abs=1e-4)
    assert {"tiny_cnn", "tiny_danq"} <= set(table.model)


def test_filters_of_a_cnn_become_motifs_too(drawn):
    for run, n in ((DANQ, 6), ("results/mini/tiny_cnn/seed0", 6)):
        assert len(read_meme(drawn / run / "filters.meme")) == n
        assert (drawn / run / "binding_modes/filters.tsv").exists()
        assert not (drawn / run / "unit_importance.tsv").exists()


def test_strand_modes_are_saved_in_the_model_and_used(drawn):
    forward, shared = (
        models.load(drawn / f"results/mini/tiny_{name}/seed0/model.safetensors")
        for name in ("forward", "shared")
    )
    assert not forward.metadata["average_strands"] and shared.metadata["average_strands"]
    assert shared.shared_strands and not forward.shared_strands
    table = read(drawn, "results/mini/strand_comparison.tsv")
    assert list(table.model) == ["tiny_units.units6", "tiny_forward", "tiny_shared"]
    first = table.iloc[0]
    assert first.difference == 0 and np.isnan(first.low) and (table.low[1:] <= table.high[1:]).all()


@pytest.mark.parametrize("run", [UNITS, DANQ])
@pytest.mark.parametrize("method", ["deep_lift_shap", "ism"])
def test_attributions_are_counted_and_complete(drawn, run, method):
    path = drawn / run / f"attributions/{method}.h5"
    header, groups = attribution_file.read_header(path), list(attribution_file.read(path))
    summary = read(drawn, f"{run}/attributions/{method}.tsv")
    assert header.target_names == ["red", "blue"] == list(summary.target)
    assert (summary.n_used == 25).all() and (summary.n_correct == summary.n).all()
    for group in groups:
        assert group.scores.shape == (25, 4, 60) and np.isfinite(group.scores).all()
    if (run, method) == (UNITS, "deep_lift_shap"):
        assert (summary.share_large_delta == 0).all()
    page = (drawn / "results/overview.html").read_text()
    assert "deep_lift_shap" in page
    warned = (summary.share_large_delta > 0.1).any() and method == "deep_lift_shap"
    assert not warned or "large convergence deltas" in page


def test_modisco_results_are_well_formed(drawn):
    for run in (UNITS, DANQ):
        targets = read(drawn, f"{run}/modisco/deep_lift_shap.targets.tsv")
        patterns = read(drawn, f"{run}/modisco/deep_lift_shap.tsv")
        motifs = read_meme(drawn / run / "modisco/deep_lift_shap.meme")
        assert list(targets.target) == ["red", "blue"]
        assert targets.n_patterns.sum() == len(patterns) == len(motifs)
        assert [motif.id for motif in motifs] == list(patterns.unit)
        assert (drawn / run / "binding_modes/deep_lift_shap.tsv").exists()


def test_patterns_are_drawn_for_the_methods_that_modisco_searched(drawn):
    assert not (drawn / UNITS / "figures/ism/modisco_patterns.pdf").exists()
    for run in (UNITS, DANQ):
        table = read(drawn, f"{run}/figures/deep_lift_shap/modisco_patterns.tsv")
        found = read(drawn, f"{run}/modisco/deep_lift_shap.tsv")
        assert set(table.target) == {"red", "blue"}
        assert set(table.unit.dropna()) <= set(found.unit) and table.unit.notna().any() == bool(
            len(found)
        )


@pytest.mark.parametrize("method", ["deep_lift_shap", "ism"])
def test_examples_are_attributed_sequences_as_the_predictions_rank_them(drawn, method):
    table = read(drawn, f"{UNITS}/figures/{method}/attribution_tracks.tsv")
    path = drawn / UNITS / f"attributions/{method}.h5"
    # Of the held-out part; with both strands, which are not attributed here.
    assert not attribution_file.read_header(path).settings["both_strands"]
    labels = read(drawn, "results/mini/labels.tsv.gz").set_index("id")
    for group in attribution_file.read(path):
        ids = table[table.target == group.target].drop_duplicates("id")
        assert set(ids.id) <= set(group.ids) and (ids.length == 60).all()
        assert ids.output.is_monotonic_decreasing and ids.example.tolist() == [1, 2]
        assert ids.label.tolist() == labels.loc[ids.id, group.target].tolist()
        np.testing.assert_allclose(ids.prediction, 1 / (1 + np.exp(-ids.output)), atol=1e-4)
        one = table[(table.target == group.target) & (table.example == 1)]
        row = list(group.ids).index(one.id.iloc[0])
        scores = group.scores[row][group.codes[row], np.arange(60)]
        np.testing.assert_allclose(one.contribution, scores, rtol=1e-4, atol=1e-5)


def test_shuffled_labels_change_only_which_sequence_has_which_label(drawn):
    data, control = (
        read(drawn, f"results/{name}/labels.tsv.gz").set_index("id")
        for name in ("mini", "mini_shuffled")
    )
    assert list(data.index) == list(control.index) and (data.split == control.split).all()
    assert (data.red.sum(), data.blue.sum()) == (control.red.sum(), control.blue.sum())
    assert (data.red != control.red).any()


def test_sanity_checks_compare_with_every_changed_model(drawn):
    checks = read(drawn, f"{UNITS}/sanity_checks/deep_lift_shap.tsv")
    assert set(checks.check) == {"randomised_weights", "shuffled_labels", "other_seed"}
    assert checks.correlation.between(-1, 1).all() and (checks.n_sequences == 10).all()


def test_nullification_has_every_filter_and_target(drawn):
    table = read(drawn, f"{DANQ}/nullification.tsv")
    assert len(table) == 6 * 2 and (table.n_sequences == 20).all()
    assert (table.q05 <= table.impact).all() and (table.impact <= table.q95).all()
    # Of sequences of the part that is scored.
    model = models.load(drawn / DANQ / "model.safetensors")
    scored = dataset.part(dataset.load(drawn / "results/mini/dataset.h5ad"), "test")
    settings = {"correct": "all", "most_sequences": 20, "seed": 0}
    again = nullification(model, *chosen_sequences(model, scored, settings), range(6))
    np.testing.assert_allclose(table.impact, again.impact, rtol=1e-3, atol=1e-6)


def test_marginalised_motifs_are_put_into_backgrounds_of_the_data_set(drawn):
    table = read(drawn, f"{UNITS}/marginalisation/single.tsv")
    assert set(table.motif) == {"GATA", "first", "FOXA1"} and (table.n_backgrounds == 10).all()
    model = models.load(drawn / UNITS / "model.safetensors")
    with h5py.File(drawn / UNITS / "marginalisation/single.h5") as file:
        X, gata = file["backgrounds"][:], file["drawn/0"][:]
        assert len(file["drawn/2"]) == 10  # each background has its own draw
    train = dataset.part(dataset.load(drawn / "results/mini/dataset.h5ad"), "train")
    counts = np.sort(gc_content(np.asarray(train.obsm["sequence"])))
    assert np.isin(gc_content(X).round(6), counts.round(6)).all()
    made = X.copy()
    made[:, 26:34] = gata  # 8 bp in the middle of 60
    effect = np.median(predict(model, made) - predict(model, X), axis=0)
    rows = table[(table.motif == "GATA") & table.central & (table.strand == "+")]
    np.testing.assert_allclose(rows.effect, effect, atol=1e-5)


def test_ablation_has_every_filter_and_the_scored_sequences(drawn):
    table = read(drawn, f"{UNITS}/ablation.tsv")
    assert len(table) == 6 * 2 and table.n_sequences.between(0, 20).all()
    assert table.effect.notna().any()


def test_distances_are_drawn_of_the_motifs_and_the_model_that_the_config_names(drawn):
    table = read(drawn, "results/figures/figure_2a.tsv")
    assert list(dict.fromkeys(table.fixed)) == ["first", "GATA"]
    assert set(table.column) == {"tiny_units.units6"} and set(table.target) == {"red"}
    assert len(set(table.slid)) == 3


def test_an_unknown_target_is_named(checkout, drawn):
    wrong = ("--config", "attribution={targets: [rad]}")
    path = f"{UNITS}/attributions/ism.tsv"
    done = snakemake(checkout, drawn, path, *wrong, config=CONFIG, check=False)
    assert done.returncode and "rad" in done.stdout + done.stderr
    assert "did you mean 'red'" in done.stdout + done.stderr


def test_figure_1_without_its_runs_is_an_error(checkout, drawn):
    done = snakemake(checkout, drawn, "figure_1", "-n", check=False)
    assert done.returncode and "there is nothing to draw for figure_1a" in done.stdout + done.stderr


def test_models_of_a_sweep_with_equal_numbers_of_units_are_refused(checkout, drawn):
    wrong = ("-n", "--config", "figure_1={sweep: tiny*}")
    done = snakemake(checkout, drawn, *wrong, config=CONFIG, check=False)
    assert done.returncode and "figure_1.sweep" in done.stdout + done.stderr


def test_every_table_of_a_run_says_which_run_it_is_of(drawn):
    tables = [*drawn.glob("results/*/*/seed*/**/*.tsv"), *drawn.glob("results/*/*/seed*/*.tsv.gz")]
    checked = 0
    for path in tables:
        if "figures" in path.parts:
            continue
        table = pd.read_csv(path, sep="\t", dtype=str)
        dataset, model, seed = path.relative_to(drawn / "results").parts[:3]
        assert {"dataset", "model", "seed"} <= set(table), path
        for column, value in (("dataset", dataset), ("model", model), ("seed", seed[4:])):
            assert (table[column] == value).all(), path
        checked += len(table) > 0
    assert checked > 60


def test_an_unknown_model_in_figure_1_stops_the_plan(checkout, drawn):
    wrong = ("-n", "--config", "figure_1={model: tiny_unit.units6}")
    done = snakemake(checkout, drawn, *wrong, config=CONFIG, check=False)
    assert done.returncode and "figure_1.model" in done.stdout + done.stderr


WITHOUT_MODISCO = """
import importlib.metadata as metadata
every = metadata.distributions
hidden = {"name": "modisco-lite"}
metadata.distributions = lambda **asked: [] if asked == hidden else every(**asked)
"""


def test_without_modisco_the_plan_says_how_to_install_it(checkout, drawn, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_MODISCO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    write_inputs(tmp_path)
    # Also where there are results already, which Snakemake would otherwise take as they are.
    for folder in (tmp_path, drawn):
        done = snakemake(checkout, folder, "-n", config=CONFIG, check=False)
        assert done.returncode and "run `make venv-modisco`" in done.stdout + done.stderr
    assert snakemake(checkout, tmp_path, "-n").returncode == 0
