"""Align discovered motifs with the known profiles of their TFs, on the same strand."""

from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_lib.data.dataset import n_training_sequences
from workflow_lib.execution.job import recorded
from workflow_lib.motif import Motif, read_meme, write_meme
from workflow_lib.motifs.alignment import Entry, align_entries, choose, reference_motifs
from workflow_lib.motifs.ranking import best_resembling
from workflow_lib.tables import read_table, write_table

EFFORT = ("row", "column", "n_motifs", "n_train")


def of_entry(
    entry: Mapping, motifs: Sequence[Motif], known: Sequence[Motif], q_value: float
) -> Motif | None:
    """The motif to show: with a `ranking`, the best of those that resemble the row's profile."""
    if not entry.get("ranking"):
        return choose(motifs, entry.get("motif"), entry["path"])
    ranking = read_table(entry["ranking"], dtype={"motif": str})
    return best_resembling(motifs, ranking, entry["profile"], known, q_value)


def main(
    entries: Sequence[Mapping],
    database: str,
    reference_label: str,
    q_value: float,
    outputs: Mapping[str, str],
) -> None:
    """Align; each entry has path, row, column, profile, and the motif's id or the ranking.

    Those with `sequences` name the files with the sequences that their motifs were learned from:
    their number, and how many motifs there were to choose from, stand in the table.
    """
    known = read_meme(database)
    chosen, efforts = [], []
    for entry in entries:
        motifs, cell = read_meme(entry["path"]), (entry["row"], entry["column"])
        chosen.append(Entry(*cell, of_entry(entry, motifs, known, q_value)))
        if "sequences" in entry:
            efforts.append((*cell, len(motifs), n_training_sequences(entry["sequences"])))
    references = {entry["row"]: entry["profile"] for entry in entries}
    beside = reference_motifs(references, known, database)
    aligned, table = align_entries(chosen, beside, known, reference_label, q_value)
    table = table.merge(pd.DataFrame(efforts, columns=EFFORT), how="left", on=["row", "column"])
    table = table.astype({"n_motifs": "Int64", "n_train": "Int64"})
    write_meme(outputs["meme"], aligned)
    write_table(table, outputs["table"], float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            entries=list(snakemake.params.entries),
            database=snakemake.input.database,
            reference_label=snakemake.params.reference_label,
            q_value=snakemake.params.q_value,
            outputs=dict(snakemake.output.items()),
        )
