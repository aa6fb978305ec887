"""The experiments of marginalisation: which patterns stand where, and what is compared with what.

Review of Koo & Ploenzke (2020), "Global importance analysis"; distances as the paper has them.
Each experiment is a list of contrasts: a design, and the designs whose sum it is held against.
"""

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.interpret.embedding import Design, Placed, check_design
from workflow_lib.interpret.patterns import Pattern, from_consensus
from workflow_lib.sequence import ALPHABET, gc_content

log = logging.getLogger(__name__)

STRANDS = ("+", "-")
_GC_GROUPS = 5


class Contrast(NamedTuple):
    """One row of an experiment's table.

    Attributes
    ----------
    labels
        Column -> value.
    whole
        The design whose effect is measured.
    parts
        Designs whose effects add up to that of `whole` if nothing interacts; none where a single
        pattern is looked at.
    rows
        bool (backgrounds,): those that count; None = all.
    """

    labels: dict[str, object]
    whole: Design
    parts: tuple[Design, ...] = ()
    rows: np.ndarray | None = None


class Setting(NamedTuple):
    """What an experiment is made for.

    Attributes
    ----------
    patterns
        The patterns.
    X
        uint8 (n, L): the backgrounds.
    position
        Where a single or fixed pattern starts; None: so that it is in the middle.
    options
        The section `marginalisation` of the config.
    """

    patterns: Sequence[Pattern]
    X: np.ndarray
    position: int | None
    options: Mapping[str, Any]

    @property
    def length(self) -> int:
        """Of the backgrounds, in bp."""
        return self.X.shape[1]

    def start(self, pattern: int) -> int:
        """Where a pattern starts that stands alone."""
        middle = (self.length - self.patterns[pattern].width) // 2
        return middle if self.position is None else self.position


def single(given: Setting) -> Iterator[Contrast]:
    """Each pattern alone: on both strands, in the middle (or its place) and along the sequence."""
    for i, pattern in enumerate(given.patterns):
        last = given.length - pattern.width
        along = np.linspace(0, last, min(given.options["single"]["positions"], last + 1))
        starts = sorted({given.start(i), *np.rint(along).astype(int).tolist()})
        for start, strand in itertools.product(starts, STRANDS):
            labels = {"motif": pattern.name, "unit": pattern.unit, "start": start, "strand": strand}
            labels["central"] = start == given.start(i)
            yield Contrast(labels, (Placed(i, start, strand),))


def copies(given: Setting) -> Iterator[Contrast]:
    """1, 2 ... copies of each pattern side by side, around the middle."""
    gap = given.options["copies"]["gap"]
    for i, pattern in enumerate(given.patterns):
        step = pattern.width + gap
        fitting = min(given.options["copies"]["most"], (given.length + gap) // step)
        if fitting < given.options["copies"]["most"]:
            said = "of %d copies of %s (%d bp, %d bp apart) %d fit into %d bp"
            most = given.options["copies"]["most"]
            log.warning(said, most, pattern.name, pattern.width, gap, fitting, given.length)
        for n in range(1, fitting + 1):
            first = (given.length - n * step + gap) // 2
            whole = tuple(Placed(i, first + k * step) for k in range(n))
            labels = {"motif": pattern.name, "copies": n, "gap": gap}
            yield Contrast(labels, whole, tuple((placed,) for placed in whole))


def spacing(given: Setting) -> Iterator[Contrast]:
    """A pattern at a fixed place, another one moved along the sequence, as in the paper."""
    for a, b in itertools.product(range(len(given.patterns)), repeat=2):
        fixed, slid = given.patterns[a], given.patterns[b]
        at = Placed(a, given.start(a))
        for start in _starts(given, at, slid.width):
            labels = {"fixed": fixed.name, "slid": slid.name}
            labels |= {"fixed_start": at.start, "fixed_end": at.start + fixed.width}
            other = Placed(b, start)
            yield Contrast(labels | {"position": start}, (at, other), ((at,), (other,)))


def _starts(given: Setting, at: Placed, width: int) -> list[int]:
    """Where the moved pattern starts: as the config says, or wherever it does not overlap."""
    options = given.options["spacing"]
    if options["positions"] is None:
        end = at.start + given.patterns[at.pattern].width
        left, right = range(0, at.start - width + 1), range(end, given.length - width + 1)
        return [*left[:: -options["step"]][::-1], *right[:: options["step"]]]
    ranges = [range(first, last + 1, options["step"]) for first, last in options["positions"]]
    return sorted(set(itertools.chain(*ranges)))


def pairs(given: Setting) -> Iterator[Contrast]:
    """Two patterns side by side around the middle, in both orders and all orientations."""
    n = len(given.patterns)
    for a, b in itertools.product(range(n), repeat=2):
        names = given.patterns[a].name, given.patterns[b].name
        widths = given.patterns[a].width, given.patterns[b].width
        for gap, s, t in itertools.product(given.options["pairs"]["gaps"], STRANDS, STRANDS):
            first = (given.length - sum(widths) - gap) // 2
            left, right = Placed(a, first, s), Placed(b, first + widths[0] + gap, t)
            labels = dict(zip(("first", "second"), names, strict=True))
            labels |= {"first_strand": s, "second_strand": t, "gap": gap}
            yield Contrast(labels, (left, right), ((left,), (right,)))


def context(given: Setting) -> Iterator[Contrast]:
    """Each pattern in the middle, in five groups of backgrounds of rising %GC."""
    share = 100 * gc_content(given.X)
    order = np.argsort(share, kind="stable")
    groups = [rows for rows in np.array_split(order, _GC_GROUPS) if len(rows)]
    for (i, pattern), (number, rows) in itertools.product(
        enumerate(given.patterns), enumerate(groups, start=1)
    ):
        labels = {"motif": pattern.name, "group": number}
        labels |= {"lowest_gc": share[rows].min(), "highest_gc": share[rows].max()}
        chosen = np.isin(np.arange(len(share)), rows)
        yield Contrast(labels, (Placed(i, given.start(i)),), rows=chosen)


def kmers(given: Setting) -> Iterator[Contrast]:
    """Every word of k letters in the middle: those of the setting's own patterns (`words`)."""
    for i, pattern in enumerate(given.patterns):
        yield Contrast({"kmer": pattern.name}, (Placed(i, given.start(i)),))


def words(k: int) -> list[Pattern]:
    """All words of k letters as patterns."""
    return [from_consensus(w, w) for w in map("".join, itertools.product(ALPHABET, repeat=k))]


EXPERIMENTS: dict[str, Callable[[Setting], Iterator[Contrast]]] = {
    "single": single,
    "copies": copies,
    "spacing": spacing,
    "pairs": pairs,
    "context": context,
    "kmers": kmers,
}


def contrasts(experiment: str, given: Setting) -> list[Contrast]:
    """The contrasts of an experiment, all of whose designs fit.

    Raises
    ------
    InputError
        A pattern that is longer than the sequences or beyond their ends, patterns that overlap.
    """
    names, widths = [p.name for p in given.patterns], [p.width for p in given.patterns]
    for name, width in zip(names, widths, strict=True):
        if width > given.length:
            raise InputError(
                f"marginalisation: the motif {name} has {width} bp, the sequences have "
                f"{given.length} bp; wanted a shorter motif"
            )
    found = list(EXPERIMENTS[experiment](given))
    for contrast in found:
        try:
            check_design(contrast.whole, names, widths, given.length)
        except InputError as error:
            raise InputError(f"marginalisation, experiment {experiment}: {error}") from None
    return found
