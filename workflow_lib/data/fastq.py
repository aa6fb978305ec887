"""FASTQ files, read as a stream: only one record is in memory."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

from workflow_lib.errors import InputError
from workflow_lib.files import lines

# A `.` stands for an N in reads of old pipelines.
_DNA = b"ACGTNRYSWKMBDHVacgtnryswkmbdhv."

# Four lines; None where the file ended before.
_Record = tuple[bytes, bytes | None, bytes | None, bytes | None]


def read_fastq(path: str | os.PathLike) -> Iterator[tuple[bytes, bytes]]:
    """Read a FASTQ file, plain or gzip, one record at a time.

    Parameters
    ----------
    path
        The file: four lines a read (`@name`, sequence, `+`, quality), or, if the first line is one
        of letters of DNA, one read a line; blank lines may follow.

    Yields
    ------
    name, sequence
        The text after the '@', and the letters in upper case, `.` as N.

    Raises
    ------
    InputError
        No reads, another format, an incomplete record, a quality of another length than the
        sequence, letters that are not DNA, a damaged gzip file; it names file and line.
    """
    stream, number = lines(path), 0
    first = next(stream, b"")
    if first and not first.translate(None, _DNA):
        yield from _one_a_line(path, chain([first], stream))
        return
    stream = chain([first], stream)
    for record in zip_longest(stream, stream, stream, stream):
        head, sequence, plus, quality = record
        # One test for all faults: it runs for millions of records.
        if (
            head[:1] != b"@"
            or quality is None
            or plus[:1] != b"+"
            or len(quality) != len(sequence)
            or sequence.translate(None, _DNA)
        ):
            if number and not any(chain(record, stream)):
                return  # nothing but blank lines up to the end
            raise InputError(_fault(path, 4 * number + 1, record))
        number += 1
        yield head[1:], sequence.upper().replace(b".", b"N")


def _one_a_line(path: str | os.PathLike, stream: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Reads without names."""
    for number, line in enumerate(stream, start=1):
        sequence = line.strip()
        if sequence.translate(None, _DNA):
            raise InputError(
                f"{path}, line {number}: found {_shown(line)}, wanted one read a line, as in the "
                "first (FASTQ begins with '@')"
            )
        if sequence:
            yield b"", sequence.upper().replace(b".", b"N")


def _fault(path: str | os.PathLike, line: int, record: _Record) -> str:
    """What is wrong with the record that begins at this line."""
    head, sequence, plus, quality = record
    if head[:1] != b"@":
        return f"{path}, line {line}: found {_shown(head)}, wanted '@' and a read's name"
    if plus is not None and plus[:1] != b"+":
        return (
            f"{path}, line {line + 2}: found {_shown(plus)}, wanted '+' (FASTQ with four lines a "
            "read: @name, sequence, +, quality)"
        )
    if quality is None:
        present = sum(part is not None for part in record)
        return (
            f"{path}, line {line}: found {present} of the last read's four lines, wanted all; the "
            "file is truncated, download or write it again"
        )
    wrong = sequence.translate(None, _DNA)
    if wrong:
        column = sequence.index(wrong[:1]) + 1
        return (
            f"{path}, line {line + 1}, column {column}: found {_shown(wrong[:1])}, wanted a letter "
            "of DNA"
        )
    return (
        f"{path}, line {line + 3}: found a quality of {len(quality)} letters, wanted "
        f"{len(sequence)} as the sequence has; perhaps the file is truncated"
    )


def _shown(line: bytes) -> str:
    return repr(line[:30].decode(errors="replace"))


def read_lengths(paths: Iterable[str | os.PathLike]) -> Counter[int]:
    """How many reads of each length (bp) the files have."""
    return Counter(len(sequence) for path in paths for _, sequence in read_fastq(path))


def distinct_reads(
    paths: Iterable[str | os.PathLike], length: int, clip_left: int = 0, clip_right: int = 0
) -> tuple[dict[bytes, int], dict[str, int]]:
    """Read the sequences of FASTQ files, each once.

    Parameters
    ----------
    paths
        FASTQ files, read one after another.
    length
        Reads that have another length (bp) after clipping are left out.
    clip_left, clip_right
        Bases to take off the ends.

    Returns
    -------
    reads, dropped
        Sequence -> number of the read that had it first (from 1, through all files); how many
        reads were left out as `length` and as `repeat`.
    """
    reads: dict[bytes, int] = {}
    number = of_other_length = 0
    for path in paths:
        for _, sequence in read_fastq(path):
            number += 1
            clipped = sequence[clip_left : max(len(sequence) - clip_right, 0)]
            if len(clipped) != length:
                of_other_length += 1
            else:
                reads.setdefault(clipped, number)
    repeats = number - of_other_length - len(reads)
    return reads, {"length": of_other_length, "repeat": repeats}
