"""Draw the best PWMs of a model against those of a motif set (the paper's Fig. 3B)."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.motif_pairs import best_against, pairs_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(
    scores: str,
    model: str,
    seed: int,
    baseline: str | None,
    datasets: Sequence[str],
    outputs: Mapping[str, str],
) -> None:
    """Draw; `scores` are the rankings of all data sets, `baseline` is the motif set or None."""
    names = dict.fromkeys(("dataset", "method", "target", "motif"), str)
    table = pairs_table(read_table(scores, dtype=names), model, seed, baseline, datasets)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(best_against(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            scores=snakemake.input.scores,
            model=snakemake.params.model,
            seed=snakemake.params.seed,
            baseline=snakemake.params.baseline,
            datasets=list(snakemake.params.datasets),
            outputs=dict(snakemake.output.items()),
        )
