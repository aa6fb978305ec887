"""Put the rankings of all models and motif sets into one long table."""

from collections.abc import Sequence

import pandas as pd

from workflow_lib.data.dataset import n_training_sequences
from workflow_lib.execution.job import recorded
from workflow_lib.tables import RUN, write_table


def main(rankings: Sequence[str], sequences: Sequence[Sequence[str]], output: str) -> None:
    """Concatenate them; `method` is the model or the motif set.

    `sequences` has for each ranking the files with the sequences that its motifs were learned from;
    n_train is their number, empty for known motifs.
    """
    # Every cell stays as it was written.
    read = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in rankings]
    seen = pd.array([n_training_sequences(files) for files in sequences], dtype="Int64")
    # Models have no motif_set, motif sets no model and no seed.
    table = pd.concat([pd.DataFrame(columns=[*RUN, "motif_set"]), *read], ignore_index=True)
    table.insert(1, "method", table.pop("model").fillna(table.pop("motif_set")))
    table.insert(3, "n_train", seen.repeat([len(ranking) for ranking in read]))
    write_table(table, output)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            rankings=list(snakemake.input.rankings),
            sequences=snakemake.params.sequences,
            output=snakemake.output.scores,
        )
