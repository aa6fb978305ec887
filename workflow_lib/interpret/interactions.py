"""Interactions between bases: which sequences, by which method, and the pairs that stand out."""

import difflib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import anndata
import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.data.tasks import ranking_scores
from workflow_lib.errors import InputError
from workflow_lib.interpret.attribute import attributed_sequences, matching_targets
from workflow_lib.interpret.integrated_hessians import HessianOptions, integrated_hessians
from workflow_lib.interpret.interaction_file import Example
from workflow_lib.interpret.pairwise import check_sequence, pairwise_ism, split_into_units
from workflow_lib.interpret.pairwise_maps import (
    COLUMNS,
    Interactions,
    strongest_pairs,
    with_units,
)
from workflow_lib.sequence import ALPHABET, UNKNOWN
from workflow_lib.train.inference import predict

TABLE_COLUMNS = ("target", "example", "id", *COLUMNS, "difference", "delta")

log = logging.getLogger(__name__)


class Chosen(NamedTuple):
    """A sequence whose interactions for one target are wanted.

    Attributes
    ----------
    number, target
        The target's number and name.
    example
        From 1 within the target.
    row, output
        Number of the sequence in the data, and the model's output for it.
    """

    number: int
    target: str
    example: int
    row: int
    output: float


Method = Callable[[nn.Module, np.ndarray, int, HessianOptions], Interactions]


def _pairwise_ism(
    model: nn.Module, codes: np.ndarray, target: int, options: HessianOptions
) -> Interactions:
    return pairwise_ism(model, codes, target, options.batch_size, options.device)


INTERACTIONS: dict[str, Method] = {
    "pairwise_ism": _pairwise_ism,
    "integrated_hessians": integrated_hessians,
}


def chosen_sequences(
    model: nn.Module,
    data: anndata.AnnData,
    settings: Mapping[str, Any],
    device: torch.device | str = "cpu",
) -> list[Chosen]:
    """The sequences of each target: those named, or those with the highest outputs.

    Parameters
    ----------
    model
        A trained model; its outputs on the forward strand are used.
    data
        The part of the data set to choose from (`workflow_lib.data.dataset`).
    settings
        `targets` (patterns), `ids` (names of sequences, for every target; None = choose),
        `correct`, `correct_threshold` (as in `attribute.attributed_sequences`), `most_sequences`
        (per target). Sequences with an N are not chosen.
    device
        Where to predict.

    Returns
    -------
    list of Chosen
        By number of the target.

    Raises
    ------
    InputError
        No such target or sequence, a named sequence with an N, or other targets than the model's.
    """
    codes, task = np.asarray(data.obsm["sequence"]), str(data.uns["task"])
    outputs = predict(model, codes, device=device).reshape(len(codes), -1)
    if settings["ids"] is not None:
        rows = _named_rows(data, settings["ids"])
        names = [str(name) for name in model.target_names]
        wanted = [(t, names[t], rows) for t in matching_targets(settings["targets"], names)]
    else:
        all_of = {**settings, "most_sequences": None, "seed": 0, "both_strands": False}
        whole = (codes < UNKNOWN).all(axis=1)
        ranks, most = -ranking_scores(task, outputs), settings["most_sequences"]
        wanted = []
        for one in attributed_sequences(model, data, all_of, device):
            rows = one.rows[whole[one.rows]]
            order = np.argsort(ranks[rows, one.number], kind="stable")
            wanted.append((one.number, one.target, rows[order][:most]))
    return [
        Chosen(number, target, i, int(row), float(outputs[row, number]))
        for number, target, rows in wanted
        for i, row in enumerate(rows, start=1)
    ]


def _named_rows(data: anndata.AnnData, ids: Sequence[str]) -> list[int]:
    known = {str(name): row for row, name in enumerate(data.obs_names)}
    for name in ids:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            parts = ", ".join(dict.fromkeys(map(str, data.obs["split"])))
            raise InputError(
                f"interactions, ids: no sequence {name!r} in the part that is read ({parts}){hint}"
            )
        check_sequence(np.asarray(data.obsm["sequence"][known[name]]), f"the sequence {name!r}")
    return [known[name] for name in dict.fromkeys(ids)]


def interact_each(
    model: nn.Module,
    data: anndata.AnnData,
    chosen: Sequence[Chosen],
    method: str,
    options: HessianOptions,
) -> Iterator[Example]:
    """The interactions within one sequence after the other, with progress in the log.

    Parameters
    ----------
    model, data, chosen
        As for, and from, `chosen_sequences`.
    method
        A name in INTERACTIONS.
    options
        Of the method.

    Yields
    ------
    Example

    Raises
    ------
    InputError
        An unknown method, or what the method refuses.
    """
    if method not in INTERACTIONS:
        raise InputError(f"method: found {method!r}, wanted one of {', '.join(INTERACTIONS)}")
    for i, one in enumerate(chosen, start=1):
        codes = np.asarray(data.obsm["sequence"][one.row])
        found = INTERACTIONS[method](model, codes, one.number, options)
        name = str(data.obs_names[one.row])
        delta = "" if np.isnan(found.delta) else f", delta {found.delta:.3g}"
        log.info("%d of %d: %s, %s, by %s%s", i, len(chosen), one.target, name, method, delta)
        yield Example(one.number, one.target, one.example, name, codes, one.output, found)


def pair_rows(model: nn.Module, example: Example, most: int) -> pd.DataFrame:
    """The strongest pairs of one example, with the unit that contributes most to each.

    Parameters
    ----------
    model
        What the interactions are of.
    example
        From `interact_each`.
    most
        Number of pairs.

    Returns
    -------
    DataFrame
        TABLE_COLUMNS; `unit` is -1 for models without units and methods without substitutions.
    """
    pairs = strongest_pairs(example.found, example.codes, most)
    if example.found.pairs is not None and hasattr(model, "output_weights"):
        places = zip(
            pairs["position_1"], pairs["to_1"].map(ALPHABET.index),
            pairs["position_2"], pairs["to_2"].map(ALPHABET.index),
        )  # fmt: skip
        shares = split_into_units(model, example.codes, example.number, list(places))
        pairs = with_units(pairs, shares)
    pairs = pairs.assign(
        target=example.target, example=example.example, id=example.id,
        difference=example.found.difference, delta=example.found.delta,
    )  # fmt: skip
    return pairs[list(TABLE_COLUMNS)]
