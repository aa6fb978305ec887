"""Figures 1B and 1C: performance by number of units, and target by target against other models."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.label_placement import label_beside, spread, tick_labels
from workflow_lib.plotting import (
    BLACK,
    COLUMN_WIDTH,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    message,
    new_figure,
    settle,
    style,
    text_width,
)
from workflow_lib.seeds import by_target, over_seeds

LABELS = {"auprc": "AUPRC", "auroc": "AUROC", "pcc": "Pearson correlation"}
_DARK_GREY = "#4D4D4D"
# Apart in lightness and form too; the first two as in the paper's panel.
_LOOKS = ((GREEN, "o"), (_DARK_GREY, "^"), (ORANGE, "s"), (PURPLE, "D"), (SKY, "v"))
_LINE = 8.0  # pt between the middles of two labels


def unit_sweep_table(
    metrics: pd.DataFrame, sweep: Mapping[str, int], baselines: Sequence[str], metric: str = "auprc"
) -> pd.DataFrame:
    """Mean score over targets, by number of units and for the models that it is held against.

    Parameters
    ----------
    metrics
        Columns model, seed, target, metric, value; of one data set.
    sweep
        Models of the sweep and their number of units.
    baselines
        Other models; those without scores are left out, as are those of the sweep.
    metric
        Which score to take.

    Returns
    -------
    DataFrame
        One row per model and seed: model, role (sweep, baseline), units, seed, value (mean over the
        targets with a value), n_targets; and of the model mean, low, high, n_seeds, interval (see
        `seeds.over_seeds`), base_rate (mean over targets, what guessing gives; AUPRC only).
    """
    rows = metrics[metrics["target"].astype(str) != "mean"]
    scores = rows[rows["metric"] == metric]
    if scores.empty:  # some scores are only of whole sequences
        scores = metrics[metrics["metric"] == metric]
    base = rows[rows["metric"] == "base_rate"].groupby("model")["value"].mean()
    ordered = sorted(sweep, key=sweep.get) + [name for name in baselines if name not in sweep]
    parts = []
    for model in ordered:
        runs = scores[scores["model"] == model].groupby("seed")["value"].agg(["mean", "count"])
        runs = runs.dropna().reset_index().set_axis(["seed", "value", "n_targets"], axis=1)
        about = {"model": model, "role": "sweep" if model in sweep else "baseline"}
        about |= {"units": sweep.get(model), **over_seeds(runs["value"])}
        chance = base.get(model, np.nan) if metric == "auprc" else np.nan
        parts.append(runs.assign(**about, base_rate=chance))
    columns = ["model", "role", "units", "seed", "value", "n_targets", "mean", "low", "high"]
    columns += ["n_seeds", "interval", "base_rate"]
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
    return table[columns].astype({"units": "Int64"})


@style()
def unit_sweep(table: pd.DataFrame, metric: str = "auprc") -> Figure:
    """A line over the number of units, horizontal lines for the baselines, a dot for each seed.

    Parameters
    ----------
    table
        From `unit_sweep_table`.
    metric
        What the score is.
    """
    models = table.drop_duplicates("model")
    sweep, baselines = (models[models["role"] == role] for role in ("sweep", "baseline"))
    if sweep.empty:
        return message("No model of the sweep over units has a score: nothing to draw.")
    margin = max(14.0, text_width(baselines["model"]) + 12)
    figure = new_figure(78 + margin, 68)
    ax = figure.add_axes((14 / (78 + margin), 0.15, 62 / (78 + margin), 0.67))
    _sweep_line(ax, table[table["role"] == "sweep"], sweep)
    below = _chance(ax, table)
    _baselines(ax, table[table["role"] == "baseline"], baselines)
    n = table["n_targets"].max()
    name = LABELS.get(metric, metric.replace("_", " "))
    ax.set_ylabel(f"{name}, mean of {n} targets" if n > 1 else name)
    figure.legend(handles=_sweep_legend(table, below), loc="upper left", ncols=2)
    return figure


def _sweep_legend(table: pd.DataFrame, base_rate_below: bool) -> list[Line2D]:
    several = table["n_seeds"].max() > 1
    said = "mean of the seeds" if several else "one seed"
    dot = {"marker": "o", "mec": "white", "mew": 0.4}
    handles = [Line2D([], [], color=GREEN, ms=4, label=f"ExplaiNN, {said}", **dot)]
    if several:
        faint = {"marker": "o", "ms": 2, "alpha": 0.45, "mew": 0, "ls": ""}
        handles.append(Line2D([], [], color=GREEN, label="each seed", **faint))
    kinds = [kind for kind in dict.fromkeys(table["interval"]) if kind != "none"]
    if kinds:
        bar = {"marker": "|", "ls": "", "ms": 7}
        handles.append(Line2D([], [], color=GREEN, label=_kinds(kinds), **bar))
    if (table["role"] == "baseline").any():
        handles.append(Line2D([], [], color=GREY, label="other models"))
    if base_rate_below:
        said = f"base rate (chance): {table['base_rate'].mean():.2f}"
        handles.append(Line2D([], [], ls="", label=said))
    return handles


def _kinds(kinds: list[str]) -> str:
    """What the bars are, short enough for half of the legend's width."""
    return kinds[0] if len(kinds) == 1 else "range or 95 % t interval"


