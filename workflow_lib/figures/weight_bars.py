"""Bars of the units: those of a model with one target, and those of the weight heatmap."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    GREY,
    OUTPUT,
    RED,
    axes_at,
    new_figure,
    style,
    text_at,
    text_width,
)
from workflow_lib.figures.weight_heatmap_marks import grey_names, label_colours

_PITCH, _BARS, _TOP = 3.2, 60.0, 8.0  # mm: a row, the width of a panel, above the rows


@style()
def weight_bars(cells: pd.DataFrame, shown: str) -> Figure:
    """Two bars a unit, most important unit first: its output weight and its importance.

    Parameters
    ----------
    cells
        From `weight_heatmap.weight_cells`, of one target.
    shown
        Which units these are, for the foot.
    """
    rows = cells.sort_values("unit_order")
    names = fitted(rows["label"], 40)
    left = text_width(names.values()) + 4
    width, down = left + 2 * _BARS + 9, _PITCH * len(rows)
    handles = _key(rows)
    foot = textwrap.wrap(shown, int((width - 4) / 1.15))
    height = _TOP + down + 13 + 3.4 * len(handles) + 2.6 * len(foot)
    figure = new_figure(width, height)
    target = rows["target"].iloc[0]
    head = fitted([target], width - 4, size=7, weight="bold")[target]
    text_at(figure, 2, 2, head, fontweight="bold")
    panels = (("weight", "output weight"), ("importance", f"importance ({OUTPUT})"))
    for i, (column, said) in enumerate(panels):
        ax = axes_at(figure, left + i * (_BARS + 5), _TOP, _BARS, down)
        values = rows[column].fillna(0)
        bars = ax.barh(
            np.arange(len(rows)), values, height=0.75, color=np.where(values > 0, RED, BLUE)
        )
        for bar, own in zip(bars, rows["own"]):
            bar.set(ec=BLACK if own else "none", lw=0.7)
        ax.axvline(0, color=BLACK, lw=0.6)
        ax.set(ylim=(len(rows) - 0.4, -0.6), yticks=[], xlabel=said)
        ax.spines["left"].set_visible(False)
        ax.locator_params(axis="x", nbins=5)
    ax = figure.axes[0]
    ax.set_yticks(range(len(rows)), [names[label] for label in rows["label"]])
    ax.tick_params(axis="y", length=0)
    for tick, silent in zip(ax.get_yticklabels(), rows["negligible"]):
        tick.set_color(GREY if silent else BLACK)
    text_at(figure, 2, height - 1 - 2.6 * len(foot), "\n".join(foot), fontsize=6)
    place = (0, (2 + 2.6 * len(foot)) / height)
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=place, borderaxespad=0,
        labelcolor=label_colours(handles),
    )  # fmt: skip
    return figure


def _key(rows: pd.DataFrame) -> list[Patch | Line2D]:
    handles: list[Patch | Line2D] = [
        Patch(color=RED, lw=0, label="raises the prediction"),
        Patch(color=BLUE, lw=0, label="lowers the prediction"),
    ]
    if rows["own"].any():
        said = "the target is among the unit's annotated TFs, or shares its binding mode"
        handles.append(Patch(fc="none", ec=BLACK, lw=0.7, label=said))
    return handles + grey_names(rows)


def importance_bars(figure: Figure, place: dict, largest: pd.Series, side: str) -> None:
    """Draw the largest importance of each unit of a heatmap.

    Parameters
    ----------
    figure, place
        The heatmap, and the places of its parts in mm.
    largest
        By unit, in order of drawing.
    side
        `beside` the rows, or `below` the columns.
    """
    said = f"largest\nimportance\n({OUTPUT})"
    if side == "below":
        ax = axes_at(figure, place["left"], place["under_at"] + 1, place["across"], 13)
        ax.bar(np.arange(len(largest)) + 0.5, largest, width=0.75, color=GREY)
        ax.axhline(0, color=BLACK, lw=0.6)
        ax.set(xlim=(0, len(largest)), xticks=[])
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.spines["right"].set_visible(True)
        ax.yaxis.tick_right()
        ax.locator_params(axis="y", nbins=3)
        text_at(
            figure, place["left"] + place["across"] + 10, place["under_at"] + 4, said, fontsize=6
        )
        return
    ax = axes_at(figure, place["bars_at"], place["top"], place["bar"], place["down"])
    ax.barh(np.arange(len(largest)) + 0.5, largest, height=0.75, color=GREY)
    ax.axvline(0, color=BLACK, lw=0.6)
    ax.set_ylim(len(largest), 0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="x", nbins=3)
    ax.set_xlabel(said, fontsize=6)
