"""Regions of a genome: BED files, windows around them, overlaps, and their sequences.

A set of regions is a table with the columns `chrom`, `start` and `end` (0-based, half-open, as in
BED files). A genome is a FASTA file that is read through its index, never loaded whole.
"""

import logging
import os
import shutil
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workflow_lib.data.gc_matching import percent_gc
from workflow_lib.errors import InputError
from workflow_lib.files import atomic, looks_like
from workflow_lib.sequence import UNKNOWN, encode, lines

if TYPE_CHECKING:
    from pyfaidx import Fasta

log = logging.getLogger(__name__)

CENTRES = ("summit", "middle", "thick_start")
_NARROWPEAK_COLUMNS = 10
_BLOCK = 2**16  # bp of a chromosome that are read at once
_AT_ONCE = 20_000  # windows whose letters are held at once to count their %GC


def read_bed(path: str | os.PathLike, centre: str = "middle") -> pd.DataFrame:
    """Read a BED or narrowPeak file, plain or gzip.

    Parameters
    ----------
    path
        Three columns or more; comments, `track` and `browser` lines and empty ones are skipped.
    centre
        `middle` of the interval; `summit`: start + column 10 of a line of ten columns
        (narrowPeak), the middle where that is -1 or there are fewer or more columns;
        `thick_start`: column 7, where ReMap's BED files have the summit.

    Returns
    -------
    DataFrame
        chrom, start, end, centre (0-based position of a base), line (number in the file).

    Raises
    ------
    InputError
        No intervals, or a line that is not one of a BED file: its number, found, wanted.
    """
    chroms: list[str] = []
    known: dict[bytes, str] = {}
    numbers = array("q")
    for number, line in enumerate(lines(path), start=1):
        words = line.split(None, 1)
        if not words or words[0].startswith(b"#") or words[0] in (b"track", b"browser"):
            continue
        fields = line.split(b"\t", _NARROWPEAK_COLUMNS) if b"\t" in line else line.split()
        try:
            start, end = _interval(fields)
            numbers.extend((start, end, _centre(fields, start, end, centre), number))
        except InputError as error:
            raise InputError(f"{path}, line {number}{looks_like(path)}: {error}") from None
        chroms.append(known.setdefault(fields[0], fields[0].decode(errors="replace")))
    if not chroms:
        raise InputError(f"{path}: no intervals in it{looks_like(path)}; wanted lines of BED")
    columns = np.frombuffer(numbers, dtype=np.int64).reshape(-1, 4)
    table = pd.DataFrame(columns, columns=["start", "end", "centre", "line"])
    table.insert(0, "chrom", np.array(chroms, dtype=object))
    return table


def _interval(fields: list[bytes]) -> tuple[int, int]:
    try:
        start, end = int(fields[1]), int(fields[2])
    except (IndexError, ValueError):
        shown = b"\t".join(fields)[:60].decode(errors="replace")
        raise InputError(
            f"found {shown!r}, wanted chromosome, start and end, separated by tabs"
        ) from None
    if not 0 <= start < end:
        raise InputError(f"found start {start} and end {end}, wanted 0 <= start < end")
    return start, end


def _centre(fields: list[bytes], start: int, end: int, centre: str) -> int:
    """The base at the centre of a window."""
    if centre == "middle" or (centre == "summit" and len(fields) != _NARROWPEAK_COLUMNS):
        return (start + end) // 2
    column = 9 if centre == "summit" else 6
    try:
        value = int(fields[column])
        width = int(fields[7]) - value if centre == "thick_start" else 1
    except (IndexError, ValueError):
        found = repr(fields[column].decode(errors="replace")) if column < len(fields) else "nothing"
        raise InputError(
            f"found {found} in column {column + 1}, wanted the summit (option centre: {centre})"
        ) from None
    if centre == "summit" and value == -1:
        return (start + end) // 2
    point = start + value if centre == "summit" else value
    if not start <= point < end or width > 1:
        raise InputError(
            f"column {column + 1} is {value}, which is no summit within {start}-{end} "
            f"(option centre: {centre}); wanted one, or centre: middle"
        )
    return point


def resize(regions: pd.DataFrame, length: int) -> pd.DataFrame:
    """Windows of `length` bp around each region's `centre`; starts may be negative.

    The window starts `length // 2` bp before the centre: an odd length has as many bases on
    either side of it (paper, Methods: 201 bp from a summit extended by 100 bp each way).
    """
    start = regions["centre"] - length // 2
    return pd.DataFrame({"chrom": regions["chrom"], "start": start, "end": start + length})


