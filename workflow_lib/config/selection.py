"""What the config selects: runs, and names of what stands in the catalogue."""

import fnmatch
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema

from workflow_lib.config import registries
from workflow_lib.config.names import match, unknown
from workflow_lib.errors import InputError

# What names in the config may be of, as messages call it.
KINDS = {
    "sources": "source",
    "datasets": "data set",
    "models": "model",
    "presets": "preset",
    "motif_databases": "motif database",
    "motif_sets": "motif set",
    "architectures": "architecture",
    "parsers": "parser",
    "tasks": "task",
    "splits": "split",
}
# Those that the code registers, by their registry.
_REGISTERED = {"architectures": "model", "parsers": "parser", "tasks": "task", "splits": "split"}


class Run(NamedTuple):
    """One model trained on one data set from one seed."""

    dataset: str
    model: str
    seed: int


class MethodRun(NamedTuple):
    """A run and one of the attribution methods that are used for it."""

    dataset: str
    model: str
    seed: int
    method: str


def select(config: Mapping[str, Any], datasets: Iterable[str], models: Iterable[str]) -> list[Run]:
    """The selection `runs`, each entry a product of data sets, models and seeds; patterns allowed.

    Returns
    -------
    list of Run
        In the order of the config, without repeats.
    """
    runs: dict[Run, None] = {}
    for i, entry in enumerate(config["runs"]):
        chosen_sets = match("data set", entry["datasets"], datasets, f"runs.{i}.datasets")
        chosen_models = match("model", entry["models"], models, f"runs.{i}.models")
        for dataset, model, seed in itertools.product(chosen_sets, chosen_models, entry["seeds"]):
            runs[Run(dataset, model, seed)] = None
    return list(runs)


def matching(runs: Iterable[Run], entry: Mapping[str, Any]) -> list[Run]:
    """The runs that match an entry's patterns `datasets`, `models` and its `seeds` (None: all)."""
    seeds = entry.get("seeds")
    return [
        run
        for run in runs
        if (seeds is None or run.seed in seeds)
        and any(fnmatch.fnmatchcase(run.dataset, p) for p in entry["datasets"])
        and any(fnmatch.fnmatchcase(run.model, p) for p in entry["models"])
    ]


def matching_names(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The names that fit any of the patterns, in their order."""
    patterns = list(patterns)
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def check_names(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check every name that the config gives, wherever the schema marks it as one.

    Parameters
    ----------
    config
        The config with families and sweeps written out.
    schema
        JSON schema with the keywords `nameIn` (a string is a name among those of a kind),
        `patternIn` (it fits at least one of them) and `withMethod` (models that it fits have this
        method); kinds are the keys of KINDS. Other strings and other values are not looked at.

    Raises
    ------
    InputError
        For the first wrong name: where it stands, the nearest one that exists.
    """
    for error in _names_validator(config)(schema).iter_errors(config):
        place = ".".join(map(str, error.absolute_path))
        raise InputError(f"config, {place}: {error.message}")


def _names_validator(config: Mapping[str, Any]) -> type:
    names = {kind: list(config.get(kind) or {}) for kind in KINDS if kind not in _REGISTERED}
    names |= {kind: registries.registered(registry) for kind, registry in _REGISTERED.items()}

    def name_in(validator, kind: str, given: object, schema) -> Iterator:
        if isinstance(given, str) and given not in names[kind]:
            yield jsonschema.ValidationError(unknown(KINDS[kind], given, names[kind]))

    def pattern_in(validator, kind: str, given: object, schema) -> Iterator:
        if isinstance(given, str) and not fnmatch.filter(names[kind], given):
            yield jsonschema.ValidationError(unknown(KINDS[kind], given, names[kind]))

    def with_method(validator, method: str, given: object, schema) -> Iterator:
        for name in fnmatch.filter(names["models"], str(given)):
            architecture = config["models"][name]["architecture"]
            if method not in registries.methods("model", architecture):
                yield jsonschema.ValidationError(f"{name!r} ({architecture}) has no {method}")

    def others(validator, sub_schema: object, given: object, schema) -> Iterator:
        if isinstance(sub_schema, Mapping):
            yield from standard["additionalProperties"](validator, sub_schema, given, schema)

    standard = jsonschema.Draft202012Validator.VALIDATORS
    walked = ("$ref", "properties", "items", "propertyNames", "if")
    return jsonschema.validators.create(
        meta_schema={},
        validators={key: standard[key] for key in walked}
        | {"additionalProperties": others}
        | {"nameIn": name_in, "patternIn": pattern_in, "withMethod": with_method},
    )
