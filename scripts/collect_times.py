"""Collect the times of motif discovery from the benchmark files of the workflow's own jobs."""

from pathlib import Path
from typing import Any

import pandas as pd

from workflow_lib.data.dataset import n_in_part
from workflow_lib.execution.job import recorded
from workflow_lib.model_file import read_metadata
from workflow_lib.tables import write_table

COLUMNS = ("dataset", "method", "seed", "step", "n_train", "wall_s", "cpu_s", "threads")


def main(entries: list[dict[str, Any]], output: str) -> None:
    """Write one row per step; an entry names the files that its row is made of."""
    rows = []
    for entry in entries:
        times = pd.read_csv(entry["benchmark"], sep="\t").iloc[0]
        row = dict(entry) | {
            "n_train": sum(n_sequences(path) for path in entry["sequences"]),
            "wall_s": times["s"],
            "cpu_s": times["cpu_time"],
        }
        rows.append({name: row[name] for name in COLUMNS} | made_by(entry["made_by"]))
    write_table(pd.DataFrame(rows), output)


def n_sequences(path: str) -> int:
    """Number of sequences that a tool used: all of a FASTA file, or a data set's training part."""
    if path.endswith(".h5ad"):
        return n_in_part(path, "train")
    with open(path) as fasta:
        return sum(line.startswith(">") for line in fasta)


def made_by(path: str) -> dict[str, str]:
    """Device and machine, from a model's metadata or from the text file of a program's job."""
    if path.endswith(".safetensors"):
        metadata = read_metadata(path)
        return {"device": metadata["device"], "machine": metadata["machine"]}
    return {"device": "cpu", "machine": Path(path).read_text().strip()}


if __name__ == "__main__":
    with recorded(snakemake):
        main(entries=snakemake.params.entries, output=snakemake.output.times)
