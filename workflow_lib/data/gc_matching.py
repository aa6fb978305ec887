"""Negative sequences with the %GC content of the positive ones.

If positives and negatives differ in composition, a model can learn composition alone. So negatives
are drawn 1:1 with the %GC distribution of the positives (paper, Methods, "Training, validation, and
test datasets": a 50:50 ratio that accounts for %GC content).
"""

import logging

import anndata
import numpy as np

from workflow_lib.data.dropping import add_counts
from workflow_lib.errors import InputError
from workflow_lib.sequence import gc_content

log = logging.getLogger(__name__)


def percent_gc(codes: np.ndarray) -> np.ndarray:
    """%GC of each sequence (n, length), rounded to whole percents: int (n,), 0 to 100."""
    return np.rint(100 * gc_content(codes)).astype(int)


def match_gc(
    wanted: np.ndarray, candidates: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw equally many from two groups in each %GC bin: as many as the smaller one has.

    Parameters
    ----------
    wanted, candidates
        int (n,) and (m,): the %GC of each sequence (`percent_gc`).
    seed
        Of the random draw where a group has more than needed.

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


def match_or_explain(
    wanted: np.ndarray, candidates: np.ndarray, seed: int, name: str, ratio: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """`match_gc`, with `ratio` unbound ones for each bound one.

    The candidates of each bin are put at random into groups of `ratio`; each bound sequence is
    matched with one group.

    Parameters
    ----------
    wanted, candidates
        int (n,) and (m,): %GC of the bound sequences and of the possible unbound ones.
    seed
        Of the draw.
    name
        The files, for messages.
    ratio
        Unbound ones for each bound one.

    Returns
    -------
    kept_wanted, kept_candidates
        Sorted row numbers, `ratio` times as many of the second, also in each bin.

    Raises
    ------
    InputError
        Where more than half of the bound ones find no partner.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(candidates))
    order = order[np.argsort(candidates[order], kind="stable")]
    sizes = np.unique(candidates, return_counts=True)[1]
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    full = place < np.repeat(sizes // ratio * ratio, sizes)
    groups = order[full].reshape(-1, ratio)
    kept, drawn = match_gc(wanted, candidates[groups[:, 0]], seed)
    lost = np.setdiff1d(np.arange(len(wanted)), kept)
    if 2 * len(lost) > len(wanted):
        share = np.bincount(wanted[lost]).argmax()
        raise InputError(
            f"{name}: {len(lost)} of {len(wanted)} bound sequences have no unbound one of their "
            f"%GC among {len(candidates)} (most of them at {share} %GC); wanted partners for at "
            "least half of them: give more unbound sequences or regions to draw from"
        )
    if len(lost):
        log.info("%d of %d bound sequences have no partner", len(lost), len(wanted))
    return kept, np.sort(groups[drawn].ravel())


def balance(data: anndata.AnnData, seed: int = 0) -> anndata.AnnData:
    """Keep as many negative as positive sequences of a one-target data set in each %GC bin.

    Parameters
    ----------
    data
        Labels 0 and 1, all resolved.
    seed
        See `match_gc`.

    Returns
    -------
    AnnData
        The kept ones, in their order; the others are counted in `uns["dropped"]` as
        `bound_without_match` (no negative of that %GC was left) and `unbound_not_drawn`.

    Raises
    ------
    InputError
        Several targets, other labels, or nothing that matches.
    """
    if data.n_vars != 1:
        raise InputError(f"balance: found {data.n_vars} targets, wanted one")
    labels = np.asarray(data.X)[:, 0]
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    if len(positive) + len(negative) != len(labels):
        raise InputError("balance: found labels other than 0 and 1, wanted resolved binary ones")
    percent = percent_gc(data.obsm["sequence"])
    kept_positive, kept_negative = match_gc(percent[positive], percent[negative], seed)
    if not len(kept_positive):
        raise InputError(
            f"balance: of {len(positive)} positive and {len(negative)} negative sequences none "
            "share a %GC; wanted negatives that match the positives"
        )
    keep = np.sort(np.concatenate([positive[kept_positive], negative[kept_negative]]))
    kept = data[keep].copy()
    lost, not_drawn = len(positive) - len(kept_positive), len(negative) - len(kept_negative)
    counted = {"bound_without_match": lost, "unbound_not_drawn": not_drawn}
    kept.uns["dropped"] = add_counts(data.uns["dropped"], counted)
    if lost:
        empty = len(np.setdiff1d(percent[positive], percent[negative]))
        log.info(
            "%d of %d positive sequences are left out, as there are too few negatives of their "
            "%%GC (%d bins have none at all)", lost, len(positive), empty,
        )  # fmt: skip
    return kept
