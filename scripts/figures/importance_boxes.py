"""Draw box plots of the importances of the most important units."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.groups import target_groups
from workflow_lib.figures.importance_boxes import importance_boxes, importance_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(
    importance: str, annotation: str, pdf: str, png: str, tsv: str, targets: str | None = None
) -> None:
    """Draw the most important units, of each the most important targets, or all with groups."""
    every = read_table(importance)
    groups = target_groups(read_table(targets)) if targets else None
    table = importance_table(every, read_table(annotation), groups=groups)
    write_table(table, tsv, float_format="%.6g")
    figure = importance_boxes(table, every["unit"].nunique(), every["target"].nunique())
    save(figure, pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            importance=snakemake.input.importance,
            annotation=snakemake.input.annotation,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
            targets=snakemake.input.targets,
        )
