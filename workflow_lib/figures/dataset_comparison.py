"""Two data sets with the same held-out sequences, compared target by target."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.labels import label_beside
from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT,
    PAGE_WIDTH,
    RED,
    message,
    new_figure,
    settle,
    style,
)


@style()
def same_regions(
    comparison: pd.DataFrame, label_a: str, label_b: str, n_train_a: int, n_train_b: int
) -> Figure:
    """Two data sets on the same test regions: scatter by target, differences with intervals.

    Parameters
    ----------
    comparison
        Columns target, auprc_a, auprc_b, difference (b - a), low, high, n_positive; one row has
        the target `mean`.
    label_a, label_b
        Names of the data sets.
    n_train_a, n_train_b
        Their numbers of training regions.
    """
    mean = comparison[comparison["target"] == "mean"]
    table = comparison[comparison["target"] != "mean"].dropna(subset="difference")
    table = table.sort_values("difference", kind="stable")
    if table.empty:
        return message("No target is scored in both data sets: nothing to compare.")
    listed = table if len(table) <= 60 else pd.concat([table.head(30), table.tail(30)])
    figure = new_figure(PAGE_WIDTH, max(95, 22 + 2.5 * len(listed)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    label_a, label_b = fitted((label_a, label_b), 44).values()
    axis_a, axis_b = (
        textwrap.fill(f"AUPRC, {label} ({n:,} training regions)", 52)
        for label, n in ((label_a, n_train_a), (label_b, n_train_b))
    )
    _gain_scatter(left, table, mean)
    left.set(xlabel=axis_a, ylabel=axis_b)
    names = fitted(table["target"], 34)
    _gain_list(right, listed, mean)
    right.set_yticklabels([names[str(target)] for target in listed["target"]])
    more = "" if len(listed) == len(table) else f"\nthe 30 smallest and largest of {len(table)}"
    pair = textwrap.fill(f"{label_b} minus {label_a}", 44)
    right.set_xlabel(f"{pair}\ndifference in AUPRC, 95 % interval{more}")
    handles = [
        Line2D([], [], ls="", marker="o", ms=4, color=c, label=text)
        for c, text in (
            (RED, f"{label_b} better"), (GREY, "interval includes 0"), (BLUE, f"{label_a} better"),
        )
    ]  # fmt: skip
    columns = legend_columns([handle.get_label() for handle in handles], PAGE_WIDTH - 4)
    figure.legend(handles=handles, loc="outside upper left", ncols=columns)
    settle(figure)  # names are placed last, when the layout is final
    notable = table.reindex(table["difference"].abs().sort_values(ascending=False).index)
    places = ["auprc_a", "auprc_b"]
    named = notable.head(12)[[*places, "target"]]
    named = named.assign(target=named["target"].astype(str).map(names))
    label_beside(
        left, named.assign(colour=_gain_colours(notable.head(12))), table[places].to_numpy(float)
    )
    return figure


def _gain_colours(table: pd.DataFrame) -> list[str]:
    """Red for a gain, blue for a loss, grey where the interval includes 0."""
    return [RED if r.low > 0 else BLUE if r.high < 0 else GREY for r in table.itertuples()]


def _gain_scatter(ax: Axes, table: pd.DataFrame, mean: pd.DataFrame) -> None:
    values = table[["auprc_a", "auprc_b"]].to_numpy(dtype=float)
    low, high = max(0, np.nanmin(values) - 0.05), min(1, np.nanmax(values) + 0.05)
    ax.plot([low, high], [low, high], color=GREY, lw=0.6, zorder=0)
    ax.scatter(table["auprc_a"], table["auprc_b"], s=12, c=_gain_colours(table), ec="white", lw=0.3)
    ax.set(xlim=(low, high), ylim=(low, high))
    ax.set_aspect("equal", anchor="N")
    for row in mean.itertuples():
        said = (
            f"mean of {len(table)} target{'s' * (len(table) > 1)}\n"
            f"{row.auprc_a:.3f} → {row.auprc_b:.3f}\n"
            f"{row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})"
        )
        said = said.replace("-", "−")
        ax.text(0.97, 0.03, said, transform=ax.transAxes, ha="right", va="bottom", linespacing=1.3)


def _gain_list(ax: Axes, table: pd.DataFrame, mean: pd.DataFrame) -> None:
    for y, (row, colour) in enumerate(zip(table.itertuples(), _gain_colours(table))):
        ax.plot([row.low, row.high], [y, y], color=colour, lw=0.8)
        ax.plot(row.difference, y, "o", ms=2.8, color=colour)
    for row in mean.itertuples():
        ax.axvspan(row.low, row.high, color=LIGHT, zorder=0, lw=0)
        ax.axvline(row.difference, color=GREY, lw=0.6, ls=(0, (3, 2)), zorder=0)
    ax.axvline(0, color=BLACK, lw=0.6, zorder=0)
    ax.set_yticks(range(len(table)))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.7, len(table) - 0.3)
