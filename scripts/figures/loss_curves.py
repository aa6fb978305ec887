"""Draw training and validation loss by epoch of all runs of a data set."""

from collections.abc import Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.performance import loss_curves
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(histories: Sequence[str], pdf: str, png: str, tsv: str) -> None:
    """Draw the histories of runs."""
    history = read_runs(histories)
    columns = ["model", "seed", "epoch", "train_loss", "validation_loss", "best"]
    write_table(history[columns], tsv)
    save(loss_curves(history), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            histories=list(snakemake.input.histories),
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
