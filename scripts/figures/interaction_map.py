"""Draw how the effects of each two positions depend on each other."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.interaction_maps import interaction_maps, map_table
from workflow_lib.figures.style import save
from workflow_lib.interpret.interaction_file import read
from workflow_lib.interpret.units import unit_names
from workflow_lib.tables import read_table, write_table


def main(
    inputs: Mapping[str, str], limits: Mapping[str, int], about: tuple[str, str], outputs: Mapping
) -> None:
    """Draw; `inputs`: scores, pairs and annotation; `about`: title and task."""
    table = map_table(read(inputs["scores"], pairs=False), **limits)
    pairs = read_table(inputs["pairs"], dtype={"to_1": str, "to_2": str, "id": str})
    names = unit_names(read_table(inputs["annotation"]), 2)
    write_table(table, outputs["tsv"], float_format="%.6g")
    figures = interaction_maps(table, pairs, names, *about)
    save(figures, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        of = snakemake.wildcards
        title = f"Interactions by {of.method}: {of.model} on {of.dataset}, seed {of.seed}"
        main(
            inputs=dict(snakemake.input.items()),
            limits=dict(snakemake.params.limits),
            about=(title, snakemake.params.task),
            outputs={kind: snakemake.output[kind] for kind in ("pdf", "png", "tsv")},
        )
