"""Marginalisation: what a pattern does to a model's outputs, over many backgrounds.

Also called global importance analysis (review of Koo & Ploenzke 2020): the effect of a pattern is
the difference of the outputs with and without it, over draws from a null model. Two patterns AB are
held against A + B - b, what they would do independently (b: background; the paper's distance
dependence analysis).
"""

import functools
import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import binom
from torch import nn

from workflow_lib.interpret.embedding import Design, outputs
from workflow_lib.interpret.experiments import Contrast

COLUMNS = ("target", "n_backgrounds", "background", "effect", "effect_low", "effect_high")
OF_PARTS = (
    "ratio", "ratio_low", "ratio_high", "positive_sum", "excess", "excess_low", "excess_high",
)  # fmt: skip
_CONFIDENCE = 0.95

log = logging.getLogger(__name__)


def all_designs(contrasts: Sequence[Contrast]) -> list[Design]:
    """All designs of some contrasts, each once; the first has no pattern: the backgrounds."""
    named = ((contrast.whole, *contrast.parts) for contrast in contrasts)
    return list(dict.fromkeys([(), *(design for group in named for design in group)]))


def predicted(
    model: nn.Module, X: np.ndarray, designs: Sequence[Design], drawn: Sequence[np.ndarray],
    **options: object,
) -> Iterator[np.ndarray]:  # fmt: skip
    """`embedding.outputs`, with the progress in the log."""
    said = 0
    for number, found in enumerate(outputs(model, X, designs, drawn, **options), start=1):
        if number >= said + len(designs) / 10 or number == len(designs):
            said = number
            log.info("%d of %d designs in %d backgrounds", number, len(designs), len(X))
        yield found


@functools.cache
def _values_beyond(n: int) -> int:
    return int(binom.ppf((1 - _CONFIDENCE) / 2, n, 0.5))


def median_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Medians over the first axis, and 95 % intervals that make no assumption.

    The interval's ends are order statistics: of n values as many lie below the median as heads fall
    in n throws of a coin. Fewer than six values have none: even their range covers less.

    Parameters
    ----------
    values
        float (n, ...); NaN only where all of a column are.

    Returns
    -------
    median, low, high
        float (...) each; the ends are NaN for fewer than six values.
    """
    n = len(values)
    ordered = np.sort(values.astype(float), axis=0)
    beyond = _values_beyond(n)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    if not beyond:
        return middle, middle * np.nan, middle * np.nan
    return middle, ordered[beyond - 1], ordered[n - beyond]


def summary(
    contrasts: Sequence[Contrast],
    found: Mapping[Design, np.ndarray],
    targets: Sequence[str],
) -> pd.DataFrame:
    """One row for each contrast and target.

    Parameters
    ----------
    contrasts
        Of an experiment.
    found
        Design -> outputs, float (backgrounds, targets); read once for each use.
    targets
        Names of the targets.

    Returns
    -------
    DataFrame
        The contrasts' labels; COLUMNS: the median output of the backgrounds, and the effect of the
        patterns, whole - b (median over backgrounds, with its interval). Where there are parts also
        OF_PARTS: whole / (sum of parts - (k - 1) b) for k parts, and the difference of these two,
        the excess over additivity, each a median with its interval. `positive_sum` is the share of
        backgrounds in which the ratio's denominator is above 0: below 0 a ratio above 1 is less
        than the sum, so that the ratio says something only where this is (nearly) 1.
    """
    if not contrasts:
        return pd.DataFrame(columns=list(COLUMNS))
    background, rows = np.asarray(found[()], dtype=float), []
    for contrast in contrasts:
        chosen = slice(None) if contrast.rows is None else contrast.rows
        b, whole = background[chosen], np.asarray(found[contrast.whole], dtype=float)[chosen]
        numbers = [np.median(b, axis=0), *median_interval(whole - b)]
        names = list(COLUMNS[2:])
        if contrast.parts:
            parts = sum(np.asarray(found[part], dtype=float)[chosen] for part in contrast.parts)
            expected = parts - (len(contrast.parts) - 1) * b
            with np.errstate(divide="ignore", invalid="ignore"):
                numbers += median_interval(whole / expected)
            numbers += [(expected > 0).mean(axis=0)]
            numbers += median_interval(whole - expected)
            names += OF_PARTS
        for target, *values in zip(targets, *numbers, strict=True):
            about = contrast.labels | {"target": target, COLUMNS[1]: len(b)}
            rows.append(about | dict(zip(names, values, strict=True)))
    return pd.DataFrame(rows)


def with_mutations(kmers: pd.DataFrame) -> pd.DataFrame:
    """The table of all words with each one's rank, and how it differs from the best of its target.

    The rows with one mutation are the mutagenesis of the best word.

    Parameters
    ----------
    kmers
        Columns kmer, target, effect; all words of one length.

    Returns
    -------
    DataFrame
        Also `rank` (1 = the largest effect on the target), `best` (that word), `mutations` (letters
        in which they differ), and where that is one letter `mutated_position` (from 0) and
        `mutated_to`.
    """
    rank = kmers.groupby("target")["effect"].rank(ascending=False, method="first").astype(int)
    best = kmers["target"].map(kmers[rank == 1].set_index("target")["kmer"])
    letters, of_best = (np.array([list(word) for word in words]) for words in (kmers["kmer"], best))
    differs = letters != of_best
    n, place = differs.sum(axis=1), differs.argmax(axis=1)
    once, to = n == 1, letters[np.arange(len(place)), place]
    table = kmers.assign(rank=rank, best=best, mutations=n)
    table["mutated_position"] = pd.Series(place, table.index, "Int64").where(once)
    table["mutated_to"] = pd.Series(to, table.index).where(once)
    return table


def without_effect(table: pd.DataFrame, share: float = 1e-3) -> list[str]:
    """Targets that no pattern moves by more than a share of what it moves another target by."""
    largest = table.groupby("target", sort=False)["effect"].agg(lambda values: values.abs().max())
    return list(largest.index[largest <= share * max(largest.max(), 1e-6)])
