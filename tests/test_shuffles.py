"""Dinucleotide shuffles: exact counts, every possible one, each as likely as any other."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.sequence import decode, encode, reverse_complement


def random_codes(n, length):
    return np.random.default_rng(0).integers(0, 4, (n, length)).astype(np.uint8)


def counts(codes):
    return Counter(zip(codes[:-1].tolist(), codes[1:].tolist()))


def test_shuffles_keep_dinucleotides():
    X = random_codes(12, 60)
    X[0, 10:14], X[1, 0], X[2, -1], X[3, ::3], X[4], X[5] = 4, 4, 4, 4, 4, 0
    shuffled = dinucleotide_shuffles(X, 5, 1)
    assert shuffled.shape == (12, 5, 60) and shuffled.dtype == np.uint8
    for codes, copies in zip(X, shuffled):
        for copied in copies:
            assert counts(copied) == counts(codes)
            assert ((copied == 4) == (codes == 4)).all()
    assert (shuffled[6:] != X[6:, None]).any(axis=2).all()
    assert len(np.unique(shuffled[6], axis=0)) == 5
    np.testing.assert_array_equal(dinucleotide_shuffles(X[6:8], 3, 1), shuffled[6:8, :3])
    assert (dinucleotide_shuffles(X[6:8], 3, 2) != shuffled[6:8, :3]).any()


def every_shuffle(sequence):
    """All sequences with the same ends and counts of dinucleotides, by trying every edge."""
    found = set()

    def extend(path, left):
        if len(path) == len(sequence):
            found.add(path)
        for pair in [pair for pair, n in left.items() if n and pair[0] == path[-1]]:
            extend(path + pair[1], left - Counter([pair]))

    extend(sequence[0], Counter(map("".join, zip(sequence, sequence[1:]))))
    return found


@pytest.mark.parametrize(
    "sequence, possible",
    [("ACCCACGATGATG", 27), ("AAAACCCGTACA", 60), ("CATCATCGTGGGT", 27), ("ACGTACGTAA", 3)],
)
def test_every_possible_shuffle_is_equally_likely(sequence, possible):
    wanted = every_shuffle(sequence)
    drawn = Counter(decode(dinucleotide_shuffles(encode([sequence]), 20_000, 1)[0]))
    assert len(wanted) == possible and set(drawn) == wanted
    assert chisquare([drawn[one] for one in wanted]).pvalue > 1e-3


def test_a_motif_survives_equally_rarely_at_both_ends():
    # Reads of 20 bp with TGACTCA at the 3' end; their reverse complements have it at the 5' end.
    reads = random_codes(20_000, 20)
    reads[:, -7:] = encode(["TGACTCA"])
    shares = []
    for codes, motif in ((reads, "TGACTCA"), (reverse_complement(reads), "TGAGTCA")):
        shuffled = decode(dinucleotide_shuffles(codes, 1, 0)[:, 0])
        shares.append(np.mean([motif in one for one in shuffled]))
    assert max(shares) < 0.02
    assert abs(shares[0] - shares[1]) < 0.004


def test_all_but_the_ends_move():
    shuffled = dinucleotide_shuffles(random_codes(50, 40), 50, 0)
    moved = (shuffled != random_codes(50, 40)[:, None]).mean(axis=(0, 1))
    assert moved[0] == moved[-1] == 0
    assert moved[1:-1].min() > 0.4


def test_copies_do_not_depend_on_how_many_sequences_are_shuffled_at_once(monkeypatch):
    codes = random_codes(30, 25)
    together = dinucleotide_shuffles(codes, 4, 0)
    monkeypatch.setattr("workflow_lib.data.shuffles._AT_ONCE", 300)
    np.testing.assert_array_equal(dinucleotide_shuffles(codes, 4, 0), together)
