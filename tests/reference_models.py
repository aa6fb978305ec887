"""The plain formulation of ExplaiNN, as the paper describes it, to compare the fast one with.

The input is repeated once per unit and every layer is a convolution in as many groups; batch norm,
exp, pooling, ReLU and dropout are torch's own, one after the other.
"""

import torch
from torch import Tensor, nn

from workflow_lib.models.explainn import ExplaiNN


class Exp(nn.Module):
    """The exponential activation."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


class Strands(nn.Module):
    """The maximum over the strands, whose maps stand one after the other; else nothing."""

    def __init__(self, shared: bool) -> None:
        super().__init__()
        self.shared = shared

    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(*x.chunk(2, dim=2)) if self.shared else x


class PlainExplaiNN(nn.Module):
    """ExplaiNN by repeated input and grouped convolutions; arguments as those of `ExplaiNN`."""

    def __init__(
        self, length, n_targets, units=100, filter_size=19, pool_size=7, pool_stride=7, fc_layers=2,
        fc_nodes=100, dropout=0.3, non_negative=False, strands="forward",
    ):  # fmt: skip
        super().__init__()
        assert not non_negative
        self.n_units, self.shared = units, strands == "shared"
        positions = length - filter_size + 1
        size, stride = (pool_size, pool_stride) if fc_layers else (positions, positions)
        layers = [
            nn.Conv1d(4 * units, units, filter_size, groups=units),
            nn.BatchNorm1d(units),
            Exp(),
            Strands(strands == "shared"),
            nn.MaxPool1d(size, stride),
            nn.Flatten(),
            nn.Unflatten(1, (-1, 1)),
        ]
        inputs = (positions - size) // stride + 1
        for i in range(fc_layers):
            outputs = fc_nodes if i < fc_layers - 1 else 1
            if i > 0:
                layers.append(nn.Dropout(dropout))
            layers.append(nn.Conv1d(inputs * units, outputs * units, 1, groups=units))
            layers += [nn.BatchNorm1d(outputs * units), nn.ReLU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.final = nn.Linear(units, n_targets)

    def units(self, X: Tensor) -> Tensor:
        conv, *others = self.layers
        maps = conv(X.repeat(1, self.n_units, 1))
        if self.shared:
            reverse = conv(X.flip(1, 2).repeat(1, self.n_units, 1)).flip(2)
            maps = torch.cat([maps, reverse], dim=2)  # one batch norm sees both strands
        for layer in others:
            maps = layer(maps)
        return maps

    def forward(self, X: Tensor) -> Tensor:
        return self.final(self.units(X))


def plain_copy(model: ExplaiNN) -> PlainExplaiNN:
    """The plain network with the weights, running statistics and mode of `model`."""
    plain = PlainExplaiNN(model.length, model.n_targets, **model.hyperparameters)
    plain.load_state_dict(dict(zip(plain.state_dict(), as_plain(model).values(), strict=True)))
    return plain.train(model.training)


def as_plain(model: ExplaiNN, gradients: bool = False) -> dict[str, Tensor]:
    """Weights and statistics (or gradients) of `model`, in the plain network's order and shapes."""
    shapes = PlainExplaiNN(model.length, model.n_targets, **model.hyperparameters).state_dict()
    found = dict(model.named_parameters()) if gradients else model.state_dict()
    if gradients:
        found = {k: torch.zeros_like(v) if v.grad is None else v.grad for k, v in found.items()}
        shapes = {k: v for k, v in shapes.items() if "running" not in k and "num_" not in k}
    order = sorted(found, key=_place)
    return {
        key: found[ours].reshape(shape.shape)
        for ours, (key, shape) in zip(order, shapes.items(), strict=True)
    }


def _place(key: str) -> tuple:
    """Sorting key: the network's order of layers, then torch's order within one."""
    parts = key.split(".")
    block = ("conv", "conv_norm", "fc", "final").index(parts[0])
    index = int(parts[1]) if parts[0] == "fc" else 0
    kinds = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return block, index, "norm" in parts, kinds.index(parts[-1])
