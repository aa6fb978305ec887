"""Orders of a set of motifs of which any first part is little redundant.

Motifs are compared as filters of 19 bp, the size of the paper's sets, whatever the size of a
model's filters, each strand for itself: Tomtom's p-values without its correction for two strands,
and the q-values of each query over all targets.
"""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from workflow_lib.files import atomic
from workflow_lib.initial_filters import filter_weights
from workflow_lib.motif import Motif
from workflow_lib.motifs.tomtom import one_strand_p_values, q_values

SIZE = 19
# q-values as whole numbers of this step: sums are exact, so that equal ones are equal everywhere.
_STEP = 2.0**-32


class Similarities(NamedTuple):
    """Tomtom of all motifs against all.

    Attributes
    ----------
    q_value
        Float32 (n, 2n): each motif as a query, against the motifs and then against their reverse
        complements. A reverse complement as the query has the same row with its halves exchanged
        (but for rounding of scores within Tomtom).
    profiles
        Ids of the n motifs.
    """

    q_value: np.ndarray
    profiles: list[str]


def similarities(motifs: Sequence[Motif]) -> Similarities:
    """Tomtom's q-values of each motif against all motifs and their reverse complements."""
    matrices = [filter_weights(motif.probabilities, SIZE) + 0.25 for motif in motifs]
    both = matrices + [matrix[::-1, ::-1] for matrix in matrices]
    q = [q_values(row) for row in one_strand_p_values(matrices, both)]
    return Similarities(np.array(q, dtype=np.float32), [motif.id for motif in motifs])


def save_similarities(path: str | os.PathLike, found: Similarities) -> None:
    """Write an HDF5 file with the datasets q_value and profiles."""
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_dataset("q_value", data=found.q_value)
        names = np.array(found.profiles, dtype=object)
        file.create_dataset("profiles", data=names, dtype=h5py.string_dtype())


def load_similarities(path: str | os.PathLike) -> Similarities:
    """Read what `save_similarities` wrote."""
    with h5py.File(path) as file:
        return Similarities(file["q_value"][:], list(file["profiles"].asstr()))


def published_order(found: Similarities) -> pd.DataFrame:
    """The published sets: each next filter has the largest sum of q-values to those chosen.

    Over single strands: a motif and its reverse complement are two filters. The first one has the
    largest sum of its q-values as a query. Both strands of it have that sum; the published order
    starts with the reverse one. Of equal candidates the one that comes first in the set is taken,
    forward strands before reverse ones.

    Returns
    -------
    DataFrame
        Columns rank (from 1), profile, strand; 2n rows.
    """
    half = np.rint(found.q_value.astype(float) / _STEP).astype(np.int64)
    n = len(half)
    first = n + int(half.sum(axis=1).argmax())
    order, total = [first], np.zeros(2 * n, dtype=np.int64)
    while len(order) < 2 * n:
        newest = order[-1]
        # As a target: the column of the forward queries, and that of the reverse ones.
        total[:n] += half[:, newest]
        total[n:] += half[:, (newest + n) % (2 * n)]
        total[newest] = -(2**62)
        order.append(int(total.argmax()))
    return _table(found.profiles, order)


def max_min_order(found: Similarities) -> pd.DataFrame:
    """Farthest point sampling of the profiles: each next one is least like its nearest chosen one.

    The distance of two profiles is the q-value of the better strand. The first profile has the
    largest sum of distances to all; of equal candidates the first in the set is taken.

    Returns
    -------
    DataFrame
        Columns rank (from 1), profile, strand (`+`); n rows.
    """
    n = len(found.q_value)
    distance = np.minimum(found.q_value[:, :n], found.q_value[:, n:]).astype(float)
    order = [int(np.rint(distance / _STEP).astype(np.int64).sum(axis=1).argmax())]
    nearest = np.full(n, np.inf)
    while len(order) < n:
        nearest = np.minimum(nearest, distance[:, order[-1]])
        nearest[order[-1]] = -np.inf
        order.append(int(nearest.argmax()))
    return _table(found.profiles, order)


ORDERS: dict[str, Callable[[Similarities], pd.DataFrame]] = {
    "published": published_order,
    "max_min": max_min_order,
}


def _table(profiles: Sequence[str], order: Sequence[int]) -> pd.DataFrame:
    n = len(profiles)
    return pd.DataFrame(
        {
            "rank": range(1, len(order) + 1),
            "profile": [profiles[i % n] for i in order],
            "strand": ["+" if i < n else "-" for i in order],
        }
    )
