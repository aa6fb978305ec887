"""Count the binding modes that a model's motifs were annotated with, expected ones and others."""

from collections.abc import Mapping

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.model_file import read_metadata
from workflow_lib.motifs.binding_modes import binding_modes, count_modes
from workflow_lib.tables import write_run_table


def main(
    run: Mapping[str, str],
    annotation: str,
    profiles: str,
    model: str,
    which: str,
    outputs: dict[str, str],
) -> None:
    """Write one row per binding mode, and one row that counts them."""
    pairs, known = (
        pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        for path in (annotation, profiles)
    )
    modes = binding_modes(pairs, known, read_metadata(model)["target_names"], which)
    write_run_table(modes, run, outputs["modes"])
    write_run_table(count_modes(modes), run, outputs["counts"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            annotation=snakemake.input.annotation,
            profiles=snakemake.input.profiles,
            model=snakemake.input.model,
            which=snakemake.params.which,
            outputs=dict(snakemake.output.items()),
        )
