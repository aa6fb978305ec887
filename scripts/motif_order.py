"""Order a set of motifs so that any first part of it is little redundant."""

from workflow_lib.execution.job import recorded
from workflow_lib.motifs.nonredundant import ORDERS, load_similarities
from workflow_lib.tables import write_table


def main(tomtom: str, order: str, output: str) -> None:
    """Write the order; `order` is a name in ORDERS."""
    write_table(ORDERS[order](load_similarities(tomtom)), output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            tomtom=snakemake.input.tomtom,
            order=snakemake.wildcards.order,
            output=snakemake.output.order,
        )
