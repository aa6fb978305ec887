"""Ablation: what a model's outputs lose when a motif's sites in a real sequence are shuffled.

The necessity of a motif, beside its sufficiency in marginalisation (review of Koo & Ploenzke 2020,
"Global importance analysis"). A filter's sites are the windows where it reaches half of its maximum
(paper, Methods). All of them in a sequence are replaced at once, each by dinucleotide shuffles of
itself: of two sites one could make up for the other.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.interpret.activations import stream
from workflow_lib.interpret.filters import site_threshold
from workflow_lib.interpret.marginalisation import median_interval
from workflow_lib.train.inference import predict

COLUMNS = (
    "unit", "target", "n_sequences", "sites_per_sequence", "effect", "effect_low", "effect_high",
    "unchanged",
)  # fmt: skip
_AT_ONCE = 2000  # sequences that are made at once
_TRIES = 4  # shuffles for each one that is needed: some are the site again

log = logging.getLogger(__name__)


class Sites(NamedTuple):
    """Where a filter's sites are; overlapping ones are one. By sequence, then by start.

    Attributes
    ----------
    sequence
        int (s,): number of the sequence.
    start, end
        int (s,): on the forward strand, counted from 0, the end excluded.
    """

    sequence: np.ndarray
    start: np.ndarray
    end: np.ndarray


def find_sites(
    model: nn.Module,
    X: np.ndarray,
    maximum: Mapping[int, float],
    strands: str = "forward",
    inclusive: bool = True,
    device: torch.device | str = "cpu",
) -> dict[int, Sites]:
    """All sites of some filters.

    Parameters
    ----------
    model
        Has `activations` and `filter_size`.
    X
        uint8 codes (n, L).
    maximum
        Filter -> its maximum over the data (`filters.tsv`).
    strands
        `forward`, or `both`: sites on the reverse complement count too (`activations.stream`).
    inclusive
        A site reaches half of the maximum, or (False) exceeds it, as for the filters' matrices.
    device
        Where to run.

    Returns
    -------
    dict
        Filter -> its sites. With a first layer that pads, a site may reach beyond the sequence and
        is cut to what lies in it.
    """
    highest = torch.tensor(list(maximum.values()), dtype=torch.float32, device=device)
    threshold = site_threshold(highest, inclusive)[:, None]
    units = torch.tensor(list(maximum), dtype=torch.long, device=device)
    found = [[np.empty((2, 0), dtype=int)] for _ in maximum]
    for first, activations in stream(model, X, 256, device, strands):
        hits = (activations[:, units] >= threshold).transpose(0, 1).nonzero(as_tuple=True)
        unit, row, column = (index.cpu().numpy() for index in hits)
        start = _starts(column, activations.shape[2], X.shape[1], model.filter_size, strands)
        ends = np.searchsorted(unit, np.arange(1, len(found)))
        for of_unit, new in zip(found, np.split(np.stack([first + row, start]), ends, axis=1)):
            of_unit.append(new)
    parts = (np.concatenate(of_unit, axis=1) for of_unit in found)
    size = model.filter_size, X.shape[1]
    return {u: _merged(*p, *size) for u, p in zip(maximum, parts, strict=True)}


def _starts(column: np.ndarray, columns: int, length: int, width: int, strands: str) -> np.ndarray:
    """Where the windows of columns of `stream` start on the forward strand."""
    positions = columns // (2 if strands == "both" else 1)
    padding = (positions - (length - width + 1)) // 2
    place = column % positions - padding
    # Places on the reverse complement are counted from its own start.
    return np.where(column < positions, place, length - width - place)


def _merged(sequence: np.ndarray, start: np.ndarray, width: int, length: int) -> Sites:
    """Windows as sites, of which none overlap and none reaches beyond the sequence."""
    order = np.lexsort([start, sequence])
    sequence, start = sequence[order], start[order]
    apart = (np.diff(sequence) > 0) | (np.diff(start) >= width)
    first = np.flatnonzero(np.concatenate([[True], apart])[: len(start)])
    last = np.flatnonzero(np.concatenate([apart, [True]])[: len(start)])
    return Sites(sequence[first], start[first].clip(0), (start[last] + width).clip(max=length))


def ablation(
    model: nn.Module,
    X: np.ndarray,
    selected: np.ndarray,
    sites: Mapping[int, Sites],
    draws: int = 10,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> pd.DataFrame:
    """Medians of what each filter's sites are worth to each target.

    Parameters
    ----------
    model
        Has `target_names`.
    X
        uint8 codes (n, L).
    selected
        bool (n, targets): the sequences that count for each target.
    sites
        Filter -> its sites in X (`find_sites`).
    draws, seed
        Shuffles of each site, and of these.
    device
        Where to predict.

    Returns
    -------
    DataFrame
        COLUMNS, by filter, then target. Of sequences with sites: the output minus the mean output
        over draws, in each of which every site is another shuffle of itself: positive where the
        sites raise the output. Of it the median over sequences with a 95 % interval
        (`marginalisation.median_interval`); NaN without any sequence. `sites_per_sequence` is a
        mean. A sequence with a site that has no other shuffle does not count; `unchanged` is the
        share of these among those with sites.
    """
    names, rows = list(model.target_names), []
    # Without any sequence there are no outputs, not even of no sequence.
    whole = (
        predict(model, X, device=device).astype(float).reshape(len(X), -1 if len(X) else len(names))
    )
    for number, (unit, found) in enumerate(sites.items(), start=1):
        n_sites = np.bincount(found.sequence, minlength=len(X))
        used = np.flatnonzero((n_sites > 0) & selected.any(axis=1))
        without, shuffled = _without(model, X, found, used, (draws, seed, device))
        effects = whole[used] - without.reshape(len(used), len(names))
        for target, name in enumerate(names):
            counts = selected[used, target]
            kept = counts & shuffled
            values = effects[kept, target]
            numbers = median_interval(values) if len(values) else (np.nan,) * 3
            each = n_sites[used][kept].mean() if len(values) else np.nan
            share = 1 - shuffled[counts].mean() if counts.any() else np.nan
            rows.append((unit, name, len(values), each, *numbers, share))
        if number % max(1, len(sites) // 10) == 0 or number == len(sites):
            log.info("sites of %d of %d filters shuffled", number, len(sites))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _without(
    model: nn.Module, X: np.ndarray, sites: Sites, rows: np.ndarray, how: Sequence
) -> tuple[np.ndarray, np.ndarray]:
    """Mean output of each of some sequences over the draws, and whether all its sites changed."""
    draws, seed, device = how
    means, changed = [], []
    step = max(1, _AT_ONCE // draws)
    for some in np.split(rows, range(step, len(rows), step)) if len(rows) else ():
        made, all_changed = _shuffled(X, sites, some, draws, seed)
        outputs = predict(model, made.reshape(-1, X.shape[1]), device=device)
        means.append(outputs.reshape(len(some), draws, -1).mean(axis=1, dtype=float))
        changed.append(all_changed)
    return (np.concatenate(found) if found else np.empty(0, bool) for found in (means, changed))


def _shuffled(
    X: np.ndarray, sites: Sites, rows: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences whose sites are shuffled, uint8 (rows, draws, L), and whether all sites changed."""
    made = np.repeat(np.asarray(X)[rows, None], draws, axis=1)
    changed = np.ones(len(rows), dtype=bool)
    here = np.isin(sites.sequence, rows)
    row, start = np.searchsorted(rows, sites.sequence[here]), sites.start[here]
    widths = sites.end[here] - start
    for width in np.unique(widths):
        of = widths == width
        columns = start[of, None] + np.arange(width)
        codes = made[row[of, None], 0, columns]
        shuffles, differs = _other_shuffles(codes, draws, seed)
        made[row[of, None, None], np.arange(draws)[:, None], columns[:, None]] = shuffles
        changed[row[of][~differs]] = False
    return made, changed


def _other_shuffles(codes: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shuffles of each site that differ from it, uint8 (m, draws, width), and whether any does."""
    tried = dinucleotide_shuffles(codes, _TRIES * draws, seed)
    differs = (tried != codes[:, None]).any(axis=2)
    n = differs.sum(axis=1)
    # Those that differ first; where they are too few, once more from the first one.
    order = np.argsort(~differs, axis=1, kind="stable")
    taken = np.arange(draws) % np.maximum(n, 1)[:, None]
    return tried[np.arange(len(codes))[:, None], np.take_along_axis(order, taken, 1)], n > 0
