"""The authors' own weights: checkpoints of ExplaiNN, and DeepSTARR as converted from Keras."""

import os
import pickle  # noqa: TID251 - only its exception, which unpickles nothing

import torch
from torch import Tensor, nn

from workflow_lib.errors import InputError
from workflow_lib.models.deepstarr import FILTERS, DeepSTARR
from workflow_lib.models.explainn import ExplaiNN


def load_explainn(path: str | os.PathLike, length: int | None = None) -> ExplaiNN:
    """Read a checkpoint of the authors' code (their `networks.ExplaiNN`), of any depth.

    Parameters
    ----------
    path
        Their .pth file: a dictionary of weights, read without unpickling anything else.
    length
        Length of the sequences. The file gives it only up to the pooling: by default the shortest
        that fits. Without fully connected layers `length` is required.

    Returns
    -------
    ExplaiNN
        In eval mode, with pooling 7/7, and `target_names` target0 and so on.

    Raises
    ------
    InputError
        Where the file is not such a checkpoint.
    """
    try:
        theirs = torch.load(path, map_location="cpu", weights_only=True)
        units, _, filter_size = theirs["linears.0.weight"].shape
        linear = _explainn_layers(theirs)
        first = theirs[f"{linear[0][0]}.weight"] if linear else None
        if length is None and first is None:
            raise InputError(f"{path}: a model without fully connected layers; wanted its length")
        if length is None:
            length = filter_size + 7 - 1 + 7 * (first.shape[1] - 1)
        nodes = len(first) // units if len(linear) > 1 else 100
        model = ExplaiNN(
            length,
            len(theirs["final.bias"]),
            units,
            filter_size,
            fc_layers=len(linear),
            fc_nodes=nodes,
        )
        names = {"conv": "linears.0", "conv_norm": "linears.1", "final": "final"}
        for i, (weights, norm) in enumerate(linear):
            names |= {f"fc.{i}": weights, f"fc.{i}.norm": norm}
        ours = model.state_dict()
        for key, value in ours.items():
            module, _, kind = key.rpartition(".")
            ours[key] = theirs.pop(f"{names[module]}.{kind}").reshape(value.shape)
        model.load_state_dict(ours)
    except InputError:
        raise
    except (KeyError, AttributeError, ValueError, TypeError, RuntimeError, EOFError, OSError,
            pickle.UnpicklingError) as error:  # fmt: skip
        raise InputError(f"{path}: not a checkpoint of the authors' ExplaiNN ({error})") from error
    model.target_names = [f"target{i}" for i in range(model.n_targets)]
    model.metadata = {}
    return model.eval()


def _explainn_layers(theirs: dict[str, Tensor]) -> list[tuple[str, str]]:
    """Names of the linear layers within units and of their norms, in the authors' order."""
    between = sum(key.endswith(".1.weight") for key in theirs if key.startswith("linears_bg"))
    names = [("linears.6", "linears.7"), ("linears.10", "linears.11")]
    names += [(f"linears_bg.{i}.1", f"linears_bg.{i}.2") for i in range(between)]
    names += [("last_linear.1", "last_linear.2")]
    return [(weights, norm) for weights, norm in names if f"{weights}.weight" in theirs]


def load_deepstarr(path: str | os.PathLike) -> DeepSTARR:
    """Read the published model, as its conversion from Keras to PyTorch stores it.

    There the channels of a sequence are in the order A, C, T, G and the last maps are flattened
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
        _deepstarr_to_our_order(theirs)
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


def _deepstarr_to_our_order(weights: dict[str, torch.Tensor]) -> None:
    """Channels A, C, G, T; flattened channel by channel; one output layer. In place."""
    weights["conv1.weight"] = weights["conv1.weight"][:, [0, 1, 3, 2]]
    first = weights["fc1.weight"]
    by_position = first.view(len(first), -1, FILTERS[-1])
    weights["fc1.weight"] = by_position.transpose(1, 2).reshape(first.shape)
    for kind in ("weight", "bias"):
        weights[f"out.{kind}"] = torch.cat([weights[f"fc_dev.{kind}"], weights[f"fc_hk.{kind}"]])
