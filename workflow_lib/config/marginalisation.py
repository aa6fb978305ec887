"""The section `marginalisation`, held against what a plan knows of motifs and sequences."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from workflow_lib.config.lengths import known_length
from workflow_lib.config.selection import Run, matching
from workflow_lib.errors import InputError


class _Given(NamedTuple):
    """The section, the known widths of its motifs (bp), and a data set with its length or None."""

    section: Mapping[str, Any]
    widths: Mapping[str, int]
    dataset: str
    length: int | None


def check_marginalisation(
    config: Mapping[str, Any],
    runs: Iterable[Run],
    datasets: Mapping[str, Any],
    sources: Mapping[str, Any],
) -> None:
    """Refuse motifs that do not fit into the sequences or would overlap, in what is asked for.

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
    used = dict.fromkeys(run.dataset for entry in entries for run in matching(runs, entry))
    for dataset, experiment in itertools.product(used, section["experiments"]):
        length = known_length(datasets[dataset], datasets, sources)
        _CHECKS[experiment](_Given(section, widths, dataset, length))


def _check_widths(given: _Given) -> None:
    for name, width in given.widths.items():
        if given.length is not None and width > given.length:
            raise InputError(
                f"config, marginalisation.motifs.{name}: it has {width} bp, the sequences of "
                f"{given.dataset} {given.length} bp; wanted a shorter motif"
            )


def _check_position(given: _Given) -> None:
    """The place of a motif that stands alone, or that others are moved along."""
    _check_widths(given)
    position = given.section["position"]
    for name, width in given.widths.items():
        if None not in (position, given.length) and position + width > given.length:
            raise InputError(
                f"config, marginalisation.position: found {position}, where {name} ({width} bp) "
                f"does not fit into the {given.length} bp of {given.dataset}; wanted at most "
                f"{given.length - width}"
            )


def _check_spacing(given: _Given) -> None:
    _check_position(given)
    place, step = "config, marginalisation.spacing.positions", given.section["spacing"]["step"]
    for first, last in given.section["spacing"]["positions"] or ():
        if first > last:
            raise InputError(
                f"{place}: found [{first}, {last}], wanted [first, last] with the smaller one first"
            )
        starts = range(first, last + 1, step)
        for name, width in given.widths.items():
            if given.length is not None and starts[-1] + width > given.length:
                raise InputError(
                    f"{place}: found {starts[-1]}, where {name} ({width} bp) does not fit into the "
                    f"{given.length} bp of {given.dataset}; wanted at most {given.length - width}"
                )
        for fixed, moved in itertools.product(given.widths, repeat=2):
            _check_overlap(given, fixed, moved, starts)


def _check_overlap(given: _Given, fixed: str, moved: str, starts: range) -> None:
    """Refuse places of the moved motif where it would overlap with the fixed one."""
    width, other, at = given.widths[fixed], given.widths[moved], given.section["position"]
    if at is None and given.length is None:
        return
    at = (given.length - width) // 2 if at is None else at
    left, right = at - other, at + width
    if any(left < start < right for start in starts):
        raise InputError(
            f"config, marginalisation.spacing.positions: from {starts[0]} to {starts[-1]} {moved} "
            f"({other} bp) overlaps with {fixed} ({width} bp) at {at}; wanted places up to {left} "
            f"and from {right} on"
        )


def _check_pairs(given: _Given) -> None:
    _check_widths(given)
    gap = max(given.section["pairs"]["gaps"])
    for (a, width), (b, other) in itertools.product(given.widths.items(), repeat=2):
        if given.length is not None and width + gap + other > given.length:
            raise InputError(
                f"config, marginalisation.pairs.gaps: found {gap}, with which {a} ({width} bp) and "
                f"{b} ({other} bp) do not fit into the {given.length} bp of {given.dataset}; "
                f"wanted at most {given.length - width - other}, or shorter motifs"
            )


def _check_words(given: _Given) -> None:
    k = given.section["kmers"]["k"]
    _check_position(given._replace(widths={"a word": k}))


# What is asked of each experiment; of copies as many are put in as fit.
_CHECKS: dict[str, Callable[[_Given], None]] = {
    "single": _check_position,
    "copies": _check_widths,
    "spacing": _check_spacing,
    "pairs": _check_pairs,
    "context": _check_position,
    "kmers": _check_words,
}
