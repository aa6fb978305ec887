"""What models take, and building blocks for many small, independent networks, one per unit.

Activations have the shape (units, features, n): with the batch on the last axis every layer is one
batched matrix product, and batch norm sees (units * features, n) without a copy. On two CPU cores
torch's own batch norm and dropout take longer than those products, hence the versions here.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from workflow_lib.errors import InputError


def checked_input(X: Tensor, length: int) -> Tensor:
    """The sequences as they were given, if they are what every model takes.

    Raises
    ------
    InputError
        Unless X is a float tensor (n, 4, length); it says how to make one.
    """
    fits = isinstance(X, Tensor) and X.is_floating_point() and X.ndim == 3
    if not fits or X.shape[1:] != (4, length):
        found = f"{type(X).__module__}.{type(X).__name__}".removeprefix("builtins.")
        if hasattr(X, "shape") and hasattr(X, "dtype"):
            found += f" {tuple(X.shape)} of {X.dtype}"
        raise InputError(
            f"the model wants sequences as a float tensor (n, 4, {length}), but got {found}; "
            "workflow_lib.one_hot.one_hot(codes) makes it of codes (n, length), which "
            "workflow_lib.sequence.encode(sequences) makes of text; "
            "torch.as_tensor(array).float() of a one-hot array"
        )
    return X


def drop_mask(shape: torch.Size, p: float) -> Tensor:
    """Draw a dropout mask on the CPU: 0 with probability p (to 1 in 65,536), else 1 / (1 - p).

    Each value takes sixteen random bits from a fast generator that torch's global generator seeds,
    so the mask is as reproducible as any draw of torch's own.
    """
    seed = int(torch.randint(2**63 - 1, ()))
    count = math.prod(shape)
    bits = np.random.SFC64(seed).random_raw(-(-count // 4)).view(np.int16)[:count]
    threshold = round(p * 2**16) - 2**15
    # Comparing directly into floats: going through a tensor of bools is far slower.
    mask = torch.ge(torch.from_numpy(bits).view(shape), threshold, out=torch.empty(shape))
    return mask.mul_(1 / (1 - p))


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """As `torch.nn.functional.dropout`, in place, in a tenth of its time on the CPU."""
    if not training or p == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, p, inplace=True)
    return x.mul_(drop_mask(x.shape, p))


class Dropout(nn.Dropout):
    """torch's dropout with the faster mask; the input is not changed."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        if not self.training or self.p == 0 or x.device.type != "cpu":
            return super().forward(x)
        return x * drop_mask(x.shape, self.p)


class _BatchNorm(torch.autograd.Function):
    """Batch norm by batch statistics over the last axis of (channels, n); also returns these."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, ...]:
        mean = x.mean(1)
        out = x - mean[:, None]
        var = torch.linalg.vector_norm(out, dim=1).square() / x.shape[1]
        inverse_sd = (var + eps).rsqrt()
        out.mul_((weight * inverse_sd)[:, None]).add_(bias[:, None])
        ctx.save_for_backward(x, weight, mean, inverse_sd)
        ctx.mark_non_differentiable(mean, var)
        ctx.eps = eps
        return out, mean, var

    @staticmethod
    def backward(ctx, grad: Tensor, *_) -> tuple[Tensor | None, ...]:
        x, weight, mean, inverse_sd = ctx.saved_tensors
        grads = torch.ops.aten.native_batch_norm_backward(
            grad.unsqueeze(0), x.unsqueeze(0), weight, None, None, mean, inverse_sd, True, ctx.eps,
            [True, True, True],
        )  # fmt: skip
        return grads[0].squeeze(0), grads[1], grads[2], None


class PooledConv(torch.autograd.Function):
    """Convolution (no padding, no bias) and max pooling of its maps along the sequence.

    (n, letters, length) with filters (units, letters, size) -> (units, pooled, n). In the
    backward pass only the maxima count: the filters' gradient is a weighted sum of their windows, a
    few per cent of all windows for each filter, so no matrix product over whole maps is needed.
    """

    @staticmethod
    def forward(ctx, X: Tensor, weight: Tensor, pool_size: int, pool_stride: int) -> Tensor:
        """See the class."""
        (n, letters, length), (units, _, size) = X.shape, weight.shape
        outputs = (length - size + 1 - pool_size) // pool_stride + 1
        columns = X.permute(2, 1, 0).contiguous()  # (length, letters, n)
        filters = weight.transpose(1, 2).flatten(1)
        pooled = X.new_empty(units, outputs, n)
        place = torch.empty(pooled.shape, dtype=torch.long, device=X.device)
        # Some 30 positions at a time: the maps stay in the cache and are never whole in memory.
        step = max(1, 32 // pool_stride)
        for first in range(0, outputs, step):
            part = slice(first, min(first + step, outputs))
            start, stop = first * pool_stride, (part.stop - 1) * pool_stride + pool_size
            windows = columns[start : stop + size - 1].unfold(0, stop - start, 1).transpose(2, 3)
            maps = filters @ windows.reshape(size * letters, -1)
            # (units, n, positions, 1), channels last, is what torch pools fastest
            maps = maps.view(units, stop - start, 1, n).permute(0, 3, 1, 2)
            maxima = F.max_pool2d(maps, (pool_size, 1), (pool_stride, 1), return_indices=True)
            values, at = (t.permute(0, 2, 3, 1).flatten(2) for t in maxima)
            pooled[:, part] = values
            torch.add(at, start, out=place[:, part])
        ctx.save_for_backward(X, weight, place)
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the sequences, if they require one, and of the filters."""
        X, weight, place = ctx.saved_tensors
        (n, letters, length), (units, _, size) = X.shape, weight.shape
        grad, grad_X, grad_weight = grad.contiguous(), None, None
        if ctx.needs_input_grad[0]:
            maps = grad.new_zeros(units, length - size + 1, n).scatter_add_(1, place, grad)
            grad_X = F.conv_transpose1d(maps.permute(2, 0, 1), weight)
        if ctx.needs_input_grad[1]:
            # With the letters of a position side by side a window is one stretch of memory, and the
            # next one starts a position later: all windows, overlapping, are a view of the input.
            rows = X.transpose(1, 2).contiguous()  # (n, length, letters)
            windows = rows.as_strided((n * length - size + 1, size * letters), (letters, 1))
            at = (place + torch.arange(n, device=X.device) * length).flatten(1)
            sums = F.embedding_bag(at, windows, mode="sum", per_sample_weights=grad.flatten(1))
            grad_weight = sums.view(units, size, letters).transpose(1, 2)
        return grad_X, grad_weight, None, None


