"""The heatmap of output weights of annotated units for each target."""

import textwrap
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workflow_lib.figures.grouped_weights import MOST_TARGETS, MOST_UNITS, grouped_weights
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
    text_width,
)
from workflow_lib.figures.weight_bars import importance_bars, weight_bars
from workflow_lib.figures.weight_heatmap_marks import (
    key_handles,
    label_colours,
    mark_matched_cells,
    point_at_units,
)
from workflow_lib.figures.weight_heatmap_parts import colour_bar, draw_cells, draw_tree, order
from workflow_lib.interpret.unit_targets import NEGLIGIBLE, match_type, negative_weight_status
from workflow_lib.interpret.units import largest_importance, unit_label, unit_names, unit_numbers

MAX_ROWS, MAX_COLUMNS = 68, 55  # what fits on a page with 6-pt names
# Up to so many targets are the rows; with up to so many units the targets never are.
_FEW_TARGETS, _FEW_UNITS = 20, 27
_MOST_BARS = 40
_LONGEST_NAMES = (34.0, 26.0)  # mm, beside the rows and below the columns


def colour_limit(weights: pd.DataFrame, limit: float) -> float:
    """Where colours end: at the limit, or at the 99 % quantile where that is less than half of it.

    Parameters
    ----------
    weights
        Column unit, then one per target (`importance.output_weights`).
    limit
        For weights of logits.
    """
    most = float(np.nanquantile(np.abs(weights.iloc[:, 1:].to_numpy(float)), 0.99))
    return most if 0 < most < limit / 2 else limit


