"""Score the best motif of each assay and method on the held-out sequences of one data set."""

from typing import Any

import numpy as np
import pandas as pd

from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.motif import read_meme
from workflow_lib.motifs.alignment import choose
from workflow_lib.motifs.scanning import best_hits
from workflow_lib.tables import write_table
from workflow_lib.train.evaluation import evaluate

COLUMNS = [
    "assay", "method", "kind", "motif", "value", "low", "high", "n", "n_positive", "base_rate",
    "scored_on",
]  # fmt: skip


def main(
    data_path: str, entries: list[dict[str, str]], settings: dict[str, Any], output: str
) -> None:
    """Write AUPRC with its interval; an entry has row, column, kind, path and the motif's id."""
    found = [choose(read_meme(e["path"]), e["motif"], e["path"]) for e in entries]
    present = [i for i, motif in enumerate(found) if motif is not None]
    data = dataset.load(data_path)
    if data.n_vars != 1 or data.uns["task"] != "binary":
        raise InputError(
            f"{data_path}: {data.n_vars} targets, task {data.uns['task']}; motifs of several "
            "assays are scored on a data set with one binary target (`scored_on` in the config)"
        )
    part = dataset.scored_part(data)
    scored = dataset.part(data, part)
    codes = scored.obsm["sequence"]
    hits = best_hits([found[i] for i in present], codes, settings["scoring"], settings["floor"])
    labels = np.repeat(np.asarray(scored.X)[:, :1], len(present), axis=1)
    names = [str(i) for i in present]
    table = evaluate(hits, labels, names, ("auprc", "base_rate"), settings["draws"])
    table = table[table["target"].isin(names)].pivot(index="target", columns="metric")
    rows = [
        {
            "assay": entries[i]["row"],
            "method": entries[i]["column"],
            "kind": entries[i]["kind"],
            "motif": found[i].name,
            **{key: table.loc[str(i), (key, "auprc")] for key in ("value", "low", "high")},
            **{key: table.loc[str(i), (key, "auprc")] for key in ("n", "n_positive")},
            "base_rate": table.loc[str(i), ("value", "base_rate")],
            "scored_on": f"{settings['scored_on']} ({part})",
        }
        for i in present
    ]
    write_table(pd.DataFrame(rows, columns=COLUMNS), output, float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        settings = ("scoring", "floor", "draws", "scored_on")
        main(
            data_path=snakemake.input.dataset,
            entries=snakemake.params.entries,
            settings={name: snakemake.params[name] for name in settings},
            output=snakemake.output.scores,
        )
