"""Summaries over the seeds of a model: mean and interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workflow_lib.train.evaluation import half_width_over_seeds


def over_seeds(values: Sequence[float]) -> dict[str, object]:
    """Mean over seeds with its interval: mean, low, high, n_seeds, interval (which one).

    A 95 % t interval of three seeds or more, the range of two, none of one.
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    n, mean = len(known), known.mean() if len(known) else np.nan
    low = high = np.nan
    said = "none" if n else ""
    if n > 1:
        half = half_width_over_seeds(known)
        low, high = mean - half, mean + half
        said = "range of the seeds" if n == 2 else "95 % t interval over seeds"
    return {"mean": mean, "low": low, "high": high, "n_seeds": n, "interval": said}


def by_target(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores of one model over its seeds, target by target.

    Parameters
    ----------
    rows
        Columns target, value, low, high: one row per target and seed; low and high bound the
        bootstrap interval over test sequences, which is used if there is only one seed.

    Returns
    -------
    DataFrame
        Index target; columns "" (the mean), _low, _high, _seeds, _interval, for `add_prefix`.
    """
    found = {}
    for target, runs in rows.dropna(subset="value").groupby("target", sort=False):
        s = over_seeds(runs["value"])
        if s["n_seeds"] == 1:
            low, high = runs[["low", "high"]].iloc[0]
            s |= {"low": low, "high": high, "interval": "95 % bootstrap interval over sequences"}
        found[target] = [s[key] for key in ("mean", "low", "high", "n_seeds", "interval")]
    columns = ["", "_low", "_high", "_seeds", "_interval"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)
