"""Effects of two motifs by the distance between them: one fixed, the other moved along."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.pages import LINE, in_lines
from workflow_lib.figures.style import (
    BLACK,
    LIGHT,
    MAX_PROPORTION,
    PAGE_WIDTH,
    axes_at,
    colours,
    message,
    new_figure,
    style,
    text_at,
)

_LEFT, _TOP, _BOTTOM, _RIGHT = 23.0, 15.0, 10.0, 3.0  # mm
_HEIGHT, _GAP = 27.0, 5.0  # mm, of a panel, and between panels
_BEYOND = (0.005, 0.995)  # quantiles of the values that the axis is to hold
KEY = ("column", "fixed", "slid", "position")
# Where fewer backgrounds have a denominator above 0, a ratio is dotted: it turns around below 0.
FEWEST_POSITIVE = 0.95
_DOTTED = (
    "Dotted or hollow: A + B − background is above 0 in fewer than "
    f"{FEWEST_POSITIVE:.0%} of backgrounds; the ratio says nothing there, the excess does."
).replace("%", " %")


class Axis(NamedTuple):
    """What the y axis shows.

    Attributes
    ----------
    column
        Of the table: `ratio` or `excess`; with `_low` and `_high`, the ends of its interval.
    label
        What it is called.
    neutral
        The value without any interaction.
    least
        The smallest range that is drawn.
    band
        Draw the intervals.
    is_ratio
        Dot the curve where `positive_sum` is below FEWEST_POSITIVE.
    """

    column: str
    label: str
    neutral: float
    least: tuple[float, float]
    band: bool
    is_ratio: bool


RATIO = Axis("ratio", "AB / (A + B − background)", 1.0, (0.8, 1.8), False, True)
EXCESS = Axis("excess", "AB − (A + B − background)", 0.0, (-0.1, 0.1), True, False)


def distance_table(
    spacing: pd.DataFrame, columns: Mapping[str, pd.Series], order: Sequence[str] | None = None
) -> pd.DataFrame:
    """The curves of one or more columns of panels.

    Parameters
    ----------
    spacing
        Tables of the experiment `spacing`.
    columns
        Name of a column of panels -> which rows of the table it shows.
    order
        Fixed motifs from top to bottom; None = all, in the table's order.

    Returns
    -------
    DataFrame
        KEY, target, fixed_start, fixed_end, n_backgrounds, ratio and excess with their intervals,
        positive_sum.
    """
    names = [f"{value}{end}" for value in ("ratio", "excess") for end in ("", "_low", "_high")]
    kept = [*KEY, "target", "fixed_start", "fixed_end", "n_backgrounds", *names, "positive_sum"]
    parts = [spacing[rows].assign(column=name) for name, rows in columns.items()]
    if not sum(map(len, parts)):
        return pd.DataFrame(columns=kept)
    table = pd.concat(parts, ignore_index=True)
    shown = list(dict.fromkeys(table["fixed"])) if order is None else list(order)
    table = table[table["fixed"].isin(shown)]
    rank = {name: i for i, name in enumerate(shown)}
    return (
        table[kept]
        .assign(_rank=table["fixed"].map(rank))
        .sort_values(["_rank"], kind="stable")
        .drop(columns="_rank")
        .reset_index(drop=True)
    )


def most_affected(spacing: pd.DataFrame, most: int = 2) -> list[str]:
    """Targets with the largest excess over additivity at any distance, in the table's order."""
    if spacing.empty:  # no motif, and so no columns of experiments
        return []
    size = spacing["excess"].abs().groupby(spacing["target"], sort=False).max()
    chosen = set(size.sort_values(ascending=False, kind="stable").index[:most])
    return [name for name in size.index if name in chosen]


