"""Draw the scores of one model against those of others, per target (the paper's Fig. 1C)."""

from collections.abc import Mapping, Sequence

from workflow_lib.data.tasks import TASKS
from workflow_lib.execution.job import recorded
from workflow_lib.figures.model_scatter import pairwise, pairwise_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(
    metrics: Sequence[str],
    model: str,
    metric: str,
    outputs: Mapping[str, str],
) -> None:
    """Draw; `metrics` are tables of runs."""
    scores = read_runs(metrics, dtype={"target": str, "seed": str})
    others = [name for name in scores["model"].unique() if name != model]
    table = pairwise_table(scores, model, others, metric)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(pairwise(table, metric), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            metrics=list(snakemake.input.metrics),
            model=snakemake.params.model,
            metric=TASKS[snakemake.params.task].metrics[0],
            outputs=dict(snakemake.output.items()),
        )
