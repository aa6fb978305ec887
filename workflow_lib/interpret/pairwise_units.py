"""Pairwise in silico mutagenesis of an ExplaiNN, exactly and unit by unit, without predictions.

What is true of a unit u = ReLU(s + sum over k of w_k ReLU(c_k + sum over b of W_kb p_b)), where p_b
is the maximum of exp(map) in pooling window b:

- A substitution changes only the pooled values whose window it reaches (`_reach`), 4 of 26 at the
  defaults. Two substitutions that share no window change c_k + W_k p by the sum of what each
  changes; where they share one, its value under both has to be found from the map.
- `fc_layers: 0` (p is the maximum of the whole map): all positions share the one window. Two of
  them interact in a unit only if one of them moves its maximum.
- `fc_layers: 1` (no w, s): positions that share no window interact only where the ReLU switches.
- `fc_layers: 2`: any two positions interact that change hidden nodes which switch, however far
  apart. A unit whose filter covers neither both nor one window of both can thus contribute: units
  cannot be left out by where they look, but all comes down to sums over the hidden nodes, without
  convolution and first layer.
- With three layers or more, the second one mixes all hidden nodes for each pair, which is what the
  prediction costs: `pairwise` predicts the pairs instead.
"""

from collections.abc import Iterator
from functools import cache
from types import ModuleType

import numpy as np
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.models.explainn_modules import ModularExplaiNN, to_deeplift_modules
from workflow_lib.one_hot import one_hot

# Nodes that the compiled loop takes at a time.
_NODES = 4


def covered(model: nn.Module) -> bool:
    """Whether `unit_interactions` takes a model: an ExplaiNN of at most two layers a unit."""
    return isinstance(model, ExplaiNN) and len(model.fc) <= 2


def unit_interactions(model: ExplaiNN, codes: np.ndarray) -> Iterator[np.ndarray]:
    """Each unit's interactions d(i,a; j,b) = u(both) - u(i) - u(j) + u(sequence).

    Parameters
    ----------
    model
        `covered` by this. Eval mode is meant, whatever mode it is in; it stays as it was.
    codes
        uint8 (L,), letters only.

    Yields
    ------
    ndarray
        For one unit after the other float32 (3 L, 3 L), of its output before the output weights.
        Row 3 i + a is position i with the a-th of `other_letters`; filled where the column's
        position lies behind the row's, 0 elsewhere.

    Raises
    ------
    InputError
        A sequence of another length than the model's.
    """
    if len(codes) != model.length:
        raise InputError(
            f"the model wants sequences of {model.length} bp, but got one of {len(codes)} bp"
        )
    net = to_deeplift_modules(model).cpu()
    with torch.inference_mode():
        strands = 2 if net.shared_strands else 1
        maps = net.conv(one_hot(codes[None]))[0].unflatten(0, (strands, -1)).numpy()
        filters = net.conv.weight.unflatten(0, (strands, -1)).numpy()
        layers = [layer.numpy() for layer in _layers(net)]
    windows = _windows(net, strands, maps.shape[2])
    return _each(maps, filters, layers, windows, codes)


def other_letters(codes: np.ndarray) -> np.ndarray:
    """The three letters that each base can become, ascending, (L, 3)."""
    return np.stack([np.setdiff1d(np.arange(4), code) for code in codes]).astype(np.int64)


def _layers(net: ModularExplaiNN) -> tuple[torch.Tensor, ...]:
    """Weights and shifts of both layers of each unit, as `Unit` has them, after the unit's axis.

    A missing layer is the identity: pooled values, and what comes of one layer, are not negative.
    """
    units, one = net.final.in_features, torch.ones(net.final.in_features, 1, 1)
    weights = [layer.weight for layer in net.layers] + [one] * (2 - len(net.layers))
    shifts = [layer.bias for layer in net.layers]
    shifts += [torch.zeros(units, 1)] * (2 - len(net.layers))
    missing = -weights[0].shape[1] % _NODES
    first = nn.functional.pad(weights[0], (0, 0, 0, missing))
    inner = nn.functional.pad(shifts[0], (0, missing))
    return first, inner, nn.functional.pad(weights[1][:, 0], (0, missing)), shifts[1]


def _windows(net: ModularExplaiNN, strands: int, positions: int) -> np.ndarray:
    """First position and last + 1 of each pooling window, (windows, 2)."""
    size, stride = net.pool.kernel_size // strands, net.pool.stride // strands
    starts = np.arange(0, positions - size + 1, stride)
    return np.stack([starts, starts + size], axis=1)


def _reach(windows: np.ndarray, length: int, k: int) -> np.ndarray:
    """First window and last + 1 that the base at each position can change, (length, 2).

    Base i is read at the positions i - k + 1 to i of a map.
    """
    at = np.arange(length)
    first = np.searchsorted(windows[:, 1], at - k + 1, side="right")
    return np.stack([first, np.searchsorted(windows[:, 0], at, side="right")], axis=1)


@cache
def _kernels() -> ModuleType:
    """The compiled loops: numba takes a moment to import, and only this needs it."""
    from workflow_lib.interpret import pairwise_kernels

    return pairwise_kernels


def _each(
    maps: np.ndarray, filters: np.ndarray, layers: list[np.ndarray], windows: np.ndarray,
    codes: np.ndarray,
) -> Iterator[np.ndarray]:  # fmt: skip
    kernels, letters, k = _kernels(), other_letters(codes), filters.shape[3]
    reach = _reach(windows, len(codes), k)
    before = codes.astype(np.int64)
    for number in range(filters.shape[1]):
        own = np.ascontiguousarray(filters[:, number])
        base = np.ascontiguousarray(maps[:, number])
        added = kernels.substitution_maps(own, before, letters, maps.shape[2])
        pooled = np.exp([base[:, start:stop].max() for start, stop in windows])
        rest = [np.ascontiguousarray(layer[number]) for layer in layers]
        unit = kernels.Unit(base, added, windows, reach, pooled.astype(np.float32), *rest)
        changes = kernels.pooled_changes(unit)
        unit = unit._replace(shifts=unit.shifts + unit.first @ unit.pooled)
        yield kernels.pair_interactions(unit, changes, k)
