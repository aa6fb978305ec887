"""Regions of a genome: BED files, windows around them, and overlaps.

A set of regions is a table with the columns `chrom`, `start` and `end` (0-based, half-open, as in
BED files).
"""

import logging
import os
import re
from array import array
from collections.abc import Mapping

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.files import lines
from workflow_lib.sequence import centre_offset

log = logging.getLogger(__name__)

CENTRES = ("summit", "middle", "thick_start")
# A larger share of regions beyond their chromosome's end is a sign of another assembly.
MOST_BEYOND = 0.02
_REGION = re.compile(r"(?:\S*::)?([^\s:]+):(\d+)-(\d+)(?:\(([+.-])\))?$")
_NARROWPEAK_COLUMNS, _BED12_COLUMNS = 10, 12
_STRANDS, _NOTHING = (b"+", b"-", b".", b"*"), (b"", b".", b"NA", b"NaN", b"nan")


def read_bed(path: str | os.PathLike, centre: str = "middle") -> pd.DataFrame:
    """Read a BED or narrowPeak file, plain or gzip.

    Parameters
    ----------
    path
        Three columns or more; comments, `track` and `browser` lines and empty ones are skipped.
    centre
        `middle` of the interval; `summit`: start + column 10 of a line of narrowPeak, whatever
        columns follow (IDR, bedtools intersect), the middle where that is -1 or of other lines;
        `thick_start`: column 7, where ReMap's BED files have the summit.

    Returns
    -------
    DataFrame
        chrom, start, end, centre (0-based position of a base), summit (whether the centre is one
        that the file gives), line (number in the file).

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
        fields = line.rstrip().split(b"\t", _BED12_COLUMNS) if b"\t" in line else line.split()
        try:
            start, end = _interval(fields)
            point = _summit(fields, start, end, centre)
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        summit = point is not None
        numbers.extend((start, end, point if summit else (start + end) // 2, summit, number))
        chroms.append(known.setdefault(fields[0], fields[0].decode(errors="replace")))
    if not chroms:
        raise InputError(f"{path}: no intervals in it; wanted lines of BED")
    columns = np.frombuffer(numbers, dtype=np.int64).reshape(-1, 5)
    table = pd.DataFrame(columns, columns=["start", "end", "centre", "summit", "line"])
    table.insert(0, "chrom", np.array(chroms, dtype=object))
    return table.astype({"summit": bool})


def _interval(fields: list[bytes]) -> tuple[int, int]:
    try:
        start, end = int(fields[1]), int(fields[2])
    except (IndexError, ValueError):
        shown = b"\t".join(fields)[:60].decode(errors="replace")
        raise InputError(
            f"found {shown!r}, wanted chromosome, start and end, separated by tabs"
        ) from None
    if start > end:
        raise InputError(f"found start {start} and end {end}, wanted start <= end")
    return start, end


def _summit(fields: list[bytes], start: int, end: int, centre: str) -> int | None:
    """The summit that a line gives; None where it gives none or the middle is asked for."""
    if centre == "middle" or (centre == "summit" and not _is_narrow_peak(fields)):
        return None
    column = 9 if centre == "summit" else 6
    if centre == "summit" and fields[column] in _NOTHING:
        return None
    try:
        value = int(fields[column].removesuffix(b".0"))
        width = int(fields[7]) - value if centre == "thick_start" else 1
    except (IndexError, ValueError):
        found = repr(fields[column].decode(errors="replace")) if column < len(fields) else "nothing"
        raise InputError(
            f"found {found} in column {column + 1}, wanted the summit (option centre: {centre})"
        ) from None
    if centre == "summit" and value == -1:
        return None
    point = start + value if centre == "summit" else value
    if not start <= point < end or width > 1:
        raise InputError(
            f"column {column + 1} is {value}, which is no summit within {start}-{end} "
            f"(option centre: {centre}); wanted one, or centre: middle"
        )
    return point


def _is_narrow_peak(fields: list[bytes]) -> bool:
    """Whether a line begins with the ten columns of narrowPeak.

    Then column 6 is a strand and 7 to 9 are numbers; BED12, which fits that too, lists its blocks
    in columns 11 and 12. What follows column 10 does not matter.
    """
    if len(fields) < _NARROWPEAK_COLUMNS or fields[5] not in _STRANDS:
        return False
    if not all(field in _NOTHING or _is_number(field) for field in fields[6:9]):
        return False
    lists = fields[10:_BED12_COLUMNS]
    blocks = [str(field.rstrip(b",").count(b",") + 1).encode() for field in lists]
    return not (len(lists) == 2 and blocks == [fields[9]] * 2 and _whole(lists))


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _whole(lists: list[bytes]) -> bool:
    """Whether these are lists of whole numbers with commas."""
    return all(part.isdigit() for each in lists for part in each.rstrip(b",").split(b","))


def resize(regions: pd.DataFrame, length: int) -> pd.DataFrame:
    """Windows of `length` bp around each region's `centre`; starts may be negative.

    The window starts `length // 2` bp before the centre: an odd length has as many bases on
    either side of it (paper, Methods: 201 bp from a summit extended by 100 bp each way).
    """
    start = regions["centre"] - length // 2
    return pd.DataFrame({"chrom": regions["chrom"], "start": start, "end": start + length})


def parse_region(text: str) -> tuple[str, int, int, str] | None:
    """chrom, start, end and strand of `chr1:100-300`, `chr1:100-300(+)`, `name::chr1:100-300`.

    The forms of bedtools and samtools; None for another text. Without a strand it is `.`.
    """
    found = _REGION.match(text.strip().replace(",", ""))
    return found and (found[1], int(found[2]), int(found[3]), found[4] or ".")


def fit_regions(obs: pd.DataFrame, sizes: np.ndarray, length: int, name: str) -> pd.DataFrame:
    """Regions of sequences that were cut around their centre or filled up to one length.

    Parameters
    ----------
    obs
        `start` and `end` as given, 0-based and half-open, or all of them counted from 1 with the
        end included; and, where known, `strand`: on `-` a sequence is the reverse complement.
    sizes
        Lengths of the sequences before (n,).
    length
        Their length now.
    name
        The file, for messages.

    Returns
    -------
    DataFrame
        The same, 0-based and half-open, each as long as `length`.

    Raises
    ------
    InputError
        A region that is not as long as its sequence.
    """
    width = (obs["end"] - obs["start"]).to_numpy()
    from_one = len(obs) and (width + 1 == sizes).all()
    wrong = np.flatnonzero(width + from_one != sizes)
    if len(wrong):
        i = int(wrong[0])
        row = obs.iloc[i]
        raise InputError(
            f"{name}: found the region {row.get('chrom', '')}:{row['start']}-{row['end']} of a "
            f"sequence of {sizes[i]} bp; wanted one that is as long as its sequence (0-based, "
            "half-open), or no start and end"
        )
    offset = centre_offset(sizes, length)
    if "strand" in obs:
        offset = np.where(obs["strand"] == "-", sizes - length - offset, offset)
    start = obs["start"].to_numpy() - from_one + offset
    return obs.assign(start=start, end=start + length)


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


def place_on(
    regions: pd.DataFrame, sizes: Mapping[str, int], path: str | os.PathLike, genome: object
) -> tuple[np.ndarray, np.ndarray]:
    """Which regions lie on a chromosome of the genome, and which of these lie within it.

    Programs that extend reads beyond their ends leave a few peaks beyond either end.

    Returns
    -------
    known, within
        bool (n,) each.

    Raises
    ------
    InputError
        Where none lies on a known chromosome, or several and more than MOST_BEYOND of them reach
        beyond theirs: signs of another assembly.
    """
    length = regions["chrom"].map(sizes)
    known = length.notna().to_numpy()
    if not known.any():
        here = ", ".join(map(str, regions["chrom"].unique()[:3]))
        raise InputError(
            f"{path}: none of its chromosomes ({here}, ...) is in {genome} "
            f"({', '.join(list(sizes)[:3])}, ...); wanted the same names in both"
        )
    within = known & ((regions["end"] <= length) & (regions["start"] >= 0)).to_numpy()
    beyond = np.flatnonzero(known & ~within)
    if len(beyond):
        row = regions.iloc[beyond[0]]
        found = (
            f"{path}: {len(beyond)} of {known.sum()} regions reach beyond their chromosome in "
            f"{genome}, the first in line {row['line']}: {row['chrom']}:{row['start']}-"
            f"{row['end']}, where {row['chrom']} is {sizes[row['chrom']]} bp long"
        )
        if 1 < len(beyond) > MOST_BEYOND * known.sum():
            raise InputError(f"{found}; wanted regions of the same assembly")
        log.warning("%s; extended reads leave a few such, another assembly many", found)
    return known, within


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
