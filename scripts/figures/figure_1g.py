"""Draw a unit's importances and the impact of a CNN's nullified filters (the paper's Fig. 1G)."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.nullified_filters import unit_and_filters, unit_and_filters_table
from workflow_lib.figures.style import save
from workflow_lib.motifs.binding_modes import expected_modes
from workflow_lib.tables import read_table, write_table


def main(
    tables: dict[str, str], target: str, models: tuple[str, str], outputs: dict[str, str]
) -> None:
    """Draw the figure.

    `tables` has the paths of importance, annotation and profiles, and of nullification and
    filter_annotation if the filters of a CNN were nullified.
    """
    read = {
        name: read_table(tables[name]) if tables.get(name) else None
        for name in ("importance", "annotation", "nullification", "filter_annotation")
    }
    profiles = pd.read_csv(tables["profiles"], sep="\t", dtype=str, keep_default_na=False)
    clusters = expected_modes([target], profiles)[target]
    table = unit_and_filters_table(**read, target=target, clusters=clusters)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(unit_and_filters(table, target, models), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            tables=dict(snakemake.input.items()),
            target=snakemake.params.target,
            models=(snakemake.params.unit_model, snakemake.params.filter_model),
            outputs=dict(snakemake.output.items()),
        )
