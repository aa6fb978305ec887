"""How long a data set's sequences are, as far as a plan can know it."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any

from workflow_lib.config import registries
from workflow_lib.config.architecture import STEPS, positions
from workflow_lib.config.selection import matching_names
from workflow_lib.errors import InputError
from workflow_lib.files import lines

_DNA_CELL = re.compile(rb"[ACGTNacgtn.]{4,}")
_LINES = 400  # of a file that are looked at


def check_lengths(
    runs: list, datasets: Mapping[str, Any], models: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    """Refuse runs of models whose filters and pooling need longer sequences.

    Parameters
    ----------
    runs
        Selected runs (data set, model, seed).
    datasets, models, sources
        The written-out catalogue.

    Raises
    ------
    InputError
        Names the data set, the model, and hyperparameters that would fit.
    """
    known = {
        name: known_length(datasets[name], datasets, sources) for name in {run[0] for run in runs}
    }
    values = {name: _hyperparameters(models[name]) for name in {run[1] for run in runs}}
    for dataset, model in dict.fromkeys((dataset, model) for dataset, model, _ in runs):
        architecture, length = models[model]["architecture"], known[dataset]
        if length is None or architecture not in STEPS:
            continue
        try:
            positions(architecture, length, values[model])
        except InputError as error:
            raise InputError(f"config, models.{model} on {dataset}: {error}") from None


def _hyperparameters(entry: Mapping[str, Any]) -> dict[str, Any]:
    """All hyperparameters of a model, those that are not given with their defaults."""
    architecture, given = entry["architecture"], entry.get("hyperparameters", {})
    names, _ = registries.parameters("model", architecture)
    others = [name for name in names if name not in ("length", "n_targets", *given)]
    return {name: registries.default("model", architecture, name) for name in others} | given


def known_length(
    entry: Mapping[str, Any], datasets: Mapping[str, Any], sources: Mapping[str, Any]
) -> int | None:
    """Length (bp) of a data set's sequences; None where only its preparation will tell.

    From its options, its parser's default, its simulation, or the first lines of a user's file.
    """
    if "from" in entry:
        return known_length(datasets[entry["from"]], datasets, sources)
    source, options = sources[entry["source"]], entry.get("options", {})
    if "simulate" in source:
        return source["simulate"].get("length")
    names, _ = registries.parameters("parser", entry["parser"])
    length = options.get("length")
    if length is None and "length" in names:
        length = registries.default("parser", entry["parser"], "length")
    if length is None and "genome" not in options:
        used = matching_names(source["files"], entry.get("files", ["*"]))
        bound = options.get("bound")
        used = [bound] if isinstance(bound, str) else list(bound or used)
        paths = [source["files"].get(name, {}).get("path") for name in used]
        length = length_in_file(paths[0]) if paths and paths[0] else None
        if length is not None and "clip_left" in names:
            for option in ("clip_left", "clip_right"):
                length -= options.get(option, registries.default("parser", entry["parser"], option))
    return length if length is None or length > 0 else None


def length_in_file(path: str) -> int | None:
    """Length of the first sequence of a FASTA file or table, the usual one of a FASTQ file."""
    try:
        found = [line for line in islice(lines(path), _LINES) if line.strip()]
    except (InputError, OSError):
        return None  # the parser says what is wrong
    if not found:
        return None
    if found[0].startswith(b">"):
        ends = [i for i, line in enumerate(found) if i and line.startswith(b">")]
        sequence = b"".join(found[1 : ends[0]]) if ends else b""
        return len(sequence.replace(b" ", b"")) or None
    if found[0].startswith(b"@") and len(found) > 3:
        return Counter(map(len, found[1::4])).most_common(1)[0][0]
    sizes = [
        sum(map(len, (cell for cell in re.split(rb"[\t, ]", line) if _DNA_CELL.fullmatch(cell))))
        for line in found[1:]
    ]
    return Counter(filter(None, sizes)).most_common(1)[0][0] if any(sizes) else None
