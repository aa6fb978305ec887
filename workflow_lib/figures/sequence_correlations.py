"""How well each sequence's targets are predicted: the distribution of its Pearson correlation."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workflow_lib.figures.names import fitted
from workflow_lib.figures.pages import LINE, MARGIN, Block, in_lines, sheets
from workflow_lib.figures.seed_intervals import over_seeds
from workflow_lib.figures.style import (
    BLACK,
    GREEN,
    GREY,
    PAGE_WIDTH,
    PALE_GREEN,
    axes_at,
    message,
    style,
    text_at,
)

WELL_PREDICTED = "well_predicted"
_BINS = np.linspace(-1, 1, 41)
# In mm: the names, the histogram, the words right of it, a row of them, the axis' label.
_NAMES, _ACROSS, _ROW, _HIGH, _LABEL = 40.0, 78.0, 18.0, 12.0, 4.0
_WORDS = PAGE_WIDTH - _NAMES - _ACROSS - 3 * MARGIN - 2


def well_predicted(correlations: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """How many sequences each run predicts well, in the form of a table of metrics.

    Parameters
    ----------
    correlations
        Columns model, seed, pcc, reason; pcc is missing where it is not defined.
    threshold
        Smallest correlation of a sequence that counts.

    Returns
    -------
    DataFrame
        One row per model and seed: model, seed, target (`mean`: it is over all of them), metric
        (WELL_PREDICTED), value (how many), n (sequences with a correlation).
    """
    rows = correlations.assign(
        value=correlations["pcc"] >= threshold, n=correlations["pcc"].notna()
    )
    table = rows.groupby(["model", "seed"], sort=False)[["value", "n"]].sum().reset_index()
    return table.assign(target="mean", metric=WELL_PREDICTED).astype({"value": float})


def distribution_table(correlations: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The distribution of the sequences' correlations for each model.

    Parameters
    ----------
    correlations, threshold
        See `well_predicted`.

    Returns
    -------
    DataFrame
        One row per model and bin of 0.05: model, low, high, share (of the sequences with a
        correlation, all seeds together), n_seeds, and of the model: mean, mean_low and mean_high
        (mean correlation, over seeds), above, above_low and above_high (sequences at the threshold
        or above it), n (sequences with a correlation), undefined (those without one) and reasons
        (`the labels do not vary (12)`), the last five per seed.
    """
    parts = []
    counted = well_predicted(correlations, threshold)
    for model, rows in correlations.groupby("model", sort=False):
        known = rows.dropna(subset="pcc")
        counts, edges = np.histogram(known["pcc"], _BINS)
        means = over_seeds(known.groupby("seed")["pcc"].mean())
        above = over_seeds(counted.loc[counted["model"] == model, "value"])
        seeds = rows["seed"].nunique()
        reasons = rows.loc[rows["pcc"].isna(), "reason"].fillna("no reason given").value_counts()
        about = {"model": model, "n_seeds": seeds, "interval": above["interval"]}
        for name, side in (("mean", means), ("above", above)):
            about |= {name: side["mean"], f"{name}_low": side["low"], f"{name}_high": side["high"]}
        about |= {"n": len(known) / seeds, "undefined": reasons.sum() / seeds}
        about["reasons"] = "; ".join(f"{said} ({n / seeds:,.6g})" for said, n in reasons.items())
        share = counts / max(len(known), 1)
        bins = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": share})
        parts.append(bins.assign(**about))
    columns = ["model", "low", "high", "share", "n_seeds", "interval"]
    columns += [f"{name}{end}" for name in ("mean", "above") for end in ("", "_low", "_high")]
    columns += ["n", "undefined", "reasons"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


@style()
def sequence_correlations(table: pd.DataFrame, title: str, threshold: float) -> list[Figure]:
    """Pages of histograms, a row for each model.

    Parameters
    ----------
    table
        From `distribution_table`.
    title
        What was predicted.
    threshold
        Of the sequences that are counted as well predicted.
    """
    if table.empty or not table["n"].any():
        return [message(f"{title}: no sequence has a correlation over its targets.")]
    models = list(dict.fromkeys(table["model"]))
    names = fitted(models, _NAMES - 2, 3, 7, "bold")
    highest = table["share"].max()
    blocks = []
    for i, model in enumerate(models):
        rows = table[table["model"] == model]
        said = _said(rows.iloc[0], threshold)
        last = i == len(models) - 1
        height = max(_ROW, LINE * len(said) + 2) + _LABEL * last
        draw = partial(
            _row, rows=rows, said=said, name=names[model], highest=highest, threshold=threshold,
            last=last,
        )  # fmt: skip
        blocks.append(Block(height, draw))
    key = (
        "Share of the held-out sequences (bars, all seeds together) by the Pearson correlation of "
        "predictions and labels over the targets of each. Point and line: its mean and the "
        "interval over seeds (95 % t interval of three or more, the range of two). Dotted: "
        f"{threshold:g}, from which a sequence counts as well predicted (darker bars)."
    )
    return sheets(PAGE_WIDTH, title, key, blocks)


def _said(model: pd.Series, threshold: float) -> list[str]:
    """A model's numbers, in lines."""

    def with_interval(name: str, form: str) -> str:
        low, high = model[f"{name}_low"], model[f"{name}_high"]
        ends = f" ({low:{form}} to {high:{form}})" if np.isfinite([low, high]).all() else ""
        return f"{model[name]:{form}}{ends}".replace("-", "−")

    seeds = int(model["n_seeds"])
    said = [f"mean PCC {with_interval('mean', '.3f')}, {seeds} seed{'s' * (seeds > 1)}"]
    said.append(f"PCC ≥ {threshold:g}: {with_interval('above', ',.0f')} of {model['n']:,.0f}")
    if model["undefined"]:
        said.append(f"not defined: {model['reasons']}")
    return [line for text in said for line in in_lines(text, _WORDS)]


def _row(
    figure: Figure,
    top: float,
    rows: pd.DataFrame,
    said: list[str],
    name: str,
    highest: float,
    threshold: float,
    last: bool,
) -> None:
    model = rows.iloc[0]
    text_at(figure, MARGIN, top + 1, name, fontweight="bold")
    text_at(figure, PAGE_WIDTH - MARGIN - _WORDS, top + 1, "\n".join(said), fontsize=6)
    ax = axes_at(figure, MARGIN + _NAMES, top + 1, _ACROSS, _HIGH)
    dark = rows["low"] > threshold - 1e-9
    ax.bar(
        rows["low"], rows["share"], rows["high"] - rows["low"], align="edge", lw=0,
        color=np.where(dark, GREEN, PALE_GREEN),
    )  # fmt: skip
    ax.axvline(threshold, color=GREY, lw=0.8, ls=(0, (1, 2)))
    at = -0.09 * highest
    ax.plot([model["mean_low"], model["mean_high"]], [at, at], color=BLACK, lw=1, clip_on=False)
    ax.plot([model["mean"]], [at], "o", color=BLACK, ms=2.6, mew=0, clip_on=False)
    ax.set(xlim=(-1, 1), ylim=(-0.18 * highest, 1.05 * highest), yticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.axhline(0, color=GREY, lw=0.5)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1])
    ax.tick_params(pad=1)
    if last:
        ax.set_xlabel("Pearson correlation of a sequence (PCC)", labelpad=1)
