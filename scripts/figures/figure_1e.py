"""Draw the number of binding modes found by model and method (the paper's Fig. 1E)."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.mode_counts import mode_table, modes_by_model
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(modes: Mapping[tuple[str, str, str], str], outputs: Mapping[str, str]) -> None:
    """Draw; `modes` has (model, method, seed) -> table of modes."""
    table = mode_table({run: read_table(path) for run, path in modes.items()})
    write_table(table, outputs["tsv"])
    save(modes_by_model(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        params = snakemake.params
        runs = zip(params.models, params.methods, params.seeds, strict=True)
        main(
            modes=dict(zip(runs, snakemake.input.modes, strict=True)),
            outputs=dict(snakemake.output.items()),
        )
