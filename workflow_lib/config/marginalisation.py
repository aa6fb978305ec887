"""The section `marginalisation`, held against what a plan knows of motifs and sequences."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from workflow_lib.config.lengths import known_length
from workflow_lib.config.selection import Run, matching
from workflow_lib.errors import InputError


def check_marginalisation(
    config: Mapping[str, Any],
    runs: Iterable[Run],
    datasets: Mapping[str, Any],
    sources: Mapping[str, Any],
) -> None:
    """Refuse motifs that do not fit into the sequences, or that would overlap.

    Parameters
    ----------
    config
        The merged config. Only motifs that are given as sequences have a length yet.
    runs
        Selected runs.
    datasets, sources
        The written-out catalogue.

    Raises
    ------
    InputError
        Names the key, the motif, its length and that of the sequences.
    """
    section = config.get("marginalisation", {})
    entries = section.get("runs", [])
    if not entries:
        return
    quantiles = section["backgrounds"]["quantiles"]
    if quantiles and not quantiles[0] < quantiles[1]:
        raise InputError(
            f"config, marginalisation.backgrounds.quantiles: found {quantiles[0]} and "
            f"{quantiles[1]}, wanted the smaller one first"
        )
    motifs = section["motifs"] or {}
    widths = {name: len(entry) for name, entry in motifs.items() if isinstance(entry, str)}
    _check_overlaps(section, widths)
    used = dict.fromkeys(run.dataset for entry in entries for run in matching(runs, entry))
    for dataset in used:
        length = known_length(datasets[dataset], datasets, sources)
        if length is not None:
            _check_fit(section, widths, dataset, length)


def _check_fit(
    section: Mapping[str, Any], widths: Mapping[str, int], dataset: str, length: int
) -> None:
    for name, width in widths.items():
        if width > length:
            raise InputError(
                f"config, marginalisation.motifs.{name}: it has {width} bp, the sequences of "
                f"{dataset} {length} bp; wanted a shorter motif"
            )
        if (section["position"] or 0) + width > length:
            raise InputError(
                f"config, marginalisation.position: found {section['position']}, where "
                f"{name} ({width} bp) does not fit into the {length} bp of {dataset}; wanted at "
                f"most {length - width}"
            )
        last = max(itertools.chain(*(section["spacing"]["positions"] or [[0]])))
        if last + width > length:
            raise InputError(
                f"config, marginalisation.spacing.positions: found {last}, where {name} "
                f"({width} bp) does not fit into the {length} bp of {dataset}; wanted at most "
                f"{length - width}"
            )


def _check_overlaps(section: Mapping[str, Any], widths: Mapping[str, int]) -> None:
    """Refuse places of the moved motif where it would overlap with a fixed one."""
    fixed, ranges = section["position"], section["spacing"]["positions"]
    if "spacing" not in section["experiments"] or fixed is None or ranges is None:
        return
    for (at, width), (moved, other) in itertools.product(widths.items(), repeat=2):
        for first, last in ranges:
            left, right = fixed - other, fixed + width
            if last > left and first < right:
                raise InputError(
                    f"config, marginalisation.spacing.positions: from {first} to {last} {moved} "
                    f"({other} bp) overlaps with {at} ({width} bp) at {fixed}; wanted places up "
                    f"to {left} and from {right} on"
                )
