"""What a person should be warned of before a data set is trained on."""

from collections.abc import Mapping
from typing import Any

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import PARTS, part_sizes, scored_part
from workflow_lib.data.dropping import strand_digests
from workflow_lib.data.regions import overlaps
from workflow_lib.data.tasks import TASKS

# Fewer positives of a target, or sequences that are scored, say little.
FEW = 50
_MOST_DROPPED = 0.1
_SHOWN = 5
_AT_ONCE = 100_000  # regions
# Reasons that were never meant to be kept: repeats, candidates for partners that were not needed.
_MEANT = (
    "repeat", "duplicate", "earlier_cycle", "several_cycles", "not_drawn", "unbound_not_drawn",
    "unbound_as_bound", "shuffle_is_read", "same_window", "blacklisted", "closed_everywhere",
    "open_everywhere",
)  # fmt: skip


def cautions(data: anndata.AnnData, drop: Mapping[str, Any]) -> list[str]:
    """Sentences on many dropped sequences, few positives, missing labels, leaking duplicates.

    Parameters
    ----------
    data
        A data set with its split.
    drop
        The config's `drop`.
    """
    shared = [*_shared_with_training(data), *_overlapping_training(data)]
    return [*_many_dropped(data, drop), *_few(data), *shared]


def _many_dropped(data: anndata.AnnData, drop: Mapping[str, Any]) -> list[str]:
    meant = _MEANT + (("unresolved",) if "min_resolved" in drop else ())
    dropped = {
        reason: n
        for reason, n in data.uns["dropped"].items()
        if n and reason not in meant and not reason.startswith("region_")
    }
    total = data.n_obs + sum(dropped.values())
    if sum(dropped.values()) <= _MOST_DROPPED * total:
        return []
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in dropped.items())
    way_out = {
        "unknown_base": "`drop: {most_unknown: 0.1}` keeps those with few N",
        "n_in_sequence": "`drop: {most_unknown: 0.1}` keeps those with few N",
        "length": "the options `length` and `fit` say what becomes of other lengths",
    }
    hints = dict.fromkeys(text for reason, text in way_out.items() if reason in dropped)
    share = 100 * sum(dropped.values()) / total
    return [
        "; ".join(
            [f"{share:.0f} % of the sequences that were read are dropped ({reasons})", *hints]
        )
    ]


def _few(data: anndata.AnnData) -> list[str]:
    parts, found = data.obs["split"].to_numpy(), []
    scored = scored_part(data)
    if part_sizes(data)[scored] < FEW:
        found.append(f"only {part_sizes(data)[scored]} sequences are in the {scored} part")
    labels = np.asarray(data.X)
    # Target by target: masks of a whole matrix take as much memory as the sequences.
    empty = np.array([np.isnan(values).all() for values in labels.T])
    if empty.any():
        found.append(f"no label at all: {_listed(data.var_names[empty])}")
    binary, train = TASKS[str(data.uns["task"])].binary, parts == "train"
    what = "positive" if binary else "measured"
    counted = (values == 1 if binary else ~np.isnan(values) for values in labels.T)
    n = np.array([np.count_nonzero(mask & train) for mask in counted])
    few = (n < FEW) & ~empty
    if few.any():
        counts = [f"{name} ({k})" for name, k in zip(data.var_names[few], n[few])]
        found.append(f"fewer than {FEW} {what} training sequences: {_listed(counts)}")
    return found


def _shared_with_training(data: anndata.AnnData) -> list[str]:
    parts, found = data.obs["split"].to_numpy(), []
    digests = strand_digests(np.asarray(data.obsm["sequence"]))
    for name in PARTS[1:]:
        here = digests[parts == name]
        n = int(np.isin(here, digests[parts == "train"]).sum())
        if n:
            found.append(
                f"{n:,} of the {len(here):,} {name} sequences are in the training part too, on "
                "either strand; `drop: {duplicates: drop}` leaves repeats out"
            )
    return found


def _overlapping_training(data: anndata.AnnData) -> list[str]:
    """Regions of other parts that share half of their bases with one of the training part."""
    if not {"chrom", "start", "end"} <= set(data.obs):
        return []
    parts, found = data.obs["split"].to_numpy(), []
    placed = (data.obs["end"] >= 0).to_numpy()
    for name in PARTS[1:]:
        here = placed & (parts == name)
        n = _middles_on(data.obs, here, placed & (parts == "train"))
        if n:
            found.append(
                f"{n:,} of the {here.sum():,} {name} regions lie by half or more on regions of the "
                "training part; a split by chromosome keeps them apart"
            )
    return found


def _middles_on(obs: pd.DataFrame, some: np.ndarray, others: np.ndarray) -> int:
    """How many of some regions have their middle in one of others; both are masks (n,)."""
    codes, _ = pd.factorize(obs["chrom"], use_na_sentinel=False)
    # Several chromosomes at a time, so that no copy of all regions is needed.
    batches = np.cumsum(np.bincount(codes)) // _AT_ONCE
    n = 0
    for batch in np.unique(batches):
        here = batches[codes] == batch
        places = obs.loc[here, ["chrom", "start", "end"]].reset_index(drop=True)
        middle = (places["start"] + places["end"]) // 2
        middles = places.assign(start=middle, end=middle + 1)
        n += int(overlaps(middles[some[here]], places[others[here]]).sum())
    return n


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(list(names)[:_SHOWN]) + more
