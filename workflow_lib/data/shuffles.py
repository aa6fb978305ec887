"""Dinucleotide shuffles of sequences."""

import zlib

import numpy as np

from workflow_lib.sequence import UNKNOWN


def dinucleotide_shuffles(codes: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Shuffled copies of each sequence with exactly its counts of dinucleotides.

    Parameters
    ----------
    codes
        uint8 (m, length). An N stays where it is; each stretch between Ns is shuffled by itself
        and keeps its first and last base, as any such shuffle does.
    n
        Copies of each.
    seed
        Together with the sequence itself it determines that sequence's copies, so they do not
        depend on the other sequences.

    Returns
    -------
    ndarray
        uint8 (m, n, length).
    """
    shuffled = np.repeat(codes[:, None], n, axis=1)
    own = [zlib.crc32(np.ascontiguousarray(row).tobytes(), seed % 2**32) for row in codes]
    seeds = np.array(
        [[zlib.crc32(i.to_bytes(4), one) for i in range(n)] for one in own], dtype=np.int64
    )
    known = (codes < UNKNOWN).all(axis=1)
    if known.any() and n:
        shuffled[known] = _shuffle_each(shuffled[known], seeds[known])
    for i in np.flatnonzero(~known):
        edges = np.flatnonzero(np.diff(codes[i] < UNKNOWN, prepend=False, append=False))
        for start, stop in zip(edges[::2], edges[1::2]):
            part = shuffled[i : i + 1, :, start:stop]
            shuffled[i, :, start:stop] = _shuffle_each(part, seeds[i : i + 1])[0]
    return shuffled


def _shuffle_each(codes: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Shuffle every one of (m, n, length) known bases with its own seed (m, n)."""
    if codes.shape[2] < 4 or codes.size == 0:  # both ends stay: nothing to move
        return codes
    # Heavy imports (torch and a compiler) that most data sets do not need.
    from tangermeme.ersatz import dinucleotide_shuffle

    from workflow_lib.one_hot import one_hot

    flat = one_hot(codes.reshape(-1, codes.shape[2])).char()
    # One copy a call for each row: with several it refuses sequences that have no other shuffle.
    mixed = dinucleotide_shuffle(flat, n=1, random_state=seeds.ravel().tolist())
    return mixed[:, 0].argmax(dim=1).byte().numpy().reshape(codes.shape)
