"""Importance of units: unit output times output weight, over the sequences that matter.

Paper, Methods, "Interpretability with ExplaiNN": a final-layer weight can be high for a unit that
nothing activates; hence the products over correctly predicted sequences that activate the unit's
filter by at least half of its maximum, and their median.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.data.tasks import TASKS
from workflow_lib.interpret.activations import read_strands
from workflow_lib.interpret.filters import sequences_with_sites
from workflow_lib.train.inference import UnitOutputs, predict

# Symmetric, so that a negative weight only reverses them.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
QUANTILE_COLUMNS = ("q05", "q25", "importance", "q75", "q95")
COLUMNS = ("unit", "target", "weight", "n_sequences", *QUANTILE_COLUMNS)


def unit_importance(
    model: nn.Module,
    X: np.ndarray,
    selected: np.ndarray,
    activation_max: np.ndarray,
    target_names: Sequence[str],
    batch_size: int = 512,
    device: torch.device | str = "cpu",
    strands: str = "auto",
) -> pd.DataFrame:
    """Quantiles of unit output times output weight, for each unit and target.

    Parameters
    ----------
    model
        Has `activations`, `units` and `output_weights` (see `models.explainn`).
    X
        uint8 codes (n, L).
    selected
        bool (n, targets): the sequences that count for each target (`correctly_predicted`).
    activation_max
        (units,), as `filter_matrices` gives it: only sequences in which a unit's filter reaches
        half of it count for that unit; `filters.above` of it if they have to exceed half of it.
    target_names
        One name per target.
    batch_size, device
        See `inference.batches`.
    strands
        Where a filter's sites count: `forward`, `both`, or `auto` (`activations.read_strands`).

    Returns
    -------
    DataFrame
        COLUMNS, by unit, then target; `importance` is the median. Without any such sequence the
        quantiles are NaN.
    """
    weights = _weights(model)
    used = selected.any(axis=1)
    X, selected = X[used], selected[used]
    strands = read_strands(model, strands)
    reached = sequences_with_sites(model, X, activation_max, batch_size, device, strands)
    n_targets, units = weights.shape
    # A new module is in training mode, and `predict` would leave the model in it.
    as_outputs = UnitOutputs(model).train(model.training)
    outputs = predict(as_outputs, X, batch_size, device).reshape(len(X), units)
    n_sequences = np.zeros((units, n_targets), dtype=int)
    table = np.full((units, n_targets, len(QUANTILES)), np.nan)
    for rows, targets in _same_selection(selected):
        for unit in range(units):
            values = outputs[rows & reached[:, unit], unit]
            n_sequences[unit, targets] = len(values)
            if len(values):
                table[unit, targets] = _products(values, weights[targets, unit])
    about = {
        "unit": np.repeat(np.arange(units), n_targets),
        "target": list(target_names) * units,
        "weight": weights.T.ravel(),
        "n_sequences": n_sequences.ravel(),
    }
    quantiles = pd.DataFrame(table.reshape(-1, len(QUANTILES)), columns=list(QUANTILE_COLUMNS))
    return pd.concat([pd.DataFrame(about), quantiles], axis=1)


def output_weights(model: nn.Module, target_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Weights of the final layer: one row per unit; `unit`, then one column per target.

    The names are the model's own (`target_names`) unless given.
    """
    names = model.target_names if target_names is None else target_names
    table = pd.DataFrame(_weights(model).T, columns=list(names))
    table.insert(0, "unit", np.arange(len(table)))
    return table


def _weights(model: nn.Module) -> np.ndarray:
    """Weights (targets, units); of correlations over the targets, relative to a unit's mean.

    What a unit adds to all targets alike changes no correlation, so that training leaves it where
    it was by chance.
    """
    weights = model.output_weights().detach().float().cpu().numpy()
    task = getattr(model, "metadata", {}).get("task")
    if task is not None and TASKS[task].by_sequence:
        weights = weights - weights.mean(axis=0)
    return weights


def _same_selection(selected: np.ndarray) -> list[tuple[np.ndarray, list[int]]]:
    """Targets with the same column of `selected` together, so that they are computed once."""
    groups: dict[bytes, list[int]] = {}
    for target, column in enumerate(selected.T):
        groups.setdefault(column.tobytes(), []).append(target)
    return [(selected[:, targets[0]], targets) for targets in groups.values()]


def _products(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Quantiles of values (m,) times each weight (targets,): (targets, quantiles)."""
    quantiles = np.quantile(values.astype(float), QUANTILES)
    turned = np.where(weights[:, None] < 0, quantiles[::-1], quantiles)
    return weights[:, None] * turned
