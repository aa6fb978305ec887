"""Interactions between positions: what the methods give, and the pairs that interact most."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.sequence import ALPHABET

COLUMNS = (
    "position_1", "base_1", "to_1", "position_2", "base_2", "to_2", "interaction", "unit",
    "unit_interaction",
)  # fmt: skip


class Interactions(NamedTuple):
    """The interactions within one sequence of length L, for one output.

    Attributes
    ----------
    pairs
        float32 (L, 4, L, 4): d of letter a at i and b at j, symmetric; 0 within a position and for
        the sequence's own letters. None where the method is not one of substitutions.
    positions
        float32 (L, L), symmetric: of each two positions the interaction that is furthest from 0.
    contributions
        float32 (L,): of each base alone; of the method's first-order relative.
    units
        float32 (units,): root mean square of each unit's share in the interactions; None for
        models without units, or where they are not split.
    difference, delta
        Output minus the mean output of the references, and sum of all interactions minus that; NaN
        without references.
    """

    pairs: np.ndarray | None
    positions: np.ndarray
    contributions: np.ndarray
    units: np.ndarray | None = None
    difference: float = float("nan")
    delta: float = float("nan")


def strongest(pairs: np.ndarray) -> np.ndarray:
    """Of each two positions the interaction furthest from 0, with its sign: (L, L)."""
    low, high = pairs.min(axis=(1, 3)), pairs.max(axis=(1, 3))
    return np.where(-low > high, low, high)


def strongest_pairs(found: Interactions, codes: np.ndarray, most: int) -> pd.DataFrame:
    """The pairs of positions that interact most, the strongest first.

    Parameters
    ----------
    found
        The interactions within one sequence.
    codes
        uint8 (L,), the sequence.
    most
        Number of pairs; those that do not interact (0) are left out.

    Returns
    -------
    DataFrame
        COLUMNS: positions, from 0, the first one before the second; the sequence's bases there;
        what they become in the strongest pair of substitutions, or nothing where the method is not
        one of substitutions; the interaction. `unit` is -1 and `unit_interaction` NaN.
    """
    rows, columns = np.triu_indices(len(codes), 1)
    values = found.positions[rows, columns]
    order = np.argsort(-np.abs(values), kind="stable")[:most]
    order = order[values[order] != 0]
    first, second, letters = rows[order], columns[order], np.array([*ALPHABET, ""])
    to = np.full((2, len(order)), 4)
    if found.pairs is not None:
        both = found.pairs[first, :, second].reshape(-1, 16)
        to = np.stack(np.divmod(np.abs(both).argmax(axis=1), 4))
    table = pd.DataFrame({"position_1": first, "base_1": letters[codes[first]]})
    table = table.assign(
        to_1=letters[to[0]], position_2=second, base_2=letters[codes[second]], to_2=letters[to[1]],
        interaction=values[order], unit=-1, unit_interaction=np.nan,
    )  # fmt: skip
    return table[list(COLUMNS)]


def with_units(pairs: pd.DataFrame, shares: np.ndarray) -> pd.DataFrame:
    """The pairs with the unit whose share in each interaction is furthest from 0.

    Parameters
    ----------
    pairs
        From `strongest_pairs`.
    shares
        (pairs, units), from `pairwise.split_into_units`.
    """
    if pairs.empty:
        return pairs
    unit = np.abs(shares).argmax(axis=1)
    return pairs.assign(unit=unit, unit_interaction=shares[np.arange(len(pairs)), unit])
