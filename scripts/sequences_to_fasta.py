"""Write the positive and negative sequences of one part of the split as FASTA, for STREME."""

import logging

from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.motifs.meme_suite import two_classes, write_fasta

log = logging.getLogger("workflow_lib.sequences_to_fasta")


def main(
    data_path: str,
    part: str,
    target: str | None,
    most: int | None,
    seed: int,
    bound: str,
    unbound: str,
) -> None:
    """Write two FASTA files; each sequence of the part is in one of them or counted as dropped."""
    chosen = dataset.part(dataset.load(data_path), part)
    try:
        classes = two_classes(chosen, target, most, seed)
    except InputError as error:
        raise InputError(f"{data_path}, {part} part: {error}") from error
    log.info(
        "%s part: %d sequences = %d bound + %d unbound + dropped: %s",
        part, chosen.n_obs, len(classes.bound), len(classes.unbound), classes.dropped,
    )  # fmt: skip
    for path, rows in ((bound, classes.bound), (unbound, classes.unbound)):
        write_fasta(path, chosen.obs_names[rows], chosen.obsm["sequence"][rows])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            data_path=snakemake.input.dataset,
            part=snakemake.params.part,
            target=snakemake.params.target,
            most=snakemake.params.most_sequences,
            seed=snakemake.params.seed,
            bound=snakemake.output.bound,
            unbound=snakemake.output.unbound,
        )