@style()
def distance_curves(table: pd.DataFrame, axis: Axis, title: str, own: Mapping[str, str]) -> Figure:
    """Panels of curves: a row for each fixed motif, a colour for each moved one.

    Parameters
    ----------
    table
        From `distance_table`.
    axis
        RATIO or EXCESS.
    title
        Above all panels.
    own
        Moved motif -> its colour; others get colours of their own.
    """
    if table.empty:
        return message(f"{title}: no two motifs at any distance; nothing to draw.")
    rows, columns = (list(dict.fromkeys(table[name])) for name in ("fixed", "column"))
    motifs = list(dict.fromkeys(table["slid"]))
    of_motif = colours(motifs) | {name: own[name] for name in motifs if name in own}
    names = fitted(motifs, 40)
    width = (PAGE_WIDTH - _LEFT - _RIGHT + _GAP) / len(columns) - _GAP
    across = _LEFT + len(columns) * (width + _GAP) - _GAP + _RIGHT
    titles = in_lines(title, across - 4, 7, "bold")
    marks = ["no interaction", "place of the fixed motif"]
    legend = legend_columns([*names.values(), *marks], across - 4)
    limits = _limits(table, axis)
    said = _said(table, axis, limits, across - 4)
    rows_of_legend = -(-(len(motifs) + len(marks)) // legend)
    top = _TOP + LINE * (len(titles) + len(said) - 2) + 3.5 * rows_of_legend
    room = (MAX_PROPORTION * across - top - _BOTTOM + _GAP) / len(rows) - _GAP
    height = min(_HEIGHT, room)
    beside = fitted([f"{fixed} fixed" for fixed in rows], height, size=7)
    down = top + len(rows) * (height + _GAP) - _GAP + _BOTTOM
    figure = new_figure(across, down)
    text_at(figure, 2, 2, "\n".join(titles), fontweight="bold")
    place = 1 - (2 + LINE * len(titles)) / down
    _legend(figure, {names[m]: of_motif[m] for m in motifs}, "\n".join(said), legend, place)
    for (i, fixed), (j, column) in ((r, c) for r in enumerate(rows) for c in enumerate(columns)):
        place = _LEFT + j * (width + _GAP), top + i * (height + _GAP)
        ax = axes_at(figure, *place, width, height)
        shown = table[(table["fixed"] == fixed) & (table["column"] == column)]
        _panel(ax, shown, axis, of_motif, limits)
        if i == 0:
            ax.set_title(fitted(columns, width, size=7)[column])
        if i == len(rows) - 1:
            ax.set_xlabel("start of the moved motif (bp)")
        ax.tick_params(labelbottom=i == len(rows) - 1, labelleft=j == 0)
        if j == 0:
            ax.set_ylabel(beside[f"{fixed} fixed"], labelpad=2)
    middle = 1 - (top + (down - _BOTTOM - top) / 2) / down
    figure.text(3.5 / across, middle, axis.label, rotation=90, ha="center", va="center")
    return figure


def _meant(table: pd.DataFrame, axis: Axis) -> pd.Series:
    """Where the value says something."""
    return ~(table["positive_sum"] < FEWEST_POSITIVE) | (not axis.is_ratio)


def _said(table: pd.DataFrame, axis: Axis, limits: tuple[float, float], room: float) -> list[str]:
    """What the lines are, in lines."""
    n = "/".join(f"{n:,}" for n in sorted(table["n_backgrounds"].unique()))
    band = axis.band and bool(table[f"{axis.column}_low"].notna().any())
    said = [f"moved motif; median over {n} backgrounds" + ", 95 % interval" * band]
    beyond = ~table[axis.column].between(*limits) & table[axis.column].notna()
    if beyond.any():
        said.append(f"{beyond.sum():,} of {len(table):,} values lie beyond the axis.")
    return said + in_lines(_DOTTED, room) * (not _meant(table, axis).all())


def _legend(
    figure: Figure, motifs: Mapping[str, str], title: str, columns: int, top: float
) -> None:
    handles = [Line2D([], [], color=colour, label=name) for name, colour in motifs.items()]
    handles.append(Line2D([], [], color=BLACK, lw=0.8, label="no interaction"))
    handles.append(Patch(color=LIGHT, label="place of the fixed motif"))
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, top), ncols=columns, title=title,
        alignment="left",
    )  # fmt: skip


def _limits(table: pd.DataFrame, axis: Axis) -> tuple[float, float]:
    """Of the y axis: all but the outermost values, since a ratio may have a denominator near 0."""
    values = table.loc[_meant(table, axis), axis.column]
    known = values.replace([np.inf, -np.inf], np.nan).dropna()
    ends = np.quantile(known, _BEYOND) if len(known) else axis.least
    low, high = min(ends[0], axis.least[0]), max(ends[1], axis.least[1])
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _panel(
    ax: Axes, table: pd.DataFrame, axis: Axis, of_motif: Mapping[str, str],
    limits: tuple[float, float],
) -> None:  # fmt: skip
    ax.set_ylim(*limits)
    ax.axhline(axis.neutral, color=BLACK, lw=0.8, zorder=1)
    for start, end in {tuple(ends) for ends in table[["fixed_start", "fixed_end"]].to_numpy()}:
        ax.axvspan(start, end, color=LIGHT, lw=0, zorder=0)
    for motif, line in table.groupby("slid", sort=False):
        line = _two_sided(line)
        x = line["position"]
        meant = _meant(line, axis)
        if not meant.all():
            _plot(ax, x, line[axis.column].mask(meant), ":", of_motif[motif])
        _plot(ax, x, line[axis.column].where(meant), "-", of_motif[motif])
        if axis.band:
            low, high = line[f"{axis.column}_low"], line[f"{axis.column}_high"]
            ax.fill_between(x, low, high, color=of_motif[motif], alpha=0.2, lw=0)


def _plot(ax: Axes, x: pd.Series, y: pd.Series, line: str, colour: str) -> None:
    """A curve; a value between two gaps is a point."""
    ax.plot(x, y, line, color=colour, lw=0.9)
    alone = y.notna() & y.shift().isna() & y.shift(-1).isna()
    if alone.any():
        inside = "white" if line == ":" else colour
        ax.plot(x[alone], y[alone], ".", color=colour, ms=3, mfc=inside, mew=0.6)


def _two_sided(line: pd.DataFrame) -> pd.DataFrame:
    """A curve by position, with a row of NaN so that no line leads across the fixed motif."""
    line = line.sort_values("position", kind="stable")
    right = line["position"] >= line["fixed_start"]
    between = line[right][:1].assign(**dict.fromkeys(line.select_dtypes("number"), np.nan))
    return pd.concat([line[~right], between, line[right]])
