"""Agreement of seeds: which binding modes come back."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from workflow_lib import models
from workflow_lib.motifs.binding_modes import AGREEMENT_COLUMNS, motif_agreement
from workflow_lib.tables import write_run_table

PROFILES = pd.DataFrame(
    [("MA1", "FOXA1", "2"), ("MA2", "FOXK2", "2"), ("MA3", "CTCF", "10"), ("MA4", "AR", "1")],
    columns=["profile", "name", "cluster"],
)


def annotation(*rows):
    table = pd.DataFrame(rows, columns=["unit", "name"], dtype=str)
    clusters = table["name"].map(PROFILES.set_index("name")["cluster"])
    return table.assign(cluster=clusters, p_value=[f"1e-{9 - i}" for i in range(len(table))])


def seeds():
    """Three seeds: FOX in two of them, CTCF in one, AR in none; the third finds nothing."""
    return {
        10: annotation(("0", "FOXK2")),
        2: annotation(("0", "FOXA1"), ("1", "FOXA1"), ("2", "FOXK2"), ("3", "CTCF")),
        3: annotation(),
    }


def test_modes_are_counted_over_seeds():
    table = motif_agreement(seeds(), PROFILES, ["FOXA1", "AR"])
    assert list(table) == AGREEMENT_COLUMNS
    assert table[AGREEMENT_COLUMNS[:-1]].values.tolist() == [
        ["2", "FOXA1,FOXK2", True, 2, 3, "2,10"],
        ["10", "CTCF", False, 1, 3, "2"],
        ["1", "", True, 0, 3, ""],
    ]
    # The mean is over the seeds that have the mode: (3 + 1) / 2.
    assert table["n_filters"].tolist()[:2] == [2, 1] and np.isnan(table["n_filters"][2])


def test_order_of_seeds_changes_nothing():
    turned = dict(reversed(seeds().items()))
    pd.testing.assert_frame_equal(
        motif_agreement(turned, PROFILES, ["AR"]), motif_agreement(seeds(), PROFILES, ["AR"])
    )


def test_all_matches_count_where_asked_for():
    both = {1: annotation(("0", "FOXA1"), ("0", "CTCF"))}
    assert motif_agreement(both, PROFILES, [])["cluster"].tolist() == ["2"]
    assert set(motif_agreement(both, PROFILES, [], "all")["cluster"]) == {"2", "10"}


@pytest.mark.parametrize("annotations", [{}, {1: annotation(), 2: annotation()}])
def test_nothing_found_is_an_empty_table(annotations):
    table = motif_agreement(annotations, PROFILES, ["B cells"])
    assert len(table) == 0 and list(table) == AGREEMENT_COLUMNS


def test_script_joins_the_tables_of_the_seeds(root, tmp_path):
    run = {"dataset": "tfs", "model": "explainn"}
    model = models.build("explainn", length=40, n_targets=1, units=2)
    PROFILES.to_csv(tmp_path / "profiles.tsv", sep="\t", index=False)
    # The third has no annotated filter: its table says no seed, its model does.
    for seed, table in seeds().items():
        about = {"target_names": ["AR"], "seed": seed}
        models.save(model, tmp_path / f"{seed}.safetensors", about)
        write_run_table(table, run | {"seed": str(seed)}, tmp_path / f"{seed}.tsv")
    spec = importlib.util.spec_from_file_location("s", root / "scripts/motif_agreement.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(
        run=run,
        annotations=[str(tmp_path / f"{seed}.tsv") for seed in seeds()],
        models=[str(tmp_path / f"{seed}.safetensors") for seed in seeds()],
        profiles=str(tmp_path / "profiles.tsv"),
        which="best",
        output=str(tmp_path / "out.tsv"),
    )
    assert (tmp_path / "out.tsv").read_text().splitlines() == [
        "\t".join(["dataset", "model", *AGREEMENT_COLUMNS]),
        "tfs\texplainn\t2\tFOXA1,FOXK2\tFalse\t2\t3\t2,10\t2",
        "tfs\texplainn\t10\tCTCF\tFalse\t1\t3\t2\t1",
        "tfs\texplainn\t1\t\tTrue\t0\t3\t\t",
    ]
