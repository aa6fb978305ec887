"""Draw performance by number of units, with other models as lines (the paper's Fig. 1B)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.style import save
from workflow_lib.figures.unit_sweep import unit_sweep, unit_sweep_table
from workflow_lib.tables import write_table


def main(
    metrics: Sequence[str],
    dataset: str,
    sweep: Mapping[str, int],
    baselines: Sequence[str],
    metric: str,
    outputs: Mapping[str, str],
) -> None:
    """Draw; `metrics` are tables of runs, of which those of the data set count."""
    read = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in metrics]
    scores = pd.concat(read, ignore_index=True).query("dataset == @dataset")
    scores = scores.assign(value=pd.to_numeric(scores["value"]))
    table = unit_sweep_table(scores, sweep, baselines, metric)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(unit_sweep(table, metric), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        paths = snakemake.input.metrics
        main(
            metrics=[paths] if isinstance(paths, str) else list(paths),
            dataset=snakemake.wildcards.dataset,
            sweep=dict(zip(snakemake.params.models, snakemake.params.units, strict=True)),
            baselines=list(snakemake.params.baselines),
            metric=snakemake.params.metric,
            outputs=dict(snakemake.output.items()),
        )
