"""Box plots of unit importance: what each unit contributes to each target."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_lib.figures.boxes import BOXES, IMPORTANCE, draw_boxes
from workflow_lib.figures.grouped_boxes import MOST_TARGETS, grouped_boxes
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLUE,
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    RED,
    message,
    new_figure,
    style,
    text_width,
)
from workflow_lib.interpret.units import largest_importance, unit_label, unit_names, unit_numbers

_NAME_ROOMS = (14.0, 27.0)  # mm, of a target's name beside its box: four panels a row, or three


def importance_table(
    importance: pd.DataFrame,
    annotation: pd.DataFrame,
    units: int = 12,
    targets: int = 8,
    groups: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The most important units (see `largest_importance`), of each the largest |importance|s.

    Parameters
    ----------
    importance
        Columns unit, target, n_sequences, q05, q25, importance (the median), q75, q95.
    annotation
        Columns unit, name, q_value.
    units, targets
        How many units, and how many targets of each.
    groups
        Columns target, group, color (`groups.target_groups`): then all targets of each unit, in
        this order, at most as many as fit on a page.

    Returns
    -------
    DataFrame
        The rows to draw, in order of drawing, with a column `label` beside them, and group and
        color of targets with groups.
    """
    table = importance.assign(unit=unit_numbers(importance["unit"])).dropna(subset="importance")
    names = unit_names(annotation, 2)
    chosen = largest_importance(table)["unit"].head(units) if len(table) else []
    if groups is not None:
        return unit_rows(table, list(chosen), names, groups)
    parts = []
    for unit in chosen:
        rows = table[table["unit"] == unit]
        # The highest, by which the unit was ranked, is always among them.
        first = rows["importance"].nlargest(1).index
        by_size = rows["importance"].abs().nlargest(targets).index
        rows = rows.loc[first.append(by_size).drop_duplicates()[:targets]]
        rows = rows.sort_values("importance", ascending=False)
        parts.append(rows.assign(label=unit_label(unit, names)))
    return pd.concat(parts, ignore_index=True) if parts else table.assign(label="")


def unit_rows(
    table: pd.DataFrame, units: Sequence[int], names: dict[int, list[str]], groups: pd.DataFrame
) -> pd.DataFrame:
    """The importances of some units for each target, in the order of the table of groups.

    Parameters
    ----------
    table
        Importances, see `importance_table`.
    units, names
        Which units, in order of drawing, and the names of all (`unit_names`).
    groups
        Columns target, group, color. Of more targets than fit on a page those with the largest
        importances of these units.
    """
    rows = table[table["unit"].isin(units)]
    size = rows["importance"].abs().groupby(rows["target"].astype(str)).max()
    largest = set(size.sort_values(ascending=False, kind="stable").index[:MOST_TARGETS])
    shown = groups[groups["target"].isin(largest)]
    parts = [
        shown.merge(rows[rows["unit"] == unit], how="left", on="target").assign(
            unit=unit, label=unit_label(unit, names)
        )
        for unit in units
    ]
    return pd.concat(parts, ignore_index=True) if parts else rows.assign(label="", group="")


def motif_unit_table(
    importance: pd.DataFrame, annotation: pd.DataFrame, motif: str, groups: pd.DataFrame
) -> pd.DataFrame:
    """The importances of the unit that stands for a motif, for each target.

    Of the units one of whose annotated TFs is called so (or starts so: PAX for PAX5), first those
    whose best match it is, among these the most important one (`largest_importance`).

    Parameters
    ----------
    importance, annotation
        See `importance_table`.
    motif
        A TF or the beginning of the names of some; case does not matter.
    groups
        Columns target, group, color.

    Returns
    -------
    DataFrame
        As `unit_rows`, with the column n_matching: how many units match; empty if none does.
    """
    table = importance.assign(unit=unit_numbers(importance["unit"]))
    names = unit_names(annotation, len(annotation))
    matching = {unit: [_is_of(name, motif) for name in found] for unit, found in names.items()}
    matching = {unit: found for unit, found in matching.items() if any(found)}
    ranked = largest_importance(table.dropna(subset="importance"))["unit"]
    ranked = [unit for unit in ranked if unit in matching]
    ranked.sort(key=lambda unit: not matching[unit][0])
    return unit_rows(table, ranked[:1], unit_names(annotation, 5), groups).assign(
        n_matching=len(matching)
    )


