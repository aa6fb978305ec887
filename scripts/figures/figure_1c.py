"""Draw one model against others, target by target (the paper's Fig. 1C)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.model_scatter import pairwise, pairwise_table
from workflow_lib.figures.style import save
from workflow_lib.tables import write_table


def main(
    metrics: Sequence[str],
    dataset: str,
    model: str,
    others: Sequence[str],
    metric: str,
    outputs: Mapping[str, str],
) -> None:
    """Draw; `metrics` are tables of runs, of which those of the data set count."""
    read = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in metrics]
    scores = pd.concat(read, ignore_index=True).query("dataset == @dataset")
    numbers = ["value", "low", "high"]
    scores = scores.assign(**scores[numbers].apply(pd.to_numeric))
    table = pairwise_table(scores, model, others, metric)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(pairwise(table, metric), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        paths = snakemake.input.metrics
        main(
            metrics=[paths] if isinstance(paths, str) else list(paths),
            dataset=snakemake.wildcards.dataset,
            model=snakemake.params.model,
            others=list(snakemake.params.others),
            metric=snakemake.params.metric,
            outputs=dict(snakemake.output.items()),
        )
