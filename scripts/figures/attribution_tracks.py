"""Draw example sequences with letters as high as their contributions."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.attribution_tracks import attribution_tracks
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(examples: str, summary: str, about: tuple[str, str], pdf: str, png: str, tsv: str) -> None:
    """Draw; `about`: the title and the task of the data set."""
    table = read_table(examples, dtype={"id": str, "region": str})
    write_table(table, tsv, float_format="%.6g")
    save(attribution_tracks(table, read_table(summary), *about), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        of = snakemake.wildcards
        title = f"Attributions by {of.method}: {of.model} on {of.dataset}, seed {of.seed}"
        main(
            examples=snakemake.input.examples,
            summary=snakemake.input.summary,
            about=(title, snakemake.params.task),
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
