"""Figure 3 on the mini project: a family, three more assays, motif sets, instances, panels."""

import numpy as np
import pandas as pd
import pytest
from assays import write_assays
from figure_checks import check_pictures
from PIL import Image
from running import linked_copy, made_once, planned, reasons, snakemake

from workflow_lib.data import dataset
from workflow_lib.motif import read_meme
from workflow_lib.motifs.jaspar import profiles
from workflow_lib.motifs.tomtom import tomtom

pytestmark = pytest.mark.slow
CONFIG = "tests/mini/config.yaml tests/mini/figure_3.yaml"
PANELS = ["3a", "3b", "3c", "3d", "3e", "3f", "3g"]
ASSAYS = {
    "gata_ht_selex": "cycle4",
    "gata_smile_seq": "bound",
    "gata_pbm": "intensity",
}


@pytest.fixture(scope="module")
def known():
    return profiles("JASPAR2020")[0]


@pytest.fixture(scope="module")
def drawn(checkout, finished, common, known):
    """A folder in which the whole selection has run, after that of the mini project."""

    def run(place):
        linked_copy(finished, place)
        write_assays(place, next(motif for motif in known if motif.id == "MA0037.3"))
        snakemake(checkout, place, config=CONFIG)

    return made_once(common / "figure_3", run)


def read(folder, name):
    return pd.read_csv(folder / name, sep="\t")


def test_every_panel_is_drawn_in_three_formats(drawn):
    for panel in PANELS:
        base = drawn / f"results/figures/figure_{panel}"
        assert base.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert len(read(drawn, f"results/figures/figure_{panel}.tsv")), panel
        with Image.open(base.with_suffix(".png")) as image:
            assert len(set(image.convert("L").get_flattened_data())) > 10, panel


def test_no_picture_is_taller_than_a_screen(drawn):
    assert check_pictures(drawn) > len(PANELS)


def test_a_second_run_does_nothing(checkout, drawn):
    assert "Nothing to be done" in snakemake(checkout, drawn, "-n", config=CONFIG).stdout
    again = snakemake(checkout, drawn, "figure_3", "-n", config=CONFIG)
    assert set(planned(again)) <= {"figure_3", "total"}


def test_a_changed_key_is_no_page_of_text(checkout, drawn, tmp_path):
    changed = "{figure_3: {assays: {profile: MA0036.3}, datasets: ['mini_tf.*'], model: tiny_gata}}"
    (tmp_path / "changed.yaml").write_text(changed)
    done = snakemake(checkout, drawn, "-n", config=f"{CONFIG} {tmp_path / 'changed.yaml'}")
    found = [line for line in reasons(done) if "Params have changed" in line]
    assert {"score_assays", "align_motifs"} <= set(planned(done))
    assert len(found) > 1 and max(map(len, found)) < 1000


@pytest.mark.parametrize("name", ASSAYS)
def test_the_best_motif_of_every_assay_is_a_gata_motif(drawn, known, name):
    """Each assay has its own file format and task."""
    best = read_meme(drawn / f"results/{name}/tiny_gata/seed0/filters.best.meme")
    motif = next(motif for motif in best if motif.id == ASSAYS[name])
    matches = tomtom([motif], known)["profile"].tolist()
    names = {profile.name for profile in known if profile.id in matches[:5]}
    assert any(n.upper().startswith("GATA") for n in names), names


def test_assays_are_scored_on_the_same_held_out_sequences(drawn):
    scores = read(drawn, "results/assay_scores.tsv")
    assert scores["assay"].tolist() == ["planted", "planted", "HT-SELEX", "PBM", "SMiLE-seq"]
    assert scores["n"].nunique() == 1 and scores["base_rate"].nunique() == 1
    assert (scores["value"] > scores["base_rate"] + 0.1).all()
    assert ((scores["low"] <= scores["value"]) & (scores["value"] <= scores["high"])).all()


def test_motifs_are_scored_on_validation_and_test(drawn):
    sizes = dataset.part_sizes(dataset.load(drawn / "results/mini_tf.blue/dataset.h5ad"))
    for name in ("tiny_gata/seed0/filters", "motifs/known"):
        scores = read(drawn, f"results/mini_tf.blue/{name}.scores.tsv")
        found = {part: set(rows["n"]) for part, rows in scores.groupby("part")}
        assert found == {part: {sizes[part]} for part in ("validation", "test")}


