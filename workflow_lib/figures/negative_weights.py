"""Units with a negative weight for a TF whose motif they look for."""

import textwrap
from collections.abc import Collection, Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from workflow_lib.figures.boxes import QUANTILES, draw_boxes
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLUE,
    GREY,
    LIGHT,
    ORANGE,
    OUTPUT,
    PAGE_WIDTH,
    message,
    new_figure,
    style,
)
from workflow_lib.interpret.unit_targets import NEGLIGIBLE, units_of_modes
from workflow_lib.interpret.units import unit_label, unit_names, unit_numbers

MAX_UNITS = 20  # per TF, of either sign
_PER_ROW = 3
_SIGNS = {"negative": BLUE, "positive": ORANGE}


def negative_units_table(
    importance: pd.DataFrame, annotation: pd.DataFrame, modes: Mapping[str, Collection]
) -> pd.DataFrame:
    """The units of some targets' binding modes with their importance for that target.

    Parameters
    ----------
    importance, annotation
        unit_importance.tsv and annotation.tsv of one model.
    modes
        Target -> its clusters, in the order of drawing.

    Returns
    -------
    DataFrame
        Columns target, unit, label, weight, sign (`negative` or `positive`), n_sequences, q05,
        q25, importance, q75, q95; by target, then by weight.
    """
    table = importance.assign(unit=unit_numbers(importance["unit"]))
    names, parts = unit_names(annotation, 1), []
    for target, clusters in modes.items():
        chosen = table["unit"].isin(units_of_modes(annotation, clusters))
        rows = table[chosen & (table["target"].astype(str) == target)]
        parts.append(rows.sort_values("weight", kind="stable"))
    found = pd.concat(parts) if parts else table.iloc[:0]
    found = found.assign(
        label=[unit_label(unit, names) for unit in found["unit"]],
        sign=np.where(found["weight"] < 0, "negative", "positive"),
    )
    columns = ["target", "unit", "label", "weight", "sign", "n_sequences", *QUANTILES]
    return found[columns].reset_index(drop=True)


@style()
def negative_units(table: pd.DataFrame, targets: Collection[str]) -> Figure:
    """Boxes of the importances of the units of each TF's binding mode, one panel per TF.

    Parameters
    ----------
    table
        From `negative_units_table`.
    targets
        The TFs asked for; those without a unit are listed.
    """
    names = fitted(targets, 44, 2, 7, "bold")
    if table.empty:
        said = ", ".join(name.replace("\n", " ") for name in names.values())
        return message(f"No unit is annotated with the binding mode of\n{said}.")
    panels = [target for target in targets if target in set(table["target"])]
    rows = -(-len(panels) // _PER_ROW)
    columns = max(-(-len(panels) // rows), 2)
    # Of both signs together what fits on the page.
    half = max(2, min(MAX_UNITS, int((190 / rows - 14) / 3.8 / 2)))
    strongest = partial(_strongest, most=half)
    shown = table.groupby(["target", "sign"], sort=False).apply(strongest, include_groups=False)
    shown = shown.reset_index(["target", "sign"])
    most = int(shown.groupby("target").size().max())
    height = 18 + rows * (16 + 3.8 * max(most, 3))
    figure = new_figure(PAGE_WIDTH, height, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for ax, target in zip(grid.flat, panels):
        mine = shown[shown["target"] == target].sort_values("weight", kind="stable")
        _panel(ax, mine, names[target], most, table[table["target"] == target])
    for ax in grid.flat[len(panels) :]:
        ax.set_axis_off()
    without = [names[t].replace("\n", " ") for t in targets if t not in panels]
    figure.supxlabel(_said(without), fontsize=7)
    handles = [Patch(color=c, lw=0, alpha=0.7, label=f"{s} weight") for s, c in _SIGNS.items()]
    handles.append(Patch(color=LIGHT, lw=0, label=f"|importance| < {NEGLIGIBLE}"))
    figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure


def _strongest(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    return rows.loc[rows["weight"].abs().nlargest(most).index]


def _panel(ax: Axes, rows: pd.DataFrame, name: str, most: int, every: pd.DataFrame) -> None:
    at = np.arange(len(rows))
    ax.axvspan(-NEGLIGIBLE, NEGLIGIBLE, color=LIGHT, lw=0, zorder=0)
    ax.axvline(0, color=GREY, lw=0.6, zorder=0)
    draw_boxes(ax, rows, at, "horizontal", rows["sign"].map(_SIGNS).tolist())
    for y in at[rows["importance"].isna().to_numpy()]:
        ax.text(0, y, " no sequence", va="center", fontsize=6, color=GREY)
    weights = [f"{weight:+.2f}".replace("-", "−") for weight in rows["weight"]]
    ax.set_yticks(at, [f"{label} {w}" for label, w in zip(rows["label"], weights)])
    for tick, sign in zip(ax.get_yticklabels(), rows["sign"]):
        tick.set_color(_SIGNS[sign] if sign == "negative" else "#8A5A00")  # orange, but readable
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(most - 0.4, -0.6)
    ax.locator_params(axis="x", nbins=5)
    negative = every[every["sign"] == "negative"]
    silent = int((negative["importance"].abs() < NEGLIGIBLE).sum())
    said = f"negative weight: {silent} of {len(negative)} near 0"
    if len(negative) == 0:
        said = "no unit has a negative weight"
    if len(rows) < len(every):
        said += f"; {len(rows)} of {len(every)} drawn"
    ax.annotate(name, (0, 1), (0, 12), "axes fraction", "offset points", weight="bold")
    ax.set_title(said, loc="left", fontsize=6)


def _said(without: list[str]) -> str:
    said = f"importance of the unit for the TF ({OUTPUT}); beside each unit its output weight\n"
    said += "line: median; box: quartiles; whiskers: 5–95 %"
    lack = textwrap.fill(f"no unit of the binding mode of {', '.join(without)}", 120)
    return said + f"\n{lack}" * bool(without)
