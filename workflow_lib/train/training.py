"""Training: a loop that can be killed at any moment and resumed.

Adam, early stopping on the validation loss, best-validation weights kept (paper, Methods, "Model
training"). The state is saved after each epoch; a resumed run ends with the weights of an
uninterrupted one (bit for bit on the CPU with the same number of threads).
"""

import dataclasses
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.one_hot import reverse_complement
from workflow_lib.train.checkpoint import Checkpoint, resume, save_state
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import to_input
from workflow_lib.train.losses import LOSSES
from workflow_lib.train.optimizer import adam

log = logging.getLogger(__name__)
_SECONDS_BETWEEN_PROGRESS_LINES = 30
_VALIDATING = "validating (16 times `batch_size` at once, but at most 1024)"


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a model is trained; the defaults are the preset `paper_methods`.

    Attributes
    ----------
    learning_rate, batch_size
        Of Adam.
    max_epochs, patience
        Largest number of epochs; training stops earlier when the validation loss has not fallen
        for `patience` epochs (None: never).
    both_strands
        Whether training and validation sets include every sequence's reverse complement.
    precision
        `float32`; on CUDA also `tf32` or `bf16`.
    reduction
        `mean`: a step follows the mean loss of a batch's sequences; `sum`: their sum, as AI-TAC's
        authors have it. Adam divides by the size of the gradients, so that it hardly matters.
    filter_lr
        Factor on the learning rate of the weights of the filters (of a model that has
        `start_filters`).
    """

    learning_rate: float = 0.003
    batch_size: int = 100
    max_epochs: int = 100
    patience: int | None = 10
    both_strands: bool = True
    precision: str = "float32"
    reduction: str = "mean"
    filter_lr: float = 1.0


class Examples(NamedTuple):
    """Inputs, uint8 codes (n, L) or float (n, ...), and targets (n, t) with NaN = unresolved."""

    X: np.ndarray
    targets: np.ndarray


def fit(
    model: nn.Module,
    train: Examples,
    validation: Examples,
    task: str,
    settings: Settings,
    device: torch.device | str = "cpu",
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train a model in place; it ends with its best-validation weights, in eval mode.

    The random numbers (order of examples, dropout) come from torch's global generator, which the
    caller seeds before building the model.

    Parameters
    ----------
    model
        Takes inputs as `inference.to_input` makes them, returns (n, targets).
    train, validation
        The examples of the two parts.
    task
        A name in TASKS and LOSSES.
    settings
        See `Settings`.
    device
        Where to train.
    checkpoint
        Where the state after each epoch is kept. One with the same digest is resumed, any other
        ignored.

    Returns
    -------
    DataFrame
        One row per epoch: epoch, train_loss, validation_loss, seconds, best.

    Raises
    ------
    InputError
        No examples, a loss that is not a number, a precision that this device does not have, a
        GPU without enough memory.
    """
    for name, examples in (("training", train), ("validation", validation)):
        if len(examples.X) < 2:
            raise InputError(f"the {name} part has {len(examples.X)} examples; wanted 2 or more")
    device = torch.device(device)
    with enough_memory("holding all examples for", model, None, device):
        model.to(device)
        train, validation = _on_device(train, device), _on_device(validation, device)
    optimizer = adam(model, settings.learning_rate, settings.filter_lr)
    loss = LOSSES[task].function
    history, best = resume(checkpoint, model, optimizer, device)
    while not _finished(history, settings):
        number = len(history) + 1
        history.append(_epoch(model, (train, validation), loss, optimizer, settings, number))
        if _best_epoch(history) == len(history):
            best = {name: value.detach().clone() for name, value in model.state_dict().items()}
        save_state(checkpoint, model, best, optimizer, history, device)
        _report(history, settings)
    model.load_state_dict(best)
    model.eval()
    table = pd.DataFrame(history)
    table["best"] = table["epoch"] == _best_epoch(history)
    return table


def batches(
    examples: Examples, settings: Settings, device: torch.device | str
) -> Iterator[torch.Tensor]:
    """All inputs of a part once, in order, with the reverse complements if they are trained on."""
    device = torch.device(device)
    on_device = _on_device(examples, device)
    numbers = torch.arange(_n_examples(on_device[0], settings), device=device)
    for chosen in numbers.split(_unlearned(settings)):
        yield _pick(on_device, chosen)[0]


def _epoch(
    model: nn.Module,
    parts: tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
    loss: object,
    optimizer: torch.optim.Optimizer,
    settings: Settings,
    number: int,
) -> dict:
    """Train on the first part, validate on the second; the epoch's row of the history."""
    start, (train, validation) = time.perf_counter(), parts
    device = train[0].device
    with _precision(settings.precision, device):
        with enough_memory("training", model, settings.batch_size, device, adjustable=True):
            train_loss = _train_epoch(model, train, loss, optimizer, settings, number)
        with enough_memory(_VALIDATING, model, _unlearned(settings), device, adjustable=True):
            validation_loss = _mean_loss(model, validation, loss, settings)
    _check_finite(number, train_loss, validation_loss, settings)
    return {
        "epoch": number,
        "train_loss": train_loss,
        "validation_loss": validation_loss,
        "seconds": round(time.perf_counter() - start, 3),
    }


