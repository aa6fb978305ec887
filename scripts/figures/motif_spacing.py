"""Draw the effects of two motifs by their distance."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.distance_curves import (
    EXCESS,
    distance_curves,
    distance_table,
    most_affected,
)
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(spacing: str, title: str, outputs: Mapping[str, str]) -> None:
    """Draw; a column of panels for each of the targets that motifs interact most for."""
    table = read_table(spacing, dtype={"fixed": str, "slid": str})
    shown = {name: table["target"] == name for name in most_affected(table)}
    curves = distance_table(table, shown)
    write_table(curves, outputs["tsv"], float_format="%.6g")
    save(distance_curves(curves, EXCESS, title, {}), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        of = snakemake.wildcards
        main(
            spacing=snakemake.input.spacing,
            title=f"Motif spacing: {of.model} on {of.dataset}, seed {of.seed}",
            outputs=dict(snakemake.output.items()),
        )
