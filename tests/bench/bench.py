"""`make bench`: how fast the costly steps are, each row against what it should be held to.

    python tests/bench/bench.py [PART ...]    only rows whose name contains one of the parts
    python tests/bench/bench.py -PART         all rows but those: "-whole matrix" leaves out minutes

To add a row: a function that returns the measured value as text (or raises `Skip` with a reason),
and a line in `ROWS`. All rows are measured in one process on two threads; `paired` gives the
medians of functions that take turns, so that what else the machine does meets them alike.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import bench_attribution  # noqa: E402
import bench_initial_filters  # noqa: E402
import bench_interpret  # noqa: E402
import bench_marginalisation  # noqa: E402
import bench_models  # noqa: E402
import bench_scale  # noqa: E402
import bench_scanning  # noqa: E402
import bench_workflow  # noqa: E402
from reference_models import plain_copy  # noqa: E402

from workflow_lib.execution.job import keep_freed_memory  # noqa: E402
from workflow_lib.models.explainn import ExplaiNN  # noqa: E402

THREADS = 2
BATCH = 100


class Skip(Exception):
    """Raised by a row that cannot be measured here; its text says why."""


class Row(NamedTuple):
    """One line of the table."""

    name: str
    measure: Callable[[], str]
    against: str
    wanted: str


def shared(path: str) -> Path:
    """A file of the reference data beside the project; without it the row is skipped."""
    if not (SHARED / path).exists():
        raise Skip(f"{SHARED / path} is absent")
    return SHARED / path


def paired(
    functions: list[Callable[[], object]], repeats: int = 15, warm_up: int = 3
) -> list[float]:
    """Median seconds of each function; they take turns."""
    seconds: list[list[float]] = [[] for _ in functions]
    for i in range(warm_up + repeats):
        for function, found in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            if i >= warm_up:
                found.append(time.perf_counter() - start)
    return [statistics.median(found) for found in seconds]


def example(units: int, length: int, targets: int) -> tuple[ExplaiNN, Tensor, Tensor]:
    """A model and a batch of random sequences and labels."""
    torch.manual_seed(0)
    X = F.one_hot(torch.randint(0, 4, (BATCH, length)), 4).permute(0, 2, 1).float().contiguous()
    return ExplaiNN(length, targets, units=units), X, (torch.rand(BATCH, targets) < 0.2).float()


def training_step(model: nn.Module, X: Tensor, labels: Tensor) -> Callable[[], None]:
    """Forward, loss, backward and one step of Adam as torch has it by default."""
    optimiser = torch.optim.Adam(model.parameters(), lr=0.003)

    def step() -> None:
        optimiser.zero_grad()
        F.binary_cross_entropy_with_logits(model(X), labels).backward()
        optimiser.step()

    return step


def matrix_products(model: ExplaiNN, X: Tensor) -> Callable[[], None]:
    """Only the matrix products of a training step: filters, the units' layers, the final layer."""
    units, _, size = model.conv.weight.shape
    windows = X.unfold(2, size, 1).permute(1, 3, 2, 0).reshape(4 * size, -1).contiguous()
    filters = torch.randn(units, 4 * size)
    maps = torch.randn(units, windows.shape[1])
    layers = [
        (torch.randn_like(fc.weight), torch.randn(units, fc.weight.shape[2], BATCH))
        for fc in model.fc
    ]
    final, outputs = torch.randn(model.n_targets, units), torch.randn(BATCH, units)

    def products() -> None:
        torch.mm(filters, windows)
        torch.mm(maps, windows.T)  # gradient of the filters; the sequences need none
        for weight, x in layers:
            out = torch.bmm(weight, x)
            torch.bmm(out, x.transpose(1, 2))
            torch.bmm(weight.transpose(1, 2), out)
        out = torch.mm(outputs, final.T)
        torch.mm(out.T, outputs)
        torch.mm(out, final)

    return products


def against_plain(units: int, length: int, targets: int) -> str:
    """Training step against the formulation with repeated input and grouped convolutions."""
    model, X, labels = example(units, length, targets)
    steps = [training_step(net, X, labels) for net in (plain_copy(model), model)]
    plain, ours = paired(steps)
    return f"{plain / ours:.1f}x  ({1e3 * ours:.1f} ms, {1e3 * plain:.0f} ms)"


def against_products(units: int, length: int, targets: int) -> str:
    """Training step against the bare matrix products it needs."""
    model, X, labels = example(units, length, targets)
    ours, least = paired([training_step(model, X, labels), matrix_products(model, X)], repeats=30)
    return f"{ours / least:.2f}x  ({1e3 * ours:.1f} ms, {1e3 * least:.1f} ms)"


PLAIN = "repeated input, grouped convolutions"
PRODUCTS = "its bare matrix products, the limit"
ROWS = [
    Row("training step 100/200/50", lambda: against_plain(100, 200, 50), PLAIN, ">= 7x, aim 12x"),
    Row("training step 300/251/81", lambda: against_plain(300, 251, 81), PLAIN, ">= 5.5x, aim 10x"),
    Row(
        "step over products 100/200/50", lambda: against_products(100, 200, 50), PRODUCTS, "near 1x"
    ),
    Row(
        "step over products 300/251/81", lambda: against_products(300, 251, 81), PRODUCTS, "near 1x"
    ),
    *(Row(*row) for row in bench_models.ROWS),
    *(Row(*row) for row in bench_initial_filters.ROWS),
    *(Row(*row) for row in bench_interpret.ROWS),
    *(Row(*row) for row in bench_scanning.ROWS),
    *(Row(*row) for row in bench_attribution.ROWS),
    *(Row(*row) for row in bench_marginalisation.ROWS),
    *(Row(*row) for row in bench_workflow.ROWS),
    *(Row(*row) for row in bench_scale.ROWS),
]


def is_chosen(name: str, parts: list[str]) -> bool:
    """Whether a row is to be measured, by what its name contains."""
    left_out = [part.removeprefix("-") for part in parts if part.startswith("-")]
    wanted = [part for part in parts if not part.startswith("-")]
    if any(part in name for part in left_out):
        return False
    return not wanted or any(part in name for part in wanted)


def main(parts: list[str]) -> None:
    """Measure the rows and print them as they come."""
    torch.set_num_threads(THREADS)
    keep_freed_memory()  # as every job of the workflow does
    rows = [row for row in ROWS if is_chosen(row.name, parts)]
    if not rows:
        sys.exit(f"no row has {' or '.join(parts)} in its name; rows: {[row.name for row in ROWS]}")
    line = "{:<32} {:<42} {:<40} {}"
    print("training steps: units/length/targets, batch 100; medians of pairs on two threads\n")
    print(line.format("what", "measured", "compared with", "wanted"))
    for row in rows:
        try:
            value = row.measure()
        except Skip as reason:
            value = f"skipped: {reason}"
        print(line.format(row.name, value, row.against, row.wanted), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
