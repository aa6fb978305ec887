"""Random sequences and motif sites planted in them: the random part of a simulation."""

from collections.abc import Mapping, Sequence

import numpy as np

from workflow_lib.motif import Motif
from workflow_lib.sequence import reverse_complement


def planting_rates(uses: np.ndarray, fractions: np.ndarray, decoy_fraction: float) -> np.ndarray:
    """How often to plant each motif so that each target has its fraction of positives.

    Motifs are planted independently, so that fraction is 1 - prod(1 - rate). Motifs of one target
    alone have equal rates; a shared one has the lowest rate that any of its targets needs, and the
    motifs of the other targets compensate. A target with shared motifs only may stay below.

    Parameters
    ----------
    uses
        Bool (targets, motifs); a motif of no target is a decoy.
    fractions
        (targets,), each in (0, 1).

    Returns
    -------
    ndarray
        (motifs,) shares of the sequences.
    """
    equal = 1 - (1 - fractions) ** (1 / uses.sum(axis=1))
    rates = np.where(uses, equal[:, None], np.inf).min(axis=0)
    rates[~uses.any(axis=0)] = decoy_fraction
    shared = uses.sum(axis=0) > 1
    for used, fraction in zip(uses, fractions):
        own = used & ~shared
        if own.any():
            left = (1 - fraction) / np.prod(1 - rates[used & shared])
            rates[own] = 1 - left ** (1 / own.sum())
    return rates


def background(
    rng: np.random.Generator, n: int, length: int, gc: float, cpg: float = 1.0
) -> np.ndarray:
    """Random sequence of a given GC content and CpG depletion, equal on both strands.

    Neighbouring letters are independent except CG, whose probability is multiplied by `cpg`; the
    other pairs are fitted (rows and columns in turn) to keep the GC content.

    Returns
    -------
    ndarray
        uint8 codes (n, length).
    """
    letters = np.array([1 - gc, gc, gc, 1 - gc]) / 2
    cg = cpg * letters[1] * letters[2]
    rows, columns = letters - [0, cg, 0, 0], letters - [0, 0, cg, 0]
    joint = np.outer(letters, letters)
    joint[1, 2] = 0
    for _ in range(200):
        joint *= (rows / joint.sum(axis=1))[:, None]
        joint *= columns / joint.sum(axis=0)
    joint[1, 2] = cg
    steps = (joint / joint.sum(axis=1, keepdims=True)).cumsum(axis=1)[:, :3]
    codes = np.empty((n, length), dtype=np.uint8)
    draws = rng.random((length, n))
    for i in range(length):
        bounds = letters.cumsum()[None, :3] if i == 0 else steps[codes[:, i - 1]]
        codes[:, i] = (draws[i][:, None] > bounds).sum(axis=1)
    return codes


def place_sites(
    rng: np.random.Generator,
    shape: tuple[int, int],
    rates: np.ndarray,
    widths: np.ndarray,
    per_sequence: Sequence[int],
) -> dict[str, np.ndarray]:
    """Choose which motif is planted where; sites never overlap.

    Parameters
    ----------
    shape
        Number and length of the sequences.
    rates, widths
        (motifs,) share of the sequences that carry it; width in bp.
    per_sequence
        Smallest and largest number of sites of a motif in a sequence that carries it.

    Returns
    -------
    dict of ndarray
        sequence, motif, start, forward (strand); one entry per site. Sites that no longer fit into
        a full sequence are left out.
    """
    n, length = shape
    fewest, most = per_sequence
    size = (n, len(rates))
    counts = (rng.random(size) < rates) * rng.integers(fewest, most + 1, size)
    sequence, motif = (
        np.repeat(index, counts.ravel()) for index in np.indices(size).reshape(2, -1)
    )
    # A random order within each sequence; sites that do not fit any more are left out.
    order = np.lexsort((rng.random(len(sequence)), sequence))
    sequence, motif = sequence[order], motif[order]
    ends = _running_sum(sequence, widths[motif])
    fits = ends <= length
    sequence, motif, ends = sequence[fits], motif[fits], ends[fits]
    # The free positions of a sequence are distributed between its sites at random.
    taken = np.zeros(n, dtype=int)
    np.add.at(taken, sequence, widths[motif])
    gaps = rng.random(len(sequence))
    gaps = gaps[np.lexsort((gaps, sequence))]
    free = length - taken[sequence]
    start = ends - widths[motif] + (gaps * (free + 1)).astype(int)
    forward = rng.random(len(sequence)) < 0.5
    return {"sequence": sequence, "motif": motif, "start": start, "forward": forward}


def _running_sum(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Cumulative sums of values within each (sorted) group."""
    total = values.cumsum()
    first = np.searchsorted(group, group, side="left")
    return total - (total - values)[first]


def write_sites(
    rng: np.random.Generator,
    codes: np.ndarray,
    sites: Mapping[str, np.ndarray],
    motifs: Sequence[Motif],
) -> None:
    """Draw the letters of each site from its motif's matrix, column by column, into `codes`."""
    for i, motif in enumerate(motifs):
        mine = sites["motif"] == i
        bounds = (motif.probabilities / motif.probabilities.sum(axis=0)).cumsum(axis=0)[:3]
        draws = rng.random((int(mine.sum()), 1, motif.width))
        letters = (draws > bounds).sum(axis=1).astype(np.uint8)
        letters = np.where(sites["forward"][mine, None], letters, reverse_complement(letters))
        place = sites["start"][mine, None] + np.arange(motif.width)
        codes[sites["sequence"][mine, None], place] = letters
