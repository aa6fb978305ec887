"""The correlation of each held-out sequence's predictions and labels over the targets."""

from collections.abc import Mapping

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.tables import read_predictions, write_run_table
from workflow_lib.train.metrics import row_correlations, undefined_rows


def main(run: Mapping[str, str], paths: tuple[str, str], output: str) -> None:
    """Write one row a sequence: its Pearson correlation, or why it has none."""
    predictions, labels, split, _ = read_predictions(*paths)
    correlations = row_correlations(predictions.to_numpy(), labels.to_numpy())
    table = pd.DataFrame(
        {
            "split": split,
            "id": labels.index,
            "pcc": correlations,
            "reason": undefined_rows(correlations, labels.to_numpy()),
        }
    )
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            paths=(snakemake.input.predictions, snakemake.input.labels),
            output=snakemake.output.correlations,
        )
