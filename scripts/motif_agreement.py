"""Say which binding modes come back in how many of the seeds of one model."""

from collections.abc import Sequence

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.models import read_metadata
from workflow_lib.motifs.binding_modes import motif_agreement
from workflow_lib.tables import write_table


def main(
    annotations: Sequence[str],
    seeds: Sequence[int],
    model: str,
    profiles: str,
    which: str,
    output: str,
) -> None:
    """Write one row per binding mode; `model` is that of any of the seeds."""
    *pairs, known = (
        pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        for path in (*annotations, profiles)
    )
    of_seeds = dict(zip(seeds, pairs, strict=True))
    target_names = read_metadata(model)["target_names"]
    table = motif_agreement(of_seeds, known, target_names, which)
    write_table(table, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            annotations=list(snakemake.input.annotations),
            seeds=list(snakemake.params.seeds),
            model=snakemake.input.models[0],
            profiles=snakemake.input.profiles,
            which=snakemake.params.which,
            output=snakemake.output.agreement,
        )
