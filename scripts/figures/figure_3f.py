"""Draw the scores of the best PWMs of one TF, by assay and method (the paper's Fig. 3F)."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.assay_bars import assay_bars, assay_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(scores: str, outputs: Mapping[str, str]) -> None:
    """Draw; `scores` has one row per assay and method."""
    names = dict.fromkeys(("assay", "method", "motif", "scored_on"), str)
    table = assay_table(read_table(scores, dtype=names))
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(assay_bars(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(scores=snakemake.input.scores, outputs=dict(snakemake.output.items()))
