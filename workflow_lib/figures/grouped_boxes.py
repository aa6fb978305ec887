"""Importances of units by target, where these have groups: notched boxes in the groups' colours."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_lib.figures.boxes import BOXES, IMPORTANCE, draw_boxes
from workflow_lib.figures.groups import group_handles
from workflow_lib.figures.logos import draw_logo
from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.pages import LINE, MARGIN, in_lines
from workflow_lib.figures.style import (
    GREY,
    MAX_PROPORTION,
    PAGE_WIDTH,
    axes_at,
    new_figure,
    style,
    text_at,
    text_width,
)

MOST_TARGETS = 81  # side by side on a page
# In mm: between two boxes, left of them, right of them; a panel with its title; below it.
_NARROW, _WIDE, _AXIS, _RIGHT, _TITLE, _GAP = 2.06, 6.0, 13.0, 2.0, 4.0, 2.5
_PANEL, _SINGLE, _LEAST = 17.0, 42.0, 110.0  # of several units, of one; the narrowest figure
_NAMES, _KEY_NAMES = 26.0, 40.0  # longest names of targets and groups
_LOGO = (32.0, 9.0)
_NOTCHES = "notch: 95 % interval of the median (1.57 × IQR / √n), cut at the quartiles"


@style()
def grouped_boxes(
    table: pd.DataFrame, title: str, logos: Mapping[int, np.ndarray] | None = None
) -> list[Figure]:
    """Pages of panels, one a unit: a notched box for each target, in the table's order.

    Parameters
    ----------
    table
        From `importance_boxes.unit_rows`: unit, label, target, group, color, n_sequences and
        quantiles; at least one row.
    title
        Which units these are.
    logos
        Unit -> probabilities (4, width), drawn beside the panel's title.
    """
    units = list(dict.fromkeys(table["unit"]))
    first = table[table["unit"] == units[0]]
    place = _layout(first, units, bool(logos))
    said = in_lines(f"{IMPORTANCE}; {BOXES}; {_NOTCHES}", place["width"] - 6)
    handles = group_handles(first, _KEY_NAMES)
    place |= {"head": MARGIN + LINE * (1 + len(said)) + 1.5}
    names = [str(handle.get_label()) for handle in handles]
    key_columns = legend_columns(names, place["width"] - 4) if names else 1
    place["rows_at"] = place["head"] + 3.4 * -(-len(names) // key_columns) + 2 * bool(names)
    room = MAX_PROPORTION * place["width"] - place["rows_at"] - place["names"]
    most = place["columns"] * max(1, int(room / place["row"]))
    pages = [units[start : start + most] for start in range(0, len(units), most)]
    figures = []
    for number, page in enumerate(pages, start=1):
        down = -(-len(page) // place["columns"]) * place["row"]
        figure = new_figure(place["width"], place["rows_at"] + down + place["names"])
        which = title + f", page {number} of {len(pages)}" * (len(pages) > 1)
        which = fitted([which], place["width"] - 6, weight="bold")[which]
        text_at(figure, MARGIN, MARGIN, which, fontsize=6, fontweight="bold")
        text_at(figure, MARGIN, MARGIN + LINE, "\n".join(said), fontsize=6)
        if handles:
            height = figure.get_size_inches()[1] * 25.4
            at = (MARGIN / place["width"], 1 - place["head"] / height)
            look = {"loc": "upper left", "borderpad": 0, "borderaxespad": 0}
            figure.legend(handles=handles, ncols=key_columns, bbox_to_anchor=at, **look)
        _panels(figure, place, table, page, logos or {})
        figures.append(figure)
    return figures


def _layout(first: pd.DataFrame, units: Sequence[int], logos: bool) -> dict[str, float]:
    """Sizes in mm, and how many panels stand side by side."""
    n = len(first)
    narrowest = max(_AXIS + 2.7 * n + _RIGHT, PAGE_WIDTH / 4)  # room for a unit's name
    columns = min(len(units), max(1, int(PAGE_WIDTH / narrowest)))
    pitch = min(_WIDE, (PAGE_WIDTH / columns - _AXIS - _RIGHT) / n)
    panel, logo = _SINGLE if len(units) == 1 else _PANEL, (_LOGO[1] + 1) * logos
    names = text_width(fitted(first["target"], _NAMES).values())
    return {
        "columns": columns,
        "across": pitch * n,
        "width": max(columns * (_AXIS + pitch * n + _RIGHT), _LEAST),
        "panel": panel,
        "logo": logo,
        "row": _TITLE + logo + panel + _GAP,
        "names": names + 3,
    }


def _panels(
    figure: Figure, place: dict, table: pd.DataFrame, units: Sequence[int], logos: Mapping
) -> None:
    """The panels of a page; only the lowest ones name the targets."""
    targets, columns = fitted(table["target"], _NAMES), place["columns"]
    column = place["width"] / columns
    labels = fitted(table["label"], column - _AXIS - _RIGHT, 1, 7, "bold")
    for i, unit in enumerate(units):
        left, top = _AXIS + (i % columns) * column, place["rows_at"] + i // columns * place["row"]
        rows = table[table["unit"] == unit]
        text_at(figure, left, top, labels[rows["label"].iloc[0]], fontweight="bold")
        top += _TITLE
        if unit in logos:
            draw_logo(axes_at(figure, left, top - 0.5, *_LOGO), logos[unit])
        ax = axes_at(figure, left, top + place["logo"], place["across"], place["panel"])
        names = [targets[str(target)] for target in rows["target"]]
        _panel(ax, rows, names if i + columns >= len(units) else [])
        if i % columns == 0:
            ax.set_ylabel("importance", labelpad=1)
            ax.yaxis.set_label_coords(-9.5 / place["across"], 0.5)


def _panel(ax: Axes, rows: pd.DataFrame, names: Sequence[str]) -> None:
    draw_boxes(ax, rows, np.arange(len(rows)), "vertical", rows["color"].tolist(), notched=True)
    ax.axhline(0, color=GREY, lw=0.6, zorder=0)
    ax.set(xlim=(-0.7, len(rows) - 0.3), xticks=[])
    if names:
        ax.set_xticks(range(len(rows)), names, rotation=90)
    ax.tick_params(axis="x", length=0)
    ax.locator_params(axis="y", nbins=4)
