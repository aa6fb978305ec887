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


def of_entry(entry: Mapping, known: Sequence[Motif], q_value: float) -> Motif | None:
    """The motif to show: with a `ranking`, the best of those that resemble the row's profile."""
    motifs = read_meme(entry["path"])
    if not entry.get("ranking"):
        return choose(motifs, entry.get("motif"), entry["path"])
    ranking = read_table(entry["ranking"], dtype={"motif": str})
    return best_resembling(motifs, ranking, entry["profile"], known, q_value)


def effort(entry: Mapping) -> dict[str, object]:
    """How many motifs a method gave, from how many training sequences; of a cell of the figure."""
    return {
        "row": entry["row"],
        "column": entry["column"],
        "n_motifs": len(read_meme(entry["path"])),
        "n_train": n_training_sequences(entry["sequences"]),
    }


def main(
    entries: Sequence[Mapping],
    database: str,
    reference_label: str,
    q_value: float,
    outputs: Mapping[str, str],
) -> None:
    """Align; each entry has path, row, column, profile, and the motif's id or the ranking.

    Those with `sequences` name the files with the sequences that their motifs were learned from.
    """
    known = read_meme(database)
    chosen = [
        Entry(entry["row"], entry["column"], of_entry(entry, known, q_value)) for entry in entries
    ]
    references = {entry["row"]: entry["profile"] for entry in entries}
    beside = reference_motifs(references, known, database)
    aligned, table = align_entries(chosen, beside, known, reference_label, q_value)
    efforts = [effort(entry) for entry in entries if "sequences" in entry]
    efforts = pd.DataFrame(efforts, columns=EFFORT)
    table = table.merge(efforts, how="left", on=["row", "column"])
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
