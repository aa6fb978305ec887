"""Bars: the scores of the best PWMs of one TF over assays and methods."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREEN,
    GREY,
    PAGE_WIDTH,
    axes_at,
    message,
    new_figure,
    style,
    text_width,
)

_LINE = 3.0  # mm, one line of a legend
_BAR, _NARROWEST = 8.0, 22.0  # mm, for a bar, for an assay


def assay_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The best PWMs of one TF, ExplaiNN's first within each assay.

    Parameters
    ----------
    scores
        Columns assay, method, kind (explainn, other), motif, value, low, high, n, n_positive,
        scored_on, base_rate.

    Returns
    -------
    DataFrame
        The same with `group` (0, 1, ...: assays in their order, each by what it was scored on) and
        `place` (within the group), ordered by both.
    """
    group = scores.groupby(["assay", "scored_on"], sort=False, dropna=False).ngroup()
    table = scores.assign(group=group, other=scores["kind"] != "explainn")
    table = table.sort_values(["group", "other"], kind="stable").drop(columns="other")
    return table.assign(place=table.groupby("group").cumcount()).reset_index(drop=True)


@style()
def assay_bars(table: pd.DataFrame) -> Figure:
    """A bar for the best PWM of each assay and method, ExplaiNN's green; lines at the base rates.

    Parameters
    ----------
    table
        From `assay_table`.
    """
    if table["value"].isna().all():
        return message("No PWM of any assay has a score: nothing to draw.")
    groups = [rows for _, rows in table.groupby("group")]
    wide = np.array([max(_BAR * len(rows), _NARROWEST) for rows in groups])
    wide *= min(1, (PAGE_WIDTH - 18) / wide.sum())  # mm
    heads = _heads(groups, wide)
    top = 11 + _LINE * (1 + max(head.count("\n") for head in heads))
    methods = fitted(table["method"], 42)
    names = [methods[name] for name in table["method"]]
    below = text_width(names) + 3
    width = max(COLUMN_WIDTH, 18 + wide.sum())
    figure = new_figure(width, top + 50 + below)
    ax = axes_at(figure, 14, top, wide.sum(), 50)
    highest = np.nanmax(table[["value", "high", "base_rate"]].to_numpy(dtype=float))
    ax.set(xlim=(0, wide.sum()), ylim=(0, 1.1 * highest), ylabel="AUPRC of the best PWM")
    starts = np.cumsum(wide) - wide
    at = [_group(ax, *group) for group in zip(groups, heads, starts, wide)]
    ax.set_xticks(np.concatenate(at), names, rotation=90)
    ax.tick_params(axis="x", length=0)
    dashes = {"color": BLACK, "lw": 0.8, "ls": (0, (1, 1.5))}
    handles = [Patch(color=GREEN, label="ExplaiNN"), Patch(color=GREY, label="other methods")]
    if table["low"].notna().any():
        handles.append(Line2D([], [], color=BLACK, lw=0.8, label="bootstrap interval"))
    if table["base_rate"].notna().any():
        handles.append(Line2D([], [], label="base rate (chance)", **dashes))
    figure.legend(handles=handles, loc="upper left", ncols=4 if width > 110 else 2)
    return figure


def _heads(groups: list[pd.DataFrame], widths: np.ndarray) -> list[str]:
    """Each assay, the data that its PWMs were scored on, and how many sequences these have."""
    room, table = widths.min() - 2, pd.concat(groups)
    assays = fitted(table["assay"], room, 3)
    scored_on = fitted(table["scored_on"].dropna(), room - 3, 3)
    heads = []
    for rows in groups:
        assay, on = rows[["assay", "scored_on"]].iloc[0]
        said = [assays[assay], *([f"on {scored_on[on]}"] if pd.notna(on) else [])]
        sizes = sorted({int(n) for n in rows["n"].dropna()})
        if sizes:
            ends = dict.fromkeys((sizes[0], sizes[-1]))
            said.append("n = " + " to ".join(f"{n:,}" for n in ends))
        heads.append("\n".join(said))
    return heads


def _group(ax: Axes, rows: pd.DataFrame, head: str, start: float, width: float) -> np.ndarray:
    """The bars of one assay between two places in mm; gives their middles."""
    each = min(width / len(rows), _BAR)
    at = start + width / 2 + (np.arange(len(rows)) - (len(rows) - 1) / 2) * each
    colours = [GREEN if kind == "explainn" else GREY for kind in rows["kind"]]
    ax.bar(at, rows["value"].fillna(0), width=0.75 * each, color=colours)
    ax.vlines(at, rows["low"], rows["high"], color=BLACK, lw=0.8)
    for x, row in zip(at, rows.itertuples()):
        end = np.nanmax([row.value, row.high, 0])
        said = f"{row.value:.2f}" if np.isfinite(row.value) else "no score"
        turn = 90 if each < 6 or np.isnan(row.value) else 0
        ax.annotate(
            said,
            (x, end),
            (0, 1.5),
            textcoords="offset points",
            ha="center",
            fontsize=6,
            rotation=turn,
        )
    reach = len(rows) * each / 2
    middle = start + width / 2
    ax.hlines(
        rows["base_rate"].mean(),
        middle - reach,
        middle + reach,
        color=BLACK,
        lw=0.8,
        ls=(0, (1, 1.5)),
    )
    ax.annotate(
        head,
        (middle, 1),
        (0, 3),
        ("data", "axes fraction"),
        "offset points",
        ha="center",
        fontsize=6,
    )
    return at
