"""Choosing targets and sequences to attribute, and summarising the attributions of a model."""

import difflib
import fnmatch
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import anndata
import numpy as np
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.interpret.attribution_file import Group
from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Attributions, Options
from workflow_lib.interpret.sequence_selection import (
    at_most,
    correctly_predicted,
    criterion_per_target,
)
from workflow_lib.train.inference import predict

SUMMARY_COLUMNS = (
    "target", "n", "n_correct", "n_used", "mean_abs_output_difference", "median_abs_delta",
    "max_abs_delta", "share_large_delta", "note",
)  # fmt: skip
# A delta up to this is rounding error, however small the output difference.
_ROUNDING = 1e-3
# Large deltas in more than this share of the sequences are reported.
_MANY = 0.1

log = logging.getLogger(__name__)


class Chosen(NamedTuple):
    """The sequences of one target.

    Attributes
    ----------
    number, target
        Its number and name.
    rows
        Numbers of the sequences to attribute, ascending.
    n, n_correct
        How many there are, and how many are correctly predicted for the target.
    """

    number: int
    target: str
    rows: np.ndarray
    n: int
    n_correct: int


def matching_targets(patterns: Sequence[str], names: Sequence[str]) -> list[int]:
    """Numbers of the targets that match any of the patterns (`*`, `?`, `[...]`), ascending.

    Raises
    ------
    InputError
        A pattern that matches no target; the message names the nearest one and all of them.
    """
    found = set()
    for pattern in patterns:
        # A name may itself contain special characters of patterns.
        hits = [i for i, n in enumerate(names) if n == pattern or fnmatch.fnmatchcase(n, pattern)]
        if not hits:
            lower = {name.lower(): name for name in reversed(names)}
            near = difflib.get_close_matches(pattern.lower(), lower, n=1)
            hint = f"; did you mean {lower[near[0]]!r}?" if near else "."
            raise InputError(
                f"targets: the model has no target {pattern!r}{hint} It has: {', '.join(names)}"
            )
        found.update(hits)
    return sorted(found)


def attributed_sequences(
    model: nn.Module,
    data: anndata.AnnData,
    settings: Mapping[str, Any],
    device: torch.device | str = "cpu",
) -> list[Chosen]:
    """The correctly predicted sequences of each target that is asked for.

    Parameters
    ----------
    model
        A trained model.
    data
        The part of the data set to choose from (`workflow_lib.data.dataset`).
    settings
        `targets` (patterns), `correct` (a name in `sequence_selection.CRITERIA`, or `auto`, see
        `sequence_selection.criterion_per_target`), `correct_threshold`, `most_sequences` (per
        target; None = all), `seed` (for drawing them) and `both_strands` (predict as the mean of
        both).
    device
        Where to predict.

    Returns
    -------
    list of Chosen
        By number of the target. `rows` may be empty.

    Raises
    ------
    InputError
        No such target, or the data set's targets are not the model's.
    """
    names = [str(name) for name in model.target_names]
    if names != list(data.var_names):
        raise InputError(
            f"the model's targets ({', '.join(names)}) are not those of the data set "
            f"({', '.join(data.var_names)})"
        )
    numbers = matching_targets(settings["targets"], names)
    task = str(data.uns["task"])
    criterion = criterion_per_target(str(settings["correct"]), task)
    logits = predict(
        model, data.obsm["sequence"], device=device, both_strands=settings["both_strands"]
    ).reshape(data.n_obs, len(names))
    correct = correctly_predicted(
        logits, np.asarray(data.X), task, criterion, settings["correct_threshold"]
    )
    used = at_most(correct, settings["most_sequences"], int(settings["seed"]))
    return [
        Chosen(t, names[t], np.flatnonzero(used[:, t]), data.n_obs, int(correct[:, t].sum()))
        for t in numbers
    ]


def attribute_each(
    model: nn.Module,
    data: anndata.AnnData,
    chosen: Sequence[Chosen],
    method: str,
    options: Options,
) -> Iterator[tuple[Group, Attributions]]:
    """Attribute one target after the other, with progress in the log.

    Parameters
    ----------
    model, data, chosen
        As for, and from, `attributed_sequences`.
    method
        A name in ATTRIBUTIONS.
    options
        Of the method.

    Yields
    ------
    Group, Attributions
        What is written to the file, and the attributions themselves.

    Raises
    ------
    InputError
        An unknown method.
    """
    if method not in ATTRIBUTIONS:
        raise InputError(f"method: found {method!r}, wanted one of {', '.join(ATTRIBUTIONS)}")
    for i, one in enumerate(chosen, start=1):
        codes = np.asarray(data.obsm["sequence"])[one.rows]
        found = ATTRIBUTIONS[method](model, codes, one.number, options)
        log.info(
            "target %d of %d, %s: %d of %d correctly predicted sequences attributed by %s",
            i, len(chosen), one.target, len(codes), one.n_correct, method,
        )  # fmt: skip
        ids = list(data.obs_names[one.rows])
        about = (one.number, one.target, one.n, one.n_correct)
        yield Group(*about, ids, codes, found.scores, found.delta), found


def summary_row(group: Group, found: Attributions, largest_delta: float) -> dict[str, Any]:
    """One row of a method's table: how many sequences, how large the convergence deltas.

    Parameters
    ----------
    group, found
        From `attribute_each`.
    largest_delta
        A delta is large beyond this share of the output's difference to the references. If more
        than a tenth of the sequences have large deltas, the note and the log report it.

    Returns
    -------
    dict
        SUMMARY_COLUMNS; the numbers are NaN where there are no sequences or no deltas.
    """
    deltas, differences = np.abs(found.delta), np.abs(found.difference)
    measured = len(deltas) > 0 and not np.isnan(deltas).all()
    numbers, note = (np.nan,) * 4, "" if len(deltas) else "no correctly predicted sequence"
    if measured:
        # A delta that is not finite counts as large.
        share = 1 - (deltas <= np.maximum(largest_delta * differences, _ROUNDING)).mean()
        numbers = (differences.mean(), np.median(deltas), deltas.max(), share)
        if share > _MANY:
            note = (
                f"large convergence deltas: {100 * share:.0f} % of sequences above "
                f"{100 * largest_delta:.3g} % of the output difference"
            )
    if note:
        log.info("%s: %s", group.target, note)
    values = (group.target, group.n, group.n_correct, len(group.codes), *numbers, note)
    return dict(zip(SUMMARY_COLUMNS, values))
