"""Fitting sequences of any length to the length that a model takes."""

import os
from collections.abc import Sequence

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.sequence import encode, read_fasta


def fit_length(
    ids: Sequence[str], sequences: Sequence[bytes], length: int, fit: str = "exact"
) -> tuple[list[str], np.ndarray]:
    """Cut sequences to a model's length.

    Parameters
    ----------
    ids, sequences
        n names and sequences.
    length
        Length that the model takes.
    fit
        `exact`: another length is an error; `centre`: longer ones are cut around their centre;
        `tile`: longer ones are covered by windows side by side, the last one flush with the end,
        named `{id}:{start}-{end}` (0-based, half-open).

    Returns
    -------
    ids, codes
        Names and uint8 codes (m, length).

    Raises
    ------
    InputError
        A sequence that is too short, or, with `exact`, of another length; letters that are not DNA.
    """
    names: list[str] = []
    pieces: list[bytes] = []
    for name, sequence in zip(ids, sequences, strict=True):
        size = len(sequence)
        if size < length or (fit == "exact" and size != length):
            hint = "" if size < length else "; `fit: centre` or `fit: tile` would cut it"
            raise InputError(f"{name!r} is {size} bp long, the model takes {length} bp{hint}")
        if fit == "tile" and size > length:
            starts = [*range(0, size - length, length), size - length]
            names += [f"{name}:{start}-{start + length}" for start in starts]
        else:
            starts = [(size - length) // 2]
            names.append(name)
        pieces += [sequence[start : start + length] for start in starts]
    return names, encode(pieces, names)


def read_fitting(path: str | os.PathLike, length: int, fit: str) -> tuple[list[str], np.ndarray]:
    """Read a FASTA file and cut its sequences to a model's length; see `fit_length`."""
    try:
        names, codes = fit_length(*read_fasta(path), length, fit)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if len(set(names)) != len(names):
        raise InputError(f"{path}: an id equals the name of another sequence's tile; rename it")
    return names, codes
