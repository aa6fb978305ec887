"""Score a run's predictions against the labels, with bootstrap intervals."""

from collections.abc import Mapping

from workflow_lib.data.tasks import TASKS
from workflow_lib.execution.job import recorded
from workflow_lib.tables import read_predictions, write_run_table
from workflow_lib.train.evaluation import evaluate


def main(
    run: Mapping[str, str],
    paths: tuple[str, str],
    task: str,
    draws: int,
    output: str,
) -> None:
    """Write the metrics of each target and their macro mean."""
    predictions, labels, split, _ = read_predictions(*paths)
    table = evaluate(
        predictions.to_numpy(), labels.to_numpy(), list(labels), TASKS[task].metrics, draws
    )
    table.insert(0, "split", split)
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            paths=(snakemake.input.predictions, snakemake.input.labels),
            task=snakemake.params.task,
            draws=snakemake.params.draws,
            output=snakemake.output.metrics,
        )
