"""Scan sequences with motifs, and score how well the best hits predict the targets."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.motif import read_meme
from workflow_lib.motifs.scanning import best_hits, score_motifs
from workflow_lib.tables import write_run_table

log = logging.getLogger("workflow_lib.scan")


def main(
    run: Mapping[str, str], meme: str, data_path: str, settings: dict[str, Any], output: str
) -> None:
    """Write one row per motif, part and target; parts without sequences are left out."""
    motifs, data = read_meme(meme), dataset.load(data_path)
    if not motifs:
        log.warning("%s has no motifs: the table will be empty", meme)
    task, ids = str(data.uns["task"]), [motif.id for motif in motifs]
    tables = []
    for name in settings["splits"]:
        part = dataset.part(data, name)
        log.info("%s: %d sequences, %d motifs", name, part.n_obs, len(motifs))
        if not part.n_obs:
            continue
        codes = part.obsm["sequence"]
        hits = best_hits(motifs, codes, settings["scoring"], settings["floor"])
        table = score_motifs(hits, np.asarray(part.X), ids, list(data.var_names), task)
        table.insert(1, "part", name)
        tables.append(table)
    if not tables:
        raise InputError(
            f"{data_path}: no sequences in the parts {', '.join(settings['splits'])} that motifs "
            f"are scored on; it has {dataset.part_sizes(data)}"
        )
    write_run_table(pd.concat(tables), run, output, float_format="%.6g")


if __name__ == "__main__":
    with threadpool_limits(snakemake.threads), recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            meme=snakemake.input.meme,
            data_path=snakemake.input.dataset,
            settings=snakemake.params.settings,
            output=snakemake.output.scores,
        )
