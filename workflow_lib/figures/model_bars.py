"""Models side by side: a bar for the score of each, dots for its well-predicted sequences."""

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
    GREEN,
    GREY,
    PAGE_WIDTH,
    PALE_GREEN,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
    text_width,
)
from workflow_lib.figures.unit_sweep import score_label, unit_sweep_table

RANDOM, PROFILES, OTHER = "random", "profiles", "other"
_COLOURS = {RANDOM: GREEN, PROFILES: PALE_GREEN, OTHER: GREY}
_SAID = {
    RANDOM: "filters start at random",
    PROFILES: "filters start from known profiles",
    OTHER: "another architecture, or published",
}
_HATCH = "//////"
# In mm: left of the bars, their height, one with its gap, longest names, the narrowest figure.
_AXIS, _HIGH, _WIDE, _NAMES, _LEAST = 14.0, 52.0, 12.0, 34.0, 105.0


class Start(NamedTuple):
    """How the first layer of a model starts.

    Attributes
    ----------
    kind
        RANDOM, PROFILES, or OTHER for published models and those without units.
    frozen
        Whether the filters are kept as they start.
    """

    kind: str
    frozen: bool


def model_bars_table(
    metrics: pd.DataFrame, counts: pd.DataFrame, starts: Mapping[str, Start], metric: str
) -> pd.DataFrame:
    """The scores of models, and how many sequences each predicts well.

    Parameters
    ----------
    metrics
        Columns model, seed, target, metric, value; of one data set.
    counts
        The same of the counts, see `sequence_correlations.well_predicted`; may have no rows.
    starts
        Model -> how it starts, in the order of drawing.
    metric
        Which score to take.

    Returns
    -------
    DataFrame
        One row per model, seed and what is shown (`shown`: score or well_predicted): model, start,
        frozen, seed, value, n_targets, mean, low, high, n_seeds, interval. Models without a score
        are left out.
    """
    parts = []
    for shown, table, name in (("score", metrics, metric), ("well_predicted", counts, None)):
        if len(table):
            rows = unit_sweep_table(table, {}, list(starts), name or table["metric"].iloc[0])
            parts.append(rows.assign(shown=shown))
    table = pd.concat(parts, ignore_index=True)
    start = table["model"].map({model: one.kind for model, one in starts.items()})
    frozen = table["model"].map({model: one.frozen for model, one in starts.items()})
    table = table.assign(start=start, frozen=frozen)
    columns = ["shown", "model", "start", "frozen", "seed", "value", "n_targets"]
    return table[[*columns, "mean", "low", "high", "n_seeds", "interval"]]


@style()
def model_bars(table: pd.DataFrame, metric: str, counted: str) -> Figure:
    """Bars of the scores on the left axis, black dots of the counts on the right one.

    Parameters
    ----------
    table
        From `model_bars_table`.
    metric
        Which score it is.
    counted
        What is counted, for the right axis.
    """
    scores, counts = (table[table["shown"] == name] for name in ("score", "well_predicted"))
    if scores.empty:
        return message("None of the models has a score: nothing to draw.")
    models = scores.drop_duplicates("model")
    names = fitted(models["model"], _NAMES, 2)
    right = _AXIS + 2 if len(counts) else 4.0
    across = min(_WIDE, (PAGE_WIDTH - _AXIS - right) / len(models)) * len(models)
    width = max(_LEAST, _AXIS + across + right)
    handles = _legend(models, counts, counted)
    n_columns = legend_columns([str(h.get_label()) for h in handles], width - 4)
    said = in_lines(_said(table), width - 4)
    top = 3 + LINE * len(said) + 3.6 * -(-len(handles) // n_columns) + 3
    figure = new_figure(width, top + _HIGH + text_width("\n".join(names.values()).split("\n")) + 5)
    text_at(figure, 2, 2, "\n".join(said), fontsize=6)
    at = (2 / width, 1 - (3 + LINE * len(said)) / (figure.get_size_inches()[1] * 25.4))
    look = {"loc": "upper left", "borderpad": 0, "borderaxespad": 0}
    figure.legend(handles=handles, ncols=n_columns, bbox_to_anchor=at, **look)
    ax = axes_at(figure, _AXIS, top, across, _HIGH)
    places = {model: i for i, model in enumerate(models["model"])}
    _bars(ax, models, scores, places)
    ax.set_ylabel(score_label(metric, int(scores["n_targets"].max())))
    ax.set(xlim=(-0.6, len(models) - 0.4))
    ax.set_xticks(range(len(models)), [names[m] for m in models["model"]], rotation=90)
    ax.tick_params(axis="x", length=0)
    if len(counts):
        _dots(ax.twinx(), counts, places, counted)
    return figure


def _bars(ax: Axes, models: pd.DataFrame, runs: pd.DataFrame, places: Mapping[str, int]) -> None:
    for row in models.itertuples():
        ax.bar(
            places[row.model], row.mean, 0.7, color=_COLOURS[row.start], ec=BLACK, lw=0.4,
            hatch=_HATCH if row.frozen else None,
        )  # fmt: skip
    at = models["model"].map(places) - 0.15
    ax.vlines(at, models["low"], models["high"], color=BLACK, lw=0.8)
    several = runs[runs["n_seeds"] > 1]
    at = several["model"].map(places) - 0.15
    ax.plot(at, several["value"], "o", ms=2.2, mfc="white", mec=BLACK, mew=0.5)
    ax.axhline(0, color=BLACK, lw=0.6)
    ends = runs[["value", "mean", "low", "high"]].to_numpy(float)
    low, high = min(0, np.nanmin(ends)), max(0, np.nanmax(ends))
    room = 0.06 * (high - low) or 1.0
    ax.set_ylim(low - room * (low < 0), high + room)


def _dots(ax: Axes, counts: pd.DataFrame, places: Mapping[str, int], counted: str) -> None:
    """The counts' means and their intervals, from zero on an axis of their own."""
    models = counts.drop_duplicates("model")
    at = models["model"].map(places) + 0.15
    ax.vlines(at, models["low"], models["high"], color=BLACK, lw=0.8)
    ax.plot(at, models["mean"], "o", ms=4, color=BLACK, mec="white", mew=0.5)
    high = np.nanmax(counts[["value", "mean", "high"]].to_numpy(float))
    ax.set_ylim(0, 1.06 * high or 1)
    ax.spines["right"].set_visible(True)
    ax.locator_params(axis="y", integer=True)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel(counted)


def _legend(models: pd.DataFrame, counts: pd.DataFrame, counted: str) -> list:
    kinds = [kind for kind in _SAID if (models["start"] == kind).any()]
    handles: list = [Patch(fc=_COLOURS[k], ec=BLACK, lw=0.4, label=_SAID[k]) for k in kinds]
    if models["frozen"].any():
        handles.append(Patch(fc="white", ec=BLACK, lw=0.4, hatch=_HATCH, label="filters frozen"))
    if len(counts):
        look = {"marker": "o", "ls": "", "ms": 4, "color": BLACK}
        handles.append(Line2D([], [], label=f"{counted} (right axis)", **look))
    return handles


def _said(table: pd.DataFrame) -> str:
    """What bars, lines and small dots are."""
    if table["n_seeds"].max() < 2:
        return "One seed of each model."
    kinds: Sequence[str] = [k for k in dict.fromkeys(table["interval"]) if k != "none"]
    return f"Bars: mean of the seeds; white dots: each seed; lines: {' or '.join(kinds)}."
