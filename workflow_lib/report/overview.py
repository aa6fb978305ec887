"""Content of the report's overview page: data sets, trainings, selections, attributions."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_lib.data import dataset
from workflow_lib.execution.provenance import FOLDER
from workflow_lib.model_file import read_metadata
from workflow_lib.tables import read_table

# The page warns of a larger share of sequences with large convergence deltas.
LARGE = 0.1


def describe_dataset(path: str, description: str = "") -> dict[str, Any]:
    """One data set: sequences read, kept, dropped by reason, in each part; unresolved labels.

    Its description in the catalogue, which may say that labels are no measurements, is a note.
    """
    data = dataset.load(path)
    return {
        "name": Path(path).parent.name,
        "targets": data.n_vars,
        "length": data.obsm["sequence"].shape[1],
        "read": int(data.uns["n_read"]),
        "kept": data.n_obs,
        "dropped": {reason: int(n) for reason, n in data.uns["dropped"].items() if n},
        "parts": dataset.part_sizes(data),
        "unresolved": float((data.X != data.X).mean()),
        "task": data.uns["task"],
        "notes": [str(note) for note in (description, *data.uns.get("notes", ())) if note],
    }


def warnings_of(paths: Iterable[str]) -> list[str]:
    """What the jobs that made these files warned of, without repeats, from their records."""
    wanted, found = dict.fromkeys(map(str, paths)), []
    for folder in dict.fromkeys(Path(path).parent for path in wanted):
        for record in sorted((folder / FOLDER).glob("*.json")):
            made = json.loads(record.read_text())
            if wanted.keys() & made["outputs"].keys():
                found += made.get("warnings", [])
    return list(dict.fromkeys(found))


def describe_selection(path: str) -> dict[str, Any]:
    """How many sequences of one model were interpreted: for any target, and over the targets."""
    table = pd.read_csv(path, sep="\t", keep_default_na=False).set_index("target")
    per_target = table["n_selected"].drop("any")
    return _run_of(Path(path).parent) | {
        "n": int(table.loc["any", "n"]),
        "selected": int(table.loc["any", "n_selected"]),
        "fewest": int(per_target.min()),
        "most": int(per_target.max()),
        "criterion": table["criterion"].iloc[0].replace("_", " "),
        "strands": table["strands"].iloc[0],
    }


def describe_run(path: str, history_path: str | None) -> dict[str, Any]:
    """How one model was trained, from the header of its file and its history.

    A published one has neither history nor settings: `published` says what it was made from.
    """
    known, trained = read_metadata(path), {}
    if history_path is not None:
        history = read_table(history_path)
        trained = {
            "settings": known["settings"],
            "epochs": len(history),
            "best": int(history.loc[history["best"], "epoch"].iloc[0]),
            "seconds": float(history["seconds"].sum()),
        }
    digests = [known[key][:8] for key in ("code_digest", "data_digest") if key in known]
    return (
        _run_of(Path(path).parent)
        | trained
        | {
            "published": known.get("published"),
            "hyperparameters": known["hyperparameters"],
            "architecture": known["architecture"],
            "device": known["device"],
            "place": "; ".join(
                [known["machine"], *(f"{name} {v}" for name, v in known["versions"].items())]
            ),
            "digests": ", ".join(digests),
        }
    )


def mean_metrics(path: str) -> list[dict[str, Any]]:
    """The macro means of all runs."""
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    return table[table["target"] == "mean"].to_dict("records")


def describe_attribution(path: str) -> dict[str, Any]:
    """How many sequences one method attributed, and how far the sums are from the outputs."""
    table = read_table(path)
    used, large = table["n_used"], table["share_large_delta"].mean()
    return _run_of(Path(path).parent.parent) | {
        "method": Path(path).stem,
        "targets": len(table),
        "empty": int((used == 0).sum()),
        "correct": f"{table['n_correct'].min():,} to {table['n_correct'].max():,}",
        "used": f"{used.min():,} to {used.max():,}",
        "delta": float(table["median_abs_delta"].median()),
        "difference": float(table["mean_abs_output_difference"].mean()),
        "large": float(large),
        "warning": bool(large > LARGE),
    }


def _run_of(folder: Path) -> dict[str, str]:
    """Data set, model and seed of a run's folder."""
    return {
        "dataset": folder.parent.parent.name,
        "model": folder.parent.name,
        "seed": folder.name.removeprefix("seed"),
    }
