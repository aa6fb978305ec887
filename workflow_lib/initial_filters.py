"""Filters made of known motifs, from which the filters of a network start.

A set of motifs is handed on as a table of matrices (columns MATRIX_COLUMNS, a row for each
position) rather than as a MEME file, whose six decimals would change the filters.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.motif import Motif
from workflow_lib.sequence import ALPHABET
from workflow_lib.tables import read_table, write_table

log = logging.getLogger(__name__)
MATRIX_COLUMNS = ("profile", "name", "position", *ALPHABET)
UNIT_COLUMNS = ["profile", "name", "strand"]
_BACKGROUND = 0.25


class StartingFilters(NamedTuple):
    """The filters of a network before its training.

    Attributes
    ----------
    weights
        Float32 (units, 4, size).
    units
        One row per unit: UNIT_COLUMNS, the strand `+` or `-` (the reverse complement).
    """

    weights: np.ndarray
    units: pd.DataFrame


def filter_weights(counts: np.ndarray, size: int) -> np.ndarray:
    """A filter made of a matrix: probabilities minus .25, brought to a size.

    `size` positions of 0 are put on each side; while it is too long, the end position whose largest
    weight is smaller is dropped, of equal ones the right one if more were dropped on the left,
    else the left one. So shorter motifs are centred, and longer ones lose weak ends.

    Parameters
    ----------
    counts
        (4, width), rows ACGT: counts or probabilities; each column is divided by its sum.
    size
        Length of the filter.

    Returns
    -------
    ndarray
        Float64 (4, size).
    """
    counts = np.asarray(counts, dtype=float)
    weights = np.pad(counts / counts.sum(axis=0) - _BACKGROUND, ((0, 0), (size, size)))
    height = weights.max(axis=0)
    first, last = 0, weights.shape[1] - 1
    left = right = 0  # how many positions were dropped
    while last - first + 1 > size:
        tie_drops_right = height[first] == height[last] and left > right
        if height[last] < height[first] or tie_drops_right:
            last, right = last - 1, right + 1
        else:
            first, left = first + 1, left + 1
    return weights[:, first : last + 1]


def write_matrices(path: str | os.PathLike, motifs: Iterable[Motif]) -> None:
    """Write matrices as a table that keeps every digit; `probabilities` may be counts."""
    parts = [
        pd.DataFrame(motif.probabilities.T, columns=list(ALPHABET)).assign(
            profile=motif.id, name=motif.name, position=range(1, motif.width + 1)
        )
        for motif in motifs
    ]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(MATRIX_COLUMNS))
    write_table(table[list(MATRIX_COLUMNS)], path)


def read_matrices(path: str | os.PathLike) -> list[Motif]:
    """The motifs of such a table, in its order; their `probabilities` are what was written.

    Raises
    ------
    InputError
        No motif in it.
    """
    text = {"profile": str, "name": str}
    table = read_table(path, dtype=text, float_precision="round_trip").fillna({"name": ""})
    if table.empty:
        raise InputError(f"{path}: no motifs in it; wanted at least one to start filters from")
    return [
        Motif(profile, rows["name"].iloc[0], rows[list(ALPHABET)].to_numpy(float).T)
        for profile, rows in table.groupby("profile", sort=False)
    ]


def of_model_entry(entry: Mapping[str, Any], inputs: Mapping[str, str]) -> StartingFilters:
    """The filters that a model starts from.

    Parameters
    ----------
    entry
        Of a model in the catalogue: `filters_from` (written out), `hyperparameters`.
    inputs
        Paths: `matrices` of the set, and `order`, if it is chosen from by one.

    Raises
    ------
    InputError
        Fewer motifs than wanted, another number of `units`, a motif without information.
    """
    wanted, given = entry["filters_from"], entry.get("hyperparameters", {})
    motifs = read_matrices(inputs["matrices"])
    order = read_table(inputs["order"]) if "order" in inputs else None
    units = starting_units(motifs, order, wanted["n"], wanted["both_strands"])
    if given.get("units", len(units)) != len(units):
        raise InputError(
            f"hyperparameters.units: found {given['units']}, but filters_from gives "
            f"{len(units)} filters; wanted that number, or no `units`"
        )
    return starting_filters(motifs, units, wanted["filter_size"])


def starting_units(
    motifs: Sequence[Motif], order: pd.DataFrame | None, n: int | None, both_strands: bool
) -> pd.DataFrame:
    """Which motif, on which strand, each unit starts from.

    Parameters
    ----------
    motifs
        The whole set.
    order
        Columns profile, strand: an order of the set, of which the first `n` are taken. None: that
        of the motifs, on the forward strand.
    n
        How many of the order; None = all.
    both_strands
        Follow each by its reverse complement; an order that has both strands stays as it is.

    Raises
    ------
    InputError
        Fewer than `n`.
    """
    names = {motif.id: motif.name for motif in motifs}
    if order is None:
        order = pd.DataFrame({"profile": list(names), "strand": "+"})
    single = "-" in set(order["strand"])  # a choice among single strands
    if n is not None and n > len(order):
        raise InputError(
            f"filters_from: found n: {n}, but there are {len(order)} motifs"
            f"{' and reverse complements' if single else ''} in the set; "
            "wanted at most as many"
        )
    units = order.head(n)[["profile", "strand"]].assign(name=order["profile"].map(names))
    if both_strands and not single:
        units = units.loc[units.index.repeat(2)]
        units["strand"] = ["+", "-"] * (len(units) // 2)
    return units[UNIT_COLUMNS].reset_index(drop=True)


def units_of(metadata: Mapping[str, Any]) -> pd.DataFrame:
    """What the units of a trained model started from (UNIT_COLUMNS), from its file's header."""
    return pd.DataFrame(metadata["start_filters"])[UNIT_COLUMNS]


def starting_filters(
    motifs: Sequence[Motif], units: pd.DataFrame, size: int, place: str = "filters_from"
) -> StartingFilters:
    """The filters of units, of any size.

    Parameters
    ----------
    motifs
        See `read_matrices`.
    units
        See `starting_units`.
    size
        Length of the filters.
    place
        What they are for, for messages.

    Raises
    ------
    InputError
        A motif of which nothing is left: it has no information, or none in `size` positions.
    """
    by_id = {motif.id: motif for motif in motifs}
    used = {profile: by_id[profile] for profile in dict.fromkeys(units["profile"])}
    forward = {
        profile: filter_weights(motif.probabilities, size) for profile, motif in used.items()
    }
    flat = [profile for profile, weights in forward.items() if not weights.any()]
    if flat:
        raise InputError(
            f"{place}: the motif {flat[0]} has no information in {size} positions (each is .25 "
            "everywhere); wanted motifs to start filters from"
        )
    _say_trimmed(used, size)
    weights = [
        forward[unit.profile][::-1, ::-1] if unit.strand == "-" else forward[unit.profile]
        for unit in units.itertuples()
    ]
    return StartingFilters(np.stack(weights).astype(np.float32), units)


def _say_trimmed(used: Mapping[str, Motif], size: int) -> None:
    longer = [profile for profile, motif in used.items() if motif.width > size]
    log.info("filters of %d bp from %d motifs", size, len(used))
    if longer:
        log.info(
            "%d motifs are longer than the filters and lose weak ends: %s",
            len(longer),
            ", ".join(longer[:20]) + (" ..." if len(longer) > 20 else ""),
        )
