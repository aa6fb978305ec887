"""Rows of `make bench` about scanning with motifs.

Each row is a name, a function that returns the measured value as text, what it is held against and
what is wanted.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from workflow_lib.motif import Motif  # noqa: E402
from workflow_lib.motifs.scanning import best_hits  # noqa: E402
from workflow_lib.sequence import reverse_complement  # noqa: E402

MOTIFS, WIDTH, SEQUENCES, LENGTH = 100, 19, 20_000, 200
FEW = 3  # motifs that the plain way is timed with


def example() -> tuple[list[Motif], np.ndarray]:
    """Random motifs and sequences."""
    rng = np.random.default_rng(0)
    motifs = [Motif(f"m{i}", "", rng.dirichlet([0.3] * 4, size=WIDTH).T) for i in range(MOTIFS)]
    return motifs, rng.integers(0, 4, (SEQUENCES, LENGTH), dtype=np.uint8)


def one_by_one(motifs: list[Motif], X: np.ndarray) -> np.ndarray:
    """Best hits the plain way: motif by motif and column by column, all sequences at once."""
    hits = np.empty((len(X), len(motifs)), dtype=np.float32)
    strands = (X, reverse_complement(X))
    for i, motif in enumerate(motifs):
        scores = np.log(np.maximum(motif.probabilities, 1e-4)).astype(np.float32)
        places = X.shape[1] - motif.width + 1
        sums = []
        for x in strands:
            total = np.zeros((len(X), places), dtype=np.float32)
            for k in range(motif.width):
                total += scores[:, k][x[:, k : k + places]]
            sums.append(total.max(axis=1))
        hits[:, i] = np.maximum(*sums)
    return hits


def scanning() -> str:
    """Seconds, and how many times as long the plain way takes (from a few of the motifs)."""
    motifs, X = example()
    best_hits(motifs, X[:100])
    start = time.perf_counter()
    ours = best_hits(motifs, X)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    plain = one_by_one(motifs[:FEW], X)
    ratio = (time.perf_counter() - start) * MOTIFS / FEW / seconds
    # Not a time for results that differ.
    np.testing.assert_allclose(ours[:, :FEW], plain, atol=1e-3)
    return f"{seconds:.1f} s ({ratio:.1f}x)"


ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    ("scan 100 PWMs x 20,000 seqs", scanning, "plain numpy, motif by motif", "<= 10 s"),
]
