"""Leaving out sequences that cannot be used, counted by reason."""

from collections.abc import Mapping

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import counts
from workflow_lib.data.target_checks import is_constant
from workflow_lib.errors import InputError
from workflow_lib.sequence import few_unknown, reverse_complement

_AT_ONCE = 2**14  # sequences


def drop(
    data: anndata.AnnData,
    *,
    min_resolved: int | str = 1,
    duplicates: str = "keep",
    most_unknown: float = 0.0,
    constant: str = "keep",
) -> anndata.AnnData:
    """Leave out sequences that cannot be used, counted by reason in `uns["dropped"]`.

    Parameters
    ----------
    data
        As `build` makes it.
    min_resolved
        How many targets of a sequence must be resolved to keep it; `all` for every one.
    duplicates
        `keep`, or `drop` to leave out repeats of a sequence or of its reverse complement.
    most_unknown
        Share of unknown bases (N, one-hot encoded as zeros) that a kept sequence may have.
    constant
        `keep`, or `drop` to leave out sequences whose resolved targets all have one value.

    Returns
    -------
    AnnData
        The kept sequences; each dropped one is counted once, under the first reason that applies:
        unknown_base, unresolved, constant, duplicate.

    Raises
    ------
    InputError
        Where nothing is left.
    """
    n_targets = data.n_vars
    wanted = n_targets if min_resolved == "all" else int(min_resolved)
    if wanted > n_targets:
        raise InputError(f"min_resolved: found {wanted}, but there are only {n_targets} targets")
    unknown = ~few_unknown(data.obsm["sequence"], most_unknown)
    unresolved = ~unknown & (n_targets - np.isnan(data.X).sum(axis=1) < wanted)
    keep = ~(unknown | unresolved)
    counted = {"unknown_base": int(unknown.sum()), "unresolved": int(unresolved.sum())}
    if constant == "drop":
        same = keep & is_constant(data.X)
        keep &= ~same
        counted["constant"] = int(same.sum())
    if duplicates == "drop":
        repeated = keep & _repeats(data.obsm["sequence"], keep)
        keep &= ~repeated
        counted["duplicate"] = int(repeated.sum())
    # Of a large data set a copy is a gigabyte.
    kept = data[keep].copy() if not keep.all() else _shallow_copy(data)
    kept.uns["dropped"] = add_counts(data.uns["dropped"], counted)
    if not keep.any():
        raise InputError(f"no sequence is left: {counts(kept)}")
    return kept


def _shallow_copy(data: anndata.AnnData) -> anndata.AnnData:
    """A data set of its own, with the same arrays."""
    obsm, uns = dict(data.obsm), dict(data.uns)
    return anndata.AnnData(X=data.X, obs=data.obs.copy(), var=data.var.copy(), obsm=obsm, uns=uns)


def add_counts(before: Mapping[str, int], counted: Mapping[str, int]) -> dict[str, int]:
    """Add counts of dropped sequences by reason; a parser may have used the same reason."""
    return dict(before) | {reason: before.get(reason, 0) + n for reason, n in counted.items()}


def strand_digests(codes: np.ndarray) -> np.ndarray:
    """A number for each sequence (n, length), equal for its reverse complement: uint64 (n,).

    Sums of random 64-bit weights: two other sequences share a number with a probability of 1e-19.
    """
    weights = np.random.default_rng(0).integers(2**63, size=codes.shape[1], dtype=np.uint64)
    weights = 2 * weights + 1
    found = np.empty(len(codes), dtype=np.uint64)
    for start in range(0, len(codes), _AT_ONCE):
        # With 0 for A and 3 for T, an A at the end would count for nothing.
        block = codes[start : start + _AT_ONCE]
        both = [(strand + np.uint64(1)) @ weights for strand in (block, reverse_complement(block))]
        found[start : start + _AT_ONCE] = np.minimum(*both)
    return found


def _repeats(codes: np.ndarray, among: np.ndarray) -> np.ndarray:
    """True for each sequence that occurred earlier, on either strand (n,)."""
    repeated = np.zeros(len(codes), dtype=bool)
    repeated[among] = pd.Series(strand_digests(codes[among])).duplicated().to_numpy()
    return repeated
