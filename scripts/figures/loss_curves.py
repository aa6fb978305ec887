"""Draw training and validation loss by epoch of all runs of a data set."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.performance import loss_curves
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(histories: dict[tuple[str, str], str], pdf: str, png: str, tsv: str) -> None:
    """Draw the histories; their keys are (model, seed)."""
    tables = []
    for (model, seed), path in histories.items():
        table = read_table(path)
        table.insert(0, "model", model)
        table.insert(1, "seed", seed)
        tables.append(table)
    history = pd.concat(tables, ignore_index=True)
    columns = ["model", "seed", "epoch", "train_loss", "validation_loss", "best"]
    write_table(history[columns], tsv)
    save(loss_curves(history), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        runs = zip(snakemake.params.models, snakemake.params.seeds, strict=True)
        main(
            histories=dict(zip(runs, snakemake.input.histories, strict=True)),
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
