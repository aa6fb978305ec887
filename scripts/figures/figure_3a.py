"""Draw how well a model's PWMs predict binding, by importance rank (the paper's Fig. 3A)."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.figures.motif_performance import rank_performance, rank_table
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(
    scores: str, model: str, seed: int, datasets: Sequence[str], outputs: Mapping[str, str]
) -> None:
    """Draw; `scores` are the rankings of all runs, of which those of `model` and `seed` count."""
    names = dict.fromkeys(("dataset", "method", "target", "motif"), str)
    table = rank_table(read_table(scores, dtype=names), model, seed, datasets)
    write_table(table, outputs["tsv"], float_format="%.6g")
    save(rank_performance(table), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            scores=snakemake.input.scores,
            model=snakemake.params.model,
            seed=snakemake.params.seed,
            datasets=list(snakemake.params.datasets),
            outputs=dict(snakemake.output.items()),
        )
