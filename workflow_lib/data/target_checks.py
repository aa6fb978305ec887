"""Targets held against the task: labels, classes, values that have a correlation."""

import anndata
import numpy as np

from workflow_lib.config.limits import FEWEST_TARGETS
from workflow_lib.data.tasks import TASKS
from workflow_lib.errors import InputError


def is_constant(values: np.ndarray) -> np.ndarray:
    """Whether a sequence's resolved values are all the same: (n, targets) -> bool (n,)."""
    # fmax and fmin skip NaN; where all are NaN there is nothing that could vary.
    highest = np.fmax.reduce(values, axis=1, initial=-np.inf)
    return ~(highest > np.fmin.reduce(values, axis=1, initial=np.inf))


def _check_variance(data: anndata.AnnData, name: str) -> None:
    if data.n_vars < FEWEST_TARGETS:
        raise InputError(
            f"{name}: found {data.n_vars} targets for the task {data.uns['task']!r}; wanted "
            f"{FEWEST_TARGETS} or more: a correlation over few says little. `task: regression` "
            "fits the values themselves"
        )
    same = np.flatnonzero(is_constant(np.asarray(data.X)))
    if len(same):
        raise InputError(
            f"{name}: {len(same):,} of {data.n_obs:,} sequences have one value for all targets "
            f"(the first: {data.obs_names[same[0]]!r}), so there is no correlation; wanted values "
            "that vary. `drop: {constant: drop}` leaves them out"
        )


def check_targets(data: anndata.AnnData, name: str) -> None:
    """Raise unless the targets suit the task.

    0, 1 or NaN for labels, one 1 a row for classes, values that vary over the targets where each
    sequence's correlation is fitted.
    """
    if TASKS[data.uns["task"]].by_sequence:
        _check_variance(data, name)
    if not TASKS[data.uns["task"]].binary:
        return
    for j, values in enumerate(np.asarray(data.X).T):
        wrong = ~((values == 0) | (values == 1) | np.isnan(values))
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(
                f"{name}, {data.obs_names[i]!r}, target {data.var_names[j]!r}: found {values[i]}, "
                f"wanted 0, 1 or nothing for the task {data.uns['task']!r}"
            )
    if not TASKS[data.uns["task"]].exclusive:
        return
    several = np.flatnonzero(np.nansum(data.X, axis=1) != 1)
    if len(several):
        i = int(several[0])
        raise InputError(
            f"{name}, {data.obs_names[i]!r}: found {int(np.nansum(data.X[i]))} classes, wanted "
            f"exactly one for the task {data.uns['task']!r}"
        )
