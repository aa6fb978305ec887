"""Draw score, training time and motifs of models that treat the strands differently."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.strand_symmetry import strand_symmetry, strand_symmetry_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(comparison: str, runs: str, pdf: str, png: str, tsv: str) -> None:
    """Draw the tables of scripts/strand_comparison.py."""
    table = strand_symmetry_table(*(read_table(path) for path in (comparison, runs)))
    write_table(table, tsv, float_format="%.6g")
    save(strand_symmetry(table), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            comparison=snakemake.input.comparison,
            runs=snakemake.input.runs,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
