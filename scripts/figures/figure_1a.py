"""Draw the architecture of a trained model from its settings (the paper's Fig. 1A)."""

from workflow_lib.execution.job import recorded
from workflow_lib.figures.layers_table import layers_table
from workflow_lib.figures.schematic import schematic
from workflow_lib.figures.style import save
from workflow_lib.model_file import read_metadata
from workflow_lib.tables import write_table


def main(model: str, pdf: str, png: str, tsv: str) -> None:
    """Draw; the source data are the layers with their shapes and numbers of parameters."""
    metadata = read_metadata(model)
    write_table(layers_table(metadata), tsv)
    save(schematic(metadata), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            model=snakemake.input.model,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
