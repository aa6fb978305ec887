"""The files of tables: separators, headers, names of columns."""

import codecs
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.data.regions import parse_region
from workflow_lib.errors import InputError
from workflow_lib.files import open_binary, refuse_no_text, whole_gzip

_DNA = re.compile("[ACGTNacgtn]{8,}")
# What pandas calls a column without a name, and writes where such a table is saved again.
_NUMBERED = re.compile(r"Unnamed: \d+")


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
    cells = _cells(path, form.separator)
    if form.header is True:
        names, cells = cells.iloc[0].str.strip().str.lstrip("#").tolist(), cells.iloc[1:]
    else:
        names = list(form.header or [f"column{i + 1}" for i in range(cells.shape[1])])
    if len(names) != cells.shape[1]:
        raise InputError(f"{path}: {cells.shape[1]} columns, but `header` has {len(names)} names")
    named = [name != "" and not _NUMBERED.fullmatch(name) for name in names]
    for i in np.flatnonzero(~np.array(named)) if not form.unnamed else ():
        _check_empty(path, int(i), cells)
    found = cells.set_axis(names, axis=1).loc[:, named]
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


def _cells(path: str | os.PathLike, separator: str) -> pd.DataFrame:
    """All lines that are not blank, as text, by their number."""
    refuse_no_text(path)
    try:
        with whole_gzip(path), open_binary(path) as handle:
            # R quotes text; a quote elsewhere in a tab-separated file is a letter.
            start = handle.peek(4).removeprefix(codecs.BOM_UTF8)
            quoted = separator == "," or start.startswith(b'"')
            found = pd.read_csv(
                handle, sep=separator, header=None, dtype=str, keep_default_na=False,
                encoding="utf-8-sig", quoting=0 if quoted else 3, skip_blank_lines=False,
                engine="c",
            )  # fmt: skip
    except InputError:
        raise
    except (ValueError, OSError) as error:  # pandas' own parser errors are ValueErrors
        more = re.search(r"Expected (\d+) fields in line 2, saw (\d+)", str(error))
        rows = more and int(more[2]) == int(more[1]) + 1
        hint = " (R writes names of rows so: write.table(row.names = FALSE) leaves them out)"
        raise InputError(
            f"{path}: not a table of cells between {separator!r}: {error}{hint if rows else ''}"
        ) from error
    found = found.fillna("").set_axis(range(1, len(found) + 1))
    return found[(found != "").any(axis=1)]


def _check_empty(path: str | os.PathLike, column: int, cells: pd.DataFrame) -> None:
    values = cells.iloc[:, column].str.strip()
    if (values != "").any():
        raise InputError(
            f"{path}: column {column + 1} has no name, but values such as "
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
