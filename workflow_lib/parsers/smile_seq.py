"""SMiLE-seq: bound reads, and their dinucleotide shuffles as unbound sequences."""

import os
from collections.abc import Mapping

import anndata
import numpy as np

from workflow_lib.data.dataset import build
from workflow_lib.data.fastq import distinct_reads, read_lengths
from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.sequence import encode, reverse_complement


def smile_seq(
    files: Mapping[str, str | os.PathLike],
    clip_left: int = 7,
    clip_right: int = 64,
    length: int | None = None,
    target: str = "bound",
    seed: int = 0,
) -> anndata.AnnData:
    """Read FASTQ files of SMiLE-seq; every distinct read gets one negative, its shuffle.

    Parameters
    ----------
    files
        Name -> path of FASTQ files, plain or gzip.
    clip_left, clip_right
        Bases to cut off the ends, as they are not random DNA (barcode, adapter). With the defaults
        30 bp of a 101-bp read are left (paper, Methods, "Training, validation, and test datasets").
    length
        Reads of another length (bp) after clipping are left out (`length`); by default the most
        common one. Reads with nothing left after clipping are `too_short`.
    target
        Name of the one target: 1 for reads, 0 for their shuffles.
    seed
        Of the shuffles, which keep the counts of dinucleotides exactly.

    Returns
    -------
    AnnData
        First the reads (`read_000123` = read 123 of the files), identical ones once (`repeat`),
        then their shuffles (`shuffled_000123`). A shuffle that equals a read on either strand is
        left out (`shuffle_is_read`); since shuffles count as sequences too, `n_read` is the number
        of reads and of shuffles. In reads with unknown bases these stay where they are, and
        `drop` removes and counts both.

    Raises
    ------
    InputError
        No files, negative clips, only too short reads, or a faulty FASTQ file.
    """
    if not files or min(clip_left, clip_right) < 0:
        raise InputError(
            f"parser smile_seq: {len(files)} files, clip_left {clip_left}, clip_right "
            f"{clip_right}; wanted one file or more, and clips of 0 or more"
        )
    paths = list(files.values())
    usual, too_short = _usual_length(paths, clip_left + clip_right)
    length = length or usual
    reads, dropped = distinct_reads(paths, length, clip_left, clip_right)
    if not reads:
        raise InputError(
            f"{', '.join(str(p) for p in paths)}: no read of {length} bp after clipping "
            f"{clip_left} + {clip_right} bp; most are of {usual} bp"
        )
    dropped = {"too_short": too_short, **dropped, "length": dropped["length"] - too_short}
    codes, numbers = encode(list(reads)), np.array(list(reads.values()))
    shuffled = dinucleotide_shuffles(codes, 1, seed)[:, 0]
    new = ~_among(shuffled, codes)
    dropped["shuffle_is_read"] = int((~new).sum())
    ids = [f"read_{i:06d}" for i in numbers] + [f"shuffled_{i:06d}" for i in numbers[new]]
    labels = np.repeat([1.0, 0.0], [len(codes), new.sum()])[:, None]
    return build(ids, np.concatenate([codes, shuffled[new]]), labels, [target], dropped=dropped)


def _usual_length(paths: list[str | os.PathLike], clipped: int) -> tuple[int, int]:
    """The most common length after clipping, and how many reads have nothing left."""
    lengths = read_lengths(paths)
    enough = {n: count for n, count in lengths.items() if n > clipped}
    if not enough:
        raise InputError(
            f"{', '.join(str(p) for p in paths)}: the reads have {min(lengths)} to {max(lengths)} "
            f"bp, wanted {clipped + 1} or more: clip_left and clip_right take off {clipped} bp"
        )
    too_short = sum(lengths.values()) - sum(enough.values())
    return max(enough, key=enough.__getitem__) - clipped, too_short


def _among(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """True for each sequence (n, length) that equals one of the others on either strand (n,)."""
    known = {row.tobytes() for row in others}
    known |= {row.tobytes() for row in reverse_complement(others)}
    return np.fromiter((row.tobytes() in known for row in codes), dtype=bool, count=len(codes))
