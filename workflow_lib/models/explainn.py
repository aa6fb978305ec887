"""ExplaiNN (Novakovsky et al. 2023): a linear model over many units, each a network of one filter.

This is a fast formulation: one convolution for all units instead of a repeated input and
grouped convolutions, batch norm folded into the filters (also in training), max pooling before exp
(both are monotonic), and each unit's fully connected layers as batched matrix products. Outputs and
gradients are those of the plain formulation.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_lib.config.architecture import check_values, positions
from workflow_lib.errors import InputError
from workflow_lib.models.layers import (
    PooledConv,
    UnitLinear,
    checked_input,
    map_statistics,
    update_running,
)


class ExplaiNN(nn.Module):
    """ExplaiNN: units (one filter, exp, max pool, fully connected layers) into one linear layer.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    units
        Number of units, that is of filters.
    filter_size, pool_size, pool_stride
        Of the convolution (no padding) and the max pooling, in positions.
    fc_layers
        Fully connected layers in each unit, 0 to 8. 2 is the paper's; 1 goes from the pooled map
        straight to one value; 0 takes the maximum of the whole map and no layer (Fig. S2).
    fc_nodes, dropout
        Nodes of each of those layers but the last, and the rate at which they are dropped.
    non_negative
        Keep the output weights at or above zero.
    strands
        `forward`, or `shared`: each unit scans both strands with its one filter and takes, window
        by window, the maximum over the strands.

    Raises
    ------
    InputError
        Where the sequences are too short, or a value is out of range.
    """

    def __init__(
        self, length: int, n_targets: int, units: int = 100, filter_size: int = 19,
        pool_size: int = 7, pool_stride: int = 7, fc_layers: int = 2, fc_nodes: int = 100,
        dropout: float = 0.3, non_negative: bool = False, strands: str = "forward",
    ):  # fmt: skip
        super().__init__()
        self.length, self.n_targets = length, n_targets
        self.hyperparameters = {
            "units": units, "filter_size": filter_size, "pool_size": pool_size,
            "pool_stride": pool_stride, "fc_layers": fc_layers, "fc_nodes": fc_nodes,
            "dropout": dropout, "non_negative": non_negative, "strands": strands,
        }  # fmt: skip
        check_values("explainn", {"n_targets": n_targets, **self.hyperparameters})
        pooled = positions("explainn", length, self.hyperparameters)
        full = length - filter_size + 1
        self.pool = (pool_size, pool_stride) if fc_layers else (full, full)
        sizes = [pooled] + [fc_nodes] * (fc_layers - 1) + [1]
        rates = [dropout] * (fc_layers - 1) + [0.0]
        self.non_negative, self.shared_strands = non_negative, strands == "shared"
        self.conv = nn.Conv1d(4, units, filter_size)
        self.conv_norm = nn.BatchNorm1d(units)
        self.fc = nn.ModuleList(
            UnitLinear(units, sizes[i], sizes[i + 1], rates[i]) for i in range(fc_layers)
        )
        self.final = nn.Linear(units, n_targets)
        self._fixed_norm = False

    def start_filters(self, filters: Tensor, freeze: str = "none") -> None:
        """Set the filters before a training, and say what of them stays as it is.

        Parameters
        ----------
        filters
            Weights (units, 4, filter_size), for instance of known motifs.
        freeze
            `none`: all is trained. `weights`: the weights stay, their bias and the batch norm of
            their maps learn, as published. `filter`: these stay too, with the running statistics
            of the batch norm, which `calibrate` sets.
        """
        with torch.no_grad():
            self.conv.weight.copy_(filters)
        whole = [self.conv.bias, *self.conv_norm.parameters()]
        for parameter in [self.conv.weight] * (freeze != "none") + whole * (freeze == "filter"):
            parameter.requires_grad_(False)
        self._fixed_norm = freeze == "filter"

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Set the running statistics of the filters' batch norm to those over all batches.

        Parameters
        ----------
        batches
            One-hot sequences (n, 4, length).

        Raises
        ------
        InputError
            No sequences.
        """
        total, mean, square = 0, 0.0, 0.0
        for X in batches:
            of_batch, var, count = self._map_statistics(checked_input(X, self.length))
            total, share = total + count, count / (total + count)
            of_batch, var = of_batch.double(), var.double()
            mean = mean + (of_batch - mean) * share
            square = square + (var + of_batch.square() - square) * share
        if total < 2:
            raise InputError("there are no sequences to calibrate the filters' batch norm on")
        norm, var = self.conv_norm, (square - mean.square()) * (total / (total - 1))
        norm.running_mean.copy_(mean + self.conv.bias)
        norm.running_var.copy_(var.clamp(min=0))

    def train(self, mode: bool = True) -> "ExplaiNN":
        """As of every module, but a norm that is frozen stays in eval mode."""
        super().train(mode)
        if self._fixed_norm:
            self.conv_norm.eval()
        return self

    def forward(self, X: Tensor) -> Tensor:
        """Logits or values (n, targets) of one-hot sequences (n, 4, length)."""
        if self.training and self.non_negative:
            # Projected gradient descent, as the authors do it: a weight that the last step took
            # below zero is set back to zero, from where the next step may raise it again.
            self.final.weight.data.clamp_(min=0)
        return F.linear(self.units(X), self.output_weights(), self.final.bias)

    def output_weights(self) -> Tensor:
        """Effective weights of the final layer, (targets, units)."""
        return self.final.weight.clamp(min=0) if self.non_negative else self.final.weight

    def contributions(self, X: Tensor) -> Tensor:
        """Unit outputs times output weights, (n, units, targets): with the bias, the logit."""
        return self.units(X).unsqueeze(-1) * self.output_weights().T

    def units(self, X: Tensor) -> Tensor:
        """Outputs of the units, (n, units), float32 and >= 0."""
        h = self._pooled(X)  # (units, pooled, n)
        for layer in self.fc:
            h = layer(h)  # (units, fc_nodes, n), the last one (units, 1, n)
        return h.squeeze(1).T

    @property
    def filter_size(self) -> int:
        """Length of the filters in bp."""
        return self.conv.kernel_size[0]

    def activations(self, X: Tensor) -> Tensor:
        """exp(batch norm(convolution)), (n, units, length - filter_size + 1), always float32.

        Of the forward strand, even if the units scan both: the reverse strand's are those of
        `X.flip(1, 2)`, and the units use the maximum of the two (`from_activations`).
        """
        X = checked_input(X, self.length).to(self.conv.weight.dtype)
        with torch.autocast(X.device.type, enabled=False):
            weight, shift = self._filters(X)
            return F.conv1d(X, weight, shift).exp_()

    def from_activations(self, activations: Tensor) -> Tensor:
        """Outputs (n, targets) of maps (n, units, positions), for instance modified ones."""
        h = F.max_pool1d(activations, *self.pool).permute(1, 2, 0)
        for layer in self.fc:
            h = layer(h)
        return F.linear(h.squeeze(1).T, self.output_weights(), self.final.bias)

    def _pooled(self, X: Tensor) -> Tensor:
        """Maxima of the activations in each pooling window, (units, pooled, n)."""
        X = checked_input(X, self.length).to(self.conv.weight.dtype)
        # exp() of a filter can overflow half precision: float32 up to here, autocast or not.
        with torch.autocast(X.device.type, enabled=False):
            weight, shift = self._filters(X)
            if self.shared_strands:
                both = PooledConv.apply(X, torch.cat([weight, weight.flip(1, 2)]), *self.pool)
                pooled = torch.maximum(*both.chunk(2))
            else:
                pooled = PooledConv.apply(X, weight, *self.pool)
            return (pooled + shift[:, None, None]).exp()

    def _filters(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Filters (units, 4, size) and shifts (units,) with the batch norm folded into them."""
        weight, bias, norm = self.conv.weight, self.conv.bias, self.conv_norm
        if norm.training:
            mean, var, count = self._map_statistics(X)
            update_running(norm, mean + bias, var, count)
            mean = mean + bias
        else:
            mean, var = norm.running_mean, norm.running_var
        scale = norm.weight * (var + norm.eps).rsqrt()
        return weight * scale[:, None, None], norm.bias + (bias - mean) * scale

    def _map_statistics(self, X: Tensor) -> tuple[Tensor, Tensor, int]:
        """Mean and biased variance (units,) of the maps without bias, and of how many values."""
        weight = self.conv.weight
        mean, var = map_statistics(X, weight)
        count = len(X) * (self.length - weight.shape[2] + 1)
        if self.shared_strands:
            reverse = map_statistics(X, weight.flip(1, 2))
            var = (var + reverse[1]) / 2 + ((mean - reverse[0]) / 2).square()
            mean, count = (mean + reverse[0]) / 2, 2 * count
        return mean, var, count
