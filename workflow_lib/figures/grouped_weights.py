"""The weight heatmap of targets that have groups: a row each in their own order, logos beside."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workflow_lib.figures.groups import draw_strip, group_handles
from workflow_lib.figures.logos import draw_logo
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREY,
    MAX_PROPORTION,
    PAGE_WIDTH,
    axes_at,
    new_figure,
    text_at,
    text_width,
)
from workflow_lib.figures.weight_heatmap_marks import (
    key_handles,
    label_colours,
    mark_matched_cells,
    point_at_units,
)
from workflow_lib.figures.weight_heatmap_parts import colour_bar, draw_cells, draw_tree

MOST_TARGETS, MOST_UNITS = 81, 50  # rows and columns of a page
# In mm: the strip of colours, the trees, the names of targets and units, a cell's limits.
_STRIP, _TREE, _NAMES, _LABELS, _NARROW, _CELL = 3.5, 8.0, 26.0, 23.0, 2.05, 4.5
_SIDE, _KEY_LINE = 32.0, 3.4  # the column on the right, a line of a legend
_LOGO_WIDTH, _LOGO_HEIGHT = 30.0, 10.0  # a logo with its name above it
_SHORT = 80.0  # mm; logos stand below lower heatmaps
_MOST_ROWS_OF_LOGOS = 4
_SAID = "blue lowers, red raises\nthe target's prediction"


def grouped_weights(
    cells: pd.DataFrame,
    shown: str,
    limit: float,
    logos: Mapping[int, np.ndarray],
) -> Figure:
    """Targets in their order with a strip of their groups' colours, units clustered.

    Parameters
    ----------
    cells
        From `weight_heatmap.weight_cells`, with columns group and color.
    shown
        Which units and targets these are, for the foot.
    limit
        Colour limit.
    logos
        Unit -> probabilities (4, width); of the most important units as many as fit.
    """
    matrix = cells.pivot(index="target_order", columns="unit_order", values="weight")
    units = cells.drop_duplicates("unit_order").set_index("unit_order").sort_index()
    targets = cells.drop_duplicates("target_order").set_index("target_order").sort_index()
    texts = {_NAMES: targets["target"].tolist(), _LABELS: units["label"].tolist()}
    names = [[fitted(said, room)[text] for text in said] for room, said in texts.items()]
    groups, marks = group_handles(targets, _SIDE - 6), key_handles(cells)
    drawn = units[units["unit"].isin(logos)]
    place = _layout(matrix.shape, names, len(groups), marks, len(drawn))
    figure = new_figure(place["width"], place["height"])
    mesh = draw_cells(figure, place, matrix, limit, names)
    clipped = matrix.clip(-limit, limit).fillna(0)
    above = axes_at(figure, place["left"], 1, place["across"], _TREE)
    draw_tree(above, clipped.T, "top")
    strip = axes_at(figure, 2, place["top"], _STRIP, place["down"])
    draw_strip(strip, targets["color"].tolist())
    mark_matched_cells(mesh.axes, cells, True)
    point_at_units(mesh.axes, cells, True)
    for tick, silent in zip(mesh.axes.get_xticklabels(), units["negligible"]):
        tick.set_color(GREY if silent else BLACK)
    _draw_keys(figure, place, mesh, (groups, marks))
    _draw_logos(figure, place, drawn, logos)
    n_logos = place["columns"] * place["rows"]
    if 0 < n_logos < len(drawn):
        shown += f"; logos of the {n_logos} most important"
    lines = "\n".join(textwrap.wrap(shown, int((place["width"] - 4) / 1.25)))
    text_at(figure, 2, place["said_at"], lines, fontsize=6)
    return figure


def _layout(
    shape: tuple[int, int], names: list, n_groups: int, marks: list, n_logos: int
) -> dict[str, float]:
    """Positions and sizes of the figure's parts, in mm."""
    beside, below = text_width(names[0]) + 2, text_width(names[1]) + 2
    left, top = _STRIP + 3, _TREE + 3
    across = min((PAGE_WIDTH - left - beside - _SIDE - 3) / shape[1], 8.0) * shape[1]
    side = left + across + beside + 3
    width = max(side + _SIDE, COLUMN_WIDTH + 20)
    foot = _KEY_LINE * len(marks) + 11
    room = (MAX_PROPORTION * PAGE_WIDTH - top - below - foot - 2) / shape[0]
    down = float(np.clip(room, _NARROW, _CELL)) * shape[0]
    keys = 15 + (_KEY_LINE * n_groups + 4) * bool(n_groups)
    end = max(top + down + below, 3 + keys)
    place = {"left": left, "top": top, "across": across, "down": down, "side": side, "width": width}
    if down < _SHORT:
        columns = int((width - 4) / _LOGO_WIDTH)
        n_rows = min(-(-n_logos // columns), _MOST_ROWS_OF_LOGOS)
        place |= {"logos_at": end + 2, "columns": columns, "rows": n_rows, "logos_left": 2}
        end += 2 + n_rows * _LOGO_HEIGHT
    else:
        n_rows = int((end - keys - 5) / _LOGO_HEIGHT)
        place |= {"logos_at": 3 + keys, "columns": 1, "rows": n_rows, "logos_left": side}
    return place | {"marks_at": end + 1, "said_at": end + foot - 9, "height": end + foot}


def _draw_keys(figure: Figure, place: dict, mesh, handles: tuple[list, list]) -> None:
    """Right: the scale of colours and the groups. Below: the marks."""
    side, (groups, marks) = place["side"], handles
    colour_bar(figure, axes_at(figure, side + 2, 4, _SIDE - 8, 2.2), mesh)
    text_at(figure, side, 10.5, _SAID, fontsize=6)
    look = {"loc": "upper left", "borderpad": 0, "borderaxespad": 0}
    for entries, left, top in ((groups, side, 18.0), (marks, 2.0, place["marks_at"])):
        if entries:
            at = (left / place["width"], 1 - top / place["height"])
            colours = label_colours(entries)
            figure.legend(handles=entries, bbox_to_anchor=at, labelcolor=colours, **look)


def _draw_logos(
    figure: Figure, place: dict, units: pd.DataFrame, logos: Mapping[int, np.ndarray]
) -> None:
    """The logos of the most important units, in the order of their columns."""
    most = place["columns"] * place["rows"]
    value = units["largest_importance"].fillna(-np.inf)
    units = units.loc[value.sort_values(ascending=False, kind="stable").index[:most]].sort_index()
    names = fitted(units["label"], _LOGO_WIDTH - 2)
    for i, unit in enumerate(units.itertuples()):
        left = place["logos_left"] + _LOGO_WIDTH * (i % place["columns"])
        top = place["logos_at"] + _LOGO_HEIGHT * (i // place["columns"])
        text_at(figure, left, top, names[unit.label], fontsize=6)
        draw_logo(axes_at(figure, left, top + 2.6, _LOGO_WIDTH - 3, 6.4), logos[unit.unit])
