"""What a change of each key of the config runs again: `make reruns` compares all with reruns.yaml.

    python tests/reruns.py [KEY ...]    plan every change, or some, and list what differs (minutes)
    python tests/reruns.py --write      write what was found, to be read through before it is kept

The changes are planned on a selection that has every rule (mini/everything.yaml), whose results are
empty files with the records that snakemake would keep of them. A rule is listed where its own
params or inputs make it run again; what follows from its output is not, nor is the page that shows
the config (overview).
"""

import copy
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from reproduce import write_inputs  # noqa: E402
from running import snakemake  # noqa: E402

TABLE = ROOT / "tests/reruns.yaml"
SCHEMA = ROOT / "config/schemas/config.schema.yaml"
CONFIG = " ".join(
    f"tests/mini/{name}.yaml" for name in ("config", "figure_1", "figure_3", "everything")
)
# Files of users that the selection names.
_USERS = ("smile.fastq.gz", "array1_deBruijn.txt", "array2_deBruijn.txt", "own.meme", "other.meme",
          "given.pth", "other.pth",
          *(f"cycle{i}.fastq.gz" for i in range(1, 5)))  # fmt: skip


def keys(schema: Mapping[str, Any], node: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Every key of the schema that holds a value, `*` for any name, `[]` for any of a list."""
    node = _resolved(schema, node or schema)
    inner = dict(node.get("properties", {})) | node.get("then", {}).get("properties", {})
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        inner |= _resolved(schema, choice).get("properties", {})
    if isinstance(node.get("additionalProperties"), dict):
        inner["*"] = node["additionalProperties"]
    items = node.get("items")
    if isinstance(items, dict) and "properties" in _resolved(schema, items):
        inner["[]"] = items
    for name, below in inner.items():
        found = list(keys(schema, below))
        yield from (f"{name}.{key}" for key in found) if found else [name]


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target = schema
        for name in node["$ref"].split("/")[1:]:
            target = target[name]
        node = target | {key: value for key, value in node.items() if key != "$ref"}
    return node


def pretend(checkout: Path, place: Path) -> Path:
    """A folder in which all of the selection seems to have run."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "mirrored/mini").mkdir(parents=True)
    _with_programs(place)
    write_inputs(place)
    for name in _USERS:
        (place / name).write_text("x\n")
    (place / "cells.tsv").write_text("target\ngroup\n")
    summary = snakemake(checkout, place, "--summary", config=CONFIG).stdout.splitlines()
    for line in summary[1:]:
        output = place / line.split("\t")[0]
        output.parent.mkdir(parents=True, exist_ok=True)
        output.touch()
    snakemake(checkout, place, "--touch", "--forceall", "--quiet", config=CONFIG)
    # All of one age: what runs again does so for its params or its set of inputs.
    for path in place.rglob("*"):
        if ".snakemake" not in path.parts:
            os.utime(path, (1e9, 1e9))
    return place


def _with_programs(place: Path) -> None:
    """Let plans find programs of the MEME suite, which are never run."""
    folder = place / "bin"
    folder.mkdir(exist_ok=True)
    for name in ("streme", "tomtom"):
        (folder / name).write_text("#!/bin/sh\necho 5.5.8\n")
        (folder / name).chmod(0o755)
    path = os.environ["PATH"]
    if str(folder) not in path:
        os.environ["PATH"] = f"{folder}{os.pathsep}{path}"


def reruns(checkout: Path, place: Path, change: Mapping[str, Any]) -> list[str]:
    """The rules that a change of the config runs again."""
    _with_programs(place)
    overlay = place / "change.yaml"
    overlay.write_text(yaml.safe_dump(dict(change)))
    done = snakemake(checkout, place, "-n", config=f"{CONFIG} {overlay}", check=False)
    if done.returncode:
        raise AssertionError(f"{change}\n{done.stdout}\n{done.stderr}")
    return rerun_by_itself(done)


def rerun_by_itself(done: subprocess.CompletedProcess) -> list[str]:
    """The rules of a dry run whose own params or inputs have changed."""
    said = re.search(r"Rules with provenance triggered jobs: (.*)", done.stdout + done.stderr)
    return sorted(set(said[1].split()) - {"overview"}) if said else []


def main(chosen: list[str], write: bool) -> int:
    """Plan the changes of some keys, without any of all; how many differ from the table."""
    table = yaml.safe_load(TABLE.read_text())
    found = copy.deepcopy(table)
    with tempfile.TemporaryDirectory() as folder:
        place, wrong = pretend(ROOT, Path(folder) / "pretended"), 0
        for key, entry in found.items():
            if "change" not in entry or key not in (chosen or found):
                continue
            entry["reruns"] = reruns(ROOT, place, entry["change"])
            if entry["reruns"] != table[key].get("reruns"):
                wrong += 1
                print(f"{key}: {table[key].get('reruns')} -> {entry['reruns']}", flush=True)
    if write:
        head = "".join(line for line in TABLE.open() if line.startswith("#"))
        TABLE.write_text(head + yaml.safe_dump(found, sort_keys=False, width=100))
    print(f"{len(found)} keys, {wrong} differ")
    return wrong


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if argument != "--write"]
    sys.exit(1 if main(names, "--write" in sys.argv) else 0)
