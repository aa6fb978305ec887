"""Put the metrics of all runs into one long table."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.tables import write_table


def main(paths: list[str], output: str) -> None:
    """Concatenate the tables; every cell stays as it was written."""
    tables = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in paths]
    write_table(pd.concat(tables), output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(paths=list(snakemake.input.metrics), output=snakemake.output.metrics)
