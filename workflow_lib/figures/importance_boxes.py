"""Box plots of unit importance: what each unit contributes to each target."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    GREY,
    OUTPUT,
    PAGE_WIDTH,
    RED,
    message,
    new_figure,
    style,
    text_width,
)
from workflow_lib.interpret.unit_targets import NEGLIGIBLE
from workflow_lib.interpret.units import largest_importance, unit_label, unit_names, unit_numbers

_NAME_ROOMS = (14.0, 27.0)  # mm, of a target's name beside its box: four panels a row, or three
QUANTILES = ("q05", "q25", "importance", "q75", "q95")


def importance_table(
    importance: pd.DataFrame, annotation: pd.DataFrame, units: int = 12, targets: int = 8
) -> pd.DataFrame:
    """The most important units (see `largest_importance`), of each the largest |importance|s.

    Parameters
    ----------
    importance
        Columns unit, target, q05, q25, importance (the median), q75, q95.
    annotation
        Columns unit, name, q_value.
    units, targets
        How many units, and how many targets of each.

    Returns
    -------
    DataFrame
        The rows to draw, in order of drawing, with a column `label` beside them.
    """
    table = importance.assign(unit=unit_numbers(importance["unit"])).dropna(subset="importance")
    names = unit_names(annotation, 2)
    chosen = largest_importance(table)["unit"].head(units) if len(table) else []
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


@style()
def importance_boxes(table: pd.DataFrame, n_units: int, n_targets: int) -> Figure:
    """Box plots of the contributions of each unit, one panel per unit.

    Parameters
    ----------
    table
        From `importance_table`.
    n_units, n_targets
        How many the model has, for the title.
    """
    if table.empty:
        return message("No unit has sequences that pass its threshold: no importances to draw.")
    units = list(dict.fromkeys(table["unit"]))
    shown = int(table.groupby("unit").size().max())
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
    said = f"importance = unit output × output weight, in units of the {OUTPUT}"
    said = f"{textwrap.fill(said, letters)}\nline: median; box: quartiles; whiskers: 5–95 %"
    figure.supxlabel(said, fontsize=7)
    return figure


def _shown(units: int, n_units: int, targets: int, n_targets: int) -> str:
    """Which units and targets are drawn, and in which order."""
    said = f"the {units} most important of {n_units} units" if units < n_units else "all units"
    said += ": first those that raise a prediction, by their highest median; "
    many = f"{targets} of {n_targets} targets each, the largest medians of either sign"
    return said + (many if targets < n_targets else "all targets each")


def _box_panel(ax: Axes, rows: pd.DataFrame, shown: int) -> None:
    signs = np.sign(rows["importance"]).map({1: RED, -1: BLUE, 0: GREY})
    draw_boxes(ax, rows, np.arange(len(rows)), "horizontal", signs.tolist())
    ax.axvline(0, color=GREY, lw=0.6, zorder=0)
    ax.set_yticks(range(len(rows)))
    ax.set_ylim(shown - 0.4, -0.6)
    ax.locator_params(axis="x", nbins=4)


def draw_boxes(
    ax: Axes, rows: pd.DataFrame, at: np.ndarray, orientation: str, colours: list[str] | None = None
) -> None:
    """Boxes from quantiles.

    Parameters
    ----------
    ax
        Where to draw.
    rows
        Columns QUANTILES; a row of NaN draws nothing.
    at
        Places of the boxes.
    orientation
        `vertical` or `horizontal`.
    colours
        One per row; by default red above zero, blue below, grey around it.
    """
    known = rows["importance"].notna().to_numpy()
    stats = [
        {"whislo": r.q05, "q1": r.q25, "med": r.importance, "q3": r.q75, "whishi": r.q95}
        for r in rows[known].itertuples()
    ]
    boxes = ax.bxp(
        stats, positions=np.asarray(at)[known], orientation=orientation, showfliers=False,
        widths=0.65, patch_artist=True, manage_ticks=False, medianprops={"color": BLACK, "lw": 1.0},
        whiskerprops={"lw": 0.5}, capprops={"lw": 0.5}, boxprops={"lw": 0.4},
    )  # fmt: skip
    by_size = [GREY if abs(m) < NEGLIGIBLE else RED if m > 0 else BLUE for m in rows["importance"]]
    for box, colour in zip(boxes["boxes"], np.array(colours or by_size)[known]):
        box.set_facecolor(str(colour))
        box.set_alpha(0.7)
