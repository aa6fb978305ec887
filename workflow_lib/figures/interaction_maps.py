"""Maps: how the effects of each two positions of a sequence depend on each other."""

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workflow_lib.data.tasks import TASKS
from workflow_lib.figures.logos import draw_letters
from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, MARGIN, ROOM, Block, in_lines, sheets
from workflow_lib.figures.style import (
    BLACK,
    DARK_GREY,
    LIGHT,
    OUTPUT,
    PAGE_WIDTH,
    axes_at,
    message,
    style,
    text_at,
)
from workflow_lib.interpret.interaction_file import Example
from workflow_lib.interpret.units import unit_label
from workflow_lib.sequence import ALPHABET

COLUMNS = (
    "target", "example", "id", "length", "output", "position_1", "base_1", "position_2", "base_2",
    "interaction", "contribution",
)  # fmt: skip
# In mm: left edge of the map, its side, the tracks, between them, what is right of it, its width.
_LEFT, _SIDE, _TRACK, _GAP, _RIGHT, _LIST = 13.0, 100.0, 12.0, 2.0, 133.0, 46.0
_LISTED = 10  # pairs


def map_table(examples: Iterable[Example], most_targets: int, most_positions: int) -> pd.DataFrame:
    """What is drawn: the stretch of each sequence that interacts most.

    Parameters
    ----------
    examples
        From `interaction_file.read`.
    most_targets
        The first ones.
    most_positions
        Of a longer sequence the stretch of this length with the largest sum of absolute
        interactions within it.

    Returns
    -------
    DataFrame
        COLUMNS, a row for each two positions (from 0), the first not behind the second. The
        `contribution` is a base's own and stands where both positions are the same.
    """
    parts, targets = [], set()
    for one in examples:
        if one.number not in targets and len(targets) == most_targets:
            continue
        targets.add(one.number)
        start, stop = _stretch(one.found.positions, most_positions)
        rows, columns = (start + places for places in np.triu_indices(stop - start))
        bases, own = np.array([*ALPHABET, "N"])[one.codes], one.found.contributions
        table = {
            "target": one.target, "example": one.example, "id": one.id, "length": len(one.codes),
            "output": one.output, "position_1": rows, "base_1": bases[rows],
            "position_2": columns, "base_2": bases[columns],
            "interaction": one.found.positions[rows, columns],
            "contribution": np.where(rows == columns, own[rows], np.nan),
        }  # fmt: skip
        parts.append(pd.DataFrame(table))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _stretch(positions: np.ndarray, length: int) -> tuple[int, int]:
    """Start and end of the square along the diagonal with the largest absolute sum off it."""
    n = len(positions)
    if n <= length:
        return 0, n
    sizes = np.abs(positions).astype(np.float64)
    np.fill_diagonal(sizes, 0)
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = sizes.cumsum(axis=0).cumsum(axis=1)
    a, b = np.arange(n - length + 1), np.arange(length, n + 1)
    start = int(np.argmax(sums[b, b] - sums[a, b] - sums[b, a] + sums[a, a]))
    return start, start + length


@style()
def interaction_maps(
    table: pd.DataFrame, pairs: pd.DataFrame, names: Mapping[int, list[str]], title: str, task: str
) -> list[Figure]:
    """Pages of maps, one for each example, the targets one after the other.

    Parameters
    ----------
    table
        From `map_table`.
    pairs
        Columns target, example, position_1, base_1, to_1, position_2, base_2, to_2, interaction,
        unit, unit_interaction: the strongest pairs of each example, listed beside its map.
    names
        Unit -> the TFs that its filter resembles.
    title
        What the interactions are of.
    task
        Of the data set, a name in TASKS: whether outputs are values or logits.
    """
    if table.empty:
        return [message(f"{title}: no target has sequences whose interactions were measured.")]
    of = OUTPUT if not TASKS[task].binary else "logit"
    drawn = [rows for _, rows in table.groupby(["target", "example"], sort=False)]
    called = [f"{rows['target'].iloc[0]}: {rows['id'].iloc[0]}" for rows in drawn]
    fit, blocks = fitted(called, ROOM, 2, 7, "bold"), []
    for rows, name in zip(drawn, called):
        first = rows.iloc[0]
        listed = pairs[pairs["target"] == first["target"]]
        listed = listed[listed["example"] == first["example"]]
        heads, said = fit[name].split("\n"), in_lines(_said(rows, of), ROOM)
        height = LINE * (len(heads) + len(said)) + 2 + _TRACK + _GAP + _SIDE + 8
        lines = _lines(listed.head(_LISTED), names)
        draw = partial(_example, rows=rows, heads=heads, said=said, lines=lines, of=of)
        blocks.append(Block(height, draw))
    key = (
        f"Colour: how the effects of two bases on the {of} depend on each other; of several "
        "substitutions what is furthest from 0. Tracks: what each base contributes alone. "
        "Positions count from 1."
    )
    return sheets(PAGE_WIDTH, title, key, blocks, 4)


def _said(rows: pd.DataFrame, of: str) -> str:
    first = rows.iloc[0]
    said = f"{of} {first['output']:.3g}".replace(" -", " −")
    start, stop = rows["position_1"].min(), rows["position_1"].max() + 1
    if stop - start < first["length"]:
        said += f"; positions {start + 1:,} to {stop:,} of {first['length']:,}, the stretch that "
        said += "interacts most"
    return said


