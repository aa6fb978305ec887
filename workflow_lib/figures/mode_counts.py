"""How many binding modes were found, by number of units, by model and method.

A binding mode is a cluster of JASPAR profiles; the expected ones are those of the predicted TFs.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.errors import InputError
from workflow_lib.figures.labels import tick_labels
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    DARK_GREEN,
    DARK_GREY,
    GREEN,
    GREY,
    PAGE_WIDTH,
    message,
    new_figure,
    style,
    text_width,
)

FILTERS = "filters"  # the method that reads the first layer; all others explain predictions
_DASHES = {"lw": 0.8, "ls": (0, (4, 2))}
_PALE = "#BDBDBD"
_HATCHES = ("////", "xxxx", "....", "----")
_KINDS = {"expected": (GREEN, "o"), "all": (DARK_GREY, "s")}
_COLUMNS = ["model", "method", "seed", "units", "expected", "other", "all", "n_expected"]


def mode_table(counts: pd.DataFrame, units: Mapping[str, int] | None = None) -> pd.DataFrame:
    """The numbers of binding modes that runs found, with the number of units of some models.

    Parameters
    ----------
    counts
        One row per run and method: model, method, seed, and the columns of
        `motifs.binding_modes.count_modes`.
    units
        Number of units of some models; these rows come in this order, the others as given.

    Returns
    -------
    DataFrame
        The same rows: model, method, seed, units, expected, other, all, n_expected.

    Raises
    ------
    InputError
        The runs have different numbers of expected modes, so that they are not comparable.
    """
    if counts["n_expected"].nunique() > 1:
        first, other = counts.drop_duplicates("n_expected").iloc[:2].itertuples()
        raise InputError(
            f"binding modes: {other.model} ({other.method}, seed {other.seed}) was compared with "
            f"{other.n_expected} expected modes, {first.model} ({first.method}, seed {first.seed}) "
            f"with {first.n_expected}; wanted runs of one data set and one set of known motifs"
        )
    table = counts.assign(units=counts["model"].map(units or {}).astype("Int64"))
    return table.sort_values("units", kind="stable", ignore_index=True)[_COLUMNS]


@style()
def modes_by_units(table: pd.DataFrame) -> Figure:
    """Expected and all modes found against the number of units: means, ranges and seeds.

    Parameters
    ----------
    table
        From `mode_table`; only rows with a number of units are drawn.
    """
    table = table[table["units"].notna()]
    if table.empty:
        return message("No model with a number of units was searched for binding modes.")
    units = np.array(sorted(set(table["units"].astype(int))))
    figure = new_figure(89, 66)
    ax = figure.add_axes((13 / 89, 10 / 66, 72 / 89, 45 / 66))
    for kind in _KINDS:
        _mode_line(ax, table, kind)
    ax.set_xscale("log")
    ax.set_xlim(units.min() / 1.25, units.max() * 1.25)
    ax.set_xticks(units, tick_labels(ax, units))
    ax.set_xticks([], minor=True)
    ax.set_xlabel("number of units" + " (log scale)" * (len(units) > 1))
    _mode_axis(ax, table)
    n_seeds = table.groupby("units")["seed"].nunique().max()
    names = {"expected": "modes of the predicted TFs", "all": "all binding modes"}
    handles = [
        Line2D([], [], color=colour, marker=marker, ms=4, mec="white", mew=0.4, label=names[kind])
        for kind, (colour, marker) in _KINDS.items()
    ]
    if n_seeds > 1:
        dot = {"color": GREY, "marker": "o", "ls": "", "ms": 2, "alpha": 0.6, "mew": 0}
        handles.append(Line2D([], [], label="each seed; band: their range", **dot))
    figure.legend(handles=handles + _expected_line(table), loc="upper left", ncols=2)
    return figure


def _mode_line(ax: Axes, table: pd.DataFrame, kind: str) -> None:
    colour, marker = _KINDS[kind]
    by_units = table.assign(units=table["units"].astype(int)).groupby("units")[kind]
    s = by_units.agg(["mean", "min", "max"])
    ax.fill_between(s.index, s["min"], s["max"], color=colour, alpha=0.15, lw=0)
    if len(s) == 1:
        ax.vlines(s.index, s["min"], s["max"], color=colour, lw=1)
    ax.plot(table["units"].astype(int), table[kind], marker, ms=2, mew=0, alpha=0.6, color=colour)
    ax.plot(s.index, s["mean"], f"{marker}-", ms=4, mec="white", mew=0.4, lw=1.1, color=colour)


def _mode_axis(ax: Axes, table: pd.DataFrame) -> None:
    """The y axis from 0, and a dashed line at the number of expected modes."""
    expected = int(table["n_expected"].max())
    ax.set_ylim(0, 1.12 * max(table["all"].max(), expected, 1))
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_ylabel("binding modes found")
    if expected:
        ax.axhline(expected, color=BLACK, **_DASHES)


def _expected_line(table: pd.DataFrame) -> list[Line2D]:
    """The legend's entry of the dashed line, if there is one."""
    n = int(table["n_expected"].max())
    return [Line2D([], [], color=BLACK, label=f"{n} modes expected", **_DASHES)] if n else []


