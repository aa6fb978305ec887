"""Draw motifs of nuclear receptors next to their known profiles (the paper's Fig. 3E and S3)."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.logo_grid import logo_grid
from workflow_lib.figures.style import save
from workflow_lib.motif import read_meme
from workflow_lib.motifs.alignment import TEXT
from workflow_lib.tables import read_table, write_table


def main(table: str, meme: str, reference_label: str, outputs: Mapping[str, str]) -> None:
    """Draw one row per factor, one column per method."""
    aligned = read_table(table, dtype=TEXT)
    motifs = {motif.id: motif.probabilities for motif in read_meme(meme)}
    write_table(aligned, outputs["tsv"], float_format="%.6g")
    save(logo_grid(aligned, motifs, reference_label), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            table=snakemake.input.table,
            meme=snakemake.input.meme,
            reference_label=snakemake.params.reference_label,
            outputs=dict(snakemake.output.items()),
        )
