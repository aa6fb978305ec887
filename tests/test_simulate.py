"""The simulation plants what it says it plants, and labels follow from it."""

import runpy

import numpy as np
import pandas as pd
import pytest
import yaml

from workflow_lib.data.planting import background, planting_rates
from workflow_lib.data.simulate import Simulation, recovery, simulate
from workflow_lib.errors import InputError
from workflow_lib.motif import Motif
from workflow_lib.motifs import jaspar
from workflow_lib.sequence import gc_content, reverse_complement
from workflow_lib.tables import write_run_table, write_table

SETTINGS = {
    "n_sequences": 6000,
    "length": 100,
    "gc": 0.45,
    "cpg": 0.5,
    "targets": {
        "liver": {"fraction": 0.2, "motifs": ["FOXA1", "HNF1A", "CEBPB"]},
        "blood": {"fraction": 0.25, "motifs": ["SPI1", "MA0154.4", "CEBPB"]},
    },
    "decoys": ["CTCF"],
    "seed": 0,
}


@pytest.fixture(scope="module")
def database() -> tuple[list[Motif], pd.DataFrame]:
    return jaspar.profiles()


@pytest.fixture(scope="module")
def simulated(database) -> Simulation:
    return simulate(SETTINGS, *database)


def carriers(simulated: Simulation, profile: str) -> np.ndarray:
    sites = simulated.sites
    return pd.Index(simulated.ids).isin(sites.loc[sites["profile"] == profile, "id"])


def test_shapes_and_truth(simulated):
    assert simulated.codes.shape == (6000, 100) and simulated.codes.dtype == np.uint8
    assert simulated.codes.max() == 3
    assert simulated.labels.shape == (6000, 2) and set(np.unique(simulated.labels)) == {0, 1}
    assert simulated.targets == ["liver", "blood"] and len(set(simulated.ids)) == 6000
    truth = simulated.truth.set_index("name")
    assert truth.loc["CEBPB", "targets"] == "liver,blood"
    assert truth.loc["EBF1", "profile"] == "MA0154.4" == truth.loc["EBF1", "motif"]
    assert dict(truth["role"].value_counts()) == {"causal": 5, "decoy": 1}
    assert truth["n_planted"].sum() == len(simulated.sites) and truth["n_planted"].min() > 200


def test_same_seed_same_data_other_seed_other_data(simulated, database):
    again = simulate(SETTINGS, *database)
    other = simulate({**SETTINGS, "seed": 1}, *database)
    assert np.array_equal(again.codes, simulated.codes)
    assert np.array_equal(again.labels, simulated.labels)
    pd.testing.assert_frame_equal(again.sites, simulated.sites)
    assert (other.codes != simulated.codes).mean() > 0.5
    assert (other.labels != simulated.labels).mean() > 0.1


def test_labels_are_the_carriers_of_the_causal_motifs(simulated):
    ids = {
        "liver": ["MA0148.4", "MA0046.2", "MA0466.2"],
        "blood": ["MA0080.5", "MA0154.4", "MA0466.2"],
    }
    for j, profiles in enumerate(ids.values()):
        bound = np.any([carriers(simulated, profile) for profile in profiles], axis=0)
        assert np.array_equal(bound, simulated.labels[:, j] == 1)


def test_fractions_of_positives_are_those_asked_for(simulated):
    np.testing.assert_allclose(simulated.labels.mean(axis=0), [0.2, 0.25], atol=0.02)


def test_rates_give_each_target_its_fraction_also_with_shared_motifs():
    uses = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0]], dtype=bool)
    rates = planting_rates(uses, np.array([0.1, 0.25, 0.2]), decoy_fraction=0.3)
    bound = [1 - np.prod(1 - rates[used]) for used in uses]
    np.testing.assert_allclose(bound, [0.1, 0.25, 0.2])
    assert rates[0] == rates[1] == pytest.approx(rates[2]) and rates[-1] == 0.3


def test_the_decoy_predicts_nothing(simulated):
    decoy = carriers(simulated, "MA0139.1")
    assert 0.08 < decoy.mean() < 0.12
    for label in simulated.labels.T:
        # Four standard errors of the correlation of independent columns.
        assert abs(np.corrcoef(decoy, label)[0, 1]) < 4 / np.sqrt(len(decoy))


