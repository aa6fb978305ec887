"""Dinucleotide shuffles of sequences, each as likely as any other."""

import itertools
import zlib

import numpy as np

from workflow_lib.sequence import UNKNOWN

# Sequences x bases that are shuffled at once: some 100 MB.
_AT_ONCE = 2**21
_BASES = range(4)
# Of the last edge that leaves a base: sorted behind all others.
_LAST = np.uint64(2**61 - 1)


def dinucleotide_shuffles(codes: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Shuffled copies of each sequence with exactly its counts of dinucleotides.

    A sequence is a path through a graph whose nodes are the bases and whose edges are its
    dinucleotides. A uniformly drawn spanning tree says by which edge each base is left for the last
    time, the other edges are put in random order, and following them gives any sequence with these
    dinucleotides and these two ends with the same probability (Kandel et al. 1996). The trees are
    listed and weighted, as there are at most 16 over four bases.

    Parameters
    ----------
    codes
        uint8 (m, length). An N stays where it is; each stretch between Ns is shuffled by itself
        and keeps its first and last base, as any such shuffle does.
    n
        Copies of each.
    seed
        Together with the sequence itself it determines that sequence's copies, so they do not
        depend on the other sequences.

    Returns
    -------
    ndarray
        uint8 (m, n, length).
    """
    shuffled = np.repeat(codes[:, None], n, axis=1)
    own = [zlib.crc32(np.ascontiguousarray(row).tobytes(), seed % 2**32) for row in codes]
    seeds = np.array(own, dtype=np.uint64)[:, None] << np.uint64(32)
    seeds = _mixed(seeds + np.arange(n, dtype=np.uint64))
    known = (codes < UNKNOWN).all(axis=1)
    rows, length = np.flatnonzero(known), codes.shape[1] if codes.ndim > 1 else 0
    step = max(1, _AT_ONCE // max(1, n * length))
    for start in range(0, len(rows), step):
        chosen = rows[start : start + step]
        shuffled[chosen] = _shuffle_each(shuffled[chosen], seeds[chosen])
    for i in np.flatnonzero(~known):
        edges = np.flatnonzero(np.diff(codes[i] < UNKNOWN, prepend=False, append=False))
        for start, stop in zip(edges[::2], edges[1::2]):
            part = shuffled[i : i + 1, :, start:stop]
            own_seeds = _mixed(seeds[i : i + 1] + np.uint64(start))
            shuffled[i, :, start:stop] = _shuffle_each(part, own_seeds)[0]
    return shuffled


def _mixed(values: np.ndarray) -> np.ndarray:
    """Random 64 bits for each different value: the generator SplitMix64 (Steele et al. 2014)."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _shuffle_each(codes: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Shuffle every one of (m, n, length) known bases with its own seed (m, n)."""
    length = codes.shape[2]
    if length < 4 or codes.size == 0:  # both ends stay: nothing to move
        return codes
    flat = codes.reshape(-1, length)
    source, following = flat[:, :-1], flat[:, 1:]
    random = _mixed(seeds.reshape(-1, 1) + np.arange(length, dtype=np.uint64) * np.uint64(2**40))
    # Edges sorted by the base that they leave, in random order but for the last one.
    order = random[:, 1:] >> np.uint64(3)
    chance = (random[:, 0] >> np.uint64(11)).astype(float) / 2**53
    for base, target in enumerate(_spanning_trees(flat, chance).T):
        edge = (source == base) & (following == target[:, None])
        rows = np.flatnonzero(edge.any(axis=1) & (flat[:, -1] != base))
        order[rows, edge[rows].argmax(axis=1)] = _LAST
    order |= source.astype(np.uint64) << np.uint64(61)
    targets = np.take_along_axis(following, np.argsort(order, axis=1), axis=1)
    return _walked(flat[:, 0], targets, _counts(source)).reshape(codes.shape)


def _counts(source: np.ndarray) -> np.ndarray:
    """How often each base occurs: int (rows, 4)."""
    return np.stack([(source == base).sum(axis=1) for base in _BASES], axis=1)


def _spanning_trees(codes: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """For each sequence and base the base that follows its last occurrence: int (rows, 4).

    Drawn with `chance` (rows,) from 0 to 1 among the trees that lead to the last base, each as
    often as the dinucleotides allow. Means nothing for the last base, and for bases that are not
    there.
    """
    pairs = 4 * codes[:, :-1].astype(np.int64) + codes[:, 1:]
    n = np.stack([(pairs == pair).sum(axis=1) for pair in range(16)], axis=1).reshape(-1, 4, 4)
    absent = ~n.any(axis=2)
    chosen = np.zeros((len(codes), 4), dtype=np.int64)
    for root in _BASES:
        rows = np.flatnonzero(codes[:, -1] == root)
        ways = n[rows].astype(float)
        # A base that is not there hangs on the root, in one way.
        ways[..., root][absent[rows]] = 1
        ways[:, root] = 1
        trees = np.array(_TREES[root])
        weights = np.prod([ways[:, base, trees[:, base]] for base in _BASES], axis=0)
        sums = weights.cumsum(axis=1)
        drawn = (sums <= (chance[rows] * sums[:, -1])[:, None]).sum(axis=1)
        chosen[rows] = trees[drawn]
    return chosen


def _trees_to(root: int) -> list[tuple[int, ...]]:
    """The 16 ways to lead each base to the root, as the base that follows each."""

    def reaches(parents: tuple[int, ...], base: int) -> bool:
        for _ in _BASES:
            base = parents[base]
        return base == root

    every = itertools.product(_BASES, repeat=4)
    return [p for p in every if p[root] == root and all(reaches(p, base) for base in _BASES)]


_TREES = [_trees_to(root) for root in _BASES]


def _walked(first: np.ndarray, targets: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Follow the edges: codes uint8 (rows, length).

    Parameters
    ----------
    first
        First bases (rows,).
    targets
        Where edges lead (rows, length - 1), sorted by the base that they leave.
    counts
        How many leave each base (rows, 4).
    """
    n, length = len(first), targets.shape[1] + 1
    ends = np.cumsum(counts, axis=1)
    # Positions in the flattened arrays, so that each step is two look-ups.
    next_edge = (ends - counts + np.arange(n)[:, None] * (length - 1)).ravel()
    flat, rows = targets.ravel(), np.arange(n) * 4
    walked = np.empty((length, n), dtype=np.uint8)
    walked[0] = first
    for i in range(1, length):
        base = rows + walked[i - 1]
        edge = next_edge[base]
        walked[i] = flat[edge]
        next_edge[base] = edge + 1
    return walked.T
