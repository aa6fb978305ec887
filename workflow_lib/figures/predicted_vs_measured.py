"""Predictions against measurements of held-out sequences: a panel for each target."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workflow_lib.figures.density import count_norm, count_scale, draw_squares, thinned
from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, MARGIN, Block, in_lines, sheets
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    axes_at,
    message,
    style,
    text_at,
)

_MOST_TARGETS, _COLUMNS = 90, 3
# In mm: a panel and its axes, left of them, below them, the scale of counts.
_PANEL, _AXES, _LEFT, _BELOW, _SCALE = 59.0, 42.0, 14.0, 10.5, 11.0


def scatter_table(
    predictions: pd.DataFrame, labels: pd.DataFrame, metrics: pd.DataFrame
) -> pd.DataFrame:
    """The points of each target, or how many lie in each bin where there are many.

    Parameters
    ----------
    predictions, labels
        Sequences x targets, in the same order; a label may be missing.
    metrics
        Columns target, metric, value: targets are ordered by `pcc`, the highest first, undefined
        ones last. Of more than 90 targets as many are taken, evenly from the best to the worst.

    Returns
    -------
    DataFrame
        target, measured, predicted, n, bin: a sequence (n = 1, bin = 0), or the centre of a square
        bin, its width and the number of sequences in it. A target without measurements has a row
        with n = 0.
    """
    pcc = metrics[metrics["metric"] == "pcc"].drop_duplicates("target").set_index("target")["value"]
    ranked = pcc.reindex(list(labels)).sort_values(ascending=False, kind="stable").index
    few = np.linspace(0, len(ranked) - 1, min(len(ranked), _MOST_TARGETS)).round().astype(int)
    parts = []
    for target in ranked[few]:
        known = np.isfinite(labels[target].to_numpy(float))
        pair = {"measured": labels[target], "predicted": predictions[target]}
        points = pd.DataFrame({name: side.to_numpy(float)[known] for name, side in pair.items()})
        points = thinned(points, "measured", "predicted").assign(target=target)
        if points.empty:
            points = pd.DataFrame({"target": [target], "n": [0], "bin": [0.0]})
        parts.append(points)
    columns = ["target", "measured", "predicted", "n", "bin"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


@style()
def predicted_vs_measured(
    table: pd.DataFrame, metrics: pd.DataFrame, title: str, n_targets: int
) -> list[Figure]:
    """Pages of panels: predictions against measurements, with the line where they are equal.

    Parameters
    ----------
    table
        From `scatter_table`.
    metrics
        Columns target, metric, value, low, high, n: panels name the metric `pcc`.
    title
        What was predicted.
    n_targets
        How many the data set has.
    """
    if not table["n"].any():
        return [message(f"{title}: no target has measurements to compare with.")]
    targets = list(dict.fromkeys(table["target"]))
    columns = min(len(targets), _COLUMNS)
    width = {1: COLUMN_WIDTH, 2: 2 * _PANEL + 2 * MARGIN}.get(columns, PAGE_WIDTH)
    norm = count_norm(table)
    names, blocks = fitted(targets, _PANEL - 3, 5, 7, "bold"), []
    for i in range(0, len(targets), columns):
        row = targets[i : i + columns]
        heads = [(names[target].split("\n"), _scores(target, metrics)) for target in row]
        panels = [table[table["target"] == target] for target in row]
        above = LINE * max(len(name) + len(said) for name, said in heads) + 1
        draw = partial(_row, panels=panels, heads=heads, above=above, norm=norm)
        blocks.append(Block(above + _AXES + _BELOW, draw))
    key = "Line: prediction = measurement. PCC: Pearson correlation with its 95 % interval."
    if len(targets) < n_targets:
        key += f" {len(targets)} of {n_targets} targets, evenly from the best to the worst PCC."
    pages = sheets(width, title, key, blocks, foot=_SCALE if norm else 0)
    if norm:
        for page in pages:
            foot = page.get_size_inches()[1] * 25.4 - _SCALE
            count_scale(page, norm, MARGIN + _LEFT, foot + 3.5)
    return pages


def _scores(target: str, metrics: pd.DataFrame) -> list[str]:
    """A target's correlation and number of sequences, in lines."""
    said = []
    of_target = metrics[(metrics["target"] == target) & (metrics["metric"] == "pcc")]
    for row in of_target.head(1).itertuples():
        said = [f"PCC {row.value:.2f}" if np.isfinite(row.value) else "PCC not defined"]
        if np.isfinite([row.low, row.high]).all():
            said[-1] += f" ({row.low:.2f} to {row.high:.2f})"
        said.append(f"n = {int(row.n):,}")
    text = ", ".join(said).replace("-", "−")
    return in_lines(text, _PANEL - 3)


def _row(
    figure: Figure,
    top: float,
    panels: list[pd.DataFrame],
    heads: list[tuple[list[str], list[str]]],
    above: float,
    norm: LogNorm | None,
) -> None:
    """Panels side by side; their names end at the same height."""
    for i, (rows, (name, said)) in enumerate(zip(panels, heads)):
        left = MARGIN + i * _PANEL
        at = top + above - 1 - LINE * (len(name) + len(said))
        text_at(figure, left, at, "\n".join(name), fontweight="bold")
        text_at(figure, left, at + LINE * len(name), "\n".join(said), fontsize=6)
        ax = axes_at(figure, left + _LEFT, top + above, _AXES, _AXES)
        _panel(ax, rows.dropna(subset=["measured", "predicted"]), norm)
        ax.set_xlabel("measured", labelpad=1)
        if i == 0:
            ax.set_ylabel("predicted", labelpad=1)


def _panel(ax: Axes, rows: pd.DataFrame, norm: LogNorm | None) -> None:
    if rows.empty:
        ax.text(0.5, 0.5, "no measurements", transform=ax.transAxes, ha="center", color=GREY)
        ax.set(xticks=[], yticks=[])
        return
    values, half = rows[["measured", "predicted"]].to_numpy(float), rows["bin"].iloc[0] / 2
    low, high = values.min() - half, values.max() + half
    room = 0.04 * (high - low) or max(abs(low), 1.0) * 0.1
    low, high = low - room, high + room
    ax.plot([low, high], [low, high], color=BLACK, lw=0.6, zorder=0 if norm is None else 3)
    if half:
        draw_squares(ax, rows, ("measured", "predicted"), norm)
    else:
        ax.scatter(*values.T, s=5, color=BLUE, alpha=0.5, lw=0, rasterized=True)
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10], min_n_ticks=3).tick_values(low, high)
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    ax.set(xlim=(low, high), ylim=(low, high), xticks=ticks, yticks=ticks)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")
