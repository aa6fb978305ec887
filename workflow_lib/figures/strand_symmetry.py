"""Models that treat the two strands differently: score, training time, motifs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import (
    BLACK,
    GREY,
    LIGHT,
    PAGE_WIDTH,
    colours,
    message,
    new_figure,
    style,
)

# Panels of the strand figure: column of the runs -> axis label.
_STRAND_PANELS = {
    "difference": "difference in {metric}\nto the first, 95 %",
    "seconds_per_epoch": "training time\nper epoch (s)",
    "seconds": "training time\nin total (s)",
    "annotated_filters": "annotated\nfilters",
    "expected_modes": "expected binding\nmodes found",
}


def strand_symmetry_table(comparison: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Source table of the strand figure: per panel, a row for each model (no seed) and run.

    Parameters
    ----------
    comparison, runs
        strand_comparison.tsv and strand_runs.tsv (see scripts/strand_comparison.py). A run's
        difference is its score minus that of the first model's run with the same seed, or, where
        there is none, minus the mean of the first model's runs.

    Returns
    -------
    DataFrame
        Columns panel, metric, model, seed, value, low, high, score (of the model, in the panel
        `difference`).
    """
    if comparison.empty:
        return pd.DataFrame(
            columns=["panel", "metric", "model", "seed", "value", "low", "high", "score"]
        )
    reference = runs[runs["model"] == comparison["model"].iloc[0]].set_index("seed")["value"]
    same_seed = runs["seed"].map(reference).fillna(reference.mean())
    runs = runs.assign(difference=runs["value"] - same_seed)
    parts = []
    for panel in _STRAND_PANELS:
        models = comparison[["metric", "model"]].assign(panel=panel, value=comparison[panel])
        if panel == "difference":
            models = models.assign(**comparison[["low", "high"]], score=comparison["value"])
        parts += [models, runs[["metric", "model", "seed"]].assign(panel=panel, value=runs[panel])]
    columns = ["panel", "metric", "model", "seed", "value", "low", "high", "score"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


@style()
def strand_symmetry(table: pd.DataFrame) -> Figure:
    """Draw score, training time and motifs of each strand mode, one row per model.

    Parameters
    ----------
    table
        From `strand_symmetry_table`.
    """
    if table.empty:
        return message("No model of several strand modes was trained: nothing to compare.")
    of_models = table[table["seed"].isna()]
    models = list(dict.fromkeys(of_models["model"]))
    figure = new_figure(PAGE_WIDTH, 26 + 9 * max(len(models), 2), layout="constrained")
    # The layout leaves too little room for the long names of two lines.
    figure.get_layout_engine().set(rect=(0.01, 0, 0.99, 1))
    widths = [1.5] + [1] * (len(_STRAND_PANELS) - 1)
    grid = figure.subplots(1, len(_STRAND_PANELS), squeeze=False, width_ratios=widths)[0]
    colour, metric = colours(models), str(table["metric"].iloc[0]).upper()
    for ax, (panel, said) in zip(grid, _STRAND_PANELS.items()):
        _strand_panel(ax, table[table["panel"] == panel], models, colour)
        ax.set_xlabel(said.format(metric=metric))
        ax.set_yticks(range(len(models)), [""] * len(models))
        if panel != "difference":
            largest = table.loc[table["panel"] == panel, "value"].max()
            ax.set_xlim(0, 1.12 * largest if largest > 0 else 1)
    grid[0].axvline(0, color=GREY, lw=0.6, zorder=0)
    handles = [
        Line2D([], [], ls="", marker="D", ms=4, color=BLACK, label="all seeds of a model"),
        Line2D([], [], ls="", marker="o", ms=2.2, color=GREY, label="one seed"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2)
    labels, names = [], fitted(models, 36)
    for model in models:
        n = table[(table["panel"] == "difference") & (table["model"] == model)]["seed"].nunique()
        score = of_models.loc[of_models["model"] == model, "score"].dropna()
        value = f"{score.iloc[0]:.3f}" if len(score) else "not defined"
        labels.append(f"{names[model]}\n{metric} {value}, {n} seed{'s' * (n != 1)}")
    grid[0].set_yticks(range(len(models)), labels)
    return figure


def _strand_panel(ax: Axes, rows: pd.DataFrame, models: list[str], colour: dict) -> None:
    for y, model in enumerate(models):
        mine = rows[rows["model"] == model]
        mean, seeds = mine[mine["seed"].isna()], mine[mine["seed"].notna()]
        ax.plot(seeds["value"], np.full(len(seeds), y + 0.2), "o", ms=2.2, color=GREY, mec="none")
        for row in mean.itertuples():
            ax.plot([row.low, row.high], [y - 0.08] * 2, color=colour[model], lw=1.4)
            ax.plot(row.value, y - 0.08, "D", ms=4, color=colour[model])
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=LIGHT, lw=0.4)
    ax.locator_params(axis="x", nbins=4)
