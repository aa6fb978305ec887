"""Attribution: how much each base of a sequence contributes to one output of a model.

Every method takes any model and gives hypothetical contributions (m, 4, L): for each position what
each of the four letters would contribute there. The actual contributions, those of the letters in
the sequence, are these times the one-hot sequence. Methods with references also give convergence
deltas: the sum of a sequence's actual contributions minus the output difference to explain.
"""

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.interpret.ism import effects
from workflow_lib.models.explainn_modules import to_deeplift_modules
from workflow_lib.models.layers import Exp
from workflow_lib.sequence import reverse_complement
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import OneTarget, to_input


class Attributions(NamedTuple):
    """Contributions to one output, for m sequences.

    Attributes
    ----------
    scores
        float32 (m, 4, L): hypothetical contributions of all four letters.
    delta
        float32 (m,): sum of the actual contributions minus `difference`; NaN without references.
    difference
        float32 (m,): output minus the mean output of the references; NaN without references.
    """

    scores: np.ndarray
    delta: np.ndarray
    difference: np.ndarray


class Options(NamedTuple):
    """Settings of the methods; each uses those that concern it.

    Attributes
    ----------
    n_references
        References of each sequence: shuffles with its own counts of dinucleotides.
    steps
        Points along the path from each reference (integrated gradients).
    background
        What `input_x_gradient` compares each position with: every letter at this value.
    both_strands
        Explain the mean of the outputs for a sequence and for its reverse complement.
    seed
        Of the references. Those of a sequence do not depend on the other sequences.
    batch_size
        Inputs that go through the model together, about; it changes no result.
    device
        Where to compute.
    """

    n_references: int = 10
    steps: int = 50
    background: float = 0.25
    both_strands: bool = False
    seed: int = 0
    batch_size: int = 256
    device: torch.device | str = "cpu"


DEFAULTS = Options()

Method = Callable[[nn.Module, np.ndarray, int, Options], Attributions]
_Core = Callable[[nn.Module, Tensor, Tensor, Options], tuple[Tensor, Tensor]]


def ism(model: nn.Module, X: np.ndarray, target: int, options: Options = DEFAULTS) -> Attributions:
    """In silico mutagenesis: the output with each letter, minus the mean over the four letters.

    So the letter in the sequence gets minus the mean effect of the four letters at its position
    (its own effect is 0). Other parameters and the result: see `saliency`.
    """
    net, strands = _ready(model, target, options), _strands(X, options)
    scores = [_ism_one_strand(net.model, codes, target, options) for codes in strands]
    nothing = np.full(len(X), np.nan, dtype=np.float32)
    return Attributions(_mean_over_strands(scores), nothing, nothing.copy())


def saliency(
    model: nn.Module, X: np.ndarray, target: int, options: Options = DEFAULTS
) -> Attributions:
    """The gradient of the output with respect to the one-hot sequence (Simonyan et al. 2013).

    Hypothetical contributions are the gradient itself, not centred; the actual ones are thus the
    gradient at the letters of the sequence.

    Parameters
    ----------
    model
        Takes one-hot (n, 4, L). A copy of it is used, in eval mode.
    X
        uint8 codes (m, L).
    target
        Number of the output that is explained.
    options
        See `Options`.

    Returns
    -------
    Attributions
    """
    return _attribute(_saliency, model, X, target, options)


def input_x_gradient(
    model: nn.Module, X: np.ndarray, target: int, options: Options = DEFAULTS
) -> Attributions:
    """The gradient times a letter's difference from the background: a first-order estimate.

    Hypothetical contribution of a letter: its gradient minus `background` times the sum of the four
    gradients. At .25 that subtracts their mean, the gradient's component off the one-hot simplex
    (Majdandzic et al. 2023); at 0 the actual contributions are plain input x gradient. They need
    not sum to an output difference, so there are no deltas. Parameters: see `saliency`.
    """
    return _attribute(_input_x_gradient, model, X, target, options)


