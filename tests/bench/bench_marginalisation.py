"""A row of `make bench` about marginalisation: the paper's distance analysis of a DeepSTARR.

A row is a name, a function that returns the measured value as text, what it is held against and
what is wanted.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from workflow_lib import models  # noqa: E402
from workflow_lib.interpret.backgrounds import backgrounds  # noqa: E402
from workflow_lib.interpret.embedding import embed, outputs  # noqa: E402
from workflow_lib.interpret.experiments import Setting, contrasts  # noqa: E402
from workflow_lib.interpret.marginalisation import all_designs, summary  # noqa: E402
from workflow_lib.interpret.patterns import draws, from_consensus  # noqa: E402
from workflow_lib.train.inference import predict  # noqa: E402

_MOTIFS = ("AACTATCGATAG", "ACGGTCACACTG", "AAAAATACCAAA", "GGGCT")
_PLACES = {"spacing": {"positions": [[0, 104], [140, 234]], "step": 1}}
_SHARE = 25  # one of so many contrasts is measured plainly


def spacing_analysis() -> str:
    """All 4 x 4 motifs at 200 places in 60 backgrounds; plainly a share of it, scaled up."""
    torch.manual_seed(0)
    net = models.build("deepstarr", length=249, n_targets=2).eval()
    net.target_names = ["Dev", "Hk"]
    X = backgrounds("uniform", np.empty((0, 0)), 60, 0, 249)
    patterns = [from_consensus(word, word) for word in _MOTIFS]
    drawn = [draws(pattern, len(X), False, 0) for pattern in patterns]
    found = contrasts("spacing", Setting(patterns, X, 125, _PLACES))
    predict(net, X)  # the first prediction of a process takes longer
    start = time.perf_counter()
    designs = all_designs(found)
    values = dict(zip(designs, outputs(net, X, designs, drawn), strict=True))
    table = summary(found, values, net.target_names)
    ours = time.perf_counter() - start
    start, wrong = time.perf_counter(), 0.0
    for number in range(0, len(found), _SHARE):
        one = found[number]
        both, first, second, none = (
            predict(net, embed(X, design, drawn)) for design in (one.whole, *one.parts, ())
        )
        excess = np.median(both - (first + second - none), axis=0)
        wrong = max(wrong, np.abs(excess - table["excess"][2 * number : 2 * number + 2]).max())
    plain = _SHARE * (time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if wrong > 1e-4:
        raise AssertionError(f"the plain loop differs by {wrong}")
    return f"{plain / ours:.1f}x ({ours:.0f} s, {memory:.1f} GB)"


ROWS = [
    (
        "Distances of 4 x 4 motifs, 200 places, 60 backgrounds, DeepSTARR", spacing_analysis,
        "each place on its own: AB, A, B, background", "at most 60 s and 1.5 GB",
    ),
]  # fmt: skip
