"""Placing the labels of a figure so that none covers another."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from workflow_lib.figures.style import text_width

_DIRECTIONS = 16
_DISTANCES = (4, 8, 13, 19, 26, 34)  # pt
_LEADER_FROM = 8  # pt


def spread(places: np.ndarray, distance: float, room: float) -> np.ndarray:
    """Move places (n,) apart by at least `distance`, as little as needed, within 0 to `room`.

    Their order is kept. If there is not enough room, they keep the distance and extend below 0.
    """
    order = np.argsort(places, kind="stable")
    # Blocks of touching labels, each centred on the mean of its places.
    blocks: list[list[int]] = []
    centre = []
    for i in order:
        blocks.append([i])
        centre.append(places[i])
        while len(blocks) > 1:
            reach = (len(blocks[-1]) + len(blocks[-2])) / 2 * distance
            if centre[-1] - centre[-2] >= reach:
                break
            last = blocks.pop()
            centre.pop()
            blocks[-1] += last
            centre[-1] = np.mean(places[blocks[-1]])
    moved = np.empty(len(places))
    for block, middle in zip(blocks, centre):
        moved[block] = middle + (np.arange(len(block)) - (len(block) - 1) / 2) * distance
    ranked = moved[order]
    for i in range(len(ranked)):  # off the lower end, then off the upper one
        ranked[i] = max(ranked[i], i * distance)
    for i in reversed(range(len(ranked))):
        ranked[i] = min(ranked[i], room - (len(ranked) - 1 - i) * distance)
    moved[order] = ranked
    return moved


def tick_labels(ax: Axes, numbers: np.ndarray) -> list[str]:
    """Numbers as the labels of a log x axis, without those that would touch another.

    Powers of ten come first, then the ends, then the others in their order.

    Parameters
    ----------
    ax
        Axes at their final place, with their final limits.
    numbers
        Whole numbers (n,), rising.
    """
    low, high = np.log(ax.get_xlim())
    width = ax.get_position().width * ax.figure.get_size_inches()[0] * 25.4
    places = (np.log(numbers) - low) / (high - low) * width
    halves = [text_width([str(n)]) / 2 + 0.4 for n in numbers]  # mm, with room
    ends = (0, len(numbers) - 1)
    order = sorted(
        range(len(numbers)), key=lambda i: (np.log10(numbers[i]) % 1 != 0, i not in ends, i)
    )
    labels = [""] * len(numbers)
    for i in order:
        others = [j for j in range(len(numbers)) if labels[j]]
        if all(abs(places[i] - places[j]) >= halves[i] + halves[j] for j in others):
            labels[i] = str(numbers[i])
    return labels


def log_ticks(low: float, high: float, most: float) -> np.ndarray:
    """Round numbers between two limits of a log axis, so that at most `most` labels fit."""
    decades = np.log10(high / low)
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
        narrowest = np.diff(np.log10([*steps, 10])).min()
        if narrowest / decades * most >= 1:
            break
    thinned = powers[:: int(np.ceil(decades / most))]
    ticks = np.outer(thinned, steps).ravel()
    return ticks[(ticks >= low) & (ticks <= high)]


def label_beside(ax: Axes, named: pd.DataFrame, points: np.ndarray) -> list[str]:
    """Write names beside points, a thin line leading to those that stand further off.

    Each name takes the nearest place (first away from the diagonal) where it covers no point, no
    line to another name and no other text; a name without such a place is left out.

    Parameters
    ----------
    ax
        Axes at their final place, with their final limits.
    named
        Columns x, y, name, colour; the most important first.
    points
        (n, 2): every point of the axes, not to be covered.

    Returns
    -------
    list of str
        The names that were placed.
    """
    scale = ax.figure.dpi / 72  # pixels per pt
    taken = [text.get_window_extent() for text in ax.texts]
    dots, inside, written = ax.transData.transform(points), ax.get_window_extent(), []
    for x, y, name, colour in named.itertuples(index=False):
        start = 0.75 * np.pi if y >= x else -0.25 * np.pi
        angles = start + np.array([(-1) ** i * -(-i // 2) for i in range(_DIRECTIONS)]) * (
            2 * np.pi / _DIRECTIONS
        )
        places = [(d * np.cos(a), d * np.sin(a)) for d in _DISTANCES for a in angles]
        text = ax.annotate(
            name, (x, y), (0, 0), textcoords="offset points", fontsize=6, color=colour,
            ha="center", va="center",
        )  # fmt: skip
        size = text.get_window_extent()
        origin = ax.transData.transform((x, y))
        for dx, dy in places:
            box = _beside(origin, np.array([dx, dy]) * scale, size.width, size.height)
            line = _line(origin, box, scale)
            free = not any(box.overlaps(other) or other.count_contains(line) for other in taken)
            free = free and not box.padded(scale).count_contains(dots)
            if free and inside.contains(*box.min) and inside.contains(*box.max):
                break
        else:
            text.remove()
            continue
        text.set_position((box.min + box.max) / 2 / scale - origin / scale)
        if np.hypot(dx, dy) >= _LEADER_FROM:
            ends = ax.transData.inverted().transform(line[[0, -1]])
            ax.plot(*ends.T, color=colour, lw=0.4, zorder=1)
        taken += [box, *(Bbox([at - scale, at + scale]) for at in line)]
        written.append(name)
    return written


def _beside(origin: np.ndarray, step: np.ndarray, width: float, height: float) -> Bbox:
    """A box whose edge is a `step` away from `origin`, in pixels."""
    direction = step / np.hypot(*step)
    centre = origin + step + direction * (width / 2, height / 2)
    half = np.array([width, height]) / 2
    return Bbox([centre - half, centre + half])


def _line(origin: np.ndarray, box: Bbox, scale: float) -> np.ndarray:
    """Pixels along the line from just beside a point to the box, (k, 2)."""
    end = np.clip(origin, box.min, box.max)
    length = max(np.hypot(*(end - origin)), 1e-9)
    first = min(2 * scale / length, 1)
    return origin + np.linspace(first, 1, max(2, int(length / scale)))[:, None] * (end - origin)
