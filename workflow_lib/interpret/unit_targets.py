"""Which unit stands for which target: by its TF's name, or by the TF's binding mode.

A binding mode is a cluster of similar JASPAR profiles (paper, Methods): a unit annotated with FOXA2
alone speaks for FOXA1 too. A unit with a negative weight for a target that it stands for looks like
a contradiction; whether it is one, the importance tells (paper, Fig. S1).
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from workflow_lib.interpret.units import unit_names, unit_numbers

NEGLIGIBLE = 0.05  # logits: an importance below changes no prediction visibly
BY_NAME, BY_MODE = "name", "mode"
UNUSED, USED, UNMEASURED = "negligible", "real", "not measured"


def cluster_keys(clusters: Iterable) -> set[str]:
    """Clusters as text, be they read as numbers or as text; missing ones are left out."""
    return {str(c).removesuffix(".0") for c in clusters if not pd.isna(c) and str(c)}


def unit_modes(annotation: pd.DataFrame) -> dict[int, set[str]]:
    """The binding mode (cluster) of each annotated unit: that of its best match, in a set.

    As `binding_modes.binding_modes` counts them; a match whose profile has no cluster is passed
    over.

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
    """How a unit stands for a target: `name`, `mode`, or missing where it does not.

    Parameters
    ----------
    cells
        Columns unit (number) and target.
    annotation
        Columns unit, name, q_value, cluster. A name counts wherever it stands among the matches, a
        mode only where it is that of the best one.
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
    said = []
    for unit, target in zip(cells["unit"], cells["target"]):
        by_mode = wanted.get(target, set()) & found.get(unit, set())
        name_known = target.upper() in parts.get(unit, ())
        said.append(BY_NAME if name_known else BY_MODE if by_mode else None)
    return pd.Series(said, index=cells.index, dtype=object)


def _parts(names: list[str]) -> set[str]:
    """Names in capitals; JASPAR joins the parts of a dimer by `::`."""
    return {part.upper() for name in names for part in (name, *name.split("::"))}


def negative_weight_status(cells: pd.DataFrame) -> pd.Series:
    """What stands behind a negative weight for a target that the unit stands for.

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
    said = pd.Series(kinds, index=cells.index, dtype=object)
    return said.where(cells["own"].astype(bool) & (cells["weight"] < 0), None)
