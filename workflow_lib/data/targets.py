"""Order, groups and colours of a data set's targets, from its table of targets."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from workflow_lib.config.names import nearest
from workflow_lib.config.targets_table import TargetRow
from workflow_lib.errors import InputError

# Paul Tol's "muted" scheme: groups can be told apart by colour-blind readers too.
PALETTE = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255",
    "#aa4499",
)  # fmt: skip
_SHOWN = 5
_AT_ONCE = 2**14  # sequences


def order_targets(
    data: anndata.AnnData, rows: Sequence[TargetRow], path: str | os.PathLike
) -> None:
    """Put the targets into the order of a table, with their groups and colours; in place.

    Parameters
    ----------
    data
        A data set without split; the columns of its `X` change places, `var` gets the columns
        `group` and `color` (empty where neither the table nor a group gives one), `notes` what was
        left out.
    rows
        The table, see `read_targets_table`.
    path
        Its file, for messages.

    Raises
    ------
    InputError
        A target of the data set that the table has no row for.
    """
    named, present = [row.target for row in rows], set(data.var_names)
    missing = [name for name in data.var_names if name not in named]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(
            f"{path}: found no row for the target {missing[0]!r}{nearest(missing[0], named)}{more}"
            f"; wanted one for each of the {data.n_vars} targets of the data set"
        )
    used = [row for row in rows if row.target in present]
    places = data.var_names.get_indexer([row.target for row in used])
    # In place and in blocks: a subset of the data set would copy it all.
    X = np.asarray(data.X)
    for start in range(0, len(X), _AT_ONCE):
        X[start : start + _AT_ONCE] = X[start : start + _AT_ONCE, places]
    data.X = X
    data.var = of_table([row.target for row in used], rows).set_index("target")
    data.uns["notes"] = np.array([*data.uns["notes"], *_notes(rows, used, path)], dtype=object)


def _colors(rows: Sequence[TargetRow]) -> list[str]:
    """The colour of each target: its own, else its group's, else none."""
    groups = list(dict.fromkeys(row.group for row in rows if row.group))
    first: dict[str, str] = {}
    for row in rows:
        if row.color:
            first.setdefault(row.group, row.color)
    of_group = {
        group: first.get(group, PALETTE[i % len(PALETTE)]) for i, group in enumerate(groups)
    }
    return [row.color or of_group.get(row.group, "") for row in rows]


def _notes(
    rows: Sequence[TargetRow], used: Sequence[TargetRow], path: str | os.PathLike
) -> list[str]:
    """How many targets and groups the table has, and which rows were left out."""
    others = [row.target for row in rows if row not in used]
    groups = {row.group for row in used if row.group}
    # Without folders: the catalogue's tables lie in the clone, which data sets need not know.
    path = Path(path).name
    found = [f"{path}: {len(used)} targets in {len(groups)} groups, in the table's order"]
    if others:
        more = ", ..." if len(others) > _SHOWN else ""
        shown = f"{', '.join(others[:_SHOWN])}{more}"
        found.append(f"{path}: {len(others)} rows of targets the data set does not have: {shown}")
    plain = {row.group for row in used if row.group and not row.color}
    if len(groups) > len(PALETTE) and plain:
        found.append(
            f"{path}: {len(groups)} groups share {len(PALETTE)} colours; wanted a `color` for each"
        )
    return found


def targets(var: pd.DataFrame) -> pd.DataFrame:
    """A data set's `var` as a table: target, group, color; the latter two empty where unknown."""
    table = pd.DataFrame({"target": var.index})
    for name in ("group", "color"):
        table[name] = var[name].astype(str).to_numpy() if name in var else ""
    return table


def of_table(names: Iterable[str], rows: Sequence[TargetRow]) -> pd.DataFrame:
    """Targets with the groups and colours of a table that has them all: target, group, color."""
    by_name = {row.target: row for row in rows}
    used = [by_name[name] for name in names]
    found = {
        "target": [row.target for row in used],
        "group": [row.group for row in used],
        "color": _colors(used),
    }
    return pd.DataFrame(found, dtype=object)
