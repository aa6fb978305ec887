"""Draw the scores of the models of two data sets on the same held-out regions."""

from workflow_lib.data.dataset import n_in_part
from workflow_lib.execution.job import recorded
from workflow_lib.figures.dataset_comparison import same_regions
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(
    comparison: str, labels: tuple[str, str], datasets: tuple[str, str], outputs: dict
) -> None:
    """Draw; a is the first of the two labels and data sets, b the second."""
    n_train = [n_in_part(path, "train") for path in datasets]
    table = read_table(comparison).assign(n_train_a=n_train[0], n_train_b=n_train[1])
    write_table(table, outputs["tsv"])
    figure = same_regions(table, *labels, *n_train)
    save(figure, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            comparison=snakemake.input.comparison,
            labels=(snakemake.params.label_a, snakemake.params.label_b),
            datasets=(snakemake.input.like, snakemake.input.dataset),
            outputs=dict(snakemake.output.items()),
        )
