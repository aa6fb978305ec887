"""Turn STREME's text output into a MEME file and a table of its motifs."""

import logging

from workflow_lib.execution.job import recorded
from workflow_lib.motif import write_meme
from workflow_lib.motifs.meme_suite import read_streme
from workflow_lib.tables import write_table

log = logging.getLogger("workflow_lib.streme_motifs")


def main(streme: str, meme: str, table: str) -> None:
    """Write the motifs, best first; without any, both files have headers only."""
    found = read_streme(streme)
    if not found.motifs:
        log.warning("%s: STREME found no motif", streme)
    write_meme(meme, found.motifs, found.background)
    write_table(found.table, table, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            streme=snakemake.input.streme,
            meme=snakemake.output.meme,
            table=snakemake.output.motifs,
        )
