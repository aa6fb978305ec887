"""Filter nullification: how predictions change when one first-layer filter is switched off.

Paper, "Interpretability with ExplaiNN" and Fig. 1G (bottom), after AI-TAC: the global importance of
a filter in a network whose later layers mix the filters. The filter's map is set to zero, or to its
mean, in the middle of an otherwise unchanged forward pass.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import anndata
import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.interpret.importance import QUANTILE_COLUMNS, QUANTILES
from workflow_lib.interpret.sequence_selection import (
    at_most,
    correctly_predicted_sequences,
    criterion_per_target,
)
from workflow_lib.interpret.units import unit_numbers
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import batches, full_precision

REPLACE = ("zero", "mean")
FILTERS = ("annotated", "all")
IMPACT_COLUMNS = tuple("impact" if name == "importance" else name for name in QUANTILE_COLUMNS)
COLUMNS = ("unit", "target", "n_sequences", *IMPACT_COLUMNS, "mean")

log = logging.getLogger(__name__)


def nullification(
    model: nn.Module,
    X: np.ndarray,
    selected: np.ndarray,
    filters: Sequence[int],
    replace: str = "zero",
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> pd.DataFrame:
    """Quantiles of the impact of each filter on each target.

    Parameters
    ----------
    model
        Has `activations`, `from_activations` and `target_names` (see `workflow_lib.models`).
    X
        uint8 codes (n, L).
    selected
        bool (n, targets): the sequences that count for each target (`chosen_sequences`).
    filters, replace, batch_size, device
        See `nullify`.

    Returns
    -------
    DataFrame
        COLUMNS, by filter, then target. `impact` is the median of the output with the filter minus
        the output without it: positive where the filter raises the prediction. Without any
        sequence the numbers are NaN.
    """
    names = list(model.target_names)
    used = selected.any(axis=1)
    X, selected = X[used], selected[used]
    # Only what is selected is kept: the whole would be sequences x filters x targets.
    kept: list[list[np.ndarray]] = [[] for _ in names]
    for start, differences in nullify(model, X, filters, replace, batch_size, device):
        rows = selected[start : start + len(differences)]
        for target, of_target in enumerate(kept):
            of_target.append(differences[rows[:, target], :, target])
    table = np.full((len(filters), len(names), len(QUANTILES) + 1), np.nan)
    n_sequences = selected.sum(axis=0)
    for target in np.flatnonzero(n_sequences) if len(filters) else ():
        values = np.concatenate(kept[target]).astype(float)  # (selected, filters)
        table[:, target, :-1] = np.quantile(values, QUANTILES, axis=0).T
        table[:, target, -1] = values.mean(axis=0)
    about = {
        "unit": np.repeat(np.asarray(filters, dtype=int), len(names)),
        "target": names * len(filters),
        "n_sequences": np.tile(n_sequences, len(filters)),
    }
    numbers = pd.DataFrame(table.reshape(-1, table.shape[2]), columns=list(COLUMNS[3:]))
    return pd.concat([pd.DataFrame(about), numbers], axis=1)


def nullify(
    model: nn.Module,
    X: np.ndarray,
    filters: Sequence[int],
    replace: str = "zero",
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> Iterator[tuple[int, np.ndarray]]:
    """Outputs with each filter minus outputs without it, batch by batch and in order.

    Parameters
    ----------
    model
        Has `activations` and `from_activations`. It is used in eval mode and comes back in the
        mode it was in.
    X
        uint8 codes (n, L).
    filters
        Numbers of the filters, each nullified alone.
    replace
        What a filter's map becomes: `zero`, or `mean`, its mean over all positions of X (one more
        pass over X). Zero is a map that no site activates after ReLU, but not after exp.
    batch_size, device
        See `inference.batches`. A batch's maps are computed once for all filters.

    Yields
    ------
    start, differences
        Number of the batch's first sequence; float32 (b, len(filters), targets).

    Raises
    ------
    InputError
        An unknown value of `replace`, a filter that the model does not have, or a GPU without
        enough memory.
    """
    if replace not in REPLACE:
        raise InputError(f"replace: found {replace!r}, wanted {' or '.join(REPLACE)}")
    if not len(filters):
        return
    was_training = model.training
    model.eval().to(device)
    try:
        with enough_memory("nullifying filters of", model, batch_size, device):
            values = _replacements(model, X, replace, batch_size, device)
            start = said = 0
            for x in batches(X, batch_size, device):
                yield start, _differences(model, x, filters, values)
                start += len(x)
                if start >= said + max(len(X) / 10, 1) or start == len(X):
                    said, of = start, len(X)
                    log.info("%d filters nullified in %d of %d sequences", len(filters), start, of)
    finally:
        model.train(was_training)


def maps(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The maps that `from_activations` takes, (n, filters, positions), of one-hot (n, 4, L).

    If units scan both strands with one filter: at each window the maximum over the strands.
    """
    forward = model.activations(x)
    if not getattr(model, "shared_strands", False):
        return forward
    # One-hot in the order ACGT: flipping both axes gives the reverse complement.
    return torch.maximum(forward, model.activations(x.flip(1, 2)).flip(2))


