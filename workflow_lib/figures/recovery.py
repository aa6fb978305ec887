"""The recovery figure: which planted motifs were found, their q-values, and their importance."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.logos import bit_axis, draw_logo, letter_heights
from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.style import (
    BLACK,
    GREY,
    LIGHT,
    OUTPUT,
    PAGE_WIDTH,
    axes_at,
    colours,
    message,
    new_figure,
    style,
    text_at,
    text_width,
)
from workflow_lib.interpret.units import unit_numbers
from workflow_lib.motifs.alignment import place_filter

MOTIFS_PER_PAGE = 13
_ROW, _HEAD = 15.0, 7.0  # mm, like the room for a target's name
_NAME = 29.0
_LOWEST_Q = 1e-16  # smaller ones are drawn here, as triangles


class Recovered(NamedTuple):
    """A planted motif and its filter, aligned: the filter's first position is at `start`."""

    planted: np.ndarray | None
    filter: np.ndarray | None
    start: int
    seed: int | None
    unit: int | None


def _best_place(filter_: np.ndarray, planted: np.ndarray) -> tuple[int, bool]:
    """The best ungapped overlap by information: for filters that match a relative of the motif."""
    a, b = letter_heights(planted), filter_
    best = (-np.inf, 0, False, 0)
    for turned in (False, True):
        c = letter_heights(b[::-1, ::-1] if turned else b)
        for start in range(1 - c.shape[1], a.shape[1]):
            low, high = max(0, start), min(a.shape[1], start + c.shape[1])
            score = float((a[:, low:high] * c[:, low - start : high - start]).sum())
            best = max(best, (score, -abs(start), turned, start))
    return best[3], best[2]


def recovered_logos(
    recovery: pd.DataFrame,
    profiles: dict[str, np.ndarray],
    filters: dict[int, dict[int, np.ndarray]],
    annotation: pd.DataFrame,
) -> dict[str, Recovered]:
    """Planted motifs and, of the seed with the lowest q, the filter that recovered them.

    Parameters
    ----------
    recovery
        Columns motif, profile, seed, recovered, unit, match, q_value.
    profiles
        Profile id -> probabilities (4, width).
    filters
        Seed -> unit -> probabilities.
    annotation
        Columns seed, unit, profile, offset, orientation.
    """
    table = recovery.assign(unit=unit_numbers(recovery["unit"]))
    places = annotation.assign(unit=unit_numbers(annotation["unit"])).set_index(
        ["seed", "unit", "profile"]
    )
    result = {}
    for motif, rows in table.groupby("motif", sort=False):
        planted = profiles.get(rows["profile"].iloc[0])
        found = rows[rows["recovered"].astype(bool)].sort_values("q_value", kind="stable")
        result[motif] = Recovered(planted, None, 0, None, None)
        if planted is None or found.empty:
            continue
        best = found.iloc[0]
        learned = filters[best["seed"]][best["unit"]]
        key = (best["seed"], best["unit"], best["profile"])
        if key in places.index:
            row = places.loc[[key]].iloc[0]
            sizes = (learned.shape[1], planted.shape[1])
            start, turned = place_filter(int(row["offset"]), row["orientation"], *sizes)
        else:
            start, turned = _best_place(learned, planted)
        drawn = learned[::-1, ::-1] if turned else learned
        result[motif] = Recovered(planted, drawn, start, int(best["seed"]), int(best["unit"]))
    return result


@style()
def recovery_rows(
    table: pd.DataFrame, logos: dict[str, Recovered], threshold: float = 0.05
) -> list[Figure]:
    """One row per planted motif: planted logo, recovered filter, q values, importances.

    Parameters
    ----------
    table
        recovery.tsv of all seeds: columns motif, name, profile, role, targets, seed, recovered,
        unit, match_name, q_value, importance.
    logos
        From `recovered_logos`.
    threshold
        The q value up to which a match counts.
    """
    if table.empty:
        return [message("No motif was planted: nothing to recover.")]
    causal = table[table["role"] != "decoy"]["motif"].drop_duplicates().tolist()
    motifs = causal + [m for m in table["motif"].drop_duplicates() if m not in set(causal)]
    n = MOTIFS_PER_PAGE
    pages = [motifs[i : i + n] for i in range(0, len(motifs), n)]
    return [_page(table, logos, page, threshold) for page in pages]


