"""A unit's importances beside the impact of a CNN's nullified filters."""

import textwrap
from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from workflow_lib.figures.boxes import QUANTILES, draw_boxes
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    GREY,
    LIGHT,
    OUTPUT,
    PAGE_WIDTH,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
    text_width,
)
from workflow_lib.interpret.unit_targets import NEGLIGIBLE, units_of_modes
from workflow_lib.interpret.units import unit_label, unit_names, unit_numbers

MAX_TARGETS, MAX_FILTERS = 55, 25  # what fits on a page
_LONGEST_NAME = 36.0  # mm, of a target or model


def unit_and_filters_table(
    importance: pd.DataFrame,
    annotation: pd.DataFrame,
    nullification: pd.DataFrame | None,
    filter_annotation: pd.DataFrame | None,
    target: str,
    clusters: Collection,
) -> pd.DataFrame:
    """The most important unit of a target's binding mode, and the filters of that mode.

    Parameters
    ----------
    importance
        unit_importance.tsv of the model of units.
    annotation
        annotation.tsv of the same model.
    nullification, filter_annotation
        nullification.tsv and annotation.tsv of the CNN; None where none was nullified.
    target
        The TF whose binding mode is shown.
    clusters
        Its clusters (`binding_modes.expected_modes`).

    Returns
    -------
    DataFrame
        One row per target and unit or filter: kind (`unit` or `filter`), unit (number of either),
        label, target, order (place of the target, by importance), q05, q25, importance, q75, q95
        (of the unit), impact (of the filters). The unit is that with the largest importance for
        `target` among those annotated with one of `clusters`; of equal ones that with the largest
        weight. Filters are sorted by impact on `target`. Empty where there is no such unit.
    """
    table = importance.assign(unit=unit_numbers(importance["unit"])).dropna(subset="importance")
    table["target"] = table["target"].astype(str)
    mode = table[table["unit"].isin(units_of_modes(annotation, clusters))]
    best = mode[mode["target"] == target].sort_values(
        ["importance", "weight"], ascending=False, kind="stable"
    )
    columns = ["kind", "unit", "label", "target", "order", *QUANTILES, "impact"]
    if best.empty:
        return pd.DataFrame(columns=columns)
    rows = mode[mode["unit"] == best["unit"].iloc[0]].sort_values(
        ["importance", "weight"], ascending=False, kind="stable"
    )
    label = unit_label(int(rows["unit"].iloc[0]), unit_names(annotation, 2))
    rows = rows.assign(kind="unit", label=label, order=range(len(rows)))
    if nullification is None or filter_annotation is None:
        return rows.reindex(columns=columns)
    filters = _filter_rows(nullification, filter_annotation, target, clusters)
    filters["order"] = filters["target"].map(rows.set_index("target")["order"])
    both = pd.concat([rows, filters.dropna(subset="order")], ignore_index=True)
    return both.astype({"order": int}).reindex(columns=columns)


def _filter_rows(
    nullification: pd.DataFrame, annotation: pd.DataFrame, target: str, clusters: Collection
) -> pd.DataFrame:
    """Impacts of the filters of a binding mode, those with the largest on the target first."""
    table = nullification.assign(unit=unit_numbers(nullification["unit"]), kind="filter")
    table["target"] = table["target"].astype(str)
    table = table[table["unit"].isin(units_of_modes(annotation, clusters))]
    names = unit_names(annotation, 2)
    labels = [unit_label(unit, names).replace("unit", "filter") for unit in table["unit"]]
    on_target = table[table["target"] == target].set_index("unit")["impact"]
    size = table["unit"].map(on_target).fillna(-np.inf)
    table = table.assign(label=labels, size=size)
    table = table.sort_values(["size", "unit"], ascending=[False, True], kind="stable")
    return table[["kind", "unit", "label", "target", "impact"]]


def rank_correlation(table: pd.DataFrame) -> tuple[float, int]:
    """Spearman's correlation of the unit's importance with the filters' mean impact; targets.

    Parameters
    ----------
    table
        From `unit_and_filters_table`. Targets that either side has no value for do not count;
        NaN with fewer than three of them, or where one side does not vary.
    """
    unit = table[table["kind"] == "unit"].set_index("target")["importance"]
    impact = table[table["kind"] == "filter"].groupby("target")["impact"].mean()
    pairs = pd.concat([unit, impact], axis=1).dropna().to_numpy(dtype=float)
    if len(pairs) < 3 or (pairs == pairs[0]).all(axis=0).any():
        return float("nan"), len(pairs)
    return float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic), len(pairs)


