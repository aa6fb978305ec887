"""Sanity checks: whether attributions depend on what a model has learned (Adebayo et al. 2018).

The same sequences are attributed by the same method with a changed model. With random weights,
or weights learned from shuffled labels, the contributions should differ; with another seed of the
same training they should agree.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.interpret.attribution_file import Group
from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Options
from workflow_lib.sequence import UNKNOWN
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import batches
from workflow_lib.train.metrics import row_correlations

COLUMNS = ("target", "check", "n_sequences", "correlation", "low", "high", "magnitude")
_SAMPLES = 1000

log = logging.getLogger(__name__)


# Initial weights drawn with the seed of a training resemble the trained ones: trained and initial
# filters of 100 units correlated by .5.
_UNUSED_BY_TRAINING = 2**31  # torch keeps 32 bits of a seed on the CPU


def randomised(
    model: nn.Module,
    X: np.ndarray,
    seed: int,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> nn.Module:
    """An untrained model of the same architecture, with random weights.

    Parameters
    ----------
    model
        One of `workflow_lib.models`; it is not changed.
    X
        uint8 codes (n, L), two or more: from these sequences the batch norms take their running
        statistics, without which the activations would be far from those of a trained model.
    seed
        Of the weights, which are initialised as for a training, but never as for the training with
        the same seed.
    batch_size, device
        See `inference.batches`.

    Returns
    -------
    Module
        In eval mode, with the target names of `model`.
    """
    with torch.random.fork_rng():
        torch.manual_seed(_UNUSED_BY_TRAINING + seed)
        fresh = type(model)(
            length=model.length, n_targets=model.n_targets, **model.hyperparameters
        ).to(device)
    if hasattr(model, "target_names"):
        fresh.target_names = model.target_names
    fresh.eval()
    norms = [m for m in fresh.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return fresh
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
        norm.momentum = None  # the plain mean over all batches
    with torch.no_grad(), enough_memory("calibrating", model, batch_size, device):
        for x in batches(X, batch_size, device):
            if len(x) > 1:  # one sequence has no variance
                fresh(x)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    return fresh.eval()


def contributions(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Actual contributions (m, L), 0 at an N, of hypothetical ones (m, 4, L) and codes (m, L)."""
    letters = np.where(codes < UNKNOWN, codes, 0)[:, None]
    return np.take_along_axis(scores, letters, axis=1)[:, 0] * (codes < UNKNOWN)


def track_correlation(scores_a: np.ndarray, scores_b: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Pearson correlation along each sequence of two attributions' actual contributions.

    Parameters
    ----------
    scores_a, scores_b
        Hypothetical contributions (m, 4, L).
    codes
        uint8 (m, L).

    Returns
    -------
    ndarray
        (m,), NaN where either track is constant or not finite.
    """
    return row_correlations(contributions(scores_a, codes), contributions(scores_b, codes))


def compared(
    group: Group, changed: Sequence[np.ndarray], check: str, seed: int = 0
) -> dict[str, Any]:
    """One row of the table: attributions of a target compared with those of changed models.

    Parameters
    ----------
    group
        The trained model's.
    changed
        Scores (m, 4, L) of one changed model or of several, whose correlations are averaged.
    check
        What was changed.
    seed
        Of the samples for the interval.

    Returns
    -------
    dict
        COLUMNS. `correlation` is the mean over the sequences, `low` and `high` its 95 % bootstrap
        interval, `magnitude` the ratio of the mean absolute contributions, changed / trained.
        Sequences without a correlation do not count in `n_sequences`.
    """
    each = np.array([track_correlation(group.scores, other, group.codes) for other in changed])
    values = each.mean(axis=0)
    values = values[~np.isnan(values)].astype(float)
    correlation = low = high = np.nan
    if len(values):
        rng = np.random.default_rng(seed)
        means = values[rng.integers(0, len(values), (_SAMPLES, len(values)))].mean(axis=1)
        correlation, (low, high) = values.mean(), np.quantile(means, (0.025, 0.975))
    trained = np.abs(contributions(group.scores, group.codes)).mean()
    other = np.mean([np.abs(contributions(scores, group.codes)).mean() for scores in changed])
    magnitude = other / trained if trained > 0 else np.nan
    row = (group.target, check, len(values), correlation, low, high, magnitude)
    return dict(zip(COLUMNS, row))


def sanity_checks(
    groups: Iterable[Group],
    changed: Mapping[str, Sequence[nn.Module]],
    method: str,
    options: Options,
    most_targets: int,
) -> pd.DataFrame:
    """Attribute the same sequences with changed models, and compare.

    Parameters
    ----------
    groups
        The trained model's attributions (`attribution_file.read`).
    changed
        Check -> models, with `target_names` among which the groups' targets are.
    method, options
        As for the trained model's attributions.
    most_targets
        At most this many targets are checked: the first ones that have sequences.

    Returns
    -------
    DataFrame
        COLUMNS; one row per target and check.

    Raises
    ------
    InputError
        A changed model lacks a target.
    """
    rows = []
    for done, group in enumerate((group for group in groups if len(group.codes)), start=1):
        if done > most_targets:
            break
        for check, nets in changed.items():
            scores = [
                ATTRIBUTIONS[method](net, group.codes, _number(net, group, check), options).scores
                for net in nets
            ]
            rows.append(compared(group, scores, check, options.seed))
            log.info(
                "%s, %s: correlation %.3f over %d sequences",
                group.target, check, rows[-1]["correlation"], rows[-1]["n_sequences"],
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _number(model: nn.Module, group: Group, check: str) -> int:
    """Number of a group's target in another model."""
    names = list(model.target_names)
    if group.target not in names:
        raise InputError(
            f"{check}: the changed model has no target {group.target!r}; it has: {', '.join(names)}"
        )
    return names.index(group.target)
