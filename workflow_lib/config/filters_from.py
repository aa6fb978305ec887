"""Models whose filters start from known motifs: what a plan can know of them, without torch."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workflow_lib.config import registries
from workflow_lib.errors import InputError
from workflow_lib.files import lines

# The method of an architecture that can start from given filters.
METHOD = "start_filters"


def check_filters_from(models: Mapping[str, Any]) -> None:
    """Refuse entries of models whose filters cannot start, or stay, as they say.

    Parameters
    ----------
    models
        The written-out catalogue's.

    Raises
    ------
    InputError
        Another architecture, a published model, another number of units, fewer motifs in the user's
        file than wanted, nothing that could be frozen.
    """
    for name, entry in models.items():
        place = f"config, models.{name}"
        if "filters_from" in entry:
            _check_architecture(f"{place}.filters_from", entry)
            if "published" in entry:
                raise InputError(
                    f"{place}: found both `published` and `filters_from`; wanted one of them: a "
                    "published model has its filters"
                )
            _check_number(place, entry)
        elif entry.get("freeze", "none") != "none":
            raise InputError(
                f"{place}.freeze: found {entry['freeze']!r}, but without `filters_from` the "
                "filters are random ones; wanted `filters_from` beside it"
            )


def check_filter_rate(place: str, entry: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Refuse a learning rate of filters that are frozen, or of an architecture without it.

    Raises
    ------
    InputError
        Names the place and what to change.
    """
    if settings.get("filter_lr", 1) == 1:
        return
    _check_architecture(f"config, {place}.training.filter_lr", entry)
    if entry.get("freeze", "none") != "none":
        raise InputError(
            f"config, {place}: found filter_lr: {settings['filter_lr']} and freeze: "
            f"{entry['freeze']}; wanted one of them: frozen filters do not learn"
        )


def with_filter_set(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's entry, its `filters_from` written out, with the name of the `set` of motifs."""
    if "filters_from" not in entry:
        return entry
    given = entry["filters_from"]
    size = entry.get("hyperparameters", {}).get("filter_size")
    size = size or registries.default("model", entry["architecture"], "filter_size")
    defaults = {"order": None, "n": None, "both_strands": True, "filter_size": size}
    return {**entry, "filters_from": {**defaults, **given, "set": _set_name(given)}}


def filter_sets(models: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The sets of motifs that filters start from: name -> `database` or `meme`."""
    sources = (entry["filters_from"] for entry in models.values() if "filters_from" in entry)
    return {
        source["set"]: {key: source[key] for key in ("database", "meme") if key in source}
        for source in sources
    }


def _set_name(source: Mapping[str, Any]) -> str:
    """The database's name; of a file its own with a digest of its path, as a part of paths."""
    if "database" in source:
        return source["database"]
    path = source["meme"]
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", Path(path).name.split(".")[0])
    return f"{stem}.{hashlib.sha256(path.encode()).hexdigest()[:6]}"


def _check_architecture(place: str, entry: Mapping[str, Any]) -> None:
    able = [
        name
        for name in registries.registered("model")
        if METHOD in registries.methods("model", name)
    ]
    if entry["architecture"] not in able:
        raise InputError(
            f"{place}: the architecture is {entry['architecture']!r}; wanted {' or '.join(able)}, "
            "whose filters can start from motifs and learn at a rate of their own"
        )


def _check_number(place: str, entry: Mapping[str, Any]) -> None:
    source = entry["filters_from"]
    order, both = source.get("order"), source.get("both_strands", True)
    if order == "published" and not both:
        raise InputError(
            f"{place}.filters_from: found both_strands: false with order: published, which chooses "
            "among single strands itself; wanted order: max_min, or no `both_strands`"
        )
    each = 2 if both and order != "published" else 1
    n, units = source.get("n"), entry.get("hyperparameters", {}).get("units")
    present = _motifs_in(source["meme"]) if "meme" in source else None
    most = present and present * (2 if order == "published" else 1)
    if present == 0:
        raise InputError(f"{place}.filters_from: {source['meme']} has no motifs in it")
    if n is not None and most is not None and n > most:
        raise InputError(
            f"{place}.filters_from.n: found {n}, but {source['meme']} has {present} motifs; wanted "
            f"at most {most}"
        )
    filters = n * each if n is not None else most and most * each
    if None not in (units, filters) and units != filters:
        raise InputError(
            f"{place}.hyperparameters.units: found {units}, but filters_from gives {filters} "
            "filters; wanted that number, or no `units`"
        )


def _motifs_in(path: str) -> int | None:
    """Number of motifs in a MEME file; None where the file, or a reader of it, says more later."""
    try:
        starts = [line.split()[:2] for line in lines(path)]
    except (InputError, OSError):
        return None
    is_meme = any(words == [b"MEME", b"version"] for words in starts)
    return sum(words[:1] == [b"MOTIF"] for words in starts) if is_meme else None


def models_from_motifs(models: Mapping[str, Any]) -> Iterable[str]:
    """Names of the models whose filters start from motifs."""
    return [name for name, entry in models.items() if "filters_from" in entry]


def check_start(
    models: Mapping[str, Any], name: str | None, place: str, frozen: bool = False
) -> None:
    """Refuse a model whose filters do not start from motifs, or do not stay as they start.

    Parameters
    ----------
    models
        The written-out models.
    name
        The one that a figure shows; None: none.
    place
        Key of the config.
    frozen
        Whether its filters have to be frozen.

    Raises
    ------
    InputError
        Names the key and the model.
    """
    if name is None:
        return
    if not models[name].get("filters_from"):
        raise InputError(
            f"config, {place}: the filters of {name} start at random; wanted a model with "
            "`filters_from`"
        )
    if frozen and models[name].get("freeze", "none") == "none":
        raise InputError(
            f"config, {place}: the filters of {name} are trained; wanted a model with "
            "`freeze: weights` or `filter`"
        )
