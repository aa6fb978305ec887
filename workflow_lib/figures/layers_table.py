"""The layers of an ExplaiNN model with shapes and numbers of parameters, from its settings."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError

COLUMNS = ("step", "layer", "where", "output", "parameters_per_unit", "parameters", "note")


class _Layer(NamedTuple):
    """One row of the table, before totals are taken."""

    layer: str
    where: str
    output: str
    parameters: int
    note: str = ""


def layers_table(metadata: Mapping[str, object]) -> pd.DataFrame:
    """The layers of an ExplaiNN model with their output shapes and numbers of parameters.

    Parameters
    ----------
    metadata
        The header of a model file (`model_file`): architecture, hyperparameters, length,
        target_names.

    Returns
    -------
    DataFrame
        COLUMNS, one row per layer in the order of computation. `where` is `each unit` or
        `all units`; `output` is the shape per sequence (of one unit, or of the model);
        `parameters` those of the whole model.

    Raises
    ------
    InputError
        Another architecture.
    """
    if metadata["architecture"] != "explainn":
        raise InputError(
            f"a schematic is drawn of explainn only, but the model is {metadata['architecture']}"
        )
    h = metadata["hyperparameters"]
    units, size, n_targets = h["units"], h["filter_size"], len(metadata["target_names"])
    maps = metadata["length"] - size + 1
    shared = h.get("strands", "forward") == "shared"
    note = "both strands, the better one at each position" if shared else "forward strand"
    each = "each unit"
    layers = [
        _Layer("one-hot sequence", "input", f"4 × {metadata['length']}", 0),
        _Layer("convolution", each, f"{maps}", 4 * size + 1, f"one filter 4 × {size}; {note}"),
        _Layer("batch normalisation", each, f"{maps}", 2),
        _Layer("exponential", each, f"{maps}", 0),
        *_pool_and_connected(maps, h),
        _Layer(
            "linear", "all units", f"{n_targets}", (units + 1) * n_targets, _last_note(metadata)
        ),
    ]
    table = pd.DataFrame(layers).rename(columns={"parameters": "parameters_per_unit"})
    of_unit = table["where"] == each
    table["parameters"] = table["parameters_per_unit"] * np.where(of_unit, units, 1)
    table.loc[~of_unit, "parameters_per_unit"] = 0
    table.insert(0, "step", range(len(table)))
    return table[list(COLUMNS)]


def _last_note(metadata: Mapping) -> str:
    """The sign of the last weights, and the full names of the outputs."""
    non_negative = metadata["hyperparameters"]["non_negative"]
    said = "weights kept at or above zero" if non_negative else "weights of either sign"
    return f"{said}; outputs: {', '.join(metadata['target_names'])}"


def _pool_and_connected(maps: int, h: Mapping) -> list[_Layer]:
    """Max pooling and the fully connected layers of a unit (see `models.explainn`)."""
    each, n = "each unit", h["fc_layers"]
    if n == 0:
        return [_Layer("max pooling", each, "1", 0, "over the whole map")]
    size, stride = h["pool_size"], h["pool_stride"]
    pooled = (maps - size) // stride + 1
    layers = [_Layer("max pooling", each, f"{pooled}", 0, f"windows of {size}, steps of {stride}")]
    sizes = [pooled] + [h["fc_nodes"]] * (n - 1) + [1]
    for i, (before, after) in enumerate(zip(sizes, sizes[1:]), start=1):
        layers.append(_Layer(f"fully connected {i}", each, f"{after}", (before + 1) * after))
        layers.append(_Layer("batch normalisation", each, f"{after}", 2 * after))
        layers.append(_Layer("ReLU", each, f"{after}", 0))
        if i < n:
            layers.append(_Layer("dropout", each, f"{after}", 0, f"rate {h['dropout']:g}"))
    return layers
