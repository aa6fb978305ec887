"""Draw models whose filters start at random or from known profiles (the paper's Fig. 6B)."""

from collections.abc import Mapping, Sequence

from workflow_lib.data.tasks import TASKS
from workflow_lib.execution.job import recorded
from workflow_lib.figures.model_bars import Start, model_bars, model_bars_table
from workflow_lib.figures.sequence_correlations import well_predicted
from workflow_lib.figures.style import save
from workflow_lib.figures.unit_sweep import score_of
from workflow_lib.tables import read_runs, write_table


def main(
    metrics: Sequence[str],
    correlations: Sequence[str],
    starts: Mapping[str, Sequence],
    metric: tuple[str | None, str],
    threshold: float,
    outputs: Mapping[str, str],
) -> None:
    """Draw; metrics and correlations (none for labels) are tables of runs.

    `starts` has the kind and whether it is frozen of each model; `metric` is the one that the
    config names, and that of the task.
    """
    scores = read_runs(metrics, dtype={"target": str, "seed": str})
    counts = scores.iloc[:0]
    if correlations:
        counts = well_predicted(read_runs(correlations, dtype={"id": str, "seed": str}), threshold)
    chosen = score_of(scores, *metric)
    of_models = {model: Start(*start) for model, start in starts.items()}
    table = model_bars_table(scores, counts, of_models, chosen)
    write_table(table, outputs["tsv"], float_format="%.6g")
    figure = model_bars(table, chosen, f"held-out sequences with PCC ≥ {threshold:g}")
    save(figure, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            metrics=list(snakemake.input.metrics),
            correlations=list(snakemake.input.correlations),
            starts=dict(snakemake.params.starts),
            metric=(snakemake.params.metric, TASKS[snakemake.params.task].metrics[0]),
            threshold=snakemake.params.threshold,
            outputs=dict(snakemake.output.items()),
        )
