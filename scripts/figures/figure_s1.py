"""Draw the importances of units with a negative weight for their own TF (the paper's Fig. S1)."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.negative_weights import negative_units, negative_units_table
from workflow_lib.figures.style import save
from workflow_lib.motifs.binding_modes import expected_modes
from workflow_lib.tables import read_table, write_table


def main(tables: dict[str, str], targets: list[str], outputs: dict[str, str]) -> None:
    """Draw; `tables` has the paths of importance, annotation and profiles."""
    importance, annotation = (read_table(tables[name]) for name in ("importance", "annotation"))
    profiles = pd.read_csv(tables["profiles"], sep="\t", dtype=str, keep_default_na=False)
    table = negative_units_table(importance, annotation, expected_modes(targets, profiles))
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(negative_units(table, targets), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            tables=dict(snakemake.input.items()),
            targets=list(snakemake.params.targets),
            outputs=dict(snakemake.output.items()),
        )
