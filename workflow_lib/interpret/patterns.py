"""Patterns that are put into sequences: a consensus, or a motif that each sequence draws from.

Review of Koo & Ploenzke (2020), "Global importance analysis"; the paper uses consensus
sequences.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.config.names import nearest
from workflow_lib.errors import InputError
from workflow_lib.interpret.units import unit_label, unit_names, unit_numbers
from workflow_lib.motif import Motif, consensus, trim
from workflow_lib.sequence import ALPHABET, UNKNOWN, encode


class Pattern(NamedTuple):
    """What is put into sequences.

    Attributes
    ----------
    name
        As it is called in tables and figures.
    probabilities
        float (4, width), rows ACGT; a column of zeros leaves the background's base.
    unit
        Number of the run's filter that it is; None for any other motif.
    """

    name: str
    probabilities: np.ndarray
    unit: int | None = None

    @property
    def width(self) -> int:
        """Length in bp."""
        return self.probabilities.shape[1]


def from_consensus(name: str, letters: str) -> Pattern:
    """A pattern of one sequence of A, C, G, T; an N leaves the background's base.

    Raises
    ------
    InputError
        Other letters, or nothing but N.
    """
    wrong = sorted(set(letters.upper()) - set(f"{ALPHABET}N"))
    if wrong or not letters.upper().strip("N"):
        raise InputError(
            f"motifs.{name}: found {letters!r}, wanted a sequence of A, C, G and T (N leaves the "
            "background as it is)"
        )
    codes = encode([letters])[0]
    return Pattern(name, (codes == np.arange(4)[:, None]).astype(float))


def from_motif(name: str, motif: Motif) -> Pattern:
    """A motif without the columns at its ends that say little (below .25 bits)."""
    return Pattern(name, trim(motif).probabilities)


def chosen_patterns(
    wanted: Mapping[str, Any], filters: Sequence[Motif], known: Mapping[str, Motif]
) -> list[Pattern]:
    """The patterns that the config names.

    Parameters
    ----------
    wanted
        Name -> a sequence, or a mapping with one of `profile` (a JASPAR id) and `filter` (the
        number of a filter of the run).
    filters
        The run's filters as motifs, with ids `unit0` ...
    known
        JASPAR id -> its motif.

    Raises
    ------
    InputError
        A sequence with other letters than those of DNA; a filter that the model has not, or that
        has no sites.
    """
    found = []
    for name, entry in wanted.items():
        if isinstance(entry, str):
            found.append(from_consensus(name, entry))
        elif "profile" in entry:
            found.append(from_motif(name, known[entry["profile"]]))
        else:
            found.append(_of_filter(name, entry["filter"], filters))
    return found


def _of_filter(name: str, number: int, filters: Sequence[Motif]) -> Pattern:
    by_id, unit = {motif.id: motif for motif in filters}, f"unit{number}"
    if unit not in by_id:
        raise InputError(
            f"motifs.{name}: the model has no filter {unit!r}{nearest(unit, by_id)}; it has unit0 "
            f"to unit{len(by_id) - 1}"
        )
    if by_id[unit].n_sites == 0:
        raise InputError(f"motifs.{name}: the filter {unit} has no sites, so there is no motif")
    return from_motif(name, by_id[unit])._replace(unit=number)


def own_patterns(filters: Sequence[Motif], annotation: pd.DataFrame, most: int) -> list[Pattern]:
    """The run's filters that resemble known motifs best, one of each binding mode.

    Parameters
    ----------
    filters
        The run's filters, with ids `unit0` ...
    annotation
        Columns unit, name, q_value, cluster (rule `annotate`).
    most
        How many.
    """
    names, by_id = unit_names(annotation, 2), {motif.id: motif for motif in filters}
    best = annotation.assign(unit=unit_numbers(annotation["unit"])).sort_values(
        ["q_value", "unit"], kind="stable"
    )
    units = best.drop_duplicates("unit").drop_duplicates("cluster")["unit"]
    own = {u: from_motif(unit_label(u, names), by_id[f"unit{u}"]) for u in units[:most].tolist()}
    return [pattern._replace(unit=u) for u, pattern in own.items()]


def draws(pattern: Pattern, n: int, sampled: bool, seed: int) -> np.ndarray:
    """What is put into each of n sequences, uint8 (n, width); UNKNOWN leaves the background.

    Parameters
    ----------
    pattern
        The pattern.
    n
        How many.
    sampled
        Draw each from the probabilities; else all are the consensus.
    seed
        Of the draws, which depend on the pattern's name too.
    """
    empty = pattern.probabilities.sum(axis=0) <= 0
    codes = encode([consensus(pattern.probabilities).upper()])[0]
    codes = np.where(empty, UNKNOWN, codes).astype(np.uint8)
    if not sampled:
        return np.repeat(codes[None], n, axis=0)
    rng = np.random.default_rng([seed, *pattern.name.encode()])
    sums = np.cumsum(pattern.probabilities, axis=0)
    sums /= np.where(empty, 1, sums[-1])
    drawn = (rng.random((n, 1, pattern.width)) >= sums[:3]).sum(axis=1)
    return np.where(empty, UNKNOWN, drawn).astype(np.uint8)
