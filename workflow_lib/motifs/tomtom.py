"""Which known motif does a motif resemble? Tomtom (Gupta et al. 2007) with MEME's q-values.

The p-values are memelite's, which agree with those of MEME's program; the q-values follow MEME's
recipe. The first call on a machine compiles for half a minute; the result is cached on disk.
"""

import fcntl
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.interpret.units import unit_number
from workflow_lib.motif import Motif, information

COLUMNS = ["unit", "profile", "p_value", "e_value", "q_value", "offset", "overlap", "orientation"]
log = logging.getLogger(__name__)
# Bits in a whole motif below which there is nothing to compare (a unit that is active everywhere).
_FLAT = 1e-3


class Comparison(NamedTuple):
    """Each query against each target and against its reverse complement.

    Attributes
    ----------
    p_value
        Float (queries, 2 x targets): the targets, then their reverse complements.
    offset
        Columns by which the query starts right of the target (negative: left of it).
    overlap
        Columns in which the two overlap.
    """

    p_value: np.ndarray
    offset: np.ndarray
    overlap: np.ndarray


def compare(queries: Sequence[Motif], targets: Sequence[Motif]) -> Comparison:
    """P-values of the best ungapped alignments of motifs, for each strand separately.

    Tomtom corrects a p-value for having looked at both strands: p' = 1 - (1 - p)^2.

    Parameters
    ----------
    queries
        At least one; none flat (information 0).
    targets
        The database. The p-values' null model is drawn from its columns: below 25 targets a
        warning says that they mean little.

    Returns
    -------
    Comparison
        Arrays (queries, 2 x targets).
    """
    forward = [np.asarray(motif.probabilities, dtype=float) for motif in targets]
    both = forward + [matrix[::-1, ::-1] for matrix in forward]
    wanted = [np.asarray(motif.probabilities, dtype=float) for motif in queries]
    p, _, offset, overlap, _ = _compiled()(wanted, both, reverse_complement=False, n_jobs=1)
    p = np.clip(p, 0, 1)
    # p (2 - p) is 1 - (1 - p)^2 without losing small p to rounding.
    return Comparison(p * (2 - p), offset.astype(int), overlap.astype(int))


def one_strand_p_values(queries: list[np.ndarray], targets: list[np.ndarray]) -> np.ndarray:
    """P-values (queries, targets) of matrices (4, width) as they are, each on its one strand."""
    p, *_ = _compiled()(queries, targets, reverse_complement=False, n_jobs=1)
    return np.clip(p, 0, 1)


@cache
def _compiled() -> Callable:
    """Memelite's Tomtom, after a call that lets numba compile it or find it in its cache.

    Of the jobs of a machine only one compiles; the others wait and find the result.
    """
    # Imported here: it loads numba, which readers of results need not wait for.
    import memelite

    motifs = list(np.random.default_rng(0).dirichlet(np.ones(4), size=(30, 10)).transpose(0, 2, 1))
    with open(memelite.__file__) as installed:  # any file of the installation will do
        with suppress(OSError):  # a file system without locks: then every job compiles
            fcntl.flock(installed, fcntl.LOCK_EX)
        log.info("loading Tomtom (first used on a machine it is compiled, for half a minute)")
        memelite.tomtom(motifs[:3], motifs, reverse_complement=False, n_jobs=1)
    return memelite.tomtom


def q_values(p: np.ndarray, n_lambdas: int = 100, largest: float = 0.5) -> np.ndarray:
    """Storey's q-values of one query's p-values, as MEME computes them.

    The fraction of true nulls is estimated as #{p > lambda} / ((1 - lambda) m) at 100 lambdas up to
    .5, of which the one is taken whose bootstrap mean squared error around the smallest estimate
    is least. MEME draws samples of 1000 for that; here their expected error is computed
    (variance of a binomial share + squared distance), so that no seed is needed.

    Parameters
    ----------
    p
        (m,) p-values.
    n_lambdas, largest
        The grid of lambdas.

    Returns
    -------
    ndarray
        (m,) q-values; of two p-values the smaller never has the larger q.
    """
    p = np.asarray(p, dtype=float)
    order, m = np.argsort(p, kind="stable"), len(p)
    if m == 0:
        return p.copy()
    lambdas = np.arange(1, n_lambdas + 1) * largest / n_lambdas
    share = 1 - np.searchsorted(p[order], lambdas, side="right") / m
    estimates = share / (1 - lambdas)
    variance = share * (1 - share) / 1000 / (1 - lambdas) ** 2
    error = variance + (estimates - estimates.min()) ** 2
    null = min(1.0, estimates[error.argmin()])
    stepped = null * m * p[order] / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1)
    return q


