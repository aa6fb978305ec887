"""One model against others, target by target."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.labels import label_beside
from workflow_lib.figures.names import fitted
from workflow_lib.figures.seed_intervals import by_target
from workflow_lib.figures.style import (
    COLUMN_WIDTH,
    DARK_GREY,
    GREEN,
    GREY,
    METRIC_LABELS,
    ORANGE,
    PURPLE,
    SKY,
    message,
    new_figure,
    settle,
    style,
)

# They differ in lightness and shape too; the first two are those of the paper's panel.
_LOOKS = ((GREEN, "o"), (DARK_GREY, "^"), (ORANGE, "s"), (PURPLE, "D"), (SKY, "v"))


def pairwise_table(
    metrics: pd.DataFrame, model: str, others: Sequence[str], metric: str = "auprc"
) -> pd.DataFrame:
    """The scores of one model and of others, target by target.

    Parameters
    ----------
    metrics
        Columns model, seed, target, metric, value, low, high; of one data set.
    model
        On the x axis.
    others
        On the y axis; those without scores are left out.
    metric
        Which score to take.

    Returns
    -------
    DataFrame
        target, model, other, x and y (means over the seeds of each), x_low, x_high, x_seeds,
        x_interval, y_low ... (see `seed_intervals`; of a single seed the bootstrap interval over
        test sequences), difference (y - x); by `others`, then the largest difference first. Targets
        that one side has no score for are left out.
    """
    rows = metrics[(metrics["metric"] == metric) & (metrics["target"].astype(str) != "mean")]
    sides = {name: by_target(rows[rows["model"] == name]) for name in (model, *others)}
    parts = []
    for other in dict.fromkeys(name for name in others if name != model):
        both = sides[model].add_prefix("x").join(sides[other].add_prefix("y"), how="inner")
        both = both.assign(difference=both["y"] - both["x"]).sort_values(
            "difference", key=lambda d: -d.abs(), kind="stable"
        )
        both.insert(0, "model", model)
        both.insert(1, "other", other)
        parts.append(both.rename_axis("target").reset_index())
    columns = ["x", *(f"x_{name}" for name in ("low", "high", "seeds", "interval"))]
    columns += [name.replace("x", "y", 1) for name in columns]
    columns = ["target", "model", "other", *columns, "difference"]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


@style()
def pairwise(table: pd.DataFrame, metric: str = "auprc", named: int = 5) -> Figure:
    """One dot per target, above the diagonal where the other model is better.

    Parameters
    ----------
    table
        From `pairwise_table`.
    metric
        Which score it is.
    named
        How many targets of each other model are named: those that deviate most.
    """
    if table.empty:
        return message("No target has a score of both models: nothing to compare.")
    others = list(dict.fromkeys(table["other"]))
    looks = dict(zip(others, _LOOKS * len(others)))
    names = fitted([*others, *table["model"]], 55)
    said = [_bars(table), *(_count(table, other, names[other]) for other in others)]
    top = 7 + 3 * "\n".join(said).count("\n")
    figure = new_figure(COLUMN_WIDTH, 79 + top)
    ax = figure.add_axes((13 / COLUMN_WIDTH, 11 / (79 + top), 66 / COLUMN_WIDTH, 66 / (79 + top)))
    _limits(ax, table, metric)
    name = METRIC_LABELS.get(metric, metric.replace("_", " "))
    ax.set(xlabel=f"{name}, {names[table['model'].iloc[0]]}", ylabel=f"{name}, other model")
    for other, (colour, marker) in looks.items():
        _dots(ax, table[table["other"] == other], colour, marker)
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="", ms=3.5, label=label)
        for label, (colour, marker) in zip(said[1:], looks.values())
    ]
    figure.legend(handles=handles, loc="upper left", title=said[0], alignment="left")
    settle(figure)
    far = table[table.groupby("other").cumcount() < named]
    far = far.sort_values("difference", key=lambda d: -d.abs(), kind="stable")
    targets = far["target"].astype(str).map(fitted(far["target"], 34))
    far = far[["x", "y"]].assign(target=targets, colour=[looks[o][0] for o in far["other"]])
    label_beside(ax, far, table[["x", "y"]].to_numpy(dtype=float))
    return figure


def _limits(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    """The same limits on both axes, and the diagonal."""
    ends = table[["x", "y", "x_low", "x_high", "y_low", "y_high"]].to_numpy(dtype=float)
    low, high = np.nanmin(ends), np.nanmax(ends)
    if metric in ("auprc", "auroc"):  # a t interval may end beyond what a score can be
        low, high = max(low, 0), min(high, 1)
    room = max(0.05 * (high - low), 0.01)
    ax.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    ax.plot(*[[low - room, high + room]] * 2, color=GREY, lw=0.6, zorder=0)


def _dots(ax: Axes, rows: pd.DataFrame, colour: str, marker: str) -> None:
    thin = {"color": colour, "lw": 0.5, "alpha": 0.35, "zorder": 1}
    ax.hlines(rows["y"], rows["x_low"], rows["x_high"], **thin)
    ax.vlines(rows["x"], rows["y_low"], rows["y_high"], **thin)
    ax.scatter(rows["x"], rows["y"], s=10, c=colour, marker=marker, ec="white", lw=0.3, zorder=2)


def _count(table: pd.DataFrame, other: str, name: str) -> str:
    """`danq: 38 of 50 above the diagonal, 12 below; mean difference +0.021`."""
    d = table.loc[table["other"] == other, "difference"]
    said = f"{(d > 0).sum()} of {len(d)} above the diagonal, {(d < 0).sum()} below"
    mean = f"mean difference {d.mean().round(3) + 0:+.3f}".replace("-", "−")
    return textwrap.fill(f"{name}: {said}; {mean}", 66)


def _bars(table: pd.DataFrame) -> str:
    """Which intervals the thin lines are, and over how many seeds the means."""
    seeds = sorted({int(n) for n in table[["x_seeds", "y_seeds"]].to_numpy().ravel()})
    kinds = dict.fromkeys([*table["x_interval"], *table["y_interval"]])
    n = " to ".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    means = "One seed" if seeds == [1] else f"Means of {n} seeds"
    return textwrap.fill(f"{means}; thin lines: {' or '.join(kinds)}", 65)
