"""A grid of logos, aligned with the known profile of their row."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_lib.errors import InputError
from workflow_lib.figures.logos import bit_axis, draw_logo
from workflow_lib.figures.motif_pairs import effort
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    GREY,
    MAX_PROPORTION,
    PAGE_WIDTH,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
    text_width,
)
from workflow_lib.motif import information

ROWS_PER_PAGE = 10  # fewer on a narrow page
_FLANK = 0.1  # bits; flanking columns below are not drawn
# In mm: a logo, its text below it, a row of them; the columns' titles; the axis left of the row.
_LOGO, _BELOW, _ROW, _TITLES, _SCALE_BAR = 10.5, 11.7, 20.5, 5.0, 7.0
_GAP, _MARGIN, _WIDEST_LABEL = 4.0, 2.0, 34.0
_LARGEST, _NARROWEST = 3.0, 47.5  # mm per position; mm per cell, for two lines of text
_BAND = "#EFEFEF"
_LONGEST = "10 of 10 reference positions; 10 informative"
_BOLD = {"size": 7, "weight": "bold"}


class _Grid(NamedTuple):
    """The layout, in mm and in positions of the reference."""

    motifs: Mapping[str, np.ndarray]
    label: str  # column of the references
    top: pd.Series | None  # the table's row of the reference that is drawn once above all
    columns: list[str]
    first: float  # left edge of the first cell
    cell: float  # width of a cell
    width: float  # of the figure
    frames: dict[str, tuple[int, int]]  # row -> first position and the one after the last
    extents: dict[str, tuple[int, int] | None]  # row -> the same of its reference
    totals: dict[str, int]  # row -> informative positions of its reference
    names: dict[str, str]  # row -> the text drawn
    titles: dict[str, str]  # column -> the text drawn
    efforts: dict[str, str]  # column -> how many motifs, from how many sequences


def method_columns(table: pd.DataFrame, keep: tuple[str, ...], title: str) -> pd.DataFrame:
    """Put methods that differ between rows into one column with a common title.

    Parameters
    ----------
    table
        From `motifs.alignment.align_entries`.
    keep
        Columns that are not changed.
    title
        The new title of all others; a row's second one gets `title 2`.

    Returns
    -------
    DataFrame
        The table with `column` changed and a column `method`: its former title, empty for those
        that are not changed.
    """
    moved = ~table["column"].isin(keep)
    number = moved.groupby(table["row"]).cumsum()
    titles = number.map(lambda i: title if i <= 1 else f"{title} {i}")
    return table.assign(
        method=table["column"].where(moved, ""), column=table["column"].where(~moved, titles)
    )


@style()
def logo_grid(
    table: pd.DataFrame,
    motifs: Mapping[str, np.ndarray],
    reference_label: str = "JASPAR",
    reference_on_top: bool = False,
) -> list[Figure]:
    """A row of logos per TF or assay, a column per method; pages of at most ROWS_PER_PAGE rows.

    The logos of a row share scale and positions; the reference's extent is shaded.

    Parameters
    ----------
    table
        From `motifs.alignment.align_entries`, with a column `method` where cells should name it;
        with columns n_motifs and n_train their ranges stand below the methods' titles.
    motifs
        Motif id -> probabilities (4, width), on the reference's strand.
    reference_label
        The column that holds the references.
    reference_on_top
        Rows that share one reference: draw it once above all, not in each row.

    Raises
    ------
    InputError
        `reference_on_top` with rows of different references.
    """
    if table.empty:
        return [message("No motifs were given: no logos to draw.")]
    table = table.assign(motif=table["motif"].fillna(""), profile=table["profile"].fillna(""))
    top = _one_reference(table, reference_label) if reference_on_top else None
    grid = _grid(table, motifs, reference_label, top)
    if top is not None:
        table = table[table["column"] != reference_label]
    rows = list(dict.fromkeys(table["row"]))
    head = _MARGIN + _titles_height(grid) + _ROW * (top is not None)
    most = int((MAX_PROPORTION * grid.width - head) / _ROW)
    n_pages = max(1, -(-len(rows) // min(most, ROWS_PER_PAGE)))
    pages = np.array_split(np.array(rows, dtype=object), n_pages)
    return [
        _page(table[table["row"].isin(page)], grid, f"page {i} of {n_pages}" if n_pages > 1 else "")
        for i, page in enumerate(pages, start=1)
    ]


def _one_reference(table: pd.DataFrame, label: str) -> pd.Series:
    references = table[table["column"] == label]
    if references["profile"].nunique() != 1:
        found = ", ".join(references["profile"].unique()) or "none"
        raise InputError(
            f"the logo above all rows is that of their one reference, in the column {label!r} of "
            f"the table of aligned motifs; found: {found}"
        )
    return references.iloc[0]


def _trimmed(row, motifs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, int]:
    """The part of a motif to draw, and the position of its first column."""
    bits = information(motifs[row.motif])
    kept = np.flatnonzero(bits >= min(_FLANK, bits.max()))
    return motifs[row.motif][:, kept[0] : kept[-1] + 1], int(row.offset) + int(kept[0])


def _extent(rows: pd.DataFrame, motifs: Mapping[str, np.ndarray]) -> tuple[int, int] | None:
    """The first position of all motifs of some rows and the one after their last."""
    placed = [_trimmed(row, motifs) for row in rows.itertuples() if row.motif]
    if not placed:
        return None
    return min(start for _, start in placed), max(start + m.shape[1] for m, start in placed)


def _grid(
    table: pd.DataFrame, motifs: Mapping[str, np.ndarray], label: str, top: pd.Series | None
) -> _Grid:
    frames, extents, totals = {}, {}, {}
    for row, cells in table.groupby("row", sort=False):
        own = cells[cells["column"] == label] if top is None else top.to_frame().T
        # With a single reference all rows share its positions.
        frames[row] = _extent(cells if top is None else table, motifs) or (0, 1)
        extents[row] = _extent(own, motifs)
        totals[row] = int(own["informative"].sum())
    # The reference comes first, the others as they appear.
    columns = [name for name in dict.fromkeys(table["column"]) if name != label]
    if top is None and (table["column"] == label).any():
        columns = [label, *columns]
    names = [*table["row"].unique(), *([label] if top is not None else [])]
    labels = max(text_width(names, **_BOLD), text_width(table["profile"].unique()), 10)
    labels = min(labels, _WIDEST_LABEL)
    first = _MARGIN + labels + 2 + _SCALE_BAR
    n = max(1, len(columns))
    largest = (PAGE_WIDTH - _MARGIN - first - _GAP * (n - 1)) / n
    positions = max(high - low for low, high in frames.values())
    cell = min(largest, max(_NARROWEST, positions * _LARGEST))
    width = first + n * cell + (n - 1) * _GAP + _MARGIN
    texts = (fitted(names, labels, 2, **_BOLD), fitted(columns, cell, **_BOLD))
    texts += (_efforts(table, columns, cell),)
    return _Grid(motifs, label, top, columns, first, cell, width, frames, extents, totals, *texts)


def _efforts(table: pd.DataFrame, columns: list[str], cell: float) -> dict[str, str]:
    """Column -> how many motifs its method gave, from how many training sequences, where known."""
    if "n_motifs" not in table or "method" in table:
        return {}
    found = {}
    for column in columns:
        rows = table[table["column"] == column]
        text = effort(rows["n_motifs"], rows["n_train"], "{}, {} sequences")
        # Numbers that are cut would be other numbers.
        if text and text_width([text]) <= cell:
            found[column] = text
    return found


def _titles_height(grid: _Grid) -> float:
    return _TITLES + 2.5 * bool(grid.efforts)


def _lefts(grid: _Grid) -> list[float]:
    return [grid.first + i * (grid.cell + _GAP) for i in range(len(grid.columns))]


def _page(table: pd.DataFrame, grid: _Grid, said: str) -> Figure:
    rows = list(dict.fromkeys(table["row"]))
    above = _MARGIN + (3.5 if said else 0)
    head = above + (0 if grid.top is None else _ROW)
    titles = _titles_height(grid)
    figure = new_figure(grid.width, head + titles + _ROW * len(rows))
    text_at(figure, _MARGIN, _MARGIN, said, fontsize=6, color=GREY)
    if grid.top is not None:
        _reference_row(figure, above, grid)
    for left, column in zip(_lefts(grid), grid.columns):
        text_at(figure, left, head, grid.titles[column], fontweight="bold")
        text_at(figure, left, head + 3, grid.efforts.get(column, ""), fontsize=6, color=GREY)
    for i, row in enumerate(rows):
        cells, top = table[table["row"] == row], head + titles + _ROW * i
        under = cells["profile"].iloc[0] if grid.top is None else ""
        _row_label(figure, top, row, under, grid)
        for left, column in zip(_lefts(grid), grid.columns):
            cell = cells[cells["column"] == column]
            _cell(figure, (left, top), cell, grid)
    return figure


def _row_label(figure: Figure, top: float, name: str, under: str, grid: _Grid) -> None:
    room = grid.first - _SCALE_BAR - _MARGIN
    name, below = grid.names[name], top + 5.7 + 3 * grid.names[name].count("\n")
    text_at(figure, _MARGIN, top + 2.2, name, fontweight="bold")
    text_at(figure, _MARGIN, below, _fit(under, room), fontsize=6, color=GREY)


def _reference_row(figure: Figure, top: float, grid: _Grid) -> None:
    """The reference above every column, so that each is compared with it letter by letter."""
    row = next(grid.top.to_frame().T.itertuples())
    _row_label(figure, top, grid.label, row.profile, grid)
    for left in _lefts(grid) or [grid.first]:
        ax = _logo(figure, (left, top), row, grid)
        if left == grid.first:
            bit_axis(ax)
    text_at(figure, grid.first, top + _BELOW, _caption(row, grid), fontsize=6, linespacing=1.15)


def _cell(figure: Figure, place: tuple[float, float], cell: pd.DataFrame, grid: _Grid) -> None:
    """A logo and two lines of text; a dash where there is no motif."""
    left, top = place
    if cell.empty or not cell["motif"].iloc[0]:
        # The method found no motif, or the figure was given none.
        method = "" if cell.empty or "method" not in cell else cell["method"].fillna("").iloc[0]
        said = _join(method, "not given" if cell.empty else "none")
        text_at(figure, left, top + _LOGO / 2, "–", fontsize=9, color=GREY, va="center")
        text_at(figure, left, top + _BELOW, _fit(said, grid.cell), fontsize=6, color=GREY)
        return
    row = next(cell.itertuples())
    ax = _logo(figure, place, row, grid)
    if left == grid.first:
        bit_axis(ax)
    text_at(figure, left, top + _BELOW, _caption(row, grid), fontsize=6, linespacing=1.15)


def _logo(figure: Figure, place: tuple[float, float], row, grid: _Grid) -> Axes:
    """One logo in the frame of its row, over the reference's extent."""
    low, high = grid.frames[row.row]
    scale = min(_LARGEST, grid.cell / (high - low))
    ax = axes_at(figure, *place, (high - low) * scale, _LOGO)
    draw_logo(ax, *_trimmed(row, grid.motifs))
    extent = grid.extents[row.row]
    if extent is not None:
        ax.axvspan(extent[0] - 0.5, extent[1] - 0.5, color=_BAND, lw=0, zorder=-1)
    ax.set_xlim(low - 0.5, high - 0.5)
    ax.patch.set_alpha(0)
    return ax


def _caption(row, grid: _Grid) -> str:
    """Name and q-value; below, how much of the reference the motif covers, and its own length."""
    name = _join(getattr(row, "method", ""), row.name)
    if row.column == grid.label:
        positions = "position" if row.informative == 1 else "positions"
        return f"{_fit(name, grid.cell)}\n{row.informative} informative {positions}"
    total = grid.totals[row.row]
    q = f" · q = {row.q_value:.1g}"
    # The name is shortened if both do not fit.
    first = _fit(name, grid.cell - text_width([f"·{q}"])) + q
    covered = f"{round(row.matched * total)} of {total} reference positions"
    # A half site and a full one cover a monomer's profile equally: only their length differs.
    if grid.cell >= text_width([_LONGEST]):
        covered += f"; {row.informative} informative"
    return f"{first}\n{covered}"


def _join(*parts: object) -> str:
    return " · ".join(part for part in parts if isinstance(part, str) and part)


def _fit(text: str, room: float) -> str:
    return fitted([text], room)[text]