def test_parts_without_test_are_scored_on_validation(drawn):
    ranking = read(drawn, "results/gata_pbm/tiny_gata/seed0/filters.ranking.tsv")
    assert ranking["test"].isna().all() and ranking["validation"].notna().any()
    assert set(ranking["metric"]) == {"pcc"} and ranking["best"].sum() == 1


def test_predictions_are_drawn_against_measurements_for_values_only(drawn):
    made = [path.parts[-5] for path in drawn.glob("results/**/predicted_vs_measured.pdf")]
    assert made == ["gata_pbm"]
    folder = "results/gata_pbm/tiny_gata/seed0"
    table = read(drawn, f"{folder}/figures/predicted_vs_measured.tsv")
    metrics = read(drawn, f"{folder}/metrics.tsv").set_index(["target", "metric"])
    assert table["n"].sum() == metrics.loc[("intensity", "pcc"), "n"]
    if (table["n"] == 1).all():
        found = np.corrcoef(table["measured"], table["predicted"])[0, 1]
        assert found == pytest.approx(metrics.loc[("intensity", "pcc"), "value"], abs=1e-3)


def test_one_table_has_the_motifs_of_models_and_sets(drawn):
    scores = read(drawn, "results/motif_scores.tsv")
    assert set(scores["method"]) == {"tiny_gata", "known", "learned_by_pbm"}
    of_model = scores[(scores.dataset == "mini_tf.red") & (scores.method == "tiny_gata")]
    assert sorted(of_model["rank"]) == list(range(1, 9))
    data = dataset.load(drawn / "results/mini_tf.red/dataset.h5ad")
    assert set(of_model["n_train"]) == {dataset.part_sizes(data)["train"]}
    # Known motifs were learned from none of the sequences, a run's filters from those of its own.
    of_set = scores.groupby("method")["n_train"]
    pbm = dataset.load(drawn / "results/gata_pbm/dataset.h5ad")
    assert set(of_set.get_group("learned_by_pbm")) == {dataset.part_sizes(pbm)["train"]}
    assert of_set.get_group("known").isna().all()


def test_logos_say_how_many_motifs_and_sequences_they_were_chosen_from(drawn):
    table = read(drawn, "results/figures/figure_3e.tsv").set_index(["row", "column"])
    for row in ("red", "blue"):
        data = dataset.load(drawn / f"results/mini_tf.{row}/dataset.h5ad")
        of_model = table.loc[(row, "ExplaiNN"), ["n_motifs", "n_train"]]
        assert of_model.tolist() == [8, dataset.part_sizes(data)["train"]]
    # Of assays only the best motif of each is at hand.
    assert read(drawn, "results/figures/figure_3g.motifs.tsv")["n_motifs"].isna().all()
    known = table.loc[("blue", "known")]
    assert known["n_motifs"] == 2 and np.isnan(known["n_train"])


def test_a_motif_set_made_of_a_runs_filters_has_the_same_motifs(drawn):
    taken = read_meme(drawn / "results/mini_tf.blue/motifs/learned_by_pbm.meme")
    filters = read_meme(drawn / "results/gata_pbm/tiny_gata/seed0/filters.meme")
    for one, other in zip(taken, filters, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_times_of_all_steps_name_device_and_machine(drawn):
    times = read(drawn, "results/discovery_times.tsv")
    of_blue = times[times.dataset == "mini_tf.blue"]
    assert of_blue["step"].tolist() == ["train", "filters"]
    assert of_blue["threads"].tolist() == [1, 2]
    data = dataset.load(drawn / "results/mini_tf.blue/dataset.h5ad")
    assert set(of_blue["n_train"]) == {dataset.part_sizes(data)["train"]}
    assert (times["wall_s"] > 0).all() and times["device"].str.startswith("cpu").all()
    assert times["machine"].notna().all()


def test_instances_lie_within_the_sequences_of_the_data_set(drawn):
    bed = drawn / "results/mini_tf.blue/tiny_gata/seed0/instances.bed.gz"
    sites = pd.read_csv(bed, sep="\t")
    data = dataset.load(drawn / "results/mini_tf.blue/dataset.h5ad")
    assert len(sites) > 10 and set(sites.iloc[:, 5]) <= {"+", "-"}
    # No genome: positions in the sequence. All three parts are searched.
    assert set(data.obs.loc[sites.iloc[:, 0], "split"]) == set(dataset.PARTS)
    assert ((sites.iloc[:, 2] - sites.iloc[:, 1]) == 11).all()
