"""Sequence logos: single ones, sheets of filters, planted motifs beside recovered filters."""

import textwrap
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    OUTPUT,
    PAGE_WIDTH,
    RED,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
)
from workflow_lib.interpret.units import largest_importance, unit_names, unit_numbers
from workflow_lib.motif import information

# The usual logo colours (A green, C blue, G yellow, T red) in Okabe and Ito's shades.
LETTER_COLOURS = {"A": GREEN, "C": BLUE, "G": ORANGE, "T": RED}
_LETTER_WIDTH = 0.95  # of a position
_SHEET_ROWS, _SHEET_COLUMNS = 4, 5  # not taller than a screen
_CELL, _SHEET_HEAD = 29.4, 15.5  # mm, a cell of the sheet and what is above the cells
_FEW_SITES = 10  # with fewer, letters are high by chance
_SHEET_KEY = (
    "q: best match to a known motif, with up to five names. Below each logo: the target that the "
    "unit raises most (orange) and the one\nthat it lowers most (blue), with the importance "
    f"(median, in units of the {OUTPUT}), and the number of sites (pale: fewer than {_FEW_SITES}, "
    "too few\nto trust). Forward strand, as learned."
)


def letter_heights(probabilities: np.ndarray) -> np.ndarray:
    """Letter heights of a logo in bits, (4, width): probability x information of the position."""
    return np.asarray(probabilities, dtype=float) * information(probabilities)


