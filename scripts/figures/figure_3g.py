"""Draw one factor's motifs from several assays below its known profile (the paper's Fig. 3G)."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.logo_grid import logo_grid, method_columns
from workflow_lib.figures.style import save
from workflow_lib.motif import read_meme
from workflow_lib.motifs.alignment import TEXT
from workflow_lib.tables import read_table, write_table


def main(
    table: str, meme: str, model_label: str, reference_label: str, outputs: Mapping[str, str]
) -> None:
    """Draw one row per assay: the model, and the method that was made for the assay."""
    aligned = read_table(table, dtype=TEXT)
    keep = (reference_label, model_label)
    aligned = method_columns(aligned, keep, "assay-specific method")
    motifs = {motif.id: motif.probabilities for motif in read_meme(meme)}
    write_table(aligned, outputs["tsv"], float_format="%.6g")
    pages = logo_grid(aligned, motifs, reference_label, reference_on_top=True)
    save(pages, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            table=snakemake.input.table,
            meme=snakemake.input.meme,
            model_label=snakemake.params.model_label,
            reference_label=snakemake.params.reference_label,
            outputs=dict(snakemake.output.items()),
        )
