"""Robustness of interpretations to changes of the model and to seeds."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    GREY,
    LIGHT,
    MAX_PROPORTION,
    PAGE_WIDTH,
    RED,
    axes_at,
    message,
    new_figure,
    style,
    text_at,
    text_width,
)

# Expected correlation with the trained model's attributions if a method is sound.
EXPECTED = {"randomised_weights": 0.0, "shuffled_labels": 0.0, "other_seed": 1.0}
_DOT = "#7FB8D9"  # a lighter blue: many dots lie side by side
# Of the agreement figure, in mm: above and below the rows, a row, bars and gaps beside the dots.
_HEAD, _FOOT, _PITCH, _SIDE = 17.0, 14.0, 3.2, 19.0
_COLUMNS = 3


def sanity_table(checks: pd.DataFrame) -> pd.DataFrame:
    """What the sanity figure draws: the checks of all methods, with their means over targets.

    Parameters
    ----------
    checks
        The tables of `interpret.sanity_checks` with the column method, one below the other.

    Returns
    -------
    DataFrame
        Those columns, `method` first; in rows with the target `mean`, `correlation`
        is the mean over the targets that have one, low and high its 95 % interval over targets
        (1.96 standard errors; missing for one target), n_sequences their sum.
    """
    parts = []
    for method, table in checks.groupby("method", sort=False):
        parts.append(table)
        for check, rows in table.dropna(subset="correlation").groupby("check", sort=False):
            values = rows["correlation"]
            reach = 1.96 * values.std() / np.sqrt(len(values))  # NaN for one value
            mean = {"target": "mean", "check": check, "method": method}
            mean |= {"n_sequences": rows["n_sequences"].sum(), "correlation": values.mean()}
            mean |= {"low": values.mean() - reach, "high": values.mean() + reach}
            parts.append(pd.DataFrame([mean | {"magnitude": rows["magnitude"].mean()}]))
    columns = ["method", "check", "target", "n_sequences", "correlation", "low", "high"]
    every = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return every.reindex(columns=[*columns, "magnitude"])


@style()
def sanity_checks(table: pd.DataFrame) -> Figure:
    """Draw how attributions of changed models resemble the trained model's, by method and check.

    Parameters
    ----------
    table
        From `sanity_table`.
    """
    if table["correlation"].notna().sum() == 0:
        return message("No sanity check has a value: no sequence was attributed.")
    methods = list(dict.fromkeys(table["method"]))
    checks = [c for c in EXPECTED if c in set(table["check"])]
    checks += [c for c in dict.fromkeys(table["check"]) if c not in EXPECTED]
    rows = -(-len(methods) // 3)
    columns = -(-len(methods) // rows)
    width = min(PAGE_WIDTH, max(COLUMN_WIDTH, 18 + columns * (8 + 16 * len(checks))))
    figure = new_figure(width, 16 + 58 * rows, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for ax, method in zip(grid.flat, methods):
        _sanity_panel(ax, table[table["method"] == method], checks)
        ax.set_title(method.replace("_", " "), loc="left", fontweight="bold")
    for ax in grid.flat[len(methods) :]:
        ax.set_axis_off()
    for ax in grid[:, 0]:
        ax.set_ylabel("correlation with the\ntrained model's attributions")
    look = {"ls": "", "marker": "o"}
    handles = [
        Line2D([], [], **look, ms=3, color=_DOT, label="one target, 95 % over sequences"),
        Line2D([], [], ls="", marker="D", ms=3, color=BLACK, label="mean, 95 % over targets"),
        Line2D([], [], color=RED, lw=1, ls=(0, (3, 2)), label="expected of a sound method"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3 if width > 120 else 1)
    return figure


def _sanity_panel(ax: Axes, table: pd.DataFrame, checks: list[str]) -> None:
    for i, check in enumerate(checks):
        rows = table[(table["check"] == check) & table["correlation"].notna()]
        dots = rows[rows["target"] != "mean"].sort_values("correlation", kind="stable")
        x = i + (np.linspace(-0.4, 0.3, len(dots)) if len(dots) > 1 else np.array([-0.2]))
        ax.vlines(x[: len(dots)], dots["low"], dots["high"], color=LIGHT, lw=0.8, zorder=1)
        ax.plot(x[: len(dots)], dots["correlation"], "o", ms=2.4, color=_DOT, zorder=2)
        for row in rows[rows["target"] == "mean"].itertuples():
            ax.plot([i + 0.4] * 2, [row.low, row.high], color=BLACK, lw=1, marker="_", ms=4)
            ax.plot(i + 0.4, row.correlation, "D", ms=3, color=BLACK)
        if not len(dots):
            ax.text(i, 0.5, "no value", rotation=90, ha="center", va="center", color=GREY)
        if check in EXPECTED:
            ax.plot([i - 0.44, i + 0.44], [EXPECTED[check]] * 2, color=RED, lw=1, ls=(0, (3, 2)))
    said = [check.replace("_", "\n") for check in checks]
    ax.set_xticks(range(len(checks)), said)
    ax.tick_params(axis="x", length=0)
    lowest = np.nanmin([-0.15, table["low"].min(), table["correlation"].min()])
    ax.set(xlim=(-0.6, len(checks) - 0.4), ylim=(min(lowest - 0.05, ax.get_ylim()[0]), 1.06))


def agreement_table(agreement: pd.DataFrame, profiles: pd.DataFrame | None = None) -> pd.DataFrame:
    """The binding modes in order of drawing: by seeds, expected ones before others.

    Parameters
    ----------
    agreement
        motif_agreement.tsv.
    profiles
        Columns name and cluster: the names of modes that no seed has.

    Returns
    -------
    DataFrame
        Its rows with a column `label`: up to three TF names, or the cluster's number.
    """
    of_cluster: dict[str, list[str]] = {}
    if profiles is not None:
        for name, cluster in zip(profiles["name"], profiles["cluster"].astype(str)):
            of_cluster.setdefault(cluster, []).append(name)
    labels = []
    for cluster, text in zip(agreement["cluster"].astype(str), agreement["names"].fillna("")):
        found = [name for name in str(text).split(",") if name]
        labels.append(_mode_label(found or of_cluster.get(cluster, [])) or f"cluster {cluster}")
    table = agreement.assign(label=labels, expected=agreement["expected"].astype(bool))
    by = ["n_seeds", "expected", "n_filters"]
    return table.sort_values(by, ascending=False, kind="stable", ignore_index=True)


def _mode_label(names: list[str]) -> str:
    """`ETV1/EHF/ELK4 +1`: monomers before dimers; variants and case are ignored."""
    plain: dict[str, str] = {}
    for name in names:
        first = name.split("(var.")[0]
        plain.setdefault(first.upper(), first)
    ordered = sorted(plain.values(), key=lambda name: "::" in name)
    return "/".join(ordered[:3]) + (f" +{len(ordered) - 3}" if len(ordered) > 3 else "")


@style()
def motif_agreement(table: pd.DataFrame) -> Figure:
    """Draw in which seeds each binding mode was found, and by how many filters.

    Parameters
    ----------
    table
        From `agreement_table`.
    """
    if table.empty:
        return message("No filter of any seed matches a known motif: no binding modes to compare.")
    seeds = _seeds(table)
    table = table.assign(drawn=table["label"].map(fitted(table["label"], 40, weight="bold")))
    blocks, names, dots = _blocks(table, len(seeds))
    most, drawn = max(len(rows) for rows in blocks), pd.concat(blocks)
    used = 2 + len(blocks) * (names + dots + _SIDE)
    said = _agreement_said(table)
    if len(drawn) < len(table):
        said += f"\n{len(drawn)} of {len(table)} modes drawn"
    figure = new_figure(max(COLUMN_WIDTH, used), _HEAD + _PITCH * most + _FOOT)
    for i, rows in enumerate(blocks):
        left = 2 + names + i * (names + dots + _SIDE)
        bars = _agreement_block(figure, (left, dots, _PITCH * len(rows)), rows, seeds)
        bars.set_xlim(0, max(1, drawn["n_filters"].max()))
    text_at(figure, 2, 1.5, said, fontsize=6.5, linespacing=1.2)
    kinds = {True: (BLUE, "expected: binding mode of a predicted TF"), False: (GREY, "other mode")}
    handles = [
        Line2D([], [], ls="", marker="o", ms=4, color=colour, label=text)
        for kind, (colour, text) in kinds.items()
        if kind in set(drawn["expected"])
    ]
    figure.legend(handles=handles, loc="lower left", ncols=1)
    return figure


def _blocks(table: pd.DataFrame, n_seeds: int) -> tuple[list[pd.DataFrame], float, float]:
    """Rows of each column of the page, width of the names, width of the dots (mm).

    As few columns as give a page that is not taller than a screen.
    """
    names, found = text_width(table["drawn"], weight="bold") + 3, None
    for columns in range(1, _COLUMNS + 1):
        room = (PAGE_WIDTH - 2) / columns - names - _SIDE
        if found and room < 12:
            break
        dots = min(3.4 * n_seeds + 2, room)
        width = max(COLUMN_WIDTH, 2 + columns * (names + dots + _SIDE))
        most = int((MAX_PROPORTION * width - _HEAD - _FOOT) / _PITCH)
        drawn = table.head(columns * most)
        ends = [round(len(drawn) * i / columns) for i in range(columns + 1)]
        blocks = [drawn.iloc[a:b] for a, b in zip(ends, ends[1:]) if a < b]
        found = (blocks, names, dots)
        height = _HEAD + _FOOT + _PITCH * -(-len(drawn) // columns)
        if len(drawn) == len(table) and height <= 0.75 * width:
            break
    return found


def _seeds(table: pd.DataFrame) -> list[str]:
    """Names of the seeds, and `` for those in which nothing was found (the table names none)."""
    texts = table["seeds"].fillna("").astype(str).str.removesuffix(".0")
    named = {seed for text in texts for seed in text.split(",") if seed}
    known = sorted(named, key=lambda seed: (len(seed), seed))
    return known + [""] * (int(table["n_runs"].max()) - len(known))


def _agreement_block(figure: Figure, place: tuple, rows: pd.DataFrame, seeds: list[str]) -> Axes:
    left, dots, height = place
    ax = axes_at(figure, left, _HEAD, dots, height)
    bars = axes_at(figure, left + dots + 3, _HEAD, 10, height)
    for y, row in enumerate(rows.itertuples()):
        colour = BLUE if row.expected else GREY
        here = str(row.seeds).removesuffix(".0").split(",") if row.n_seeds else []
        x = [i for i, seed in enumerate(seeds) if seed in here]
        ax.plot(range(len(seeds)), [y] * len(seeds), "o", ms=1.2, color=LIGHT)
        ax.plot(x, [y] * len(x), "o", ms=4, color=colour)
        bars.barh(y, np.nan_to_num(row.n_filters), height=0.7, color=colour)
    ax.set(xlim=(-0.6, len(seeds) - 0.4))
    step = -(-3 * len(seeds) // max(int(dots), 1))  # a number takes 3 mm
    ax.set_xticks(range(0, len(seeds), step), seeds[::step])
    ax.set_yticks(range(len(rows)), rows["drawn"])
    for tick, expected in zip(ax.get_yticklabels(), rows["expected"]):
        tick.set(color=BLACK if expected else GREY, weight="bold" if expected else "normal")
    bars.set(yticks=[])
    bars.locator_params(axis="x", nbins=2, integer=True)
    for each, text in ((ax, "seed"), (bars, "filters per seed")):
        each.set_ylim(len(rows) - 0.4, -0.6)
        each.xaxis.tick_top()
        each.xaxis.set_label_position("top")
        each.set_xlabel(text, fontsize=6)
        each.spines[:].set_visible(False)
        each.tick_params(length=0, pad=1)
    return bars


def _agreement_said(table: pd.DataFrame) -> str:
    every, said = int(table["n_runs"].max()), []
    for name, rows in (
        ("expected", table[table["expected"]]),
        ("other", table[~table["expected"]]),
    ):
        if rows.empty:
            continue
        full, found = int((rows["n_seeds"] == every).sum()), int((rows["n_seeds"] > 0).sum())
        of = f" of {len(rows)}" if name == "expected" else ""
        said.append(f"{name} modes: {found}{of} found, {full} in every seed ({every})")
    return "\n".join(said)