def test_sites_follow_their_matrices_on_both_strands(simulated, database):
    motif_of = {motif.id: motif for motif in database[0]}
    row_of = {name: i for i, name in enumerate(simulated.ids)}
    for (profile, strand), sites in simulated.sites.groupby(["profile", "strand"]):
        motif = motif_of[profile]
        assert set(sites["end"] - sites["start"]) == {motif.width}
        rows = sites["id"].map(row_of).to_numpy()
        letters = simulated.codes[
            rows[:, None], sites["start"].to_numpy()[:, None] + np.arange(motif.width)
        ]
        letters = letters if strand == "+" else reverse_complement(letters)
        seen = (letters[:, None, :] == np.arange(4)[None, :, None]).mean(axis=0)
        expected = motif.probabilities
        error = np.sqrt(expected * (1 - expected) / len(sites))
        assert len(sites) > 100
        assert np.all(np.abs(seen - expected) <= 5 * error + 1e-9), (profile, strand)


def test_sites_lie_anywhere_and_never_overlap(simulated):
    sites = simulated.sites.sort_values(["id", "start"])
    previous = sites.groupby("id")["end"].shift()
    assert (sites["start"] >= previous)[previous.notna()].all() and previous.notna().sum() > 100
    assert sites["start"].min() == 0 and sites["end"].max() == 100
    assert 0.45 < (sites["strand"] == "+").mean() < 0.55
    middle = (sites["start"] + sites["end"]) / 2
    assert 45 < middle.mean() < 55 and middle.std() > 20


def test_a_crowded_sequence_gets_the_sites_that_fit(database):
    crowded = {**SETTINGS, "n_sequences": 300, "length": 25, "sites_per_sequence": [3, 5]}
    simulated = simulate(crowded, *database)
    sites = simulated.sites.sort_values(["id", "start"])
    previous = sites.groupby("id")["end"].shift()
    assert sites["end"].max() <= 25 and (sites["start"] >= previous)[previous.notna()].all()
    bound = np.isin(simulated.ids, sites.loc[sites["profile"] != "MA0139.1", "id"])
    assert np.array_equal(bound, simulated.labels.any(axis=1))


def test_background_has_the_gc_and_the_cpg_asked_for():
    plain = background(np.random.default_rng(0), 500, 400, gc=0.4)
    depleted = background(np.random.default_rng(0), 500, 400, gc=0.4, cpg=0.25)

    def cpg(codes: np.ndarray) -> float:
        pairs = ((codes[:, :-1] == 1) & (codes[:, 1:] == 2)).mean()
        return pairs / ((codes == 1).mean() * (codes == 2).mean())

    for codes in (plain, depleted):
        assert gc_content(codes).mean() == pytest.approx(0.4, abs=0.01)
        assert (codes == 0).mean() == pytest.approx((codes == 3).mean(), abs=0.01)
    assert cpg(plain) == pytest.approx(1, abs=0.05)
    assert cpg(depleted) == pytest.approx(0.25, abs=0.03)


def test_label_noise_flips_its_share(database, simulated):
    noisy = simulate({**SETTINGS, "label_noise": 0.1}, *database)
    assert np.array_equal(noisy.codes, simulated.codes)
    assert 0.08 < (noisy.labels != simulated.labels).mean() < 0.12


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lenght": 100}, "lenght.*not known"),
        ({"targets": {}}, "targets"),
        ({"targets": {"a": {"motifs": [], "fraction": 0.2}}}, "'a'"),
        ({"targets": {"a": {"motifs": ["CTCF"], "fraction": 1.2}}, "decoys": []}, "fraction"),
        ({"targets": {"a": {"motifs": ["NOSUCH"], "fraction": 0.2}}}, "NOSUCH.*0 profiles"),
        ({"decoys": ["FOXA1"]}, "FOXA1.*twice"),
        ({"length": 12}, "HNF1A.*15 bp.*12 bp"),
        ({"gc": 1.5}, "gc is 1.5"),
        ({"n_sequences": 0}, "n_sequences is 0"),
        ({"sites_per_sequence": [2, 1]}, "sites_per_sequence"),
        ({"label_noise": 0.7}, "label_noise"),
    ],
)
def test_bad_settings_are_named(database, change, says):
    with pytest.raises(InputError, match=says):
        simulate({**SETTINGS, **change}, *database)


@pytest.fixture(scope="module")
def embedded(root, database) -> Simulation:
    """The embedded default as the catalogue declares it."""
    catalogue = yaml.safe_load((root / "config" / "datasets.yaml").read_text())
    settings = catalogue["sources"]["simulated"]["simulate"]
    return simulate({key: settings[key] for key in settings if key != "database"}, *database)


def test_the_embedded_default_has_causal_shared_and_decoy_motifs(embedded):
    roles = embedded.truth["role"].value_counts()
    assert roles["causal"] >= 10 and roles["decoy"] >= 1
    assert embedded.truth["targets"].str.contains(",").any()
    assert embedded.labels.shape[1] > 1 and embedded.labels.mean(axis=0).max() <= 0.25
    # The families that stand in for clusters; NaN or a shared one would blur the recovery.
    assert embedded.truth["cluster"].notna().all() and embedded.truth["cluster"].is_unique


