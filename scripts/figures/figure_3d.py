"""Draw the time of motif discovery by data set size (the paper's Fig. 3D)."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.size_trends import times_by_size, times_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(
    times: str,
    model: str,
    seed: int,
    baseline: str | None,
    datasets: Sequence[str],
    outputs: Mapping[str, str],
) -> None:
    """Draw; `times` has the steps of all runs, `baseline` is the other tool or None."""
    names = dict.fromkeys(("dataset", "method", "step", "device", "machine"), str)
    table = times_table(read_table(times, dtype=names), model, seed, baseline, datasets)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(times_by_size(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            times=snakemake.input.times,
            model=snakemake.params.model,
            seed=snakemake.params.seed,
            baseline=snakemake.params.baseline,
            datasets=list(snakemake.params.datasets),
            outputs=dict(snakemake.output.items()),
        )
