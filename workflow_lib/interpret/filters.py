"""Filters as position frequency matrices (paper, Methods: "Interpretability with ExplaiNN").

All k-mers that activate a unit's filter by at least half of its maximum are aligned and counted.
Two passes over the sequences, the maximum and then the counts; memory does not grow with their
number.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from workflow_lib.interpret.activations import map_shape, stream
from workflow_lib.one_hot import one_hot, reverse_complement
from workflow_lib.sequence import UNKNOWN
from workflow_lib.train.gpu import enough_memory

# A unit with sites in more than this share of a batch's sequences is counted by one matrix
# product, the others site by site: about here the faster method changes.
_MANY = 1 / 8
_SITES_AT_ONCE = 200_000


class FilterMatrices(NamedTuple):
    """What activates each filter.

    Attributes
    ----------
    counts
        int64 (units, 4, k): letters at each position of the aligned sites, in the filter's
        orientation. An N in a site counts for no letter.
    activation_max
        float32 (units,); -inf without sequences.
    n_sites
        int64 (units,).
    n_sequences
        int64 (units,): sequences with at least one site.
    """

    counts: np.ndarray
    activation_max: np.ndarray
    n_sites: np.ndarray
    n_sequences: np.ndarray


def filter_matrices(
    model: nn.Module,
    X: np.ndarray,
    batch_size: int = 512,
    device: torch.device | str = "cpu",
    inclusive: bool = True,
    strands: str = "forward",
) -> FilterMatrices:
    """Count the letters of all sites of each filter.

    Parameters
    ----------
    model
        Has `activations(X)`; where its first layer pads, also the attribute `filter_size`.
    X
        uint8 codes (n, L); none at all gives matrices of zeros.
    batch_size, device
        See `inference.batches`.
    inclusive
        A site reaches half of the maximum (the paper's text); False: it exceeds it (its code).
    strands
        `forward`, or `both`: sites on the reverse complement count too.

    Returns
    -------
    FilterMatrices
    """
    device = torch.device(device)
    units, positions = map_shape(model, X.shape[1], device)
    size = getattr(model, "filter_size", X.shape[1] - positions + 1)
    maximum = torch.full((units,), -torch.inf, device=device)
    for _, activations in stream(model, X, batch_size, device, strands):
        maximum = torch.maximum(maximum, activations.amax(dim=2).amax(dim=0))
    threshold = site_threshold(maximum, inclusive)
    totals = torch.zeros(units, 4 * size + 1, dtype=torch.int64, device=device)
    n_sequences = torch.zeros(units, dtype=torch.int64, device=device)
    for start, activations in stream(model, X, batch_size, device, strands):
        with enough_memory("counting the sites of", model, batch_size, device):
            codes = torch.as_tensor(X[start : start + len(activations)]).to(device)
            read = _as_read(codes, size, positions, strands)
            has_site = activations.amax(dim=2) >= threshold
            n_sequences += has_site.sum(dim=0)
            many = has_site.sum(dim=0) > _MANY * len(codes)
            if many.any():
                totals[many] += _count_by_product(activations[:, many], threshold[many], read, size)
            totals += _count_by_site(activations, threshold, read, has_site & ~many, size)
    counts, n_sites = totals[:, :-1].view(units, 4, size), totals[:, -1]
    arrays = (counts, maximum, n_sites, n_sequences)
    return FilterMatrices(*(array.cpu().numpy() for array in arrays))


def sequences_with_sites(
    model: nn.Module,
    X: np.ndarray,
    activation_max: np.ndarray,
    batch_size: int = 512,
    device: torch.device | str = "cpu",
    strands: str = "forward",
) -> np.ndarray:
    """Whether each filter reaches half of `activation_max` (units,) in each sequence.

    Parameters
    ----------
    model, X, batch_size, device
        See `filter_matrices`.
    activation_max
        As `filter_matrices` gives it.
    strands
        See `filter_matrices`.

    Returns
    -------
    ndarray
        bool (n, units).
    """
    threshold = site_threshold(torch.as_tensor(activation_max, dtype=torch.float32, device=device))
    reached = np.zeros((len(X), len(activation_max)), dtype=bool)
    for start, activations in stream(model, X, batch_size, device, strands):
        rows = activations.amax(dim=2) >= threshold
        reached[start : start + len(rows)] = rows.cpu().numpy()
    return reached


def above(activation_max: np.ndarray) -> np.ndarray:
    """The next float32 above each maximum (a maximum of zero, of a dead unit, stays).

    To reach half of it is to exceed half of the maximum itself (`inclusive=False`); for steps
    that take `activation_max` and must use the same sites.
    """
    maximum = np.asarray(activation_max, dtype=np.float32)
    return np.where(maximum > 0, np.nextafter(maximum, np.float32(np.inf)), maximum)


def probabilities(counts: np.ndarray) -> np.ndarray:
    """Counts (units, 4, k) as probabilities, float64; a position without counts is .25 each."""
    totals = counts.sum(axis=1, keepdims=True)
    flat = np.full(counts.shape, 0.25)
    return np.divide(counts, totals, out=flat, where=totals > 0)


def site_threshold(maximum: torch.Tensor, inclusive: bool = True) -> torch.Tensor:
    """The least activation of a site of each unit, (units,)."""
    if not inclusive:
        maximum = torch.as_tensor(above(maximum.cpu().numpy()), device=maximum.device)
    # A unit that is never active (ReLU) has no sites, though 0 reaches half of 0.
    return torch.where(maximum > 0, maximum * 0.5, torch.inf)


def _as_read(codes: torch.Tensor, size: int, positions: int, strands: str) -> list[torch.Tensor]:
    """Codes (b, L) of each strand that the filters read, padded as the first layer pads them."""
    padding = positions + size - 1 - codes.shape[1]
    sides = (padding // 2, padding - padding // 2)
    both = [codes] if strands == "forward" else [codes, reverse_complement(codes)]
    return [F.pad(strand, sides, value=UNKNOWN) for strand in both]


def _count_by_site(
    activations: torch.Tensor,
    threshold: torch.Tensor,
    read: list[torch.Tensor],
    rows: torch.Tensor,
    size: int,
) -> torch.Tensor:
    """Letters at the sites in the chosen pairs of sequence and unit, and the number of sites.

    `rows` is bool (b, units); the result (units, 4 * size + 1).
    """
    units, letters = len(threshold), UNKNOWN + 1
    windows = torch.cat([codes.unfold(1, size, 1) for codes in read], dim=1)
    sequence, unit = rows.nonzero(as_tuple=True)
    hits = activations[sequence, unit] >= threshold[unit, None]
    row, position = hits.nonzero(as_tuple=True)
    column = torch.arange(size, device=rows.device)
    counts = torch.zeros(units * letters * size, dtype=torch.int64, device=rows.device)
    for r, p in zip(row.split(_SITES_AT_ONCE), position.split(_SITES_AT_ONCE)):
        cells = unit[r, None] * letters + windows[sequence[r], p]
        counts += torch.bincount((cells * size + column).flatten(), minlength=len(counts))
    counts = counts.view(units, letters, size)
    return torch.cat([counts[:, :4].flatten(1), counts[:, :, 0].sum(dim=1, keepdim=True)], dim=1)


def _count_by_product(
    activations: torch.Tensor, threshold: torch.Tensor, read: list[torch.Tensor], size: int
) -> torch.Tensor:
    """Letters at all sites of a batch and the number of sites, as `_count_by_site` gives them."""
    by_unit = activations.transpose(0, 1)
    # Comparing directly into floats takes half the time of going through bools.
    is_site = torch.empty(by_unit.shape, device=by_unit.device)
    is_site = torch.ge(by_unit, threshold[:, None, None], out=is_site).flatten(1)
    windows = [one_hot(codes).unfold(2, size, 1).transpose(1, 2).flatten(2) for codes in read]
    # Sums of ones: exact in float32.
    counts = is_site @ torch.cat(windows, dim=1).flatten(0, 1)
    return torch.cat([counts, is_site.sum(dim=1, keepdim=True)], dim=1).long()
