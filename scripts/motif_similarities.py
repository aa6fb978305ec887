"""Compare all motifs of a set with all."""

import logging

from workflow_lib.execution.job import recorded
from workflow_lib.initial_filters import read_matrices
from workflow_lib.motifs.nonredundant import save_similarities, similarities

log = logging.getLogger("workflow_lib.motif_similarities")


def main(matrices: str, output: str) -> None:
    """Write Tomtom's q-values of each motif against all, on both strands."""
    motifs = read_matrices(matrices)
    log.info("comparing %d motifs with each other, on both strands", len(motifs))
    save_similarities(output, similarities(motifs))


if __name__ == "__main__":
    with recorded(snakemake):
        main(matrices=snakemake.input.matrices, output=snakemake.output.tomtom)
