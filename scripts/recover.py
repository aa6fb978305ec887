"""Compare the planted motifs with the annotated filters."""

from collections.abc import Mapping

import pandas as pd

from workflow_lib.data.simulate import recovery
from workflow_lib.execution.job import recorded
from workflow_lib.tables import write_run_table


def main(run: Mapping[str, str], tables: dict[str, str], output: str) -> None:
    """Write one row per planted motif: whether found, by which unit, with which q value."""
    read = {
        name: pd.read_csv(path, sep="\t", keep_default_na=False, na_values={"importance": [""]})
        for name, path in tables.items()
    }
    found = recovery(read["truth"], read["annotation"], read["importance"], read["profiles"])
    write_run_table(found, run, output, float_format="%.4g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            tables=dict(snakemake.input.items()),
            output=snakemake.output.recovery,
        )
