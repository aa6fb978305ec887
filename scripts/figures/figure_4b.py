"""Draw the correlations of one model against another's, per sequence (the paper's Fig. 4B)."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.model_scatter import by_sequence, sequence_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_runs, write_table


def main(correlations: Sequence[str], model: str, other: str, outputs: Mapping[str, str]) -> None:
    """Draw; `correlations` are the tables of both models, of one seed."""
    table = sequence_table(read_runs(correlations, dtype={"id": str}), model, other)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(by_sequence(table, "held-out sequences"), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            correlations=list(snakemake.input.correlations),
            model=snakemake.params.model,
            other=snakemake.params.other,
            outputs=dict(snakemake.output.items()),
        )
