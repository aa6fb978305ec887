"""One model against others, target by target or sequence by sequence."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.density import count_norm, count_scale, draw_squares, thinned
from workflow_lib.figures.labels import label_beside
from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, in_lines
from workflow_lib.figures.seed_intervals import by_target
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    DARK_GREY,
    GREEN,
    GREY,
    METRIC_LABELS,
    ORANGE,
    PURPLE,
    SKY,
    axes_at,
    message,
    new_figure,
    settle,
    style,
    text_at,
)

# They differ in lightness and shape too; the first two are those of the paper's panel.
_LOOKS = ((GREEN, "o"), (DARK_GREY, "^"), (ORANGE, "s"), (PURPLE, "D"), (SKY, "v"))


def pairwise_table(
    metrics: pd.DataFrame, model: str, others: Sequence[str], metric: str = "auprc"
) -> pd.DataFrame:
    """The scores of one model and of others, target by target.

    Parameters
    ----------
    metrics
        Columns model, seed, target, metric, value, low, high; of one data set.
    model
        On the x axis.
    others
        On the y axis; those without scores are left out.
    metric
        Which score to take.

    Returns
    -------
    DataFrame
        target, model, other, x and y (means over the seeds of each), x_low, x_high, x_seeds,
        x_interval, y_low ... (see `seed_intervals`; of a single seed the bootstrap interval over
        test sequences), difference (y - x); by `others`, then the largest difference first. Targets
        that one side has no score for are left out.
    """
    rows = metrics[(metrics["metric"] == metric) & (metrics["target"].astype(str) != "mean")]
    sides = {name: by_target(rows[rows["model"] == name]) for name in (model, *others)}
    parts = []
    for other in dict.fromkeys(name for name in others if name != model):
        both = sides[model].add_prefix("x").join(sides[other].add_prefix("y"), how="inner")
        both = both.assign(difference=both["y"] - both["x"]).sort_values(
            "difference", key=lambda d: -d.abs(), kind="stable"
        )
        both.insert(0, "model", model)
        both.insert(1, "other", other)
        parts.append(both.rename_axis("target").reset_index())
    columns = ["x", *(f"x_{name}" for name in ("low", "high", "seeds", "interval"))]
    columns += [name.replace("x", "y", 1) for name in columns]
    columns = ["target", "model", "other", *columns, "difference"]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


@style()
def pairwise(table: pd.DataFrame, metric: str = "auprc", named: int = 5) -> Figure:
    """One dot per target, above the diagonal where the other model is better.

    Parameters
    ----------
    table
        From `pairwise_table`.
    metric
        Which score it is.
    named
        How many targets of each other model are named: those that deviate most.
    """
    if table.empty:
        return message("No target has a score of both models: nothing to compare.")
    others = list(dict.fromkeys(table["other"]))
    looks = dict(zip(others, _LOOKS * len(others)))
    names = fitted([*others, *table["model"]], 55)
    said = [_bars(table), *(_count(table, other, names[other]) for other in others)]
    top = 7 + 3 * "\n".join(said).count("\n")
    figure = new_figure(COLUMN_WIDTH, 79 + top)
    ax = figure.add_axes((13 / COLUMN_WIDTH, 11 / (79 + top), 66 / COLUMN_WIDTH, 66 / (79 + top)))
    _limits(ax, table, metric)
    name = METRIC_LABELS.get(metric, metric.replace("_", " "))
    ax.set(xlabel=f"{name}, {names[table['model'].iloc[0]]}", ylabel=f"{name}, other model")
    for other, (colour, marker) in looks.items():
        _dots(ax, table[table["other"] == other], colour, marker)
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="", ms=3.5, label=label)
        for label, (colour, marker) in zip(said[1:], looks.values())
    ]
    figure.legend(handles=handles, loc="upper left", title=said[0], alignment="left")
    settle(figure)
    far = table[table.groupby("other").cumcount() < named]
    far = far.sort_values("difference", key=lambda d: -d.abs(), kind="stable")
    targets = far["target"].astype(str).map(fitted(far["target"], 34))
    far = far[["x", "y"]].assign(target=targets, colour=[looks[o][0] for o in far["other"]])
    label_beside(ax, far, table[["x", "y"]].to_numpy(dtype=float))
    return figure


def _limits(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    """The same limits on both axes, and the diagonal."""
    ends = table[["x", "y", "x_low", "x_high", "y_low", "y_high"]].to_numpy(dtype=float)
    low, high = np.nanmin(ends), np.nanmax(ends)
    if metric in ("auprc", "auroc"):  # a t interval may end beyond what a score can be
        low, high = max(low, 0), min(high, 1)
    room = max(0.05 * (high - low), 0.01)
    ax.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    ax.plot(*[[low - room, high + room]] * 2, color=GREY, lw=0.6, zorder=0)


def _dots(ax: Axes, rows: pd.DataFrame, colour: str, marker: str) -> None:
    thin = {"color": colour, "lw": 0.5, "alpha": 0.35, "zorder": 1}
    ax.hlines(rows["y"], rows["x_low"], rows["x_high"], **thin)
    ax.vlines(rows["x"], rows["y_low"], rows["y_high"], **thin)
    ax.scatter(rows["x"], rows["y"], s=10, c=colour, marker=marker, ec="white", lw=0.3, zorder=2)


def _count(table: pd.DataFrame, other: str, name: str) -> str:
    """`danq: 38 of 50 above the diagonal, 12 below; mean difference +0.021`."""
    d = table.loc[table["other"] == other, "difference"]
    said = f"{(d > 0).sum()} of {len(d)} above the diagonal, {(d < 0).sum()} below"
    mean = f"mean difference {d.mean().round(3) + 0:+.3f}".replace("-", "−")
    return textwrap.fill(f"{name}: {said}; {mean}", 66)


def _bars(table: pd.DataFrame) -> str:
    """Which intervals the thin lines are, and over how many seeds the means."""
    seeds = sorted({int(n) for n in table[["x_seeds", "y_seeds"]].to_numpy().ravel()})
    kinds = dict.fromkeys([*table["x_interval"], *table["y_interval"]])
    n = " to ".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    means = "One seed" if seeds == [1] else f"Means of {n} seeds"
    return textwrap.fill(f"{means}; thin lines: {' or '.join(kinds)}", 65)


def sequence_table(correlations: pd.DataFrame, model: str, other: str) -> pd.DataFrame:
    """The correlations of one model and of another, sequence by sequence.

    Parameters
    ----------
    correlations
        Columns model, id, pcc, of one seed of both; pcc is missing where it is not defined.
    model, other
        On the y axis and on the x axis.

    Returns
    -------
    DataFrame
        x, y, n, bin (see `density.thinned`): the sequences with a value of both. In every row
        n_both (how many), r (Pearson correlation of both), above and below (where the model's value
        is the higher or the lower one), only_x, only_y and neither (sequences with a value of one
        or of none, which are left out), model and other. One row with n = 0 if none has both.
    """
    sides = {
        side: correlations[correlations["model"] == name].set_index("id")["pcc"].astype(float)
        for side, name in (("x", other), ("y", model))
    }
    both = pd.DataFrame(sides)
    known = both.dropna()
    r = known["x"].corr(known["y"]) if len(known) > 2 else np.nan
    counts = {
        "n_both": len(known),
        "r": r,
        "above": int((known["y"] > known["x"]).sum()),
        "below": int((known["y"] < known["x"]).sum()),
        "only_x": int((both["x"].notna() & both["y"].isna()).sum()),
        "only_y": int((both["y"].notna() & both["x"].isna()).sum()),
        "neither": int(both.isna().all(axis=1).sum()),
        "model": model,
        "other": other,
    }
    points = thinned(known, "x", "y") if len(known) else pd.DataFrame({"n": [0], "bin": [0.0]})
    return points.assign(**counts).reindex(columns=["x", "y", "n", "bin", *counts])


@style()
def by_sequence(table: pd.DataFrame, part: str) -> Figure:
    """One dot per sequence, or squares of many; above the diagonal the model is better.

    Parameters
    ----------
    table
        From `sequence_table`.
    part
        What the sequences are, such as `held-out sequences`.
    """
    first = table.iloc[0]
    left_out = first["only_x"] + first["only_y"] + first["neither"]
    if not first["n_both"]:
        return message(f"No sequence has a correlation of both models ({left_out:,} have not).")
    names = fitted(dict.fromkeys([first["model"], first["other"]]), 55)
    said = [f"{first['n_both']:,} {part}, Pearson correlation over the targets of each"]
    if left_out:
        said[0] += f"; {left_out:,} are left out, as it is not defined for both"
    said.append(f"{first['above']:,} above the diagonal, {first['below']:,} below")
    lines = [line for text in said for line in in_lines(text, COLUMN_WIDTH - 4)]
    norm, top = count_norm(table), 3 + LINE * len(lines) + 2
    height = top + 66 + 11 + 9 * (norm is not None)
    figure = new_figure(COLUMN_WIDTH, height)
    text_at(figure, 2, 2, "\n".join(lines), fontsize=6)
    ax = axes_at(figure, 14, top, 66, 66)
    values, half = table[["x", "y"]].to_numpy(float), table["bin"].iloc[0] / 2
    low, high = values.min() - half, values.max() + half
    room = max(0.03 * (high - low), 0.01)
    ax.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    if norm:
        draw_squares(ax, table, ("x", "y"), norm)
        count_scale(figure, norm, 14, height - 6)
    else:
        ax.scatter(*values.T, s=5, color=GREEN, alpha=0.5, lw=0, rasterized=True)
    ax.plot(*[[low - room, high + room]] * 2, color=BLACK, lw=0.6, zorder=3)
    ax.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    ax.set(xlabel=f"PCC, {names[first['other']]}", ylabel=f"PCC, {names[first['model']]}")
    r = f"R = {first['r']:.2f}".replace("-", "−") if np.isfinite(first["r"]) else "R not defined"
    ax.text(0.97, 0.04, r, transform=ax.transAxes, ha="right", zorder=4)
    return figure
