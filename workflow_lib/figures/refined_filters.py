"""Filters that started from known motifs, before and after training, with their importances."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from workflow_lib.config.names import nearest
from workflow_lib.errors import InputError
from workflow_lib.figures.boxes import QUANTILES, draw_boxes
from workflow_lib.figures.logos import bit_axis, draw_letters, draw_logo
from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.pages import Block, sheets
from workflow_lib.figures.style import (
    BLUE,
    GREY,
    OUTPUT,
    PAGE_WIDTH,
    RED,
    axes_at,
    colours,
    message,
    style,
    text_at,
)
from workflow_lib.interpret.units import largest_importance, unit_numbers

_ROW, _LEGEND_LINE = 40.0, 4.0  # mm
_MOST_TARGETS = 8  # of a unit, where targets have no groups
_OF_UNIT = ("start", "start_name", "strand", "cosine", "q_own", "changed", "best_name", "best_q")


def refined_table(
    changes: pd.DataFrame,
    importance: pd.DataFrame,
    targets: pd.DataFrame | None = None,
    profiles: Sequence[str] | None = None,
    most: int = 4,
) -> pd.DataFrame:
    """Which units are drawn, each with the importances that are.

    Parameters
    ----------
    changes
        filter_changes.tsv.
    importance
        Columns unit, target, QUANTILES.
    targets
        Columns target, group, color: the order of all targets. None, or without groups: of each
        unit the targets with the largest importances of either sign.
    profiles
        Ids or names of motifs: the units that started from them. None: the most important (see
        `largest_importance`) of the units that changed, and as many of those that did not.
    most
        Largest number of units, where `profiles` names none.

    Returns
    -------
    DataFrame
        One row per unit and target, in order of drawing: unit, the columns of `changes`, target,
        group, color, QUANTILES. A unit without importances has one row without a target.

    Raises
    ------
    InputError
        No unit started from a motif of `profiles`.
    """
    changes = changes.assign(unit=unit_numbers(changes["unit"])).set_index("unit")
    importance = importance.assign(unit=unit_numbers(importance["unit"]))
    ranked = [u for u in largest_importance(importance)["unit"] if u in changes.index]
    units = _named(changes, profiles) if profiles else _most_important(changes, ranked, most)
    grouped = targets is not None and targets["group"].notna().any()
    parts = []
    for unit in units:
        rows = importance[importance["unit"] == unit].dropna(subset="importance")
        if grouped:
            rows = targets[["target", "group", "color"]].merge(rows, "left", "target")
        else:
            largest = rows["importance"].abs().nlargest(_MOST_TARGETS).index
            rows = rows.loc[largest].sort_values("importance", ascending=False)
            rows = rows.assign(group=None, color=None)
        if rows.empty:
            rows = rows.reindex([0])
        parts.append(rows.assign(unit=unit, **changes.loc[unit, list(_OF_UNIT)]))
    columns = ["unit", *_OF_UNIT, "target", "group", "color", *QUANTILES]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([part.astype(object) for part in parts], ignore_index=True)[columns]


def _named(changes: pd.DataFrame, profiles: Sequence[str]) -> list[int]:
    """Units that started from motifs, in the order of their ids or names."""
    found: dict[int, None] = {}
    ids, names = changes["start"].astype(str), changes["start_name"].fillna("").astype(str)
    # Of `TFAP2C(var.3)` either name will do.
    plain = names.str.split("(", regex=False).str[0].str.upper()
    for wanted in profiles:
        word = wanted.upper()
        here = changes.index[(ids == wanted) | (names.str.upper() == word) | (plain == word)]
        if here.empty:
            raise InputError(
                f"profiles of refined filters: no filter started from {wanted}"
                f"{nearest(wanted, [*ids, *names])}; wanted ids or names of the motifs that "
                "filters started from (column start of filter_changes.tsv)"
            )
        found |= dict.fromkeys(here)
    return list(found)


def _most_important(changes: pd.DataFrame, ranked: Sequence[int], most: int) -> list[int]:
    """Half changed, half not, each by importance; where one kind is rare, more of the other."""
    kinds = {
        kind: [u for u in ranked if pd.notna(changes.loc[u, "changed"])
               and bool(changes.loc[u, "changed"]) is kind]
        for kind in (True, False)
    }  # fmt: skip
    n_kept = min(len(kinds[False]), max(most // 2, most - len(kinds[True])))
    return kinds[True][: most - n_kept] + kinds[False][:n_kept]


# With more targets only the colours of their groups are shown.
_MOST_NAMED = 30


@style()
def refined_filters(
    table: pd.DataFrame,
    start: Mapping[int, np.ndarray],
    refined: Mapping[int, np.ndarray],
    counts: str,
) -> list[Figure]:
    """Pages with a row for each unit: logos before and after, and boxes of its importances.

    Parameters
    ----------
    table
        From `refined_table`.
    start
        Unit -> weights (4, size) that it started from.
    refined
        Unit -> probabilities (4, width) of its sites after the training.
    counts
        What the title says of all units.
    """
    if table.empty:
        return [message("No unit has sites: there are no refined filters to draw.")]
    of_groups = _group_colours(table)
    names = fitted(table["target"].dropna().astype(str), 30)
    blocks = [Block(_legend_height(of_groups), partial(_draw_legend, of_groups))] * bool(of_groups)
    for unit, rows in table.groupby("unit", sort=False):
        draw = partial(_draw_row, rows, (start[unit], refined[unit]), of_groups, names)
        blocks.append(Block(_ROW, draw))
    return sheets(PAGE_WIDTH, counts, _KEY, blocks)


_KEY = (
    "Left: the weights that a filter started from (probability − .25), and the logo of its sites "
    "after training. Resembling: a hit to the own motif (Tomtom) at the q value of annotations. "
    f"Right: importance = unit output × output weight, in units of the {OUTPUT}; line: median; "
    "box: quartiles; whiskers: 5–95 %."
)


def _group_colours(table: pd.DataFrame) -> dict[str, str]:
    """Group -> colour, that of the table of targets where it has one; empty without groups."""
    groups = table.dropna(subset="group").drop_duplicates("group")
    own = colours(groups["group"].astype(str))
    return {
        str(row.group): row.color if isinstance(row.color, str) else own[str(row.group)]
        for row in groups.itertuples()
    }


def _legend_height(of_groups: Mapping[str, str]) -> float:
    columns = legend_columns(fitted(of_groups, 40).values(), PAGE_WIDTH - 8)
    return 1 + _LEGEND_LINE * -(-len(of_groups) // columns)


def _draw_legend(of_groups: Mapping[str, str], figure: Figure, top: float) -> None:
    names = fitted(of_groups, 40)
    handles = [Patch(color=colour, label=names[group]) for group, colour in of_groups.items()]
    height = figure.get_size_inches()[1] * 25.4
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1 - (top - 1) / height),
        ncols=min(len(handles), legend_columns(names.values(), PAGE_WIDTH - 8)), borderpad=0.2,
    )  # fmt: skip


def _draw_row(
    rows: pd.DataFrame,
    matrices: tuple[np.ndarray, np.ndarray],
    of_groups: Mapping[str, str],
    names: Mapping[str, str],
    figure: Figure,
    top: float,
) -> None:
    _draw_unit(figure, top, rows.iloc[0], matrices)
    _draw_importances(figure, top, rows, of_groups, names)


def _draw_unit(
    figure: Figure, top: float, row: pd.Series, matrices: tuple[np.ndarray, np.ndarray]
) -> None:
    """75 x 40 mm: what the unit is, its weights at the start, its logo after the training."""
    strand = "−" if row["strand"] == "-" else "+"
    name = row["start_name"] if isinstance(row["start_name"], str) else row["start"]
    label = f"unit{row['unit']} from {name} ({row['start']}, {strand})"
    text_at(figure, 2, top, fitted([label], 72, weight="bold")[label], fontsize=6,
            fontweight="bold")  # fmt: skip
    said, found = f"cosine {row['cosine']:.2f}", pd.notna(row["changed"])
    if found:
        verb = "do not resemble" if row["changed"] else "resemble"
        said += f" · its sites {verb} the start (q = {row['q_own']:.1g})"
    else:
        said += " · no sites"
    text_at(figure, 2, top + 2.9, said, fontsize=6, color=RED if found and row["changed"] else GREY)
    best = "no match to a known motif"
    if isinstance(row["best_name"], str):
        best = f"best match {row['best_name']}, q = {row['best_q']:.1g}"
    text_at(figure, 2, top + 5.8, fitted([best], 72)[best], fontsize=6, color=BLUE)
    before = axes_at(figure, 11, top + 9.8, 56, 11)
    draw_weights(before, matrices[0])
    after = axes_at(figure, 11, top + 24, 56, 10)
    draw_logo(after, matrices[1])
    bit_axis(after)


def draw_weights(ax: Axes, weights: np.ndarray) -> None:
    """Draw the raw weights (4, size) of a filter: positive letters upwards, others hanging."""
    bottoms = np.empty_like(weights, dtype=float)
    for sign in (1, -1):
        sizes = np.where(weights * sign > 0, weights, 0.0)
        order = np.argsort(np.abs(sizes), axis=0, kind="stable")
        stacked = np.take_along_axis(sizes, order, axis=0).cumsum(axis=0)
        ends = np.empty_like(bottoms)
        np.put_along_axis(ends, order, stacked, axis=0)
        bottoms = np.where(weights * sign > 0, ends - sizes, bottoms if sign < 0 else 0.0)
    draw_letters(ax, np.asarray(weights, dtype=float), bottoms)
    highest = max(np.where(weights > 0, weights, 0).sum(axis=0).max(), 1e-6)
    lowest = np.where(weights < 0, weights, 0).sum(axis=0).min()
    ax.axhline(0, color=GREY, lw=0.4, zorder=0)
    ax.spines[["bottom"]].set_visible(False)
    ax.set(xlim=(-0.6, weights.shape[1] - 0.4), ylim=(1.05 * min(lowest, 0), 1.05 * highest))
    ax.set_xticks([])
    ax.locator_params(axis="y", nbins=3)
    ax.set_ylabel("weight", fontsize=6, labelpad=1)


def _draw_importances(
    figure: Figure,
    top: float,
    rows: pd.DataFrame,
    of_groups: Mapping[str, str],
    names: Mapping[str, str],
) -> None:
    """Boxes over the targets: in their order, coloured by group, few with their names."""
    numbers = rows[list(QUANTILES)].astype(float)
    if numbers["importance"].isna().all():
        text_at(figure, 122, top + 17, "no importances", fontsize=6, color=GREY, ha="center")
        return
    at = np.arange(len(rows))
    if of_groups:
        named = len(rows) <= _MOST_NAMED
        ax = axes_at(figure, 84, top + 3, 97, _ROW - (24 if named else 7))
        shades = [
            color if isinstance(color, str) else of_groups.get(str(group), GREY)
            for group, color in zip(rows["group"], rows["color"], strict=True)
        ]
        draw_boxes(ax, numbers, at, "vertical", shades)
        ax.axhline(0, color=GREY, lw=0.6, zorder=0)
        ax.set(xlim=(-0.8, len(rows) - 0.2), xticks=[])
        if named:
            short = fitted(rows["target"].astype(str), 15)
            labels = [short[str(target)] for target in rows["target"]]
            ax.set_xticks(at, labels, rotation=90)
        ax.locator_params(axis="y", nbins=4)
        return
    ax = axes_at(figure, 110, top + 3, 71, _ROW - 9)
    shades = np.where(numbers["importance"] > 0, RED, BLUE).tolist()
    draw_boxes(ax, numbers, at, "horizontal", shades)
    ax.axvline(0, color=GREY, lw=0.6, zorder=0)
    ax.set_yticks(at, [names[str(target)] for target in rows["target"]])
    ax.set_ylim(max(len(rows), 4) - 0.4, -0.6)
    ax.locator_params(axis="x", nbins=5)
