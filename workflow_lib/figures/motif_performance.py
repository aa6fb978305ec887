"""How well single PWMs find bound sequences, by rank and by tool."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.figures.labels import label_beside
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    DARK_GREEN,
    GREEN,
    GREY,
    METRIC_LABELS,
    PALE_GREEN,
    axes_at,
    message,
    new_figure,
    settle,
    style,
)

MOST_IMPORTANT = 10  # ranks; what the paper counts
_FEWEST_FOR_QUARTILES = 4
_LINE = 3.0  # mm, one line of a legend
_KEYS = ["dataset", "target"]


def short_names(names: pd.DataFrame) -> list[str]:
    """Names of dots, from columns dataset and target: `tf_binding.GATA3` becomes GATA3.

    Data sets that would get the same name keep their full names; if a data set has several
    targets, the target's name is added.
    """
    short = names["dataset"].astype(str).str.split(".").str[-1]
    said = short.where(names["dataset"].groupby(short).transform("nunique") == 1, names["dataset"])
    several = names.groupby("dataset")["target"].transform("nunique") > 1
    return said.where(~several, said + " " + names["target"].astype(str)).tolist()


def _rows(
    scores: pd.DataFrame, method: str, seed: int | None, datasets: Sequence[str], metric: str
) -> pd.DataFrame:
    """Rows of one method; the seed is None for a motif set without a model."""
    wanted = (scores["method"] == method) & (scores["metric"] == metric)
    if seed is not None:
        wanted &= pd.to_numeric(scores["seed"]) == int(seed)
    return scores[wanted & scores["dataset"].isin(list(datasets))]


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    """For each data set and target the PWM that is best in validation."""
    best = rows[rows["best"].astype(str).str.lower() == "true"].drop_duplicates(_KEYS)
    return best[[*_KEYS, "motif", "rank", "test", "n_train"]].reset_index(drop=True)


def rank_table(
    scores: pd.DataFrame, model: str, seed: int, datasets: Sequence[str], metric: str = "auprc"
) -> pd.DataFrame:
    """Test scores of a model's PWMs by the importance of their units, over data sets.

    Parameters
    ----------
    scores
        results/motif_scores.tsv: dataset, method, seed, n_train, motif, target, rank, metric, test,
        best, ...
    model, seed
        The model and run of the PWMs.
    datasets, metric
        Those to use.

    Returns
    -------
    DataFrame
        kind `mean`: rank, value (mean over the n data sets with a test score), low and high
        (quartiles, of four data sets or more), n, n_best (how many data sets have their best PWM
        there). kind `best`: dataset, target, name, rank, value (test score) of the PWM that is best
        in validation. kind `lacking`: a data set without any best PWM. Also model, seed, metric.
    """
    rows = _rows(scores, model, seed, datasets, metric)
    best = _best(rows)
    tests = rows.groupby("rank")["test"]
    means = tests.agg(["mean", "count"]).set_axis(["value", "n"], axis=1)
    enough = means["n"] >= _FEWEST_FOR_QUARTILES
    means = means.assign(low=tests.quantile(0.25).where(enough))
    means = means.assign(high=tests.quantile(0.75).where(enough))
    counts = best["rank"].value_counts().reindex(means.index, fill_value=0)
    means = means.assign(kind="mean", n_best=counts).reset_index()
    dots = best.assign(kind="best", name=short_names(best)).rename(columns={"test": "value"})
    without = [name for name in dict.fromkeys(datasets) if name not in set(best["dataset"])]
    lacking = pd.DataFrame({"kind": "lacking", "dataset": without})
    columns = ["kind", *_KEYS, "name", "motif", "rank", "value", "low", "high", "n", "n_best"]
    parts = [part for part in (means, dots, lacking) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    table = table.reindex(columns=columns).assign(model=model, seed=seed, metric=metric)
    return table.astype({"rank": "Int64", "n": "Int64", "n_best": "Int64"})


@style()
def rank_performance(table: pd.DataFrame) -> Figure:
    """A line of means over the ranks with quartiles; a grey dot for the best PWM of a data set.

    Parameters
    ----------
    table
        From `rank_table`.
    """
    means, dots = (table[table["kind"] == kind] for kind in ("mean", "best"))
    if means["value"].isna().all():
        return message("No PWM has a score on a test part: nothing to draw by rank.")
    said, handles = _rank_words(table), _rank_legend(means)
    top = 4 + _LINE * (len(said) + len(handles))
    figure = new_figure(COLUMN_WIDTH, top + 79)
    counts = axes_at(figure, 15, top, 70, 11)
    ax = axes_at(figure, 15, top + 14, 70, 54)
    ranks = means["rank"].to_numpy(dtype=float)
    counts.bar(ranks, means["n_best"].to_numpy(dtype=float), width=0.8, color=GREY)
    counts.set_ylabel("data\nsets")
    counts.yaxis.get_major_locator().set_params(integer=True, nbins=2)
    values = means[["value", "low", "high"]].to_numpy(dtype=float)
    ax.fill_between(ranks, values[:, 1], values[:, 2], color=PALE_GREEN, lw=0)
    ax.plot(ranks, values[:, 0], color=GREEN, lw=1.2, marker="o", ms=1.5)
    look = {"s": 9, "c": GREY, "ec": "white", "lw": 0.3, "alpha": 0.8, "zorder": 3}
    ax.scatter(dots["rank"].to_numpy(float), dots["value"].to_numpy(float), **look)
    for panel in (counts, ax):
        panel.set_xlim(0, max(ranks.max(), MOST_IMPORTANT) + 1)
        panel.axvline(MOST_IMPORTANT + 0.5, color=BLACK, lw=0.6, ls=(0, (3, 2)), zorder=0)
    ax.set_xticks([1, *(t for t in ax.get_xticks() if 1 < t <= max(ranks.max(), MOST_IMPORTANT))])
    counts.set_xticks(ax.get_xticks(), [])
    metric = table["metric"].iloc[0]
    ax.set_ylabel(f"{METRIC_LABELS.get(metric, metric)} of a PWM, test part")
    ax.set_xlabel("rank of the unit by its importance")
    title = "\n".join(said)
    figure.legend(handles=handles, loc="upper left", title=title, alignment="left")
    return figure


def _rank_words(table: pd.DataFrame) -> list[str]:
    """How many data sets, how often an important PWM is the best one, and what is missing."""
    dots = table[table["kind"] == "best"]
    n, lacking = len(dots), int((table["kind"] == "lacking").sum())
    known = int((dots["rank"] <= MOST_IMPORTANT).sum())
    share = f" ({100 * known / n:.1f} %)" if n else ""
    [model] = fitted(table["model"].head(1), 60).values()
    said = f"{model}, seed {table['seed'].iloc[0]}: {n} {_data_sets(n)}"
    if n > dots["dataset"].nunique():
        said = said.replace(_data_sets(n), "targets")
    said += f"; the best PWM is one of the {MOST_IMPORTANT} most important for {known}{share}"
    said += f"; without a best PWM: {lacking}" if lacking else ""
    untested = int(dots["value"].isna().sum())
    said += f"; without a test score, so without a dot: {untested}" if untested else ""
    return textwrap.wrap(said, 68)


def _data_sets(n: int) -> str:
    return "data set" if n == 1 else "data sets"


def _rank_legend(means: pd.DataFrame) -> list[Line2D | Patch]:
    several = means["n"].max() > 1
    said = "mean over data sets" if several else "the only data set with test scores"
    handles = [Line2D([], [], color=GREEN, marker="o", ms=1.5, label=said)]
    if means["low"].notna().any():
        handles.append(Patch(color=PALE_GREEN, label="quartiles over data sets"))
    dot = {"marker": "o", "ms": 3, "ls": "", "mew": 0, "color": GREY}
    said = "best PWM of a data set (chosen in validation); above: their number"
    dashes = {"color": BLACK, "lw": 0.6, "ls": (0, (3, 2))}
    end = Line2D([], [], label=f"end of the {MOST_IMPORTANT} most important", **dashes)
    return [*handles, Line2D([], [], label=said, **dot), end]


def pairs_table(
    scores: pd.DataFrame,
    model: str,
    seed: int,
    compared: str | None,
    datasets: Sequence[str],
    metric: str = "auprc",
) -> pd.DataFrame:
    """Test scores of the best PWMs of a model and of a motif set, data set by data set.

    Parameters
    ----------
    scores, datasets, metric
        See `rank_table`.
    model, seed
        On the y axis.
    compared
        The motif set on the x axis; None gives an empty table.

    Returns
    -------
    DataFrame
        dataset, target, name, n_train, model, compared, model_motif, compared_motif, x and y (test
        scores), difference (y - x), lacks (whose test score is missing; empty where none is),
        metric; the largest difference first, then the data sets that lack something.
    """
    columns = [*_KEYS, "name", "n_train", "model", "compared", "model_motif", "compared_motif"]
    columns += ["x", "y", "difference", "lacks", "metric"]
    if compared is None:
        return pd.DataFrame(columns=columns)
    sides = {"y": (model, seed, "model_motif"), "x": (compared, None, "compared_motif")}
    found = []
    for side, (method, run, motif) in sides.items():
        best = _best(_rows(scores, method, run, datasets, metric))
        names = {"test": side, "motif": motif, "n_train": f"n_train_{side}"}
        found.append(best.drop(columns="rank").rename(columns=names))
    table = found[0].merge(found[1], on=_KEYS, how="outer")
    absent = [name for name in dict.fromkeys(datasets) if name not in set(table["dataset"])]
    table = table.merge(pd.DataFrame({"dataset": absent}, dtype=object), how="outer")
    numbers = table[["x", "y", "n_train_y", "n_train_x"]].astype(float)
    missing = zip(numbers["y"].isna(), numbers["x"].isna())
    names = [[model] * no_y + [compared] * no_x for no_y, no_x in missing]
    table = table.assign(
        **numbers[["x", "y"]], difference=numbers["y"] - numbers["x"],
        lacks=["test score of " * bool(who) + " and ".join(who) for who in names],
        n_train=numbers["n_train_y"].fillna(numbers["n_train_x"]),
        name=short_names(table), model=model, compared=compared, metric=metric,
    )  # fmt: skip
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order, columns].reset_index(drop=True)


@style()
def best_against(table: pd.DataFrame, named: int = 6) -> Figure:
    """One dot per data set, above the diagonal where the model's best PWM is better.

    Parameters
    ----------
    table
        From `pairs_table`.
    named
        How many data sets are named: those furthest from the diagonal.
    """
    both = table[table["lacks"] == ""]
    if both.empty:
        return message(why_no_pairs(table))
    said = pair_words(table)
    top = 4 + _LINE * len(said)
    figure = new_figure(COLUMN_WIDTH, top + 80)
    ax = axes_at(figure, 17, top, 67, 67)
    points = both[["x", "y"]].to_numpy(dtype=float)
    room = max(0.05 * np.ptp(points), 0.01)
    ends = (points.min() - room, points.max() + room)
    ax.set(xlim=ends, ylim=ends)
    ax.plot(ends, ends, color=GREY, lw=0.6, zorder=0)
    ax.scatter(*points.T, s=11, c=GREEN, ec="white", lw=0.3, zorder=2)
    metric = table["metric"].iloc[0]
    label = f"{METRIC_LABELS.get(metric, metric)} of the best PWM, "
    sides = fitted(both[["compared", "model"]].iloc[0], 50)
    xlabel, ylabel = (
        textwrap.fill(label + sides[both[who].iloc[0]], 46) for who in ("compared", "model")
    )
    ax.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(handles=[], loc="upper left", title="\n".join(said), alignment="left")
    diagonal = np.repeat(np.linspace(*ends, 150)[:, None], 2, axis=1)
    name_dots(ax, points, both["name"].head(named), diagonal)
    return figure


def name_dots(ax: Axes, points: np.ndarray, names: Sequence[str], lines: np.ndarray) -> None:
    """Name the first of some dots (n, 2) without covering dots or points of lines (k, 2)."""
    settle(ax.figure)
    named = pd.DataFrame(points[: len(names)], columns=["x", "y"])
    short = fitted(names, 34)
    named = named.assign(name=[short[name] for name in names], colour=DARK_GREEN)
    label_beside(ax, named, np.concatenate([points, lines]))


def pair_words(table: pd.DataFrame) -> list[str]:
    """In how many data sets each side is better, and how many lack a score, as lines of text."""
    both = table[table["lacks"] == ""]
    pair, d = both[["model", "compared"]].iloc[0], both["difference"]
    model, compared = pair.map(fitted(pair, 40))
    said = f"{len(d)} {_data_sets(len(d))}: {model} better in {(d > 0).sum()}, {compared} in "
    said += f"{(d < 0).sum()}" + f", equal in {(d == 0).sum()}" * bool((d == 0).any())
    said += f"; median difference {d.median().round(3) + 0:+.3f}".replace("-", "−")
    missing = f"; not drawn: {_lacking(table)}" if len(d) < len(table) else ""
    return textwrap.wrap(said + missing, 66)


def _lacking(table: pd.DataFrame) -> str:
    counts = table.loc[table["lacks"] != "", "lacks"].value_counts(sort=False)
    return ", ".join(f"{n} without {what}" for what, n in counts.items())


def why_no_pairs(table: pd.DataFrame) -> str:
    """What to write instead of a panel where no data set has both scores."""
    if table.empty:
        return "No motif set was chosen to compare with: nothing to draw."
    return "\n".join(textwrap.wrap(f"Nothing to compare: {_lacking(table)}.", 60))
