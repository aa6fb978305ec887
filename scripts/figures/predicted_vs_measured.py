"""Draw the predictions of held-out sequences against what was measured."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.predicted_vs_measured import predicted_vs_measured, scatter_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_predictions, read_table, write_table


def main(predictions: str, labels: str, metrics: str, pdf: str, png: str, tsv: str) -> None:
    """Draw one run of a data set of values."""
    scored, scores = read_predictions(predictions, labels), read_table(metrics)
    table = scatter_table(scored.predictions, scored.labels, scores)
    write_table(table, tsv, float_format="%.6g")
    run = scored.run
    title = (
        f"Predicted and measured, {scored.split} sequences: {run['model']} on {run['dataset']}, "
        f"seed {run['seed']}"
    )
    save(predicted_vs_measured(table, scores, title, scored.labels.shape[1]), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            predictions=snakemake.input.predictions,
            labels=snakemake.input.labels,
            metrics=snakemake.input.metrics,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
