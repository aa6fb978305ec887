"""TF-MoDISco: motifs from attributions (Shrikumar et al. 2018; the package `modisco-lite`).

Stretches with large attributions (seqlets) are cut out of the sequences, clustered and averaged:
each cluster is a pattern. Called through the package's Python interface with the settings of its
command line, except that the window is the whole sequence unless another one is asked for, that
short sequences have shorter seqlets, and that 20 seqlets of a sign are enough.

Of n seqlets the nearest 500 of each are compared at 19 offsets: memory grows linearly with n, about
60 MB for each 1000 besides the 0.6 GB of the program, time a little faster. Sequences of 200 bp
have up to one seqlet each; at one each, on one core beside other work, 100 sequences take 0.5 s,
300 take 2 s and 2000 take 20 s. Each job compiles the package, for some 20 s, since that is not
kept on disk. The package's random draws and clusterings have seeds of their
own, and its threads share no sums: equal attributions give equal patterns in any number of threads.
"""

import logging
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.execution.logs import check_not_terminated
from workflow_lib.motif import Motif, consensus, unique_ids
from workflow_lib.one_hot import one_hot

SIGNS = ("pos", "neg")
PATTERN_COLUMNS = ["unit", "target", "sign", "pattern", "n_seqlets", "consensus", "note"]
TARGET_COLUMNS = ["target", "n_sequences", "n_patterns", "note"]
# Core and flank of a seqlet; width that a pattern is cut to, and what is added to it on each side.
_SIZES = ("sliding_window_size", "flank_size", "trim_to_window_size", "initial_flank_to_add")
_LONG = dict(zip(_SIZES, (20, 5, 30, 10)))  # the command line's
# A seqlet needs room for its pattern on both sides; in 60 bp the sizes above leave none.
_SHORT = dict(zip(_SIZES, (10, 2, 14, 0)))
_SHORT_BELOW = 120
# The seqlets of one sign are clustered if there are more than this: smaller patterns are dropped in
# the end. The package wants more than 100: about what 250 sequences of a trained model have.
_FEWEST_SEQLETS = 20
_NARROW = 5

log = logging.getLogger(__name__)


class Pattern(NamedTuple):
    """One motif.

    Attributes
    ----------
    sign
        `pos`: its seqlets raise the prediction; `neg`: they lower it.
    number
        From 0 within the sign, most seqlets first.
    probabilities
        Float (4, width): letters of the seqlets, as they lie in the pattern, cut to its core.
    n_seqlets
        How many it was made from.
    """

    sign: str
    number: int
    probabilities: np.ndarray
    n_seqlets: int


class Discovery(NamedTuple):
    """The patterns in one target's attributions; `note` says why there are none or fewer."""

    patterns: list[Pattern]
    n_sequences: int
    note: str = ""