def tomtom(
    queries: Sequence[Motif], targets: Sequence[Motif], q_threshold: float = 0.05
) -> pd.DataFrame:
    """Pairs of a query and a target that resemble each other.

    Parameters
    ----------
    queries
        Motifs to annotate; flat ones have no pairs.
    targets
        Known motifs.
    q_threshold
        Largest q-value of a pair (paper: .05); 1 gives all pairs.

    Returns
    -------
    DataFrame
        Columns unit, profile, p_value, e_value (p x number of targets), q_value, offset (of the
        query relative to the target, as MEME counts it), overlap, orientation (`-`: the target's
        reverse complement is the one that fits). In the queries' order, best first. `unit` is the
        number if all ids are like `unit7`, else the query's id.

    Raises
    ------
    InputError
        No targets.
    """
    if not targets:
        raise InputError("there are no target motifs to compare with; wanted at least one")
    units = _units(queries)
    kept = [i for i, motif in enumerate(queries) if not is_flat(motif)]
    if not kept:
        return _tidy(pd.DataFrame({name: [] for name in COLUMNS}), units)
    n = len(targets)
    found = compare([queries[i] for i in kept], targets)
    q = np.array([q_values(row) for row in found.p_value])
    # A target keeps its better strand; of two equal ones the forward.
    reverse = found.p_value[:, n:] < found.p_value[:, :n]
    row, target = np.nonzero(np.where(reverse, q[:, n:], q[:, :n]) <= q_threshold)
    column = target + n * reverse[row, target]
    p = found.p_value[row, column]
    pairs = {
        "unit": [units[kept[i]] for i in row],
        "profile": [targets[i].id for i in target],
        "p_value": p,
        "e_value": p * n,
        "q_value": q[row, column],
        "offset": found.offset[row, column],
        "overlap": found.overlap[row, column],
        "orientation": np.where(column < n, "+", "-"),
    }
    order = np.lexsort((target, p, row))
    return _tidy(pd.DataFrame(pairs).iloc[order], units)


def is_flat(motif: Motif) -> bool:
    """Whether a motif has too little information to be compared: that of a unit without sites."""
    return bool(information(motif.probabilities).sum() <= _FLAT)


def _units(queries: Sequence[Motif]) -> list[int] | list[str]:
    ids = [motif.id for motif in queries]
    numbers = [unit_number(name) for name in ids]
    return ids if None in numbers else numbers


def _tidy(pairs: pd.DataFrame, units: list[int] | list[str]) -> pd.DataFrame:
    """The same columns and types whether or not there are pairs."""
    numbered = not units or isinstance(units[0], int)
    kinds = dict.fromkeys(["profile", "orientation"], object) | {
        "unit": int if numbered else object,
        "offset": int,
        "overlap": int,
    }
    kinds |= dict.fromkeys(["p_value", "e_value", "q_value"], float)
    return pairs.astype(kinds).reset_index(drop=True)


def annotate(pairs: pd.DataFrame, database: pd.DataFrame) -> pd.DataFrame:
    """Add what is known of the profiles to Tomtom's pairs.

    Parameters
    ----------
    pairs
        From `tomtom`.
    database
        Columns profile, name, cluster, family (see `workflow_lib.motifs.jaspar`). A profile that it
        lacks gets empty values.

    Returns
    -------
    DataFrame
        The pairs in their order; columns unit, profile, name, cluster, family, p_value, e_value,
        q_value, offset, overlap, orientation.
    """
    known = database[["profile", "name", "cluster", "family"]].drop_duplicates("profile")
    joined = pairs.merge(known, on="profile", how="left")
    return joined[[*COLUMNS[:2], "name", "cluster", "family", *COLUMNS[2:]]]
