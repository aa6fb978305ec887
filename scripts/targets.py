"""Write the targets of a data set with their groups and colours."""

from workflow_lib.config.targets_table import read_targets_table
from workflow_lib.data import dataset
from workflow_lib.data.targets import of_table, targets
from workflow_lib.execution.job import recorded
from workflow_lib.tables import write_table


def main(data_path: str, table: str | None, output: str) -> None:
    """Take groups and colours from the table of targets as it is now, else from the data set."""
    found = targets(dataset.read_var(data_path))
    if table:
        found = of_table(found["target"], read_targets_table(table))
    write_table(found, output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            data_path=snakemake.input.dataset,
            table=snakemake.input.get("table") or None,
            output=snakemake.output.targets,
        )
