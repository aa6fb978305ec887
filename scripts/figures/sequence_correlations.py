"""Draw how well the targets of each held-out sequence are predicted, for each model."""

from collections.abc import Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.sequence_correlations import distribution_table, sequence_correlations
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(
    correlations: Sequence[str], dataset: str, threshold: float, pdf: str, png: str, tsv: str
) -> None:
    """Draw; `correlations` are tables of the runs of one data set."""
    every = read_runs(correlations, dtype={"id": str, "seed": str})
    table = distribution_table(every, threshold)
    write_table(table, tsv, float_format="%.6g")
    title = f"Correlation over the targets of each held-out sequence of {dataset}"
    save(sequence_correlations(table, title, threshold), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            correlations=list(snakemake.input.correlations),
            dataset=snakemake.wildcards.dataset,
            threshold=snakemake.params.threshold,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
