"""Which sequences count as correctly predicted and are interpreted."""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

import anndata
import numpy as np
import torch
from torch import nn

from workflow_lib.config.limits import FEWEST_TARGETS, WELL
from workflow_lib.data.tasks import TASKS, decision_scores
from workflow_lib.errors import InputError
from workflow_lib.train.inference import predict
from workflow_lib.train.metrics import row_correlations

log = logging.getLogger(__name__)


class Criterion(NamedTuple):
    """One meaning of "correctly predicted".

    Attributes
    ----------
    select
        f(logits, labels, threshold) -> bool (n, targets).
    binary
        Whether it is for labels 0 and 1 (True), for values (False), or for both (None).
    threshold
        The default, where the criterion has one.
    """

    select: Callable[[np.ndarray, np.ndarray, float | None], np.ndarray]
    binary: bool | None
    threshold: float | None = None


class Selected(NamedTuple):
    """Sequences that are interpreted.

    Attributes
    ----------
    X
        uint8 codes (m, length) of sequences that count for at least one target.
    selected
        bool (m, targets): for which.
    criterion
        The name in CRITERIA by which they were chosen.
    """

    X: np.ndarray
    selected: np.ndarray
    criterion: str


def correctly_predicted(
    logits: np.ndarray,
    labels: np.ndarray,
    task: str,
    criterion: str,
    threshold: float | None = None,
) -> np.ndarray:
    """Which sequences are correctly predicted, by one of the CRITERIA.

    Parameters
    ----------
    logits
        (n, targets), the model's outputs before the task's activation.
    labels
        (n, targets), NaN = unresolved.
    task
        A name in TASKS.
    criterion
        `exact_match`: the rounded probability of every resolved target is its label (what the
        authors' notebooks do); of exclusive classes the likeliest is the right one.
        `true_positive`: positive, and predicted with a probability of one half or more, target by
        target. `correlation`: the correlation over a sequence's targets
        exceeds `threshold` (.75 for AI-TAC, .85 for the islets). `top_fraction`: both the label
        and the prediction are among the `threshold` highest of the target. `all`: every sequence.
    threshold
        For `correlation` and `top_fraction`; None is the criterion's default.

    Returns
    -------
    ndarray
        bool (n, targets). For criteria that look at whole sequences the columns are equal. Filters
        are read from sequences with any True, importances for a target from its own column.

    Raises
    ------
    InputError
        An unknown task or criterion, or one that does not fit the task, the targets or `threshold`.
    """
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}; wanted one of {', '.join(TASKS)}")
    fitting = [name for name, c in CRITERIA.items() if c.binary in (None, TASKS[task].binary)]
    if criterion not in fitting:
        problem = "does not fit" if criterion in CRITERIA else "is unknown; asked for"
        raise InputError(
            f"the criterion {criterion!r} for correctly predicted sequences {problem} the task "
            f"{task!r}; wanted one of {', '.join(fitting)}"
        )
    if logits.shape != labels.shape:
        raise InputError(f"logits of shape {logits.shape} for labels of shape {labels.shape}")
    if threshold is None:
        threshold = CRITERIA[criterion].threshold
    return CRITERIA[criterion].select(decision_scores(task, logits), labels, threshold)


def _exact_match(logits: np.ndarray, labels: np.ndarray, _: float | None) -> np.ndarray:
    # Rounding half to even: a probability of exactly one half is a 0.
    resolved = ~np.isnan(labels)
    right = ~resolved | ((logits > 0) == (labels == 1))
    return _same_for_all_targets(right.all(axis=1) & resolved.any(axis=1), labels)


def _true_positive(logits: np.ndarray, labels: np.ndarray, _: float | None) -> np.ndarray:
    return (labels == 1) & (logits >= 0)


def _correlation(logits: np.ndarray, labels: np.ndarray, threshold: float) -> np.ndarray:
    if labels.shape[1] < FEWEST_TARGETS:
        raise InputError(
            f"the criterion 'correlation' over the targets of a sequence: found {labels.shape[1]} "
            f"targets, wanted {FEWEST_TARGETS} or more (over two numbers it is always 1 or -1); "
            "use top_fraction"
        )
    if not -1 <= threshold < 1:
        raise InputError(f"correlation: found the threshold {threshold}, wanted one from -1 to 1")
    # NaN (no variance) is not above any threshold.
    return _same_for_all_targets(row_correlations(logits, labels) > threshold, labels)


