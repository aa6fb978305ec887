"""Tasks: what a model's outputs mean, and so how they are trained and scored."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax


class Task(NamedTuple):
    """What the outputs (n, targets) of a model are.

    Attributes
    ----------
    loss
        f(outputs, targets) -> scalar, the mean over the resolved labels; NaN labels do not count.
    activation
        Turns outputs into predictions (a probability, a value).
    metrics
        Names of what is computed on held-out sequences.
    binary
        Whether labels are 0 and 1.
    exclusive
        Whether the targets are classes, of which each sequence has exactly one.
    """

    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    activation: Callable[[torch.Tensor], torch.Tensor]
    metrics: tuple[str, ...]
    binary: bool
    exclusive: bool = False


def masked_bce(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross entropy of logits (n, targets), averaged over the labels that are not NaN."""
    resolved = ~targets.isnan()
    labels = targets.nan_to_num()
    losses = F.binary_cross_entropy_with_logits(outputs, labels, reduction="none")
    return (losses * resolved).sum() / resolved.sum().clamp(min=1)


def masked_mse(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Squared error of values (n, targets), averaged over the values that are not NaN."""
    resolved = ~targets.isnan()
    errors = (outputs - targets.nan_to_num()).square()
    return (errors * resolved).sum() / resolved.sum().clamp(min=1)


def masked_cross_entropy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross entropy of logits (n, classes) and one-hot targets, over the rows without NaN."""
    resolved = ~targets.isnan().any(dim=1)
    losses = F.cross_entropy(outputs, targets.nan_to_num(), reduction="none")
    return (losses * resolved).sum() / resolved.sum().clamp(min=1)


def comparable(task: str, outputs: np.ndarray) -> np.ndarray:
    """Outputs (n, targets) by which sequences can be ranked.

    Logits of exclusive classes have a meaning only beside each other: they become log
    probabilities (which are logits too: their softmax is the same). Other outputs stay.
    """
    if not TASKS[task].exclusive:
        return outputs
    return log_softmax(outputs.astype(np.float64), axis=1).astype(outputs.dtype)


def decided(task: str, outputs: np.ndarray) -> np.ndarray:
    """Outputs (n, targets) that are above 0 where the model says yes.

    A logit of a binary target is so by itself; of exclusive classes the likeliest is chosen.
    """
    if not TASKS[task].exclusive or outputs.shape[1] < 2:
        return outputs
    best_two = np.partition(outputs, -2, axis=1)[:, -2:]
    best_other = np.where(outputs == best_two[:, 1:], best_two[:, :1], best_two[:, 1:])
    return outputs - best_other


_RANKED = ("auprc", "auroc", "base_rate")
TASKS: dict[str, Task] = {
    "binary": Task(masked_bce, torch.sigmoid, _RANKED, binary=True),
    "cross_entropy": Task(masked_cross_entropy, torch.nn.Softmax(dim=1), _RANKED, True, True),
    "regression": Task(masked_mse, torch.nn.Identity(), ("pcc", "pcc_per_sequence", "mse"), False),
}
