"""The files of tables: separators, headers, names of columns."""

import os
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.data.regions import parse_region
from workflow_lib.errors import InputError
from workflow_lib.files import lines, open_binary, whole_gzip

_DNA = re.compile("[ACGTNacgtn]{8,}")
# What pandas calls a column without a name, and writes where such a table is saved again.
_NUMBERED = re.compile(r"Unnamed: \d+")
_ROW_NUMBERS = ("index", "level_0")
_HEAD = 50  # lines among which the header has to be


class Form(NamedTuple):
    """How a table is written.

    Attributes
    ----------
    separator
        What stands between cells.
    header
        Whether the first line has the columns' names, or the names.
    columns
        Our name -> the file's, of columns that are called otherwise.
    unnamed
        Whether columns without a name are left out, as those in use are named; else they are an
        error unless empty.
    """

    separator: str = "\t"
    header: bool | Sequence[str] = True
    columns: Mapping[str, str] = {}
    unnamed: bool = False


def read_form(path: str | os.PathLike, form: Form) -> pd.DataFrame:
    """One table, every cell as text; the row's label is its line in the file.

    Raises
    ------
    InputError
        Names the file, the line or column, and the option with which it can be read.
    """
    cells, sizes = _cells(path, form.separator)
    if form.header is True:
        names, cells = _header(path, cells, sizes), cells.iloc[1:]
    else:
        names = list(form.header or [f"column{i + 1}" for i in range(cells.shape[1])])
    if len(names) != cells.shape[1]:
        raise InputError(f"{path}: {cells.shape[1]} columns, but `header` has {len(names)} names")
    named = [name != "" and not _NUMBERED.fullmatch(name) for name in names]
    for i, name in enumerate(names if not form.unnamed else ()):
        if not named[i] or name in _ROW_NUMBERS:
            _check_empty(path, name, i, cells)
    found = cells.set_axis(names, axis=1).loc[:, named]
    wanted = max((i + 1 for i, has_name in enumerate(named) if has_name), default=0)
    short = found.index[sizes[found.index] < wanted]
    if len(short):
        raise InputError(
            f"{path}, line {short[0]}: found {sizes[short[0]]} cells, wanted {wanted}, as in the "
            f"header ({len(short)} such lines; an empty cell keeps its separator)"
        )
    own = {given: name for name, given in form.columns.items()}
    missing = [given for given in own if given not in found]
    if missing:
        raise InputError(
            f"{path}: option columns: no column {missing[0]!r}; found {_shown(found.columns)}"
        )
    found = found.rename(columns=own)
    repeated = found.columns[found.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{path}: the column {repeated[0]!r} occurs twice")
    _check(path, found, form.separator)
    return found


def _header(path: str | os.PathLike, cells: pd.DataFrame, sizes: pd.Series) -> list[str]:
    """The names in the first line; '' for the columns that it lacks, which have to be empty."""
    names = cells.iloc[0].str.strip().str.lstrip("#").tolist()
    more = (cells.iloc[1:, sizes.iloc[0] :] != "").any(axis=1)
    if more.any():
        raise InputError(
            f"{path}, line {more.index[more][0]}: more cells than the header's {sizes.iloc[0]} (R "
            "writes names of rows so: write.table(row.names = FALSE) leaves them out)"
        )
    return names


def _cells(path: str | os.PathLike, separator: str) -> tuple[pd.DataFrame, pd.Series]:
    """All lines but blank ones and comments above the header, as text, and how many cells each has.

    The label of a row is its line in the file.
    """
    if len(separator) != 1:
        raise InputError(f"{path}: option separator: found {separator!r}, wanted one character")
    first = [line.decode(errors="replace") for line in islice(lines(path), _HEAD)]
    # A comment has no columns; a header may begin with `#`.
    above = (not line.strip() or (line.startswith("#") and separator not in line) for line in first)
    start = next((i for i, is_above in enumerate(above) if not is_above), len(first))
    if start == len(first):
        raise InputError(f"{path}: no line that is not blank or a comment")
    # R quotes text; a quote in a file whose header has none is a letter.
    parts = first[start].split(separator)
    quoted = separator == "," or any(len(p) > 1 and p[0] == p[-1] == '"' for p in parts)
    mark = separator.encode()
    sizes = np.fromiter((line.count(mark) + 1 for line in islice(lines(path), start, None)), int)
    try:
        with whole_gzip(path), open_binary(path) as handle:
            found = pd.read_csv(
                handle, sep=separator, header=None, names=range(sizes.max()), dtype=str,
                keep_default_na=False, encoding="utf-8-sig", quoting=0 if quoted else 3,
                skiprows=start, skip_blank_lines=False, engine="c",
            )  # fmt: skip
    except InputError:
        raise
    except (ValueError, OSError) as error:  # pandas' own parser errors are ValueErrors
        said = " ".join(str(error).split())
        raise InputError(f"{path}: not a table of cells between {separator!r}: {said}") from error
    numbers = range(start + 1, start + 1 + len(found))
    found = found.fillna("").set_axis(numbers)
    # Separators within quotes, and lines within cells, are no matter here.
    sizes = pd.Series(sizes.max() if quoted else sizes[: len(found)], index=numbers)
    if quoted:
        sizes.iloc[0] = len(parts)
    filled = (found != "").any(axis=1)
    return found[filled], sizes[filled]


def _check_empty(path: str | os.PathLike, name: str, column: int, cells: pd.DataFrame) -> None:
    """Refuse a column without a name, or with that of an index, unless it is empty."""
    values = cells.iloc[:, column].fillna("").str.strip()
    numbers = (values == pd.Series(range(len(values)), index=values.index).astype(str)).all()
    if (values != "").any() and (numbers or name not in _ROW_NUMBERS):
        what = f"is called {name!r}, as row numbers are," if name else "has no name,"
        raise InputError(
            f"{path}: column {column + 1} {what} but has values such as "
            f"{values[values != ''].iloc[0]!r} (pandas writes row numbers so: to_csv(index=False) "
            "leaves them out); wanted a name for it, the column deleted, or the option `targets`: "
            "the columns in use"
        )


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
