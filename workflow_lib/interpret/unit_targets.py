"""Which unit matches which target: by the TF's name, or by the TF's binding mode.

A binding mode is a cluster of similar JASPAR profiles (paper, Methods): a unit annotated only with
FOXA2 also matches FOXA1. A negative weight of a unit for a target that it matches looks like a
contradiction; the importance shows whether the model uses that weight (paper, Fig. S1).
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from workflow_lib.interpret.units import unit_names, unit_numbers

NEGLIGIBLE = 0.05  # of the model output: a smaller importance does not visibly change it
BY_NAME, BY_MODE = "name", "mode"
UNUSED, USED, UNMEASURED = "negligible", "real", "not measured"


def cluster_keys(clusters: Iterable) -> set[str]:
    """Clusters as text, whether read as numbers or as text; missing ones are left out."""
    return {str(c).removesuffix(".0") for c in clusters if not pd.isna(c) and str(c)}


def unit_modes(annotation: pd.DataFrame) -> dict[int, set[str]]:
    """The binding mode (cluster) of each annotated unit: that of its best match, in a set.

    As `binding_modes.binding_modes` counts them; a match whose profile has no cluster is
    skipped.

    Parameters
    ----------
    annotation
        Columns unit and q_value; cluster where the motif database has clusters.
    """
    if "cluster" not in annotation:
        return {}
    best = annotation.assign(unit=unit_numbers(annotation["unit"])).dropna(subset="cluster")
    measure = "p_value" if "p_value" in best else "q_value"
    best = best.sort_values(measure, kind="stable").drop_duplicates("unit")
    return {unit: cluster_keys([cluster]) for unit, cluster in zip(best["unit"], best["cluster"])}


def units_of_modes(annotation: pd.DataFrame, clusters: Collection) -> list[int]:
    """The units whose binding mode is among some clusters, by number."""
    wanted = cluster_keys(clusters)
    return sorted(unit for unit, found in unit_modes(annotation).items() if found & wanted)


def match_type(
    cells: pd.DataFrame, annotation: pd.DataFrame, modes: Mapping[str, Collection] | None = None
) -> pd.Series:
    """How a unit matches a target: by `name`, by `mode`, or missing where it does not.

    Parameters
    ----------
    cells
        Columns unit (number) and target.
    annotation
        Columns unit, name, q_value, cluster. The names of all matches count, but only the mode of
        the best one.
    modes
        Target -> its clusters (`binding_modes.expected_modes`); without it only names count.

    Returns
    -------
    Series
        On the index of `cells`.
    """
    found, modes = unit_modes(annotation), modes or {}
    parts = {unit: _parts(names) for unit, names in unit_names(annotation, 10**6).items()}
    wanted = {target: cluster_keys(clusters) for target, clusters in modes.items()}
    types = []
    for unit, target in zip(cells["unit"], cells["target"]):
        by_mode = wanted.get(target, set()) & found.get(unit, set())
        name_known = target.upper() in parts.get(unit, ())
        types.append(BY_NAME if name_known else BY_MODE if by_mode else None)
    return pd.Series(types, index=cells.index, dtype=object)


def _parts(names: list[str]) -> set[str]:
    """Names in capitals; JASPAR joins the parts of a dimer by `::`."""
    return {part.upper() for name in names for part in (name, *name.split("::"))}


def negative_weight_status(cells: pd.DataFrame) -> pd.Series:
    """Whether the model uses a negative weight of a unit for a target that it matches.

    Parameters
    ----------
    cells
        Columns own (bool), weight, importance.

    Returns
    -------
    Series
        `negligible` importance (the model does not use it: the paper's arrows), `real`, or
        `not measured` (no sequence activates the unit); missing for all other cells.
    """
    size = cells["importance"].abs()
    kinds = np.select([size < NEGLIGIBLE, size >= NEGLIGIBLE], [UNUSED, USED], UNMEASURED)
    status = pd.Series(kinds, index=cells.index, dtype=object)
    return status.where(cells["own"].astype(bool) & (cells["weight"] < 0), None)
