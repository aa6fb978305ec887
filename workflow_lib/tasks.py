"""Tasks: what a model's outputs mean, and so how they are trained and scored."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F


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
    """

    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    activation: Callable[[torch.Tensor], torch.Tensor]
    metrics: tuple[str, ...]
    binary: bool


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


TASKS: dict[str, Task] = {
    "binary": Task(masked_bce, torch.sigmoid, ("auprc", "auroc", "base_rate"), binary=True),
    "regression": Task(masked_mse, torch.nn.Identity(), ("pcc", "pcc_per_sequence", "mse"), False),
}
