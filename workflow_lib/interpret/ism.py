"""In silico mutagenesis: what each substitution of each base does to a model's outputs.

`plain_effects` predicts every mutated sequence, with any model. `exact_ism` gives the same numbers
for an ExplaiNN by computing only what a substitution changes: at filter size k and pooling q/s it
changes k positions of a unit's map, these reach (q + k - 1) / s pooled values (4 of 26 at the
defaults), and the first fully connected layer is linear in those.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_lib.errors import InputError
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.models.explainn_modules import ModularExplaiNN, to_deeplift_modules
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import UNKNOWN
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import full_precision, predict

# Numbers in the larger arrays of `exact_ism`, to fit a processor's cache or to fill a GPU.
_CPU_NUMBERS, _GPU_NUMBERS = 1_000_000, 16_000_000


def effects(
    model: nn.Module,
    X: np.ndarray,
    targets: Sequence[int] | None = None,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> Iterator[tuple[int, np.ndarray]]:
    """Output with letter a at position p minus output of the sequence, for all a and p.

    Parameters
    ----------
    model
        Takes one-hot (n, 4, L); used in eval mode, it comes back in the mode it was in.
    X
        uint8 codes (n, L). An N can become any of the four letters.
    targets
        Numbers of the outputs; None = all.
    batch_size
        Sequences that go through the model together, mutated ones included; changes no result.
    device
        Where to compute.

    Yields
    ------
    start, effects
        Number of the first sequence of the part; float32 (b, targets, 4, L), 0 for the sequence's
        own letter. Memory does not grow with the number of sequences.
    """
    compute = exact_ism if isinstance(model, ExplaiNN) else plain_effects
    yield from compute(model, X, targets, batch_size, device)


def plain_effects(
    model: nn.Module,
    X: np.ndarray,
    targets: Sequence[int] | None = None,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> Iterator[tuple[int, np.ndarray]]:
    """`effects` by predicting every mutated sequence; for any model."""
    wanted = slice(None) if targets is None else list(targets)
    for i, codes in enumerate(X):
        letters, places = np.nonzero(codes != np.arange(4)[:, None])
        mutants = np.repeat(codes[None], 1 + len(places), axis=0)
        mutants[np.arange(len(places)) + 1, places] = letters
        outputs = predict(model, mutants, batch_size, device)[:, wanted].T
        found = np.zeros((len(outputs), 4, len(codes)), dtype=np.float32)
        found[:, letters, places] = outputs[:, 1:] - outputs[:, :1]
        yield i, found[None]


class _Plan(NamedTuple):
    """What `exact_ism` needs of a model; positions of windows and groups in `_plan`.

    Attributes
    ----------
    net
        The model in plain modules.
    strands
        Filters (units, 4, k) of each strand that is scanned.
    size, stride, windows
        Pooling, and how many windows there are.
    touched
        Windows that one position can reach.
    weights
        (groups, units, touched, nodes): the first layer's weights for the windows that the
        positions of a group reach; None without fully connected layers.
    """

    net: ModularExplaiNN
    strands: tuple[Tensor, ...]
    size: int
    stride: int
    windows: int
    touched: int
    weights: Tensor | None


def exact_ism(
    model: ExplaiNN,
    X: np.ndarray,
    targets: Sequence[int] | None = None,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> Iterator[tuple[int, np.ndarray]]:
    """`effects` of an ExplaiNN, exactly, without predicting the mutated sequences."""
    if X.shape[1] != model.length:
        raise InputError(
            f"the model wants sequences of {model.length} bp, but got some of {X.shape[1]} bp"
        )
    with torch.inference_mode():
        plan = _plan(to_deeplift_modules(model).to(device))
    wanted = slice(None) if targets is None else list(targets)
    units, nodes = len(plan.strands[0]), plan.weights.shape[3] if plan.net.layers else 1
    each = 3 * units * plan.stride * max(nodes, plan.windows * plan.touched)
    step = max(1, min(batch_size, _numbers(device) // each))
    for start in range(0, len(X), step):
        memory = enough_memory("mutating for", model, step, device)
        with torch.inference_mode(), full_precision(), memory:
            codes = torch.as_tensor(X[start : start + step]).to(device)
            found = _effects(plan, codes, plan.net.final.weight[wanted])
        yield start, found.cpu().numpy()


def _numbers(device: torch.device | str) -> int:
    return _CPU_NUMBERS if torch.device(device).type == "cpu" else _GPU_NUMBERS


def _plan(net: ModularExplaiNN) -> _Plan:
    """Prepare a model for `exact_ism`.

    Window j pools positions j s to j s + q - 1 and depends on the bases r = 0 to q + k - 2 after
    its start. With r = t s + rest, the bases of group g = j + t, that is of positions g s to
    g s + s - 1, reach the windows g, g - 1 ... g - touched + 1 and no other.
    """
    strands = net.conv.weight.chunk(2 if net.shared_strands else 1)
    filter_size, per_window = net.conv.weight.shape[2], len(strands)
    size, stride = net.pool.kernel_size // per_window, net.pool.stride // per_window
    if not net.layers:  # one window over the whole map: all positions are one group
        return _Plan(net, strands, size, size + filter_size - 1, 1, 1, None)
    windows = (net.length - filter_size + 1 - size) // stride + 1
    touched = math.ceil((size + filter_size - 1) / stride)
    padded = F.pad(net.layers[0].weight, (touched - 1, touched - 1))
    weights = padded.unfold(2, touched, 1).flip(3).permute(2, 0, 3, 1).contiguous()
    return _Plan(net, strands, size, stride, windows, touched, weights)


def _effects(plan: _Plan, codes: Tensor, output_weights: Tensor) -> Tensor:
    """Effects (b, targets, 4, L) for a batch of codes (b, L)."""
    b, length = codes.shape
    # The letters that a base can become: 1, 2 or 3 further on; from an N also 4 further.
    others = 4 if (codes >= UNKNOWN).any() else 3
    letters = (codes.long().unsqueeze(2) + 1 + torch.arange(others, device=codes.device)) % 4
    maps = plan.net.conv(one_hot(codes)).chunk(len(plan.strands), dim=1)
    before, after = (
        torch.stack(parts).amax(0)
        for parts in zip(
            *(_maxima(plan, m, w, codes.long(), letters) for m, w in zip(maps, plan.strands))
        )
    )
    pooled, changes = before.exp(), after.exp_()  # (b, windows, units), (b, windows, r, others, u)
    changes -= pooled[:, :, None, None]
    if plan.weights is None:
        by_unit = changes[:, 0].permute(3, 0, 1, 2)  # (units, b, positions, others)
    else:
        by_unit = _through_layers(plan, pooled, changes)
    found = torch.tensordot(output_weights, by_unit, dims=1)[:, :, :length]
    found = F.pad(found, (0, 0, 0, length - found.shape[2])).permute(1, 0, 3, 2)
    scores = found.new_zeros(b, len(output_weights), 4, length)
    return scores.scatter_(2, letters.transpose(1, 2).unsqueeze(1).expand_as(found), found)


def _maxima(
    plan: _Plan, maps: Tensor, filters: Tensor, codes: Tensor, letters: Tensor
) -> tuple[Tensor, Tensor]:
    """Maxima of all windows, before and after each substitution that can change them.

    Maps (b, units, positions) before exp, codes (b, L), letters (b, L, others)
    -> (b, windows, units) and (b, windows, r, others, units).
    """
    units, _, k = filters.shape
    reach = plan.touched * plan.stride
    r = torch.arange(reach, device=maps.device)
    places = torch.arange(plan.windows, device=maps.device)[:, None] * plan.stride + r
    places = places.clamp(max=codes.shape[1] - 1)  # positions beyond the end are cut off later
    windows = maps.unfold(2, plan.size, plan.stride)[:, :, : plan.windows].permute(0, 2, 3, 1)
    # By letter and offset; where a substitution does not reach, and for an N, the filter adds 0.
    table = F.pad(filters.permute(1, 2, 0), (0, 0, 0, 0, 0, 1))  # (5, k, units)
    outside = None
    if plan.size <= k:
        offset = r[:, None] - torch.arange(plan.size, device=maps.device)  # (r, size)
        reached = ((offset >= 0) & (offset < k))[:, :, None]
        table = table[:, offset.clamp(0, k - 1)] * reached  # (5, r, size, units)
        values, row = windows.unsqueeze(2), r[:, None]
    else:
        values, outside = _reached_and_not(windows, k, reach)
        table, row = table.unsqueeze(1), torch.zeros_like(r)[:, None]
    n_rows, n = table.shape[1:3]
    differences = (table[None, :4] - table[:, None]).transpose(0, 1).flatten(0, 2).flatten(1)
    index = (letters[:, places] * 5 + codes[:, places].unsqueeze(3)) * n_rows + row
    after = _sums_maxima(differences, index, values)
    if outside is not None:
        after = torch.maximum(after, outside.unsqueeze(3), out=after)
    return windows.amax(2), after


def _sums_maxima(differences: Tensor, index: Tensor, values: Tensor) -> Tensor:
    """Maxima over n of what the maps become, (b, windows, r, others, units).

    Differences (rows, n * units), the row of each substitution (b, windows, r, others), values
    without it (b, windows, r or 1, n, units). Some windows at a time: the sums stay in the cache.
    """
    n, units = values.shape[3:]
    maxima = values.new_empty(*index.shape, units)
    each = index[0, 0].numel() * n * units
    step = max(1, _numbers(values.device) // each)
    rows, values, out = index.flatten(0, 1), values.flatten(0, 1).unsqueeze(2), maxima.flatten(0, 1)
    sums = values.new_empty(0)  # one piece of memory for all parts
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        sums.resize_(part.numel(), n * units)
        torch.index_select(differences, 0, part.flatten(), out=sums)
        sums.view(*part.shape, n, units).add_(values[start : start + step])
        torch.amax(sums.view(*part.shape, n, units), 3, out=out[start : start + step])
    return maxima


def _reached_and_not(windows: Tensor, k: int, reach: int) -> tuple[Tensor, Tensor]:
    """Of windows (b, windows, size, units) longer than a filter: what a base reaches, and the rest.

    Values (b, windows, r, k, units) by offset, -inf outside of the window, and the maximum of all
    positions that a base does not reach (b, windows, r, units).
    """
    size, nothing = windows.shape[2], -torch.inf
    padded = F.pad(windows, (0, 0, k - 1, reach - size), value=nothing)
    values = padded.unfold(2, k, 1).flip(4).transpose(3, 4)
    r = torch.arange(reach, device=windows.device)[:, None]
    up_to = windows.cummax(2).values[:, :, (r[:, 0] - k).clamp(0, size - 1)]
    onwards = windows.flip(2).cummax(2).values.flip(2)[:, :, (r[:, 0] + 1).clamp(max=size - 1)]
    up_to = up_to.masked_fill(r < k, nothing)
    return values, torch.maximum(up_to, onwards.masked_fill(r + 1 >= size, nothing))


def _through_layers(plan: _Plan, pooled: Tensor, changes: Tensor) -> Tensor:
    """Changes of the units' outputs (units, b, positions, others).

    Pooled values (b, windows, units), their changes (b, windows, r, others, units).
    """
    first, *rest = plan.net.layers
    b, others = len(pooled), changes.shape[3]
    groups, units, touched, nodes = plan.weights.shape
    arriving = pooled.new_zeros(groups, units, touched, b, plan.stride, others)
    for t, part in enumerate(changes.split(plan.stride, dim=2)):
        arriving[t : t + plan.windows, :, t] = part.permute(1, 4, 0, 2, 3)
    arriving = arriving.flatten(3)
    before = first(pooled.transpose(1, 2)).transpose(0, 1)  # (units, b, nodes)
    columns = arriving.shape[3]
    h = pooled.new_empty(units, columns, nodes)
    outputs = pooled.new_empty(groups, units, columns)
    for g in range(groups):
        torch.bmm(arriving[g].transpose(1, 2), plan.weights[g], out=h)
        outputs[g] = _after_first(h, before, rest)
    outputs = outputs.view(groups, units, b, plan.stride, others)
    unchanged = _after_first(torch.zeros_like(before), before, rest)
    outputs -= unchanged.view(units, b, 1, 1)
    return outputs.permute(1, 2, 0, 3, 4).flatten(2, 3)


def _after_first(h: Tensor, before: Tensor, rest: Sequence[nn.Module]) -> Tensor:
    """Outputs of the units (units, columns) from changes of the first layer; `h` is overwritten.

    h (units, columns, nodes), before (units, b, nodes): the layer without any substitution, for
    columns in the order of the sequences.
    """
    by_sequence, before = h.unflatten(1, (before.shape[1], -1)), before.unsqueeze(2)
    if not rest:
        return by_sequence.add_(before).relu_().flatten(1)
    # relu(change + before) = max(change, -before) + before, and what follows is linear: one pass
    # over the large array instead of two.
    torch.maximum(by_sequence, -before, out=by_sequence)
    layer, *rest = rest
    shift = torch.baddbmm(layer.bias.unsqueeze(2), layer.weight, before[:, :, 0].transpose(1, 2))
    h = torch.bmm(layer.weight, h.transpose(1, 2))  # (units, nodes, columns)
    h.unflatten(2, (shift.shape[2], -1)).add_(shift.unsqueeze(3)).relu_()
    for layer in rest:
        h = torch.baddbmm(layer.bias.unsqueeze(2), layer.weight, h).relu_()
    return h.squeeze(1)
