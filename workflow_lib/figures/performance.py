"""Prediction performance: precision-recall curves, scores by target, loss curves."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.figures.labels import log_ticks
from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREY,
    LIGHT,
    PAGE_WIDTH,
    colours,
    message,
    new_figure,
    style,
    text_width,
)

MOST_CURVES = 12  # targets; more get one dot each instead of a curve
_PER_ROW, _MAX_ROWS = 55, 3
# Rows -> height of each, so that the whole is not taller than a screen; columns -> width. In mm.
_CURVE_HEIGHTS, _CURVE_WIDTHS = {1: 64.0, 2: 55.0, 3: 40.0}, {1: COLUMN_WIDTH, 2: 130.0}


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
        that of the mean over models and seeds; undefined scores come last.
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
    width = _CURVE_WIDTHS.get(columns, PAGE_WIDTH)
    # The room of a panel without its axis' labels.
    titles = fitted(targets, (width - 8) / columns - 7, 2, 7, "bold")
    tall = max(title.count("\n") for title in titles.values()) * 3
    figure = new_figure(width, (_CURVE_HEIGHTS[rows] + tall) * rows + 12, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    colour = colours(scores["model"])
    for ax, target in zip(grid.flat, targets):
        rows_of = scores[scores["target"] == target]
        _curve_panel(ax, points[points["target"].astype(str) == target], rows_of, colour)
        ax.set_title(titles[target], loc="left", fontweight="bold", pad=12)
    for ax in grid.flat[len(targets) :]:
        ax.set_axis_off()
    figure.supxlabel("recall", fontsize=7)
    figure.supylabel("precision", fontsize=7)
    n_seeds = scores["seed"].nunique()
    seeds, names = f" ({n_seeds} seed{'s' * (n_seeds > 1)})", fitted(colour, width - 30)
    handles = [Line2D([], [], color=c, label=names[m] + seeds) for m, c in colour.items()]
    handles.append(Line2D([], [], color=GREY, lw=0.8, ls=(0, (3, 2)), label="base rate"))
    _legend_above(figure, handles)
    return figure


def _legend_above(figure: Figure, handles: list, **options) -> None:
    room = figure.get_size_inches()[0] * 25.4 - 4
    columns = min(5, legend_columns([handle.get_label() for handle in handles], room))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, **options)


def _curve_panel(ax: Axes, points: pd.DataFrame, scores: pd.DataFrame, colour: dict) -> None:
    for (model, _), curve in points.groupby(["model", "seed"], sort=False):
        ax.plot(curve["recall"], curve["precision"], color=colour[model], lw=0.9, alpha=0.85)
    base = scores["base_rate"].mean()
    if np.isfinite(base):
        ax.axhline(base, color=GREY, lw=0.8, ls=(0, (3, 2)))
    ax.set(xlim=(0, 1.02), ylim=(0, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
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
        Name of the score.
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
    names = fitted(shown["target"], 45 if len(rows) == 1 else 26)
    below = text_width(names.values())
    figure = new_figure(width, 16 + (40 + below) * len(rows), layout="constrained")
    grid = figure.subplots(len(rows), 1, squeeze=False, sharey=True)
    colour = colours(scores["model"])
    for ax, part in zip(grid.flat, rows):
        _score_row(ax, part, colour, label)
        ax.set_xticklabels([names[target] for target in dict.fromkeys(part["target"])])
    low = min(0, np.nanmin(shown[["value", "low"]].to_numpy(dtype=float)))
    grid[0, 0].set_ylim(low, min(1.02, 1.05 * np.nanmax(shown[["value", "high"]].to_numpy(float))))
    models = fitted(colour, width - 20)
    handles = [
        Line2D([], [], color=c, marker="o", ms=3, lw=0.8, label=models[m])
        for m, c in colour.items()
    ]
    if shown["base_rate"].notna().any():
        handles.append(Patch(color=LIGHT, label="base rate (chance)"))
    title = "dots: seeds; line: 95 % bootstrap interval over test sequences (widest of the seeds)"
    if last >= _PER_ROW * _MAX_ROWS:
        title += f"; the best {_PER_ROW * _MAX_ROWS - 1} of {last} targets"
    _legend_above(figure, handles, title=title)
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
def loss_curves(history: pd.DataFrame) -> Figure:
    """Training (thin) and validation (thick) loss by epoch; a dot at the epoch that was kept.

    Parameters
    ----------
    history
        Columns model, seed, epoch, train_loss, validation_loss, best. One panel per model, one
        colour per seed.
    """
    models = list(dict.fromkeys(history["model"]))
    most = 3 if len(models) <= 6 else 4 if len(models) <= 12 else 6
    rows = -(-len(models) // most)
    columns = -(-len(models) // rows)
    width = COLUMN_WIDTH if columns == 1 else PAGE_WIDTH
    titles = fitted(models, (width - 8) / columns - 7, 2, 7, "bold")
    figure = new_figure(width, 8 + {3: 52, 4: 42, 6: 36}[most] * rows, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    colour = colours(history["seed"])
    for ax, model in zip(grid.flat, models):
        _loss_panel(ax, history[history["model"] == model], colour)
        ax.set_title(titles[model], fontweight="bold", loc="left")
    for ax in grid.flat[len(models) :]:
        ax.set_axis_off()
    losses = history[["train_loss", "validation_loss"]].to_numpy(dtype=float)
    losses = losses[np.isfinite(losses) & (losses > 0)]
    if losses.size and losses.max() > 20 * losses.min():
        ends = (0.9 * losses.min(), 1.1 * losses.max())
        grid[0, 0].set(yscale="log", ylim=ends)
        # Axes that share a scale share its ticks: at least two, also within one power of ten.
        ticks = log_ticks(*ends, most=8)
        grid[0, 0].set_yticks(ticks, [f"{tick:,.10g}" for tick in ticks])
        grid[0, 0].set_yticks([], minor=True)
    for ax in grid[:, 0]:
        ax.set_ylabel("loss")
    handles = [
        Line2D([], [], color=BLACK, lw=0.6, ls=(0, (2, 1)), label="training"),
        Line2D([], [], color=BLACK, lw=1.2, label="validation"),
        Line2D([], [], color=BLACK, marker="o", ms=4, ls="", label="epoch whose weights were kept"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _loss_panel(ax: Axes, history: pd.DataFrame, colour: dict) -> None:
    handles = []
    for seed, run in history.groupby("seed", sort=False):
        run = run.sort_values("epoch")
        dot = "." if len(run) == 1 else None  # one epoch makes no line
        options = {"color": colour[seed], "marker": dot}
        ax.plot(run["epoch"], run["train_loss"], lw=0.6, ls=(0, (2, 1)), **options)
        ax.plot(run["epoch"], run["validation_loss"], lw=1.2, **options)
        kept = run[run["best"].astype(bool)]
        ax.plot(
            kept["epoch"],
            kept["validation_loss"],
            "o",
            ms=4,
            color=colour[seed],
            mec="white",
            mew=0.5,
        )
        said = f"seed {seed}" + "".join(f": epoch {epoch}" for epoch in kept["epoch"])
        handles.append(Line2D([], [], color=colour[seed], lw=1.2, label=said))
    if len(handles) <= 8:
        ax.legend(handles=handles, loc="best")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("epoch")