def test_its_motifs_are_of_distinct_clusters(embedded, shared):
    clusters = jaspar.read_clusters(shared / "mirror" / "jaspar" / "leaf_to_cluster.tab")
    own = embedded.truth["profile"].map(clusters)
    assert own.notna().all() and own.is_unique


# --- recovery ------------------------------------------------------------------------------------


@pytest.fixture
def learned(database) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Annotation and importances of a trained model."""
    cluster = database[1].set_index("profile")["cluster"]
    sister = next(p for p in cluster.index[cluster == cluster["MA0148.4"]] if p != "MA0148.4")
    pairs = [
        (0, "MA0148.4", 1e-4),  # FOXA1 itself
        (1, sister, 1e-9),  # one of its cluster, better
        (2, "MA0046.2", 1e-3),  # HNF1A
        (3, "MA0046.2", 1e-8),  # HNF1A better, but silent
        (4, sister, 1e-12),
        (5, "MA0080.5", 1e-6),  # SPI1, only a silent unit
    ]
    annotation = pd.DataFrame(pairs, columns=["unit", "profile", "q_value"])
    importance = pd.DataFrame(
        [
            (0, "liver", 2.0),
            (0, "blood", -3.0),
            (1, "liver", 5.0),
            (2, "liver", 1.0),
            (3, "liver", 0.0),
        ],
        columns=["unit", "target", "importance"],
    )
    return annotation, importance


@pytest.fixture
def found(simulated, learned, database):
    return recovery(simulated.truth, *learned, database[1]).set_index("name")


def test_recovery_prefers_units_with_importance_then_the_profile_itself(found):
    assert found.loc["FOXA1", ["unit", "match", "match_name", "importance"]].tolist() == [
        0,
        "MA0148.4",
        "FOXA1",
        3.0,
    ]
    assert found.loc["HNF1A", ["unit", "q_value"]].tolist() == [2, 1e-3]
    assert found.loc["SPI1", ["unit", "importance"]].tolist() == [5, 0.0]
    assert list(found["recovered"]) == [True, True, False, True, False, False]


def test_what_is_not_recovered_has_no_importance(found):
    lost = found[~found["recovered"]]
    assert set(lost.index) == {"CEBPB", "EBF1", "CTCF"} and lost["importance"].isna().all()
    assert lost[["unit", "match", "match_name", "q_value"]].isna().all(axis=None)


def test_recovery_by_another_profile_of_the_cluster_counts(simulated, database):
    cluster = database[1].set_index("profile")["cluster"]
    sister = next(p for p in cluster.index[cluster == cluster["MA0148.4"]] if p != "MA0148.4")
    annotation = pd.DataFrame({"unit": [4], "profile": [sister], "q_value": [0.01]})
    importance = pd.DataFrame({"unit": [4], "target": ["liver"], "importance": [1.5]})
    table = recovery(simulated.truth, annotation, importance, database[1]).set_index("name")
    assert table.loc["FOXA1", "recovered"] and table.loc["FOXA1", "match"] == sister
    assert table["recovered"].sum() == 1


def test_recovery_without_any_match(simulated, database):
    annotation = pd.DataFrame({"unit": [], "profile": [], "q_value": []}).astype({"unit": int})
    importance = pd.DataFrame({"unit": [0], "target": ["liver"], "importance": [1.0]})
    table = recovery(simulated.truth, annotation, importance, database[1])
    assert len(table) == len(simulated.truth) and not table["recovered"].any()


def test_the_script_says_of_which_run_the_recovery_is(root, tmp_path, simulated, learned, database):
    run = {"dataset": "simulated", "model": "explainn", "seed": "7"}
    paths = {
        name: str(tmp_path / f"{name}.tsv")
        for name in ("truth", "annotation", "importance", "profiles")
    }
    write_table(simulated.truth, paths["truth"])
    write_table(database[1], paths["profiles"])
    for name, table in zip(("annotation", "importance"), learned, strict=True):
        write_run_table(table, run, paths[name])
    main = runpy.run_path(str(root / "scripts" / "recover.py"))["main"]
    main(run, paths, str(tmp_path / "recovery.tsv"))
    written = pd.read_csv(tmp_path / "recovery.tsv", sep="\t")
    columns = recovery(simulated.truth, *learned, database[1]).columns
    assert list(written) == [*run, *columns] and len(written) == len(simulated.truth)
    assert (written["dataset"] == "simulated").all() and (written["model"] == "explainn").all()
    assert (written["seed"] == 7).all()
    assert list(written["recovered"]) == [True, True, False, True, False, False]
