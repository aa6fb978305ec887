"""Rows of `make bench` about attributions, at the published size.

Each row is a name, a function that returns the measured value as text, what it is held against and
what is wanted.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Options  # noqa: E402
from workflow_lib.interpret.ism import exact_ism, plain_effects  # noqa: E402
from workflow_lib.interpret.pairwise import pairwise_ism  # noqa: E402
from workflow_lib.models.explainn import ExplaiNN  # noqa: E402
from workflow_lib.one_hot import one_hot  # noqa: E402
from workflow_lib.train.inference import predict  # noqa: E402

LENGTH, TARGETS = 200, 50


def codes(n: int) -> np.ndarray:
    """Random sequences."""
    return np.random.default_rng(0).integers(0, 4, (n, LENGTH), dtype=np.uint8)


def model() -> ExplaiNN:
    """100 units, with batch norms that have seen data."""
    torch.manual_seed(0)
    net = ExplaiNN(LENGTH, TARGETS)
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm1d):
            norm.momentum = None
    with torch.no_grad():
        net(one_hot(codes(256)))
    return net.eval()


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def fast_ism() -> str:
    """All substitutions of 8 sequences, fast and (of 2) plain, in turns: median of five."""
    net, X = model(), codes(8)
    list(exact_ism(net, X[:2])), list(plain_effects(net, X[:1]))
    turns = []
    for _ in range(5):
        fast = seconds(lambda: list(exact_ism(net, X))) / 8
        turns.append((fast, seconds(lambda: list(plain_effects(net, X[:2]))) / 2))
    ratio = statistics.median(plain / fast for fast, plain in turns)
    return f"{ratio:.1f}x ({1000 * statistics.median(fast for fast, _ in turns):.1f} ms)"


def fast_pairs() -> str:
    """All pairs of substitutions of a sequence, and a share of them predicted: median of three.

    Both on one thread, as the fast way computes. What that costs does not depend on the weights:
    every hidden node is computed for every pair. The share is a multiple of the batch size, 256.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    net, X, share = model(), codes(1)[0], 20 * 256
    pairs = 9 * LENGTH * (LENGTH - 1) // 2
    mutants = codes(share)
    pairwise_ism(net, X, 0), predict(net, mutants[:256])  # compiles
    turns = []
    for _ in range(3):
        fast = seconds(lambda: pairwise_ism(net, X, 0))
        turns.append((fast, pairs / share * seconds(lambda: predict(net, mutants))))
    torch.set_num_threads(threads)
    ratio = statistics.median(plain / fast for fast, plain in turns)
    return f"{ratio:.0f}x ({statistics.median(fast for fast, _ in turns):.1f} s)"


def deep_lift_shap() -> str:
    """One target, 10 references for each of 100 sequences."""
    net, X = model(), codes(100)
    method, options = ATTRIBUTIONS["deep_lift_shap"], Options(n_references=10)
    method(net, X[:2], 0, options)
    return f"{100 / seconds(lambda: method(net, X, 0, options)):.0f} sequences/s"


ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    ("ISM, 100 units, L 200", fast_ism, "every mutated sequence predicted, 50 targets", ">= 5x"),
    (
        "pairwise ISM, 100 units, L 200",
        fast_pairs,
        "179,100 predictions",
        ">= 20x, <= 10 s",
    ),
    ("DeepSHAP, 100 units, L 200", deep_lift_shap, "10 references a sequence", ">= 10 sequences/s"),
]


if __name__ == "__main__":
    torch.set_num_threads(2)
    for name, measure, against, wanted in ROWS:
        print(f"{name}: {measure()} against {against}, wanted {wanted}")
