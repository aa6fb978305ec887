"""Best hits against a plain loop and by property; motif scores against scikit-learn; the script."""

import math
import runpy

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.motif import Motif, write_meme
from workflow_lib.motifs.scanning import SCORINGS, _column_scores, best_hits, score_motifs
from workflow_lib.sequence import encode, reverse_complement
from workflow_lib.tables import read_table

ALL_WIDTHS = [5, 12, 1, 30, 12, 7]


def random_motifs(widths=ALL_WIDTHS, seed=0):
    rng = np.random.default_rng(seed)
    # So low a concentration that many probabilities lie below the floor.
    return [Motif(f"m{i}", "", rng.dirichlet([0.1] * 4, size=w).T) for i, w in enumerate(widths)]


def random_codes(n=40, length=30, seed=1, letters=5):
    return np.random.default_rng(seed).integers(0, letters, (n, length)).astype(np.uint8)


def plain_loop(motifs, X, scoring, floor=1e-4, background=0.25):
    """What the docstring says, place by place."""
    hits = np.empty((len(X), len(motifs)))
    for i, codes in enumerate(X):
        strands = [list(codes), [3 - c if c < 4 else 4 for c in reversed(codes)]]
        for j, motif in enumerate(motifs):
            best = -np.inf
            for strand in strands:
                for start in range(len(codes) - motif.width + 1):
                    score = 0.0
                    for k in range(motif.width):
                        letter = strand[start + k]
                        p = background
                        if letter < 4:
                            p = max(motif.probabilities[letter, k], floor)
                        log_odds = scoring == "log_odds"
                        score += np.log2(p / background) if log_odds else np.log(p)
                    best = max(best, score)
            hits[i, j] = best
    return hits


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize(("floor", "background"), [(1e-4, 0.25), (0.02, 0.3)])
def test_hits_equal_a_plain_loop_with_unknown_bases_and_mixed_widths(scoring, floor, background):
    motifs, X = random_motifs(), random_codes()
    found = best_hits(motifs, X, scoring, floor, background)
    wanted = plain_loop(motifs, X, scoring, floor, background)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("scoring", SCORINGS)
def test_both_strands_of_a_sequence_have_the_same_hits(scoring):
    motifs, X = random_motifs(), random_codes()
    np.testing.assert_array_equal(
        best_hits(motifs, X, scoring), best_hits(motifs, reverse_complement(X), scoring)
    )


def test_neither_batches_nor_other_motifs_change_a_hit():
    motifs, X = random_motifs(), random_codes(n=50)
    whole = best_hits(motifs, X)
    for size in (1, 7, 1000):
        np.testing.assert_array_equal(best_hits(motifs, X, batch_size=size), whole)
    alone = np.hstack([best_hits([motif], X) for motif in motifs])
    np.testing.assert_array_equal(alone, whole)


@pytest.mark.parametrize("scoring", SCORINGS)
def test_a_flat_motif_has_the_same_hit_everywhere(scoring):
    # To the last bit: rounding would rank sequences at random.
    flat = [Motif("flat", "", np.full((4, 19), 0.25))]
    X = random_codes(n=200, length=60)
    X[0] = 4
    assert len(np.unique(best_hits(flat, X, scoring))) == 1


@pytest.mark.parametrize("scoring", SCORINGS)
def test_sums_of_letters_are_exact_in_any_order(scoring):
    # Else equal sites of two sequences could differ in the last bit, and be ranked by it.
    (letters,), _ = _column_scores(random_motifs([30]), 30, scoring, 1e-4, 0.25)
    rng = np.random.default_rng(0)
    for codes in random_codes(n=20, length=30, letters=4):
        scores = letters[codes, np.arange(30)]
        sums = {sum(scores[rng.permutation(30)]) for _ in range(20)}
        assert sums == {math.fsum(scores)}


def test_an_unknown_base_scores_what_chance_does():
    sharp = [Motif("A", "", np.array([[1.0, 0, 0, 0]]).T)]
    X = encode(["N", "A", "C"])
    log_probabilities = best_hits(sharp, X)[:, 0]
    np.testing.assert_allclose(log_probabilities, np.log([0.25, 1, 1e-4]), rtol=1e-6)
    log_odds = best_hits(sharp, X, "log_odds")[:, 0]
    np.testing.assert_allclose(log_odds, [0, 2, np.log2(4e-4)], rtol=1e-6)


def test_a_hit_at_the_very_end_counts_and_none_beyond_it():
    motif = [Motif("ACGG", "", np.eye(4)[[0, 1, 2, 2]].T)]
    hits = best_hits(motif, encode(["TTTTACGG", "TTTTTACG", "CCGTTTTT"]))[:, 0]
    assert hits[0] == hits[2] == 0
    # Only parts of it: at least one letter at the floor.
    assert hits[1] <= np.log(1e-4) + 1e-5


def test_errors_say_what_does_not_fit():
    X = random_codes(length=20)
    with pytest.raises(InputError, match="'wide' is 21 bp wide, but the sequences have 20 bp"):
        best_hits([*random_motifs([5]), Motif("wide", "", np.full((4, 21), 0.25))], X)
    with pytest.raises(InputError, match="found 'odds', wanted log_probabilities or log_odds"):
        best_hits(random_motifs([5]), X, "odds")
    with pytest.raises(InputError, match="floor: found 0"):
        best_hits(random_motifs([5]), X, floor=0)


def test_no_motifs_and_no_sequences_give_empty_hits():
    assert best_hits([], random_codes(n=3)).shape == (3, 0)
    assert best_hits(random_motifs(), random_codes(n=0)).shape == (0, len(ALL_WIDTHS))


