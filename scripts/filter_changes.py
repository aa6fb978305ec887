"""Compare each filter with the motif that it started from."""

from collections.abc import Mapping

from workflow_lib import models
from workflow_lib.execution.job import recorded
from workflow_lib.initial_filters import read_matrices, starting_filters, units_of
from workflow_lib.motif import read_meme
from workflow_lib.motifs.filter_changes import filter_changes
from workflow_lib.tables import read_table, write_run_table


def main(run: Mapping[str, str], inputs: Mapping[str, str], q_value: float, output: str) -> None:
    """Write one row per unit."""
    model = models.load(inputs["model"])
    units = units_of(model.metadata)
    start = starting_filters(read_matrices(inputs["matrices"]), units, model.filter_size)
    changes = filter_changes(
        start,
        model.conv.weight.detach().numpy(),
        read_meme(inputs["filters"]),
        read_meme(inputs["searched"]),
        read_table(inputs["annotation"]),
        q_value,
    )
    write_run_table(changes, run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            inputs=dict(snakemake.input.items()),
            q_value=snakemake.params.q_value,
            output=snakemake.output.changes,
        )
