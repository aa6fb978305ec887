"""Draw how attributions change when weights, labels or the seed do."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.robustness import sanity_checks, sanity_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(checks: dict[str, str], pdf: str, png: str, tsv: str) -> None:
    """Draw; `checks` has method -> the path of its table."""
    table = sanity_table({method: read_table(path) for method, path in checks.items()})
    write_table(table, tsv, float_format="%.6g")
    save(sanity_checks(table), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            checks=dict(zip(snakemake.params.methods, snakemake.input.checks, strict=True)),
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