def integrated_gradients(
    model: nn.Module, X: np.ndarray, target: int, options: Options = DEFAULTS
) -> Attributions:
    """Gradients averaged along the straight path from a reference (Sundararajan et al. 2017).

    The references are the shuffles that `deep_lift_shap` uses, so that both methods explain the
    same difference. With zeros or uniform letters, which no model was trained on, a sequence's
    composition would count as signal. The mean over the references is taken. The integral is a
    Gauss-Legendre sum of `steps` points, more accurate with few points than equal steps; the kinks
    of ReLU and max pooling keep any sum from being exact. Parameters: see `saliency`.
    """
    return _attribute(_integrated_gradients, model, X, target, options)


def deep_lift_shap(
    model: nn.Module, X: np.ndarray, target: int, options: Options = DEFAULTS
) -> Attributions:
    """DeepLIFT's rescale rule, averaged over shuffled references (Lundberg and Lee 2017).

    Paper, Methods, "Interpretability with DeepLIFT and TF-MoDISco", with 10 references. The
    rules are tangermeme's; the exponential activation is rescaled too. There is no rule for the
    gates of an LSTM (`danq`): plain gradients are used there, as Captum did for the paper; the
    deltas show how incomplete that is. Parameters: see
    `saliency`.
    """
    return _attribute(_deep_lift_shap, model, X, target, options)


ATTRIBUTIONS: dict[str, Method] = {
    "ism": ism,
    "saliency": saliency,
    "input_x_gradient": input_x_gradient,
    "integrated_gradients": integrated_gradients,
    "deep_lift_shap": deep_lift_shap,
}


def _ready(model: nn.Module, target: int, options: Options) -> OneTarget:
    """A copy of the model to work on; the caller's model is not changed."""
    for name in ("n_references", "steps", "batch_size"):
        if getattr(options, name) < 1:
            raise InputError(f"{name}: found {getattr(options, name)}, wanted at least 1")
    n_targets = getattr(model, "n_targets", None)
    if n_targets is not None and not 0 <= target < n_targets:
        raise InputError(f"target: found {target}, but the model has 0 to {n_targets - 1}")
    return OneTarget(copy.deepcopy(model).eval().requires_grad_(False).to(options.device), target)


def _strands(X: np.ndarray, options: Options) -> list[np.ndarray]:
    return [X, reverse_complement(X)] if options.both_strands else [X]


def _mean_over_strands(scores: list[np.ndarray]) -> np.ndarray:
    """Mean of (m, 4, L), each in its own strand's orientation; flipping both axes turns them."""
    return scores[0] if len(scores) == 1 else (scores[0] + scores[1][:, ::-1, ::-1]) / 2


def _ism_one_strand(model: nn.Module, X: np.ndarray, target: int, options: Options) -> np.ndarray:
    parts = [np.zeros((0, 4, X.shape[1]), dtype=np.float32)]
    for _, found in effects(model, X, [target], options.batch_size, options.device):
        parts.append(found[:, 0] - found[:, 0].mean(axis=1, keepdims=True))
    return np.concatenate(parts)


