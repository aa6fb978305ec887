"""Which binding modes come back when a model is trained again from another seed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workflow_lib.binding_modes import binding_modes

COLUMNS = ["cluster", "names", "expected", "n_seeds", "n_runs", "seeds", "n_filters"]


def motif_agreement(
    annotations: Mapping[int, pd.DataFrame],
    profiles: pd.DataFrame,
    target_names: Sequence[str],
    which: str = "best",
) -> pd.DataFrame:
    """The binding modes of one model on one data set, and in how many seeds each is found.

    Parameters
    ----------
    annotations
        Seed -> its annotated motifs, see `binding_modes`. A seed without any still counts as a run.
    profiles, target_names, which
        See `binding_modes`.

    Returns
    -------
    DataFrame
        One row per mode, those of most seeds first, then those of most filters. Columns: cluster;
        names (of the profiles, over all seeds); expected (a mode of one of the targets); n_seeds;
        n_runs (all seeds); seeds (joined by commas); n_filters (mean over the seeds that have the
        mode; NaN for expected modes that no seed has).
    """
    modes = [
        binding_modes(annotations[seed], profiles, target_names, which).assign(seed=seed)
        for seed in sorted(annotations)
    ]
    if not modes:
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for cluster, of_mode in pd.concat(modes).groupby("cluster", sort=False):
        found = of_mode[of_mode["n_motifs"] > 0]
        names = dict.fromkeys(name for cell in found["names"] for name in cell.split(","))
        rows.append(
            {
                "cluster": cluster,
                "names": ",".join(names),
                "expected": bool(of_mode["expected"].iloc[0]),
                "n_seeds": len(found),
                "n_runs": len(annotations),
                "seeds": ",".join(str(seed) for seed in found["seed"]),
                "n_filters": found["n_motifs"].mean() if len(found) else np.nan,
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    # Stable: equal ones stay in the order of the first seeds' tables.
    return table.sort_values(
        ["n_seeds", "n_filters"], ascending=False, kind="stable", ignore_index=True
    )
