"""Checkpoints: the state of a training after each epoch, so that a killed run can be resumed.

The file lies beside the results, is not declared as an output of a rule, and is removed when the
training ends. A digest of data, settings and code identifies the run that it belongs to.
"""

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from workflow_lib.execution.logs import reached
from workflow_lib.files import atomic, remove_leftovers

log = logging.getLogger(__name__)


class Checkpoint(NamedTuple):
    """Where the state is kept, and the digest of all that the result depends on."""

    path: Path
    digest: str


def digest_of(*parts: object) -> str:
    """A sha256 over arrays (their bytes) and plain values (as JSON)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(json.dumps(part, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def save_state(
    checkpoint: Checkpoint | None,
    model: nn.Module,
    best: dict,
    optimizer: torch.optim.Optimizer,
    history: list[dict],
    device: torch.device,
) -> None:
    """Write the state after an epoch, atomically: until then the previous one is kept."""
    if checkpoint is None:
        return
    state = {
        "threads": torch.get_num_threads(),
        "digest": checkpoint.digest,
        "model": model.state_dict(),
        "best": best,
        "optimizer": optimizer.state_dict(),
        "history": history,
        "random": torch.get_rng_state(),
        "cuda_random": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }
    # Given a path, PyTorch writes the file itself and does not report a full disk.
    with atomic(checkpoint.path) as temporary, open(temporary, "wb") as file:
        torch.save(state, file)
    _said(history)


def resume(
    checkpoint: Checkpoint | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> tuple[list[dict], dict]:
    """Resume an interrupted run: restore model, optimizer and random states.

    Returns
    -------
    history, best
        Its epochs so far and the weights of the best one; empty where there is no run to continue.
    """
    if checkpoint is None or not os.path.exists(checkpoint.path):
        return [], {}
    path, digest = checkpoint
    try:
        state = torch.load(path, weights_only=True, map_location=device)
    except Exception as error:  # any damage: the state is never required
        log.warning("%s cannot be read (%s); training starts from scratch", path, error)
        return [], {}
    if state.get("digest") != digest:
        log.warning(
            "%s is of a run with other data, settings or code; it is ignored, training starts from "
            "scratch",
            path,
        )
        return [], {}
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"].cpu())
    if state["cuda_random"] is not None:
        torch.cuda.set_rng_state(state["cuda_random"].cpu(), device)
    if state["threads"] != torch.get_num_threads():
        log.warning(
            "the run had %d threads, now there are %d: weights may differ in their last digits "
            "from those of a run that was not interrupted",
            state["threads"],
            torch.get_num_threads(),
        )
    log.info("continued after epoch %d of an interrupted run (%s)", len(state["history"]), path)
    _said(state["history"])
    return state["history"], state["best"]


def _said(history: list[dict]) -> None:
    """Let the job say, if it is stopped, that this many epochs are not lost."""
    reached(f"after epoch {len(history)}; the same command continues")


def remove_state(path: Path) -> None:
    """Remove a state, and partial files that a killed process left."""
    path.unlink(missing_ok=True)
    remove_leftovers(path)
