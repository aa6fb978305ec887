"""Running models in batches: every step that runs a model over many sequences does it here."""

import copy
import itertools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from workflow_lib.errors import InputError
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import reverse_complement
from workflow_lib.train.gpu import enough_memory, warn_of_unused_gpu, why_unusable

log = logging.getLogger(__name__)


def choose_device(name: str) -> torch.device:
    """Turn the setting `auto`, `cpu` or `cuda` into a device.

    `cuda` is the first GPU that CUDA_VISIBLE_DEVICES shows, which a cluster sets for each job.
    If `auto` takes the CPU although a GPU was given, it warns (`gpu.warn_of_unused_gpu`).

    Raises
    ------
    InputError
        `cuda` is asked for and there is none, or an unknown name. Only `auto` falls back to the
        CPU.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device: found {name!r}, wanted auto, cpu or cuda")
    seen = name != "cpu" and torch.cuda.is_available()
    if name == "auto" and not seen:
        warn_of_unused_gpu()
    if name == "cuda" and not seen:
        raise InputError(
            f"device: cuda was asked for, but {why_unusable()}. Else use device: auto or cpu, or "
            "run where a GPU is"
        )
    if not seen:
        return torch.device("cpu")
    # Not in `describe_device`: the same GPU has another number in the next job.
    log.info(
        "GPU: %s (CUDA_VISIBLE_DEVICES: %s)",
        torch.cuda.get_device_name(), os.environ.get("CUDA_VISIBLE_DEVICES", "not set"),
    )  # fmt: skip
    return torch.device("cuda")


def describe_device(device: torch.device | str) -> str:
    """A description of the device, for logs and the report."""
    device = torch.device(device)
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"{device.type} ({torch.get_num_threads()} threads)"


@contextmanager
def full_precision() -> Iterator[None]:
    """Convolutions in float32 on a GPU too; by default PyTorch rounds their inputs to TF32."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def to_input(X: np.ndarray | torch.Tensor, device: torch.device | str = "cpu") -> torch.Tensor:
    """A batch as a model takes it: uint8 codes (n, L) become one-hot (n, 4, L), floats stay."""
    X = torch.as_tensor(X).to(device)
    return one_hot(X) if X.dtype == torch.uint8 else X.float()


def batches(
    X: np.ndarray, batch_size: int = 256, device: torch.device | str = "cpu"
) -> Iterator[torch.Tensor]:
    """Model inputs, batch by batch and in order.

    Parameters
    ----------
    X
        uint8 codes (n, L), or float inputs of any shape (n, ...).
    batch_size
        Examples per batch; it changes no result.
    device
        Where the batches are put.

    Yields
    ------
    Tensor
        float32 (b, 4, L) for codes, (b, ...) for floats.
    """
    for start in range(0, len(X), batch_size):
        yield to_input(X[start : start + batch_size], device)


@torch.inference_mode()
@full_precision()
def predict(
    model: nn.Module,
    X: np.ndarray,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
    both_strands: bool = False,
) -> np.ndarray:
    """Outputs of a model for many inputs.

    Parameters
    ----------
    model
        Takes float (b, 4, L). It is used in eval mode and comes back in the mode it was in.
    X
        uint8 codes (n, L), or float inputs (n, ...).
    batch_size, device
        See `batches`.
    both_strands
        Average the outputs of each sequence and its reverse complement (paper, Methods:
        predictions on both strands; logits are averaged, not probabilities).

    Returns
    -------
    ndarray
        float32 (n, outputs).

    Raises
    ------
    InputError
        Both strands of inputs that are not sequences; a GPU without enough memory.
    """
    if both_strands and X.dtype != np.uint8:
        raise InputError("both strands can be predicted for sequences only, not for other inputs")
    was_training = model.training
    model.eval().to(device)
    try:
        with enough_memory("predicting with", model, batch_size, device):
            parts = [model(x).float().cpu() for x in batches(X, batch_size, device)]
        if both_strands:
            reverse = predict(model, reverse_complement(X), batch_size, device)
            parts = [(torch.cat(parts) + torch.from_numpy(reverse)) / 2]
    finally:
        model.train(was_training)
    if not parts:
        return np.empty((0, 0), dtype=np.float32)
    return torch.cat(parts).numpy()


def with_folded_norms(model: nn.Module) -> nn.Module:
    """A copy for predictions, in which convolutions do the batch norm that follows them.

    A tenth faster for a CNN on the CPU; outputs differ by rounding.
    """
    copied = copy.deepcopy(model).eval()
    for block in copied.modules():
        if not isinstance(block, nn.Sequential):
            continue
        for i, (layer, after) in enumerate(itertools.pairwise(block)):
            if isinstance(layer, nn.Conv1d) and isinstance(after, nn.BatchNorm1d):
                block[i], block[i + 1] = fuse_conv_bn_eval(layer, after), nn.Identity()
    return copied


class UnitOutputs(nn.Module):
    """A model whose outputs are another model's unit outputs (n, units), for `predict`."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        # `predict` restores the mode: the wrapper must start in that of the model.
        self.train(model.training)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """One-hot (n, 4, L) -> unit outputs (n, units)."""
        return self.model.units(X)


class OneTarget(nn.Module):
    """A model whose one output (n, 1) is a single output of another model."""

    def __init__(self, model: nn.Module, target: int) -> None:
        super().__init__()
        self.model, self.target = model, target
        self.train(model.training)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """One-hot (n, 4, L) -> (n, 1)."""
        return self.model(X)[:, self.target, None]