def map_statistics(X: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each filter's map (without bias) over all windows of the batch.

    A map is linear in the windows: with their mean m and covariance C its mean is w.m, its variance
    w'Cw. This costs a fraction of passes over the maps and of the gradients of such passes.
    X (n, letters, length), weight (units, letters, size) -> two of (units,).
    """
    letters, size = weight.shape[1:]
    step = letters * size  # one window's values
    positions = X.shape[2] - size + 1
    columns = X.permute(2, 1, 0).contiguous()  # (length, letters, n)
    gram = 0
    for start in range(0, positions, 32):
        stop = min(start + 32, positions)
        block = columns[start : stop + size - 1].flatten(0, 1)  # rows: position, then letter
        products = block @ block.T
        rows = len(block)
        # A window's products are a square on the diagonal, the next window's is `letters` further.
        shape, strides = (stop - start, step, step), (letters * (rows + 1), rows, 1)
        gram = gram + products.as_strided(shape, strides).sum(0)
    count = len(X) * positions
    totals = columns.sum(2).unfold(0, positions, 1).sum(2).flatten()
    # Counts of one-hot input are exact; double precision keeps the small difference accurate.
    m, w = totals.double() / count, weight.transpose(1, 2).flatten(1).double()
    covariance = gram.double() / count - m.outer(m)
    var = ((w @ covariance) * w).sum(1).clamp(min=0)
    return (w @ m).to(weight.dtype), var.to(weight.dtype)


@torch.no_grad()
def update_running(norm: nn.BatchNorm1d, mean: Tensor, var: Tensor, count: int) -> None:
    """Move the running statistics of `norm` as torch does; `var` is the biased one of `count`."""
    if count < 2:
        raise InputError("training got a batch of one sequence; batch norm wants at least two")
    norm.num_batches_tracked += 1
    share = norm.momentum if norm.momentum is not None else 1 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean.to(norm.running_mean), share)
    norm.running_var.lerp_((var * (count / (count - 1))).to(norm.running_var), share)


class UnitLinear(nn.Module):
    """Linear layer, batch norm, ReLU and dropout, separate for each unit.

    (units, inputs, n) -> (units, outputs, n).
    Parameters as in `units` separate nn.Linear and one nn.BatchNorm1d(units * outputs): weight
    (units, outputs, inputs), bias (units, outputs), norm.
    """

    def __init__(self, units: int, inputs: int, outputs: int, dropout: float = 0.0):
        super().__init__()
        bound = 1 / math.sqrt(inputs)  # as nn.Linear initialises
        self.weight = nn.Parameter(torch.empty(units, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(units, outputs).uniform_(-bound, bound))
        self.norm = nn.BatchNorm1d(units * outputs)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """Outputs >= 0; by batch statistics and with dropout in training."""
        norm, shape = self.norm, self.bias.shape
        if norm.training:
            # Subtracting the batch mean cancels the bias: only the running mean must include it.
            out = torch.bmm(self.weight, x).float().flatten(0, 1)
            out, mean, var = _BatchNorm.apply(out, norm.weight, norm.bias, norm.eps)
            update_running(norm, mean + self.bias.flatten(), var, x.shape[-1])
            out = out.unflatten(0, shape)
        else:
            # Fixed statistics: the norm is one factor and one shift of each row of the weights.
            scale = (norm.weight * (norm.running_var + norm.eps).rsqrt()).view(shape)
            shift = (self.bias - norm.running_mean.view(shape)) * scale + norm.bias.view(shape)
            out = torch.baddbmm(shift.unsqueeze(-1), self.weight * scale.unsqueeze(-1), x).float()
        # Dropout before the ReLU gives the same result, and lets both work in place.
        return dropout(out, self.dropout, self.training).relu_()


class Exp(nn.Module):
    """The exponential activation, always in float32: half precision overflows at exp(11)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return x.float().exp()
