"""Compare the models of two data sets on the held-out sequences that these share."""

import numpy as np
import pandas as pd

from workflow_lib.evaluation import paired_difference
from workflow_lib.files import atomic
from workflow_lib.logs import log_to
from workflow_lib.tables import read_predictions


def main(of_other: list[str], of_this: list[str], labels: str, draws: int, output: str) -> None:
    """Write AUPRC per target (a: the other data set, b: this one) and their difference b - a."""
    read_a = [read_predictions(path, labels) for path in of_other]
    read_b = [read_predictions(path, labels) for path in of_this]
    truth = read_a[0][1]
    a, b = ([predictions.to_numpy() for predictions, _, _ in read] for read in (read_a, read_b))
    columns = {"mean": slice(None)} | {name: [i] for i, name in enumerate(truth)}
    rows = []
    for name, chosen in columns.items():
        found = paired_difference(
            truth.to_numpy()[:, chosen],
            [predictions[:, chosen] for predictions in b],
            [predictions[:, chosen] for predictions in a],
            draws=draws,
        )
        n_positive = int(np.nansum(truth.to_numpy()[:, chosen]))
        rows.append((name, found.b, found.a, found.difference, found.low, found.high, n_positive))
    names = ["target", "auprc_a", "auprc_b", "difference", "low", "high", "n_positive"]
    with atomic(output) as temporary:
        pd.DataFrame(rows, columns=names).to_csv(
            temporary, sep="\t", index=False, float_format="%.6g"
        )


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            of_other=list(snakemake.input.of_other),
            of_this=list(snakemake.input.of_this),
            labels=snakemake.input.labels[0],
            draws=snakemake.params.draws,
            output=snakemake.output.comparison,
        )
