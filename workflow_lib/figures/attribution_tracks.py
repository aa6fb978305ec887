"""Tracks: the letters of example sequences, as high as what each contributes to the output."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workflow_lib.data.tasks import TASKS
from workflow_lib.figures.logos import draw_letters
from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, MARGIN, ROOM, Block, in_lines, sheets
from workflow_lib.figures.style import BLACK, PAGE_WIDTH, axes_at, message, style, text_at
from workflow_lib.sequence import ALPHABET

# Letters in a row: more would be too narrow to read.
_PER_ROW = 125
# In mm: left edge and width of the axes, the widest letter, a track, what is below it, between two
# examples.
_LEFT, _ACROSS, _WIDEST, _TRACK, _BELOW, _GAP = 13.0, 167.0, 2.4, 13.0, 4.5, 2.5


@style()
def attribution_tracks(
    examples: pd.DataFrame, summary: pd.DataFrame, title: str, task: str
) -> list[Figure]:
    """Pages of tracks, one for each example, the targets one after the other.

    Parameters
    ----------
    examples
        Columns target, example, id, region, length, label, output, prediction, position, base,
        contribution; one row per base.
    summary
        Columns target, n_used: how many sequences each target has attributions of.
    title
        What the attributions are of.
    task
        Of the data set, a name in TASKS: whether outputs are values or logits.
    """
    if examples.empty:
        return [message(f"{title}: no target has attributed sequences.")]
    values, n_used = not TASKS[task].binary, summary.set_index("target")["n_used"]
    drawn = [rows for _, rows in examples.groupby(["target", "example"], sort=False)]
    targets = fitted(examples["target"], ROOM, 2, 7, "bold")
    places, blocks = fitted(map(_place, drawn), ROOM, 2), []
    for rows in drawn:
        target = rows["target"].iloc[0]
        name, place = targets[str(target)].split("\n"), places[_place(rows)].split("\n")
        said = [*place, *_said(rows, int(n_used[target]), values)]
        height = LINE * (len(name) + len(said)) + 1 + (_TRACK + _BELOW) * _n_rows(rows)
        blocks.append(Block(height, partial(_example, rows=rows, name=name, said=said)))
    n, of_n = examples["target"].nunique(), int((n_used > 0).sum())
    some = f" of {n} of {of_n} targets" if n < of_n else ""
    of = "the model output" if values else "the logit"
    key = (
        f"Height of a letter: its contribution to {of}; letters below the line lower it. Positions "
        f"count from 1. Drawn are the attributed sequences with the highest outputs{some}."
    )
    return sheets(PAGE_WIDTH, title, key, blocks, _GAP)


def _n_rows(rows: pd.DataFrame) -> int:
    return -(-len(rows) // _PER_ROW)


def _place(rows: pd.DataFrame) -> str:
    """Which sequence it is, and where it lies."""
    first = rows.iloc[0]
    name, region = str(first["id"]), first["region"]
    known = isinstance(region, str) and region.split("(")[0] not in name
    return f"{name}, {region}" if known else name


def _said(rows: pd.DataFrame, n_used: int, values: bool) -> list[str]:
    """What was predicted and measured, and what is drawn, in lines."""
    first = rows.iloc[0]
    known = pd.notna(first["label"])
    if values:
        said = f"model output {first['output']:.3g}"
        said += f", measured {first['label']:.3g}" if known else ", not measured"
    else:
        said = f"predicted probability {first['prediction']:.3g} (logit {first['output']:.3g})"
        said += f", label {first['label']:.0f}" if known else ", label unresolved"
    said = said.replace(" -", " −").replace("(-", "(−")
    if len(rows) < first["length"]:
        start, end = first["position"] + 1, first["position"] + len(rows)
        said += f"; positions {start:,} to {end:,} of {first['length']:,}, the strongest stretch"
    if not np.isfinite(rows["contribution"]).all():
        said += "; contributions that are not finite numbers are left out"
    number = f"no. {first['example']} of {n_used:,} sequences by output"
    return in_lines(f"{number}: {said}", ROOM)


def _example(
    figure: Figure, top: float, rows: pd.DataFrame, name: list[str], said: list[str]
) -> None:
    text_at(figure, MARGIN, top, "\n".join(name), fontweight="bold")
    text_at(figure, MARGIN, top + LINE * len(name), "\n".join(said), fontsize=6)
    top += LINE * (len(name) + len(said)) + 1
    rows = rows.assign(
        contribution=rows["contribution"].where(np.isfinite(rows["contribution"]), 0)
    )
    low, high = min(rows["contribution"].min(), 0), max(rows["contribution"].max(), 0)
    room = 0.05 * (high - low) or 1.0
    n_rows = _n_rows(rows)
    per_row = -(-len(rows) // n_rows)
    for i in range(n_rows):
        part = rows.iloc[i * per_row : (i + 1) * per_row]
        width = min(_ACROSS / per_row, _WIDEST) * len(part)
        ax = axes_at(figure, _LEFT, top + i * (_TRACK + _BELOW), width, _TRACK)
        _track(ax, part)
        ax.set_ylim(low - room, high + room)


def _track(ax: Axes, rows: pd.DataFrame) -> None:
    bases, values = rows["base"].to_numpy(), rows["contribution"].to_numpy(float)
    start, end = int(rows["position"].iloc[0]) + 1, int(rows["position"].iloc[-1]) + 1
    heights = np.array([np.where(bases == letter, values, 0.0) for letter in ALPHABET])
    draw_letters(ax, heights, np.zeros_like(heights), start)
    ax.axhline(0, color=BLACK, lw=0.4, zorder=0)
    ax.set_xlim(start - 0.5, end + 0.5)
    steps = [
        t
        for t in MaxNLocator(12, integer=True, steps=[1, 2, 5, 10]).tick_values(start, end)
        if start <= t <= end
    ]
    ax.set_xticks(steps, [f"{int(t):,}" for t in steps])
    ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=1.5, pad=1)
