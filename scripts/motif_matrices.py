"""Write the matrices of a set of motifs that filters start from, with every digit."""

import logging
from typing import Any

from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.initial_filters import write_matrices
from workflow_lib.motif import read_meme
from workflow_lib.motifs.jaspar import count_matrices

log = logging.getLogger("workflow_lib.motif_matrices")


def main(meme: str | None, entry: dict[str, Any], output: str) -> None:
    """Take the motifs of a MEME file, or JASPAR's counts; `entry` says which of them."""
    if meme:
        motifs = read_meme(meme)
        if not motifs:
            raise InputError(f"{meme}: no motifs in it; wanted at least one to start filters from")
    else:
        motifs = count_matrices(**entry)
    log.info("%d motifs", len(motifs))
    write_matrices(output, motifs)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            meme=snakemake.input.get("meme"),
            entry=snakemake.params.entry,
            output=snakemake.output.matrices,
        )
