"""A picture of ExplaiNN drawn from the settings of a model."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from workflow_lib.figures.layers_table import layers_table
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PAGE_WIDTH,
    RED,
    axes_at,
    new_figure,
    style,
)

_LETTERS = {"A": GREEN, "C": BLUE, "G": ORANGE, "T": RED}
_HEIGHT = 108.0  # mm, like all places here
_LANES = {1: (49.5,), 2: (36.0, 63.0), 3: (20.0, 46.0, 79.0)}  # middles of the drawn units
_CONV, _POOL, _FC = (33.0, 29.0), (68.0, 28.0), (102.0, 28.0)  # left end and width of the boxes
_OUTPUT, _TARGETS = 137.0, 159.0
_SHADE = "#F3F6FA"


@style()
def schematic(metadata: Mapping[str, object]) -> Figure:
    """Draw the model from left to right: sequence, units side by side, one linear layer, outputs.

    Parameters
    ----------
    metadata
        As for `layers_table`.
    """
    table, h = layers_table(metadata), metadata["hyperparameters"]
    figure = new_figure(PAGE_WIDTH, _HEIGHT)
    ax = axes_at(figure, 0, 0, PAGE_WIDTH, _HEIGHT)
    ax.set(xlim=(0, PAGE_WIDTH), ylim=(_HEIGHT, 0))  # data are mm from the top left corner
    ax.set_axis_off()
    lanes = _lanes(h["units"])
    _draw_input(ax, metadata["length"], list(lanes.values()))
    for unit, y in lanes.items():
        _draw_unit(ax, y, unit, h)
    if h["units"] > len(lanes):
        _dots(ax, _POOL[0] + _POOL[1] / 2, sum(_LANES[3][1:]) / 2)
        _dots(ax, _OUTPUT, sum(_LANES[3][1:]) / 2)
    _draw_targets(ax, list(lanes.values()), list(metadata["target_names"]), h["non_negative"])
    _explain(ax, metadata, table)
    return figure


def _lanes(units: int) -> dict[int, float]:
    """Number of each drawn unit -> the height of its middle; of many the first two and the last."""
    numbers = [*range(min(units, 2)), *([units - 1] if units > 2 else [])]
    return dict(zip(numbers, _LANES[len(numbers)]))


def _box(ax: Axes, place: tuple, y: float, height: float, title: str, lines: str) -> None:
    left, width = place
    ax.add_patch(
        FancyBboxPatch(
            (left, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=1.2",
            fc="white", ec=GREY, lw=0.6,
        )
    )  # fmt: skip
    top = y - height / 2
    ax.text(left + width / 2, top + 1.2, title, ha="center", va="top", fontsize=6.5, weight="bold")
    ax.text(
        left + width / 2, top + height - 1, lines, ha="center", va="bottom", fontsize=6,
        linespacing=1.15,
    )  # fmt: skip


def _arrow(ax: Axes, start: tuple, end: tuple) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 6, "color": GREY, "lw": 0.7}
    ax.annotate("", end, start, arrowprops=look | {"shrinkA": 0, "shrinkB": 0})


def _dots(ax: Axes, x: float, y: float) -> None:
    ax.plot([x] * 3, [y - 2, y, y + 2], "o", color=GREY, ms=2)


def _draw_input(ax: Axes, length: int, lanes: list[float]) -> None:
    """A stretch of one-hot DNA, upright."""
    sequence, side, middle = "GTAAACACTTGCAG", 3.3, sum(_LANES[1])
    top = middle - side * len(sequence) / 2
    for i, letter in enumerate("ACGT"):
        ax.text(10 + side * (i + 0.5), top - 1, letter, ha="center", color=_LETTERS[letter])
    for row, letter in enumerate(sequence):
        y = top + side * row
        ax.text(7.5, y + side / 2, letter, ha="center", va="center", color=_LETTERS[letter])
        for column, base in enumerate("ACGT"):
            face = _LETTERS[letter] if base == letter else "white"
            cell = Rectangle((10 + side * column, y), side, side, fc=face, ec=LIGHT, lw=0.4)
            ax.add_patch(cell)
    bottom = top + side * len(sequence)
    ax.text(10 + side * 2, bottom + 1.2, "⋮", ha="center", va="top", fontsize=8)
    ax.text(10 + side * 2, bottom + 6, f"4 × {length}", ha="center", va="top")
    for y in lanes:
        _arrow(ax, (10 + 4 * side + 1, middle), (_CONV[0] - 3, y))


def _draw_unit(ax: Axes, y: float, unit: int, h: Mapping) -> None:
    """One lane: filter, activation, pooling, fully connected layers, the unit's output."""
    shade = FancyBboxPatch(
        (_CONV[0] - 2.5, y - 12.2), _OUTPUT - _CONV[0] + 6.5, 24.4,
        boxstyle="round,pad=0,rounding_size=2", fc=_SHADE, ec="none",
    )  # fmt: skip
    ax.add_patch(shade)
    ax.text(_CONV[0] - 1, y - 11.4, f"unit {unit}", va="top", fontsize=6.5, color=BLUE)
    y += 1
    both = "both strands, " if h.get("strands", "forward") == "shared" else ""
    _box(ax, _CONV, y, 18, f"1 filter, 4 × {h['filter_size']}", f"{both}batch norm")
    _draw_filter(ax, y, unit, h["filter_size"])
    whole = h["fc_layers"] == 0
    said = "over the whole map" if whole else f"windows of {h['pool_size']}"
    _box(ax, _POOL, y, 18, "exp, max pooling", said)
    _draw_map(ax, _POOL, y, unit, whole)
    _arrow(ax, (sum(_CONV) + 0.6, y), (_POOL[0] - 0.6, y))
    if whole:
        _arrow(ax, (sum(_POOL) + 0.6, y), (_OUTPUT - 3, y))
    else:
        _arrow(ax, (sum(_POOL) + 0.6, y), (_FC[0] - 0.6, y))
        _draw_connected(ax, y, h)
        _arrow(ax, (sum(_FC) + 0.6, y), (_OUTPUT - 3, y))
    ax.add_patch(Circle((_OUTPUT, y), 2.6, fc=BLUE, ec="none"))
    ax.text(_OUTPUT, y, "≥ 0", ha="center", va="center", fontsize=6, color="white")


