"""Draw the number of binding modes found by number of units (the paper's Fig. 1D)."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.mode_counts import mode_table, modes_by_units
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(counts: Sequence[str], units: Mapping[str, int], outputs: Mapping[str, str]) -> None:
    """Draw; `counts` are tables of runs, `units` the number of units of each model."""
    table = mode_table(read_runs(counts, dtype={"seed": str}), units)
    write_table(table, outputs["tsv"])
    save(modes_by_units(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            counts=list(snakemake.input.counts),
            units=dict(snakemake.params.units),
            outputs=dict(snakemake.output.items()),
        )