@style()
def unit_and_filters(table: pd.DataFrame, target: str, models: tuple[str, str]) -> Figure:
    """Draw the unit's importances over the targets, and below the impact of each filter.

    Parameters
    ----------
    table
        From `unit_and_filters_table`.
    target
        The TF whose binding mode is shown.
    models
        Names of the model of units and of the CNN.
    """
    shown_as = fitted([*table["target"], target], _LONGEST_NAME) | fitted(models, _LONGEST_NAME)
    models = (shown_as[models[0]], shown_as[models[1]])
    if table.empty:
        return message(
            f"No unit of {models[0]} has the binding mode of {shown_as[target]}\n"
            "and an importance for it."
        )
    drawn, n_targets = _page_of_targets(table, target)
    filters = drawn[drawn["kind"] == "filter"]
    order = drawn[drawn["kind"] == "unit"]
    n_filters = filters["unit"].nunique()
    labels = fitted(filters["label"], 40)
    names = text_width([*labels.values(), "x" * 24]) + 4
    below = text_width(shown_as[name] for name in order["target"]) + 2
    down = 3.4 * max(min(n_filters, MAX_FILTERS), 2)
    across = min(PAGE_WIDTH - 16 - names, 7.0 * len(order) + 3)
    agreement = _agreement(table, target, shown_as[target])
    width = max(16 + across + names, 62 + text_width(agreement.split("\n")) + 3)
    title = f"{order['label'].iloc[0]} of {models[0]}; targets by its importance{n_targets}"
    title = textwrap.fill(title, int((width - 16) / 1.55))
    top = 6 + 3.2 * title.count("\n")
    height = top + 48 + down + below + 20
    figure = new_figure(max(width, height / 1.25), height)
    upper = axes_at(figure, 14, top, across, 45)
    _draw_unit_boxes(upper, order, target)
    lower = axes_at(figure, 14, top + 48, across, down)
    foot = top + 48 + down + below + 5
    if n_filters:
        mesh = _draw_impacts(lower, filters, order)
        bar = axes_at(figure, 14, foot + 3, 40, 2.5)
        figure.colorbar(mesh, cax=bar, orientation="horizontal")
        said = f"impact in {models[1]}\n({OUTPUT})"
        bar.set_title(said, fontsize=6, pad=2, loc="left", linespacing=1.1)
    else:
        _say_no_filter(
            lower, order, f"No filter of {models[1]} of this binding mode was nullified."
        )
    lower.set_xticklabels([shown_as[name] for name in order["target"]])
    if n_filters:
        lower.set_yticklabels([labels[name] for name in filters["label"].unique()])
    text_at(figure, 14, 1.5, title, fontsize=7, fontweight="bold")
    text_at(figure, 62, foot - 2, agreement, fontsize=6)
    return figure


def _page_of_targets(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, str]:
    """The targets and filters that fit; of many targets the most and the least important."""
    unit = table[table["kind"] == "unit"]
    filters = table.loc[table["kind"] == "filter", "unit"].drop_duplicates()
    drawn = table[(table["kind"] == "unit") | table["unit"].isin(filters.head(MAX_FILTERS))]
    if len(unit) <= MAX_TARGETS:
        return drawn, ""
    ends = pd.concat([unit["order"].nsmallest(MAX_TARGETS - 15), unit["order"].nlargest(15)])
    said = f", the first {MAX_TARGETS - 15} and the last 15 of {len(unit)}"
    return drawn[drawn["order"].isin(ends) | (drawn["target"] == target)], said


def _draw_unit_boxes(ax: Axes, rows: pd.DataFrame, target: str) -> None:
    draw_boxes(ax, rows, np.arange(len(rows)) + 0.5, "vertical")
    ax.axhline(0, color=GREY, lw=0.6, zorder=0)
    ax.set(xlim=(0, len(rows)), xticks=[], ylabel=f"importance ({OUTPUT})")
    for at in np.flatnonzero(rows["target"] == target):
        ax.axvspan(at, at + 1, color=LIGHT, zorder=-1, lw=0)


def _draw_impacts(ax: Axes, filters: pd.DataFrame, order: pd.DataFrame):
    labels = filters.drop_duplicates("unit").set_index("unit")["label"]
    matrix = filters.pivot(index="unit", columns="order", values="impact")
    matrix = matrix.reindex(index=labels.index, columns=order["order"]).astype(float)
    limit = float(np.nanmax(np.abs(matrix.to_numpy()), initial=0)) or 1.0
    ax.set_facecolor(LIGHT)  # no correctly predicted sequence: no impact
    mesh = ax.pcolormesh(
        matrix.to_numpy(), cmap="RdBu_r", norm=Normalize(-limit, limit), edgecolor="white", lw=0.2
    )
    ax.invert_yaxis()
    ax.yaxis.tick_right()
    ax.set_yticks(np.arange(len(labels)) + 0.5, labels)
    ax.set_xticks(np.arange(len(order)) + 0.5, order["target"], rotation=90)
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
    return mesh


def _say_no_filter(ax: Axes, order: pd.DataFrame, text: str) -> None:
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center")
    ax.set(xlim=(0, len(order)), yticks=[])
    ax.set_xticks(np.arange(len(order)) + 0.5, order["target"], rotation=90)
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)


def _agreement(table: pd.DataFrame, target: str, name: str) -> str:
    unit = table[table["kind"] == "unit"]
    value = unit.loc[unit["target"] == target, "importance"].iloc[0]
    said = f"box: quartiles; whiskers: 5–95 %; grey box: |median| < {NEGLIGIBLE}"
    if abs(value) < NEGLIGIBLE:
        said = f"no unit of this mode has any importance for {name}\n{said}"
    n_filters = table.loc[table["kind"] == "filter", "unit"].nunique()
    if not n_filters:
        return said
    correlation, n = rank_correlation(table)
    shown = f", the {MAX_FILTERS} largest drawn" if n_filters > MAX_FILTERS else ""
    rho = f"ρ = {correlation:.2f}".replace("-", "−")
    rho = "ρ not defined" if np.isnan(correlation) else rho
    return (
        f"rank correlation of importance and mean impact of {n_filters} "
        f"filter{'s' * (n_filters > 1)}{shown}:\n{rho} over {n} targets\n{said}"
    )
