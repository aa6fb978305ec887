"""Align discovered motifs with the known profiles of their TFs, on the same strand."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.motif import Motif, read_meme, write_meme
from workflow_lib.motifs.alignment import Entry, align_entries, choose, reference_motifs
from workflow_lib.motifs.ranking import best_resembling
from workflow_lib.tables import read_table, write_table


def of_entry(entry: Mapping, known: Sequence[Motif], q_value: float) -> Motif | None:
    """The motif to show: with a `ranking`, the best of those that resemble the row's profile."""
    motifs = read_meme(entry["path"])
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
    """Align; each entry has path, row, column, profile, and the motif's id or the ranking."""
    known = read_meme(database)
    chosen = [
        Entry(entry["row"], entry["column"], of_entry(entry, known, q_value)) for entry in entries
    ]
    references = {entry["row"]: entry["profile"] for entry in entries}
    beside = reference_motifs(references, known, database)
    aligned, table = align_entries(chosen, beside, known, reference_label, q_value)
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
