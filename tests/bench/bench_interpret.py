"""Rows of `make bench` about evaluation and interpretation.

Each row is a name, a function that returns the measured value as text, what it is held against and
what is wanted. `python tests/bench/bench_interpret.py SEQUENCES` prints the extra memory of one
call, MB.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from workflow_lib.data.shuffles import dinucleotide_shuffles  # noqa: E402
from workflow_lib.interpret.filters import filter_matrices  # noqa: E402
from workflow_lib.models.explainn import ExplaiNN  # noqa: E402
from workflow_lib.one_hot import one_hot  # noqa: E402
from workflow_lib.train.evaluation import evaluate  # noqa: E402

SEQUENCES, LENGTH, BATCH = 42_000, 200, 512


def codes(n: int) -> np.ndarray:
    """Random sequences."""
    return np.random.default_rng(0).integers(0, 4, (n, LENGTH), dtype=np.uint8)


def model(unspecific: int) -> ExplaiNN:
    """100 units, specific as trained ones are, but so many of them active nearly everywhere."""
    torch.manual_seed(0)
    net = ExplaiNN(LENGTH, 50)
    with torch.no_grad():
        net.conv.weight.mul_(6)
        net.conv.weight[:unspecific].mul_(0.01)
    return net.eval()


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@torch.no_grad()
def two_convolutions(net: ExplaiNN, X: np.ndarray) -> None:
    """What two passes over the sequences cost at the very least."""
    for start in 2 * list(range(0, len(X), BATCH)):
        F.conv1d(one_hot(X[start : start + BATCH]), net.conv.weight, net.conv.bias)


def filters_ratio(unspecific: int) -> str:
    """Time of `filter_matrices` over that of two convolutions, in turns: median of three."""
    net, X = model(unspecific), codes(SEQUENCES)
    two_convolutions(net, X[:BATCH])
    filter_matrices(net, X[:BATCH], BATCH)
    turns = [
        (seconds(lambda: filter_matrices(net, X, BATCH)), seconds(lambda: two_convolutions(net, X)))
        for _ in range(3)
    ]
    ratio = statistics.median(ours / bare for ours, bare in turns)
    return f"{ratio:.2f}x ({statistics.median(ours for ours, _ in turns):.1f} s)"


def filters_to_pwms() -> str:
    """As trained: all units specific."""
    return filters_ratio(0)


def unspecific_filters_to_pwms() -> str:
    """Half of the units with sites nearly everywhere."""
    return filters_ratio(50)


def filters_memory() -> str:
    """Extra memory at 42,000 and at 168,000 sequences, each in a process of its own."""
    found = []
    for n in (SEQUENCES, 4 * SEQUENCES):
        run = [sys.executable, __file__, str(n)]
        found.append(float(subprocess.run(run, check=True, capture_output=True, text=True).stdout))
    return f"{found[0]:.0f} MB, {found[1]:.0f} MB"


def evaluation() -> str:
    """Average precision with intervals, at the size of the real test set."""
    rng = np.random.default_rng(0)
    labels = (rng.random((2770, 50)) < 0.2).astype(np.float32)
    predictions = rng.normal(size=labels.shape).astype(np.float32)
    names = [str(t) for t in range(50)]
    return f"{seconds(lambda: evaluate(predictions, labels, names)):.1f} s"


def shuffles() -> str:
    """One dinucleotide shuffle of each read, beside tangermeme's (not uniform) over a tenth."""
    from tangermeme.ersatz import dinucleotide_shuffle

    reads = np.random.default_rng(0).integers(0, 4, (200_000, 30), dtype=np.uint8)
    tenth = one_hot(reads[::10]).char()
    dinucleotide_shuffle(tenth[:10], n=1, random_state=0)  # compiles
    ours = seconds(lambda: dinucleotide_shuffles(reads, 1, 0))
    theirs = 10 * seconds(lambda: dinucleotide_shuffle(tenth, n=1, random_state=0))
    return f"{theirs / ours:.1f}x ({ours:.1f} s, {theirs:.0f} s)"


ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    ("filters to PWMs", filters_to_pwms, "two convolutions, 42,000 x 100 units", "<= 2.5x"),
    ("filters to PWMs, 50 of 100 unspecific", unspecific_filters_to_pwms, "the same", "<= 2.5x"),
    ("filters to PWMs, extra memory", filters_memory, "42,000 and 168,000 sequences", "<= 500 MB"),
    ("metrics and intervals", evaluation, "2,770 x 50 targets, 200 samples", "<= 10 s"),
    ("dinucleotide shuffles", shuffles, "tangermeme's, 200,000 x 30 bp", ">= 1x, <= 5 s"),
]


def peak_memory() -> float:
    """Peak memory of this process in MB (Linux); unlike ru_maxrss it starts anew with a program."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def extra_memory(n: int) -> float:
    """Growth of this process's peak memory by one call, in MB."""
    net, X = model(0), codes(n)
    before = peak_memory()
    filter_matrices(net, X, BATCH)
    return peak_memory() - before


if __name__ == "__main__":
    torch.set_num_threads(2)
    print(extra_memory(int(sys.argv[1])))
