"""Marks on the weight heatmap: units that match a target, and negative weights among them."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.transforms import offset_copy

from workflow_lib.figures.style import BLACK, GREY
from workflow_lib.interpret.unit_targets import (
    BY_MODE,
    BY_NAME,
    NEGLIGIBLE,
    UNMEASURED,
    UNUSED,
    USED,
)

_OUTLINES = {BY_NAME: "-", BY_MODE: (0, (1.6, 1.0))}
# Marker and face of the cells with a negative weight for a target that the unit matches.
_MARKS = {UNUSED: ("x", BLACK), USED: ("o", BLACK), UNMEASURED: ("o", "white")}
_SAID = {
    BY_NAME: "the target is among the unit's annotated TFs",
    BY_MODE: "its best match shares the target's binding mode",
    UNUSED: f"negative weight, but |importance| < {NEGLIGIBLE}: not used (arrow)",
    USED: f"negative weight, |importance| ≥ {NEGLIGIBLE}: used (open arrow where no ×)",
    UNMEASURED: "negative weight, no sequence activates the unit (open arrow where no ×)",
}


def mark_matched_cells(ax: Axes, cells: pd.DataFrame, swapped: bool) -> None:
    """Outline the cells of units that match the target; mark those with a negative weight.

    Parameters
    ----------
    ax
        The heatmap, one unit of data per cell.
    cells
        From `weight_heatmap.weight_cells`.
    swapped
        Whether the targets are the rows.
    """
    across, down = ("unit_order", "target_order") if swapped else ("target_order", "unit_order")
    for cell in cells[cells["own"]].itertuples():
        corner, line = (getattr(cell, across), getattr(cell, down)), _OUTLINES[cell.match_type]
        ax.add_patch(Rectangle(corner, 1, 1, fill=False, ec=BLACK, lw=0.7, ls=line, clip_on=False))
    for kind, look in _mark_looks(cells).items():
        marked = cells[cells["negative_weight_status"] == kind]
        ax.plot(marked[across] + 0.5, marked[down] + 0.5, **look)


def point_at_units(ax: Axes, cells: pd.DataFrame, swapped: bool) -> None:
    """Arrowheads beside marked units: full where a weight is not used, else open."""
    unused = set(cells.loc[cells["negative_weight_status"] == UNUSED, "unit_order"])
    others = set(cells.loc[cells["negative_weight_status"].notna(), "unit_order"]) - unused
    place = ax.get_xaxis_transform() if swapped else ax.get_yaxis_transform()
    away = {"x": 0, "y": 3} if swapped else {"x": -3, "y": 0}
    place = offset_copy(place, fig=ax.figure, units="points", **away)
    for units, face in ((unused, BLACK), (others, "white")):
        along, side = [unit + 0.5 for unit in sorted(units)], [float(swapped)] * len(units)
        x, y = (along, side) if swapped else (side, along)
        look = {"marker": "v" if swapped else ">", "mfc": face, "color": BLACK, "ls": ""}
        ax.plot(x, y, ms=3.2, mew=0.5, clip_on=False, transform=place, **look)


def key_handles(cells: pd.DataFrame) -> list[Line2D | Patch]:
    """Legend entries of the outlines, marks and grey names that occur."""
    handles: list[Line2D | Patch] = [
        Patch(fc="none", ec=BLACK, lw=0.7, ls=line, label=_SAID[by])
        for by, line in _OUTLINES.items()
        if (cells["match_type"] == by).any()
    ]
    looks = _mark_looks(cells)
    handles += [Line2D([], [], **look, label=_SAID[kind]) for kind, look in looks.items()]
    return handles + grey_names(cells)


def grey_names(cells: pd.DataFrame) -> list[Line2D]:
    """The legend's entry of units that are important for no target, if there are any."""
    text = f"grey name: |importance| < {NEGLIGIBLE} for every target"
    return [Line2D([], [], ls="", color=GREY, label=text)] if cells["negligible"].any() else []


def label_colours(handles: list[Line2D | Patch]) -> list[str]:
    """Colours of the texts of a legend: grey names are explained in grey."""
    return [h.get_color() if isinstance(h, Line2D) else BLACK for h in handles]


def _mark_looks(cells: pd.DataFrame) -> dict[str, dict]:
    """How the marks that occur are drawn; a white rim keeps them visible on dark cells."""
    rim = [withStroke(linewidth=1.8, foreground="white")]
    shared = {"ls": "", "ms": 3, "mew": 0.7, "color": BLACK, "path_effects": rim}
    return {
        kind: shared | {"marker": marker, "mfc": face}
        for kind, (marker, face) in _MARKS.items()
        if (cells["negative_weight_status"] == kind).any()
    }
