"""What the config chooses for steps after training: names that exist, models that suit."""

from collections.abc import Iterable, Mapping
from typing import Any

from workflow_lib import code
from workflow_lib.errors import InputError
from workflow_lib.names import known, match


def check_choices(
    config: Mapping[str, Any], datasets: Iterable[str], models: Mapping[str, Any]
) -> None:
    """Check `apply`, `attribution`, `nullification`, `strand_symmetry` and `figure_1`.

    Raises
    ------
    InputError
        A data set or model that does not exist (with the nearest that does), or models in
        `figure_1` that are not made of units.
    """
    chosen = {f"apply.{name}": entry for name, entry in config.get("apply", {}).items()}
    attribution = config.get("attribution") or {}
    chosen |= {f"attribution.runs.{i}": e for i, e in enumerate(attribution.get("runs", []))}
    entries = (config.get("nullification") or {}).get("runs", [])
    chosen |= {f"nullification.runs.{i}": entry for i, entry in enumerate(entries)}
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
    """Raise unless these models are made of units, each of another number of them."""
    seen: dict[int, str] = {}
    for name in names:
        architecture = models[name]["architecture"]
        if "units" not in code.methods("model", architecture):
            raise InputError(
                f"config, figure_1.{key}: {name!r} ({architecture}) is not made of units"
            )
        default = code.default("model", architecture, "units")
        units = models[name].get("hyperparameters", {}).get("units", default)
        if units in seen:
            raise InputError(
                f"config, figure_1.{key}: {seen[units]!r} and {name!r} both have {units} units; "
                "wanted models that differ in them"
            )
        seen[units] = name
