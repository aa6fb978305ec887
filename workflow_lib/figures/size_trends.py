"""Scores and times of motif discovery against data set size."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.labels import log_ticks
from workflow_lib.figures.motif_pairs import name_dots, pair_words, why_no_pairs
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREEN,
    GREY,
    METRIC_LABELS,
    PAGE_WIDTH,
    PALE_GREEN,
    axes_at,
    message,
    new_figure,
    style,
    text_width,
)

MODEL_STEPS = ("train", "filters")
LARGE = 50_000  # sequences; from here on the paper gives a ratio of times
_FEWEST_FOR_TREND = 10
_LINE = 3.0  # mm, one line of a legend
_SETUP = ["threads", "device", "machine"]


def size_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """Differences between two tools by the number of sequences that they saw, with their trend.

    Parameters
    ----------
    pairs
        From `motif_pairs.pairs_table`.

    Returns
    -------
    DataFrame
        The same columns, the fewest training sequences of the model first, those that lack
        something (or with an unknown number) last; trend (running median over `window` data sets)
        and rho (Spearman's rank correlation of the model's number and the difference), both of ten
        data sets or more.
    """
    sizes = pd.to_numeric(pairs["n_train_y"])
    lacks = pairs["lacks"].where(sizes.notna() | (pairs["lacks"] != ""), "number of sequences")
    table = pairs.assign(n_train_y=sizes, lacks=lacks)
    table = table.sort_values("n_train_y", kind="stable")
    drawn, rest = table[table["lacks"] == ""], table[table["lacks"] != ""]
    trend, window, rho = np.nan, max(5, len(drawn) // 5) // 2 * 2 + 1, np.nan
    if len(drawn) >= _FEWEST_FOR_TREND:
        difference = drawn["difference"].astype(float)
        trend = difference.rolling(window, center=True, min_periods=window // 2 + 1).median()
        if drawn["n_train_y"].nunique() > 1 and difference.nunique() > 1:
            rho = drawn["n_train_y"].corr(difference, method="spearman")
    drawn = drawn.assign(trend=trend, window=window, rho=rho)
    return pd.concat([drawn, rest], ignore_index=True) if len(rest) else drawn


@style()
def difference_by_size(table: pd.DataFrame, named: int = 4) -> Figure:
    """One dot per data set, above zero where the model's best PWM is better.

    A dot lies at the number of sequences that the model saw. Where the other tool saw another one,
    a ring on a line with the dot lies there.

    Parameters
    ----------
    table
        From `size_table`.
    named
        How many data sets are named: those with the largest differences.
    """
    drawn = table[table["lacks"] == ""]
    if drawn.empty:
        return message(why_no_pairs(table))
    said = pair_words(table)
    sizes, other = (pd.to_numeric(drawn[f"n_train_{side}"]) for side in ("y", "x"))
    differs = other.notna() & (other != sizes)
    has_trend = drawn["trend"].notna().any()
    top = 4 + _LINE * (len(said) + has_trend + 2 * differs.any())
    figure = new_figure(COLUMN_WIDTH, top + 68)
    ax = axes_at(figure, 22, top, 63, 57)
    d = drawn["difference"].to_numpy(dtype=float)
    half = max(1.15 * np.abs(d).max(), 0.02)
    ax.set_ylim(-half, half)
    size_axis(ax, np.concatenate([sizes, other.dropna()]).astype(float))
    ax.axhline(0, color=GREY, lw=0.6, zorder=0)
    pair = drawn[["model", "compared"]].iloc[0]
    handles = []
    if differs.any():
        ax.set_xlabel("training sequences that a tool saw (log scale)")
        ax.hlines(d[differs], other[differs], sizes[differs], color=PALE_GREEN, lw=0.8, zorder=1)
        ring = {"marker": "o", "ls": "", "mfc": "white", "mec": GREY, "mew": 0.7}
        ax.plot(other[differs], d[differs], ms=3, zorder=2, **ring)
        short = fitted(pair, 50)
        dot = {"marker": "o", "ls": "", "color": GREEN, "mew": 0}
        for who, look in (("model", dot), ("compared", ring)):
            label = f"at the number that {short[pair[who]]} saw"
            handles.append(Line2D([], [], ms=3.5, label=label, **look))
    ax.scatter(sizes, d, s=11, c=GREEN, ec="white", lw=0.3, zorder=3)
    if has_trend:
        rho = drawn["rho"].iloc[0]
        rho = f"{rho:+.2f}".replace("-", "−") if np.isfinite(rho) else "not defined"
        label = f"running median of {drawn['window'].iloc[0]:.0f}; Spearman's ρ {rho}"
        handles += ax.plot(sizes, drawn["trend"], color=BLACK, lw=0.9, label=label)
    metric = METRIC_LABELS.get(drawn["metric"].iloc[0], drawn["metric"].iloc[0])
    label = f"difference in {metric}, {' − '.join(pair.map(fitted(pair, 44)))}"
    ax.set_ylabel(textwrap.fill(label, 42, break_long_words=False))
    figure.legend(handles=handles, loc="upper left", title="\n".join(said), alignment="left")
    far = drawn.loc[drawn["difference"].abs().sort_values(ascending=False, kind="stable").index]
    zero = np.geomspace(*ax.get_xlim(), 150)
    lines = np.concatenate(
        [np.stack([zero, 0 * zero], axis=1), drawn[["n_train_y", "trend"]].dropna()]
    )
    points = far[["n_train_y", "difference"]].to_numpy(dtype=float)
    name_dots(ax, points, far["name"].head(named), lines.astype(float))
    return figure


def size_axis(ax: Axes, sizes: np.ndarray) -> None:
    """A log x axis of training sequences, labels such as 10,000."""
    ax.set_xscale("log")
    beyond = 1.5 if sizes.max() > 5 * sizes.min() else 3  # room for more than one tick
    low, high = sizes.min() / beyond, sizes.max() * beyond
    ax.set_xlim(low, high)
    width = ax.get_position().width * ax.figure.get_size_inches()[0] * 25.4
    ticks = log_ticks(max(low, 1), high, width / (text_width([f"{high:,.0f}"]) + 1.5))
    ax.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("training sequences (log scale)")


def times_table(
    times: pd.DataFrame, model: str, seed: int, compared: str | None, datasets: Sequence[str]
) -> pd.DataFrame:
    """How long each method took on each data set, all its steps together.

    Parameters
    ----------
    times
        results/discovery_times.tsv: dataset, method, seed, step, n_train, wall_s, cpu_s, threads,
        device, machine.
    model, seed
        The run whose steps `train` and `filters` (with importances) are summed.
    compared
        The other tool, of which all steps are summed; None leaves it out.
    datasets
        Those to use.

    Returns
    -------
    DataFrame
        dataset, method, steps, n_train, wall_s, cpu_s (sums, empty where a step has none), threads,
        device, machine (as recorded, distinct ones joined), lacks (steps without a time, or
        n_train; such data sets are not drawn).
    """
    found = []
    for method in dict.fromkeys(name for name in (model, compared) if name is not None):
        rows = times[times["method"] == method]
        steps = MODEL_STEPS if method == model else tuple(dict.fromkeys(rows["step"])) or (method,)
        if method == model:
            rows = rows[pd.to_numeric(rows["seed"]) == int(seed)]
        rows = rows[rows["step"].isin(steps)]
        of = {dataset: rows[rows["dataset"] == dataset] for dataset in dict.fromkeys(datasets)}
        found += [_total(mine, steps) | {"dataset": d, "method": method} for d, mine in of.items()]
    columns = ["dataset", "method", "steps", "n_train", "wall_s", "cpu_s"]
    return pd.DataFrame(found, columns=[*columns, *_SETUP, "lacks"])


def _total(rows: pd.DataFrame, steps: Sequence[str]) -> dict[str, object]:
    """The steps of one method on one data set, added up."""
    timed = set(rows.loc[rows["wall_s"].notna(), "step"])
    lacks = [step for step in steps if step not in timed]
    if not lacks and rows["n_train"].isna().all():
        lacks = ["n_train"]
    joined = {name: ", ".join(dict.fromkeys(map(_text, rows[name].dropna()))) for name in _SETUP}
    sums = {name: rows[name].sum(skipna=False, min_count=1) for name in ("wall_s", "cpu_s")}
    about = {"steps": " + ".join(steps), "n_train": rows["n_train"].max()}
    return about | sums | joined | {"lacks": ", ".join(lacks)}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@style()
def times_by_size(table: pd.DataFrame) -> Figure:
    """Wall time, and CPU time where it differs, against the number of training sequences.

    Parameters
    ----------
    table
        From `times_table`.
    """
    drawn = table[table["lacks"] == ""]
    if drawn.empty:
        return message("No data set has the times of all steps: nothing to draw.")
    differ = (drawn["cpu_s"] / drawn["wall_s"] - 1).abs().max() > 0.1
    panels = {"wall_s": "wall time"} | ({"cpu_s": "CPU time"} if differ else {})
    width = PAGE_WIDTH if differ else COLUMN_WIDTH
    letters = int(width / 1.35)
    said = "\n".join(textwrap.fill(text, letters) for text in _times_words(table))
    colours = dict(zip(dict.fromkeys(drawn["method"]), (GREEN, GREY)))
    handles = [
        Line2D([], [], color=colour, marker="o", ms=3.5, ls="", label=textwrap.fill(text, letters))
        for (method, colour) in colours.items()
        for text in [_setup(drawn[drawn["method"] == method])]
    ]
    texts = [said] * bool(said) + [handle.get_label() for handle in handles]
    top = 4 + _LINE * (len(texts) + "".join(texts).count("\n"))
    figure = new_figure(width, top + 68)
    seconds = drawn[list(panels)].to_numpy(dtype=float)
    ends = (0.6 * np.nanmin(seconds[seconds > 0]), 1.6 * np.nanmax(seconds))
    for i, (column, name) in enumerate(panels.items()):
        ax = axes_at(figure, 16 + 91 * i, top, 69, 57)
        for method, colour in colours.items():
            rows = drawn[drawn["method"] == method]
            ax.scatter(rows["n_train"], rows[column], s=11, c=colour, ec="white", lw=0.3)
        size_axis(ax, drawn["n_train"].to_numpy(dtype=float))
        ax.set(yscale="log", ylim=ends, ylabel=f"{name} (s, log scale)")
        ticks = log_ticks(*ends, most=16)
        ax.set_yticks(ticks, [f"{tick:,.10g}" for tick in ticks])
        ax.set_yticks([], minor=True)
    figure.legend(handles=handles, loc="upper left", title=said or None, alignment="left")
    return figure


def _setup(rows: pd.DataFrame) -> str:
    """Method and steps that were timed, with devices, threads and machines, as text."""
    method, steps = rows[["method", "steps"]].iloc[0]
    known = {name: [v for v in dict.fromkeys(rows[name]) if v] for name in _SETUP}
    threads = f"threads {' or '.join(known['threads'])}" if known["threads"] else ""
    where = "; ".join(known["machine"][:3]) or "machine not recorded"
    where += f" and {len(known['machine']) - 3} more" if len(known["machine"]) > 3 else ""
    how = [" or ".join(known["device"]) or "device not recorded", threads, where]
    method, steps = (fitted([text], 60)[text] for text in (method, steps))
    said = method if steps == method else f"{method} ({steps})"
    return f"{said}, {len(rows)} data set{'s' * (len(rows) > 1)}: {', '.join(filter(None, how))}"


def _times_words(table: pd.DataFrame) -> list[str]:
    """The ratio of the wall times where both had equally many sequences; missing times."""
    drawn, methods = table[table["lacks"] == ""], list(dict.fromkeys(table["method"]))
    names = fitted(methods, 40)
    said = [] if len(methods) > 1 else ["No other tool was chosen to compare with."]
    one, other = (drawn[drawn["method"] == m].set_index("dataset") for m in (methods * 2)[:2])
    both = one.join(other, rsuffix="_other", how="inner")
    same = both[both["n_train"] == both["n_train_other"]]
    if len(methods) > 1 and len(same):
        ratio = same["wall_s_other"] / same["wall_s"]
        text = f"{names[methods[1]]} / {names[methods[0]]}, wall time: "
        text += f"median {ratio.median():.3g} (n = "
        large = ratio[same["n_train"] >= LARGE]
        more = f", from {LARGE:,} sequences {large.median():.3g} (n = {len(large)})"
        said.append(f"{text}{len(ratio)})" + more * bool(len(large)))
    if len(same) < len(both):
        said.append(
            f"{len(both) - len(same)} data sets: other numbers of sequences for each method"
        )
    lacking = table.loc[table["lacks"] != "", ["method", "lacks"]].value_counts(sort=False)
    said += [
        f"{n} not drawn of {names[m]}; not recorded: {what}" for (m, what), n in lacking.items()
    ]
    return said
