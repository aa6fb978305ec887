"""Published checkpoints: the authors' ExplaiNN, and DeepSTARR from Keras and from PyTorch.

Each is a dictionary of weights (`state_dict`), read without unpickling anything else. The network
that comes out is the workflow's own, with one-hot channels in the order A, C, G, T.
"""

import logging
import os
import pickle  # noqa: TID251 - only its exception, which unpickles nothing
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from workflow_lib.errors import InputError
from workflow_lib.models.deepstarr import FILTERS, DeepSTARR
from workflow_lib.models.explainn import ExplaiNN

log = logging.getLogger(__name__)

# The one-hot channels of the published DeepSTARRs are in the order A, C, T, G.
_ACTG = [0, 1, 3, 2]
_DEEPSTARR_TARGETS = ("Dev", "Hk")
_DEEPSTARR_LENGTH = 249
_POOL = 7  # of the authors' ExplaiNN, whose weights do not tell it


class _Source(NamedTuple):
    """Where a weight of ours comes from: the names there, in order, and the shape of each."""

    names: tuple[str, ...]
    shape: tuple[int, ...]


def load_published(
    path: str | os.PathLike,
    format: str,
    *,
    length: int,
    target_names: Sequence[str],
    **hyperparameters: object,
) -> nn.Module:
    """Read a published checkpoint as a model of a data set.

    Parameters
    ----------
    path
        The checkpoint: a dictionary of weights.
    format
        A key of `READERS`. `explainn`: the authors' `networks.ExplaiNN` of any depth.
        `deepstarr_keras`: the published DeepSTARR as converted from Keras, whose last maps are
        flattened position by position; `deepstarr_pytorch`: one trained in PyTorch, flattened
        channel by channel. In both, the one-hot channels are in the order A, C, T, G.
    length, target_names
        Of the data set: length of its sequences (bp) and names of its targets.
    **hyperparameters
        Of the architecture; those that the shapes of the weights tell may be left out.

    Returns
    -------
    Module
        In eval mode, with `target_names`.

    Raises
    ------
    InputError
        The file is no such checkpoint, or does not fit the length or the targets: which weights,
        the shape that was found and the one that was wanted.
    """
    if format not in READERS:
        raise InputError(f"unknown format {format!r}; there are: {', '.join(READERS)}")
    return READERS[format](path, length, list(target_names), **hyperparameters)


def load_explainn(path: str | os.PathLike, length: int | None = None) -> ExplaiNN:
    """Read a checkpoint of the authors' code (their `networks.ExplaiNN`), of any depth.

    Parameters
    ----------
    path
        Their .pth file: a dictionary of weights.
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
    theirs = _weights(path)
    if length is None and "linears.6.weight" not in theirs:
        _sizes_of_explainn(path, theirs)
        raise InputError(f"{path}: a model without fully connected layers; wanted its length")
    if length is None:
        pooled = theirs["linears.6.weight"].shape[1]
        size = _sizes_of_explainn(path, theirs)["filter_size"]
        length = size + _POOL - 1 + _POOL * (pooled - 1)
    n_targets = len(_weight(path, theirs, "final.weight", 2))
    return _explainn(path, length, [f"target{i}" for i in range(n_targets)])


def load_deepstarr(path: str | os.PathLike) -> DeepSTARR:
    """Read the published DeepSTARR, as its conversion from Keras to PyTorch stores it.

    Parameters
    ----------
    path
        A .pth file: a dictionary of weights.

    Returns
    -------
    DeepSTARR
        In eval mode, for 249 bp, with `target_names` Dev and Hk.

    Raises
    ------
    InputError
        Where the file is not such a dictionary.
    """
    return _deepstarr_keras(path, _DEEPSTARR_LENGTH, list(_DEEPSTARR_TARGETS))


def _weights(path: str | os.PathLike) -> dict[str, Tensor]:
    """The dictionary of weights in a file."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (LookupError, ValueError, TypeError, RuntimeError, EOFError, OSError,
            pickle.UnpicklingError) as error:  # fmt: skip
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a checkpoint of PyTorch ({said})") from error
    if not isinstance(found, Mapping):
        raise InputError(f"{path}: found a {type(found).__name__}, wanted a dictionary of weights")
    for name, value in found.items():
        if not isinstance(value, Tensor):
            raise InputError(
                f"{path}: {name!r} is a {type(value).__name__}; wanted a dictionary of weights "
                "(`state_dict`) and nothing else"
            )
    return dict(found)


