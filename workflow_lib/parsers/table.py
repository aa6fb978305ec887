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

_PLACES = ("_path", "_line")
_KNOWN_COLUMNS = ("id", "sequence", "region", *REGION_COLUMNS, "split", *_PLACES)
# How programs write strands.
_STRANDS = {"+": "+", "-": "-", ".": ".", "": ".", "*": ".", "1": "+", "-1": "-", "+1": "+"}
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
    chosen, dropped = _targets(read, targets, name), {}
    if "sequence" not in read:
        read, dropped = _cut(read, genomes, name)
    ids, sequences = read["id"].tolist(), read["sequence"].tolist()
    codes, kept = encode_all(ids, sequences, length, name, fit)
    labels = np.column_stack([_numbers(read, column) for column in chosen])
    known = [c for c in (*REGION_COLUMNS, "split") if c in read]
    obs = read.loc[kept, known].copy()
    if {"start", "end"} <= set(obs):
        obs = fit_regions(obs, np.array([len(s) for s in sequences])[kept], codes.shape[1], name)
    names = [i for i, keep in zip(ids, kept, strict=True) if keep]
    dropped["length"] = int((~kept).sum())
    return build(names, codes, labels[kept], chosen, obs=obs, dropped=dropped, notes=notes)


def _read_all(
    paths: Mapping[str, str | os.PathLike], form: Form
) -> tuple[pd.DataFrame, str, list[str]]:
    """All tables as one, with unique ids, places as numbers, strands and parts; names; notes.

    Columns `_path` and `_line` say where a row stands.
    """
    tables = {
        name: (found := read_form(path, form)).assign(_path=str(path), _line=found.index)
        for name, path in paths.items()
    }
    first = next(iter(tables.values()))
    for other, found in tables.items():
        if set(found.columns) != set(first.columns):
            raise InputError(
                f"{other}: columns {_shown(found)}, but the first table has {_shown(first)}; "
                "wanted the same in all tables"
            )
    read, name, notes = pd.concat(tables.values(), ignore_index=True), ", ".join(paths), []
    if "region" in read:
        read = _with_regions(read)
    for column in ("start", "end"):
        if column in read:
            read[column] = _whole_numbers(read, column)
    for column, words in (("strand", _STRANDS), ("split", _PARTS)):
        if column in read:
            read[column] = _words(read, column, words)
    if "id" not in read:
        read["id"] = [f"row_{i:06d}" for i in range(1, len(read) + 1)]
        if {"chrom", "start", "end"} <= set(read):
            places = read["chrom"] + ":" + read["start"].astype(str)
            places += "-" + read["end"].astype(str)
            read["id"] = places if places.is_unique else read["id"]
        notes = [f"{name}: no column id; sequences are called {read['id'].iloc[0]} ..."]
    twice = np.flatnonzero(read["id"].duplicated())
    if len(twice):
        raise InputError(f"{_at(read, twice[0])}: id {read['id'][twice[0]]!r} occurs in two tables")
    return read, name, notes


def _with_regions(read: pd.DataFrame) -> pd.DataFrame:
    """The table with the places of its column `region`."""
    doubled = [column for column in ("chrom", "start", "end") if column in read]
    if doubled:
        raise InputError(
            f"{_at(read, 0)}: columns region and {doubled[0]}; wanted one or the other"
        )
    found = [parse_region(text) for text in read["region"]]
    if None in found:
        i = found.index(None)
        raise InputError(
            f"{_at(read, i)}, column 'region': found {read['region'][i]!r}, wanted one like "
            "chr1:100-300"
        )
    places = pd.DataFrame(found, columns=["chrom", "start", "end", "_strand"])
    if "strand" not in read:
        return read.assign(**places.rename(columns={"_strand": "strand"}))
    return read.assign(**places.drop(columns="_strand"))


def _at(read: pd.DataFrame, row: int) -> str:
    """Where a row stands."""
    return f"{read['_path'].iloc[row]}, line {read['_line'].iloc[row]}"


def _shown(found: pd.DataFrame) -> list[str]:
    return [str(column)[:40] for column in found.columns if column not in _PLACES][:10]


def _targets(read: pd.DataFrame, targets: Sequence[str] | None, name: str) -> list[str]:
    present = [c for c in read.columns if c not in _KNOWN_COLUMNS]
    chosen = list(targets) if targets else present
    missing = [c for c in chosen if c not in present]
    if missing or not chosen:
        shown = [column[:40] for column in present[:10]]
        raise InputError(f"{name}: no target column {missing or ''}; it has {shown or 'none'}")
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
    empty = np.flatnonzero(read["start"] >= read["end"])
    if len(empty):
        row = read.iloc[empty[0]]
        raise InputError(
            f"{_at(read, empty[0])}: found start {row['start']} and end {row['end']}, wanted "
            "start < end"
        )
    sizes = chromosome_sizes(genomes[0])
    known, within = place_on(read.assign(line=read["_line"]), sizes, name, genomes[0])
    left_out = {"unknown_chromosome": int((~known).sum())}
    left_out["beyond_chromosome_end"] = int((known & ~within).sum())
    read = read[within].reset_index(drop=True)
    return read.assign(sequence=letters_of(genomes[0], read)), left_out


def _numbers(read: pd.DataFrame, column: str) -> np.ndarray:
    """A column as floats; empty cells, NA and NaN are NaN."""
    text = read[column].astype(str).str.strip()
    missing = text.isin(_MISSING)
    values = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(dtype=np.float64)
    beyond = np.abs(values) > np.finfo(np.float32).max
    wrong = np.flatnonzero((np.isnan(values) & ~missing.to_numpy()) | beyond)
    if len(wrong):
        limit = " of at most 3.4e38" if beyond[wrong[0]] else ""
        raise InputError(
            f"{_at(read, wrong[0])}, column {column!r}: found {read[column].iloc[wrong[0]]!r}, "
            f"wanted a number{limit}, or nothing where unresolved (the option `targets` names the "
            "columns in use)"
        )
    return values


def _whole_numbers(read: pd.DataFrame, column: str) -> np.ndarray:
    """A column of positions, none of which may be missing."""
    values = _numbers(read, column)
    wrong = np.flatnonzero(np.isnan(values) | (values != np.floor(values)) | (values < 0))
    if len(wrong):
        raise InputError(
            f"{_at(read, wrong[0])}, column {column!r}: found {read[column].iloc[wrong[0]]!r}, "
            "wanted a position (a whole number)"
        )
    return values.astype(np.int64)


def _words(read: pd.DataFrame, column: str, words: Mapping[str, str]) -> pd.Series:
    """A column whose cells have to be among some words; upper and lower case alike."""
    found = read[column].str.strip().str.lower().map(words)
    wrong = np.flatnonzero(found.isna())
    if len(wrong):
        wanted = ", ".join(dict.fromkeys(words.values()))
        raise InputError(
            f"{_at(read, wrong[0])}, column {column!r}: found {read[column].iloc[wrong[0]]!r}, "
            f"wanted one of {wanted}"
        )
    return found
