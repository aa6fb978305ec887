"""GPUs: messages to the user if one cannot be used or its memory is full."""

import functools
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from workflow_lib.errors import InputError

log = logging.getLogger(__name__)

# Values of CUDA_VISIBLE_DEVICES that hide all GPUs; the last is that of old versions of Slurm.
_NO_GPU = ("", "-1", "NoDevFiles")
# Set by Slurm for a job that was given GPUs.
_SLURM_GPUS = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE")
_DEVICE_FILE = "/dev/nvidia0"
# Messages of CUDA and its libraries when they, not PyTorch, allocate the memory.
_OUT_OF_MEMORY = ("out of memory", "ALLOC_FAILED")
_LARGE_SHARE = 0.1  # of a GPU's memory, held by other processes


def gpu_given() -> str:
    """The evidence that this process was given a GPU, as text; empty if there is none.

    On a cluster's node the device file may be another job's GPU: it counts only outside of Slurm,
    or if PyTorch was built without CUDA.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in _NO_GPU:
        return ""
    if visible is not None:
        return f"CUDA_VISIBLE_DEVICES={visible}"
    for name in _SLURM_GPUS:
        value = os.environ.get(name, "")
        # The other variables list GPU numbers, from 0; this one is a count.
        if value and not (name == "SLURM_GPUS_ON_NODE" and value == "0"):
            return f"{name}={value}"
    others = "SLURM_JOB_ID" in os.environ and torch.version.cuda is not None
    return f"the device {_DEVICE_FILE}" if os.path.exists(_DEVICE_FILE) and not others else ""


def why_unusable() -> str:
    """Why PyTorch, which sees no GPU, cannot use one, and what to install."""
    version = torch.__version__.partition("+")[0]
    if torch.version.cuda is None:
        return (
            f"PyTorch {torch.__version__} was built without CUDA. Install its CUDA build: "
            f"{sys.executable} -m pip install --force-reinstall torch=={version} (from PyPI; in an "
            "environment that conda made: create it again with CONDA_OVERRIDE_CUDA set to the "
            "driver's version of CUDA)"
        )
    try:
        torch.cuda.init()
        said = "nothing more"
    except (RuntimeError, AssertionError) as error:
        said = str(error).strip().splitlines()[0]
    return (
        f"PyTorch {torch.__version__} sees no GPU: the NVIDIA driver is missing or too old for "
        f"CUDA {torch.version.cuda}, or there is no such GPU (PyTorch says: {said}). `nvidia-smi` "
        "shows the driver and the GPUs; install a newer driver, or a PyTorch built for the "
        "driver's CUDA (https://pytorch.org/get-started)"
    )


@functools.cache  # once per process, however many models run in it
def warn_of_unused_gpu() -> None:
    """Warn in the log and on the terminal that a GPU was given but the CPU is used."""
    if gpu_given() and not torch.cuda.is_available():
        log.warning(
            "a GPU was given (%s), but THE MODEL RUNS ON THE CPU, which takes many times as long: "
            "%s. If the CPU is meant: device: cpu", gpu_given(), why_unusable(),
        )  # fmt: skip


@contextmanager
def enough_memory(
    doing: str,
    model: nn.Module,
    batch_size: int | None,
    device: torch.device | str,
    adjustable: bool = False,
) -> Iterator[None]:
    """Run the block; if the GPU runs out of memory, raise an error with advice.

    Parameters
    ----------
    doing
        What the block does with the model: `training`, `predicting with` ...
    model
        The model that runs.
    batch_size
        Number of examples that go through it together; None = all.
    device
        Where it runs.
    adjustable
        Whether the batch size can be changed in the training settings.

    Raises
    ------
    InputError
        The device's memory is full; names model, batch size, device and its memory.
    """
    try:
        yield
    except RuntimeError as error:
        full = any(text in str(error) for text in _OUT_OF_MEMORY)
        if not full and not isinstance(error, torch.OutOfMemoryError):
            raise
        raise InputError(
            f"out of memory on {_memory(torch.device(device))}: {doing} {_named(model)}"
            + (f" in batches of {batch_size}. " if batch_size else ". ")
            + _advice(batch_size, adjustable)
        ) from error


def _advice(batch_size: int | None, adjustable: bool) -> str:
    """What a user can do about too little memory."""
    elsewhere = "run it on a GPU with more memory, or with `--config device=cpu`"
    if batch_size is None:
        return f"No batch size changes that: {elsewhere}"
    if not adjustable:
        return (
            f"The batch size of this step is not a setting: {elsewhere} (trained models are not "
            "trained again)"
        )
    return (
        "Lower `batch_size` under `training` of the model's entry in config/models.yaml, or "
        f"{elsewhere}. With the same settings on another GPU the training goes on after its last "
        "finished epoch; with another batch size, or on the CPU, it starts from scratch"
    )


def _named(model: nn.Module) -> str:
    """Architecture and size of a model; of one in a wrapper those of the model inside."""
    inner = getattr(model, "model", model)
    inner = inner if isinstance(inner, nn.Module) else model
    n = sum(parameter.numel() for parameter in inner.parameters())
    return f"{type(inner).__name__} ({n:,} parameters)"


def _memory(device: torch.device) -> str:
    """A description of a device, its memory, and how much of that other processes hold."""
    if device.type != "cuda":
        return str(device)
    try:
        name = torch.cuda.get_device_name(device)
        free, total = torch.cuda.mem_get_info(device)
        others = total - free - torch.cuda.memory_reserved(device)
    except (RuntimeError, AssertionError):  # CUDA could not be initialised
        return f"{device} (its memory could not be read)"
    said = f"{name}, {total / 2**30:.1f} GiB"
    if others > _LARGE_SHARE * total:
        said += f", of which other processes hold {others / 2**30:.1f} GiB"
    return f"{device} ({said})"
