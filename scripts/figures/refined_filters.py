"""Draw filters that started from known motifs, before and after training."""

from collections.abc import Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.refined_filters import refined_filters, refined_table
from workflow_lib.figures.style import save
from workflow_lib.initial_filters import read_matrices, starting_filters, units_of
from workflow_lib.interpret.units import unit_matrices
from workflow_lib.model_file import read_metadata
from workflow_lib.tables import read_table, write_table


def main(
    inputs: dict[str, str], profiles: Sequence[str] | None, most: int, pdf: str, png: str, tsv: str
) -> None:
    """Draw the units that started from `profiles`, or `most` of the most important ones."""
    changes = read_table(inputs["changes"])
    targets = read_table(inputs["targets"]) if "targets" in inputs else None
    table = refined_table(changes, read_table(inputs["importance"]), targets, profiles, most)
    write_table(table, tsv, float_format="%.6g")
    metadata = read_metadata(inputs["model"])
    size = metadata["hyperparameters"]["filter_size"]
    start = starting_filters(read_matrices(inputs["matrices"]), units_of(metadata), size)
    known = changes["changed"].dropna().astype(bool)
    counts = (
        f"The sites of {known.sum()} of {len(known)} filters do not resemble the motif that they "
        f"started from ({len(changes)} filters, {len(changes) - len(known)} without sites)"
    )
    logos = dict(enumerate(start.weights))
    save(refined_filters(table, logos, unit_matrices(inputs["meme"]), counts), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            inputs=dict(snakemake.input.items()),
            profiles=snakemake.params.profiles,
            most=snakemake.params.most,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
