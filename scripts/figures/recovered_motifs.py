"""Draw the planted motifs next to the filters that recovered them, for all seeds."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.recovery import recovered_logos, recovery_rows
from workflow_lib.figures.style import save
from workflow_lib.interpret.units import unit_matrices
from workflow_lib.motif import read_meme
from workflow_lib.tables import read_runs, read_table, write_table


def main(inputs: dict, threshold: float, outputs: dict[str, str]) -> None:
    """Draw; `inputs` has profiles (one path), and recovery, annotation and meme of each seed."""
    tables = [read_table(path) for path in inputs["recovery"]]
    recovery, annotation = pd.concat(tables, ignore_index=True), read_runs(inputs["annotation"])
    filters = {
        int(table["seed"].iloc[0]): unit_matrices(path)
        for table, path in zip(tables, inputs["meme"], strict=True)
    }
    profiles = {motif.id: motif.probabilities for motif in read_meme(inputs["profiles"])}
    logos = recovered_logos(recovery, profiles, filters, annotation)
    write_table(recovery, outputs["tsv"], float_format="%.6g")
    save(recovery_rows(recovery, logos, threshold), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            inputs={
                "profiles": snakemake.input.profiles,
                "recovery": list(snakemake.input.recovery),
                "annotation": list(snakemake.input.annotation),
                "meme": list(snakemake.input.meme),
            },
            threshold=snakemake.params.q_value,
            outputs=dict(snakemake.output.items()),
        )