def _page(table: pd.DataFrame, logos: dict, motifs: list[str], threshold: float) -> Figure:
    seed_colours = colours(table["seed"])
    handles = _key(table, seed_colours)
    columns = legend_columns([handle.get_label() for handle in handles], 116)
    foot = max(19, 4 + 3 * -(-len(handles) // columns))
    figure = new_figure(PAGE_WIDTH, _HEAD + _ROW * len(motifs) + foot)
    lists = table["targets"].dropna().astype(str).str.split(",")
    targets = fitted([target for found in lists for target in found], _NAME)
    for left, head in (
        (2, "planted"),
        (38, "planted profile"),
        (78, "filter of the best seed: match"),
    ):
        text_at(figure, left, 2.5, head, fontweight="bold")
    for i, motif in enumerate(motifs):
        top = _HEAD + _ROW * i
        rows = table[table["motif"] == motif]
        if i % 2 == 0:
            band = axes_at(figure, 1, top - 0.7, PAGE_WIDTH - 2, _ROW)
            band.set_facecolor("#F5F5F5")
            band.set(xticks=[], yticks=[])
            band.spines[:].set_visible(False)
        _say_motif(figure, top, rows, targets)
        _two_logos(figure, top, rows, logos.get(motif))
    q_axes = axes_at(figure, 123, _HEAD - 0.7, 26, _ROW * len(motifs))
    size_axes = axes_at(figure, 154, _HEAD - 0.7, 26, _ROW * len(motifs))
    _dots(q_axes, size_axes, table, motifs, seed_colours)
    q_axes.axvline(-np.log10(threshold), color=GREY, lw=0.6, ls=(0, (3, 2)))
    q_axes.set_xlabel(f"match, −log10 q\n(dashed: q = {threshold:g})")
    largest = table["importance"].abs().max()
    largest = largest if largest > 0 else 1.0
    size_axes.set_xlim(-0.05 * largest, 1.08 * largest)
    figure.legend(handles=handles, loc="lower left", ncols=min(columns, len(handles)))
    return figure


def _key(table: pd.DataFrame, colour: dict) -> list[Line2D]:
    """The seeds' colours, and the marks that occur."""
    look = {"ls": "", "ms": 4, "mec": "white"}
    handles = [
        Line2D([], [], marker="o", color=c, label=f"seed {seed}", **look)
        for seed, c in colour.items()
    ]
    marks = {"color": GREY, "ls": "", "ms": 4}
    if (table["q_value"] < _LOWEST_Q).any():
        said = f"{-np.log10(_LOWEST_Q):.0f} or more"
        handles.append(Line2D([], [], marker=">", label=said, **marks))
    if not table["recovered"].astype(bool).all():
        said = "no filter matches"
        handles.append(Line2D([], [], marker="x", label=said, **marks))
    return handles


def _say_motif(figure: Figure, top: float, rows: pd.DataFrame, names: dict[str, str]) -> None:
    first, found = rows.iloc[0], int(rows["recovered"].astype(bool).sum())
    decoy = first["role"] == "decoy"
    targets = [] if pd.isna(first["targets"]) else str(first["targets"]).split(",")
    more = f"\nand {len(targets) - 1} more" if len(targets) > 1 else ""
    role = "decoy: predicts nothing" if decoy else ""
    if targets and not decoy:
        role = f"for {', '.join(targets)}"
        role = role if text_width([role]) <= _NAME + 5 else f"for {names[targets[0]]}{more}"
    name, profile = str(first["name"]), str(first["profile"])
    name, profile = fitted([name], 34, size=7, weight="bold")[name], fitted([profile], 34)[profile]
    text_at(figure, 2, top + 1, name, fontweight="bold", color=GREY if decoy else BLACK)
    text_at(figure, 2, top + 4.3, f"{profile}\n{role}", fontsize=6, linespacing=1.15)
    said = f"found in {found} of {len(rows)} seeds"
    below = top + 9.9 + 2.4 * role.count("\n")
    text_at(figure, 2, below, said, fontsize=6, color=BLACK if found else GREY)


def _two_logos(figure: Figure, top: float, rows: pd.DataFrame, logo: Recovered | None) -> None:
    """Both logos in one frame, so that matching positions are aligned."""
    if logo is None or logo.planted is None:
        text_at(figure, 41, top + 5, "profile not in the database", fontsize=6, color=GREY)
        return
    low, high = 0, logo.planted.shape[1]
    if logo.filter is not None:
        low, high = min(low, logo.start), max(high, logo.start + logo.filter.shape[1])
    high = max(high, low + 19)  # the same letter size for most rows
    ax = axes_at(figure, 41, top + 0.9, 34, 10.3)
    draw_logo(ax, logo.planted)
    ax.set_xlim(low - 0.6, high - 0.4)
    ax.patch.set_alpha(0)
    bit_axis(ax)
    if logo.filter is None:
        text_at(figure, 81, top + 5, "no filter matches it", fontsize=6, color=GREY)
        return
    ax = axes_at(figure, 81, top + 0.9, 34, 10.3)
    draw_logo(ax, logo.filter, logo.start)
    ax.set_xlim(low - 0.6, high - 0.4)
    ax.patch.set_alpha(0)
    best = rows[rows["seed"] == logo.seed].iloc[0]
    said = f"unit{logo.unit}, seed {logo.seed}: {best['match_name']}"
    text_at(figure, 81, top + 11.9, fitted([said], 38)[said], fontsize=6)


def _dots(
    q_axes: Axes, size_axes: Axes, table: pd.DataFrame, motifs: list[str], colour: dict
) -> None:
    """One dot per seed: q-value of the match and importance of its unit."""
    seeds = list(colour)
    shift = dict(zip(seeds, np.linspace(-0.22, 0.22, len(seeds)) if len(seeds) > 1 else [0.0]))
    for row in table[table["motif"].isin(motifs)].itertuples():
        y = motifs.index(row.motif) + 0.5 + shift[row.seed]
        look = {"color": colour[row.seed], "ms": 4, "mec": "white", "mew": 0.4, "clip_on": False}
        if not row.recovered:
            for ax in (q_axes, size_axes):
                ax.plot(0, y, "x", **look | {"mew": 0.8, "mec": colour[row.seed]})
            continue
        if pd.notna(row.q_value):
            mark = ">" if row.q_value < _LOWEST_Q else "o"
            q_axes.plot(-np.log10(max(row.q_value, _LOWEST_Q)), y, mark, **look)
        if pd.notna(row.importance):
            size_axes.plot(row.importance, y, "o", **look)
    q_axes.set_xlim(0, max(3, q_axes.get_xlim()[1]))
    size_axes.axvline(0, color=GREY, lw=0.6)
    size_axes.set_xlabel(f"largest |importance| of\nthe unit ({OUTPUT})")
    for ax in (q_axes, size_axes):
        ax.patch.set_alpha(0)
        ax.set_ylim(len(motifs), 0)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", color=LIGHT, lw=0.4)
        ax.locator_params(axis="x", nbins=4)
