"""Draw performance by number of units beside well-predicted sequences (the paper's Fig. 4A)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_lib.data.tasks import TASKS
from workflow_lib.execution.job import recorded
from workflow_lib.figures.sequence_correlations import WELL_PREDICTED, well_predicted
from workflow_lib.figures.style import save
from workflow_lib.figures.sweep_with_counts import sweep_with_counts
from workflow_lib.figures.unit_sweep import score_of, unit_sweep_table
from workflow_lib.tables import read_runs, write_table


def main(
    metrics: Sequence[str],
    correlations: Sequence[str],
    units: Mapping[str, int],
    metric: tuple[str | None, str],
    threshold: float,
    outputs: Mapping[str, str],
) -> None:
    """Draw; metrics and correlations (none for labels) are tables of runs.

    `metric` is the one that the config names, and that of the task.
    """
    scores = read_runs(metrics, dtype={"target": str, "seed": str})
    chosen = score_of(scores, *metric)
    others = [model for model in scores["model"].unique() if model not in units]
    shown = {"score": unit_sweep_table(scores, units, others, chosen)}
    counts = scores.iloc[:0]
    if correlations:
        counts = well_predicted(read_runs(correlations, dtype={"id": str, "seed": str}), threshold)
    shown[WELL_PREDICTED] = unit_sweep_table(counts, units, others, WELL_PREDICTED)
    parts = [table.assign(shown=name) for name, table in shown.items() if len(table)]
    table = pd.concat(parts or [shown["score"]], ignore_index=True)
    write_table(table, outputs["tsv"], float_format="%.6g")
    said = f"held-out sequences with PCC ≥ {threshold:g}"
    figure = sweep_with_counts(shown["score"], shown[WELL_PREDICTED], chosen, said)
    save(figure, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            metrics=list(snakemake.input.metrics),
            correlations=list(snakemake.input.correlations),
            units=dict(snakemake.params.units),
            metric=(snakemake.params.metric, TASKS[snakemake.params.task].metrics[0]),
            threshold=snakemake.params.threshold,
            outputs=dict(snakemake.output.items()),
        )
