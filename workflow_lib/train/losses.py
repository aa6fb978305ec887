"""The loss of each task, and the activation that turns outputs into predictions."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

_EPSILON = 1e-6  # as in AI-TAC's code


class Loss(NamedTuple):
    """Loss and output activation of a task.

    Attributes
    ----------
    function
        f(outputs, targets) -> scalar, the mean over the resolved labels; NaN labels do not count.
    activation
        Turns outputs into predictions (a probability, a value).
    """

    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    activation: Callable[[torch.Tensor], torch.Tensor]


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


def masked_correlation(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """1 - Pearson correlation of each row's outputs and targets, averaged over the rows.

    (paper, Methods, "Model training": accessibility across cell types; AI-TAC's loss). NaN targets
    are left out of their row; rows whose remaining targets do not vary do not count. Neither the
    origin nor the unit of a row's targets matters.
    """
    resolved, infinity = ~targets.isnan(), float("inf")
    count = resolved.sum(dim=1, keepdim=True).clamp(min=1)

    def centred(values: torch.Tensor) -> torch.Tensor:
        values = values * resolved
        return (values - values.sum(dim=1, keepdim=True) / count) * resolved

    highest = targets.nan_to_num(-infinity).amax(dim=1)
    varies = highest > targets.nan_to_num(infinity).amin(dim=1)
    labels = centred(targets.nan_to_num())
    # Values of 1e-8 are as good as others.
    labels = labels / labels.abs().amax(dim=1, keepdim=True).clamp(min=torch.finfo().tiny)
    losses = 1 - F.cosine_similarity(centred(outputs.float()), labels, dim=1, eps=_EPSILON)
    return (losses * varies).sum() / varies.sum().clamp(min=1)


LOSSES: dict[str, Loss] = {
    "binary": Loss(masked_bce, torch.sigmoid),
    "cross_entropy": Loss(masked_cross_entropy, torch.nn.Softmax(dim=1)),
    "regression": Loss(masked_mse, torch.nn.Identity()),
    "correlation": Loss(masked_correlation, torch.nn.Identity()),
}
