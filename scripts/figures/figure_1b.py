"""Draw performance by number of units, with other models as lines (the paper's Fig. 1B)."""

from collections.abc import Mapping, Sequence

from workflow_lib.data.tasks import TASKS
from workflow_lib.execution.job import recorded
from workflow_lib.figures.style import save
from workflow_lib.figures.unit_sweep import unit_sweep, unit_sweep_table
from workflow_lib.tables import read_runs, write_table


def main(
    metrics: Sequence[str],
    units: Mapping[str, int],
    metric: str,
    outputs: Mapping[str, str],
) -> None:
    """Draw; `metrics` are tables of runs."""
    scores = read_runs(metrics, dtype={"target": str, "seed": str})
    baselines = [model for model in scores["model"].unique() if model not in units]
    table = unit_sweep_table(scores, units, baselines, metric)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(unit_sweep(table, metric), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            metrics=list(snakemake.input.metrics),
            units=dict(snakemake.params.units),
            metric=TASKS[snakemake.params.task].metrics[0],
            outputs=dict(snakemake.output.items()),
        )
