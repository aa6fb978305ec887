"""ExplaiNN as a chain of plain modules, for methods that hook into every non-linear step.

`ExplaiNN` itself is written for speed: exp and max pooling happen inside one autograd function. An
attribution rule such as DeepLIFT's has to see each non-linearity as a module of its own. The copy
made here has the same outputs as the model in eval mode, with each batch norm folded into the
layer before it, and always one order of the axes: (n, units, positions or nodes).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_lib.errors import InputError
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.models.layers import Exp, UnitLinear


class UnitDense(nn.Module):
    """A linear layer for each unit: (n, units, inputs) -> (n, units, outputs).

    Weight (units, outputs, inputs), bias (units, outputs).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """All units in one batched matrix product."""
        products = torch.bmm(x.transpose(0, 1), self.weight.transpose(1, 2))
        return products.transpose(0, 1) + self.bias


class ModularExplaiNN(nn.Module):
    """An ExplaiNN with frozen batch norms and each module used once; see `to_deeplift_modules`.

    Attributes
    ----------
    conv
        Convolution with the batch norm in it: one map per unit, or two with shared strands (first
        all filters, then their reverse complements).
    exp, pool
        The activation and the max pooling. With shared strands the values of a window on the two
        strands are adjacent, so that one pooling of doubled size and stride takes their maximum.
    layers, relus
        Each unit's fully connected layers (`UnitDense`) and their activations.
    final
        The output layer, with the effective weights (`output_weights`).
    """

    def __init__(self, model: ExplaiNN) -> None:
        super().__init__()
        self.length, self.n_targets = model.length, model.n_targets
        self.shared_strands = model.shared_strands
        filters, shifts = _folded(model.conv.weight, model.conv.bias, model.conv_norm)
        strands = 1
        if self.shared_strands:
            strands = 2
            filters, shifts = torch.cat([filters, filters.flip(1, 2)]), shifts.repeat(2)
        self.conv = nn.Conv1d(4, len(filters), filters.shape[2])
        self.conv.weight, self.conv.bias = nn.Parameter(filters), nn.Parameter(shifts)
        self.exp = Exp()
        self.pool = nn.MaxPool1d(*(strands * size for size in model.pool))
        self.layers = nn.ModuleList(UnitDense(*_folded_layer(layer)) for layer in model.fc)
        self.relus = nn.ModuleList(nn.ReLU() for _ in model.fc)
        self.final = nn.Linear(len(model.conv.weight), model.n_targets)
        self.final.weight = nn.Parameter(model.output_weights().detach().clone())
        self.final.bias = nn.Parameter(model.final.bias.detach().clone())

    def forward(self, X: Tensor) -> Tensor:
        """Logits or values (n, targets) of one-hot sequences (n, 4, length)."""
        if X.ndim != 3 or X.shape[1:] != (4, self.length):
            raise InputError(
                f"the model wants sequences as (n, 4, {self.length}), but got {tuple(X.shape)}"
            )
        maps = self.conv(X)
        if self.shared_strands:
            maps = torch.stack(maps.chunk(2, dim=1), dim=-1).flatten(2)  # (n, units, 2 positions)
        h = self.pool(self.exp(maps))
        for layer, relu in zip(self.layers, self.relus):
            h = relu(layer(h))
        return F.linear(h.squeeze(2), self.final.weight, self.final.bias)


def to_deeplift_modules(model: nn.Module) -> nn.Module:
    """The model as modules that DeepLIFT can hook into.

    Parameters
    ----------
    model
        Any model. Only an ExplaiNN needs the copy; others are made of such modules already.

    Returns
    -------
    Module
        For an ExplaiNN a `ModularExplaiNN` in eval mode, on the same device, whose outputs equal
        the model's in eval mode up to rounding; it shares no memory with it. Any other model
        itself.
    """
    if not isinstance(model, ExplaiNN):
        return model
    with torch.no_grad(), torch.random.fork_rng(devices=[]):  # the initial weights are not used
        return ModularExplaiNN(model).eval()


def _folded(weight: Tensor, bias: Tensor, norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Weight (outputs, ...) and bias (outputs,) with the running statistics of `norm` in them."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    shift = norm.bias + (bias - norm.running_mean) * scale
    return weight * scale.view(-1, *(1,) * (weight.ndim - 1)), shift


def _folded_layer(layer: UnitLinear) -> tuple[Tensor, Tensor]:
    weight, bias = _folded(layer.weight.flatten(0, 1), layer.bias.flatten(), layer.norm)
    return weight.view_as(layer.weight), bias.view_as(layer.bias)
