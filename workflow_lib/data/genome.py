"""A genome: a FASTA file that is read through its index, never loaded whole."""

import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workflow_lib.data.fasta_index import (
    block_starts,
    fits,
    make_fai,
    make_gzi,
    read_index,
    reader,
)
from workflow_lib.data.gc_matching import percent_gc
from workflow_lib.errors import InputError
from workflow_lib.files import atomic, refuse_no_text, whole_gzip
from workflow_lib.sequence import decode, encode, few_unknown, reverse_complement

if TYPE_CHECKING:
    from pyfaidx import Fasta

log = logging.getLogger(__name__)

_BLOCK = 2**16  # bp of a chromosome that are read at once
_AT_ONCE = 20_000  # windows whose letters are held at once to count their %GC


@contextmanager
def open_genome(path: str | os.PathLike) -> Iterator["Fasta"]:
    """Open a genome, FASTA plain or bgzip, by its index.

    Parameters
    ----------
    path
        The FASTA file. An index that is missing, or does not fit the file's content, is built and
        left beside it (`.fai`, for bgzip also `.gzi`), or used this once if it cannot be written
        there.

    Yields
    ------
    pyfaidx.Fasta
        Chromosome name -> record whose slices are letters.

    Raises
    ------
    InputError
        Plain gzip, or what is not a FASTA file.
    """
    import pyfaidx  # only data sets that are cut from a genome need it

    refuse_no_text(path)
    starts = block_starts(path) if _is_bgzip(path) else None
    wanted: dict[str, bytes] = {} if starts is None else {".gzi": make_gzi(starts)}
    fai = Path(f"{path}.fai")
    present = read_index(fai)
    with whole_gzip(path):
        fitting = fits(present, reader(path, starts))
    if not fitting:
        if present:
            log.warning("%s is not the index of %s: it is built again", fai, path)
        wanted[".fai"] = make_fai(path).encode()
    else:
        wanted[".fai"] = present.encode()
    with TemporaryDirectory() as folder:
        # Read from copies: the files beside the genome may be replaced, or not be writable.
        for ending, content in wanted.items():
            Path(folder, f"genome{ending}").write_bytes(content)
            _leave_beside(Path(f"{path}{ending}"), content)
        names = {"indexname": f"{folder}/genome.fai", "gzi_indexname": f"{folder}/genome.gzi"}
        try:
            genome = pyfaidx.Fasta(str(path), as_raw=True, rebuild=False, **names)
        except (pyfaidx.FastaIndexingError, ValueError, OSError) as error:
            raise InputError(f"{path}: not a FASTA file: {error}") from error
        with genome:
            yield genome


def _leave_beside(index: Path, content: bytes) -> None:
    """Write an index that is new, atomically, as several jobs may do so at once."""
    try:
        if not index.is_file() or index.read_bytes() != content:
            with atomic(index) as temporary:
                temporary.write_bytes(content)
    except OSError as error:
        log.warning("%s cannot be written (%s): it is built again every time", index, error)


def _is_bgzip(path: str | os.PathLike) -> bool:
    """Whether a FASTA file is compressed block by block; plain gzip has no random access."""
    with open(path, "rb") as handle:
        head = handle.read(18)
    named = str(path).lower().endswith((".gz", ".bgz"))
    gzip, blocks = head.startswith(b"\x1f\x8b"), head[3:4] == b"\x04" and head[12:14] == b"BC"
    if gzip and not blocks:
        raise InputError(
            f"{path}: found plain gzip, wanted a FASTA file that is unpacked or compressed with "
            f"bgzip (of samtools): gunzip {path}; bgzip {str(path).removesuffix('.gz')}"
        )
    if gzip != named:
        found, ending = ("bgzip", "ends in .gz") if gzip else ("no bgzip", "does not")
        raise InputError(f"{path}: found {found} within, wanted a name that {ending}; rename it")
    return gzip


def sequences(genome: "Fasta", windows: pd.DataFrame) -> np.ndarray:
    """Letters of windows of one length as codes, uint8 (n, length); upper and lower case alike.

    Windows that lie within the same 65 kb are read together.

    Raises
    ------
    InputError
        Letters that are not DNA.
    """
    if windows.empty:
        return np.empty((0, 0), dtype=np.uint8)
    starts, ends = windows["start"].to_numpy(), windows["end"].to_numpy()
    length = int(ends[0] - starts[0])
    codes = np.empty((len(windows), length), dtype=np.uint8)
    for (chrom, _), rows in windows.groupby(["chrom", starts // _BLOCK]).indices.items():
        first, last = int(starts[rows].min()), int(ends[rows].max())
        letters = genome[chrom][first:last]
        try:
            block = encode([letters])[0]
            views = np.lib.stride_tricks.sliding_window_view(block, length)
            codes[rows] = views[starts[rows] - first]
        # Biopython's reader of bgzip raises a RuntimeError for a damaged block.
        except (InputError, IndexError, ValueError, RuntimeError, zlib.error) as error:
            raise InputError(f"{genome.faidx.filename}, {chrom}:{first}-{last}: {error}") from error
    return codes


def window_gc(genome: "Fasta", windows: pd.DataFrame, most_unknown: float = 0.0) -> np.ndarray:
    """%GC of each window in whole percents, -1 with a larger share of N: int (n,)."""
    percent = np.full(len(windows), -1, dtype=np.int64)
    order = np.lexsort([windows["start"], windows["chrom"]])
    for first in range(0, len(order), _AT_ONCE):
        rows = order[first : first + _AT_ONCE]
        codes = sequences(genome, windows.iloc[rows])
        known = few_unknown(codes, most_unknown)
        percent[rows[known]] = percent_gc(codes[known])
    return percent


def letters_of(path: str | os.PathLike, regions: pd.DataFrame) -> list[str]:
    """Letters of regions that lie within a genome; on strand `-` the reverse complement.

    Parameters
    ----------
    path
        See `open_genome`.
    regions
        `chrom`, `start`, `end` and, where known, `strand`.
    """
    found = [""] * len(regions)
    with open_genome(path) as genome:
        for _, rows in regions.groupby(regions["end"] - regions["start"]).indices.items():
            windows = regions.iloc[rows]
            codes = sequences(genome, windows)
            if "strand" in regions:
                reverse = (windows["strand"] == "-").to_numpy()
                codes[reverse] = reverse_complement(codes[reverse])
            for row, letters in zip(rows, decode(codes), strict=True):
                found[row] = letters
    return found


def chromosome_sizes(path: str | os.PathLike) -> dict[str, int]:
    """Length (bp) of each chromosome of a genome."""
    with open_genome(path) as genome:
        return {name: len(genome[name]) for name in genome.keys()}
