"""Ranking motifs: a model's by the importance of their units, and the best of each target.

Paper, Methods, "De novo PWMs": the best motif of a data set is chosen on its validation part and
evaluated on its test part.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.interpret.units import unit_number
from workflow_lib.motif import Motif, information, unique_ids
from workflow_lib.motifs.tomtom import tomtom

PARTS = ("validation", "test")
COLUMNS = ("motif", "target", "rank", "importance", "metric", *PARTS, "best")
# Bits in a whole motif below which it is flat: of a unit that is active nowhere, or everywhere.
_FLAT = 1e-3

log = logging.getLogger(__name__)


def rank(
    scores: pd.DataFrame, importance: pd.DataFrame | None, motifs: Sequence[Motif]
) -> pd.DataFrame:
    """Rank motifs for each target, and say which one is best.

    Parameters
    ----------
    scores
        Columns motif, part, target, metric, value (rule `scan`).
    importance
        Columns unit, target, importance (`unit_importance.tsv`) for motifs with ids like `unit7`;
        None for motifs without a model, which keep the order that they have.
    motifs
        All motifs, in their order.

    Returns
    -------
    DataFrame
        COLUMNS, by target in the order of `scores`, then rank. Rank 1 has the highest importance;
        motifs without one come last, equal ones in their order. `best` is True for the one motif
        with the highest validation value, of equals the one that ranks first. It is never one
        without a value or without information; such a target has no best.

    Raises
    ------
    InputError
        Scores of unknown motifs, duplicate scores, or ids that do not name a unit.
    """
    values = _by_part(scores, motifs)
    values["importance"] = _importances(values, importance)
    values["position"] = values["motif"].map({m.id: i for i, m in enumerate(motifs)})
    order = {target: i for i, target in enumerate(dict.fromkeys(scores["target"]))}
    values["order"] = values["target"].map(order)
    ascending = {"order": True, "importance": False, "position": True}
    values = values.sort_values(list(ascending), ascending=list(ascending.values()))
    values["rank"] = values.groupby("target", sort=False).cumcount() + 1
    flat = [m.id for m in motifs if information(m.probabilities).sum() <= _FLAT]
    can_be_best = values["validation"].where(~values["motif"].isin(flat)).dropna()
    # idxmax takes the first of equals.
    best = can_be_best.groupby(values["target"], sort=False).idxmax()
    values["best"] = values.index.isin(best)
    without = [target for target in order if target not in best.index]
    if without:
        log.warning("no best motif for %d targets: %s", len(without), ", ".join(without[:5]))
    return values[list(COLUMNS)].reset_index(drop=True)


def _by_part(scores: pd.DataFrame, motifs: Sequence[Motif]) -> pd.DataFrame:
    """One row per motif and target: motif, target, metric, validation, test."""
    unknown = set(scores["motif"]) - {motif.id for motif in motifs}
    if unknown:
        raise InputError(
            f"scores of {len(unknown)} motifs that are not in the motif file, for instance "
            f"{sorted(unknown)[0]!r}; wanted scores of these motifs: make both again"
        )
    keys = ["motif", "target", "metric"]
    twice = scores.duplicated([*keys, "part"])
    if twice.any():
        row = scores[twice].iloc[0]
        raise InputError(
            f"scores: motif {row['motif']!r}, target {row['target']!r}, part {row['part']!r} "
            "occur twice; wanted once"
        )
    wide = scores.set_index([*keys, "part"])["value"].astype(float).unstack("part")
    return wide.reindex(columns=list(PARTS)).rename_axis(columns=None).reset_index()


def _importances(values: pd.DataFrame, importance: pd.DataFrame | None) -> pd.Series:
    """The importance of each row's motif for its target; NaN where there is none."""
    if importance is None:
        return pd.Series(float("nan"), index=values.index)
    of = importance.set_index(["unit", "target"])["importance"].to_dict()
    units = {motif: _unit(motif) for motif in values["motif"].unique()}
    pairs = zip(values["motif"], values["target"])
    found = [of.get((units[motif], target), float("nan")) for motif, target in pairs]
    # Adding 0 turns -0 into 0.
    return pd.Series(found, index=values.index, dtype=float) + 0.0


def _unit(motif: str) -> int:
    number = unit_number(motif)
    if number is None:
        raise InputError(
            f"motif {motif!r}: importances are those of units, wanted ids like 'unit7'"
        )
    return number


def best_motifs(ranking: pd.DataFrame, motifs: Sequence[Motif]) -> list[Motif]:
    """The best motif of each target.

    Parameters
    ----------
    ranking
        From `rank`.
    motifs
        All motifs.

    Returns
    -------
    list of Motif
        In the ranking's order; the id is the target's name (see `unique_ids`), the name the
        motif's own id. Targets without a best motif are left out.
    """
    of = {motif.id: motif for motif in motifs}
    best = ranking[ranking["best"]]
    return [
        replace(of[motif], id=target, name=motif)
        for motif, target in zip(best["motif"], unique_ids(best["target"]))
    ]


def best_resembling(
    motifs: Sequence[Motif],
    ranking: pd.DataFrame,
    profile: str,
    database: Sequence[Motif],
    q_value: float,
) -> Motif | None:
    """The best motif among those that resemble a known profile; without any, the best of all.

    The motif that predicts binding best may be a partner's (FOXA1's for AR); only a TF's own motif
    shows how completely it was found.

    Parameters
    ----------
    motifs
        All motifs of one data set.
    ranking
        From `rank`, of one target.
    profile
        Id of the known profile.
    database
        Known motifs, including that profile; Tomtom's null model comes from them.
    q_value
        Of Tomtom, at most.

    Returns
    -------
    Motif or None
        Its name is its own id. None where no motif has a value.
    """
    if not motifs:
        return None
    pairs = tomtom(motifs, database, q_value)
    found = pairs.loc[pairs["profile"] == profile, "unit"]
    alike = {f"unit{unit}" if isinstance(unit, int) else unit for unit in found.tolist()}
    alike = {motif.id for motif in motifs if motif.id in alike}
    own = ranking[ranking["motif"].isin(alike) & ranking["validation"].notna()]
    chosen = own.loc[[own["validation"].idxmax()]] if len(own) else ranking[ranking["best"]]
    of = {motif.id: motif for motif in motifs}
    return next((replace(of[name], name=name) for name in chosen["motif"]), None)
