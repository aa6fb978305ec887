"""Integrated Hessians (Janizek et al. 2021): interactions that add up to an output difference.

Koo and Ploenzke 2020, "Second-order interactions". Along the straight path from a reference x' to
the sequence x, with D = x - x' and H the second derivatives of the output at x' + t D, positions i
and j interact by D_i H_ij D_j, integrated over t with the weight -t ln t (what is left of the
authors' double integral over a product of two path variables), and i with itself also by D_i
times the gradient, with the weight -ln t. Sums over a row are integrated gradients, the sum of all
is the output difference.

Networks of ReLUs have no second derivative but at their kinks: as the authors do, each ReLU is
replaced by softplus(beta x) / beta. Max pooling stays, and what an output's gradient jumps by where
a maximum moves is missing from the sums: the deltas show how much.
"""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.interpret.pairwise import check_sequence
from workflow_lib.interpret.pairwise_maps import Interactions
from workflow_lib.models.explainn_modules import to_deeplift_modules
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import OneTarget, to_input


class HessianOptions(NamedTuple):
    """Settings of `integrated_hessians`.

    Attributes
    ----------
    n_references
        Dinucleotide shuffles of the sequence, over which the mean is taken.
    steps
        Points along the path from each.
    softplus_beta
        The larger, the closer to a ReLU, and the more steps it takes.
    seed
        Of the references.
    batch_size
        Inputs that go through the model together; changes no result.
    device
        Where to compute.
    """

    n_references: int = 5
    steps: int = 20
    softplus_beta: float = 10.0
    seed: int = 0
    batch_size: int = 256
    device: torch.device | str = "cpu"


DEFAULTS = HessianOptions()


def integrated_hessians(
    model: nn.Module, codes: np.ndarray, target: int, options: HessianOptions = DEFAULTS
) -> Interactions:
    """Interactions of the bases of one sequence, the mean over its references.

    Parameters
    ----------
    model
        Takes one-hot (n, 4, L) and has second derivatives once its ReLU modules are replaced. A
        copy of it is used, in eval mode.
    codes
        uint8 (L,), letters only.
    target
        Number of the output.
    options
        See there.

    Returns
    -------
    Interactions
        `pairs` is None; `positions` (L, L) with each base's interaction with itself on the
        diagonal, `contributions` the sums of its rows (integrated gradients); `difference` is that
        of the network with softplus.

    Raises
    ------
    InputError
        A sequence with an N; a model without second derivatives; settings out of range.
    """
    check_sequence(codes)
    for name in ("n_references", "steps", "batch_size", "softplus_beta"):
        if getattr(options, name) <= 0:
            raise InputError(f"{name}: found {getattr(options, name)}, wanted more than 0")
    smooth = with_softplus(to_deeplift_modules(copy.deepcopy(model)), options.softplus_beta)
    net = OneTarget(smooth.eval().requires_grad_(False).to(options.device), target)
    references = dinucleotide_shuffles(codes[None], options.n_references, options.seed)[0]
    x = to_input(codes[None], options.device)[0]
    _check_functions(net, x)
    total, difference = x.new_zeros(2, len(codes), len(codes)).double()[0], 0.0
    memory = enough_memory("integrating with", model, options.batch_size, options.device)
    with _second_derivatives(net), memory:
        for reference in to_input(references, options.device):
            total += _along_path(net, x, reference, options)
            with torch.no_grad():
                ends = net(torch.stack([x, reference]))[:, 0].double()
            difference += float(ends[0] - ends[1])
    found = (total / len(references)).cpu().numpy()
    difference /= len(references)
    delta = float(found.sum()) - difference
    positions = found.astype(np.float32)
    return Interactions(None, positions, positions.sum(axis=1), None, difference, delta)


def with_softplus(model: nn.Module, beta: float) -> nn.Module:
    """The model with each ReLU module replaced, in place, by softplus(beta x) / beta."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.Softplus(beta))
    return model


def path_points(steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points t of a path, and weights of the integrals of g(t) (-t ln t) and g(t) (-ln t).

    A Gauss-Legendre sum over the square root of t, in which both weights are smooth enough.
    """
    points, weights = np.polynomial.legendre.leggauss(steps)  # on -1 to 1
    root = (points + 1) / 2
    first = weights / 2 * 2 * root * -2 * np.log(root)
    return root**2, first * root**2, first


def _check_functions(net: nn.Module, x: Tensor) -> None:
    """Refuse functions that someone else has written the derivative of.

    The second derivative of one marked `once_differentiable` may silently be 0.
    """
    with torch.enable_grad():
        waiting, seen = [net(x[None].clone().requires_grad_()).grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            raise _without_second(f"it has a function of its own, {type(node).__name__}")
        waiting += [function for function, _ in node.next_functions]


def _along_path(net: nn.Module, x: Tensor, reference: Tensor, options: HessianOptions) -> Tensor:
    """Interactions (L, L), float64, with one reference; x and reference (4, L)."""
    difference = x - reference
    # The columns where the reference has the same letter are 0.
    moved = torch.nonzero(difference.any(dim=0))[:, 0]
    length = x.shape[1]
    total = torch.zeros(length, length, dtype=torch.float64, device=x.device)
    for t, second, first in zip(*path_points(options.steps)):
        point = torch.lerp(reference, x, float(t))
        for columns in moved.split(options.batch_size):
            total[:, columns] += second * _products(net, point, difference, columns).T.double()
        gradient = _gradient(net, point[None].clone().requires_grad_(), keep=False)[0]
        total += first * torch.diag((gradient * difference).sum(dim=0).double())
    return total


def _products(net: nn.Module, point: Tensor, difference: Tensor, columns: Tensor) -> Tensor:
    """D_i H_ij D_j for some positions j and all i, (columns, L), at one point (4, L)."""
    n = len(columns)
    x = point.expand(n, *point.shape).clone().requires_grad_()
    gradient = _gradient(net, x, keep=True)
    if not gradient.requires_grad:  # of a linear model
        return point.new_zeros(n, point.shape[1])
    own = gradient[torch.arange(n), :, columns] * difference[:, columns].T
    try:
        (rows,) = torch.autograd.grad(own.sum(), x, allow_unused=True)
    except RuntimeError as error:
        raise _without_second(str(error).splitlines()[0]) from error
    if rows is None:
        return point.new_zeros(n, point.shape[1])
    return (rows * difference).sum(dim=1)


def _gradient(net: nn.Module, x: Tensor, keep: bool) -> Tensor:
    return torch.autograd.grad(net(x).sum(), x, create_graph=keep)[0]


def _without_second(reason: str) -> InputError:
    return InputError(
        "integrated_hessians: the model has no second derivatives that PyTorch can compute "
        f"({reason}); use pairwise_ism"
    )


@contextmanager
def _second_derivatives(net: nn.Module) -> Iterator[None]:
    """Full precision on GPUs; no cuDNN or oneDNN where their recurrent layers have none."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in net.modules())
    with warnings.catch_warnings():
        # oneDNN's flags say something of other makers' GPUs.
        warnings.filterwarnings("ignore", message="TF32 acceleration on top of oneDNN")
        with (
            torch.backends.cudnn.flags(
                enabled=not recurrent, deterministic=True, allow_tf32=False, fp32_precision="ieee"
            ),
            torch.backends.mkldnn.flags(enabled=not recurrent),
            torch.enable_grad(),
        ):
            yield