def _draw_connected(ax: Axes, y: float, h: Mapping) -> None:
    """Fully connected layers as columns of nodes, at most four of them."""
    n, nodes = h["fc_layers"], h["fc_nodes"]
    times = f"{n - 1} × " if n > 2 else ""
    drop = f"drop{'' if times else 'out'} {h['dropout']:g}"
    said = f"{times}{nodes} nodes, {drop}\n" if n > 1 else ""
    _box(ax, _FC, y, 18, f"{n} dense layer" + "s" * (n > 1), f"{said}batch norm, ReLU")
    columns = min(n, 3) + 1  # the pooled map, layers
    at = np.linspace(_FC[0] + 5, sum(_FC) - 5, columns)
    heights = [np.linspace(-2.6, 2.6, 5)] * (columns - 1) + [np.zeros(1)]
    for i, (x, places) in enumerate(zip(at, heights)):
        for place in places:
            for after in heights[i + 1] if i + 1 < columns else ():
                ends = [y - 1.2 + place, y - 1.2 + after]
                ax.plot([x, at[i + 1]], ends, color=LIGHT, lw=0.4, zorder=2)
        face = ORANGE if i == 0 else BLUE
        ax.plot([x] * len(places), y - 1.2 + places, "o", color=face, ms=2.4, zorder=3)
    if n > 3:
        ax.text(
            (at[1] + at[2]) / 2, y - 1.2, "…", ha="center", va="center",
            bbox={"fc": "white", "ec": "none", "pad": 0.3}, zorder=3,
        )  # fmt: skip


def _draw_filter(ax: Axes, y: float, unit: int, size: int) -> None:
    """Weights of a filter as a small heatmap; the numbers are only an illustration."""
    rng = np.random.default_rng(unit + 1)
    n = min(size, 24)
    weights = rng.normal(0, 0.3, (4, n))
    weights[rng.integers(0, 4, n), range(n)] += rng.gamma(1.0, 1.0, n)
    half, middle = min(1.3 * n, _CONV[1] - 4) / 2, _CONV[0] + _CONV[1] / 2
    across, down = np.linspace(middle - half, middle + half, n + 1), np.linspace(-2.6, 2.6, 5)
    ax.pcolormesh(across, y - 0.3 + down, weights, cmap="RdBu_r", vmin=-2, vmax=2, zorder=2)