def weight_cells(
    weights: pd.DataFrame,
    annotation: pd.DataFrame,
    importance: pd.DataFrame,
    limit: float = 0.5,
    modes: Mapping[str, Collection] | None = None,
    groups: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The cells of the heatmap, clustered; targets with groups keep their order.

    Parameters
    ----------
    weights
        Column unit, then one column of output weights per target.
    annotation
        Columns unit, name, q_value, cluster; units without a row here are left out.
    importance
        Columns unit, target, importance.
    limit
        Colour limit; weights beyond count as the limit when the order is found.
    modes
        Target -> clusters of its profiles (`binding_modes.expected_modes`): units of these binding
        modes match the target too. Without it only the TF's name counts.
    groups
        Columns target, group, color (`groups.target_groups`), in the order of drawing.

    Returns
    -------
    DataFrame
        One row per cell: unit, label, target, weight, importance, largest_importance (of the unit
        over the targets, see `largest_importance`), negligible (the unit is important for no
        target), own (the unit matches the target), match_type (`name` or `mode`) and
        negative_weight_status (both see `unit_targets`), unit_order, target_order, of targets with
        groups also group and color. Where there are more units or targets than fit on a page: the
        most important units, the targets with the largest weights. The units of a single target are
        not clustered, but ranked by importance.
    """
    names = unit_names(annotation, 2)
    importance = importance.assign(
        unit=unit_numbers(importance["unit"]), target=importance["target"].astype(str)
    )
    largest = largest_importance(importance).set_index("unit")["importance"]
    matrix = _chosen_weights(weights, set(names), largest, groups)
    clipped = matrix.clip(-limit, limit).fillna(0)
    ranked = range(len(matrix)) if matrix.shape[1] == 1 else np.argsort(order(clipped))
    unit_order = pd.Series(ranked, index=matrix.index)
    size = importance["importance"].abs().groupby(importance["unit"]).max()
    along = range(matrix.shape[1]) if groups is not None else np.argsort(order(clipped.T))
    target_order = pd.Series(along, index=matrix.columns)

    cells = matrix.rename_axis(columns="target").stack(future_stack=True).rename("weight")
    cells = cells.reset_index().merge(importance[["unit", "target", "importance"]], how="left")
    by = match_type(cells, annotation, modes)
    cells = cells.assign(
        label=[unit_label(unit, names) for unit in cells["unit"]],
        largest_importance=cells["unit"].map(largest).to_numpy(),
        negligible=(cells["unit"].map(size).fillna(0) < NEGLIGIBLE).to_numpy(),
        own=by.notna(),
        match_type=by,
        unit_order=cells["unit"].map(unit_order).to_numpy(),
        target_order=cells["target"].map(target_order).to_numpy(),
    )
    cells = cells.assign(negative_weight_status=negative_weight_status(cells))
    if groups is not None:
        cells = cells.merge(groups, how="left", on="target")
    return cells.sort_values(["unit_order", "target_order"], ignore_index=True)


def _chosen_weights(
    weights: pd.DataFrame, annotated: set[int], largest: pd.Series, groups: pd.DataFrame | None
) -> pd.DataFrame:
    """Units x targets: annotated units, at most as many of both as fit on a page."""
    matrix = weights.assign(unit=unit_numbers(weights["unit"])).set_index("unit").astype(float)
    matrix.columns = matrix.columns.astype(str)
    units = [unit for unit in largest.index if unit in matrix.index]
    units += [unit for unit in matrix.index if unit not in largest.index]
    units = [unit for unit in units if unit in annotated]
    n = matrix.shape[1]
    most = (MAX_COLUMNS, MAX_ROWS) if _swapped(len(units), n) else (MAX_ROWS, MAX_COLUMNS)
    if groups is not None:
        matrix, most = matrix[list(groups["target"])], (MOST_UNITS, MOST_TARGETS)
    matrix = matrix.loc[units[: _MOST_BARS if n == 1 else most[0]]]
    strength = matrix.abs().max().fillna(0).sort_values(ascending=False, kind="stable")
    return matrix[[target for target in matrix if target in strength.index[: most[1]]]]


def _swapped(n_units: int, n_targets: int) -> bool:
    """Whether the targets are the rows: a wide page fits on a screen, a tall one does not."""
    if n_targets > MAX_COLUMNS:
        return n_units > _FEW_UNITS
    return n_targets <= _FEW_TARGETS and n_targets < n_units


@style()
def weight_heatmap(
    cells: pd.DataFrame,
    n_units: int,
    n_annotated: int,
    n_silent: int,
    n_targets: int,
    limit: float = 0.5,
    logos: Mapping[int, np.ndarray] | None = None,
) -> Figure:
    """Draw the cells: units x targets, or targets x units where that gives a wider page.

    Parameters
    ----------
    cells
        From `weight_cells`.
    n_units, n_annotated, n_silent, n_targets
        Units of the model, those annotated, those without a site; targets; for the caption.
    limit
        Colour limit; weights beyond it have the end colours.
    logos
        Unit -> probabilities (4, width); drawn beside targets that have groups.
    """
    if cells.empty:
        return message(
            f"None of the {n_units} units matches a known motif:\nno annotated unit to draw."
        )
    n, shown = cells["target"].nunique(), _what_is_shown(cells, n_units, n_annotated, n_silent)
    if n == n_targets == 1:
        return weight_bars(cells, shown)
    if n < n_targets:
        shown += f"; {n} of {n_targets} targets drawn, the largest weights"
    if "group" in cells:
        return grouped_weights(cells, shown, limit, logos or {})
    swapped = _swapped(cells["unit"].nunique(), n)
    matrix = cells.pivot(index="unit_order", columns="target_order", values="weight")
    units = cells.drop_duplicates("unit_order").set_index("unit_order").sort_index()
    targets = cells.drop_duplicates("target_order").set_index("target_order").sort_index()
    names = (units["label"].tolist(), targets["target"].tolist())
    if swapped:
        matrix, names = matrix.T, names[::-1]
    labels = [
        [fitted(texts, room)[text] for text in texts] for texts, room in zip(names, _LONGEST_NAMES)
    ]
    bars = "" if n > MAX_COLUMNS else "below" if swapped else "beside"
    place = _layout(matrix.shape, labels, _key_texts(cells), bars)
    figure = new_figure(place["width"], place["height"])
    mesh = draw_cells(figure, place, matrix, limit, labels)
    ax, clipped = mesh.axes, matrix.clip(-limit, limit).fillna(0)
    left = axes_at(figure, 1, place["top"], place["tree"], place["down"])
    above = axes_at(figure, place["left"], 2.5, place["across"], place["tree"])
    draw_tree(left, clipped, "left")
    draw_tree(above, clipped.T, "top")
    mark_matched_cells(ax, cells, swapped)
    point_at_units(ax, cells, swapped)
    ticks = ax.get_xticklabels() if swapped else ax.get_yticklabels()
    for tick, silent in zip(ticks, units["negligible"]):
        tick.set_color(GREY if silent else BLACK)
    if bars:
        importance_bars(figure, place, units["largest_importance"].fillna(0), bars)
    _draw_key(figure, place, mesh, cells)
    letters = int((place["width"] - place["left"]) / 1.3)  # mm, a letter at 6 pt
    shown = "\n".join(textwrap.wrap(shown, letters))
    text_at(figure, place["left"], place["said_at"], shown, fontsize=6)
    return figure


def _what_is_shown(cells: pd.DataFrame, n_units: int, n_annotated: int, n_silent: int) -> str:
    n_drawn = cells["unit"].nunique()
    said = f"{n_annotated} of {n_units} units match a known motif"
    if n_drawn < n_annotated:
        said += f", the {n_drawn} most important are drawn"
    left_out = max(0, n_units - n_annotated - n_silent)
    return said + f"; left out: {left_out} without a match, {n_silent} without a site"


def _layout(shape: tuple[int, int], labels: list, keys: list[str], bars: str) -> dict[str, float]:
    """Positions and sizes of the figure's parts, in mm."""
    tree, gap = 9.0, 1.5
    bar, under = 16.0 * (bars == "beside"), 16.0 * (bars == "below")
    names = text_width(labels[0]) + 2
    below = text_width(labels[1]) + 2
    names = max(names, 28 * bool(under))  # what the bars' axis needs there
    room = PAGE_WIDTH - tree - 3 * gap - names - bar - 3
    cell_width = min(room / shape[1], 8.0)
    cell_height = float(np.clip(140 / shape[0], 2.35, 4.5))
    place = {"left": tree + gap + 1, "top": tree + 3, "tree": tree, "names": names, "below": below}
    place |= {"across": cell_width * shape[1], "down": cell_height * shape[0], "bar": bar}
    used = place["left"] + place["across"] + gap + names + bar + 3
    key_width = place["left"] + 50 + 8 + text_width(keys) + 2
    place["width"] = max(used, key_width, COLUMN_WIDTH + 20)
    place["bars_at"] = place["left"] + place["across"] + gap + names
    end = place["top"] + place["down"]
    place |= {"under_at": end + below, "key_at": end + max(below + under, 14 * bool(bar)) + 3}
    place["said_at"] = place["key_at"] + max(17, 3.4 * len(keys) + 1)
    place["height"] = place["said_at"] + 8
    return place


def _draw_key(figure: Figure, place: dict, mesh, cells: pd.DataFrame) -> None:
    top = place["key_at"]
    colour_bar(figure, axes_at(figure, place["left"], top + 3, 40, 2.5), mesh)
    text_at(
        figure,
        place["left"],
        top + 9.5,
        "blue lowers, red raises\nthe target's prediction",
        fontsize=6,
    )
    left, handles = (place["left"] + 50) / place["width"], key_handles(cells)
    figure.legend(
        handles=handles, loc="upper left", borderpad=0, borderaxespad=0,
        bbox_to_anchor=(left, 1 - top / place["height"]), labelcolor=label_colours(handles),
    )  # fmt: skip


def _key_texts(cells: pd.DataFrame) -> list[str]:
    return [str(handle.get_label()) for handle in key_handles(cells)]
