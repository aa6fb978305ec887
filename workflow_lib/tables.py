"""The tables that rules hand on, written whole and read back with the right types.

A table of one run says in its columns dataset, model and seed which run it is of, so that tables of
several runs are put together by concatenating them.
"""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TextIO

import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.files import atomic, gzip_text

# Columns of every table of one run.
RUN = ("dataset", "model", "seed")
# Also of tables by attribution method, and of motif sets, which have no model.
RUN_COLUMNS = (*RUN, "method", "motif_set")
# Names stay text, also one like 007.
_TEXT = dict.fromkeys(("dataset", "model", "method", "motif_set", "target"), str)


def read_table(path: str | os.PathLike, **options: object) -> pd.DataFrame:
    """Read a result table; only an empty cell is missing: a target may be called `NA` or `null`.

    Names (of data sets, models, methods, motif sets, targets) are text, also one like `007`.

    Parameters
    ----------
    path
        A tab-separated file.
    **options
        Of `pandas.read_csv`.
    """
    if isinstance(options.get("dtype", {}), Mapping):
        options["dtype"] = _TEXT | options.get("dtype", {})
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], **options)


def read_runs(paths: Iterable[str | os.PathLike], **options: object) -> pd.DataFrame:
    """Read the same table of several runs as one; its columns RUN say which run a row is of.

    Parameters
    ----------
    paths
        At least one file that `write_run_table` wrote.
    **options
        Of `pandas.read_csv`.
    """
    tables = [read_table(path, **options) for path in paths]
    # A table without rows has no types, and would take them from the others.
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables[:1], ignore_index=True)


def write_run_table(
    table: pd.DataFrame, run: Mapping[str, str], path: str | os.PathLike, **options: object
) -> None:
    """Write a table of one run with the columns that say which one in front.

    Parameters
    ----------
    table
        What `write_table` takes.
    run
        A job's wildcards; of these dataset, model, seed, method and motif_set become columns.
    path, **options
        See `write_table`.
    """
    columns = {name: run[name] for name in RUN_COLUMNS if name in run}
    table = table.copy(deep=False)
    for position, (name, value) in enumerate(columns.items()):
        table.insert(position, name, value)
    write_table(table, path, **options)


def without_run(table: pd.DataFrame) -> pd.DataFrame:
    """A table of one run, such as weights with a column per target, without its columns RUN."""
    return table.drop(columns=[name for name in RUN if name in table])


class Scored(NamedTuple):
    """Predictions of one run and the labels of the same sequences.

    Attributes
    ----------
    predictions, labels
        Sequences x targets, in the same order.
    split
        The part of the split that they are of.
    run
        Its data set, model and seed.
    """

    predictions: pd.DataFrame
    labels: pd.DataFrame
    split: str
    run: dict[str, str]


def _read(path: str | os.PathLike) -> pd.DataFrame:
    """Index id; targets are numbers, what else is known of a sequence is text."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).set_index("id")
    text = [name for name in (*RUN, "split") if name in table]
    return table[text].join(table.drop(columns=text).apply(pd.to_numeric))


def read_predictions(
    predictions: str | os.PathLike, labels: str | os.PathLike, shared_only: bool = False
) -> Scored:
    """Predictions and labels in the same order, and what they are of.

    Parameters
    ----------
    predictions, labels
        The files.
    shared_only
        Keep the targets that both have; otherwise each label needs a prediction.

    Raises
    ------
    InputError
        Where a label's sequence or target has no prediction.
    """
    truth, table = _read(labels), _read(predictions)
    split = truth.pop("split").iloc[0]
    targets = [name for name in truth if name in table or not shared_only]
    missing = truth.index.difference(table.index)
    without = [name for name in targets if name not in table]
    if len(missing) or without:
        raise InputError(
            f"{predictions} does not fit {labels}: {len(missing)} sequences and the targets "
            f"{without[:5]} have no prediction"
        )
    run = table[list(RUN)].iloc[0].to_dict()
    return Scored(table.loc[truth.index, targets], truth[targets], split, run)


def write_table(table: pd.DataFrame, path: str | os.PathLike, **options: object) -> None:
    """Write a tab-separated table, gzipped if its name ends in .gz; equal tables give equal files.

    Parameters
    ----------
    table
        Its index is written only where `index_label` names it.
    path
        The file; written atomically.
    **options
        Of `DataFrame.to_csv`.
    """
    with atomic(path) as temporary:
        if not str(path).endswith(".gz"):
            write_rows(table, temporary, **options)
            return
        with gzip_text(temporary) as handle:
            write_rows(table, handle, **options)


def write_rows(table: pd.DataFrame, file: str | os.PathLike | TextIO, **options: object) -> None:
    """Write a table as tab-separated text, for files that are written piece by piece.

    Parameters
    ----------
    table
        As for `write_table`. A zero loses its sign: `-0` would be a riddle to a reader.
    file
        A path or an open file.
    **options
        Of `DataFrame.to_csv`.
    """
    plain = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if kind.kind == "f":
            plain.isetitem(place, table.iloc[:, place] + 0.0)  # -0.0 + 0.0 is 0.0
    plain.to_csv(file, **{"sep": "\t", "index": "index_label" in options, **options})
