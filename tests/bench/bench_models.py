"""Rows of `make bench` about training the compared networks, each against plain PyTorch."""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from workflow_lib.models import build  # noqa: E402
from workflow_lib.models.danq import OverPositions  # noqa: E402
from workflow_lib.models.layers import Exp  # noqa: E402

BATCH, TARGETS = 100, 50
LENGTHS = {"deepstarr": 249, "aitac": 251}
# Pairs of steps; the slow ones fewer.
REPEATS = {"danq": 5, "aitac": 5}


def head(inputs: int, nodes: int, dropout: float, norm: bool = True) -> list[nn.Module]:
    """Two fully connected layers and the output layer."""
    layers: list[nn.Module] = [nn.Flatten()]
    for size in (inputs, nodes):
        layers += [nn.Linear(size, nodes), *([nn.BatchNorm1d(nodes)] * norm), nn.ReLU()]
        layers.append(nn.Dropout(dropout))
    return [*layers, nn.Linear(nodes, TARGETS)]


def block(inputs: int, filters: int, size: int, pool: int, **options) -> list[nn.Module]:
    """Convolution, batch norm, ReLU, max pooling."""
    conv = nn.Conv1d(inputs, filters, size, **options)
    return [conv, nn.BatchNorm1d(filters), nn.ReLU(), nn.MaxPool1d(pool)]


def aitac_block(inputs: int, filters: int, size: int, pool: int) -> list[nn.Module]:
    """Convolution, ReLU, max pooling, batch norm."""
    conv = nn.Conv1d(inputs, filters, size, padding=size // 2)
    return [conv, nn.ReLU(), nn.MaxPool1d(pool, padding=1), nn.BatchNorm1d(filters)]


def plain(name: str) -> nn.Module:
    """The network as its description reads, of torch's own modules."""
    if name in ("cnn1", "cnn1exp"):
        layers = block(4, 100, 19, 7)
        layers[2] = Exp() if name == "cnn1exp" else layers[2]
        layers += head(2600, 1000, 0.3)
    elif name == "deepcnn":
        layers = block(4, 100, 19, 3) + block(100, 200, 7, 3) + block(200, 200, 4, 3)
        layers += head(1000, 1000, 0.3)
    elif name == "danq":
        lstm = nn.LSTM(320, 320, 2, batch_first=True, bidirectional=True, dropout=0.5)
        layers = [nn.Conv1d(4, 320, 26), nn.ReLU(), nn.Dropout(0.2), nn.MaxPool1d(13)]
        layers += [OverPositions(lstm), nn.Dropout(0.5), nn.Flatten(), nn.Linear(8320, 925)]
        layers += [nn.ReLU(), nn.Linear(925, TARGETS)]
    elif name == "deepstarr":
        sizes = [(4, 256, 7), (256, 60, 3), (60, 60, 5), (60, 120, 3)]
        layers = [layer for a, b, k in sizes for layer in block(a, b, k, 2, padding=k // 2)]
        layers += head(1800, 256, 0.4)
    else:
        layers = aitac_block(4, 300, 19, 3) + aitac_block(300, 200, 11, 4)
        layers += aitac_block(200, 200, 7, 4) + head(1000, 1000, 0.03, norm=False)
    return nn.Sequential(*layers)


def training_step(net: nn.Module, length: int) -> Callable[[], None]:
    """One step on a batch of random sequences and labels."""
    X = F.one_hot(torch.randint(0, 4, (BATCH, length)), 4).permute(0, 2, 1).float().contiguous()
    labels = (torch.rand(BATCH, TARGETS) < 0.2).float()
    optimiser = torch.optim.Adam(net.parameters(), fused=True)

    def step() -> None:
        optimiser.zero_grad()
        F.binary_cross_entropy_with_logits(net(X), labels).backward()
        optimiser.step()

    return step


def step_ratio(name: str) -> str:
    """Median time of a plain step over ours; they take turns."""
    torch.manual_seed(0)
    length = LENGTHS.get(name, 200)
    ours = training_step(build(name, length=length, n_targets=TARGETS), length)
    theirs = training_step(plain(name), length)
    found: tuple[list[float], list[float]] = ([], [])
    for i in range(2 + REPEATS.get(name, 11)):
        for step, seconds in zip((ours, theirs), found, strict=True):
            start = time.perf_counter()
            step()
            if i >= 2:
                seconds.append(time.perf_counter() - start)
    a, b = (statistics.median(seconds) for seconds in found)
    return f"{b / a:.2f}x  ({1e3 * a:.0f} ms, {1e3 * b:.0f} ms)"


NAMES = ("cnn1", "cnn1exp", "deepcnn", "danq", "deepstarr", "aitac")
ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    (
        f"training step {name}",
        partial(step_ratio, name),
        "its description in plain PyTorch",
        ">= 1x",
    )
    for name in NAMES
]
