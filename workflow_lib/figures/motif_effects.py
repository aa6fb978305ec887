"""What single motifs, and copies of them, do to the outputs of a model."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import Block, sheets
from workflow_lib.figures.style import (
    BLACK,
    DARK_GREY,
    GREY,
    OUTPUT,
    PAGE_WIDTH,
    axes_at,
    colours,
    message,
    style,
)

COLUMNS = (
    "motif", "target", "kind", "copies", "n", "effect", "effect_low", "effect_high",
)  # fmt: skip
_KINDS = {
    "+": "put in, forward strand",
    "-": "put in, reverse strand",
    "ablation": "its sites in real sequences",
}
_MARKS = {"+": "o", "-": "s", "ablation": "D"}
_ROW, _LEFT, _HEAD, _FOOT = 5.0, 44.0, 6.0, 10.0  # mm
_MOST_TARGETS = 6


def effects_table(
    single: pd.DataFrame,
    copies: pd.DataFrame | None = None,
    ablation: pd.DataFrame | None = None,
    most_targets: int = _MOST_TARGETS,
) -> pd.DataFrame:
    """Effects of the motifs at their place in the backgrounds, of copies, and of their sites.

    Parameters
    ----------
    single, copies
        Tables of these experiments of marginalisation.
    ablation
        Effects of the sites of filters; those are shown whose filters are put in as motifs.
    most_targets
        Targets that are shown: those that motifs have the largest effects on.

    Returns
    -------
    DataFrame
        COLUMNS; kind is `+` or `-` (a single motif on that strand), `copies`, or `ablation`; n
        counts backgrounds or sequences.
    """
    if single.empty:  # no motif, and so no columns of experiments
        return pd.DataFrame(columns=list(COLUMNS))
    parts = [single[single["central"].astype(bool)].assign(copies=1)]
    parts[0] = parts[0].rename(columns={"strand": "kind", "n_backgrounds": "n"})
    if copies is not None:
        renamed = copies.rename(columns={"n_backgrounds": "n"})
        parts.append(renamed.assign(kind="copies"))
    if ablation is not None:
        put_in = single[["motif", "unit"]].drop_duplicates().dropna().astype({"unit": int})
        of_motifs = ablation.drop(columns="motif").merge(put_in, on="unit")
        parts.append(
            of_motifs.rename(columns={"n_sequences": "n"}).assign(kind="ablation", copies=1)
        )
    table = pd.concat(
        [part[list(COLUMNS)] for part in parts if len(part)]
        or [pd.DataFrame(columns=list(COLUMNS))]
    )
    size = table[table["kind"] == "+"].groupby("target", sort=False)["effect"]
    largest = size.agg(lambda values: values.abs().max()).sort_values(
        ascending=False, kind="stable"
    )
    shown = [
        name for name in single["target"].unique() if name in set(largest.index[:most_targets])
    ]
    return table[table["target"].isin(shown)].reset_index(drop=True)


@style()
def motif_effects(table: pd.DataFrame, title: str, n_targets: int) -> list[Figure]:
    """For each target the effects of single motifs, and beside them of copies.

    Parameters
    ----------
    table
        From `effects_table`.
    title
        Above all.
    n_targets
        How many targets there are in all.
    """
    if table.empty:
        return [message(f"{title}: no motif was put in; nothing to draw.")]
    motifs = list(dict.fromkeys(table["motif"]))
    targets = list(dict.fromkeys(table["target"]))
    of_motif, names = colours(motifs), fitted(motifs, _LEFT - 6)
    height = _HEAD + max(_ROW * len(motifs), 22) + _FOOT
    said = _said(table)
    if len(targets) < n_targets:
        said += f" {len(targets)} of {n_targets} targets, those with the largest effects."

    def block(target: str) -> Block:
        rows = table[table["target"] == target]

        def draw(figure: Figure, top: float) -> None:
            singles, with_copies = _panels(figure, top, height, (rows["kind"] == "copies").any())
            _singles(singles, rows[rows["kind"] != "copies"], motifs, names)
            singles.set_title(fitted(targets, 80)[target], loc="left", fontweight="bold")
            if with_copies is not None:
                _copies(with_copies, rows[rows["kind"] == "copies"], of_motif)
            for tick, motif in zip(singles.get_yticklabels(), motifs, strict=True):
                tick.set_color(of_motif[motif] if with_copies is not None else BLACK)

        return Block(height, draw)

    pages = sheets(PAGE_WIDTH, title, said, [block(t) for t in targets], gap=2, foot=6)
    kinds = [kind for kind in _KINDS if (table["kind"] == kind).any()]
    for page in pages:
        handles = [
            Line2D([], [], marker=_MARKS[kind], ls="", ms=3.5, color=BLACK, label=_KINDS[kind],
                   mfc="white" if kind == "-" else BLACK if kind == "+" else GREY)
            for kind in kinds
        ]  # fmt: skip
        page.legend(handles=handles, loc="lower left", ncols=3)
    return pages


def _said(table: pd.DataFrame) -> str:
    """What the marks of the kinds that are drawn are."""
    put_in = table[table["kind"] != "ablation"]
    n = "/".join(f"{n:,}" for n in sorted(put_in["n"].unique()))
    copies = " (right: with copies of it)" * (table["kind"] == "copies").any().item()
    said = f"Put in: the {OUTPUT} with the motif{copies} minus that without, median over {n} "
    said += "backgrounds."
    if (table["kind"] == "ablation").any():
        said += (
            " Sites in real sequences: what the output loses when all of them in a sequence are "
            "shuffled, median over the n sequences that have some."
        )
    return said + " Bars and bands: 95 % intervals." * table["effect_low"].notna().any().item()


def _panels(figure: Figure, top: float, height: float, copies: bool) -> tuple[Axes, Axes | None]:
    room = height - _HEAD - _FOOT
    width = 56.0 if copies else 120.0
    singles = axes_at(figure, _LEFT, top + _HEAD, width, room)
    beside = axes_at(figure, _LEFT + width + 26, top + _HEAD, 50, room) if copies else None
    return singles, beside


def _singles(ax: Axes, rows: pd.DataFrame, motifs: Sequence[str], names: dict[str, str]) -> None:
    kinds = [kind for kind in _KINDS if (rows["kind"] == kind).any()]
    shift = dict(zip(kinds, 0.22 * (np.arange(len(kinds)) - (len(kinds) - 1) / 2), strict=True))
    places = {motif: i for i, motif in enumerate(motifs)}
    ax.axvline(0, color=GREY, lw=0.6)
    for row in rows.itertuples():
        y = places[row.motif] + shift[row.kind]
        face = {"-": "white", "+": BLACK, "ablation": GREY}[row.kind]
        ax.plot([row.effect_low, row.effect_high], [y, y], color=BLACK, lw=0.8)
        ax.plot(row.effect, y, _MARKS[row.kind], ms=3.5, mfc=face, mec=BLACK, mew=0.6)
        if row.kind == "ablation":  # each motif has sites in other sequences
            ax.annotate(
                f"n = {row.n:,}",
                (1, y),
                (2, 0),
                ("axes fraction", "data"),
                "offset points",
                va="center",
                fontsize=6,
                color=DARK_GREY,
            )
    ax.set_yticks(range(len(motifs)), [names[motif] for motif in motifs])
    ax.set_ylim(len(motifs) - 0.4, -0.6)
    ax.set_xlabel(f"effect ({OUTPUT})")


def _copies(ax: Axes, rows: pd.DataFrame, of_motif: dict[str, str]) -> None:
    ax.axhline(0, color=GREY, lw=0.6)
    for motif, line in rows.groupby("motif", sort=False):
        x = line["copies"].astype(int)
        ax.fill_between(
            x, line["effect_low"], line["effect_high"], color=of_motif[motif], alpha=0.2, lw=0
        )
        ax.plot(x, line["effect"], "o-", ms=2.5, color=of_motif[motif])
    ax.set_xticks(range(1, int(rows["copies"].max()) + 1))
    ax.set_xlabel("copies of the motif")
    ax.set_ylabel("effect")
