"""What became of filters that started from known motifs."""

import numpy as np
import pandas as pd
import pytest

from workflow_lib.initial_filters import starting_filters, starting_units
from workflow_lib.motif import Motif
from workflow_lib.motifs.filter_changes import COLUMNS, filter_changes
from workflow_lib.motifs.jaspar import profiles
from workflow_lib.motifs.tomtom import annotate, tomtom


@pytest.fixture(scope="module")
def made():
    """Four units: kept, kept on the other strand, turned into another motif, without sites."""
    searched, table = profiles("JASPAR2020")
    ids = ["MA0139.1", "MA0139.1", "MA0037.3", "MA0080.5"]
    units = starting_units(searched, None, None, False).set_index("profile").loc[ids].reset_index()
    units["strand"] = ["+", "-", "+", "-"]
    start = starting_filters(searched, units, 19)
    by_id = {motif.id: motif.probabilities for motif in searched}
    flat = np.full((4, 19), 0.25)
    refined = [
        by_id["MA0139.1"], by_id["MA0139.1"][::-1, ::-1], by_id["MA0139.1"], flat,
    ]  # fmt: skip
    refined = [Motif(f"unit{i}", "", matrix) for i, matrix in enumerate(refined)]
    trained = start.weights.copy()
    trained[1] *= 3
    trained[2] = -trained[2]
    trained[3] = 0
    annotation = annotate(tomtom(refined, searched), table)
    changes = filter_changes(start, trained, refined, searched, annotation)
    return changes, tomtom(refined, searched, q_threshold=1), ids


def test_changed_is_no_hit_to_the_own_motif_on_either_strand(made):
    changes, _, ids = made
    assert list(changes.columns) == COLUMNS and changes["start"].tolist() == ids
    assert changes["changed"].tolist() == [False, False, True, pd.NA]
    assert changes["strand"].tolist() == ["+", "-", "+", "-"]
    assert (changes["q_own"][:2] < 1e-9).all() and changes["q_own"][2] > 0.05
    assert np.isnan(changes["q_own"][3])
    assert changes["start_name"].tolist() == ["CTCF", "CTCF", "GATA3", "SPI1"]
    assert changes["best_name"].tolist()[:3] == ["CTCF"] * 3 and pd.isna(changes["best_name"][3])
    np.testing.assert_allclose(changes["cosine"], [1, 1, -1, np.nan], rtol=1e-6)


def test_the_q_value_is_that_of_a_search_of_the_whole_database(made):
    changes, pairs, ids = made
    found = pairs.set_index(["unit", "profile"])["q_value"]
    for unit in range(3):
        assert changes["q_own"][unit] == pytest.approx(found[unit, ids[unit]], rel=1e-9)


def test_the_threshold_decides(made):
    changes, _, _ = made
    q = changes["q_own"][2]
    searched, _ = profiles("JASPAR2020")
    own = starting_filters(
        searched, changes[2:3].rename(columns={"start": "profile", "start_name": "name"}), 19
    )
    refined = [Motif("unit0", "", next(m for m in searched if m.id == "MA0139.1").probabilities)]
    none = pd.DataFrame({"unit": [], "name": [], "q_value": []})
    for threshold, changed in ((q * 0.99, True), (q * 1.01, False)):
        found = filter_changes(own, own.weights, refined, searched, none, threshold)
        assert found["changed"].tolist() == [changed] and pd.isna(found["best_name"][0])
