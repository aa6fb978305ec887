"""Whether a model found the motifs that its targets are known for, and what it makes of them."""

import fnmatch
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_lib.config.names import known

COLUMNS = (
    "target", "expected", "n_units", "unit", "name", "q_value", "importance", "rank", "of",
)  # fmt: skip


def expected_units(
    expected: Mapping[str, Sequence[str]], annotation: pd.DataFrame, importance: pd.DataFrame
) -> pd.DataFrame:
    """The most important unit for each motif that is expected for a target.

    Parameters
    ----------
    expected
        Target -> names of known motifs, patterns allowed (`GATA*`); upper and lower case are one.
        Either part of a dimer's name (`GATA1::TAL1`) will do.
    annotation
        Columns unit, name, q_value (`annotation.tsv`): the known motifs that units resemble.
    importance
        Columns unit, target, importance (`unit_importance.tsv`); NaN: no sequence to read it from.

    Returns
    -------
    DataFrame
        COLUMNS, a row for each target and expected motif: how many units resemble it; the one of
        them with the highest importance for the target, its best-fitting name that matches, q
        value, importance and rank by importance (1 = the highest) among all `of` units that have
        one. Without such a unit these are missing.

    Raises
    ------
    InputError
        An expected target that the model does not have; it names the nearest.
    """
    targets, rows = list(dict.fromkeys(importance["target"])), []
    for target, patterns in expected.items():
        known("target", target, targets, "expected_motifs.motifs")
        values = importance[importance["target"] == target].set_index("unit")["importance"]
        values = values.dropna()
        for pattern in patterns:
            found = annotation[[_is(name, pattern) for name in annotation["name"]]]
            row = {"target": target, "expected": pattern, "n_units": found["unit"].nunique()}
            rows.append(row | _best(found, values) | {"of": len(values)})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"unit": "Int64", "rank": "Int64"})


def _is(name: object, pattern: str) -> bool:
    """Whether a known motif's name (`GATA1::TAL1`, `HNF4A(var.2)`), or a part of it, matches."""
    if not isinstance(name, str):  # a motif without a name
        return False
    plain = re.sub(r"\(var\.\d+\)", "", name, flags=re.IGNORECASE)
    names = (name, plain, *plain.split("::"))
    return any(fnmatch.fnmatchcase(one.upper(), pattern.upper()) for one in names)


def _best(found: pd.DataFrame, values: pd.Series) -> dict[str, object]:
    """The most important of the units that resemble a motif."""
    units = [unit for unit in found["unit"].unique() if unit in values.index]
    if not units:
        return {}
    unit = values[units].idxmax()
    pair = found[found["unit"] == unit].nsmallest(1, "q_value").iloc[0]
    return {
        "unit": int(unit), "name": pair["name"], "q_value": pair["q_value"],
        "importance": values[unit], "rank": 1 + int((values > values[unit]).sum()),
    }  # fmt: skip