@torch.no_grad()
@full_precision()
def _differences(
    model: nn.Module, x: torch.Tensor, filters: Sequence[int], values: torch.Tensor
) -> np.ndarray:
    """Output with minus without each filter, whose map becomes its value in `values`."""
    activations = maps(model, x)
    n_filters = activations.shape[1]
    for unit in filters:
        if not 0 <= unit < n_filters:
            raise InputError(f"filters: found {unit}, but the model has 0 to {n_filters - 1}")
    outputs = model.from_activations(activations).float()
    differences = torch.zeros(len(x), len(filters), outputs.shape[1], device=outputs.device)
    for i, unit in enumerate(filters):
        # Where no site activates the filter nothing changes: saves passes through slow networks.
        rows = (activations[:, unit] != values[unit]).any(dim=1)
        if rows.any():
            without = activations[rows]
            without[:, unit] = values[unit]
            differences[rows, i] = outputs[rows] - model.from_activations(without).float()
    return differences.cpu().numpy()


@torch.no_grad()
@full_precision()
def _replacements(
    model: nn.Module, X: np.ndarray, replace: str, batch_size: int, device: torch.device | str
) -> torch.Tensor:
    """What each filter's map becomes, float32 (filters,)."""
    totals, count = torch.zeros(1, dtype=torch.float64, device=device), 0
    for x in batches(X if replace == "mean" else X[:1], batch_size, device):
        activations = maps(model, x)
        totals = totals + activations.sum(dim=(0, 2), dtype=torch.float64)
        count += activations.shape[0] * activations.shape[2]
    return (totals / max(count, 1) if replace == "mean" else totals * 0).float()


def chosen_sequences(
    model: nn.Module,
    data: anndata.AnnData,
    settings: Mapping[str, object],
    device: torch.device | str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """The correctly predicted sequences of each target, at most `most_sequences` of each.

    Parameters
    ----------
    model
        A trained model.
    data
        The part of the data set to choose from (`workflow_lib.data.dataset`).
    settings
        `correct` (a name in `sequence_selection.CRITERIA`, or `auto`, see
        `sequence_selection.criterion_per_target`), `correct_threshold`, `most_sequences` (of each
        target; None = all) and `seed` (for drawing them).
    device
        Where to predict.

    Returns
    -------
    X, selected
        uint8 codes (m, L) of sequences that count for at least one target, and bool (m, targets).
    """
    criterion = criterion_per_target(str(settings["correct"]), str(data.uns["task"]))
    X, selected, _ = correctly_predicted_sequences(
        model, data, {**settings, "correct": criterion}, device
    )
    selected = at_most(selected, settings.get("most_sequences"), int(settings.get("seed", 0)))
    used = selected.any(axis=1)
    return X[used], selected[used]


def chosen_filters(annotation: pd.DataFrame, filters: str, n_filters: int) -> list[int]:
    """Numbers of the filters to nullify.

    Parameters
    ----------
    annotation
        Column unit, a number or a motif's name such as `unit12`.
    filters
        `annotated`: those that resemble a known motif; `all`.
    n_filters
        How many the model has.
    """
    if filters not in FILTERS:
        raise InputError(f"filters: found {filters!r}, wanted {' or '.join(FILTERS)}")
    if filters == "all":
        return list(range(n_filters))
    return sorted(set(unit_numbers(annotation["unit"])))