def _on_device(examples: Examples, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    X = torch.as_tensor(np.ascontiguousarray(examples.X))
    targets = torch.as_tensor(np.ascontiguousarray(examples.targets), dtype=torch.float32)
    return X.to(device), targets.to(device)


def _pick(
    examples: tuple[torch.Tensor, torch.Tensor], chosen: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets of chosen examples; numbers from n on are reverse complements."""
    X, targets = examples
    n = len(X)
    rows = chosen % n
    batch = X[rows]
    if chosen.max() >= n:
        batch = torch.where((chosen >= n).view(-1, 1), reverse_complement(batch), batch)
    return to_input(batch, X.device), targets[rows]


def _n_examples(X: torch.Tensor, settings: Settings) -> int:
    doubled = settings.both_strands and X.dtype == torch.uint8
    return len(X) * (2 if doubled else 1)


def _train_epoch(
    model: nn.Module,
    examples: tuple[torch.Tensor, torch.Tensor],
    loss: object,
    optimizer: torch.optim.Optimizer,
    settings: Settings,
    epoch: int,
) -> float:
    """One pass over the training examples in random order; the mean loss per example."""
    device = examples[0].device
    order = torch.randperm(_n_examples(examples[0], settings)).to(device)
    chunks = list(order.split(settings.batch_size))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        # Batch norm needs two examples at least.
        chunks[-2:] = [torch.cat(chunks[-2:])]
    model.train()
    total, said = torch.zeros((), device=device), time.perf_counter()
    for step, chosen in enumerate(chunks, start=1):
        X, targets = _pick(examples, chosen)
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(X), targets)
        (value * len(chosen) if settings.reduction == "sum" else value).backward()
        optimizer.step()
        total += value.detach() * len(chosen)
        if time.perf_counter() - said > _SECONDS_BETWEEN_PROGRESS_LINES:
            said = time.perf_counter()
            log.info("epoch %d: step %d of %d", epoch, step, len(chunks))
    return float(total / len(order))


@torch.inference_mode()
def _mean_loss(
    model: nn.Module,
    examples: tuple[torch.Tensor, torch.Tensor],
    loss: object,
    settings: Settings,
) -> float:
    """The loss over all examples at once: outputs are collected first, so batches do not matter."""
    model.eval()
    numbers = torch.arange(_n_examples(examples[0], settings), device=examples[0].device)
    chunks = numbers.split(_unlearned(settings))
    outputs = torch.cat([model(_pick(examples, chosen)[0]).float() for chosen in chunks])
    return float(loss(outputs, examples[1][numbers % len(examples[1])]))


def _unlearned(settings: Settings) -> int:
    """Examples that go through the model together without gradients: a GPU holds more of them."""
    return min(1024, 16 * settings.batch_size)


def _best_epoch(history: list[dict]) -> int:
    return min(history, key=lambda row: (row["validation_loss"], row["epoch"]))["epoch"]


def _finished(history: list[dict], settings: Settings) -> bool:
    if not history:
        return False
    waited = len(history) - _best_epoch(history)
    out_of_patience = settings.patience is not None and waited >= settings.patience
    return out_of_patience or len(history) >= settings.max_epochs


def _check_finite(epoch: int, train: float, validation: float, settings: Settings) -> None:
    if not (np.isfinite(train) and np.isfinite(validation)):
        raise InputError(
            f"epoch {epoch}: the loss is not a number (training {train}, validation {validation}). "
            f"A lower learning_rate than {settings.learning_rate} often helps; else look for "
            "extreme values among the targets"
        )


def _report(history: list[dict], settings: Settings) -> None:
    row, best = history[-1], _best_epoch(history)
    log.info(
        "epoch %d of at most %d: training loss %.5f, validation loss %.5f (best: epoch %d), %.1f s",
        row["epoch"],
        settings.max_epochs,
        row["train_loss"],
        row["validation_loss"],
        best,
        row["seconds"],
    )
    if _finished(history, settings):
        log.info("finished; the weights of epoch %d are kept", best)


@contextmanager
def _precision(name: str, device: torch.device) -> Iterator[None]:
    """Matrix products in the asked-for precision; the setting before is restored."""
    if name not in ("float32", "tf32", "bf16"):
        raise InputError(f"precision: found {name!r}, wanted float32, tf32 or bf16")
    if name != "float32" and device.type != "cuda":
        raise InputError(f"precision: {name} needs device cuda, found {device.type}")
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = name == "tf32"
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=name == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]
