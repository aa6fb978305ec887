"""Performance and well-predicted sequences by number of units, another model as dashed lines."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, in_lines
from workflow_lib.figures.style import (
    DARK_GREY,
    GREEN,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
)
from workflow_lib.figures.unit_sweep import score_label

_WIDTH, _AXIS, _SIZE, _BELOW = 100.0, 15.0, (68.0, 54.0), 10.0  # mm
_DASHES = (0, (4, 2))


@style()
def sweep_with_counts(
    scores: pd.DataFrame, counts: pd.DataFrame, metric: str, counted: str
) -> Figure:
    """The score on the left axis and the counts on the right one, both over the number of units.

    Parameters
    ----------
    scores, counts
        From `unit_sweep.unit_sweep_table`; without rows in `counts` there is no right axis.
    metric
        Which score it is.
    counted
        What is counted, for the right axis.
    """
    if not (scores["role"] == "sweep").any():
        return message("No model of the sweep over units has a score: nothing to draw.")
    sides = [(scores, GREEN, "o", score_label(metric, int(scores["n_targets"].max())))]
    if (counts["role"] == "sweep").any():
        sides.append((counts, DARK_GREY, "s", counted))
    handles = _legend(sides)
    said = in_lines(_said(pd.concat([side[0] for side in sides])), _WIDTH - 4)
    top = 3 + LINE * len(said) + 4 * -(-len(handles) // 2) + 2
    figure = new_figure(_WIDTH, top + _SIZE[1] + _BELOW)
    text_at(figure, 2, 2, "\n".join(said), fontsize=6)
    height = figure.get_size_inches()[1] * 25.4
    at = (2 / _WIDTH, 1 - (3 + LINE * len(said)) / height)
    look = {"loc": "upper left", "borderpad": 0, "borderaxespad": 0}
    figure.legend(handles=handles, ncols=2, bbox_to_anchor=at, **look)
    left = axes_at(figure, _AXIS, top, *_SIZE)
    for i, (table, colour, marker, label) in enumerate(sides):
        ax = left.twinx() if i else left
        _side(ax, table, colour, marker)
        ax.set_ylabel(label, color=colour)
        ax.tick_params(axis="y", colors=colour)
        ax.spines["right" if i else "left"].set(visible=True, color=colour)
        if i:
            ax.locator_params(axis="y", integer=True)
            ax.yaxis.set_major_formatter("{x:,.0f}")
    if len(sides) > 1:
        left.set_zorder(1)  # the scores over the counts
        left.patch.set_visible(False)
    left.set_xlabel("number of units")
    units = scores["units"].dropna().astype(int)
    room = 0.04 * (units.max() - units.min()) or 1.0
    left.set_xlim(units.min() - room, units.max() + room)
    left.locator_params(axis="x", integer=True)
    return figure


def _side(ax: Axes, table: pd.DataFrame, colour: str, marker: str) -> None:
    """One axis: seeds, means and intervals of the sweep, lines across for the other models."""
    is_sweep = table["role"] == "sweep"
    runs, others = table[is_sweep], table[~is_sweep].drop_duplicates("model")
    models = runs.drop_duplicates("model")
    units = models["units"].astype(int).to_numpy()
    faint = {"ms": 2, "color": colour, "alpha": 0.45, "mew": 0, "clip_on": False}
    ax.plot(runs["units"].astype(int), runs["value"], marker, **faint)
    look = {"color": colour, "lw": 1.1, "mec": "white", "mew": 0.4, "clip_on": False}
    ax.plot(units, models["mean"], f"{marker}-", ms=4, **look)
    ax.vlines(units, models["low"], models["high"], color=colour, lw=1, clip_on=False)
    for other in others.itertuples():
        ax.axhline(other.mean, color=colour, lw=0.9, ls=_DASHES)
        if np.isfinite([other.low, other.high]).all():
            ax.axhspan(other.low, other.high, color=colour, alpha=0.12, lw=0)
    ends = table[["value", "low", "high"]].to_numpy(dtype=float)
    low, high = np.nanmin(ends), np.nanmax(ends)
    room = 0.08 * (high - low) or max(abs(high), 1.0) * 0.05
    ax.set_ylim(low - room, high + room)


def _legend(sides: list) -> list[Line2D]:
    others = _others(sides[0][0])
    names = fitted(others, 34)
    handles: list[Line2D] = []
    for _, colour, marker, label in sides:
        dot = {"marker": marker, "mec": "white", "mew": 0.4, "ms": 4}
        handles.append(Line2D([], [], color=colour, label=label, **dot))
    for name in others:
        for _, colour, _, _ in sides:
            dashed = {"color": colour, "ls": _DASHES, "lw": 0.9}
            handles.append(Line2D([], [], label=names[name], **dashed))
    # Two columns, filled one after the other: the left one is the scores'.
    return handles[:: len(sides)] + handles[1::2] if len(sides) > 1 else handles


def _others(table: pd.DataFrame) -> list[str]:
    """The other models, in their order."""
    return list(dict.fromkeys(table.loc[table["role"] == "baseline", "model"]))


def _said(table: pd.DataFrame) -> str:
    """What the marks are."""
    if table["n_seeds"].max() < 2:
        return "One seed of each model."
    kinds = [kind for kind in dict.fromkeys(table["interval"]) if kind != "none"]
    said = f"Mean of the seeds (small dots: each seed), line: {' or '.join(kinds)}"
    bands = (table["role"] == "baseline").any() and len(kinds)
    return said + ("; bands: the same of the dashed model." if bands else ".")
