"""Write the known motifs of one JASPAR release, with families and binding modes."""

from workflow_lib.files import write_table
from workflow_lib.jaspar import profiles, read_clusters
from workflow_lib.logs import log_to
from workflow_lib.motifs import write_meme


def main(
    release: str, collection: str, tax_group: str, clusters: str | None, meme: str, table: str
) -> None:
    """Write a MEME file and a table of profiles."""
    known = read_clusters(clusters) if clusters else None
    motifs, found = profiles(release, collection, tax_group, known)
    write_meme(meme, motifs)
    write_table(found, table)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            release=snakemake.params.release,
            collection=snakemake.params.collection,
            tax_group=snakemake.params.tax_group,
            clusters=snakemake.input.get("clusters"),
            meme=snakemake.output.meme,
            table=snakemake.output.profiles,
        )