@style()
def modes_by_model(table: pd.DataFrame) -> Figure:
    """Bars by model and method: expected modes below, other modes on top, dots for the seeds.

    Parameters
    ----------
    table
        From `mode_table`. Methods other than `filters` are hatched.
    """
    if table.empty:
        return message("No model was searched for binding modes: nothing to draw.")
    models, methods = (list(dict.fromkeys(table[name])) for name in ("model", "method"))
    explained = [method for method in methods if method != FILTERS]
    hatch = {m: _HATCHES[i % len(_HATCHES)] for i, m in enumerate(explained)} | {FILTERS: ""}
    bars = [
        (model, method)
        for model in models
        for method in dict.fromkeys(table.loc[table["model"] == model, "method"])
    ]
    # A model's bars are side by side, with a gap to the next model's.
    places = np.array([i + 0.7 * models.index(model) for i, (model, _) in enumerate(bars)])
    centres = [np.mean([x for x, bar in zip(places, bars) if bar[0] == m]) for m in models]
    labels, upright = (list(fitted(models, *room).values()) for room in ((16, 4), (45,)))
    handles = _bar_legend(table, {method: hatch[method] for method in methods})
    rows = -(-len(handles) // 2)
    sides, step = 16.0, _bar_step(labels, centres)  # mm
    width = min(max(sides + step * (places[-1] + 1.6), 84), PAGE_WIDTH)
    turned = sides + step * (places[-1] + 1.6) > PAGE_WIDTH
    below = 6.5 + (text_width(upright) if turned else 2.8 * max(n.count("\n") + 1 for n in labels))
    height = 5 + 3.2 * rows + 46 + below
    figure = new_figure(width, height)
    ax = figure.add_axes((13 / width, below / height, 1 - sides / width, 46 / height))
    for x, (model, method) in zip(places, bars):
        _bar(ax, x, table[(table["model"] == model) & (table["method"] == method)], hatch[method])
    # A few bars are not widened to fill the figure's minimum width.
    half, middle = max(places[-1] + 1.6, (width - sides) / 14) / 2, places[-1] / 2
    ax.set_xlim(middle - half, middle + half)
    ax.set_xticks(centres, upright if turned else labels, rotation=90 if turned else 0)
    ax.tick_params(axis="x", length=0, pad=11)
    _mode_axis(ax, table)
    figure.legend(handles=handles, loc="upper left", ncols=2)
    return figure


def _bar_step(labels: list[str], centres: list[float]) -> float:
    """Millimetres from bar to bar, so that the models' names do not touch."""
    widths = [text_width(label.split("\n")) + 2 for label in labels]
    needed = [
        (widths[i] + widths[i + 1]) / 2 / (centres[i + 1] - centres[i])
        for i in range(len(widths) - 1)
    ]
    return max(7.0, *needed, 0.0)


def _bar(ax: Axes, x: float, runs: pd.DataFrame, hatch: str) -> None:
    """One model and method; under the bar the mean number of expected modes found."""
    expected, other = runs["expected"].mean(), runs["other"].mean()
    look = {"width": 0.8, "hatch": hatch, "ec": "white", "lw": 0}
    ax.bar(x, expected, color=GREEN, **look)
    ax.bar(x, other, bottom=expected, color=_PALE, **look)
    if len(runs) > 1:
        at = x + np.linspace(-0.2, 0.2, len(runs))
        dot = {"marker": "o", "ls": "", "ms": 2.4, "mec": "white", "mew": 0.3, "clip_on": False}
        ax.plot(at, runs["all"], color=DARK_GREY, **dot)
        ax.plot(at, runs["expected"], color=BLACK, **dot)
    number = f"{expected:.1f}".removesuffix(".0")
    under = {"textcoords": "offset points", "ha": "center", "va": "top", "color": DARK_GREEN}
    ax.annotate(number, (x, 0), (0, -3), fontsize=6, **under)


def _bar_legend(table: pd.DataFrame, hatch: dict[str, str]) -> list[Patch | Line2D]:
    handles = [
        Patch(color=GREEN, lw=0, label="modes of the predicted TFs"),
        Patch(color=_PALE, lw=0, label="other modes"),
    ]
    for method, pattern in hatch.items() if len(hatch) > 1 or FILTERS not in hatch else ():
        said = method if method == FILTERS else f"{method} and TF-MoDISco"
        handles.append(Patch(fc=GREY, ec="white", lw=0, hatch=pattern, label=said))
    if table.duplicated(["model", "method"]).any():
        dot = {"color": BLACK, "marker": "o", "ls": "", "ms": 2.4}
        handles.append(Line2D([], [], label="each seed (bars: means)", **dot))
    return handles + _expected_line(table)
