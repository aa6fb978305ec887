"""Which base each row of a one-hot array stands for, tested on the sequences themselves.

Pairs of neighbouring bases are not as frequent as their bases make them: in the DNA of vertebrates
CpG is depleted, TpA too, and CpA and TpG abound; and both strands are alike, so that A is as
frequent as T, and C as G. The likelihood of the pairs under each of the 24 orders tells the right
one, and how much it differs between sequences, which are independent of each other as neighbours
in a sequence are not, tells how sure that is.
"""

import logging
from itertools import permutations

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.sequence import ALPHABET

log = logging.getLogger(__name__)

# Observed over expected pairs of bases, first base x second base in the order ACGT, of the 426,037
# accessible regions of ten human chromosomes (the same for a pair and its reverse complement).
_PAIRS = np.array(
    [
        [1.11, 0.84, 1.22, 0.85],
        [1.25, 1.18, 0.28, 1.22],
        [0.99, 1.02, 1.18, 0.84],
        [0.68, 0.99, 1.25, 1.11],
    ]
)
# Standard errors by which one order has to be better than another one.
_CLEARLY = 4.0
_FEWEST, _MOST = 20, 10_000  # sequences


def check_order(codes: np.ndarray, order: str, name: str) -> list[str]:
    """Refuse sequences that were read in the wrong order of bases.

    Parameters
    ----------
    codes
        uint8 (n, length) as read in `order`.
    order
        The bases of the four rows, such as ATGC.
    name
        The file, for messages.

    Returns
    -------
    list of str
        A note that the order was confirmed; none where the sequences are too few, or too unlike
        those of vertebrates, to tell it from another one, of which is warned.

    Raises
    ------
    InputError
        Another order is better by four standard errors: names it, with the pairs and bases of both.
    """
    chosen = codes[np.unique(np.linspace(0, len(codes) - 1, min(len(codes), _MOST)).astype(int))]
    counts, bases = _pair_counts(chosen), _base_counts(chosen)
    weights = {other: _log_likelihoods(bases, order, other) for other in _orders()}
    ranked = sorted(weights, key=lambda other: -float((counts @ weights[other]).sum()))
    best = ranked[0]
    rival = best if best != order else ranked[1]
    # Of each sequence, by how much the rival explains it better.
    z = _standard_errors(counts @ (weights[rival] - weights[order]))
    if len(chosen) < _FEWEST or abs(z) < _CLEARLY:
        log.warning(
            "%s: one_hot_order: %s could not be confirmed; %d sequences do not tell it from %s "
            "(%.1f standard errors, wanted %g)", name, order, len(chosen), rival, abs(z), _CLEARLY,
        )  # fmt: skip
        return []
    said = _said(counts, bases, order, order)
    if best == order:
        return [f"{name}: one_hot_order: {order} fits best: {said}"]
    raise InputError(
        f"{name}: with one_hot_order: {order} {said}; with {best} "
        f"{_said(counts, bases, order, best)}, which is better by {z:.0f} standard errors over "
        f"{len(chosen)} sequences; wanted one_hot_order: {best}, or check_order: false for "
        "sequences that are not of a vertebrate"
    )


def _standard_errors(values: np.ndarray) -> float:
    """Mean of values (n,) in standard errors; 0 where they do not vary but by rounding."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean() / error) if error > 1e-9 * np.abs(values).max(initial=0) else 0.0


def _orders() -> list[str]:
    return ["".join(letters) for letters in permutations(ALPHABET)]


def _pair_counts(codes: np.ndarray) -> np.ndarray:
    """Neighbouring bases of each sequence: float (n, 16), first x second."""
    first, second = codes[:, :-1], codes[:, 1:]
    known = (first < 4) & (second < 4)
    pairs = np.where(known, 4 * first + second, 16)
    return np.stack([(pairs == i).sum(axis=1) for i in range(16)], axis=1).astype(np.float64)


def _base_counts(codes: np.ndarray) -> np.ndarray:
    return np.bincount(codes.ravel(), minlength=5)[:4].astype(np.float64)


def _renamed(order: str, other: str) -> np.ndarray:
    """The code that each code, read in one order of the rows, has in another order."""
    return np.array([ALPHABET.index(other[order.index(base)]) for base in ALPHABET])


def _log_likelihoods(bases: np.ndarray, order: str, other: str) -> np.ndarray:
    """Log probability of each pair (16,), as read in `order`, if `other` is the right order."""
    codes = _renamed(order, other)
    frequencies = np.empty(4)
    frequencies[codes] = bases / max(bases.sum(), 1)
    both_strands = (frequencies + frequencies[::-1]) / 2
    expected = np.outer(both_strands, both_strands) * _PAIRS
    # A base that never occurs has no pairs to explain.
    logs = np.log(np.maximum(expected / max(expected.sum(), 1e-12), 1e-12))
    return logs[np.ix_(codes, codes)].ravel()


def _said(counts: np.ndarray, bases: np.ndarray, order: str, other: str) -> str:
    """Depletion of CpG and TpA, and frequencies of the bases, if `other` is the right order."""
    codes = _renamed(order, other)
    frequencies, pairs = np.empty(4), np.empty((4, 4))
    frequencies[codes] = bases / max(bases.sum(), 1)
    pairs[np.ix_(codes, codes)] = counts.sum(axis=0).reshape(4, 4)
    expected = pairs.sum(axis=1)[:, None] * pairs.sum(axis=0) / max(pairs.sum(), 1)
    ratios = pairs / np.maximum(expected, 1e-12)
    named = ", ".join(f"{base} {one:.3f}" for base, one in zip(ALPHABET, frequencies, strict=True))
    return (
        f"CpG is {ratios[1, 2]:.2f} and TpA {ratios[3, 0]:.2f} of what their bases make them "
        f"({named})"
    )