def _lines(pairs: pd.DataFrame, names: Mapping[int, list[str]]) -> list[tuple[str, str]]:
    """Each listed pair, and the unit that contributes most to it, if units are known."""
    lines = []
    for row in pairs.itertuples():
        changes = [
            f"{base}{position + 1}{to if isinstance(to, str) else ''}"
            for base, position, to in (
                (row.base_1, row.position_1, row.to_1), (row.base_2, row.position_2, row.to_2),
            )
        ]  # fmt: skip
        pair = f"{changes[0]}, {changes[1]}: {row.interaction:+.3g}".replace("-", "−")
        unit = ""
        if row.unit >= 0:
            share = f"{row.unit_interaction:+.3g}".replace("-", "−")
            unit = f"{unit_label(row.unit, dict(names))} {share}"
        lines.append((pair, unit))
    return lines


def _example(
    figure: Figure, top: float, rows: pd.DataFrame, heads: list[str], said: list[str],
    lines: list[tuple[str, str]], of: str,
) -> None:  # fmt: skip
    text_at(figure, MARGIN, top, "\n".join(heads), fontweight="bold")
    text_at(figure, MARGIN, top + LINE * len(heads), "\n".join(said), fontsize=6)
    top += LINE * (len(heads) + len(said)) + 2
    own = rows[rows["position_1"] == rows["position_2"]]
    start, n = int(own["position_1"].iloc[0]) + 1, len(own)
    ends = (start - 0.5, start + n - 0.5)
    _track(axes_at(figure, _LEFT, top, _SIDE, _TRACK), own, ends)
    top += _TRACK + _GAP
    ax = axes_at(figure, _LEFT, top, _SIDE, _SIDE)
    matrix = np.full((n, n), np.nan)
    at = rows[["position_1", "position_2"]].to_numpy() - (start - 1)
    matrix[at[:, 0], at[:, 1]] = matrix[at[:, 1], at[:, 0]] = rows["interaction"]
    np.fill_diagonal(matrix, np.nan)
    sizes = np.abs(matrix[np.isfinite(matrix)])
    limit = sizes.max(initial=0) or 1.0
    colours = colormaps["RdBu_r"].with_extremes(bad=LIGHT)
    image = ax.imshow(
        matrix, cmap=colours, norm=Normalize(-limit, limit), extent=(*ends, *ends[::-1]),
        interpolation="nearest", aspect="auto",
    )  # fmt: skip
    steps = _steps(start, start + n - 1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(steps, [f"{step:,}" for step in steps])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=1.5, pad=1)
    ax.set_xlabel("position", labelpad=1)
    _profile(axes_at(figure, _LEFT + _SIDE + _GAP, top, _TRACK, _SIDE), own, ends)
    bar = axes_at(figure, _RIGHT, top + 4, 40, 2.5)
    figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[-limit, 0, limit])
    bar.set_xticklabels([f"{value:.2g}".replace("-", "−") for value in (-limit, 0, limit)])
    bar.set_title(f"interaction ({of})", fontsize=6, pad=2)
    bar.tick_params(length=1.5)
    _list(figure, top + 14, lines)


def _list(figure: Figure, top: float, lines: list[tuple[str, str]]) -> None:
    if not lines:
        return
    text_at(figure, _RIGHT, top, "Pairs that interact most", fontsize=6, fontweight="bold")
    fit = fitted([unit for _, unit in lines], _LIST - 3)
    for pair, unit in lines:
        top += LINE + 0.6
        text_at(figure, _RIGHT, top, pair, fontsize=6)
        if unit:
            top += LINE
            text_at(figure, _RIGHT + 2, top, fit[unit], fontsize=6, color=DARK_GREY)


def _steps(start: int, stop: int) -> list[int]:
    places = MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]).tick_values(start, stop)
    return [int(step) for step in places if start <= step <= stop]


def _finite(own: pd.DataFrame) -> tuple[np.ndarray, tuple[float, float]]:
    """The contributions, those that are no numbers as 0, and the ends of their axis."""
    values = own["contribution"].to_numpy(float)
    values = np.where(np.isfinite(values), values, 0)
    low, high = min(values.min(), 0), max(values.max(), 0)
    room = 0.05 * (high - low) or 1.0
    return values, (low - room, high + room)


def _track(ax: Axes, own: pd.DataFrame, ends: tuple[float, float]) -> None:
    """Letters as high as the contributions, above the columns of the map."""
    values, limits = _finite(own)
    bases = own["base_1"].to_numpy()
    heights = np.array([np.where(bases == letter, values, 0.0) for letter in ALPHABET])
    draw_letters(ax, heights, np.zeros_like(heights), ends[0] + 0.5)
    ax.axhline(0, color=BLACK, lw=0.4, zorder=0)
    ax.set(xlim=ends, ylim=limits, xticks=[])
    ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.spines["bottom"].set_visible(False)


def _profile(ax: Axes, own: pd.DataFrame, ends: tuple[float, float]) -> None:
    """The same contributions as bars, beside the rows of the map."""
    values, limits = _finite(own)
    places = ends[0] + 0.5 + np.arange(len(values))
    ax.barh(places, values, height=0.9, color=DARK_GREY, lw=0)
    ax.axvline(0, color=BLACK, lw=0.4)
    ax.set(xlim=limits, ylim=ends[::-1], yticks=[])
    ax.xaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.spines["left"].set_visible(False)
    ax.tick_params(length=1.5, pad=1)
