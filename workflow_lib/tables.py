"""The tables that stand between rules, read back with the right types."""

import os

import pandas as pd

from workflow_lib.errors import InputError


def read_labels(path: str | os.PathLike) -> tuple[pd.DataFrame, str]:
    """Labels of the held-out sequences (index id, a column per target), and which part they are."""
    table = pd.read_csv(path, sep="\t", index_col="id", dtype={"id": str, "split": str})
    return table.drop(columns="split"), table["split"].iloc[0]


def read_predictions(
    predictions: str | os.PathLike, labels: str | os.PathLike
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Predictions and labels in the same order, and the part of the split that they are of.

    Raises
    ------
    InputError
        Where a label's sequence or target has no prediction.
    """
    truth, split = read_labels(labels)
    table = pd.read_csv(predictions, sep="\t", index_col="id", dtype={"id": str, "split": str})
    missing = truth.index.difference(table.index)
    if len(missing) or not set(truth.columns) <= set(table.columns):
        raise InputError(
            f"{predictions} does not fit {labels}: {len(missing)} sequences and targets "
            f"{sorted(set(truth.columns) - set(table.columns))[:5]} have no prediction"
        )
    return table.loc[truth.index, list(truth.columns)], truth, split
