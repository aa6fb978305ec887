"""Compare filters with known motifs and write the pairs that resemble each other."""

from collections.abc import Mapping

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.motif import read_meme
from workflow_lib.motifs.meme_suite import read_tomtom
from workflow_lib.motifs.tomtom import annotate, tomtom
from workflow_lib.tables import write_run_table


def main(
    run: Mapping[str, str],
    filters: str,
    database: str,
    profiles: str,
    q_value: float,
    output: str,
    pairs: str | None = None,
) -> None:
    """Write one row per pair, best first within each unit; `pairs`: the program's output."""
    motifs = read_meme(filters)
    if pairs:
        found = read_tomtom(pairs, motifs)
    else:
        found = tomtom(motifs, read_meme(database), q_value)
    known = pd.read_csv(profiles, sep="\t", dtype=str, keep_default_na=False)
    write_run_table(annotate(found, known), run, output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            filters=snakemake.input.filters,
            database=snakemake.input.database,
            profiles=snakemake.input.profiles,
            pairs=snakemake.input.get("pairs"),
            q_value=snakemake.params.q_value,
            output=snakemake.output.annotation,
        )
