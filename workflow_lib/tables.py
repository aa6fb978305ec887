"""Reading and writing the tables that rules pass to each other."""

import os

import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.files import atomic, gzip_text


def read_table(path: str | os.PathLike, **options: object) -> pd.DataFrame:
    """Read a result table; only an empty cell is missing: a target may be called `NA` or `null`.

    Parameters
    ----------
    path
        A tab-separated file.
    **options
        Of `pandas.read_csv`.
    """
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], **options)


def _read(path: str | os.PathLike) -> pd.DataFrame:
    """Index id, column split, the others numbers; an id or a target may be called `NA`."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).set_index("id")
    values = table.drop(columns="split").apply(pd.to_numeric)
    return values.assign(split=table["split"])


def read_predictions(
    predictions: str | os.PathLike, labels: str | os.PathLike, shared_only: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Predictions and labels in the same order, and the part of the split that they belong to.

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
    return table.loc[truth.index, targets], truth[targets], split


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
    text = {"sep": "\t", "index": "index_label" in options, **options}
    with atomic(path) as temporary:
        if not str(path).endswith(".gz"):
            table.to_csv(temporary, **text)
            return
        with gzip_text(temporary) as handle:
            table.to_csv(handle, **text)