def overlaps(regions: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """True for each region that shares a base with one of the others (n,)."""
    if regions.empty or others.empty:
        return np.zeros(len(regions), dtype=bool)
    import bioframe  # heavy: it brings matplotlib

    columns = ["chrom", "start", "end"]
    # Merged first, so that few pairs are listed however much the others overlap each other.
    merged = bioframe.merge(others[columns].reset_index(drop=True))[columns]
    asked = regions[columns].reset_index(drop=True)
    pairs = bioframe.overlap(asked, merged, how="inner", return_index=True)
    found = np.zeros(len(regions), dtype=bool)
    found[pairs["index"].to_numpy(dtype=np.int64)] = True
    return found


def known_chromosomes(
    regions: pd.DataFrame, sizes: Mapping[str, int], path: str | os.PathLike, genome: object
) -> np.ndarray:
    """True for each region on a chromosome of the genome (n,).

    Raises
    ------
    InputError
        Where none is, or where a region ends beyond its chromosome: signs of another assembly.
    """
    length = regions["chrom"].map(sizes)
    known = length.notna().to_numpy()
    if not known.any():
        here = ", ".join(map(str, regions["chrom"].unique()[:3]))
        raise InputError(
            f"{path}: none of its chromosomes ({here}, ...) is in {genome} "
            f"({', '.join(list(sizes)[:3])}, ...); wanted the same names in both"
        )
    beyond = np.flatnonzero((regions["end"] > length).to_numpy())
    if len(beyond):
        row = regions.iloc[beyond[0]]
        raise InputError(
            f"{path}, line {row['line']}: {row['chrom']}:{row['start']}-{row['end']} ends beyond "
            f"{row['chrom']} of {genome}, which is {sizes[row['chrom']]} bp long; is it of "
            "another assembly?"
        )
    return known


@contextmanager
def open_genome(path: str | os.PathLike) -> Iterator["Fasta"]:
    """Open a genome, FASTA plain or bgzip, by its index.

    Parameters
    ----------
    path
        The FASTA file. An index that is missing, or older than the file, is built and left
        beside it (`.fai`, for bgzip also `.gzi`), or used this once if it cannot be written there.

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

    endings = [".fai", ".gzi"] if _is_bgzip(path) else [".fai"]
    beside = [Path(f"{path}{ending}") for ending in endings]
    made = os.path.getmtime(path)
    fresh = all(index.is_file() and index.stat().st_mtime >= made for index in beside)
    with TemporaryDirectory() as folder:
        used = beside if fresh else [Path(folder) / f"genome{ending}" for ending in endings]
        names = dict(zip(("indexname", "gzi_indexname"), map(str, used)))
        try:
            genome = pyfaidx.Fasta(str(path), as_raw=True, **names)
        except (pyfaidx.FastaIndexingError, ValueError, OSError) as error:
            raise InputError(f"{path}: not a FASTA file{looks_like(path)}: {error}") from error
        with genome:
            for new, index in zip(used, beside) if not fresh else ():
                _save_index(new, index)
            yield genome


def _save_index(new: Path, index: Path) -> None:
    """Copy a new index to its place, atomically, as several jobs may do so at once."""
    try:
        with atomic(index) as temporary:
            shutil.copyfile(new, temporary)
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
        Letters that are not DNA, or an index that does not fit its file.
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
        except (InputError, IndexError, ValueError) as error:
            path = genome.faidx.filename
            raise InputError(
                f"{path}, {chrom}:{first}-{last}: {error}; if the file is whole, its index "
                f"does not fit: delete {path}.fai"
            ) from error
    return codes


def window_gc(genome: "Fasta", windows: pd.DataFrame) -> np.ndarray:
    """%GC of each window in whole percents, -1 where it holds an N: int (n,)."""
    percent = np.full(len(windows), -1, dtype=np.int64)
    order = np.lexsort([windows["start"], windows["chrom"]])
    for first in range(0, len(order), _AT_ONCE):
        rows = order[first : first + _AT_ONCE]
        codes = sequences(genome, windows.iloc[rows])
        known = (codes < UNKNOWN).all(axis=1)
        percent[rows[known]] = percent_gc(codes[known])
    return percent


def random_windows(
    sizes: Mapping[str, int], n: int, length: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw n windows; every one that fits on a chromosome is equally likely.

    Raises
    ------
    InputError
        No chromosome is that long.
    """
    room = np.array([max(size - length + 1, 0) for size in sizes.values()], dtype=np.int64)
    if not room.sum():
        raise InputError(f"no chromosome is {length} bp long; the longest is {max(sizes.values())}")
    ends = np.cumsum(room)
    place = rng.integers(ends[-1], size=n)
    which = np.searchsorted(ends, place, side="right")
    start = place - (ends - room)[which]
    chrom = np.array(list(sizes), dtype=object)[which]
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + length})
