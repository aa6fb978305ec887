"""DeepSTARR: four convolutional layers for enhancer activity (de Almeida et al. 2022)."""

import os
import pickle

import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.models.cnn import CNN, dense, pooled

_SIZES = (7, 3, 5, 3)
_FILTERS = (256, 60, 60, 120)


class DeepSTARR(CNN):
    """DeepSTARR: 256 filters of 7 bp, 60 of 3, 60 of 5, 120 of 3, two fully connected layers.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    fc_nodes, dropout
        Of the fully connected layers.
    norm_eps
        What batch norm adds to the variance; 1e-3 as in the published model (Keras' default).
    """

    def __init__(
        self, length: int, n_targets: int, fc_nodes: int = 256, dropout: float = 0.4,
        norm_eps: float = 1e-3,
    ):  # fmt: skip
        super().__init__(length, n_targets, fc_nodes=fc_nodes, dropout=dropout, norm_eps=norm_eps)
        steps = [step for size in _SIZES for step in ((size, 1, size // 2), (2, 2, 0))]
        positions = pooled("deepstarr", length, steps)
        blocks = []
        for inputs, filters, size in zip((4, *_FILTERS), _FILTERS, _SIZES, strict=False):
            blocks += [
                nn.Conv1d(inputs, filters, size, padding=size // 2), nn.BatchNorm1d(filters),
                nn.ReLU(), nn.MaxPool1d(2),
            ]  # fmt: skip
        self.first = nn.Sequential(*blocks[:3])  # (n, 256, length)
        self.rest = nn.Sequential(
            *blocks[3:],  # (n, 120, 15) at 249 bp
            nn.Flatten(),
            *dense(_FILTERS[-1] * positions, fc_nodes, dropout),
            *dense(fc_nodes, fc_nodes, dropout),
            nn.Linear(fc_nodes, n_targets),
        )
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eps = norm_eps


def load_published(path: str | os.PathLike) -> DeepSTARR:
    """Read the published model, as its conversion from Keras to PyTorch stores it.

    There the channels of a sequence stand in the order A, C, T, G and the last maps are flattened
    position by position, as in Keras.

    Parameters
    ----------
    path
        A .pth file: a dictionary of weights, read without unpickling anything else.

    Returns
    -------
    DeepSTARR
        In eval mode, for 249 bp, with `target_names` Dev and Hk.

    Raises
    ------
    InputError
        Where the file is not such a dictionary.
    """
    model = DeepSTARR(249, 2)
    try:
        theirs = torch.load(path, map_location="cpu", weights_only=True)
        _to_our_order(theirs)
        modules = [m for m in model.modules() if isinstance(m, nn.Conv1d | nn.Linear)]
        norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
        layers = ["conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "out"]
        for name, module in zip(layers, modules, strict=True):
            module.load_state_dict({k: theirs[f"{name}.{k}"] for k in module.state_dict()})
        for name, module in zip(
            ["bn1", "bn2", "bn3", "bn4", "bn_fc1", "bn_fc2"], norms, strict=True
        ):
            module.load_state_dict({k: theirs[f"{name}.{k}"] for k in module.state_dict()})
    except (LookupError, AttributeError, ValueError, TypeError, RuntimeError, EOFError, OSError,
            pickle.UnpicklingError) as error:  # fmt: skip
        raise InputError(f"{path}: not the weights of the published DeepSTARR ({error})") from error
    model.target_names, model.metadata = ["Dev", "Hk"], {}
    return model.eval()


def _to_our_order(weights: dict[str, torch.Tensor]) -> None:
    """Channels A, C, G, T; flattened channel by channel; one output layer. In place."""
    weights["conv1.weight"] = weights["conv1.weight"][:, [0, 1, 3, 2]]
    first = weights["fc1.weight"]
    by_position = first.view(len(first), -1, _FILTERS[-1])
    weights["fc1.weight"] = by_position.transpose(1, 2).reshape(first.shape)
    for kind in ("weight", "bias"):
        weights[f"out.{kind}"] = torch.cat([weights[f"fc_dev.{kind}"], weights[f"fc_hk.{kind}"]])
