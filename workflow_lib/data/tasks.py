"""Tasks: what a model's outputs mean and how they are scored.

`workflow_lib.train.losses` has the loss of each.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax


class Task(NamedTuple):
    """What the outputs (n, targets) of a model are.

    Attributes
    ----------
    metrics
        Names of the metrics that are computed on held-out sequences.
    binary
        Whether labels are 0 and 1.
    exclusive
        Whether the targets are classes, of which each sequence has exactly one.
    by_sequence
        Whether only a sequence's values relative to one another count (their correlation over the
        targets), so that they have to vary.
    """

    metrics: tuple[str, ...]
    binary: bool
    exclusive: bool = False
    by_sequence: bool = False


def ranking_scores(task: str, outputs: np.ndarray) -> np.ndarray:
    """Outputs (n, targets) by which sequences can be ranked.

    Logits of exclusive classes can be compared only within a sequence: they become log
    probabilities (whose softmax is the same). Other outputs are returned unchanged.
    """
    if not TASKS[task].exclusive:
        return outputs
    return log_softmax(outputs.astype(np.float64), axis=1).astype(outputs.dtype)


def decision_scores(task: str, outputs: np.ndarray) -> np.ndarray:
    """Scores (n, targets) above 0 where the model predicts a positive.

    For binary targets these are the logits; of exclusive classes only the likeliest is positive.
    """
    if not TASKS[task].exclusive or outputs.shape[1] < 2:
        return outputs
    best_two = np.partition(outputs, -2, axis=1)[:, -2:]
    best_other = np.where(outputs == best_two[:, 1:], best_two[:, :1], best_two[:, 1:])
    return outputs - best_other


_RANKED = ("auprc", "auroc", "base_rate")
TASKS: dict[str, Task] = {
    "binary": Task(_RANKED, binary=True),
    "cross_entropy": Task(_RANKED, binary=True, exclusive=True),
    "regression": Task(("pcc", "pcc_per_sequence", "mse"), binary=False),
    "correlation": Task(
        ("pcc_per_sequence", "well_predicted", "pcc"), binary=False, by_sequence=True
    ),
}
