"""What a figure of curves of two motifs by their distance is drawn from."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_lib.config import registries
from workflow_lib.config.names import known
from workflow_lib.config.selection import matching_names
from workflow_lib.config.targets import known_targets
from workflow_lib.errors import InputError


def check_distance_curves(
    section: Mapping[str, Any],
    place: str,
    written_out: Mapping[str, Any],
    marginalisation: Mapping[str, Any],
) -> None:
    """Refuse what the curves cannot be drawn from, before any model is trained.

    Parameters
    ----------
    section, place
        The section of the config that describes the figure, and what it is called.
    written_out
        The catalogue, written out.
    marginalisation
        The section of the motifs and targets.

    Raises
    ------
    InputError
        Models that are shown as additive and are not, unknown motifs, an unknown target.
    """
    _check_additive(
        section.get("additive_models", ()), f"{place}.additive_models", written_out["models"]
    )
    for name in section.get("fixed") or ():
        if marginalisation["motifs"] is not None:
            known("motif", name, marginalisation["motifs"], f"{place}.fixed")
    entry, target = written_out["datasets"][section["dataset"]], section["target"]
    targets = known_targets(entry, written_out["sources"])
    if targets is not None:
        known("target", target, targets, f"{place}.target")
    if not matching_names([target], marginalisation["targets"]):
        raise InputError(
            f"config, {place}.target: found {target!r}, wanted one of marginalisation.targets "
            f"({', '.join(marginalisation['targets'])})"
        )


def _check_additive(patterns: Sequence[str], place: str, models: Mapping[str, Any]) -> None:
    """Refuse models with layers behind a unit's filter, by which it could know a distance."""
    for name in matching_names(models, patterns):
        entry = models[name]
        if "published" in entry:  # its file tells
            continue
        architecture, layers = entry["architecture"], None
        if architecture == "explainn":
            default = registries.default("model", architecture, "fc_layers")
            layers = entry.get("hyperparameters", {}).get("fc_layers", default)
        if layers != 0:
            about = architecture if layers is None else f"fc_layers: {layers}"
            raise InputError(
                f"config, {place}: {name} has {about}; wanted models of the "
                "architecture explainn with fc_layers: 0, whose units are the maximum of their map"
            )