def _sweep_line(ax: Axes, runs: pd.DataFrame, models: pd.DataFrame) -> None:
    ax.plot(runs["units"].astype(int), runs["value"], "o", ms=2, color=GREEN, alpha=0.45, mew=0)
    units = models["units"].astype(int).to_numpy()
    ax.plot(units, models["mean"], "o-", ms=4, color=GREEN, lw=1.1, mec="white", mew=0.4)
    ax.vlines(units, models["low"], models["high"], color=GREEN, lw=1)
    ax.set_xscale("log")
    # Half a tick's step of room on both sides; a single number of units stands in the middle.
    ax.set_xlim(units.min() / 1.25, units.max() * 1.25)
    ax.set_xticks(units, tick_labels(ax, units))
    ax.set_xticks([], minor=True)
    ax.set_xlabel("number of units" + " (log scale)" * (len(units) > 1))


def _chance(ax: Axes, table: pd.DataFrame) -> bool:
    """A line at the base rate where the axis comes near it; True where it lies far below."""
    base = table["base_rate"].mean()
    ends = table[["value", "low", "high"]].to_numpy(dtype=float)
    low, high = np.nanmin(ends), np.nanmax(ends)
    if high - low < 0.04:  # equal scores do not look different
        low, high = (low + high) / 2 - 0.02, (low + high) / 2 + 0.02
    near = np.isfinite(base) and base > low - 0.6 * (high - low)
    bottom = min(low, base) if near else low
    ax.set_ylim(bottom - 0.08 * (high - low), high + 0.06 * (high - low))
    if near:
        ax.axhline(base, color=BLACK, lw=0.8, ls=(0, (1, 2)))
        ax.annotate(
            f"base rate (chance) {base:.2f}", (1, base), (-2, 2), ("axes fraction", "data"),
            "offset points", ha="right", fontsize=6,
        )  # fmt: skip
    return bool(np.isfinite(base) and not near)


def _baselines(ax: Axes, runs: pd.DataFrame, models: pd.DataFrame) -> None:
    """Lines across; beyond the right edge each one's seeds and interval, and its name."""
    height = ax.get_position().height * ax.figure.get_size_inches()[1] * 72
    (low, high), places = ax.get_ylim(), models["mean"].to_numpy(dtype=float)
    wanted = (places - low) / (high - low) * height
    at = spread(wanted, _LINE, height) / height * (high - low) + low
    beside = ax.get_yaxis_transform()
    for i, (row, y) in enumerate(zip(models.itertuples(), at)):
        x, look = 1.02 + 0.02 * i, {"transform": beside, "clip_on": False, "color": GREY}
        end = 1.02 + 0.02 * len(models)
        ax.plot([0, x], [row.mean, row.mean], lw=0.9, **look)
        ax.plot([x, x], [row.low, row.high], lw=0.9, **look)
        values = runs.loc[runs["model"] == row.model, "value"]
        ax.plot(np.full(len(values), x), values, "o", ms=2, mew=0, alpha=0.6, **look)
        ax.plot([x, end, end + 0.03], [row.mean, row.mean, y], lw=0.5, **look)
        ax.text(end + 0.04, y, row.model, transform=beside, va="center", fontsize=6)


def pairwise_table(
    metrics: pd.DataFrame, model: str, others: Sequence[str], metric: str = "auprc"
) -> pd.DataFrame:
    """The scores of one model and of others, target by target.

    Parameters
    ----------
    metrics
        Columns model, seed, target, metric, value, low, high; of one data set.
    model
        Stands on the x axis.
    others
        Stand on the y axis; those without scores are left out.
    metric
        Which score to take.

    Returns
    -------
    DataFrame
        target, model, other, x and y (means over the seeds of each), x_low, x_high, x_seeds,
        x_interval, y_low ... (see `seeds.over_seeds`; of a single seed the bootstrap interval over
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
        What the score is.
    named
        So many targets of each other model, those that deviate most, are named.
    """
    if table.empty:
        return message("No target has a score of both models: nothing to compare.")
    others = list(dict.fromkeys(table["other"]))
    looks = dict(zip(others, _LOOKS * len(others)))
    said = [_bars(table), *(_count(table, other) for other in others)]
    top = 7 + 3 * "\n".join(said).count("\n")
    figure = new_figure(COLUMN_WIDTH, 79 + top)
    ax = figure.add_axes((13 / COLUMN_WIDTH, 11 / (79 + top), 66 / COLUMN_WIDTH, 66 / (79 + top)))
    _limits(ax, table, metric)
    name = LABELS.get(metric, metric.replace("_", " "))
    ax.set(xlabel=f"{name}, {table['model'].iloc[0]}", ylabel=f"{name}, other model")
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
    names = far[["x", "y", "target"]].assign(colour=[looks[other][0] for other in far["other"]])
    label_beside(ax, names, table[["x", "y"]].to_numpy(dtype=float))
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


def _count(table: pd.DataFrame, other: str) -> str:
    """`danq: 38 of 50 above the diagonal, 12 below; mean difference +0.021`."""
    d = table.loc[table["other"] == other, "difference"]
    said = f"{(d > 0).sum()} of {len(d)} above the diagonal, {(d < 0).sum()} below"
    mean = f"mean difference {d.mean().round(3) + 0:+.3f}".replace("-", "−")
    return textwrap.fill(f"{other}: {said}; {mean}", 72)


def _bars(table: pd.DataFrame) -> str:
    """What the thin lines are, and of how many seeds the means are."""
    seeds = sorted({int(n) for n in table[["x_seeds", "y_seeds"]].to_numpy().ravel()})
    kinds = dict.fromkeys([*table["x_interval"], *table["y_interval"]])
    n = " to ".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    means = "One seed" if seeds == [1] else f"Means of {n} seeds"
    return textwrap.fill(f"{means}; thin lines: {' or '.join(kinds)}", 65)
