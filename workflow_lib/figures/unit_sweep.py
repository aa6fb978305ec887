"""Performance by number of units, other models as lines."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.errors import InputError
from workflow_lib.figures.labels import spread, tick_labels
from workflow_lib.figures.names import fitted
from workflow_lib.figures.seed_intervals import over_seeds
from workflow_lib.figures.style import (
    BLACK,
    GREEN,
    GREY,
    METRIC_LABELS,
    message,
    new_figure,
    style,
    text_width,
)

_LINE = 8.0  # pt between the middles of two labels
_LONGEST_NAME = 60.0  # mm
_PER_SEQUENCE = "pcc_per_sequence"


def score_of(metrics: pd.DataFrame, wanted: str | None, default: str) -> str:
    """Which score a figure shows.

    Parameters
    ----------
    metrics
        Columns metric, value.
    wanted
        The config's choice; without it the mean correlation of a sequence's targets if there is
        one.
    default
        What is shown otherwise.

    Raises
    ------
    InputError
        There is no such score.
    """
    known = list(dict.fromkeys(metrics.dropna(subset="value")["metric"]))
    if wanted is None:
        return _PER_SEQUENCE if _PER_SEQUENCE in known else default
    if wanted not in known:
        raise InputError(f"metric: found {wanted!r}; these runs have {', '.join(known)}")
    return wanted


def unit_sweep_table(
    metrics: pd.DataFrame, sweep: Mapping[str, int], baselines: Sequence[str], metric: str = "auprc"
) -> pd.DataFrame:
    """Mean score over targets, by number of units and for the baseline models.

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
        `seed_intervals.over_seeds`), base_rate (mean over targets, the AUPRC of guessing; AUPRC
        only).
    """
    rows = metrics[metrics["target"].astype(str) != "mean"]
    scores = rows[rows["metric"] == metric]
    if scores.empty:  # some metrics are defined only over whole sequences
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
        Which score it is.
    """
    models = table.drop_duplicates("model")
    sweep, baselines = (models[models["role"] == role] for role in ("sweep", "baseline"))
    if sweep.empty:
        return message("No model of the sweep over units has a score: nothing to draw.")
    names = fitted(baselines["model"], _LONGEST_NAME)
    margin = max(14.0, text_width(names.values()) + 12)
    figure = new_figure(78 + margin, 68)
    ax = figure.add_axes((14 / (78 + margin), 0.15, 62 / (78 + margin), 0.67))
    _sweep_line(ax, table[table["role"] == "sweep"], sweep)
    below = _chance(ax, table)
    _baselines(ax, table[table["role"] == "baseline"], baselines)
    ax.set_ylabel(score_label(metric, table["n_targets"].max()))
    figure.legend(handles=_sweep_legend(table, below), loc="upper left", ncols=2)
    return figure


def score_label(metric: str, n_targets: int) -> str:
    """A score's name on an axis, the mean over so many targets."""
    name = METRIC_LABELS.get(metric, metric.replace("_", " "))
    return f"{name}, mean of {n_targets} targets" if n_targets > 1 else name


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
    """Which intervals the bars are, short enough for half of the legend's width."""
    return kinds[0] if len(kinds) == 1 else "range or 95 % t interval"


def _sweep_line(ax: Axes, runs: pd.DataFrame, models: pd.DataFrame) -> None:
    ax.plot(runs["units"].astype(int), runs["value"], "o", ms=2, color=GREEN, alpha=0.45, mew=0)
    units = models["units"].astype(int).to_numpy()
    ax.plot(units, models["mean"], "o-", ms=4, color=GREEN, lw=1.1, mec="white", mew=0.4)
    ax.vlines(units, models["low"], models["high"], color=GREEN, lw=1)
    ax.set_xscale("log")
    # Half a tick's step of room on both sides; a single number of units is in the middle.
    ax.set_xlim(units.min() / 1.25, units.max() * 1.25)
    ax.set_xticks(units, tick_labels(ax, units))
    ax.set_xticks([], minor=True)
    ax.set_xlabel("number of units" + " (log scale)" * (len(units) > 1))


def _chance(ax: Axes, table: pd.DataFrame) -> bool:
    """Draw a line at the base rate if near the axis's range; return True if it lies far below."""
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
    names = fitted(models["model"], _LONGEST_NAME)
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
        ax.text(end + 0.04, y, names[row.model], transform=beside, va="center", fontsize=6)
