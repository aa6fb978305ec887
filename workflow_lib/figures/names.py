"""Names of targets, data sets, models and motifs, as they are drawn: readable and distinct.

A name may have any length, the room for it in a figure has not: there it is wrapped, and shortened
in the middle, since the ends of names tell most. Full names stand in the figure's source data.
"""

import os
from collections.abc import Callable, Iterable

from workflow_lib.figures.style import text_width

_BREAKS = " :;,._-/|+…"  # a line may end after these
_LEGEND_KEY = 9.0  # mm, the handle of a legend's entry with the room around it


def fitted(
    names: Iterable[str], room: float, lines: int = 1, size: float = 6, weight: str = "normal"
) -> dict[str, str]:
    """Names as they are drawn, each in at most so many lines of so many mm.

    Parameters
    ----------
    names
        All names of one kind in the figure: different ones are drawn differently.
    room
        Width of a line in mm; below 10 mm long names may take more.
    lines, size, weight
        Largest number of lines; the font.

    Returns
    -------
    dict
        Name -> text, with line breaks.
    """

    def wrapped(text: str) -> list[str]:
        return _wrapped(text, lambda line: text_width([line], size, weight) <= room)

    def fit(text: str, head: float, before: str = "") -> str:
        return before + _shortened(text, head, lambda t: len(wrapped(before + t)) <= lines)

    distinct = list(dict.fromkeys(map(str, names)))
    drawn = {name: fit(name, 0.5) for name in distinct}
    clashes: list[list[str]] = []
    while (found := _clashes(drawn)) and found != clashes:
        clashes = found
        for group in clashes:
            # From where they differ, with most of the room for what follows.
            start = len(os.path.commonprefix(group))
            drawn |= {name: fit(f"{name[:2]}…{name[start:]}", 0.75) for name in group}
    number = 0
    for name in [name for group in _clashes(drawn) for name in group]:
        others = set(drawn.values())
        while drawn[name] in others:
            number += 1
            drawn[name] = fit(name, 0.5, f"({number}) ")
    return {name: "\n".join(wrapped(text)) for name, text in drawn.items()}


def _clashes(drawn: dict[str, str]) -> list[list[str]]:
    """Groups of names that are drawn the same."""
    groups: dict[str, list[str]] = {}
    for name, text in drawn.items():
        groups.setdefault(text, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _longest(text: str, fits: Callable[[int], bool]) -> int:
    """The largest number of letters, fewer than all, that fits; at least one."""
    low, high = 1, max(len(text) - 1, 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _shortened(text: str, head: float, fits: Callable[[str], bool]) -> str:
    """The longest `head…tail` that fits; the head has this share of the letters."""

    def of(kept: int) -> str:
        first = max(1, round(kept * head))
        return f"{text[:first].rstrip()}…{text[len(text) - kept + first :].lstrip()}"

    return text if fits(text) else of(_longest(text, lambda kept: fits(of(kept))))


def _wrapped(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Lines that fit, broken after a sign between words where there is one."""
    lines = []
    while not fits(text) and len(text) > 1:
        most = _longest(text, lambda n, text=text: fits(text[:n].rstrip()))
        signs = [i for i in range(most // 3, most) if text[i] in _BREAKS]
        end = signs[-1] + 1 if signs else most
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text]


def legend_columns(labels: Iterable[str], room: float) -> int:
    """How many columns of a legend, at least one, fit into so many mm."""
    labels = [line for label in labels for line in label.split("\n")]
    return max(1, int(room / (text_width(labels) + _LEGEND_KEY)))
