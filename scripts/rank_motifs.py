"""Rank motifs by the importance of their units, and choose the best one of each target."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.motif import read_meme, write_meme
from workflow_lib.motifs.ranking import best_motifs, rank
from workflow_lib.tables import read_table, write_run_table


def main(
    run: Mapping[str, str], scores: str, meme: str, importance: str | None, outputs: dict[str, str]
) -> None:
    """Write the ranking and the best motifs; `importance` is None for sets without a model."""
    motifs = read_meme(meme)
    text = {"dtype": {"motif": str, "target": str}}
    importances = read_table(importance, dtype={"target": str}) if importance else None
    ranking = rank(read_table(scores, **text), importances, motifs)
    write_run_table(ranking, run, outputs["ranking"], float_format="%.6g")
    write_meme(outputs["best"], best_motifs(ranking, motifs))


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            scores=snakemake.input.scores,
            meme=snakemake.input.meme,
            importance=snakemake.input.get("importance"),
            outputs=dict(snakemake.output.items()),
        )
