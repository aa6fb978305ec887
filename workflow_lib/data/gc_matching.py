"""Unbound sequences that have the %GC content of the bound ones.

A model that may tell bound from unbound by composition alone learns composition. So unbound
sequences are drawn 1:1 with the distribution of %GC of the bound ones (paper, Methods, "Training,
validation, and test datasets": a 50:50 ratio that accounts for %GC content).
"""

import logging

import anndata
import numpy as np

from workflow_lib.data.dataset import add_counts
from workflow_lib.errors import InputError
from workflow_lib.sequence import gc_content

log = logging.getLogger(__name__)


def percent_gc(codes: np.ndarray) -> np.ndarray:
    """%GC of each sequence (n, length), rounded to whole percents: int (n,), 0 to 100."""
    return np.rint(100 * gc_content(codes)).astype(int)


def match_gc(
    wanted: np.ndarray, candidates: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw as many of two groups in each %GC bin as the scarcer one has there.

    Parameters
    ----------
    wanted, candidates
        int (n,) and (m,): the %GC of each sequence (`percent_gc`).
    seed
        Decides who is drawn where there are more than needed.

    Returns
    -------
    kept_wanted, kept_candidates
        Sorted row numbers, as many of one as of the other.
    """
    rng = np.random.default_rng(seed)
    kept: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for percent in np.union1d(wanted, candidates):
        rows = [np.flatnonzero(group == percent) for group in (wanted, candidates)]
        n = min(map(len, rows))
        for chosen, among in zip(kept, rows):
            chosen.append(np.sort(rng.permutation(among)[:n]))
    return tuple(np.sort(np.concatenate([np.empty(0, int), *chosen])) for chosen in kept)


def balance(data: anndata.AnnData, seed: int = 0) -> anndata.AnnData:
    """Keep as many unbound as bound sequences of a one-target data set, %GC bin by bin.

    Parameters
    ----------
    data
        Labels 0 and 1, all resolved.
    seed
        See `match_gc`.

    Returns
    -------
    AnnData
        Those that stay, in their order; the others are counted in `uns["dropped"]` as
        `bound_without_match` (no unbound sequence of that %GC was left) and `unbound_not_drawn`.

    Raises
    ------
    InputError
        Several targets, other labels, or nothing that matches.
    """
    if data.n_vars != 1:
        raise InputError(f"balance: found {data.n_vars} targets, wanted one")
    labels = np.asarray(data.X)[:, 0]
    bound, unbound = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    if len(bound) + len(unbound) != len(labels):
        raise InputError("balance: found labels other than 0 and 1, wanted resolved binary ones")
    percent = percent_gc(data.obsm["sequence"])
    kept_bound, kept_unbound = match_gc(percent[bound], percent[unbound], seed)
    if not len(kept_bound):
        raise InputError(
            f"balance: of {len(bound)} bound and {len(unbound)} unbound sequences none share a "
            "%GC; wanted unbound sequences to match the bound ones with"
        )
    keep = np.sort(np.concatenate([bound[kept_bound], unbound[kept_unbound]]))
    kept = data[keep].copy()
    lost, not_drawn = len(bound) - len(kept_bound), len(unbound) - len(kept_unbound)
    counted = {"bound_without_match": lost, "unbound_not_drawn": not_drawn}
    kept.uns["dropped"] = add_counts(data.uns["dropped"], counted)
    if lost:
        empty = len(np.setdiff1d(percent[bound], percent[unbound]))
        log.warning(
            "%d of %d bound sequences are left out for want of unbound ones of their %%GC "
            "(%d bins have none at all)", lost, len(bound), empty,
        )  # fmt: skip
    return kept
