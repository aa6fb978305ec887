"""The optimizer, with a learning rate of its own for the filters' weights."""

import torch
from torch import nn


def adam(model: nn.Module, learning_rate: float, filter_lr: float = 1.0) -> torch.optim.Adam:
    """Adam over all parameters; those that are frozen get no gradient, and so no step.

    Parameters
    ----------
    model
        With a factor other than 1 one that has `conv.weight`, the filters.
    learning_rate
        Of all parameters.
    filter_lr
        Factor on it for the filters. Not on their gradients, whose scale Adam divides out.
    """
    if filter_lr == 1:
        return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    filters = model.conv.weight
    others = [parameter for parameter in model.parameters() if parameter is not filters]
    groups = [{"params": others}, {"params": [filters], "lr": learning_rate * filter_lr}]
    return torch.optim.Adam(groups, lr=learning_rate, fused=True)
