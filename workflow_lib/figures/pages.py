"""Pages of blocks: sheets for many targets, of which each needs a few lines of text."""

import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from workflow_lib.figures.style import (
    GREY,
    MAX_PROPORTION,
    PAGE_WIDTH,
    new_figure,
    text_at,
    text_width,
)

MARGIN, LINE = 2.0, 3.2  # mm, of a page and for a line of text
_TEXT = 0.97  # of the room: at a screen's resolution letters are wider than in print
ROOM = _TEXT * (PAGE_WIDTH - 2 * MARGIN)  # mm, for text across a page


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


def in_lines(text: str, room: float, size: float = 6, weight: str = "normal") -> list[str]:
    """A sentence in lines of at most `room` mm, broken at spaces; for names see `names.fitted`."""
    letters = max(2, len(text))
    while True:
        lines = textwrap.wrap(text, letters, break_on_hyphens=False)
        if letters <= 2 or text_width(lines, size, weight) <= room:
            return lines
        letters -= 1 + letters // 40


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
        Of the pages, in mm.
    title, said
        At the top of each page, in as many lines as they need.
    blocks
        At least one.
    gap
        Between two blocks, in mm.
    foot
        Left free at the bottom, in mm.
    """
    room = _TEXT * (width - 2 * MARGIN)
    names = in_lines(title, room, 7, "bold")
    for number in ("", " Page 10 of 10."):
        n_lines = len(names) + len(in_lines(said + number, room))
        top = MARGIN + LINE * n_lines + 2
        pages = _spread([b.height for b in blocks], MAX_PROPORTION * width - top - foot, gap)
        if len(pages) == 1:
            break
    figures = []
    for number, page in enumerate(pages, start=1):
        height = sum(blocks[i].height + gap for i in page) - gap
        figure = new_figure(width, top + height + foot + MARGIN)
        text_at(figure, MARGIN, MARGIN, "\n".join(names), fontweight="bold")
        last = f"{said} Page {number} of {len(pages)}." if len(pages) > 1 else said
        lines = "\n".join(in_lines(last, room))
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
