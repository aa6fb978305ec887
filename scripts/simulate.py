"""Simulate sequences with planted motifs, and record what was planted where."""

from typing import Any

import pandas as pd

from workflow_lib.data.simulate import simulate
from workflow_lib.execution.job import recorded
from workflow_lib.motif import read_meme
from workflow_lib.sequence import decode
from workflow_lib.tables import write_table


def main(settings: dict[str, Any], meme: str, profiles: str, outputs: dict[str, str]) -> None:
    """Write the sequences with their labels, what was planted, and where each site is."""
    known = pd.read_csv(profiles, sep="\t", dtype=str, keep_default_na=False)
    settings = {key: value for key, value in settings.items() if key != "database"}
    drawn = simulate(settings, read_meme(meme), known)
    table = pd.DataFrame(drawn.labels.astype(int), columns=drawn.targets)
    table.insert(0, "sequence", decode(drawn.codes))
    table.insert(0, "id", drawn.ids)
    tables = {"sequences": table, "truth": drawn.truth, "sites": drawn.sites}
    for name, written in tables.items():
        write_table(written, outputs[name])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            settings=snakemake.params.settings,
            meme=snakemake.input.meme,
            profiles=snakemake.input.profiles,
            outputs=dict(snakemake.output.items()),
        )
