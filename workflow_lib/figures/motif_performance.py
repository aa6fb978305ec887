"""How well single PWMs find bound sequences, by the importance rank of their units."""

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREEN,
    GREY,
    METRIC_LABELS,
    PALE_GREEN,
    axes_at,
    message,
    new_figure,
    style,
)

MOST_IMPORTANT = 10  # ranks; what the paper counts
KEYS = ["dataset", "target"]
LINE = 3.0  # mm, one line of a legend
_FEWEST_FOR_QUARTILES = 4


def short_names(names: pd.DataFrame) -> list[str]:
    """Names of dots, from columns dataset and target: `tf_binding.GATA3` becomes GATA3.

    Data sets that would get the same name keep their full names; if a data set has several
    targets, the target's name is added.
    """
    short = names["dataset"].astype(str).str.split(".").str[-1]
    said = short.where(names["dataset"].groupby(short).transform("nunique") == 1, names["dataset"])
    several = names.groupby("dataset")["target"].transform("nunique") > 1
    return said.where(~several, said + " " + names["target"].astype(str)).tolist()


def rows_of(
    scores: pd.DataFrame, method: str, seed: int | None, datasets: Sequence[str], metric: str
) -> pd.DataFrame:
    """Rows of one method; the seed is None for a motif set without a model."""
    wanted = (scores["method"] == method) & (scores["metric"] == metric)
    if seed is not None:
        wanted &= pd.to_numeric(scores["seed"]) == int(seed)
    return scores[wanted & scores["dataset"].isin(list(datasets))]


def best_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """For each data set and target the PWM that is best in validation, and of how many."""
    best = rows[rows["best"].astype(str).str.lower() == "true"].drop_duplicates(KEYS)
    given = rows.groupby(KEYS)["motif"].nunique().rename("n_motifs")
    best = best.join(given, on=KEYS)
    return best[[*KEYS, "motif", "rank", "test", "n_train", "n_motifs"]].reset_index(drop=True)


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
    rows = rows_of(scores, model, seed, datasets, metric)
    best = best_rows(rows)
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
    columns = ["kind", *KEYS, "name", "motif", "rank", "value", "low", "high", "n", "n_best"]
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
    top = 4 + LINE * (len(said) + len(handles))
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
    said = f"{model}, seed {table['seed'].iloc[0]}: {n} {data_sets(n)}"
    if n > dots["dataset"].nunique():
        said = said.replace(data_sets(n), "targets")
    said += f"; the best PWM is one of the {MOST_IMPORTANT} most important for {known}{share}"
    said += f"; without a best PWM: {lacking}" if lacking else ""
    untested = int(dots["value"].isna().sum())
    said += f"; without a test score, so without a dot: {untested}" if untested else ""
    return textwrap.wrap(said, 68)


def data_sets(n: int) -> str:
    """The word for a number of them."""
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
