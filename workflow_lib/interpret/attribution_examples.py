"""Example sequences of each target, and what every base contributes to the output.

The examples are the sequences with the highest output among those attributed, which by default are
correctly predicted ones: what the model is surest of.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.data.tasks import ranking_scores
from workflow_lib.interpret.attribution_file import Group
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import decode
from workflow_lib.train.inference import predict
from workflow_lib.train.losses import LOSSES

COLUMNS = (
    "target", "example", "id", "region", "length", "label", "output", "prediction",
    "position", "base", "contribution",
)  # fmt: skip


class Options(NamedTuple):
    """How many examples, and how they are predicted.

    Attributes
    ----------
    most_targets
        The first targets that have attributed sequences.
    most_examples
        Of each target.
    most_positions
        Of a longer sequence the stretch of this length is taken that `strongest_stretch` finds.
    both_strands
        Whether the mean of both strands' outputs was attributed.
    device
        Where to predict.
    """

    most_targets: int
    most_examples: int
    most_positions: int
    both_strands: bool
    device: torch.device | str = "cpu"


def strongest_stretch(contributions: np.ndarray, length: int) -> tuple[int, int]:
    """Start and end of the stretch with the largest sum of absolute contributions.

    Parameters
    ----------
    contributions
        Float (L,), of the bases of a sequence.
    length
        Of the stretch; if L is not larger, it is the whole sequence.

    Returns
    -------
    start, end
        0-based, half-open; of equal ones the first.
    """
    if len(contributions) <= length:
        return 0, len(contributions)
    before = np.concatenate([[0], np.abs(contributions).cumsum(dtype=np.float64)])
    start = int(np.argmax(before[length:] - before[:-length]))
    return start, start + length


def examples(
    model: nn.Module, data: anndata.AnnData, groups: Iterable[Group], options: Options
) -> pd.DataFrame:
    """The bases of the examples of each target.

    Parameters
    ----------
    model
        Whose outputs were attributed.
    data
        The data set that the attributed sequences are of.
    groups
        From `attribution_file.read`.
    options
        See there.

    Returns
    -------
    DataFrame
        One row per base; columns COLUMNS. `example` counts from 1 within the target, the highest
        output first; `region` is chrom:start-end(strand) as the data set has it, or empty; `output`
        is the model's, `prediction` what the task makes of it (a probability, a value); `position`
        counts from 0 in the sequence of `length` bases.
    """
    parts: list[pd.DataFrame] = []
    n_targets = 0
    for group in groups:
        if n_targets == options.most_targets:
            break
        if len(group.codes):
            n_targets += 1
            parts += _of_target(model, data, group, options)
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _of_target(
    model: nn.Module, data: anndata.AnnData, group: Group, options: Options
) -> Iterator[pd.DataFrame]:
    task, target = str(data.uns["task"]), group.number
    used = {"device": options.device, "both_strands": options.both_strands}
    outputs = predict(model, group.codes, **used)
    predictions = LOSSES[task].activation(torch.from_numpy(outputs)).numpy()
    ranked = np.argsort(-ranking_scores(task, outputs)[:, target], kind="stable")
    for number, i in enumerate(ranked[: options.most_examples], start=1):
        letters = one_hot(group.codes[i][None]).numpy()[0]
        contributions = (group.scores[i] * letters).sum(axis=0)
        start, end = strongest_stretch(contributions, options.most_positions)
        row = data.obs_names.get_loc(group.ids[i])
        yield pd.DataFrame(
            {
                "target": group.target,
                "example": number,
                "id": group.ids[i],
                "region": _region(data.obs.iloc[row]),
                "length": len(contributions),
                "label": float(data.X[row, target]),
                "output": float(outputs[i, target]),
                "prediction": float(predictions[i, target]),
                "position": np.arange(start, end),
                "base": list(decode(group.codes[i][None])[0][start:end]),
                "contribution": contributions[start:end],
            }
        )


def _region(known: pd.Series) -> str:
    """What a data set says of where a sequence lies; empty if it does not, or nowhere (end -1)."""
    place = [known.get(name) for name in ("chrom", "start", "end")]
    if pd.isna(place).any() or place[2] < 0:
        return ""
    strand = f"({known['strand']})" if known.get("strand") in ("+", "-") else ""
    return f"{place[0]}:{int(place[1])}-{int(place[2])}{strand}"
