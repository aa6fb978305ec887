"""Iterating over the activations of a model's filters at each position.

Filter matrices, unit importances and motif instances all use `stream`, a batch at a time: the
activations of a whole data set (42,000 sequences x 100 units = 3 GB) are never in memory.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import batches, full_precision

STRANDS = ("forward", "both")


def read_strands(model: nn.Module, setting: str) -> str:
    """The strands that a model's filters are read on: `auto` is both where its units scan both."""
    if setting == "auto":
        return "both" if getattr(model, "shared_strands", False) else "forward"
    return setting


def stream(
    model: nn.Module,
    X: np.ndarray,
    batch_size: int = 512,
    device: torch.device | str = "cpu",
    strands: str = "forward",
) -> Iterator[tuple[int, torch.Tensor]]:
    """Activations of every filter at every position, batch by batch and in order.

    Parameters
    ----------
    model
        Has `activations(X)`: one-hot (n, 4, L) -> float32 (n, units, positions). It is used in
        eval mode and comes back in the mode it was in.
    X
        uint8 codes (n, L), or one-hot floats (n, 4, L).
    batch_size, device
        See `inference.batches`; neither changes a result beyond rounding.
    strands
        `forward`, or `both`: then the reverse complement's positions follow, along the same axis,
        the forward strand's, each counted from its own strand's start.

    Yields
    ------
    start, activations
        Number of the batch's first sequence; float32 (b, units, positions), or 2 x positions.

    Raises
    ------
    InputError
        An unknown value of `strands`; a GPU without enough memory.
    """
    if strands not in STRANDS:
        raise InputError(f"strands: found {strands!r}, wanted {' or '.join(STRANDS)}")
    was_training = model.training
    model.eval().to(device)
    start = 0
    try:
        with enough_memory("reading the filters of", model, batch_size, device):
            for x in batches(X, batch_size, device):
                yield start, _activations(model, x, strands)
                start += len(x)
    finally:
        model.train(was_training)


def map_shape(model: nn.Module, length: int, device: torch.device | str = "cpu") -> tuple[int, int]:
    """Number of units, and of positions on one strand, for sequences of a length."""
    unknown = np.full((1, length), 4, dtype=np.uint8)
    _, activations = next(iter(stream(model, unknown, 1, device)))
    return tuple(activations.shape[1:])


@torch.no_grad()
@full_precision()
def _activations(model: nn.Module, x: torch.Tensor, strands: str) -> torch.Tensor:
    forward = model.activations(x)
    if strands == "forward":
        return forward
    # One-hot in the order ACGT: flipping both axes gives the reverse complement.
    return torch.cat([forward, model.activations(x.flip(1, 2))], dim=-1)
