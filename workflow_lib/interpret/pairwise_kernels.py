"""Compiled loops of `pairwise_units`: one unit of an ExplaiNN, all pairs of substitutions.

Numba compiles them at their first call in a process (seconds). Row 3 i + a is the a-th substitution
of position i; its partners are the rows of the positions behind i. Innermost loops run over
partners, which are side by side in memory, so that the processor takes many at a time.
"""

from typing import NamedTuple

import numba
import numpy as np

# No NaN, no signed zero; the order of sums is kept.
_MATH = {"contract", "nnan", "nsz"}


class Unit(NamedTuple):
    """A unit and a sequence of length L; all arrays float32, but `windows` and `reach` integers.

    Attributes
    ----------
    base
        (strands, positions): the maps before exp.
    added
        (strands, positions, rows): what each substitution adds to them.
    windows
        (windows, 2): first position of each pooling window, and last + 1.
    reach
        (L, 2): first window that a base can change, and last + 1.
    pooled
        (windows,): the pooled values.
    first, shifts
        (nodes, windows), (nodes,): the first layer; nodes are a multiple of 4.
    weights, shift
        (nodes,), (1,): the second layer, to the unit's output.
    """

    base: np.ndarray
    added: np.ndarray
    windows: np.ndarray
    reach: np.ndarray
    pooled: np.ndarray
    first: np.ndarray
    shifts: np.ndarray
    weights: np.ndarray
    shift: np.ndarray


@numba.njit(fastmath=_MATH)
def substitution_maps(
    filters: np.ndarray, codes: np.ndarray, letters: np.ndarray, positions: int
) -> np.ndarray:
    """What each substitution adds to a unit's maps, (strands, positions, rows).

    Filters (strands, 4, k), codes (L,), letters (L, 3) that they become.
    """
    strands, _, k = filters.shape
    n, others = letters.shape
    added = np.zeros((strands, positions, n * others), np.float32)
    for strand in range(strands):
        for i in range(n):
            for t in range(max(0, i - k + 1), min(positions, i + 1)):
                for a in range(others):
                    before = filters[strand, codes[i], i - t]
                    added[strand, t, i * others + a] = (
                        filters[strand, letters[i, a], i - t] - before
                    )
    return added


@numba.njit(fastmath=_MATH)
def pooled_changes(unit: Unit) -> np.ndarray:
    """Change of each pooled value by each substitution alone, (windows, rows)."""
    rows = unit.added.shape[2]
    others = rows // len(unit.reach)
    changes = np.zeros((len(unit.pooled), rows), np.float32)
    for r in range(rows):
        for b in range(unit.reach[r // others, 0], unit.reach[r // others, 1]):
            highest = np.float32(-np.inf)
            for strand in range(len(unit.base)):
                for t in range(unit.windows[b, 0], unit.windows[b, 1]):
                    highest = max(highest, unit.base[strand, t] + unit.added[strand, t, r])
            changes[b, r] = np.exp(highest) - unit.pooled[b]
    return changes


@numba.njit(fastmath=_MATH)
def pair_interactions(unit: Unit, changes: np.ndarray, k: int) -> np.ndarray:
    """Output with both substitutions, minus that with each one, plus that of the sequence.

    Parameters
    ----------
    unit
        See there.
    changes
        From `pooled_changes`.
    k
        Length of the filter.

    Returns
    -------
    ndarray
        float32 (rows, rows), filled where the second position lies behind the first; else 0.
    """
    length, rows, zero = len(unit.reach), changes.shape[1], np.float32(0)
    others, hidden = rows // length, np.dot(unit.first, changes)
    alone = np.full(rows + 1, unit.shift[0], np.float32)  # the last one: without substitution
    _add_nodes(alone[:rows], unit.shifts, hidden, 0, unit.weights)
    _add_nodes(alone[rows:], unit.shifts, np.zeros((len(hidden), 1), np.float32), 0, unit.weights)
    for r in range(rows + 1):
        alone[r] = max(alone[r], zero)
    found = np.zeros((rows, rows), np.float32)
    for r in range(rows):
        start = others * (r // others + 1)
        stop = start
        for b in range(unit.reach[r // others, 0], unit.reach[r // others, 1]):
            stop = max(stop, others * min(length, unit.windows[b, 1] + k - 1))
        own, sums, both = unit.shifts + hidden[:, r], found[r, start:], alone[r] - alone[rows]
        sums[:] = unit.shift[0]
        if stop > start:
            near = _sharing_windows(unit, changes, k, r, hidden[:, start:stop].copy())
            _add_nodes(sums[: stop - start], own, near, 0, unit.weights)
        _add_nodes(sums[stop - start :], own, hidden, stop, unit.weights)
        behind = alone[start:rows]
        for j in range(len(sums)):
            sums[j] = max(sums[j], zero) - behind[j] - both
    return found


@numba.njit(fastmath=_MATH)
def _sharing_windows(
    unit: Unit, changes: np.ndarray, k: int, r: int, hidden: np.ndarray
) -> np.ndarray:
    """Partners' hidden changes (nodes, n), corrected where they share pooling windows with row r.

    In such a window the pooled value under both is not the sum of what each does.
    """
    length, others = len(unit.reach), changes.shape[1] // len(unit.reach)
    start = others * (r // others + 1)
    joint = np.empty(hidden.shape[1], np.float32)
    for b in range(unit.reach[r // others, 0], unit.reach[r // others, 1]):
        n = others * min(length, unit.windows[b, 1] + k - 1) - start
        if n <= 0:
            continue
        joint[:n] = -np.inf
        for strand in range(len(unit.base)):
            for t in range(unit.windows[b, 0], unit.windows[b, 1]):
                own = unit.base[strand, t] + unit.added[strand, t, r]
                partners = unit.added[strand, t, start : start + n]
                for j in range(n):
                    joint[j] = max(joint[j], own + partners[j])
        alone, partners = unit.pooled[b] + changes[b, r], changes[b, start : start + n]
        for j in range(n):
            joint[j] = np.exp(joint[j]) - alone - partners[j]
        for node in range(len(hidden)):
            weight, row = unit.first[node, b], hidden[node]
            for j in range(n):
                row[j] += weight * joint[j]
    return hidden


@numba.njit(fastmath=_MATH)
def _add_nodes(
    sums: np.ndarray, own: np.ndarray, hidden: np.ndarray, start: int, weights: np.ndarray
) -> None:
    """Add to sums (n,) each node's weight times ReLU(own + hidden), four nodes at a time.

    Own (nodes,), hidden (nodes, at least start + n), read from `start` on, weights (nodes,).
    """
    zero, n = np.float32(0), len(sums)
    for k in range(0, len(own), 4):
        a, b, c, d = own[k], own[k + 1], own[k + 2], own[k + 3]
        u, v, w, x = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        e, f = hidden[k, start : start + n], hidden[k + 1, start : start + n]
        g, h = hidden[k + 2, start : start + n], hidden[k + 3, start : start + n]
        for j in range(n):
            first = u * max(a + e[j], zero) + v * max(b + f[j], zero)
            sums[j] += first + (w * max(c + g[j], zero) + x * max(d + h[j], zero))
