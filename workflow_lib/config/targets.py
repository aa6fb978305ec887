"""What a data set's targets are called, as far as a plan can know it."""

from collections.abc import Mapping, Sequence
from typing import Any

# Parsers of one format, whose targets are always the same.
OF_PARSERS = {"deepstarr": ("Dev", "Hk")}


def known_targets(entry: Mapping[str, Any], sources: Mapping[str, Any]) -> Sequence[str] | None:
    """Names of a data set's targets; None where only its preparation will tell.

    Parameters
    ----------
    entry
        The data set's, written out.
    sources
        Those of the written-out catalogue.
    """
    named = entry.get("targets") or entry.get("options", {}).get("targets")
    simulation = sources[entry["source"]].get("simulate") or {}
    return named or list(simulation.get("targets", ())) or OF_PARSERS.get(entry["parser"])
