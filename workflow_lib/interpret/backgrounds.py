"""Sequences that patterns are put into: draws from a null model of the data.

Review of Koo & Ploenzke (2020), "Global importance analysis": the null model decides which
correlations are averaged out. The paper uses uniform random sequences.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.sequence import UNKNOWN, gc_content
from workflow_lib.train.inference import predict

KINDS = ("uniform", "shuffled", "gc", "profile")
# With quantiles: tries before it is an error that too few predictions lie between them.
_MOST_DRAWS = 20


def backgrounds(kind: str, X: np.ndarray, n: int, seed: int, length: int) -> np.ndarray:
    """Draw sequences from a null model.

    Parameters
    ----------
    kind
        `uniform`: each base with probability 1/4. `shuffled`: dinucleotide shuffles of sequences
        of the data set. `gc`: independent bases, each sequence with the %GC of a sequence of the
        data set. `profile`: independent bases with the frequencies that the data set has at each
        position.
    X
        uint8 codes (m, L) of the data set; not used for `uniform`. Those with an N are left out.
    n, seed
        How many, and of the draw.
    length
        L, in bp.

    Returns
    -------
    ndarray
        uint8 (n, L).

    Raises
    ------
    InputError
        An unknown kind, or no sequence without N.
    """
    if kind not in KINDS:
        raise InputError(f"backgrounds: found {kind!r}, wanted {', '.join(KINDS)}")
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return rng.integers(0, 4, (n, length)).astype(np.uint8)
    whole = X[(X < UNKNOWN).all(axis=1)]
    if not len(whole):
        raise InputError(
            f"backgrounds: {kind} draws from the data set's sequences, of which none of "
            f"{len(X)} is without N; wanted some, or backgrounds: {{kind: uniform}}"
        )
    chosen = whole[_rows(len(whole), n, rng)]
    if kind == "shuffled":
        # A sequence that is drawn twice gets two different shuffles.
        return np.stack([dinucleotide_shuffles(row[None], 1, seed + i)[0, 0]
                         for i, row in enumerate(chosen)])  # fmt: skip
    if kind == "gc":
        share = gc_content(chosen)[:, None] / 2
        odds = np.stack([0.5 - share, share, share, 0.5 - share])
    else:
        odds = np.stack([(whole == base).mean(axis=0) for base in range(4)])[:, None]
    drawn = (rng.random((n, length)) >= np.cumsum(odds, axis=0)[:3]).sum(axis=0)
    return drawn.astype(np.uint8)


def _rows(m: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of n of m rows, each as often as another as far as that goes."""
    return np.concatenate([rng.permutation(m) for _ in range(-(-n // m))])[:n]


def between_quantiles(
    model: nn.Module,
    draw: Callable[[int, int], np.ndarray],
    n: int,
    quantiles: Sequence[float],
    targets: Sequence[int],
    device: torch.device | str = "cpu",
    both_strands: bool = False,
) -> np.ndarray:
    """Backgrounds whose mean prediction over some targets lies between two quantiles.

    Backgrounds that a model already takes for bound or unbound would hide a pattern's effect.

    Parameters
    ----------
    model
        A trained model.
    draw
        f(n, number) -> uint8 (n, L), another draw for each number.
    n
        How many to keep, in the order in which they were drawn.
    quantiles
        Two shares, of the predictions of the first draw.
    targets
        Numbers of the targets.
    device, both_strands
        See `inference.predict`.

    Returns
    -------
    ndarray
        uint8 (n, L).

    Raises
    ------
    InputError
        Too few between the quantiles, which may be too close together.
    """
    kept, low, high = [], None, None
    for number in range(_MOST_DRAWS):
        drawn = draw(max(n, 100), number)
        found = predict(model, drawn, device=device, both_strands=both_strands)
        values = found[:, list(targets)].mean(axis=1)
        if low is None:
            low, high = np.quantile(values, quantiles)
        kept.append(drawn[(values >= low) & (values <= high)])
        if sum(map(len, kept)) >= n:
            return np.concatenate(kept)[:n]
    raise InputError(
        f"backgrounds: of {_MOST_DRAWS * max(n, 100)} draws {sum(map(len, kept))} are predicted "
        f"between the quantiles {quantiles[0]} and {quantiles[1]}; wanted {n}"
    )
