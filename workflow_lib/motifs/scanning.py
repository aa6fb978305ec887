"""Scanning sequences with motifs: the best hit of each, and how well it predicts the targets.

Paper, Methods, "De novo PWMs": a sequence's score is that of the best hit on either strand, a
motif's the average precision of these scores.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from workflow_lib.data.tasks import TASKS
from workflow_lib.errors import InputError
from workflow_lib.motif import Motif
from workflow_lib.train.metrics import METRICS, undefined

SCORINGS = ("log_probabilities", "log_odds")
COLUMNS = ("motif", "target", "metric", "value", "n", "n_positive")
# Scores of letters are whole multiples of this. Their sums are then exact in float64, in whatever
# order they are added up: equal sites score equally, in every batch and beside any other motif.
_GRID = 2.0**-36


def best_hits(
    motifs: Sequence[Motif],
    X: np.ndarray,
    scoring: str = "log_probabilities",
    floor: float = 1e-4,
    background: float = 0.25,
    batch_size: int = 16,
) -> np.ndarray:
    """Score of the best hit of each motif on both strands of each sequence.

    A hit lies completely within the sequence. Its score is the sum over the motif's columns of the
    score of the letter; the best of all places and of both strands counts.

    Parameters
    ----------
    motifs
        m motifs, of any widths.
    X
        uint8 codes (n, L).
    scoring
        `log_probabilities`: natural logarithm of the letter's probability. `log_odds`: binary
        logarithm of the probability over the background's.
    floor
        Smaller probabilities count as this.
    background
        Probability of every letter by chance. An N scores as a letter of just this probability
        would: log(background), or 0 as log odds. So it is neutral for a hit.
    batch_size
        Sequences at a time; it does not change a result.

    Returns
    -------
    ndarray
        float32 (n, m).

    Raises
    ------
    InputError
        A motif wider than the sequences, another scoring, a floor or background out of range.
    """
    of_letters, of_unknown = _column_scores(motifs, X.shape[1], scoring, floor, background)
    widths = np.array([motif.width for motif in motifs], dtype=int)
    groups = []
    for width in np.unique(widths):
        columns = np.flatnonzero(widths == width)
        forward = np.stack([of_letters[i] for i in columns])  # (motifs, 4, width)
        both = np.concatenate([forward, forward[:, ::-1, ::-1]])
        # One row for each place in a window and letter, one column for each motif and strand.
        scores = np.ascontiguousarray(both.transpose(2, 1, 0).reshape(4 * width, -1))
        groups.append((int(width), columns, scores))
    hits, letters = np.empty((len(X), len(motifs)), dtype=np.float32), np.arange(4, dtype=np.uint8)
    for start in range(0, len(X) if groups else 0, batch_size):
        rows = slice(start, start + batch_size)
        # (b, 4 * L), the four letters of a position side by side; an N is all zeros.
        x = (X[rows, :, None] == letters).reshape(len(X[rows]), -1).astype(np.float64)
        for width, columns, scores in groups:
            hits[rows, columns] = _best(x, width, scores) + of_unknown * width
    return hits


def _column_scores(
    motifs: Sequence[Motif], length: int, scoring: str, floor: float, background: float
) -> tuple[list[np.ndarray], float]:
    """Scores of letters above that of an N, float64 (4, width) of each motif; that of an N."""
    if scoring not in SCORINGS:
        raise InputError(f"scoring: found {scoring!r}, wanted {' or '.join(SCORINGS)}")
    for name, value in (("floor", floor), ("background", background)):
        if not 0 < value <= 1:
            raise InputError(f"{name}: found {value}, wanted more than 0 and at most 1")
    logarithm = np.log if scoring == "log_probabilities" else np.log2
    above = []
    for motif in motifs:
        if motif.width > length:
            raise InputError(
                f"motif {motif.id!r} is {motif.width} bp wide, but the sequences have {length} bp; "
                "wanted motifs that fit into them"
            )
        ratio = np.maximum(motif.probabilities, floor) / background
        above.append(np.round(logarithm(ratio) / _GRID) * _GRID)
    of_unknown = np.log(background) if scoring == "log_probabilities" else 0.0
    return above, float(np.round(of_unknown / _GRID) * _GRID)


def _best(x: np.ndarray, width: int, scores: np.ndarray) -> np.ndarray:
    """The best hits (b, m) in one-hot (b, 4 * L) of motifs of one width, (4 * width, 2 * m)."""
    windows = sliding_window_view(x, 4 * width, axis=1)[:, ::4]  # (b, places, 4 * width)
    found = windows.reshape(-1, 4 * width) @ scores
    best = found.reshape(*windows.shape[:2], -1).max(axis=1)
    return np.maximum(*np.split(best, 2, axis=1))


def score_motifs(
    hits: np.ndarray,
    labels: np.ndarray,
    motifs: Sequence[str],
    target_names: Sequence[str],
    task: str,
) -> pd.DataFrame:
    """How well the best hits of motifs predict targets.

    Parameters
    ----------
    hits
        (n, motifs), from `best_hits`.
    labels
        (n, targets); NaN = unresolved, left out of that target's scores.
    motifs, target_names
        Their ids and names.
    task
        A name in TASKS: labels of 0 and 1 give average precision (auprc), values the correlation
        (pcc). Its sign stays: a motif is expected to raise the value.

    Returns
    -------
    DataFrame
        COLUMNS, by target, then motif. `value` is NaN where it is not defined (no positives, or
        equal hits everywhere for pcc; for auprc these give the base rate). `n_positive` is empty
        for pcc.
    """
    binary = TASKS[task].binary
    metric = "auprc" if binary else "pcc"
    rows = []
    for target, column in zip(target_names, labels.T):
        known = ~np.isnan(column)
        truth, of_known = column[known], hits[known]
        n_positive = int((truth == 1).sum()) if binary else None
        for motif, scores in zip(motifs, of_known.T):
            value = _score(metric, scores, truth)
            rows.append((motif, target, metric, value, len(truth), n_positive))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"value": float, "n": int, "n_positive": "Int64"})


def _score(metric: str, hits: np.ndarray, truth: np.ndarray) -> float:
    """One motif, one target; our metrics are faster than scikit-learn's, which check more."""
    if undefined(metric, hits, truth):
        return np.nan
    return float(METRICS[metric](hits, truth)(np.ones((len(truth), 1)))[0])
