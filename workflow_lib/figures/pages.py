"""Sheets for long names and many rows: text in lines that fit, blocks spread over pages."""

import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from workflow_lib.figures.style import GREY, message, new_figure, text_at, text_width

MARGIN, LINE = 2.0, 3.2  # mm, of a page and for a line of text
BOLD = 7.9  # pt: what bold text of 7 pt takes, as plain text
_HIGHEST = 1.25  # of a page's width: higher pictures do not fit on the screen


class Block(NamedTuple):
    """A part of a sheet that stays on one page.

    Attributes
    ----------
    height
        In mm.
    draw
        f(figure, top): draws it `top` mm below the upper edge.
    """

    height: float
    draw: Callable[[Figure, float], None]


def wrapped(text: str, room: float, size: float = 6, most: int = 3) -> list[str]:
    """A text in lines that are at most `room` mm wide.

    Parameters
    ----------
    text
        Broken at spaces, and within a word that is longer than a line.
    room
        Width in mm.
    size
        Of the font, in pt; BOLD for bold text of 7 pt.
    most
        Largest number of lines; what does not fit is left out, and a … says so.

    Returns
    -------
    list of str
        Empty for an empty text.
    """
    width = text_width([text], size)
    # What the letters of this text take on average; those of a line may be wider.
    letters = max(2, int(1.1 * room * len(text) / width)) if width else 2
    while True:
        lines = textwrap.wrap(text, letters)
        if len(lines) > most:  # textwrap's own placeholder takes the place of a whole word
            lines = [*lines[: most - 1], lines[most - 1][: letters - 1].rstrip() + "…"]
        if letters <= 2 or text_width(lines, size) <= room:
            return lines
        letters -= 1 + letters // 40


def nothing(text: str) -> Figure:
    """A figure with only a message, of any length."""
    return message("\n".join(wrapped(text, 80, 7, 6)))


def sheets(
    width: float,
    title: str,
    said: str,
    blocks: Sequence[Block],
    gap: float = 0.0,
    foot: float = 0.0,
) -> list[Figure]:
    """Pages with a title, what is said of all blocks, and the blocks below one another.

    Parameters
    ----------
    width
        Of the pages, in mm; they are at most 1.25 times as high.
    title, said
        At the top of each page, in as many lines as they need.
    blocks
        At least one.
    gap
        Between two blocks, in mm.
    foot
        Left free at the bottom, in mm.
    """
    room = width - 2 * MARGIN
    names = wrapped(title, room, BOLD, 6)
    for number in ("", " Page 10 of 10."):
        n_lines = len(wrapped(said + number, room, most=8))
        top = MARGIN + LINE * (len(names) + n_lines) + 2
        pages = _spread([block.height for block in blocks], _HIGHEST * width - top - foot, gap)
        if len(pages) == 1:
            break
    figures = []
    for number, page in enumerate(pages, start=1):
        height = sum(blocks[i].height + gap for i in page) - gap
        figure = new_figure(width, top + height + foot + MARGIN)
        text_at(figure, MARGIN, MARGIN, "\n".join(names), fontweight="bold")
        last = f"{said} Page {number} of {len(pages)}." if len(pages) > 1 else said
        lines = "\n".join(wrapped(last, room, most=8))
        text_at(figure, MARGIN, MARGIN + LINE * len(names), lines, fontsize=6, color=GREY)
        below = top
        for i in page:
            blocks[i].draw(figure, below)
            below += blocks[i].height + gap
        figures.append(figure)
    return figures


def _spread(heights: Sequence[float], room: float, gap: float) -> list[list[int]]:
    """The numbers of the blocks on each page, in their order, as many on each as fit."""
    pages: list[list[int]] = []
    used = 0.0
    for number, height in enumerate(heights):
        if not pages or used + gap + height > room - MARGIN:
            pages.append([])
            used = -gap
        pages[-1].append(number)
        used += gap + height
    return pages
