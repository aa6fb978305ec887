"""Draw the logos of a model's filters with their annotation, the most important units first."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.logos import filter_sheet, filter_table
from workflow_lib.figures.style import save
from workflow_lib.interpret.units import unit_matrices
from workflow_lib.tables import read_table, write_table


def main(meme: str, tables: dict[str, str], pdf: str, png: str, tsv: str) -> None:
    """Draw; `tables` has the paths of filters, annotation and importance."""
    filters, annotation, importance = (
        read_table(tables[name]) for name in ("filters", "annotation", "importance")
    )
    table = filter_table(filters, annotation, importance)
    write_table(table, tsv, float_format="%.6g")
    save(filter_sheet(table, unit_matrices(meme)), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            meme=snakemake.input.meme,
            tables=dict(snakemake.input.items()),
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
