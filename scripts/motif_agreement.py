"""Count in how many seeds of a model each binding mode recurs."""

from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.model_file import read_metadata
from workflow_lib.motifs.binding_modes import motif_agreement
from workflow_lib.tables import write_run_table


def main(
    run: Mapping[str, str],
    annotations: Sequence[str],
    models: Sequence[str],
    profiles: str,
    which: str,
    output: str,
) -> None:
    """Write one row per binding mode; annotations and models are of the same seeds."""
    *pairs, known = (
        pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        for path in (*annotations, profiles)
    )
    # The table of a model without annotated filters is empty and does not tell the seed.
    about = [read_metadata(path) for path in models]
    of_seeds = {entry["seed"]: table for entry, table in zip(about, pairs, strict=True)}
    table = motif_agreement(of_seeds, known, about[0]["target_names"], which)
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            annotations=list(snakemake.input.annotations),
            models=list(snakemake.input.models),
            profiles=snakemake.input.profiles,
            which=snakemake.params.which,
            output=snakemake.output.agreement,
        )
