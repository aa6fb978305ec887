"""Collect the times of motif discovery from the benchmark files of the workflow's own jobs."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_lib.data.dataset import n_training_sequences
from workflow_lib.execution.job import recorded
from workflow_lib.model_file import read_metadata
from workflow_lib.tables import write_table

COLUMNS = ("dataset", "method", "seed", "step", "n_train", "wall_s", "cpu_s", "threads")
COLUMNS += ("device", "machine")


def main(entries: list[dict[str, Any]], output: str) -> None:
    """Write one row per step; an entry names the files that its row is made of."""
    rows = []
    for entry in entries:
        times = pd.read_csv(entry["benchmark"], sep="\t").iloc[0]
        row = dict(entry) | {
            "n_train": n_training_sequences(entry["sequences"]),
            "wall_s": times["s"],
            "cpu_s": times["cpu_time"],
        }
        row |= made_by(entry["made_by"], entry["record"])
        rows.append({name: row[name] for name in COLUMNS})
    write_table(pd.DataFrame(rows), output)


def made_by(path: str, record: str) -> dict[str, Any]:
    """Threads, device and machine, as a job's record and model, or a program's text file, say."""
    if path.endswith(".safetensors"):
        metadata = read_metadata(path)
        known = json.loads(Path(record).read_text()) if Path(record).exists() else {}
        made = {"device": metadata["device"], "machine": metadata["machine"]}
        return {"threads": known.get("threads"), **made}
    # The program has one thread and leaves no record.
    return {"threads": 1, "device": "cpu", "machine": Path(path).read_text().strip()}


if __name__ == "__main__":
    with recorded(snakemake):
        main(entries=snakemake.params.entries, output=snakemake.output.times)
