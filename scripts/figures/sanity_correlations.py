"""Draw how attributions change with random weights, shuffled labels or another seed."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.robustness import sanity_checks, sanity_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(checks: list[str], pdf: str, png: str, tsv: str) -> None:
    """Draw; `checks` are the tables of the methods by which a run is checked."""
    table = sanity_table(read_runs(checks))
    write_table(table, tsv, float_format="%.6g")
    save(sanity_checks(table), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            checks=list(snakemake.input.checks),
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
