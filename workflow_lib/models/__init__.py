"""Models by name: build one, save it to a self-contained file, load it again.

A model is an nn.Module whose arguments are `length`, `n_targets` and its hyperparameters, these
with defaults, and which keeps them as attributes `length`, `n_targets` and `hyperparameters`.
It takes float one-hot sequences (n, 4, length) and returns (n, n_targets). For interpretation it
has `filter_size`, `activations(X)` (the first layer's maps after its non-linearity, float32 (n,
filters, positions)) and `from_activations(maps)` (the outputs). To add one: a file here and a line
in `MODELS`.

`workflow_lib.model_file` says what a model file holds.
"""

import inspect
import json
import os
from collections.abc import Mapping

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.model_file import read_metadata
from workflow_lib.models.aitac import AITAC
from workflow_lib.models.cnn1 import CNN1, CNN1Exp
from workflow_lib.models.danq import DanQ
from workflow_lib.models.deepcnn import DeepCNN
from workflow_lib.models.deepstarr import DeepSTARR
from workflow_lib.models.explainn import ExplaiNN

MODELS: dict[str, type[nn.Module]] = {
    "explainn": ExplaiNN,
    "cnn1": CNN1,
    "cnn1exp": CNN1Exp,
    "deepcnn": DeepCNN,
    "danq": DanQ,
    "deepstarr": DeepSTARR,
    "aitac": AITAC,
}


def build(name: str, *, length: int, n_targets: int, **hyperparameters: object) -> nn.Module:
    """Build an untrained model; its initial weights come from torch's global generator.

    Parameters
    ----------
    name
        A key of `MODELS`.
    length, n_targets
        Length of the sequences and number of outputs.
    **hyperparameters
        Those of the model; the defaults are the published values.

    Raises
    ------
    InputError
        Unknown name or hyperparameter, or a value that the model refuses.
    """
    if name not in MODELS:
        raise InputError(f"unknown model {name!r}; known are: {', '.join(sorted(MODELS))}")
    known = [
        p for p in inspect.signature(MODELS[name]).parameters if p not in ("length", "n_targets")
    ]
    for key in hyperparameters:
        if key not in known:
            raise InputError(
                f"model {name!r} has no hyperparameter {key!r}; it has: {', '.join(known)}"
            )
    return MODELS[name](length=length, n_targets=n_targets, **hyperparameters)


def save(model: nn.Module, path: str | os.PathLike, metadata: Mapping[str, object]) -> None:
    """Write a model file, atomically.

    Parameters
    ----------
    model
        An instance of one of `MODELS`.
    path
        The file to write.
    metadata
        Values that JSON can hold: `target_names` (one per target; may be left out if the model has
        them as an attribute), and anything else to keep.
    """
    architecture = {cls: name for name, cls in MODELS.items()}.get(type(model))
    if architecture is None:
        raise InputError(
            f"{type(model).__name__} is not among the models: {', '.join(sorted(MODELS))}"
        )
    target_names = list(metadata.get("target_names", getattr(model, "target_names", ())))
    if len(target_names) != model.n_targets:
        raise InputError(
            f"{path}: {len(target_names)} target names for a model with {model.n_targets} targets"
        )
    header = {**metadata, "architecture": architecture, "target_names": target_names}
    header |= {key: getattr(model, key) for key in ("hyperparameters", "length", "n_targets")}
    weights = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    texts = {key: json.dumps(value) for key, value in header.items()}
    with atomic(path) as temporary:
        temporary.write_bytes(_in_order(to_bytes(weights, texts)))


def _in_order(data: bytes) -> bytes:
    """The same safetensors file with its metadata sorted: equal models give equal files.

    The library writes them in another order each time. The layout: 8 bytes with the header's size
    (little endian), the header in JSON, the weights.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[start:]


def load(path: str | os.PathLike) -> nn.Module:
    """Rebuild a model from its file alone.

    Returns
    -------
    Module
        On the CPU, in eval mode, with the attributes `target_names` (list) and `metadata` (dict:
        the whole header).

    Raises
    ------
    InputError
        The file is missing, not a model file, or its weights do not fit its header.
    """
    metadata, weights = read_metadata(path), load_file(path)
    with torch.random.fork_rng(devices=[]):  # the initial weights are not used
        model = build(
            metadata["architecture"],
            length=metadata["length"],
            n_targets=metadata["n_targets"],
            **metadata["hyperparameters"],
        )
    expected = model.state_dict()
    for key in sorted(expected.keys() | weights.keys()):
        wanted, found = (tuple(d[key].shape) if key in d else None for d in (expected, weights))
        if wanted != found:
            raise InputError(
                f"{path}: weights {key!r} have shape {found or 'none'}; "
                f"its header wants {wanted or 'none'}"
            )
    model.load_state_dict(weights)
    model.metadata, model.target_names = metadata, metadata["target_names"]
    return model.eval()
