"""Put the rankings of all models and motif sets into one long table."""

import functools
from collections.abc import Sequence

import pandas as pd

from workflow_lib.data.dataset import n_in_part
from workflow_lib.execution.job import recorded
from workflow_lib.tables import write_table


def main(
    rankings: Sequence[str], datasets: Sequence[str], about: Sequence[dict[str, str]], output: str
) -> None:
    """Concatenate; each ranking comes with its data set's file and dataset, method and seed."""
    size = functools.cache(lambda path: n_in_part(path, "train"))
    tables = []
    for ranking, path, said in zip(rankings, datasets, about, strict=True):
        # Every cell stays as it was written.
        table = pd.read_csv(ranking, sep="\t", dtype=str, keep_default_na=False)
        columns = ["dataset", "method", "seed", "n_train"]
        for position, name in enumerate(columns):
            table.insert(position, name, size(path) if name == "n_train" else said[name])
        tables.append(table)
    write_table(pd.concat(tables), output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            rankings=list(snakemake.input.rankings),
            datasets=list(snakemake.input.datasets),
            about=list(snakemake.params.about),
            output=snakemake.output.scores,
        )
