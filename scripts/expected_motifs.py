"""Look for the motifs that the targets are known for among the units of a model."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.motifs.expected import expected_units
from workflow_lib.tables import read_table, write_run_table


def main(
    run: Mapping[str, str],
    annotation: str,
    importance: str,
    expected: Mapping[str, Sequence[str]],
    output: str,
) -> None:
    """Write the most important unit for each target and expected motif."""
    table = expected_units(expected, read_table(annotation), read_table(importance))
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            annotation=snakemake.input.annotation,
            importance=snakemake.input.importance,
            expected=snakemake.params.expected,
            output=snakemake.output.expected,
        )
