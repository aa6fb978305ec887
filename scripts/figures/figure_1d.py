"""Draw the number of binding modes found by number of units (the paper's Fig. 1D)."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.mode_counts import FILTERS, mode_table, modes_by_units
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(
    modes: Mapping[tuple[str, str], str], units: Mapping[str, int], outputs: Mapping[str, str]
) -> None:
    """Draw; `modes` has (model, seed) -> table of the modes that the filters show."""
    tables = {(model, FILTERS, seed): read_table(path) for (model, seed), path in modes.items()}
    table = mode_table(tables, units)
    write_table(table, outputs["tsv"])
    save(modes_by_units(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        models = list(snakemake.params.models)
        runs = zip(models, snakemake.params.seeds, strict=True)
        main(
            modes=dict(zip(runs, snakemake.input.modes, strict=True)),
            units=dict(zip(models, snakemake.params.units, strict=True)),
            outputs=dict(snakemake.output.items()),
        )
