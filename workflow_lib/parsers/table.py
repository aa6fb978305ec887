"""A table of sequences with their targets: the format for users' own data."""

import os
from collections.abc import Mapping, Sequence

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import PARTS, REGION_COLUMNS, build
from workflow_lib.errors import InputError
from workflow_lib.files import looks_like
from workflow_lib.sequence import encode_all

_KNOWN_COLUMNS = ("id", "sequence", *REGION_COLUMNS, "split")


def table(
    files: Mapping[str, str | os.PathLike],
    targets: Sequence[str] | None = None,
    length: int | None = None,
) -> anndata.AnnData:
    """Read tab-separated tables (plain or gzip) with a header.

    Columns `id` and `sequence` are needed; `chrom`, `start`, `end`, `strand` and `split` are kept;
    every other column is a target: a number, or empty where unresolved.

    Parameters
    ----------
    files
        Name -> path; several tables are concatenated.
    targets
        The target columns in use, in this order; by default all.
    length
        Keep sequences of this length and count the others as dropped.

    Raises
    ------
    InputError
        Names the file and the line or column.
    """
    if not files:
        raise InputError("parser table: the source has no files; wanted one table or more")
    tables = {name: _read(path) for name, path in files.items()}
    name, first = ", ".join(files), next(iter(tables.values()))
    for other, found in tables.items():
        if set(found.columns) != set(first.columns):
            raise InputError(
                f"{other}: columns {list(found.columns)}, but the first table has "
                f"{list(first.columns)}; wanted the same in all tables"
            )
    read = pd.concat(tables.values(), ignore_index=True)
    twice = read["id"][read["id"].duplicated()]
    if len(twice):
        raise InputError(f"{name}: id {twice.iloc[0]!r} occurs in two tables")
    chosen = list(targets) if targets else [c for c in read.columns if c not in _KNOWN_COLUMNS]
    missing = [c for c in chosen if c not in read.columns]
    if missing or not chosen:
        raise InputError(f"{name}: no target column {missing or ''}; it has {list(read.columns)}")
    ids, sequences = read["id"].tolist(), read["sequence"].tolist()
    codes, kept = encode_all(ids, sequences, length, name)
    labels = np.column_stack([_numbers(read[c], ids, name) for c in chosen])
    known = [c for c in (*REGION_COLUMNS, "split") if c in read.columns]
    obs = read.loc[kept, known].copy()
    _check_split(obs, name)
    for column in ("start", "end"):
        if column in obs:
            obs[column] = _whole_numbers(obs[column], read.loc[kept, "id"].tolist(), name)
    names = [i for i, keep in zip(ids, kept, strict=True) if keep]
    dropped = {"length": int((~kept).sum())}
    return build(names, codes, labels[kept], chosen, obs=obs, dropped=dropped)


def _read(path: str | os.PathLike) -> pd.DataFrame:
    """One table, every cell as text."""
    with open(path, "rb") as start:
        compression = "gzip" if start.read(2) == b"\x1f\x8b" else None
    try:
        found = pd.read_csv(
            path, sep="\t", dtype=str, keep_default_na=False, compression=compression, quoting=3
        )
    except (ValueError, EOFError, OSError) as error:  # pandas' own parser errors are ValueErrors
        raise InputError(f"{path}: not a tab-separated table{looks_like(path)}: {error}") from error
    if not isinstance(found.index, pd.RangeIndex):  # pandas takes surplus cells for an index
        raise InputError(f"{path}, line 2: more cells than the header's {found.shape[1]}")
    repeated = [c for c in found.columns if c.endswith(".1") and c[:-2] in found.columns]
    if repeated:
        raise InputError(f"{path}: the column {repeated[0][:-2]!r} occurs twice")
    for column in ("id", "sequence"):
        if column not in found.columns:
            raise InputError(
                f"{path}: no column {column!r}{looks_like(path)}; found "
                f"{list(found.columns)[:10]}, wanted a header with id, sequence and the targets"
            )
        empty = np.flatnonzero(found[column].str.strip() == "")
        if len(empty):
            raise InputError(f"{path}, line {empty[0] + 2}: no {column}")
    if found.empty:
        raise InputError(f"{path}: a header but no sequences")
    twice = np.flatnonzero(found["id"].duplicated())
    if len(twice):
        raise InputError(f"{path}, line {twice[0] + 2}: id {found['id'][twice[0]]!r} occurs twice")
    return found


def _numbers(column: pd.Series, ids: Sequence[str], name: str) -> np.ndarray:
    """A column as floats; empty cells, NA and NaN are NaN."""
    text = column.str.strip()
    missing = text.isin(["", "NA", "NaN", "nan"])
    values = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero((np.isnan(values) | np.isinf(values)) & ~missing.to_numpy())
    if len(wrong):
        raise InputError(
            f"{name}, {ids[wrong[0]]!r}, column {column.name!r}: found {column.iloc[wrong[0]]!r}, "
            "wanted a number (or nothing where unresolved)"
        )
    return values


def _whole_numbers(column: pd.Series, ids: Sequence[str], name: str) -> np.ndarray:
    """A column of positions, none of which may be missing."""
    values = _numbers(column, ids, name)
    wrong = np.flatnonzero(np.isnan(values) | (values != np.floor(values)) | (values < 0))
    if len(wrong):
        raise InputError(
            f"{name}, {ids[wrong[0]]!r}, column {column.name!r}: found {column.iloc[wrong[0]]!r}, "
            "wanted a position (a whole number)"
        )
    return values.astype(np.int64)


def _check_split(obs: pd.DataFrame, name: str) -> None:
    if "split" in obs and not obs["split"].isin(PARTS).all():
        wrong = sorted(set(obs["split"]) - set(PARTS))[0]
        raise InputError(f"{name}: column split has {wrong!r}, wanted one of {list(PARTS)}")
