"""One page that says what was run: data sets, drop counts, models, devices, versions, config."""

import json
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from workflow_lib import dataset
from workflow_lib.files import atomic
from workflow_lib.logs import log_to
from workflow_lib.models import read_metadata


def main(
    datasets: list[str],
    runs: dict[str, list[str]],
    metrics: str,
    config: dict[str, Any],
    template: str,
    output: str,
) -> None:
    """Fill in the template; everything shown is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string(Path(template).read_text()).render(
        datasets=[describe_dataset(path) for path in datasets],
        runs=[describe_run(*paths) for paths in zip(runs["models"], runs["histories"])],
        selections=[describe_selection(path) for path in runs["selections"]],
        means=mean_metrics(metrics),
        config=yaml.safe_dump(config, sort_keys=False, width=110),
    )
    with atomic(output) as temporary:
        temporary.write_text(page)


def describe_dataset(path: str) -> dict[str, Any]:
    """One data set: sequences read, kept, dropped by reason, in each part; unresolved labels."""
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
    }


def describe_selection(path: str) -> dict[str, Any]:
    """How many sequences of one model were interpreted: for any target, and over the targets."""
    table = pd.read_csv(path, sep="\t", keep_default_na=False).set_index("target")
    folder, per_target = Path(path).parent, table["n_selected"].drop("any")
    return {
        "dataset": folder.parent.parent.name,
        "model": folder.parent.name,
        "seed": folder.name.removeprefix("seed"),
        "n": int(table.loc["any", "n"]),
        "selected": int(table.loc["any", "n_selected"]),
        "fewest": int(per_target.min()),
        "most": int(per_target.max()),
    }


def describe_run(path: str, history_path: str) -> dict[str, Any]:
    """How one model was trained, from the header of its file and its history."""
    known = read_metadata(path)
    history = pd.read_csv(history_path, sep="\t")
    folder = Path(path).parent
    return {
        "dataset": folder.parent.parent.name,
        "model": folder.parent.name,
        "seed": known["seed"],
        "settings": known["settings"],
        "hyperparameters": known["hyperparameters"],
        "architecture": known["architecture"],
        "device": known["device"],
        "place": "; ".join(
            [known["machine"], *(f"{name} {v}" for name, v in known["versions"].items())]
        ),
        "digests": f"{known['code_digest'][:8]}, {known['data_digest'][:8]}",
        "epochs": len(history),
        "best": int(history.loc[history["best"], "epoch"].iloc[0]),
        "seconds": float(history["seconds"].sum()),
    }


def mean_metrics(path: str) -> list[dict[str, Any]]:
    """The macro means of all runs."""
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    return table[table["target"] == "mean"].to_dict("records")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            datasets=list(snakemake.input.datasets),
            runs={
                name: list(snakemake.input.get(name) or [])
                for name in ("models", "histories", "selections")
            },
            metrics=snakemake.input.metrics,
            config=json.loads(json.dumps(snakemake.params.config)),
            template=snakemake.input.template,
            output=snakemake.output.page,
        )