def _top_fraction(logits: np.ndarray, labels: np.ndarray, threshold: float) -> np.ndarray:
    if not 0 < threshold <= 1:
        raise InputError(f"top_fraction: found {threshold}, wanted more than 0 and at most 1")
    chosen = np.zeros(labels.shape, dtype=bool)
    for t in range(labels.shape[1]):
        resolved = np.flatnonzero(~np.isnan(labels[:, t]))
        n = int(len(resolved) * threshold)
        if n:
            both = [_is_among_highest(v[resolved, t], n) for v in (logits, labels)]
            chosen[resolved, t] = both[0] & both[1]
    return chosen


def _is_among_highest(values: np.ndarray, n: int) -> np.ndarray:
    """Whether each value is as high as the n-th highest."""
    return values >= np.partition(values, -n)[-n]


def _all(logits: np.ndarray, labels: np.ndarray, _: float | None) -> np.ndarray:
    return np.ones(labels.shape, dtype=bool)


def _same_for_all_targets(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.repeat(rows[:, None], labels.shape[1], axis=1)


CRITERIA: dict[str, Criterion] = {
    "exact_match": Criterion(_exact_match, binary=True),
    "true_positive": Criterion(_true_positive, binary=True),
    "correlation": Criterion(_correlation, binary=False, threshold=WELL),
    "top_fraction": Criterion(_top_fraction, binary=False, threshold=0.05),
    "all": Criterion(_all, binary=None),
}


def correctly_predicted_sequences(
    model: nn.Module,
    data: anndata.AnnData,
    settings: Mapping[str, object],
    device: torch.device | str = "cpu",
) -> Selected:
    """The correctly predicted sequences of a data set, which are those interpreted.

    Parameters
    ----------
    model
        A trained model; its predictions on the forward strand are used.
    data
        The part of the data set to choose from (`workflow_lib.data.dataset`).
    settings
        `correct` (a name in CRITERIA, or `auto`: exact_match for binary labels, and true_positive
        where that selects nothing; for values correlation, or top_fraction where there are fewer
        than FEWEST_TARGETS) and `correct_threshold`.
    device
        Where to predict.

    Returns
    -------
    Selected
    """
    task, labels = str(data.uns["task"]), data.X
    automatic = settings["correct"] == "auto"
    # The threshold of another criterion than the one that is chosen here would mean something else.
    threshold = None if automatic else settings.get("correct_threshold")
    criterion = str(settings["correct"])
    if automatic:
        for_values = "correlation" if data.n_vars >= FEWEST_TARGETS else "top_fraction"
        criterion = "exact_match" if TASKS[task].binary else for_values
    logits = predict(model, data.obsm["sequence"], device=device)
    selected = correctly_predicted(logits, labels, task, criterion, threshold)
    if automatic and criterion == "exact_match" and not selected.any() and data.n_vars > 1:
        criterion = "true_positive"
        log.warning(
            "no sequence is correctly predicted for all its targets (exact_match): those that are "
            "for any positive target are interpreted (interpretation: {correct: true_positive})"
        )
        selected = correctly_predicted(logits, labels, task, criterion, threshold)
    used = selected.any(axis=1)
    log.info("%d of %d sequences are correctly predicted (%s)", used.sum(), len(used), criterion)
    return Selected(data.obsm["sequence"][used], selected[used], criterion)


def criterion_per_target(criterion: str, task: str) -> str:
    """The criterion for steps that look at one target (attributions, nullification).

    true_positive for labels, top_fraction for values; another name stays.
    """
    if criterion != "auto":
        return criterion
    return "true_positive" if TASKS[task].binary else "top_fraction"


def at_most(selected: np.ndarray, most: int | None, seed: int = 0) -> np.ndarray:
    """A random choice of at most `most` sequences of each target; bool (n, targets) both.

    The choice for a target does not depend on the other targets. None keeps all.
    """
    if most is None:
        return selected
    if most < 1:
        raise InputError(f"most_sequences: found {most}, wanted at least 1, or nothing for all")
    few = np.zeros_like(selected)
    for target, column in enumerate(selected.T):
        rows = np.flatnonzero(column)
        few[np.random.default_rng((seed, target)).permutation(rows)[:most], target] = True
    return few
