"""Write the known motifs of one JASPAR release, with TF families and binding modes."""

from typing import Any

from workflow_lib.execution.job import recorded
from workflow_lib.motif import write_meme
from workflow_lib.motifs.jaspar import profiles, read_clusters
from workflow_lib.tables import write_table


def main(entry: dict[str, Any], clusters: str | None, outputs: dict[str, str]) -> None:
    """Write a MEME file and a table of profiles; `entry` says which (see `jaspar.profiles`)."""
    known = read_clusters(clusters) if clusters else None
    chosen = {key: value for key, value in entry.items() if key != "clusters"}
    motifs, found = profiles(**chosen, clusters=known)
    write_meme(outputs["meme"], motifs)
    write_table(found, outputs["profiles"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            entry=snakemake.params.entry,
            clusters=snakemake.input.get("clusters"),
            outputs=dict(snakemake.output.items()),
        )
