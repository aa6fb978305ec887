"""Rows of `make bench` about filters that start from known motifs.

Each row is a name, a function that returns the measured value as text, what it is held against and
what is wanted.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from bench_models import training_step  # noqa: E402

from workflow_lib.initial_filters import (  # noqa: E402
    StartingFilters,
    starting_filters,
    starting_units,
)
from workflow_lib.models import build  # noqa: E402
from workflow_lib.motifs.jaspar import count_matrices  # noqa: E402
from workflow_lib.motifs.nonredundant import (  # noqa: E402
    max_min_order,
    published_order,
    similarities,
)

UNITS, LENGTH, TARGETS, PAIRS = 300, 251, 50, 11


def motif_orders() -> str:
    """Seconds for Tomtom of 1,492 filters against 1,492, and for both orders."""
    motifs = count_matrices("JASPAR2020")
    similarities(motifs[:30])  # compiled
    start = time.perf_counter()
    found = similarities(motifs)
    compared = time.perf_counter()
    published_order(found), max_min_order(found)
    ordered = time.perf_counter()
    return f"{compared - start:.1f} s, orders {ordered - compared:.1f} s"


def first_filters() -> StartingFilters:
    """Filters of the first motifs and their reverse complements."""
    motifs = count_matrices("JASPAR2020")
    return starting_filters(motifs, starting_units(motifs, None, UNITS // 2, True), 19)


def step_ratio(freeze: str) -> str:
    """Median time of a step with random filters over that from motifs; they take turns."""
    steps = []
    for from_motifs in (True, False):
        torch.manual_seed(0)
        net = build("explainn", length=LENGTH, n_targets=TARGETS, units=UNITS)
        if from_motifs:
            net.start_filters(torch.from_numpy(first_filters().weights), freeze)
        steps.append(training_step(net.train(), LENGTH))
    found: tuple[list[float], list[float]] = ([], [])
    for i in range(2 + PAIRS):
        for step, seconds in zip(steps, found, strict=True):
            start = time.perf_counter()
            step()
            if i >= 2:
                seconds.append(time.perf_counter() - start)
    ours, random = (statistics.median(seconds) for seconds in found)
    return f"{random / ours:.2f}x  ({1e3 * ours:.0f} ms, {1e3 * random:.0f} ms)"


ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    ("order of 1,492 filters", motif_orders, "the time that is wanted", "<= 180 s"),
    *(
        (
            f"step from motifs, freeze {freeze}",
            partial(step_ratio, freeze),
            "a step from random filters",
            wanted,
        )
        for freeze, wanted in (("none", "near 1x"), ("weights", ">= 1x"), ("filter", ">= 1x"))
    ),
]