@cache
def _letter(letter: str) -> Path:
    """The outline of a letter, stretched to the square from (-0.5, 0) to (0.5, 1)."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    outline = TextPath((0, 0), letter, size=1, prop=font)
    box = outline.get_extents()  # of the curves; their control points lie further out
    return Path((outline.vertices - box.min) / box.size - (0.5, 0), outline.codes)


def draw_letters(ax: Axes, heights: np.ndarray, bottoms: np.ndarray, start: int = 0) -> None:
    """Draw letters of given heights (4, width), one position after the other from x = `start`.

    A letter of negative height hangs upside down from its bottom. One path per letter of the
    alphabet: with one per position, as logomaker draws, a sheet of 100 filters takes ten times as
    long.
    """
    for letter, sizes, lows in zip("ACGT", heights, bottoms):
        places = [
            _letter(letter).transformed(
                Affine2D().scale(_LETTER_WIDTH, sizes[i]).translate(start + i, lows[i])
            )
            for i in np.flatnonzero(sizes)
        ]
        if places:
            outlines = Path.make_compound_path(*places)
            # Not add_patch(), which measures every curve to find limits that are given here.
            ax.add_artist(PathPatch(outlines, facecolor=LETTER_COLOURS[letter], linewidth=0))


def draw_logo(ax: Axes, probabilities: np.ndarray, start: int = 0) -> None:
    """Draw a logo, 0 to 2 bits, with its first position at x = `start`, largest letters on top."""
    heights = letter_heights(probabilities)
    heights[heights < 0.03] = 0  # invisible in print
    order = np.argsort(heights, axis=0, kind="stable")
    bottoms = np.empty_like(heights)
    stacked = np.take_along_axis(heights, order, axis=0).cumsum(axis=0)
    np.put_along_axis(bottoms, order, stacked, axis=0)
    ax.spines[:].set_visible(False)
    draw_letters(ax, heights, bottoms - heights, start)
    ax.axhline(0, color=GREY, lw=0.4, zorder=0)
    ax.set(xlim=(start - 0.6, start + heights.shape[1] - 0.4), ylim=(0, 2.05), xticks=[], yticks=[])


def bit_axis(ax: Axes) -> None:
    """Show the scale of a logo."""
    ax.spines["left"].set_visible(True)
    ax.set_yticks([0, 1, 2], ["0", "", "2"])
    ax.set_ylabel("bits", fontsize=6, labelpad=1)


def filter_table(
    filters: pd.DataFrame, annotation: pd.DataFrame, importance: pd.DataFrame
) -> pd.DataFrame:
    """The content of a filter sheet: one row per unit, the most important first.

    Parameters
    ----------
    filters
        Columns unit, n_sites.
    annotation
        Columns unit, name, q_value.
    importance
        Columns unit, target, importance.

    Returns
    -------
    DataFrame
        unit, n_sites, names (up to five, comma list), q_value (best), importance (its largest, see
        `largest_importance`) and target (of that importance), lowest and lowest_target (the
        importance furthest below zero, if that is another one). Units without a site come last.
    """
    table = filters.assign(unit=unit_numbers(filters["unit"]))[["unit", "n_sites"]]
    names = unit_names(annotation, 5)
    best = annotation.assign(unit=unit_numbers(annotation["unit"])).groupby("unit")["q_value"].min()
    largest = largest_importance(importance)[["unit", "importance", "target"]]
    largest["rank"] = range(len(largest))
    table = table.merge(largest, how="left", on="unit").merge(_lowest(importance), "left", "unit")
    same = table["target"] == table["lowest_target"]
    table = table.assign(**table[["lowest", "lowest_target"]].mask(same))
    table["names"] = [", ".join(names.get(unit, [])) for unit in table["unit"]]
    table["q_value"] = table["unit"].map(best)
    table["n_sites"] = table["n_sites"].fillna(0).astype(int)
    table = table.assign(silent=table["n_sites"] == 0).sort_values(["silent", "rank", "unit"])
    return table.drop(columns=["silent", "rank"]).reset_index(drop=True)


def _lowest(importance: pd.DataFrame) -> pd.DataFrame:
    """Per unit the lowest importance below zero and its target, in lowest and lowest_target."""
    table = importance.assign(unit=unit_numbers(importance["unit"]))
    table = table[table["importance"] < 0].sort_values("importance", kind="stable")
    table = table.drop_duplicates("unit")[["unit", "importance", "target"]]
    return table.set_axis(["unit", "lowest", "lowest_target"], axis=1)


@style()
def filter_sheet(
    table: pd.DataFrame, logos: dict[int, np.ndarray], max_pages: int = 10
) -> list[Figure]:
    """Pages of 5 x 4 logos, the most important units first.

    Parameters
    ----------
    table
        From `filter_table`.
    logos
        Unit -> probabilities (4, width).
    max_pages
        Further units are not drawn; the first page says so.
    """
    sited = table[(table["n_sites"] > 0) & table["unit"].isin(logos)]
    silent = table[~table["unit"].isin(sited["unit"])]["unit"].tolist()
    per_page = _SHEET_ROWS * _SHEET_COLUMNS
    shown = sited.head(max_pages * per_page)
    if shown.empty:
        return [message(f"None of the {len(table)} units has a site: no filters to draw.")]
    pages = [shown.iloc[i : i + per_page] for i in range(0, len(shown), per_page)]
    drawn = "all" if len(shown) == len(sited) else f"the {len(shown)} most important of the"
    title = f"{drawn} {len(sited):,} units with sites, those that raise a prediction most first"
    targets = fitted(shown[["target", "lowest_target"]].stack(), 24)
    figures = []
    for number, page in enumerate(pages, start=1):
        rows = -(-len(page) // _SHEET_COLUMNS)
        foot = 8 if silent and number == len(pages) else 0
        figure = new_figure(PAGE_WIDTH, _SHEET_HEAD + _CELL * rows + foot)
        text_at(figure, 2, 2, f"{title} · page {number} of {len(pages)}", fontweight="bold")
        text_at(figure, 2, 5.3, _SHEET_KEY, fontsize=6, color=GREY)
        for i, row in enumerate(page.itertuples()):
            left, top = 36.2 * (i % _SHEET_COLUMNS) + 2, _SHEET_HEAD + _CELL * (i // _SHEET_COLUMNS)
            _filter_cell(figure, (left, top), row, logos[row.unit], targets)
        if foot:
            _say_silent(figure, silent, _SHEET_HEAD + _CELL * rows)
        figures.append(figure)
    return figures


def _filter_cell(
    figure: Figure, place: tuple, row, probabilities: np.ndarray, targets: dict[str, str]
) -> None:
    """36 x 29 mm: unit and q; names on two lines; logo; sites and importances."""
    (left, top), annotated = place, bool(row.names)
    text_at(figure, left, top, f"unit{row.unit}", fontsize=6.5, fontweight="bold")
    said = f"q = {row.q_value:.1g}" if annotated else "no match"
    text_at(
        figure, left + 33.5, top, said, fontsize=6, ha="right", color="black" if annotated else GREY
    )
    names = textwrap.wrap(row.names, 28, max_lines=2, placeholder=" …", break_long_words=False)
    text_at(figure, left, top + 2.9, "\n".join(names), fontsize=6, color=BLUE, linespacing=1.1)
    ax = axes_at(figure, left + 4.5, top + 8.6, 29, 10.6)
    draw_logo(ax, probabilities)
    bit_axis(ax)
    few = row.n_sites < _FEW_SITES
    for letter in ax.patches if few else ():
        letter.set_alpha(0.35)
    effects = ((row.importance, row.target), (row.lowest, row.lowest_target))
    for i, (value, target) in enumerate(e for e in effects if pd.notna(e[0])):
        # Predicted values may have any scale: significant digits, not decimal places.
        shown = f"{value:+.2g}".replace("-", "−") if value else "0"
        colour = RED if value > 0 else BLUE if value else GREY
        said, look = f"{targets[str(target)]} {shown}", {"ha": "right", "fontsize": 6}
        text_at(figure, left + 33.5, top + 19.8 + 2.5 * i, said, color=colour, **look)
    sites = f"{row.n_sites:,} site{'s' * (row.n_sites > 1)}"
    text_at(figure, left + 4.5, top + 24.8, f"only {sites}" if few else sites, fontsize=6)


def _say_silent(figure: Figure, silent: list[int], top: float) -> None:
    said = f"{len(silent)} units without a site, not drawn: " + ", ".join(map(str, silent))
    lines = textwrap.wrap(said, 150, max_lines=2, placeholder=" …")
    text_at(figure, 2, top, "\n".join(lines), fontsize=6, color=GREY)