def _attribute(
    core: _Core, model: nn.Module, X: np.ndarray, target: int, options: Options
) -> Attributions:
    """Run a method on batches of sequences and on the strands that are asked for."""
    net, n = _ready(model, target, options), options.n_references
    with_references = core in (_integrated_gradients, _deep_lift_shap)
    if core is _deep_lift_shap:
        net.model = to_deeplift_modules(net.model)
    shapes = ((0, 4, X.shape[1]), (0,), (0,))
    found = [[[np.zeros(shape, np.float32)] for shape in shapes] for _ in _strands(X, options)]
    step = max(1, options.batch_size // n) if with_references else options.batch_size
    for start in range(0, len(X), step):
        codes = X[start : start + step]
        references = dinucleotide_shuffles(codes, n if with_references else 0, options.seed)
        for reverse, results in enumerate(found):
            if reverse:
                codes, references = reverse_complement(codes), reverse_complement(references)
            x = to_input(np.ascontiguousarray(codes), options.device)
            others = to_input(references.reshape(-1, X.shape[1]), options.device)
            others = others.unflatten(0, (len(codes), -1)) if others.numel() else None
            memory = enough_memory("attributing with", model, options.batch_size, options.device)
            with _exact_gradients(net), memory:
                scores, difference = core(net, x, others, options)
            delta = (scores * x).sum(dim=(1, 2)) - difference
            for part, array in zip(results, (scores, delta, difference)):
                part.append(array.cpu().numpy())
    scores, *others = ([np.concatenate(parts[i]) for parts in found] for i in range(3))
    return Attributions(_mean_over_strands(scores), *(np.mean(parts, axis=0) for parts in others))


@contextmanager
def _exact_gradients(net: nn.Module) -> Iterator[None]:
    """Full precision on GPUs; no cuDNN for recurrent layers: it has no gradients in eval mode."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in net.modules())
    with (
        torch.backends.cudnn.flags(
            enabled=not recurrent, deterministic=True, allow_tf32=False, fp32_precision="ieee"
        ),
        torch.enable_grad(),
    ):
        yield


def _gradient(net: nn.Module, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(net(x).sum(), x)[0]


def _saliency(net: nn.Module, x: Tensor, references: None, options: Options) -> tuple[Tensor, ...]:
    return _gradient(net, x), x.new_full((len(x),), torch.nan)


def _input_x_gradient(
    net: nn.Module, x: Tensor, references: None, options: Options
) -> tuple[Tensor, ...]:
    gradient = _gradient(net, x)
    scores = gradient - options.background * gradient.sum(dim=1, keepdim=True)
    return scores, x.new_full((len(x),), torch.nan)


def _difference(net: nn.Module, x: Tensor, references: Tensor) -> Tensor:
    """Output minus the mean output of a sequence's references (b, R, 4, L)."""
    with torch.no_grad():
        of_references = net(references.flatten(0, 1)).view(references.shape[:2])
        return net(x).squeeze(1) - of_references.mean(dim=1)


def _hypothetical(multipliers: Tensor, references: Tensor) -> Tensor:
    """What each letter contributes in place of the reference's; the mean over the references.

    Both (b, R, 4, L) -> (b, 4, L).
    """
    replaced = (multipliers * references).sum(dim=2, keepdim=True)
    return (multipliers - replaced).mean(dim=1)


def _integrated_gradients(
    net: nn.Module, x: Tensor, references: Tensor, options: Options
) -> tuple[Tensor, ...]:
    points, weights = np.polynomial.legendre.leggauss(options.steps)  # on -1 to 1
    total = torch.zeros_like(references)
    for point, weight in zip((points + 1) / 2, weights / 2):
        between = torch.lerp(references, x.unsqueeze(1).expand_as(references), float(point))
        gradient = _gradient(net, between.flatten(0, 1)).view_as(references)
        total.add_(gradient, alpha=float(weight))
    return _hypothetical(total, references), _difference(net, x, references)


def _deep_lift_shap(
    net: nn.Module, x: Tensor, references: Tensor, options: Options
) -> tuple[Tensor, ...]:
    # A heavy import (it brings a compiler) that the other methods do not need.
    from tangermeme.deep_lift_shap import _nonlinear as rescale
    from tangermeme.deep_lift_shap import deep_lift_shap as by_tangermeme

    with warnings.catch_warnings():
        # Ignore its warnings about convergence and unknown bases: our deltas report the same.
        warnings.simplefilter("ignore")
        multipliers = by_tangermeme(
            net, x, references=references, raw_outputs=True, only_warn=True,
            batch_size=references.shape[0] * references.shape[1],
            additional_nonlinear_ops={Exp: rescale}, device=options.device,
        )  # fmt: skip
    return _hypothetical(multipliers.to(x.device), references), _difference(net, x, references)