def _is_of(name: str, motif: str) -> bool:
    """Whether a TF's name, or that of one of a dimer, is or starts with the motif's."""
    return any(part.upper().startswith(motif.upper()) for part in name.split("::"))


@style()
def importance_boxes(table: pd.DataFrame, n_units: int, n_targets: int) -> Figure | list[Figure]:
    """Box plots of the contributions of each unit, one panel per unit.

    Parameters
    ----------
    table
        From `importance_table`.
    n_units, n_targets
        How many the model has, for the title.

    Returns
    -------
    Figure or list of Figure
        Of targets with groups: pages.
    """
    if table.empty:
        return message("No unit has sequences that pass its threshold: no importances to draw.")
    units = list(dict.fromkeys(table["unit"]))
    shown = int(table.groupby("unit").size().max())
    if "group" in table:
        title = f"{_first(len(units), n_units)}, first those that raise a prediction"
        if shown < n_targets:
            title += f"; {shown} of {n_targets} targets, the largest medians"
        return grouped_boxes(table, title)
    short, long = (text_width(table["target"].astype(str)) <= room for room in _NAME_ROOMS)
    most, lines = 4 if short else 3, 1 if long else 2
    rows = -(-len(units) // most)
    columns = -(-len(units) // rows)
    width = COLUMN_WIDTH if columns == 1 else PAGE_WIDTH
    names = fitted(table["target"], _NAME_ROOMS[1], lines)
    labels = fitted(table["label"], width / columns - 10, size=7, weight="bold")
    pitch = 3.1 if lines == 1 else 4.8
    figure = new_figure(width, 20 + rows * (13 + pitch * shown), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax, unit in zip(grid.flat, units):
        rows_of = table[table["unit"] == unit]
        _box_panel(ax, rows_of, shown)
        ax.set_yticklabels([names[str(target)] for target in rows_of["target"]])
        ax.set_title(labels[rows_of["label"].iloc[0]], loc="left", fontweight="bold")
    for ax in grid.flat[len(units) :]:
        ax.set_axis_off()
    letters = int(width / 1.4)  # mm, a letter at 7 pt
    figure.suptitle(textwrap.fill(_shown(len(units), n_units, shown, n_targets), letters), size=7)
    figure.supxlabel(f"{textwrap.fill(IMPORTANCE, letters)}\n{BOXES}", fontsize=7)
    return figure


def _shown(units: int, n_units: int, targets: int, n_targets: int) -> str:
    """Which units and targets are drawn, and in which order."""
    said = (
        f"{_first(units, n_units)}: first those that raise a prediction, by their highest median; "
    )
    many = f"{targets} of {n_targets} targets each, the largest medians of either sign"
    return said + (many if targets < n_targets else "all targets each")


def _first(units: int, n_units: int) -> str:
    return f"the {units} most important of {n_units} units" if units < n_units else "all units"


def _box_panel(ax: Axes, rows: pd.DataFrame, shown: int) -> None:
    signs = np.sign(rows["importance"]).map({1: RED, -1: BLUE, 0: GREY})
    draw_boxes(ax, rows, np.arange(len(rows)), "horizontal", signs.tolist())
    ax.axvline(0, color=GREY, lw=0.6, zorder=0)
    ax.set_yticks(range(len(rows)))
    ax.set_ylim(shown - 0.4, -0.6)
    ax.locator_params(axis="x", nbins=4)
