"""Fitting sequences of any length to the length that a model takes."""

import logging
import os
from collections.abc import Sequence

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.sequence import centred, encode, read_fasta

log = logging.getLogger(__name__)


def fit_length(
    ids: Sequence[str],
    sequences: Sequence[bytes],
    length: int,
    fit: str = "exact",
    short: str = "error",
) -> tuple[list[str], np.ndarray]:
    """Bring sequences to a model's length.

    Parameters
    ----------
    ids, sequences
        n names and sequences.
    length
        Length that the model takes.
    fit
        Of longer sequences. `exact`: they are an error; `centre`: they are cut around their centre;
        `tile`: they are covered by windows side by side, the last one flush with the end, named
        `{id}:{start}-{end}` (0-based, half-open).
    short
        Of shorter sequences. `error`; `pad`: they are filled up with N, which is all zeros in a
        one-hot, on both sides as in training; `skip`: they are left out.

    Returns
    -------
    ids, codes
        Names and uint8 codes (m, length).

    Raises
    ------
    InputError
        A sequence of another length where that is an error; nothing but skipped ones; letters that
        are not DNA.
    """
    names: list[str] = []
    pieces: list[bytes] = []
    n_short = sum(len(sequence) < length for sequence in sequences)
    for name, sequence in zip(ids, sequences, strict=True):
        over = len(sequence) - length
        if (over < 0 and short == "error") or (over > 0 and fit == "exact"):
            raise InputError(_other_length(name, len(sequence), length))
        if over < 0 and short == "skip":
            continue
        if over > 0 and fit == "tile":
            starts = [*range(0, over, length), over]
            names += [f"{name}:{start}-{start + length}" for start in starts]
            pieces += [sequence[start : start + length] for start in starts]
        else:
            names.append(name)
            pieces.append(centred(sequence, length))
    if not pieces:
        raise InputError(f"all {n_short} sequences are shorter than the model's {length} bp")
    if n_short:
        done = {"pad": "filled up with N on both sides", "skip": "left out"}[short]
        log.warning(
            "%d of %d sequences are shorter than the model's %d bp and were %s",
            n_short, len(ids), length, done,
        )  # fmt: skip
    return names, encode(pieces, names)


def _other_length(name: str, size: int, length: int) -> str:
    """What is wrong with a sequence's length, and what to do about it."""
    hint = "`fit: centre` or `fit: tile` would cut it"
    if size < length:
        hint = "`short: pad` would fill it up with N on both sides, `short: skip` leave it out"
    return f"{name!r} is {size} bp long, the model takes {length} bp; {hint}"


def read_fitting(
    path: str | os.PathLike, length: int, fit: str, short: str
) -> tuple[list[str], np.ndarray]:
    """Read a FASTA file and bring its sequences to a model's length; see `fit_length`."""
    try:
        names, codes = fit_length(*read_fasta(path), length, fit, short)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if len(set(names)) != len(names):
        raise InputError(f"{path}: an id equals the name of another sequence's tile; rename it")
    return names, codes