def test_average_precision_is_that_of_resolved_labels():
    rng = np.random.default_rng(0)
    hits = rng.integers(0, 9, (300, 3)).astype(np.float32)  # with many ties
    labels = (rng.random((300, 2)) < 0.3).astype(np.float32)
    labels[rng.random(labels.shape) < 0.2] = np.nan
    table = score_motifs(hits, labels, ["a", "b", "c"], ["x", "y"], "binary")
    assert list(table["motif"]) == list("abcabc")
    for row, (t, m) in zip(table.itertuples(), [(t, m) for t in range(2) for m in range(3)]):
        known = ~np.isnan(labels[:, t])
        wanted = average_precision_score(labels[known, t], hits[known, m])
        assert row.value == pytest.approx(wanted)
        assert (row.n, row.n_positive) == (known.sum(), labels[known, t].sum())
        assert (row.metric, row.target) == ("auprc", "xy"[t])


def test_classes_are_scored_as_labels():
    hits, labels = np.arange(6, dtype=np.float32)[:, None], np.eye(2)[[0, 0, 0, 1, 1, 1]]
    table = score_motifs(hits, labels, ["m"], ["low", "high"], "cross_entropy")
    assert table["value"].iloc[1] == 1 and table["value"].iloc[0] < 0.5


def test_a_motif_that_lowers_a_value_correlates_negatively():
    values = np.array([[1.0], [2], [3], [np.nan]])
    hits = np.array([[3, 5.0, 1], [2, 5, 2], [1, 5, 3], [99, 5, 99]], dtype=np.float32)
    table = score_motifs(hits, values, ["down", "flat", "up"], ["y"], "regression")
    np.testing.assert_allclose(table["value"], [-1, np.nan, 1])
    assert set(table["metric"]) == {"pcc"}
    assert set(table["n"]) == {3} and table["n_positive"].isna().all()


def test_a_flat_motif_scores_the_base_rate_and_no_positives_score_nothing():
    labels = np.array([[1.0, 0], [0, 0], [0, 0], [0, 0]])
    table = score_motifs(np.ones((4, 1), dtype=np.float32), labels, ["flat"], ["x", "y"], "binary")
    np.testing.assert_array_equal(table["value"], [0.25, np.nan])


@pytest.fixture
def scan(root):
    return runpy.run_path(str(root / "scripts" / "scan.py"))["main"]


RUN = {"dataset": "all", "model": "explainn", "seed": "2"}
SETTINGS = {"splits": ["validation", "test"], "scoring": "log_probabilities", "floor": 1e-4}


def planted(path, splits):
    """A data set whose bound sequences hold GATTACA, half of them on the other strand."""
    X, labels = random_codes(60, 40, letters=4), np.arange(60) % 2
    X[labels == 1, 10:17] = encode(["GATTACA"])
    X[::4], X[1::4] = reverse_complement(X[::4]), reverse_complement(X[1::4])
    data = dataset.build([f"s{i}" for i in range(60)], X, labels[:, None], ["NA"])
    data.obs["split"] = pd.Categorical(np.repeat(splits, 60 // len(splits)))
    data.uns.update(task="binary", source="made", assembly="")
    dataset.save(data, path)


def test_the_script_scores_the_parts_that_there_are(scan, tmp_path):
    gattaca = Motif("unit0", "", np.eye(4)[encode(["GATTACA"])[0]].T)
    write_meme(tmp_path / "m.meme", [gattaca, *random_motifs([6])])
    planted(tmp_path / "all.h5ad", ["train", "validation", "test"])
    scan(RUN, tmp_path / "m.meme", tmp_path / "all.h5ad", SETTINGS, tmp_path / "all.tsv")
    table = read_table(tmp_path / "all.tsv", dtype={"target": str})
    columns = ["motif", "part", "target", "metric", "value", "n", "n_positive"]
    assert list(table) == [*RUN, *columns]
    assert table[list(RUN)].astype(str).to_dict("records") == [RUN] * 4
    assert list(table["part"]) == ["validation"] * 2 + ["test"] * 2
    assert set(table["target"]) == {"NA"} and set(table["n"]) == {20}
    assert (table.loc[table["motif"] == "unit0", "value"] == 1).all()
    assert (table.loc[table["motif"] == "m0", "value"] < 1).all()
    planted(tmp_path / "few.h5ad", ["train", "validation"])
    of_set = {"dataset": "few", "motif_set": "known"}
    scan(of_set, tmp_path / "m.meme", tmp_path / "few.h5ad", SETTINGS, tmp_path / "few.tsv")
    table = read_table(tmp_path / "few.tsv")
    assert list(table["part"]) == ["validation"] * 2
    assert list(table) == [*of_set, *columns] and set(table["motif_set"]) == {"known"}


def test_the_script_takes_a_set_without_motifs_but_no_empty_parts(scan, tmp_path):
    write_meme(tmp_path / "none.meme", [])
    planted(tmp_path / "all.h5ad", ["train", "validation"])
    of_set = {"dataset": "all", "motif_set": "none"}
    scan(of_set, tmp_path / "none.meme", tmp_path / "all.h5ad", SETTINGS, tmp_path / "none.tsv")
    table = read_table(tmp_path / "none.tsv")
    assert table.empty and list(table)[:2] == list(of_set)
    only_test = SETTINGS | {"splits": ["test"]}
    with pytest.raises(InputError, match="no sequences in the parts test"):
        scan(of_set, tmp_path / "none.meme", tmp_path / "all.h5ad", only_test, tmp_path / "x.tsv")