def _draw_map(ax: Axes, place: tuple, y: float, unit: int, whole: bool) -> None:
    """Activation along the sequence with the maxima that pooling keeps; an illustration."""
    rng = np.random.default_rng(unit + 11)
    x = np.arange(56)
    values = 0.15 * rng.random(56)
    for peak in rng.choice(np.arange(6, 50), 1 + unit % 2, replace=False):
        values += np.exp(-0.5 * ((x - peak) / 1.2) ** 2) * rng.uniform(0.6, 1)
    values /= values.max()
    left, width, floor, height = place[0] + 2.5, place[1] - 5, y + 3.8, 6.6
    ends = [(0, 56)] if whole else [(start, start + 7) for start in range(0, 56, 7)]
    for start, stop in ends:
        top = floor - height * values[start:stop].max()
        span = [left + width * start / 56, left + width * stop / 56]
        ax.fill_between(span, [floor] * 2, [top] * 2, color=ORANGE, alpha=0.45, lw=0)
        ax.plot([span[0]] * 2, [floor, floor - height], color="white", lw=0.5)
    ax.plot(left + width * (x + 0.5) / 56, floor - height * values, color=BLACK, lw=0.6)


def _draw_targets(ax: Axes, lanes: list[float], names: list[str], non_negative: bool) -> None:
    """Every unit joined to every drawn output, coloured by the sign of an example weight."""
    shown = names if len(names) <= 6 else [*names[:4], None, names[-1]]
    middle, half = np.mean(lanes) + 1, min(5.5 * (len(shown) - 1), 30)
    at = np.linspace(middle - half, middle + half, len(shown))
    rng, texts = np.random.default_rng(4), fitted(filter(None, shown), 20, 3, 7)
    for name, y in zip(shown, at):
        if name is None:
            _dots(ax, _TARGETS, y)
            continue
        for lane in lanes:
            weight = abs(rng.normal()) if non_negative else rng.normal()
            ax.plot(
                [_OUTPUT + 2.6, _TARGETS - 1.6], [lane + 1, y], color=RED if weight > 0 else BLUE,
                lw=0.3 + abs(weight), alpha=0.7, solid_capstyle="butt",
            )  # fmt: skip
        ax.add_patch(Circle((_TARGETS, y), 1.6, fc="white", ec=BLACK, lw=0.6))
        ax.text(_TARGETS + 2.8, y, texts[name], va="center")


def _explain(ax: Axes, metadata: Mapping, table: pd.DataFrame) -> None:
    """Headings above and what each part does below."""
    h, n = metadata["hyperparameters"], len(metadata["target_names"])
    units = h["units"]
    heads = (
        (15, "DNA sequence"),
        ((_CONV[0] + _OUTPUT) / 2, f"{units} independent units" if units > 1 else "1 unit"),
        ((_OUTPUT + _TARGETS) / 2 - 0.5, "linear layer"),
        (_TARGETS + 11, f"{n} output{'s' * (n > 1)}"),
    )
    first = _lanes(units)[0]
    ax.text(_OUTPUT, first - 3, "output", ha="center", va="bottom", fontsize=6, color=BLUE)
    for x, text in heads:
        ax.text(x, 1.5, text, ha="center", va="top", fontsize=8, weight="bold")
    signs = "orange weights raise,\nblue lower a prediction"
    if h["non_negative"]:
        signs = "weights raise a\nprediction or are 0"
    connected = "position and strength\nof matches → one value"
    below = (
        (16.6, "one letter per\nposition"),
        (_CONV[0] + _CONV[1] / 2, "what to look for:\none motif"),
        (_POOL[0] + _POOL[1] / 2, "how well, and where,\nthe motif matches"),
        (_FC[0] + _FC[1] / 2, connected if h["fc_layers"] else ""),
        ((_OUTPUT + _TARGETS) / 2 + 5, signs),
    )
    for x, text in below:
        ax.text(x, _HEIGHT - 14.5, text, ha="center", va="top", color=GREY, linespacing=1.2)
    total = int(table["parameters"].sum())
    said = (
        f"output = bias + Σ (unit output × weight), {total:,} parameters; "
        "filters, curves and weights are drawn as examples"
    )
    ax.text(PAGE_WIDTH / 2, _HEIGHT - 2, said, ha="center", va="bottom", fontsize=6.5)
