"""Units and their names; ids like `unit12` are read only here."""

import os
import re

import numpy as np
import pandas as pd

from workflow_lib.motif import read_meme


def unit_number(name: str) -> int | None:
    """The number in a motif's id like `unit12`; None for any other id."""
    found = re.fullmatch(r"unit([0-9]+)", name)
    return int(found[1]) if found else None


def unit_matrices(path: str | os.PathLike) -> dict[int, np.ndarray]:
    """The matrices (4, width) in a model's filters.meme by the number of their unit."""
    return {unit_number(motif.id): motif.probabilities for motif in read_meme(path)}


def unit_numbers(units: pd.Series) -> pd.Series:
    """Units as integers, from `12` or `unit12`; missing ones become -1."""
    digits = units.astype("string").str.removeprefix("unit").str.removesuffix(".0")
    return pd.to_numeric(digits).fillna(-1).astype(int)


def unit_names(annotation: pd.DataFrame, most: int) -> dict[int, list[str]]:
    """The annotated TFs of each unit, best first.

    Parameters
    ----------
    annotation
        Columns unit, name, q_value.
    most
        Largest number of names per unit. Variants, `JUN(var.2)`, and other case are the same name.

    Returns
    -------
    dict
        Unit -> names; units without annotation are not in it.
    """
    names: dict[int, list[str]] = {}
    ranked = annotation.assign(unit=unit_numbers(annotation["unit"])).sort_values(
        "q_value", kind="stable"
    )
    for unit, name in zip(ranked["unit"], ranked["name"].astype(str)):
        plain = name.split("(var.")[0]
        known = names.setdefault(unit, [])
        if len(known) < most and plain.upper() not in [n.upper() for n in known]:
            known.append(plain)
    return names


def unit_label(unit: int, names: dict[int, list[str]], longest: int = 26) -> str:
    """`CTCF/CTCFL (unit12)`, as many of the names as fit; `unit12` without annotation."""
    label = f"unit{unit}"
    known = names.get(unit, [])
    for i in range(len(known), 0, -1):
        joined = "/".join(known[:i])
        if i == 1 or len(joined) + len(label) + 3 <= longest:
            return f"{joined} ({label})"
    return label


def largest_importance(importance: pd.DataFrame) -> pd.DataFrame:
    """Per unit the row with its largest importance, most important unit first.

    A motif is sought for what it raises: the largest importance of a unit is its highest one, and
    only of a unit that raises no target's prediction the one furthest below zero. Such units come
    after those that raise one, both by size; units without an importance come last.
    """
    value = importance["importance"].fillna(0)
    table = importance.assign(
        unit=unit_numbers(importance["unit"]), raises=value > 0, size=value.abs()
    )
    order = {"raises": False, "size": False, "unit": True}
    table = table.sort_values(list(order), ascending=list(order.values()), kind="stable")
    return table.drop_duplicates("unit").drop(columns=["raises", "size"]).reset_index(drop=True)
