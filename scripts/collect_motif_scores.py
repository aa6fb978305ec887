"""Put the rankings of all models and motif sets into one long table."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_lib.data.dataset import n_in_part
from workflow_lib.execution.job import recorded
from workflow_lib.tables import RUN, write_table


def main(rankings: Sequence[str], datasets: Sequence[str], output: str) -> None:
    """Concatenate them; `method` is the model or the motif set, n_train that of the data set."""
    # Every cell stays as it was written.
    read = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in rankings]
    # Models have no motif_set, motif sets no model and no seed.
    table = pd.concat([pd.DataFrame(columns=[*RUN, "motif_set"]), *read], ignore_index=True)
    sizes = {Path(path).parent.name: n_in_part(path, "train") for path in datasets}
    table.insert(1, "method", table.pop("model").fillna(table.pop("motif_set")))
    table.insert(3, "n_train", table["dataset"].map(sizes))
    write_table(table, output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            rankings=list(snakemake.input.rankings),
            datasets=list(snakemake.input.datasets),
            output=snakemake.output.scores,
        )
