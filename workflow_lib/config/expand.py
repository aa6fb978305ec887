"""Expansion of catalogue entries that define several: data set families and model sweeps."""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from workflow_lib.config.names import known
from workflow_lib.errors import InputError

MEMBER = "{member}"
# Folders of results/ that no data set may be named after.
_RESERVED = ("motifs", "figures", "provenance")


def _check_name(name: str, others: Iterable[str], place: str) -> None:
    """Raise unless an expanded name is valid in a path and not yet used."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise InputError(
            f"config, {place}: {name!r} is not a valid name; wanted letters, digits, _ . and -"
        )
    if name in others:
        raise InputError(
            f"config, {place}: {name!r} is defined twice after expansion, or a folder of results/"
        )


def expand_sources(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Write out addresses: a source's `url` with `{file}` is that of each file without an own one.

    A file with a checksum alone is one that only a mirror has.

    Raises
    ------
    InputError
        A file that has neither an address nor a path nor a checksum.
    """
    sources = {}
    for name, entry in entries.items():
        rest = {key: value for key, value in entry.items() if key != "url"}
        if "files" in entry:
            rest["files"] = {
                file: _with_address(about or {}, file, entry.get("url"), f"sources.{name}")
                for file, about in entry["files"].items()
            }
        sources[name] = rest
    return sources


def _with_address(about: Mapping[str, Any], file: str, url: str | None, place: str) -> dict:
    if "url" in about or "path" in about or (url is None and "sha256" in about):
        return dict(about)
    if url is None:
        raise InputError(
            f"config, {place}.files.{file}: found neither `url` nor `path`; wanted one of them, or "
            f"a `url` with {{file}} for all files of {place}, or the `sha256` of a file that only "
            "a mirror has"
        )
    return {"url": url.replace("{file}", file), **about}


def _fill_in(value: Any, member: str) -> Any:
    """Replace `{member}` by a family member's name, in nested values too."""
    if isinstance(value, str):
        return value.replace(MEMBER, member)
    if isinstance(value, Mapping):
        return {key: _fill_in(inner, member) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill_in(inner, member) for inner in value]
    return value


def expand_datasets(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Expand families: `tf_binding.{member}` with `members: [CTCF, ...]` -> one entry each.

    The key `family` of a member is its family's name; a data set made `from` another one inherits
    its source and assembly.
    """
    datasets: dict[str, Any] = {}
    for name, entry in entries.items():
        members = entry.get("members")
        if (MEMBER in name) != (members is not None):
            raise InputError(
                f"config, datasets.{name}: a family needs {MEMBER} in its name and `members`"
            )
        rest = {key: value for key, value in entry.items() if key != "members"}
        for member in members or [""]:
            full = name.replace(MEMBER, member)
            _check_name(full, (*datasets, *_RESERVED), f"datasets.{name}")
            datasets[full] = _fill_in(rest, member) | {"family": name} if members else rest
    return {name: _inherit(name, entry, datasets) for name, entry in datasets.items()}


def _inherit(name: str, entry: Mapping[str, Any], datasets: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry; if made `from` another data set, with the source and assembly of that one."""
    if "from" not in entry:
        return entry
    known("data set", entry["from"], datasets, f"datasets.{name}.from")
    parent = datasets[entry["from"]]
    if "from" in parent:
        raise InputError(
            f"config, datasets.{name}.from: {entry['from']!r} is itself made from another data "
            f"set; wanted one that is parsed, such as {parent['from']!r}"
        )
    return {key: parent[key] for key in ("source", "assembly") if key in parent} | entry


def expand_models(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Expand sweeps: `explainn` with `units: [1, 5]` -> `explainn.units1`, `explainn.units5`."""
    models: dict[str, Any] = {}
    for name, entry in entries.items():
        given = entry.get("hyperparameters", {})
        swept = {key: values for key, values in given.items() if isinstance(values, list)}
        for values in itertools.product(*swept.values()):
            chosen = dict(zip(swept, values, strict=True))
            full = ".".join([name, *(f"{key}{value}" for key, value in chosen.items())])
            _check_name(full, models, f"models.{name}")
            models[full] = {**entry, "hyperparameters": {**given, **chosen}}
    return models
