"""Draw the number of binding modes found by model and method (the paper's Fig. 1E)."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.mode_counts import mode_table, modes_by_model
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(counts: Sequence[str], outputs: Mapping[str, str]) -> None:
    """Draw; `counts` are tables of runs and methods."""
    table = mode_table(read_runs(counts, dtype={"seed": str}))
    write_table(table, outputs["tsv"])
    save(modes_by_model(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(counts=list(snakemake.input.counts), outputs=dict(snakemake.output.items()))
