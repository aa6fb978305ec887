"""What the config selects for training and later steps, checked for existing, suitable names."""

import fnmatch
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from workflow_lib.config import registries
from workflow_lib.config.names import known, match
from workflow_lib.errors import InputError


def check_choices(
    config: Mapping[str, Any], datasets: Iterable[str], models: Mapping[str, Any]
) -> None:
    """Check the names of data sets, models and motif sets outside `runs`.

    Raises
    ------
    InputError
        An unknown name (with the nearest known one), or models in `figure_1` without units.
    """
    chosen = {f"apply.{name}": entry for name, entry in config.get("apply", {}).items()}
    attribution = config.get("attribution") or {}
    chosen |= {f"attribution.runs.{i}": e for i, e in enumerate(attribution.get("runs", []))}
    for section in ("nullification", "scanning", "instances"):
        entries = (config.get(section) or {}).get("runs", [])
        chosen |= {f"{section}.runs.{i}": entry for i, entry in enumerate(entries)}
    checks = attribution.get("sanity_checks", {})
    chosen["attribution.sanity_checks"] = {
        "models": checks.get("models", ["*"]),
        "datasets": [name for pair in checks.get("shuffled", {}).items() for name in pair] or ["*"],
    }
    for name, entry in chosen.items():
        match("data set", entry.get("datasets", ["*"]), datasets, f"{name}.datasets")
        match("model", entry.get("models", ["*"]), models, f"{name}.models")
    match("model", config.get("strand_symmetry", []), models, "strand_symmetry")
    _check_figure_1(config.get("figure_1") or {}, datasets, models)
    _check_motif_sets(config, datasets, models)
    _check_figure_3(config.get("figure_3") or {}, config, datasets, models)


def _check_figure_1(
    entry: Mapping[str, Any], datasets: Iterable[str], models: Mapping[str, Any]
) -> None:
    if "dataset" in entry:
        known("data set", entry["dataset"], datasets, "figure_1.dataset")
    for key in ("model", "nullified"):
        if key in entry:
            known("model", entry[key], models, f"figure_1.{key}")
    for key in ("baselines", "compared", "interpreted"):
        match("model", entry.get(key, []), models, f"figure_1.{key}")
    if "sweep" in entry:
        _check_units(match("model", [entry["sweep"]], models, "figure_1.sweep"), models, "sweep")
        _check_units([entry["model"]], models, "model")


def _check_units(names: list[str], models: Mapping[str, Any], key: str) -> None:
    """Raise unless these models have units, each a different number."""
    seen: dict[int, str] = {}
    for name in names:
        architecture = models[name]["architecture"]
        if "units" not in registries.methods("model", architecture):
            raise InputError(f"config, figure_1.{key}: {name!r} ({architecture}) has no units")
        default = registries.default("model", architecture, "units")
        units = models[name].get("hyperparameters", {}).get("units", default)
        if units in seen:
            raise InputError(
                f"config, figure_1.{key}: {seen[units]!r} and {name!r} both have {units} units; "
                "wanted models that differ in them"
            )
        seen[units] = name


def _check_motif_sets(
    config: Mapping[str, Any], datasets: Iterable[str], models: Iterable[str]
) -> None:
    sets = config.get("motif_sets", {})
    for name, entry in sets.items():
        place = f"motif_sets.{name}"
        if name in models:
            raise InputError(f"config, {place}: a model has the same name; wanted another name")
        if "database" in entry:
            known("motif database", entry["database"], config["motif_databases"], place)
        if "of" in entry:
            known("data set", entry["of"]["dataset"], datasets, f"{place}.of")
            known("model", entry["of"]["model"], models, f"{place}.of")
    for i, entry in enumerate((config.get("scanning") or {}).get("sets", [])):
        match("data set", entry.get("datasets", ["*"]), datasets, f"scanning.sets.{i}.datasets")
        for name in entry["motif_sets"]:
            known("motif set", name, sets, f"scanning.sets.{i}.motif_sets")


def _check_figure_3(
    entry: Mapping[str, Any],
    config: Mapping[str, Any],
    datasets: Iterable[str],
    models: Iterable[str],
) -> None:
    sets, databases = config.get("motif_sets", {}), config["motif_databases"]
    if not entry:
        return
    match("data set", entry["datasets"], datasets, "figure_3.datasets")
    known("model", entry["model"], models, "figure_3.model")
    if entry.get("database"):
        known("motif database", entry["database"], databases, "figure_3.database")
    if entry.get("compared"):
        known("motif set", entry["compared"], sets, "figure_3.compared")
    assays = entry.get("assays") or {}
    named = [*entry.get("logos", {}), *entry.get("receptors", {})]
    named += [shown["dataset"] for shown in assays.get("shown", [])]
    for name in named + ([assays["scored_on"]] if assays else []):
        known("data set", name, datasets, "figure_3")
    for shown in assays.get("shown", []):
        for name in shown.get("methods", {}).values():
            known("motif set", name, sets, "figure_3.assays")


class Run(NamedTuple):
    """One model trained on one data set from one seed."""

    dataset: str
    model: str
    seed: int


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
