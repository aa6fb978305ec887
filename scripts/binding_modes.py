"""Count the binding modes that a model's motifs were annotated with, expected ones and others."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.models import read_metadata
from workflow_lib.motifs.binding_modes import binding_modes
from workflow_lib.tables import write_table


def main(annotation: str, profiles: str, model: str, which: str, output: str) -> None:
    """Write one row per binding mode."""
    pairs, known = (
        pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        for path in (annotation, profiles)
    )
    write_table(binding_modes(pairs, known, read_metadata(model)["target_names"], which), output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            annotation=snakemake.input.annotation,
            profiles=snakemake.input.profiles,
            model=snakemake.input.model,
            which=snakemake.params.which,
            output=snakemake.output.modes,
        )
