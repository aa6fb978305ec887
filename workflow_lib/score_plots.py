"""How well models predict: precision-recall curves, scores by target, two data sets compared."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.plotting import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    GREY,
    LIGHT,
    PAGE_WIDTH,
    RED,
    colours,
    message,
    new_figure,
    settle,
    style,
)

MOST_CURVES = 12  # targets; more get one dot each instead of a curve
_PER_ROW, _MAX_ROWS = 55, 5


def score_table(metrics: pd.DataFrame, metric: str = "auprc") -> pd.DataFrame:
    """Scores by target and model, best target first, the macro mean in front.

    Parameters
    ----------
    metrics
        Columns model, seed, target, metric, value, low, high.
    metric
        Which score to take.

    Returns
    -------
    DataFrame
        target, target_order (0 = the mean), model, seed, value, low, high, base_rate; the order is
        that of the mean over models and seeds; undefined scores stand last.
    """
    rows = metrics.assign(target=metrics["target"].astype(str))
    table = rows[rows["metric"] == metric]
    base = rows[rows["metric"] == "base_rate"].groupby("target")["value"].mean()
    mean = table.groupby("target")["value"].mean()
    ranked = mean.drop("mean", errors="ignore").sort_values(ascending=False, kind="stable")
    front = ["mean"] if "mean" in mean.index else []
    order = {target: i for i, target in enumerate(front + list(ranked.index), start=1 - len(front))}
    table = table[["target", "model", "seed", "value", "low", "high"]]
    table = table.assign(
        target_order=table["target"].map(order), base_rate=table["target"].map(base)
    )
    return table.sort_values(["target_order"], kind="stable").reset_index(drop=True)


@style()
def precision_recall(points: pd.DataFrame, scores: pd.DataFrame) -> Figure:
    """Precision-recall curves, one panel per target: for up to twelve targets.

    Parameters
    ----------
    points
        Columns model, seed, target, recall, precision; along each curve.
    scores
        From `score_table`; the numbers in the titles are means over the seeds.
    """
    targets = [t for t in dict.fromkeys(scores["target"]) if t != "mean"]
    if points.empty or not targets:
        return message("No target has positives: no precision-recall curve to draw.")
    rows = -(-len(targets) // 4)
    columns = -(-len(targets) // rows)
    width = {1: COLUMN_WIDTH, 2: 130.0}.get(columns, PAGE_WIDTH)
    height = {1: 76.0, 2: 64.0, 3: 62.0, 4: 52.0}[columns] * rows + 12
    figure = new_figure(width, height, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    colour = colours(scores["model"])
    for ax, target in zip(grid.flat, targets):
        rows_of = scores[scores["target"] == target]
        _curve_panel(ax, points[points["target"].astype(str) == target], rows_of, colour)
    for ax in grid.flat[len(targets) :]:
        ax.set_axis_off()
    figure.supxlabel("recall", fontsize=7)
    figure.supylabel("precision", fontsize=7)
    n_seeds = scores["seed"].nunique()
    handles = [
        Line2D([], [], color=c, label=f"{m} ({n_seeds} seed{'s' * (n_seeds > 1)})")
        for m, c in colour.items()
    ]
    handles.append(Line2D([], [], color=GREY, lw=0.8, ls=(0, (3, 2)), label="base rate"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _curve_panel(ax: Axes, points: pd.DataFrame, scores: pd.DataFrame, colour: dict) -> None:
    for (model, _), curve in points.groupby(["model", "seed"], sort=False):
        ax.plot(curve["recall"], curve["precision"], color=colour[model], lw=0.9, alpha=0.85)
    base = scores["base_rate"].mean()
    if np.isfinite(base):
        ax.axhline(base, color=GREY, lw=0.8, ls=(0, (3, 2)))
    ax.set(xlim=(0, 1.02), ylim=(0, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.set_title(scores["target"].iloc[0], loc="left", fontweight="bold", pad=11)
    means = scores.groupby("model", sort=False)["value"].mean().iloc[:4]
    for i, (model, value) in enumerate(means.items()):
        said = f"{value:.2f}" if np.isfinite(value) else "no positives"
        said = f"AUPRC {said}" if i == 0 else said
        ax.annotate(
            said, (0, 1), (0 if i == 0 else 23 + 20 * i, 3), "axes fraction", "offset points",
            color=colour[model], va="bottom", fontsize=6,
        )  # fmt: skip


@style()
def target_scores(scores: pd.DataFrame, label: str = "AUPRC") -> Figure:
    """One column per target: dots for the seeds, a line for the 95 % interval, a bar for chance.

    Parameters
    ----------
    scores
        From `score_table`.
    label
        What the score is.
    """
    if scores["value"].notna().sum() == 0:
        return message("No target has a defined score: nothing to draw.")
    last = int(scores["target_order"].max())
    shown = scores[scores["target_order"] < _PER_ROW * _MAX_ROWS]
    rows = [
        shown[shown["target_order"] // _PER_ROW == i]
        for i in range(int(shown["target_order"].max()) // _PER_ROW + 1)
    ]
    width = np.clip(20 + 3.2 * shown["target_order"].nunique(), 115, PAGE_WIDTH)
    figure = new_figure(width, 12 + 58 * len(rows), layout="constrained")
    grid = figure.subplots(len(rows), 1, squeeze=False, sharey=True)
    colour = colours(scores["model"])
    for ax, part in zip(grid.flat, rows):
        _score_row(ax, part, colour, label)
    low = min(0, np.nanmin(shown[["value", "low"]].to_numpy(dtype=float)))
    grid[0, 0].set_ylim(low, min(1.02, 1.05 * np.nanmax(shown[["value", "high"]].to_numpy(float))))
    handles = [
        Line2D([], [], color=c, marker="o", ms=3, lw=0.8, label=m) for m, c in colour.items()
    ]
    if shown["base_rate"].notna().any():
        handles.append(Patch(color=LIGHT, label="base rate (chance)"))
    title = "dots: seeds; line: 95 % bootstrap interval over test sequences (widest of the seeds)"
    if last >= _PER_ROW * _MAX_ROWS:
        title += f"; the best {_PER_ROW * _MAX_ROWS - 1} of {last} targets"
    figure.legend(handles=handles, loc="outside upper center", ncols=5, title=title)
    return figure


def _score_row(ax: Axes, part: pd.DataFrame, colour: dict, label: str) -> None:
    targets = part.drop_duplicates("target_order")
    at = targets["target_order"].to_numpy()
    ax.bar(at, targets["base_rate"].fillna(0), width=0.8, color=LIGHT)
    models = list(colour)
    shift = dict(zip(models, (np.arange(len(models)) - (len(models) - 1) / 2) * 0.8 / len(models)))
    for (model, place), runs in part.groupby(["model", "target_order"], sort=False):
        x, look = place + shift[model], {"color": colour[model]}
        ax.plot([x, x], [runs["low"].min(), runs["high"].max()], lw=0.8, **look)
        ax.plot(np.full(len(runs), x), runs["value"], "o", ms=2.6, mec="white", mew=0.2, **look)
    for place in targets["target_order"][targets["value"].isna()]:
        ax.text(place, 0.01, "not defined", rotation=90, ha="center", fontsize=6, color=GREY)
    ax.set_xticks(at, targets["target"], rotation=90)
    for tick, target in zip(ax.get_xticklabels(), targets["target"]):
        tick.set_fontweight("bold" if target == "mean" else "normal")
    if "mean" in set(targets["target"]):
        ax.axvline(0.5, color=BLACK, lw=0.4)
    ax.tick_params(axis="x", length=0, pad=1)
    few = at.min() + 12  # a few targets do not spread over the whole width
    ax.set_xlim(at.min() - 0.6, max(at.max(), few) + 0.6)
    ax.grid(axis="y", color=LIGHT, lw=0.4)
    ax.set_ylabel(label)


@style()
def same_regions(
    comparison: pd.DataFrame, label_a: str, label_b: str, n_train_a: int, n_train_b: int
) -> Figure:
    """Two data sets on the same test regions: scatter by target, differences with intervals.

    Parameters
    ----------
    comparison
        Columns target, auprc_a, auprc_b, difference (b - a), low, high, n_positive; one row has
        the target `mean`.
    label_a, label_b
        What the data sets are called.
    n_train_a, n_train_b
        Their numbers of training regions.
    """
    mean = comparison[comparison["target"] == "mean"]
    table = comparison[comparison["target"] != "mean"].dropna(subset="difference")
    table = table.sort_values("difference", kind="stable")
    if table.empty:
        return message("No target is scored in both data sets: nothing to compare.")
    listed = table if len(table) <= 60 else pd.concat([table.head(30), table.tail(30)])
    figure = new_figure(PAGE_WIDTH, max(95, 22 + 2.5 * len(listed)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    axis_a, axis_b = (
        f"AUPRC, {label} ({n:,} training regions)"
        for label, n in ((label_a, n_train_a), (label_b, n_train_b))
    )
    _gain_scatter(left, table, mean)
    left.set(xlabel=axis_a, ylabel=axis_b)
    _gain_list(right, listed, mean)
    more = "" if len(listed) == len(table) else f"\nthe 30 smallest and largest of {len(table)}"
    right.set_xlabel(f"{label_b} minus {label_a}\ndifference in AUPRC, 95 % interval{more}")
    handles = [
        Line2D([], [], ls="", marker="o", ms=4, color=c, label=text)
        for c, text in (
            (RED, f"{label_b} better"), (GREY, "interval includes 0"), (BLUE, f"{label_a} better"),
        )
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper left", ncols=3)
    settle(figure)  # names find their places only where nothing moves any more
    notable = table.reindex(table["difference"].abs().sort_values(ascending=False).index)
    places = ["auprc_a", "auprc_b"]
    label_points(left, notable.head(12)[[*places, "target"]], table[places].to_numpy(dtype=float))
    return figure


def _gain_colours(table: pd.DataFrame) -> list[str]:
    """Red for a gain, blue for a loss, grey where the interval includes 0."""
    return [RED if r.low > 0 else BLUE if r.high < 0 else GREY for r in table.itertuples()]


def _gain_scatter(ax: Axes, table: pd.DataFrame, mean: pd.DataFrame) -> None:
    values = table[["auprc_a", "auprc_b"]].to_numpy(dtype=float)
    low, high = max(0, np.nanmin(values) - 0.05), min(1, np.nanmax(values) + 0.05)
    ax.plot([low, high], [low, high], color=GREY, lw=0.6, zorder=0)
    ax.scatter(table["auprc_a"], table["auprc_b"], s=12, c=_gain_colours(table), ec="white", lw=0.3)
    ax.set(xlim=(low, high), ylim=(low, high))
    ax.set_aspect("equal", anchor="N")
    for row in mean.itertuples():
        said = (
            f"mean of {len(table)} target{'s' * (len(table) > 1)}\n"
            f"{row.auprc_a:.3f} → {row.auprc_b:.3f}\n"
            f"{row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})"
        )
        said = said.replace("-", "−")
        ax.text(0.97, 0.03, said, transform=ax.transAxes, ha="right", va="bottom", linespacing=1.3)


def label_points(ax: Axes, named: pd.DataFrame, points: np.ndarray) -> list[str]:
    """Write names beside points where they cover neither points nor names; others stay unnamed.

    Names go to the far side of the diagonal first.

    Parameters
    ----------
    ax
        Axes at their final place, with their final limits.
    named
        Three columns: x, y, name; the most important first.
    points
        (n, 2): every point of the axes, not to be covered.

    Returns
    -------
    list of str
        The names that found a place.
    """
    pixels = ax.transData.transform(points)
    taken = [text.get_window_extent() for text in ax.texts]
    inside, written = ax.get_window_extent(), []
    sides = ((-1, 0), (0, 1), (0, -1), (1, 0))
    for x, y, name in named.itertuples(index=False):
        for dx, dy in sides if y >= x else reversed(sides):
            text = ax.annotate(
                name, (x, y), (3.5 * dx, 3.5 * dy), textcoords="offset points", fontsize=6,
                ha={1: "left", -1: "right", 0: "center"}[dx],
                va={1: "bottom", -1: "top", 0: "center"}[dy],
            )  # fmt: skip
            box = text.get_window_extent().padded(3)
            free = not any(box.overlaps(other) for other in taken)
            free = free and not box.count_contains(pixels)
            if free and inside.contains(*box.min) and inside.contains(*box.max):
                taken.append(box)
                written.append(name)
                break
            text.remove()
    return written


def _gain_list(ax: Axes, table: pd.DataFrame, mean: pd.DataFrame) -> None:
    for y, (row, colour) in enumerate(zip(table.itertuples(), _gain_colours(table))):
        ax.plot([row.low, row.high], [y, y], color=colour, lw=0.8)
        ax.plot(row.difference, y, "o", ms=2.8, color=colour)
    for row in mean.itertuples():
        ax.axvspan(row.low, row.high, color=LIGHT, zorder=0, lw=0)
        ax.axvline(row.difference, color=GREY, lw=0.6, ls=(0, (3, 2)), zorder=0)
    ax.axvline(0, color=BLACK, lw=0.6, zorder=0)
    ax.set_yticks(range(len(table)), table["target"])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.7, len(table) - 0.3)
