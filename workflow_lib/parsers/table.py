"""A table of sequences with their targets: the format for users' own data."""

import os
import re
from collections.abc import Mapping, Sequence

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import PARTS, REGION_COLUMNS, build
from workflow_lib.data.genome import chromosome_sizes, letters_of
from workflow_lib.data.regions import fit_regions, parse_region, place_on
from workflow_lib.errors import InputError
from workflow_lib.files import open_binary, refuse_no_text, whole_gzip
from workflow_lib.parsers.fasta import named_files
from workflow_lib.sequence import encode_all

_KNOWN_COLUMNS = ("id", "sequence", "region", *REGION_COLUMNS, "split")
_DNA = re.compile("[ACGTNacgtn]{8,}")
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
    read, name, notes = _read_all(paths, header, separator, columns or {})
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
    paths: Mapping[str, str | os.PathLike],
    header: bool | Sequence[str],
    separator: str,
    columns: Mapping[str, str],
) -> tuple[pd.DataFrame, str, list[str]]:
    """All tables as one, with unique ids and whole numbers as places; their names; notes."""
    tables = {name: _read(path, header, separator, columns) for name, path in paths.items()}
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


def _read(
    path: str | os.PathLike,
    header: bool | Sequence[str],
    separator: str,
    columns: Mapping[str, str],
) -> pd.DataFrame:
    """One table, every cell as text; the row's label is its line in the file."""
    cells = _cells(path, separator)
    if header is True:
        names, cells = cells.iloc[0].str.strip().str.lstrip("#").tolist(), cells.iloc[1:]
    else:
        names = list(header) if header else [f"column{i + 1}" for i in range(cells.shape[1])]
    if len(names) != cells.shape[1]:
        raise InputError(f"{path}: {cells.shape[1]} columns, but `header` has {len(names)} names")
    found = cells.set_axis(_named(path, names, cells), axis=1)
    found = found.loc[:, [isinstance(c, str) for c in found.columns]]
    own = {given: name for name, given in columns.items()}
    missing = [given for given in own if given not in found]
    if missing:
        raise InputError(
            f"{path}: option columns: no column {missing[0]!r}; found {_shown(found.columns)}"
        )
    found = found.rename(columns=own)
    repeated = found.columns[found.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{path}: the column {repeated[0]!r} occurs twice")
    _check(path, found, separator)
    return found


def _cells(path: str | os.PathLike, separator: str) -> pd.DataFrame:
    """All lines that are not blank, as text, by their number."""
    refuse_no_text(path)
    try:
        with whole_gzip(path), open_binary(path) as handle:
            found = pd.read_csv(
                handle, sep=separator, header=None, dtype=str, keep_default_na=False,
                encoding="utf-8-sig", quoting=0 if separator == "," else 3, skip_blank_lines=False,
                engine="c",
            )  # fmt: skip
    except InputError:
        raise
    except (ValueError, OSError) as error:  # pandas' own parser errors are ValueErrors
        raise InputError(f"{path}: not a table of cells between {separator!r}: {error}") from error
    found = found.fillna("").set_axis(range(1, len(found) + 1))
    return found[(found != "").any(axis=1)]


def _named(path: str | os.PathLike, names: list[str], cells: pd.DataFrame) -> list[str | None]:
    """The names of the columns; None for one without a name that is empty."""
    for i, name in enumerate(names):
        if not name and (cells.iloc[:, i].str.strip() != "").any():
            raise InputError(
                f"{path}: column {i + 1} has no name, but values such as "
                f"{cells.iloc[0, i]!r} (pandas writes row numbers so: to_csv(index=False) leaves "
                "them out); wanted a name for it, or the column deleted"
            )
    return [name or None for name in names]


def _check(path: str | os.PathLike, found: pd.DataFrame, separator: str) -> None:
    if found.empty:
        raise InputError(f"{path}: a header but no sequences")
    regions = "region" in found or {"chrom", "start", "end"} <= set(found.columns)
    if "sequence" not in found and not regions:
        raise InputError(
            f"{path}: no column 'sequence'; found {_shown(found.columns)}; wanted a header with "
            f"id, sequence and targets, or an option of the parser: {_way_out(found, separator)}"
        )
    for column in [c for c in ("id", "sequence", "region") if c in found]:
        empty = found.index[found[column].str.strip() == ""]
        if len(empty):
            raise InputError(f"{path}, line {empty[0]}: no {column}")
    if "id" in found and found["id"].duplicated().any():
        line = found.index[found["id"].duplicated()][0]
        raise InputError(f"{path}, line {line}: id {found['id'][line]!r} occurs twice")


def _way_out(found: pd.DataFrame, separator: str) -> str:
    """The option with which a table without a column `sequence` can be read."""
    names, first = [str(name) for name in found.columns], found.iloc[0].astype(str)
    others = [mark for mark in (",", ";", "\t", " ") if mark != separator and mark in names[0]]
    if len(names) == 1 and others:
        return f"`separator: {others[0]!r}`"
    if any(_DNA.fullmatch(name) for name in names):
        return "`header: [sequence, signal]`, names for the columns, as the first line is no header"
    for name, value in zip(names, first):
        if _DNA.fullmatch(value):
            return f"`columns: {{sequence: {name!r}}}`"
        if parse_region(value):
            return f"`columns: {{region: {name!r}}}` and `genome`"
    return "`columns: {sequence: its name}`"


def _shown(columns: Sequence[str]) -> str:
    return f"{[str(c)[:40] for c in columns[:10]]}{' ...' if len(columns) > 10 else ''}"


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
