"""What training made of filters that started from known motifs."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from workflow_lib.initial_filters import StartingFilters
from workflow_lib.interpret.units import unit_numbers
from workflow_lib.motif import Motif
from workflow_lib.motifs.tomtom import compare, is_flat, q_values

log = logging.getLogger(__name__)
COLUMNS = ["unit", "start", "start_name", "strand", "cosine", "q_own", "changed", "best_name",
           "best_q"]  # fmt: skip


def filter_changes(
    start: StartingFilters,
    trained: np.ndarray,
    refined: Sequence[Motif],
    searched: Sequence[Motif],
    annotation: pd.DataFrame,
    q_threshold: float = 0.05,
) -> pd.DataFrame:
    """Each filter against the motif that it started from.

    Parameters
    ----------
    start
        What the filters were before the training.
    trained
        (units, 4, size), the weights after it.
    refined
        The units' matrices, of their sites, in their order.
    searched
        The set that the filters started from: q-values are those of a search of all of it, each
        motif on its better strand, as for annotations.
    annotation
        Columns unit, name, q_value: the known motifs that the units resemble.
    q_threshold
        A filter has changed if no hit to its own motif has a q-value as small.

    Returns
    -------
    DataFrame
        COLUMNS, one row per unit. `cosine` is that of the weights before and after. q_own and
        changed are missing for a unit without sites, best_name and best_q without annotation.
    """
    q_own = _own_q_values([*start.units["profile"]], refined, searched)
    changed = pd.array(q_own > q_threshold, dtype="boolean")
    changed[np.isnan(q_own)] = pd.NA
    best = annotation.assign(unit=unit_numbers(annotation["unit"]))
    best = best.sort_values("q_value", kind="stable").drop_duplicates("unit").set_index("unit")
    units = range(len(refined))
    table = pd.DataFrame(
        {
            "unit": units,
            "start": start.units["profile"].to_numpy(),
            "start_name": start.units["name"].to_numpy(),
            "strand": start.units["strand"].to_numpy(),
            "cosine": _cosines(start.weights, trained),
            "q_own": q_own,
            "changed": changed,
            "best_name": best["name"].reindex(units).to_numpy(),
            "best_q": best["q_value"].reindex(units).to_numpy(float),
        }
    )
    _say(table)
    return table[COLUMNS]


def _cosines(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(units,) cosine similarities of weights (units, 4, size)."""
    a, b = (np.asarray(w, dtype=float).reshape(len(w), -1) for w in (before, after))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide((a * b).sum(axis=1), norms, where=norms > 0, out=np.full(len(a), np.nan))


def _own_q_values(
    own: Sequence[str], refined: Sequence[Motif], searched: Sequence[Motif]
) -> np.ndarray:
    """(units,) q-values of the units' matrices to their own motifs; NaN without sites."""
    place = {motif.id: i for i, motif in enumerate(searched)}
    sited = [unit for unit, motif in enumerate(refined) if not is_flat(motif)]
    found = np.full(len(refined), np.nan)
    if sited:
        p = compare([refined[unit] for unit in sited], searched).p_value
        for unit, row in zip(sited, p):
            q = q_values(row)
            found[unit] = min(q[place[own[unit]]], q[place[own[unit]] + len(searched)])
    return found


def _say(table: pd.DataFrame) -> None:
    known = table["changed"].dropna()
    log.info(
        "of %d filters %d changed (no hit to their own motif), %d did not, %d have no sites",
        len(table), known.sum(), (~known).sum(), len(table) - len(known),
    )  # fmt: skip
