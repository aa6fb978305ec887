"""How a result was made: rule, code, settings, inputs, versions, seed, device and machine.

Each job writes `provenance/{its first output there}.json` in every folder with its outputs.
"""

import json
import os
import platform
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from workflow_lib.files import atomic, sha256_of

FOLDER = "provenance"
PACKAGES = (
    "torch", "numpy", "pandas", "scipy", "scikit-learn", "anndata", "safetensors", "memelite",
    "tangermeme", "modisco-lite", "bioframe", "matplotlib", "snakemake",
)  # fmt: skip
# Keys of a record that differ between runs of the same job; some warnings are of the machine.
VARYING = ("started", "seconds", "host", "warnings")


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # not in this rule's environment
            continue
    return found


def of_model(device: str) -> dict[str, Any]:
    """Where a model was trained, for its file; `device` as a description."""
    return {
        "device": device,
        "machine": platform.platform(),
        "versions": versions(("torch", "numpy", "anndata", "snakemake")),
    }


def record_paths(outputs: Iterable[str | os.PathLike]) -> list[str]:
    """Where the record of a job is written: a file for each folder that it writes to."""
    found: dict[Path, str] = {}
    for path in map(Path, outputs):
        found.setdefault(path.parent, str(path.parent / FOLDER / f"{path.name}.json"))
    return list(found.values())


def describe(job: Any, device: str | None, seconds: float) -> dict[str, Any]:
    """The record of one job.

    Parameters
    ----------
    job
        The script's object `snakemake`.
    device
        Its description; None for jobs that run no model.
    seconds
        Run time of the job.

    Returns
    -------
    dict
        Plain values: rule, wildcards, seed, code (digest of the script's logic), settings (all
        else that the script was given from the config), inputs and outputs (path -> sha256),
        device, threads, machine, versions, host, started (UTC), seconds.
    """
    settings = dict(job.params.items())
    code = settings.pop("code", None)
    wildcards = dict(job.wildcards.items())
    now = datetime.now(UTC)
    return {
        "rule": job.rule,
        "wildcards": wildcards,
        "seed": int(wildcards["seed"]) if "seed" in wildcards else None,
        "code": code,
        "settings": settings,
        "inputs": {str(path): sha256_of(path) for path in _flat(job.input)},
        "outputs": {str(path): sha256_of(path) for path in job.output},
        "device": device,
        "threads": job.threads,
        "machine": platform.platform(),
        "versions": versions(),
        "host": socket.gethostname(),
        "started": datetime.fromtimestamp(now.timestamp() - seconds, UTC).isoformat("T", "seconds"),
        "seconds": round(seconds, 1),
    }


def write_record(path: str | os.PathLike, record: Mapping[str, Any]) -> None:
    """Write one record as JSON."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str) + "\n")


def _flat(values: Iterable[Any]) -> list[str]:
    """Paths of named and unnamed inputs, lists among them."""
    found = []
    for value in values:
        found += [value] if isinstance(value, str | os.PathLike) else _flat(value)
    return found
