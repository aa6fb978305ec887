"""Sheets of the patterns that TF-MoDISco found: logos by target and sign."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workflow_lib.figures.logos import bit_axis, draw_logo
from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, MARGIN, ROOM, Block, in_lines, sheets
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    GREY,
    PAGE_WIDTH,
    RED,
    axes_at,
    message,
    style,
    text_at,
)

# Patterns of each target and sign: of many targets fewer, so that more targets fit.
_MOST, _FEWER, _MANY_TARGETS, _MOST_TARGETS = 8, 4, 4, 30
_COLUMNS, _LARGEST = 4, 2.4  # mm per position
# In mm: width and height of a cell, a logo, between two blocks.
_CELL, _HIGH, _LOGO, _GAP = 45.0, 22.5, 12.0, 3.0
_SIGNS = {"pos": 0, "neg": 1}
_SAYS = {"pos": ("raise", RED), "neg": ("lower", BLUE)}
_KEY = (
    "Logos of the seqlets' letters, in bits (not of their contributions, which are not kept); "
    "above each: number of seqlets, the best known motif and its q value (Tomtom)."
)
_COLUMNS_DRAWN = [
    "target", "n_sequences", "note", "sign", "n_patterns", "pattern", "unit", "n_seqlets",
    "consensus", "profile", "name", "q_value",
]  # fmt: skip


def pattern_table(
    patterns: pd.DataFrame, targets: pd.DataFrame, annotation: pd.DataFrame
) -> pd.DataFrame:
    """The patterns with the most seqlets of each target and sign.

    Parameters
    ----------
    patterns
        Columns unit (the motif's name), target, sign, pattern, n_seqlets, consensus.
    targets
        Columns target, n_sequences, note.
    annotation
        Columns unit, profile, name, q_value; several rows per unit, or none.

    Returns
    -------
    DataFrame
        target, n_sequences, note, sign, n_patterns (of the target and sign), pattern, unit,
        n_seqlets, consensus, profile, name, q_value (of the best match, empty without one). The
        first 30 targets in their order, those without patterns last with one row each. Eight
        patterns of each target and sign, or four if more than four targets have patterns.
    """
    found = patterns[["unit", "target", "sign", "pattern", "n_seqlets", "consensus"]]
    found = found.assign(n_patterns=found.groupby(["target", "sign"])["unit"].transform("size"))
    best = annotation.sort_values("q_value", kind="stable").drop_duplicates("unit")
    best = best[["unit", "profile", "name", "q_value"]].astype({"unit": object})
    table = targets[["target", "n_sequences", "note"]].merge(found, on="target", how="left")
    table = table.astype({"unit": object}).merge(best, on="unit", how="left")
    order = pd.DataFrame(
        {
            "without": table["unit"].isna(),
            "target": pd.factorize(table["target"])[0],
            "sign": table["sign"].map(_SIGNS),
            "size": -table["n_seqlets"].astype(float),
        }
    )
    table = table.loc[order.sort_values(list(order), kind="stable").index]
    most = _MOST if found["target"].nunique() <= _MANY_TARGETS else _FEWER
    table = table.groupby(["target", "sign"], sort=False, dropna=False).head(most)
    shown = table[table["target"].isin(table["target"].unique()[:_MOST_TARGETS])]
    whole = dict.fromkeys(["n_sequences", "n_patterns", "pattern", "n_seqlets"], "Int64")
    return shown[_COLUMNS_DRAWN].astype(whole).reset_index(drop=True)


@style()
def pattern_sheet(
    table: pd.DataFrame, logos: Mapping[str, np.ndarray], title: str, n_targets: int
) -> list[Figure]:
    """Pages of logos: a block for each target and sign, with a row for each four patterns.

    Parameters
    ----------
    table
        From `pattern_table`.
    logos
        `unit` -> probabilities (4, width).
    title
        What the patterns are of.
    n_targets
        How many were searched.
    """
    if table["unit"].isna().all():
        return [message(f"{title}. There are no patterns. {_reasons(table)}")]
    targets, blocks = fitted(table["target"], ROOM, 2, 7, "bold"), []
    for _, rows in table.groupby(["target", "sign"], sort=False, dropna=False):
        name, (said, colour) = targets[str(rows["target"].iloc[0])], _said(rows)
        head = (name, "\n".join(in_lines(said, ROOM)), colour)
        cells = 0 if rows["unit"].isna().any() else -(-len(rows) // _COLUMNS)
        height = LINE * (_n_lines(name) + _n_lines(head[1])) + 1 + _HIGH * cells
        blocks.append(Block(height, partial(_block, rows=rows, head=head, logos=logos)))
    drawn = table["target"].nunique()
    some = f" {drawn} of {n_targets} targets are drawn." if drawn < n_targets else ""
    return sheets(PAGE_WIDTH, title, _KEY + some, blocks, _GAP)


def _n_lines(text: str) -> int:
    return text.count("\n") + 1


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _why(note: object) -> str:
    """Why a target has no patterns, without saying again that it has none."""
    return str(note).removeprefix("no patterns: ") if pd.notna(note) else "no reason is known"


def _reasons(table: pd.DataFrame) -> str:
    """The most common reasons why targets have no patterns."""
    notes = table["note"].map(_why).value_counts().head(2)
    return "; ".join(f"{_count(n, 'target')}: {note}" for note, n in notes.items())


def _said(rows: pd.DataFrame) -> tuple[str, str]:
    """What is said of a block below its target's name, and in which colour."""
    first = rows.iloc[0]
    n, note, of = first["n_patterns"], first["note"], _count(first["n_sequences"], "sequence")
    if pd.isna(first["unit"]):
        return f"{of}; no patterns: {_why(note)}", GREY
    verb, colour = _SAYS[first["sign"]]
    shown = f"{len(rows)} of {n} patterns" if len(rows) < n else _count(n, "pattern")
    said = f"{shown} that {verb if n > 1 else f'{verb}s'} the prediction; {of}"
    return said + (f"; {note}" if pd.notna(note) else ""), colour


def _block(
    figure: Figure,
    top: float,
    rows: pd.DataFrame,
    head: tuple[str, str, str],
    logos: Mapping[str, np.ndarray],
) -> None:
    name, said, colour = head
    text_at(figure, MARGIN, top, name, fontweight="bold")
    text_at(figure, MARGIN, top + LINE * _n_lines(name), said, fontsize=6, color=colour)
    top += LINE * (_n_lines(name) + _n_lines(said)) + 1
    for i, row in enumerate(rows.dropna(subset="unit").to_dict("records")):
        left = MARGIN + _CELL * (i % _COLUMNS)
        _cell(figure, (left, top + _HIGH * (i // _COLUMNS)), row, logos[row["unit"]])


def _cell(
    figure: Figure, place: tuple[float, float], row: Mapping[str, object], logo: np.ndarray
) -> None:
    """45 x 22 mm: number and seqlets; best match; logo."""
    (left, top), room, known = place, _CELL - 2, pd.notna(row["q_value"])
    small = {"fontsize": 6, "color": BLACK if known else GREY}
    text_at(figure, left, top, f"{row['sign']} {row['pattern']}", fontsize=6, fontweight="bold")
    seqlets = _count(row["n_seqlets"], "seqlet")
    text_at(figure, left + room, top, seqlets, fontsize=6, ha="right")
    q = f"q = {row['q_value']:.1g}" if known else ""
    match = str(row["name"]) if known else "no known motif"
    text_at(figure, left, top + LINE, fitted([match], room - 17 * known)[match], **small)
    text_at(figure, left + room, top + LINE, q, ha="right", **small)
    width = min(room - 4.5, _LARGEST * logo.shape[1])
    ax = axes_at(figure, left + 4.5, top + 2 * LINE + 0.6, width, _LOGO)
    draw_logo(ax, logo)
    bit_axis(ax)
