"""Criteria for correctly predicted sequences, held against the tasks of the runs that use them."""

from collections.abc import Iterable, Mapping
from typing import Any

from workflow_lib.config.limits import FEWEST_TARGETS
from workflow_lib.config.registries import has_labels
from workflow_lib.config.selection import Run, matching
from workflow_lib.errors import InputError

FOR_LABELS = ("exact_match", "true_positive")
FOR_VALUES = ("correlation", "top_fraction")
# Of the config, with a criterion each.
SECTIONS = ("interpretation", "attribution", "interactions", "nullification", "ablation")


def check_criteria(
    config: Mapping[str, Any], runs: Iterable[Run], datasets: Mapping[str, Any]
) -> None:
    """Refuse a criterion that does not fit the task of a run, and a threshold without one.

    Parameters
    ----------
    config
        The merged config, of which SECTIONS are looked at.
    runs
        Selected runs.
    datasets
        The written-out data sets.

    Raises
    ------
    InputError
        Names the key and the data set.
    """
    for section in SECTIONS:
        settings = config.get(section, {})
        criterion = settings.get("correct", "auto")
        if settings.get("correct_threshold") is not None and criterion not in FOR_VALUES:
            raise InputError(
                f"config, {section}.correct_threshold: the criterion {criterion!r} has none; "
                f"wanted {section}.correct: {' or '.join(FOR_VALUES)}"
            )
        entries = settings.get("runs", [{"datasets": ["*"], "models": ["*"]}])
        used = (run.dataset for entry in entries for run in matching(runs, entry))
        for name in dict.fromkeys(used):
            _check(section, criterion, name, datasets[name])


def check_scored_sequences(config: Mapping[str, Any]) -> None:
    """Refuse to read filters from the sequences that they are scored on, unless that is wanted.

    Parameters
    ----------
    config
        The merged config: `splits` and `allow_scored_sequences` of the section interpretation.

    Raises
    ------
    InputError
        The test part is among `splits`, and nobody said that it may be.
    """
    settings = config.get("interpretation", {})
    if "test" in settings.get("splits", ()) and not settings.get("allow_scored_sequences"):
        raise InputError(
            f"config, interpretation.splits: found {', '.join(settings['splits'])}; wanted train, "
            "validation or both: models and motifs are scored on the test part, so filters of it "
            "have seen the answers. If that is meant: `allow_scored_sequences: true` beside it, "
            "and the report says so"
        )


def _check(section: str, criterion: str, name: str, entry: Mapping[str, Any]) -> None:
    labels = has_labels(entry["task"])
    if criterion in (FOR_VALUES if labels else FOR_LABELS):
        fitting = FOR_LABELS if labels else FOR_VALUES
        raise InputError(
            f"config, {section}.correct: {criterion!r} does not fit the task {entry['task']!r} of "
            f"{name}; wanted auto, {', '.join(fitting)} or all"
        )
    targets = entry.get("targets") or entry.get("options", {}).get("targets")
    if criterion == "correlation" and targets and len(targets) < FEWEST_TARGETS:
        raise InputError(
            f"config, {section}.correct: {criterion!r} over the {len(targets)} targets of {name}; "
            f"wanted {FEWEST_TARGETS} targets or more, or top_fraction"
        )
