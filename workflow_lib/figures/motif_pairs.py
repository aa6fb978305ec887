"""The best PWMs of two tools, data set by data set."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_lib.figures.labels import label_beside
from workflow_lib.figures.motif_performance import (
    KEYS,
    LINE,
    best_rows,
    data_sets,
    rows_of,
    short_names,
)
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    COLUMN_WIDTH,
    DARK_GREEN,
    GREEN,
    GREY,
    METRIC_LABELS,
    axes_at,
    message,
    new_figure,
    settle,
    style,
)

_NUMBERS = ["n_train_x", "n_train_y", "n_motifs_x", "n_motifs_y"]


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
        dataset, target, name, model, compared, model_motif, compared_motif, x and y (test scores),
        n_train_x and n_train_y (sequences that the motifs were learned from, empty for known ones),
        n_motifs_x and n_motifs_y (how many the best was chosen from), difference (y - x), lacks
        (whose test score is missing; empty where none is), metric; the largest difference first,
        then the data sets that lack something.
    """
    columns = [*KEYS, "name", "model", "compared", "model_motif", "compared_motif", "x", "y"]
    columns += ["n_train_x", "n_train_y", "n_motifs_x", "n_motifs_y", "difference", "lacks"]
    columns.append("metric")
    if compared is None:
        return pd.DataFrame(columns=columns)
    sides = {"y": (model, seed, "model_motif"), "x": (compared, None, "compared_motif")}
    found = []
    for side, (method, run, motif) in sides.items():
        best = best_rows(rows_of(scores, method, run, datasets, metric))
        names = {"test": side, "motif": motif}
        names |= {number: f"{number}_{side}" for number in ("n_train", "n_motifs")}
        found.append(best.drop(columns="rank").rename(columns=names))
    table = found[0].merge(found[1], on=KEYS, how="outer")
    absent = [name for name in dict.fromkeys(datasets) if name not in set(table["dataset"])]
    table = table.merge(pd.DataFrame({"dataset": absent}, dtype=object), how="outer")
    numbers = table[["x", "y", *_NUMBERS]].astype(float)
    missing = zip(numbers["y"].isna(), numbers["x"].isna())
    names = [[model] * no_y + [compared] * no_x for no_y, no_x in missing]
    table = table.assign(
        **numbers, difference=numbers["y"] - numbers["x"],
        lacks=["test score of " * bool(who) + " and ".join(who) for who in names],
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
    said = pair_words(table) + effort_words(table)
    top = 4 + LINE * len(said)
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
    said = f"{len(d)} {data_sets(len(d))}: {model} better in {(d > 0).sum()}, {compared} in "
    said += f"{(d < 0).sum()}" + f", equal in {(d == 0).sum()}" * bool((d == 0).any())
    said += f"; median difference {d.median().round(3) + 0:+.3f}".replace("-", "−")
    missing = f"; not drawn: {_lacking(table)}" if len(d) < len(table) else ""
    return textwrap.wrap(said + missing, 66)


def effort_words(table: pd.DataFrame) -> list[str]:
    """How many motifs each side gave, from how many training sequences, as lines of text."""
    both = table[table["lacks"] == ""]
    names = both[["model", "compared"]].iloc[0]
    short = fitted(names, 40)
    said = []
    for side, who in (("y", "model"), ("x", "compared")):
        numbers = both[f"n_motifs_{side}"], both[f"n_train_{side}"]
        text = effort(*numbers, "{} from {} training sequences")
        said += textwrap.wrap(f"{short[names[who]]}: {text}", 66)
    return said


def effort(n_motifs: pd.Series, n_train: pd.Series, form: str) -> str:
    """How many motifs a method gave from how many sequences, as text; empty without motifs.

    Numbers that differ between data sets are the smallest and the largest. Without a number of
    sequences (known motifs) only the motifs are said.
    """
    motifs, seen = _range(n_motifs), _range(n_train)
    motifs += " motif" if motifs == "1" else " motifs" * bool(motifs)
    return form.format(motifs, seen) if motifs and seen else motifs


def _range(numbers: pd.Series) -> str:
    known = pd.to_numeric(numbers).dropna()
    ends = sorted({known.min(), known.max()}) if len(known) else []
    return " to ".join(f"{end:,.0f}" for end in ends)


def _lacking(table: pd.DataFrame) -> str:
    counts = table.loc[table["lacks"] != "", "lacks"].value_counts(sort=False)
    return ", ".join(f"{n} without {what}" for what, n in counts.items())


def why_no_pairs(table: pd.DataFrame) -> str:
    """What to write instead of a panel where no data set has both scores."""
    if table.empty:
        return "No motif set was chosen to compare with: nothing to draw."
    return "\n".join(textwrap.wrap(f"Nothing to compare: {_lacking(table)}.", 60))
