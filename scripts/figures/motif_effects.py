"""Draw what single motifs, and copies of them, do to the outputs of a model."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.motif_effects import effects_table, motif_effects
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(inputs: Mapping[str, str], title: str, outputs: Mapping[str, str]) -> None:
    """Draw; `inputs`: the tables single, and where they are made copies and ablation."""
    text = {"motif": str}
    tables = {name: read_table(path, dtype=text) for name, path in inputs.items()}
    table = effects_table(**tables)
    write_table(table, outputs["tsv"], float_format="%.6g")
    n_targets = tables["single"]["target"].nunique()
    save(motif_effects(table, title, n_targets), outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        of = snakemake.wildcards
        main(
            inputs=dict(snakemake.input.items()),
            title=f"Motif effects: {of.model} on {of.dataset}, seed {of.seed}",
            outputs=dict(snakemake.output.items()),
        )
