"""The common style of all figures, saving them, and shared drawing functions.

Figures are drawn from tidy tables; a function `*_table` picks and orders what is drawn (it is saved
as the figure's source data), the function beside it draws exactly that table. Sizes are in mm,
for a page 183 mm wide, text 6 to 8 pt, colours that colour-blind readers can tell apart.
"""

import os
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache

from matplotlib import style as matplotlib_style
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from PIL import Image

from workflow_lib.files import atomic

PAGE_WIDTH, PAGE_HEIGHT = 183.0, 247.0
COLUMN_WIDTH = 89.0
# Height to width: a taller picture does not fit on a screen.
MAX_PROPORTION = 1.25
MAX_PNG_BYTES = 500_000
BLUE, ORANGE, GREEN, RED, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
SKY, BLACK, GREY, LIGHT = "#56B4E9", "#000000", "#7F7F7F", "#DDDDDD"
DARK_GREEN, PALE_GREEN, DARK_GREY = "#006B4E", "#BFE3D7", "#4D4D4D"
# Okabe and Ito's palette: distinct under the common colour vision deficiencies.
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY)
# What importances and impacts are measured in: logits of labels, else the predicted values.
OUTPUT = "model output"
METRIC_LABELS = {
    "auprc": "AUPRC",
    "auroc": "AUROC",
    "pcc": "Pearson correlation",
    "pcc_per_sequence": "mean PCC over sequences",
    "well_predicted": "well predicted sequences",
}
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same picture on every machine
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6,
    "legend.title_fontsize": 6,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "lines.linewidth": 1.0,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,
    # Names are data: "$x_1$" is not a formula, and an invalid one would be an error.
    "text.parse_math": False,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


def style():
    """The style of all figures: a context manager, also usable as a decorator `@style()`."""
    return matplotlib_style.context(["default", _STYLE])


def new_figure(width: float, height: float, **options) -> Figure:
    """An empty figure, width x height mm; no pyplot, so nothing global is kept."""
    return Figure(figsize=(width / 25.4, height / 25.4), **options)


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in mm, counted from the figure's top left corner."""
    across, down = figure.get_size_inches() * 25.4
    return figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )


def text_at(figure: Figure, left: float, top: float, text: str, **options) -> None:
    """Text whose top left corner lies at a place in mm from the figure's top left corner."""
    across, down = figure.get_size_inches() * 25.4
    figure.text(left / across, 1 - top / down, text, **({"va": "top"} | options))


def settle(figure: Figure) -> None:
    """Compute the layout, if it is not given, and freeze it: every later drawing is the same."""
    if figure.get_layout_engine() is None:
        return
    for _ in range(2):  # the second pass knows the sizes that the first one gave
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(
    figures: Figure | Sequence[Figure], pdf: str | os.PathLike, png: str | os.PathLike
) -> None:
    """Save a figure as PDF and as PNG (300 dpi); of several pages the PNG is the first.

    The files hold no dates, so the same figure gives the same bytes. A PNG above 500 kB is
    reduced to 256 colours.
    """
    pages = [figures] if isinstance(figures, Figure) else list(figures)
    with style():
        for page in pages:
            settle(page)
        with atomic(pdf) as path, PdfPages(path, metadata={"CreationDate": None}) as book:
            for page in pages:
                page.savefig(book, format="pdf")
        with atomic(png) as path:
            pages[0].savefig(path, format="png", dpi=300, metadata={"Software": None})
            if path.stat().st_size > MAX_PNG_BYTES:
                with Image.open(path) as image:
                    small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
                small.save(path, format="png", optimize=True, dpi=(300, 300))


@cache
def _letter_width(letter: str, weight: str) -> float:
    """Width of a letter, with the room around it, as a share of the font's size."""
    font = FontProperties(family="DejaVu Sans", size=100, weight=weight)
    widths = [
        text_to_path.get_text_width_height_descent(text, font, False)[0]
        for text in (f"|{letter}|", "||")
    ]
    return (widths[0] - widths[1]) / 100


def text_width(texts: Iterable[str], size: float = 6, weight: str = "normal") -> float:
    """Width in mm of the widest of some lines of text."""
    widths = (sum(_letter_width(letter, weight) for letter in text) for text in texts)
    return max(widths, default=0) * size * 25.4 / 72


@style()
def message(text: str) -> Figure:
    """A figure with only a message: for results with nothing to draw."""
    for letters in range(64, 20, -4):
        lines = [part for line in text.split("\n") for part in textwrap.wrap(line, letters)]
        if text_width(lines, 7) <= COLUMN_WIDTH - 6:
            break
    figure = new_figure(COLUMN_WIDTH, max(30, 12 + 3.2 * len(lines)))
    figure.text(0.5, 0.5, "\n".join(lines), ha="center", va="center")
    return figure


def colours(names: Iterable) -> dict:
    """One colour per distinct name, in order of appearance; they repeat after eight."""
    distinct = list(dict.fromkeys(names))
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(distinct)}
