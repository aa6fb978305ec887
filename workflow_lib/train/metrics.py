"""The metrics of one target, as functions of bootstrap weights.

A metric is a function of one target's predictions and labels (n,), without NaN, that returns a
*statistic*: a function of weights (n, k) that gives k values. Weights of one are the metric
itself; how often each sequence was drawn is a bootstrap replicate. So an interval needs no second
implementation, and many replicates are a few array operations.
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse

Statistic = Callable[[np.ndarray], np.ndarray]
_NO_VARIANCE = 1e-12


def auprc(predictions: np.ndarray, labels: np.ndarray) -> Statistic:
    """Average precision: the sum of precision times the step in recall, ties taken together."""
    members = _segments(predictions, labels)

    def statistic(weights: np.ndarray) -> np.ndarray:
        negative, positive = _per_segment(members, weights)
        found = positive.cumsum(axis=0)
        called = found + negative.cumsum(axis=0)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        return _ratio((positive * precision).sum(axis=0), positive.sum(axis=0))

    return statistic


def auroc(predictions: np.ndarray, labels: np.ndarray) -> Statistic:
    """Probability that a positive is ranked above a negative, ties counted half."""
    members = _segments(predictions, labels)

    def statistic(weights: np.ndarray) -> np.ndarray:
        negative, positive = _per_segment(members, weights)
        above = positive.cumsum(axis=0) - positive / 2
        return _ratio((negative * above).sum(axis=0), negative.sum(axis=0) * positive.sum(axis=0))

    return statistic


def pcc(predictions: np.ndarray, labels: np.ndarray) -> Statistic:
    """Pearson correlation."""
    x, y = (np.asarray(v, dtype=float) - np.mean(v, dtype=float) for v in (predictions, labels))
    products = np.stack([x, y, x * x, y * y, x * y], axis=1)
    floor = _NO_VARIANCE * products[:, 2:4].mean(axis=0)

    def statistic(weights: np.ndarray) -> np.ndarray:
        means = _ratio(weights.T @ products, weights.sum(axis=0)[:, None])
        mx, my, mxx, myy, mxy = means.T
        vx, vy = mxx - mx**2, myy - my**2
        # If a replicate has equal values only, its variance is just rounding error.
        varies = (vx > floor[0]) & (vy > floor[1])
        scale = np.sqrt(np.where(varies, vx * vy, np.nan))
        return np.clip((mxy - mx * my) / scale, -1, 1)

    return statistic


def mse(predictions: np.ndarray, labels: np.ndarray) -> Statistic:
    """Mean squared error."""
    return weighted_mean((np.asarray(predictions, dtype=float) - labels) ** 2)


def base_rate(predictions: np.ndarray, labels: np.ndarray) -> Statistic:
    """Fraction of positives: the average precision of guessing."""
    return weighted_mean(np.asarray(labels, dtype=float))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], Statistic]] = {
    "auprc": auprc,
    "auroc": auroc,
    "base_rate": base_rate,
    "pcc": pcc,
    "mse": mse,
}
BOUNDS = {"auprc": (0, 1), "auroc": (0, 1), "base_rate": (0, 1), "pcc": (-1, 1), "mse": (0, np.inf)}
BINARY = ("auprc", "auroc", "base_rate")


def undefined(metric: str, predictions: np.ndarray, labels: np.ndarray) -> str:
    """Why a metric has no value for these predictions and labels (n,); empty where it has one."""
    if len(labels) == 0:
        return "no resolved labels"
    if metric in ("auprc", "auroc") and not (labels == 1).any():
        return "no positives"
    if metric == "auroc" and (labels == 1).all():
        return "no negatives"
    if metric == "pcc":
        for what, values in (("labels", labels), ("predictions", predictions)):
            if values.min() == values.max():
                return f"the {what} do not vary"
    return ""


def weighted_mean(values: np.ndarray) -> Statistic:
    """The statistic that averages values (n,)."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        return _ratio(weights.T @ values, weights.sum(axis=0))

    return statistic


def row_correlations(predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Pearson correlation over the targets of each sequence: (n, targets) twice -> (n,).

    NaN labels are left out; NaN where fewer than two are resolved or either side does not vary.
    """
    resolved = ~np.isnan(labels)
    count = np.maximum(resolved.sum(axis=1, keepdims=True), 1)

    def centred(values: np.ndarray) -> np.ndarray:
        values = np.where(resolved, values, 0).astype(float)
        return np.where(resolved, values - values.sum(axis=1, keepdims=True) / count, 0)

    def varies(values: np.ndarray) -> np.ndarray:
        top = np.where(resolved, values, -np.inf).max(axis=1, initial=-np.inf)
        return top > np.where(resolved, values, np.inf).min(axis=1, initial=np.inf)

    x, y = centred(predictions), centred(labels)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    known = varies(predictions) & varies(labels) & (scale > 0)
    together = (x * y).sum(axis=1)
    return np.clip(np.divide(together, scale, out=np.full(len(x), np.nan), where=known), -1, 1)


def undefined_rows(correlations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Why a sequence has no correlation: str (n,), empty where it has one.

    Of `row_correlations` (n,) and the labels (n, targets) that they are of.
    """
    resolved, known = ~np.isnan(labels), ~np.isnan(correlations)
    varies = np.fmax.reduce(labels, 1, initial=-np.inf) > np.fmin.reduce(labels, 1, initial=np.inf)
    reasons = ("", "fewer than two labels", "the labels do not vary")
    conditions = [known, resolved.sum(axis=1) < 2, ~varies]
    return np.select(conditions, reasons, "the predictions do not vary").astype(object)


def _segments(predictions: np.ndarray, labels: np.ndarray) -> sparse.csr_matrix:
    """Which sequences belong to which segment of the ranking, best first: (2 * segments, n).

    Row 2s holds the negatives of segment s, row 2s + 1 its positives. Equal predictions share a
    segment; so do neighbours among which there is no positive, since neither curve bends there.
    """
    order = np.argsort(-predictions, kind="stable")
    ranked, positive = predictions[order], labels[order] == 1
    tie = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])[: len(order)]
    has_positive = np.bincount(tie, weights=positive) > 0
    starts = np.ones(len(has_positive), dtype=bool)
    starts[1:] = has_positive[1:] | has_positive[:-1]
    segment = (np.cumsum(starts) - 1)[tie]
    shape = (2 * int(starts.sum()), len(order))
    return sparse.csr_matrix((np.ones(len(order)), (2 * segment + positive, order)), shape=shape)


def _per_segment(members: sparse.csr_matrix, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight of the negatives and of the positives in each segment: two arrays (segments, k)."""
    totals = members @ weights
    return totals[0::2], totals[1::2]


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