def discover(
    scores: np.ndarray,
    codes: np.ndarray,
    window: int | None = None,
    max_seqlets: int = 2000,
    min_sequences: int = 20,
    trim: float = 0.3,
) -> Discovery:
    """Find the patterns in attributions of one target.

    Parameters
    ----------
    scores
        Float (m, 4, L): hypothetical contributions of all four letters. Sequences with a value that
        is not finite are left out.
    codes
        uint8 (m, L).
    window
        Number of positions to use, in the middle; None, or more than there are: all. Below 120,
        smaller seqlets and patterns are used (14 positions), since the usual ones do not fit.
    max_seqlets
        Most seqlets of each sign, in the order of the sequences; further ones are ignored.
        2000, as in the package's examples: about 2000 sequences, 0.7 GB and half a minute.
    min_sequences
        With fewer sequences no patterns are searched for. A pattern needs 20 seqlets.
    trim
        A pattern is cut to the stretch from its first to its last position whose mean absolute
        contribution reaches this share of the largest (the package's report: .3).

    Returns
    -------
    Discovery
        Possibly without patterns; then with the reason. Errors of the package are not caught here.

    Raises
    ------
    InputError
        Settings out of range.
    """
    _check(window, max_seqlets, trim)
    finite = np.isfinite(scores).all(axis=(1, 2))
    note = "" if finite.all() else f"{(~finite).sum()} sequences without finite attributions"
    length = codes.shape[1]
    size = length if window is None else min(window, length)
    middle = slice((length - size) // 2, (length - size) // 2 + size)
    scores = scores[finite][:, :, middle].astype(np.float32)
    letters = one_hot(codes[finite][:, middle]).numpy()
    why = _too_little(scores, letters, min_sequences)
    if why:
        return Discovery([], len(codes), _joined(note, why))
    found = _tfmodisco(scores, letters, max_seqlets)
    patterns = [
        Pattern(sign, number, _core(raw, trim), len(raw.seqlets))
        for sign, of_sign in zip(SIGNS, found)
        for number, raw in enumerate(of_sign or ())
    ]
    if not patterns:
        why = f"no patterns: no {_FEWEST_SEQLETS} seqlets resemble each other"
    return Discovery(patterns, len(codes), _joined(note, why))


def _check(window: int | None, max_seqlets: int, trim: float) -> None:
    if window is not None and window < 1:
        raise InputError(f"modisco, window: found {window}, wanted at least 1, or nothing for all")
    if max_seqlets < 1:
        raise InputError(f"modisco, max_seqlets: found {max_seqlets}, wanted at least 1")
    if not 0 <= trim <= 1:
        raise InputError(f"modisco, trim: found {trim}, wanted a share from 0 to 1")


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _too_little(scores: np.ndarray, letters: np.ndarray, min_sequences: int) -> str:
    """Why no patterns can be searched for, or ''."""
    n, _, size = scores.shape
    if n < max(min_sequences, 1):
        return f"{n} sequences, fewer than {max(min_sequences, 1)}"
    sizes = _sizes(size)
    needed = sizes["sliding_window_size"] + 2 * sizes["flank_size"] + 1
    if size < needed:
        return f"sequences of {size} positions, fewer than {needed}"
    if not (scores * letters).any():
        return "all attributions are zero"
    return ""


def _sizes(length: int) -> dict[str, int]:
    return _SHORT if length < _SHORT_BELOW else _LONG


def _tfmodisco(scores: np.ndarray, letters: np.ndarray, max_seqlets: int) -> tuple:
    """Positive and negative patterns as the package gives them; None instead of a list for none."""
    # Imported here: compiling and loading it takes seconds.
    from modiscolite.tfmodisco import TFMoDISco

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant rows, empty means: harmless
        return TFMoDISco(
            one_hot=letters.transpose(0, 2, 1),
            hypothetical_contribs=scores.transpose(0, 2, 1),
            max_seqlets_per_metacluster=max_seqlets,
            min_metacluster_size=_FEWEST_SEQLETS,
            target_seqlet_fdr=0.05,
            n_leiden_runs=2,
            **_sizes(scores.shape[2]),
        )


def _core(raw: object, trim: float) -> np.ndarray:
    """The probabilities (4, width) of a pattern's core; an N counts for no letter."""
    strength = np.abs(raw.contrib_scores).sum(axis=1)
    kept = np.flatnonzero(strength >= trim * strength.max())
    counts = np.asarray(raw.sequence, dtype=float)[kept[0] : kept[-1] + 1].T
    totals = counts.sum(axis=0)
    return np.divide(counts, totals, out=np.full(counts.shape, 0.25), where=totals > 0)


def discover_all(
    attributions: Iterable[tuple[str, np.ndarray, np.ndarray]],
    n_targets: int,
    settings: Mapping[str, object],
) -> dict[str, Discovery]:
    """Find each target's patterns; a failure for one target does not stop the others.

    Parameters
    ----------
    attributions
        Name, scores (m, 4, L) and codes (m, L) of each target; names differ.
    n_targets
        How many there are, for the log.
    settings
        `window`, `max_seqlets`, `min_sequences` and `trim`, see `discover`.

    Returns
    -------
    dict
        Target -> Discovery. Where the package raised an error, no patterns, and the error message
        in the note.
    """
    found: dict[str, Discovery] = {}
    log.info("with the first target TF-MoDISco is compiled, which takes some 20 s more")
    for number, (target, scores, codes) in enumerate(attributions, 1):
        started = time.monotonic()
        try:
            result = discover(scores, codes, **settings)
        except (ImportError, InputError):  # would fail for every target
            raise
        except Exception as error:
            check_not_terminated()  # numba turns SIGTERM into an error of its own
            log.warning("%s: MoDISco failed:", target, exc_info=True)
            words = " ".join(f"{type(error).__name__}: {error}".split())
            result = Discovery([], len(codes), f"MoDISco failed: {words[:200]}")
        found[target] = result
        log.info(
            "target %d of %d: %s, %d sequences, %d patterns, %.1f s%s",
            number, n_targets, target, result.n_sequences, len(result.patterns),
            time.monotonic() - started, result.note and f" ({result.note})",
        )  # fmt: skip
    return found


def tables(
    found: Mapping[str, Discovery],
) -> tuple[list[Motif], pd.DataFrame, pd.DataFrame]:
    """All targets' patterns as motifs and as a table, and a table of the targets.

    Returns
    -------
    motifs, patterns, targets
        A motif is called `{target}.{sign}_{number}`, spaces in the target's name as `_`; its
        `n_sites` is the number of seqlets. The tables have PATTERN_COLUMNS (`unit`: the motif's
        name) and TARGET_COLUMNS.
    """
    motifs, rows = [], []
    for label, (target, result) in zip(unique_ids(found), found.items()):
        for sign, number, matrix, n in result.patterns:
            motifs.append(Motif(f"{label}.{sign}_{number}", "", matrix, n))
            width = matrix.shape[1]
            note = f"narrow: {width} positions" if width < _NARROW else ""
            rows.append([motifs[-1].id, target, sign, number, n, consensus(matrix), note])
    targets = [[name, r.n_sequences, len(r.patterns), r.note] for name, r in found.items()]
    patterns = pd.DataFrame(rows, columns=PATTERN_COLUMNS)
    return motifs, patterns, pd.DataFrame(targets, columns=TARGET_COLUMNS)


def use_threads(n: int) -> None:
    """Let the package compute in `n` threads (of this process; at most as many as it has cores)."""
    import numba

    numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
