"""A table of sequences with their targets: the format for users' own data."""

import os
from collections.abc import Mapping, Sequence

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import PARTS, REGION_COLUMNS, build
from workflow_lib.data.genome import chromosome_sizes, letters_of
from workflow_lib.data.regions import fit_regions, parse_region, place_on
from workflow_lib.errors import InputError
from workflow_lib.parsers.fasta import named_files
from workflow_lib.parsers.table_form import Form, read_form
from workflow_lib.sequence import encode_all

_KNOWN_COLUMNS = ("id", "sequence", "region", *REGION_COLUMNS, "split")
_MISSING = ("", "NA", "NaN", "nan", "N/A", "null")
# How authors call the parts of their split.
_PARTS = {part: part for part in PARTS} | {"training": "train", "val": "validation"}
_PARTS |= {"valid": "validation", "dev": "validation", "testing": "test"}


def table(
    files: Mapping[str, str | os.PathLike],
    targets: Sequence[str] | None = None,
    length: int | None = None,
    fit: str = "drop",
    columns: Mapping[str, str] | None = None,
    separator: str = "\t",
    header: bool | Sequence[str] = True,
    genome: str | None = None,
) -> anndata.AnnData:
    """Read tables (plain or gzip), tab-separated and with a header unless told otherwise.

    A column `sequence` is needed, or a `genome` and the columns `chrom`, `start` and `end` or
    `region` (`chr1:100-300`, 0-based, half-open). `id`, `strand` and `split` are kept; every other
    column is a target: a number, or empty where unresolved.

    Parameters
    ----------
    files
        Name -> path; several tables are concatenated.
    targets
        The target columns in use, in this order; by default all.
    length, fit
        See `encode_all`.
    columns
        A name above, or a target's -> the name in the file: `{sequence: Seq, liver: "signal 1"}`.
    separator
        What stands between cells, such as `,`.
    header
        `false` or the names of the columns where the first line is one of sequences.
    genome
        Name of a FASTA file among `files`, from which the sequences are cut.

    Returns
    -------
    AnnData
        Without a column `id`, ids are the regions, or `row_000001` ...

    Raises
    ------
    InputError
        Names the file and the line or column.
    """
    genomes = named_files(files, "genome", genome)
    paths = {name: path for name, path in files.items() if path not in genomes}
    if not paths:
        raise InputError("parser table: the source has no tables; wanted one or more")
    form = Form(separator, header, columns or {}, unnamed=bool(targets))
    read, name, notes = _read_all(paths, form)
    chosen = _targets(read, targets, name)
    dropped = {}
    if "sequence" not in read:
        read, dropped = _cut(read, genomes, name)
    ids, sequences = read["id"].tolist(), read["sequence"].tolist()
    codes, kept = encode_all(ids, sequences, length, name, fit)
    labels = np.column_stack([_numbers(read[c], ids, name) for c in chosen])
    known = [c for c in (*REGION_COLUMNS, "split") if c in read]
    obs = read.loc[kept, known].copy()
    if "split" in obs:
        obs["split"] = _parts_of(obs["split"], name)
    if {"start", "end"} <= set(obs):
        obs = fit_regions(obs, np.array([len(s) for s in sequences])[kept], codes.shape[1], name)
    names = [i for i, keep in zip(ids, kept, strict=True) if keep]
    dropped["length"] = int((~kept).sum())
    return build(names, codes, labels[kept], chosen, obs=obs, dropped=dropped, notes=notes)


def _read_all(
    paths: Mapping[str, str | os.PathLike], form: Form
) -> tuple[pd.DataFrame, str, list[str]]:
    """All tables as one, with unique ids and whole numbers as places; their names; notes."""
    tables = {name: read_form(path, form) for name, path in paths.items()}
    first = next(iter(tables.values()))
    for other, found in tables.items():
        if set(found.columns) != set(first.columns):
            raise InputError(
                f"{other}: columns {list(found.columns)}, but the first table has "
                f"{list(first.columns)}; wanted the same in all tables"
            )
    read, name, notes = pd.concat(tables.values(), ignore_index=True), ", ".join(paths), []
    numbered = pd.Series([f"row_{i:06d}" for i in range(1, len(read) + 1)])
    rows = read.get("id", numbered)
    if "region" in read:
        found = [parse_region(text) for text in read["region"]]
        if None in found:
            i = found.index(None)
            raise InputError(
                f"{name}, {rows[i]!r}, column 'region': found {read['region'][i]!r}, wanted one "
                "like chr1:100-300"
            )
        read[["chrom", "start", "end", "strand"]] = pd.DataFrame(found)
    for column in ("start", "end"):
        if column in read:
            read[column] = _whole_numbers(read[column], rows.tolist(), name)
    if "id" not in read:
        if {"chrom", "start", "end"} <= set(read):
            places = read["chrom"] + ":" + read["start"].astype(str)
            places += "-" + read["end"].astype(str)
            rows = places if places.is_unique else rows
        read["id"] = rows
        notes = [f"{name}: no column id; sequences are called {read['id'].iloc[0]} ..."]
    twice = read["id"][read["id"].duplicated()]
    if len(twice):
        raise InputError(f"{name}: id {twice.iloc[0]!r} occurs in two tables")
    return read, name, notes


def _targets(read: pd.DataFrame, targets: Sequence[str] | None, name: str) -> list[str]:
    chosen = list(targets) if targets else [c for c in read.columns if c not in _KNOWN_COLUMNS]
    missing = [c for c in chosen if c not in read.columns]
    if missing or not chosen:
        raise InputError(f"{name}: no target column {missing or ''}; it has {list(read.columns)}")
    return chosen


def _cut(
    read: pd.DataFrame, genomes: Sequence[str | os.PathLike], name: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows whose regions lie in the genome, with their sequences; how many do not."""
    if not genomes:
        raise InputError(
            f"{name}: regions but no column 'sequence'; wanted one, or the option `genome`: a "
            "FASTA file of the source"
        )
    sizes = chromosome_sizes(genomes[0])
    known, within = place_on(read.assign(line=read.index), sizes, name, genomes[0])
    left_out = {"unknown_chromosome": int((~known).sum())}
    left_out["beyond_chromosome_end"] = int((known & ~within).sum())
    read = read[within].reset_index(drop=True)
    return read.assign(sequence=letters_of(genomes[0], read)), left_out


def _numbers(column: pd.Series, ids: Sequence[str], name: str) -> np.ndarray:
    """A column as floats; empty cells, NA and NaN are NaN."""
    text = column.astype(str).str.strip()
    missing = text.isin(_MISSING)
    values = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(dtype=np.float64)
    beyond = np.abs(values) > np.finfo(np.float32).max
    wrong = np.flatnonzero((np.isnan(values) & ~missing.to_numpy()) | beyond)
    if len(wrong):
        limit = " of at most 3.4e38" if beyond[wrong[0]] else ""
        raise InputError(
            f"{name}, {ids[wrong[0]]!r}, column {column.name!r}: found {column.iloc[wrong[0]]!r}, "
            f"wanted a number{limit} (or nothing where unresolved)"
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


def _parts_of(column: pd.Series, name: str) -> pd.Series:
    parts = column.str.strip().str.lower().map(_PARTS)
    if parts.isna().any():
        wrong = sorted(set(column[parts.isna()]))[0]
        raise InputError(f"{name}: column split has {wrong!r}, wanted one of {list(PARTS)}")
    return parts
