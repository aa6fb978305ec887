"""Lay discovered motifs beside the known profiles of their factors, on the same strand."""

from collections.abc import Mapping, Sequence

from workflow_lib.execution.job import recorded
from workflow_lib.motif import Motif, read_meme, write_meme
from workflow_lib.motifs.alignment import Entry, align_entries, choose, reference_motifs
from workflow_lib.motifs.ranking import best_resembling
from workflow_lib.tables import read_table, write_table


def of_entry(path: str, entry: Mapping, profile: str, known: Sequence[Motif]) -> Motif | None:
    """The motif to show: with a `ranking`, the best of those that resemble the row's profile."""
    if not entry.get("ranking"):
        return choose(read_meme(path), entry.get("motif"), path)
    ranking = read_table(entry["ranking"], dtype={"motif": str})
    return best_resembling(read_meme(path), ranking, profile, known)


def main(
    motifs: Sequence[str],
    database: str,
    entries: Sequence[Mapping],
    references: Mapping[str, str],
    reference_label: str,
    outputs: Mapping[str, str],
) -> None:
    """Align; entry i (row, column, motif id or None, ranking or None) is of the i-th motif file."""
    known = read_meme(database)
    chosen = [
        Entry(entry["row"], entry["column"], of_entry(path, entry, references[entry["row"]], known))
        for path, entry in zip(motifs, entries, strict=True)
    ]
    beside = reference_motifs(references, known, database)
    aligned, table = align_entries(chosen, beside, known, reference_label)
    write_meme(outputs["meme"], aligned)
    write_table(table, outputs["table"], float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        paths = snakemake.input.motifs
        main(
            motifs=[paths] if isinstance(paths, str) else list(paths),
            database=snakemake.input.database,
            entries=list(snakemake.params.entries),
            references=dict(snakemake.params.references),
            reference_label=snakemake.params.reference_label,
            outputs=dict(snakemake.output.items()),
        )
