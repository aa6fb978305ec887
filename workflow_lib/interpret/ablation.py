"""Ablation: what a model's outputs lose when a motif's site in a real sequence is shuffled.

The necessity of a motif, beside its sufficiency in marginalisation (review of Koo & Ploenzke 2020,
"Global importance analysis"). A filter's site is the window where it is most active, if that
reaches half of its maximum (paper, Methods); it is replaced by dinucleotide shuffles of itself.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.interpret.activations import stream
from workflow_lib.interpret.filters import site_threshold
from workflow_lib.interpret.marginalisation import median_interval
from workflow_lib.train.inference import predict

COLUMNS = ("unit", "target", "n_sequences", "effect", "effect_low", "effect_high", "unchanged")
_AT_ONCE = 2000  # sequences that are made at once

log = logging.getLogger(__name__)


def best_sites(
    model: nn.Module,
    X: np.ndarray,
    maximum: np.ndarray,
    strands: str = "forward",
    inclusive: bool = True,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Where each filter's strongest site in each sequence starts.

    Parameters
    ----------
    model
        Has `activations` and `filter_size`.
    X
        uint8 codes (n, L).
    maximum
        float (filters,): each filter's maximum over the data (`filters.tsv`).
    strands
        `forward`, or `both`: sites on the reverse complement count too (`activations.stream`).
    inclusive
        A site reaches half of the maximum, or (False) exceeds it, as for the filters' matrices.
    device
        Where to run.

    Returns
    -------
    ndarray
        int (n, filters), counted on the forward strand; -1 where no activation reaches half of the
        maximum. With a first layer that pads, a site may begin before the sequence and is cut.
    """
    maximum = torch.as_tensor(maximum, dtype=torch.float32, device=device)
    threshold, found = site_threshold(maximum, inclusive), []
    for _, activations in stream(model, X, 256, device, strands):
        best, column = activations.max(dim=2)
        start = _starts(column, activations.shape[2], X.shape[1], model.filter_size, strands)
        found.append(torch.where(best >= threshold, start.clamp(min=0), -1).cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, len(maximum)), dtype=int)


def _starts(
    column: torch.Tensor, columns: int, length: int, width: int, strands: str
) -> torch.Tensor:
    """Where the windows of columns of `stream` start on the forward strand."""
    positions = columns // (2 if strands == "both" else 1)
    padding = (positions - (length - width + 1)) // 2
    place = column % positions - padding
    # Places on the reverse complement are counted from its own start.
    return torch.where(column < positions, place, length - width - place)


def ablation(
    model: nn.Module,
    X: np.ndarray,
    selected: np.ndarray,
    sites: dict[int, np.ndarray],
    draws: int = 10,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> pd.DataFrame:
    """Medians of what each filter's site is worth to each target.

    Parameters
    ----------
    model
        Has `filter_size` and `target_names`.
    X
        uint8 codes (n, L).
    selected
        bool (n, targets): the sequences that count for each target.
    sites
        Filter -> where its site starts in each sequence, int (n,), -1 = none (`best_sites`).
    draws, seed
        Shuffles of each site, and of these.
    device
        Where to predict.

    Returns
    -------
    DataFrame
        COLUMNS, by filter, then target. The effect of a site is the output of the sequence minus
        the mean output over its shuffles, of those that change it: positive where the site raises
        the output. Of it the median over sequences with a 95 % interval
        (`marginalisation.median_interval`); NaN without any sequence. A sequence of whose site all
        shuffles are the site itself does not count; `unchanged` is the share of such shuffles.
    """
    names, rows = list(model.target_names), []
    # Without any sequence there are no outputs, not even of no sequence.
    whole = (
        predict(model, X, device=device).astype(float).reshape(len(X), -1 if len(X) else len(names))
    )
    for number, (unit, starts) in enumerate(sites.items(), start=1):
        used = np.flatnonzero((starts >= 0) & selected.any(axis=1))
        effects, same = _effects(model, X[used], starts[used], whole[used], (draws, seed, device))
        for target, name in enumerate(names):
            counts = selected[used, target]
            values = effects[counts & (same < 1), target]
            numbers = median_interval(values) if len(values) else (np.nan,) * 3
            share = same[counts].mean() if counts.any() else np.nan
            rows.append((unit, name, len(values), *numbers, share))
        if number % max(1, len(sites) // 10) == 0 or number == len(sites):
            log.info("sites of %d of %d filters shuffled", number, len(sites))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _effects(
    model: nn.Module, X: np.ndarray, starts: np.ndarray, whole: np.ndarray, how: Sequence
) -> tuple[np.ndarray, np.ndarray]:
    """Effect of each site, (n, targets), and the share of its shuffles that change nothing (n,)."""
    draws, seed, device = how
    effects, same = np.zeros_like(whole), np.zeros(len(X))
    for rows, shuffled in _shuffled(X, starts, model.filter_size, draws, seed):
        outputs = predict(model, shuffled.reshape(-1, X.shape[1]), device=device)
        changed = (shuffled != np.asarray(X)[rows, None]).any(axis=2)
        weights = changed / np.maximum(changed.sum(axis=1, keepdims=True), 1)
        means = (outputs.reshape(len(shuffled), draws, -1) * weights[..., None]).sum(axis=1)
        effects[rows], same[rows] = whole[rows] - means, 1 - changed.mean(axis=1)
    return effects, same


def _shuffled(
    X: np.ndarray, starts: np.ndarray, width: int, draws: int, seed: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Sequences with shuffled sites, uint8 (rows, draws, L), and which rows they are."""
    step = max(1, _AT_ONCE // draws)
    for first in range(0, len(X), step):
        some = slice(first, min(first + step, len(X)))
        made = np.repeat(np.asarray(X)[some, None], draws, axis=1)
        for row, start in enumerate(starts[some]):
            site = slice(start, start + width)
            made[row, :, site] = dinucleotide_shuffles(made[row, :1, site], draws, seed)[0]
        yield some, made