def _weight(path: str | os.PathLike, theirs: Mapping[str, Tensor], name: str, axes: int) -> Tensor:
    """One weight, by which the sizes of the network are known."""
    if name not in theirs or theirs[name].ndim != axes:
        found = f"shape {tuple(theirs[name].shape)}" if name in theirs else "none"
        raise InputError(f"{path}: weights {name!r}: found {found}, wanted {axes} axes")
    return theirs[name]


def _taken(
    path: str | os.PathLike, theirs: Mapping[str, Tensor], sources: Mapping[str, _Source]
) -> dict[str, list[Tensor]]:
    """The weights that each of ours comes from.

    Raises
    ------
    InputError
        One is missing, has another shape or another use.
    """
    wanted = {name: source.shape for source in sources.values() for name in source.names}
    for name in [*wanted, *theirs]:
        found, shape = tuple(theirs[name].shape) if name in theirs else None, wanted.get(name)
        if found != shape:
            raise InputError(
                f"{path}: weights {name!r}: found {_shown(found)}, wanted {_shown(shape)}"
            )
    return {ours: [theirs[name] for name in source.names] for ours, source in sources.items()}


def _shown(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else f"shape {shape}"


def _finished(model: nn.Module, weights: Mapping[str, Tensor], names: Sequence[str]) -> nn.Module:
    model.load_state_dict(weights)
    model.target_names, model.metadata = list(names), {}
    return model.eval()


# --- ExplaiNN -----------------------------------------------------------------------------------


def _explainn(
    path: str | os.PathLike, length: int, target_names: Sequence[str], **hyperparameters: object
) -> ExplaiNN:
    theirs = _weights(path)
    sizes = _sizes_of_explainn(path, theirs) | hyperparameters
    with torch.random.fork_rng(devices=[]):  # the initial weights are not used
        model = ExplaiNN(length, len(target_names), **sizes)
    modules = {"conv": "linears.0", "conv_norm": "linears.1", "final": "final"}
    for i, (linear, norm) in enumerate(_layers_of_explainn(sizes["fc_layers"])):
        modules |= {f"fc.{i}": linear, f"fc.{i}.norm": norm}
    ours = model.state_dict()
    sources = {}
    for key, value in ours.items():
        module, _, kind = key.rpartition(".")
        shape = tuple(value.shape)
        if module.startswith("fc.") and "norm" not in module:
            # A convolution over one position in as many groups as there are units.
            units, outputs, *inputs = shape
            shape = (units * outputs, *inputs, *[1 for _ in inputs])
        sources[key] = _Source((f"{modules[module]}.{kind}",), shape)
    found = _taken(path, theirs, sources)
    weights = {key: found[key][0].reshape(value.shape) for key, value in ours.items()}
    return _finished(model, weights, target_names)


def _sizes_of_explainn(path: str | os.PathLike, theirs: Mapping[str, Tensor]) -> dict[str, int]:
    """Hyperparameters that the shapes tell: units, filter_size, fc_layers, fc_nodes."""
    units, _, filter_size = _weight(path, theirs, "linears.0.weight", 3).shape
    between = sum(key.startswith("linears_bg.") and key.endswith(".1.weight") for key in theirs)
    depth = sum(f"linears.{i}.weight" in theirs for i in (6, 10))
    if "last_linear.1.weight" in theirs:
        depth = 2 + between
    sizes = {"units": units, "filter_size": filter_size, "fc_layers": depth}
    if depth > 1:
        sizes["fc_nodes"] = max(len(_weight(path, theirs, "linears.6.weight", 3)) // units, 1)
    return sizes


def _layers_of_explainn(depth: int) -> list[tuple[str, str]]:
    """Names of the linear layers within units and of their norms, in the authors' order."""
    names = [("linears.6", "linears.7"), ("linears.10", "linears.11")]
    if depth < 3:
        return names[:depth]
    between = [(f"linears_bg.{i}.1", f"linears_bg.{i}.2") for i in range(depth - 2)]
    return [names[0], *between, ("last_linear.1", "last_linear.2")]


# --- DeepSTARR ----------------------------------------------------------------------------------


def _deepstarr_pytorch(
    path: str | os.PathLike, length: int, target_names: Sequence[str], **hyperparameters: object
) -> DeepSTARR:
    return _deepstarr(path, length, target_names, False, **hyperparameters)


def _deepstarr_keras(
    path: str | os.PathLike, length: int, target_names: Sequence[str], **hyperparameters: object
) -> DeepSTARR:
    return _deepstarr(path, length, target_names, True, **hyperparameters)


def _deepstarr(
    path: str | os.PathLike, length: int, target_names: Sequence[str], by_position: bool,
    **hyperparameters: object,
) -> DeepSTARR:  # fmt: skip
    if tuple(target_names) != _DEEPSTARR_TARGETS:
        raise InputError(
            f"{path}: the data set has the targets {', '.join(target_names)}; wanted "
            f"{' and '.join(_DEEPSTARR_TARGETS)}, which DeepSTARR predicts, in this order"
        )
    with torch.random.fork_rng(devices=[]):  # the initial weights are not used
        model = DeepSTARR(length, len(target_names), **hyperparameters)
    # PyTorch's own default is another one (1e-5), and outputs depend on it.
    taken = model.hyperparameters["norm_eps"]
    said = "%s: its batch norms add %g to the variance (norm_eps; weights do not tell)"
    log.info(said, path, taken)
    layers = iter(["conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "out"])
    norms = iter(["bn1", "bn2", "bn3", "bn4", "bn_fc1", "bn_fc2"])
    sources = {}
    for place, module in model.named_modules():
        if isinstance(module, nn.Conv1d | nn.Linear | nn.BatchNorm1d):
            theirs = next(norms if isinstance(module, nn.BatchNorm1d) else layers)
            for kind, value in module.state_dict().items():
                names, shape = (f"{theirs}.{kind}",), tuple(value.shape)
                if theirs == "out":
                    names, shape = (f"fc_dev.{kind}", f"fc_hk.{kind}"), (1, *shape[1:])
                sources[f"{place}.{kind}"] = _Source(names, shape)
    found = _taken(path, _weights(path), sources)
    ours = {source.names[0]: key for key, source in sources.items()}
    weights = {
        key: torch.cat(parts) if len(parts) > 1 else parts[0] for key, parts in found.items()
    }
    first = ours["conv1.weight"]
    weights[first] = weights[first][:, _ACTG]
    if by_position:
        after = ours["fc1.weight"]
        weights[after] = _by_channel(weights[after])
    return _finished(model, weights, target_names)


def _by_channel(weight: Tensor) -> Tensor:
    """Weights (out, positions * maps) of maps that were flattened by position, by channel."""
    return weight.unflatten(1, (-1, FILTERS[-1])).transpose(1, 2).flatten(1)


# Format -> function that reads a file of it; their architectures: workflow_lib.config.published.
READERS: dict[str, Callable[..., nn.Module]] = {
    "explainn": _explainn,
    "deepstarr_keras": _deepstarr_keras,
    "deepstarr_pytorch": _deepstarr_pytorch,
}
