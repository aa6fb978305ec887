"""Binding modes: by hand, and the number of them that the paper's TFs have."""

import importlib.util

import pandas as pd
import pytest

from workflow_lib import models
from workflow_lib.errors import InputError
from workflow_lib.motifs import jaspar
from workflow_lib.motifs.binding_modes import COLUMNS, binding_modes, count_modes, expected_modes

PROFILES = pd.DataFrame(
    [
        ("MA1", "FOS::JUN", "1"),
        ("MA2", "JUN(var.2)", "10"),
        ("MA3", "FOXA1", "2"),
        ("MA4", "FOXK2", "2"),
        ("MA5", "Arnt", "3"),
        ("MA6", "CTCF", "4"),
        ("MA7", "JUNB", "1"),
    ],
    columns=["profile", "name", "cluster"],
)


def annotation(*rows):
    """Pairs (unit, name, p-value) with the clusters of PROFILES, as text as in a file."""
    table = pd.DataFrame(rows, columns=["unit", "name", "p_value"], dtype=str)
    return table.assign(cluster=table["name"].map(PROFILES.set_index("name")["cluster"]))


def as_dict(table):
    return {row["cluster"]: row for row in table.to_dict("records")}


# --- expected modes -------------------------------------------------------------------------------


def test_a_tf_has_the_modes_of_its_profiles_alone_in_dimers_and_in_variants():
    found = expected_modes(["JUN", "FOS", "ARNT", "foxa1", "CTCF"], PROFILES)
    assert found == {
        "JUN": ["1", "10"],
        "FOS": ["1"],
        "ARNT": ["3"],
        "foxa1": ["2"],
        "CTCF": ["4"],
    }


@pytest.mark.parametrize("name", ["B cells", "JU", "CTCFL", "var.2", "", "FOS::JUN::X"])
def test_a_target_that_is_no_tf_has_no_modes(name):
    assert expected_modes([name], PROFILES) == {name: []}


def test_number_of_modes_of_the_papers_tfs(shared):
    names = (shared / "reference/tf_binding/paper50.txt").read_text().split()
    clusters = jaspar.read_clusters(shared / "mirror/jaspar/leaf_to_cluster.tab")
    _, profiles = jaspar.profiles(clusters=clusters)
    found = expected_modes(names, profiles)
    assert len(found) == 50 and all(found.values())
    assert len({cluster for own in found.values() for cluster in own}) == 34
    alone = expected_modes(names, profiles[~profiles["name"].str.contains("::")])
    assert len({cluster for own in alone.values() for cluster in own}) == 30


# --- found modes ----------------------------------------------------------------------------------


def test_motifs_count_for_the_cluster_of_their_best_match():
    pairs = annotation(
        ("0", "FOXA1", "1e-5"),
        ("0", "FOXK2", "1e-4"),
        ("0", "CTCF", "1e-3"),
        ("1", "FOXK2", "1e-7"),
        ("2", "Arnt", "1e-4"),
        # In the file's order the better one comes last: the p-value decides, as a number.
        ("3", "Arnt", "9e-4"),
        ("3", "FOXA1", "1e-10"),
    )
    table = binding_modes(pairs, PROFILES, ["FOXA1", "CTCF", "JUN"])
    assert list(table) == COLUMNS
    assert table.values.tolist() == [
        ["2", "FOXA1,FOXK2", 3, True, "FOXA1"],
        ["3", "Arnt", 1, False, ""],
        ["1", "", 0, True, "JUN"],
        ["4", "", 0, True, "CTCF"],
        ["10", "", 0, True, "JUN"],
    ]
    # With all matches CTCF's mode counts too, and a motif with two names of a mode counts once.
    every = as_dict(binding_modes(pairs, PROFILES, ["FOXA1", "CTCF", "JUN"], "all"))
    assert every["4"]["n_motifs"] == 1 and every["4"]["names"] == "CTCF"
    assert every["2"]["n_motifs"] == 3 and every["3"]["n_motifs"] == 2
    assert every["2"]["names"] == "FOXA1,FOXK2"


def test_targets_of_one_mode_are_listed_together():
    table = binding_modes(annotation(("u", "FOXK2", "0")), PROFILES, ["FOXK2", "B", "FOXA1"])
    assert table["targets"].tolist() == ["FOXK2,FOXA1"]


def test_cell_types_expect_nothing():
    table = binding_modes(annotation(("u", "CTCF", "0")), PROFILES, ["B cells", "T cells"])
    assert table.values.tolist() == [["4", "CTCF", 1, False, ""]]


@pytest.mark.parametrize("which", ["best", "all"])
def test_nothing_annotated_is_a_table_too(which):
    none = annotation()
    assert len(binding_modes(none, PROFILES, ["B cells"], which)) == 0
    table = binding_modes(none, PROFILES, ["CTCF"], which)
    assert table.values.tolist() == [["4", "", 0, True, "CTCF"]]
    assert table["n_motifs"].dtype == int and table["expected"].dtype == bool


@pytest.mark.parametrize("missing", ["", None])
def test_a_profile_without_a_cluster_does_not_count(missing):
    pairs = annotation(("0", "CTCF", "1e-9"), ("0", "FOXA1", "1e-8"), ("1", "CTCF", "1e-9"))
    pairs.loc[pairs["name"] == "CTCF", "cluster"] = missing
    assert binding_modes(pairs, PROFILES, []).values.tolist() == [["2", "FOXA1", 1, False, ""]]


def test_modes_are_counted_where_motifs_stand_for_them():
    pairs = annotation(("0", "FOXA1", "0"), ("1", "FOXK2", "0"), ("2", "Arnt", "0"))
    counted = count_modes(binding_modes(pairs, PROFILES, ["FOXA1", "CTCF", "JUN"]))
    assert counted.to_dict("records") == [{"expected": 1, "other": 1, "all": 2, "n_expected": 4}]
    nothing = count_modes(binding_modes(annotation(), PROFILES, ["B cells"]))
    assert nothing.to_dict("records") == [{"expected": 0, "other": 0, "all": 0, "n_expected": 0}]


def test_another_rule_is_refused():
    with pytest.raises(InputError, match="found 'first', wanted best or all"):
        binding_modes(annotation(), PROFILES, [], "first")


def test_script_takes_the_targets_from_the_model(root, tmp_path):
    model = models.build("explainn", length=40, n_targets=2, units=2)
    models.save(model, tmp_path / "model.safetensors", {"target_names": ["NA", "CTCF"]})
    tables = {"annotation": annotation(("unit0", "CTCF", "0")), "profiles": PROFILES}
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    spec = importlib.util.spec_from_file_location("s", root / "scripts/binding_modes.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    outputs = {name: str(tmp_path / f"{name}.tsv") for name in ("modes", "counts")}
    script.main(
        run={"dataset": "tfs", "model": "explainn", "seed": "3", "method": "filters"},
        annotation=str(tmp_path / "annotation.tsv"),
        profiles=str(tmp_path / "profiles.tsv"),
        model=str(tmp_path / "model.safetensors"),
        which="best",
        outputs=outputs,
    )
    run, of_run = "dataset\tmodel\tseed\tmethod\t", "tfs\texplainn\t3\tfilters\t"
    assert (tmp_path / "modes.tsv").read_text() == (
        f"{run}cluster\tnames\tn_motifs\texpected\ttargets\n{of_run}4\tCTCF\t1\tTrue\tCTCF\n"
    )
    assert (tmp_path / "counts.tsv").read_text() == (
        f"{run}expected\tother\tall\tn_expected\n{of_run}1\t0\t1\t1\n"
    )
