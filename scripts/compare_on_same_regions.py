"""Compare the models of two data sets on the held-out sequences that both share."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.tables import read_predictions, write_run_table
from workflow_lib.train.evaluation import paired_difference


def main(
    run: Mapping[str, str],
    of_other: list[str],
    of_this: list[str],
    labels: str,
    draws: int,
    output: str,
) -> None:
    """Write AUPRC per target (a: the other data set, b: this one) and their difference b - a."""
    tables = [read_predictions(path, labels, shared_only=True) for path in (*of_other, *of_this)]
    # A data set may have only some of the other's targets.
    names = [name for name in tables[0].labels if all(name in scored.labels for scored in tables)]
    if not names:
        raise InputError(f"{of_this[0]} and {of_other[0]} share no target; nothing to compare")
    truth = tables[0].labels[names]
    values = [(scored.run["seed"], scored.predictions[names].to_numpy()) for scored in tables]
    a, b = dict(values[: len(of_other)]), dict(values[len(of_other) :])
    columns = {"mean": slice(None)} | {name: [i] for i, name in enumerate(truth)}
    rows = []
    for name, chosen in columns.items():
        found = paired_difference(
            truth.to_numpy()[:, chosen],
            {seed: predictions[:, chosen] for seed, predictions in b.items()},
            {seed: predictions[:, chosen] for seed, predictions in a.items()},
            draws=draws,
        )
        n_positive = int(np.nansum(truth.to_numpy()[:, chosen]))
        rows.append((name, found.b, found.a, found.difference, found.low, found.high, n_positive))
    header = ["target", "auprc_a", "auprc_b", "difference", "low", "high", "n_positive"]
    write_run_table(pd.DataFrame(rows, columns=header), run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            of_other=list(snakemake.input.of_other),
            of_this=list(snakemake.input.of_this),
            labels=snakemake.input.labels[0],
            draws=snakemake.params.draws,
            output=snakemake.output.comparison,
        )
