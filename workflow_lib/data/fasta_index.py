"""The indexes of a genome, `.fai` and for bgzip `.gzi`: made, and held against the file's content.

A file's time says nothing: `tar`, `rsync -t`, `cp -p` and `mv` put another genome in its place with
an old time, beside the index of the former one.
"""

import codecs
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from workflow_lib.errors import InputError
from workflow_lib.files import open_binary, whole_gzip

_HEADER = 1024  # bytes that are read to find a record's name
_BLANK = b"\r\n\t "
_LINES = 16  # of a record that are looked up
# A block's own header in a bgzip file (SAM specification, section 4.1).
_BGZIP = b"\x1f\x8b\x08\x04"
_BLOCK_HEADER = 18

Read = Callable[[int, int], bytes]
Starts = list[tuple[int, int]]


class Record(NamedTuple):
    """A line of a `.fai`: name, bases, offset of the first, bases and bytes of a full line."""

    name: str
    length: int
    offset: int
    bases: int
    width: int


def make_fai(path: str | os.PathLike) -> str:
    """The `.fai` of a FASTA file, plain or bgzip. Blank lines at the end of a record are allowed.

    Raises
    ------
    InputError
        Text before the first '>', a record without a name or with that of another, lines of
        different lengths within a record: its line.
    """
    found = ["\t".join(map(str, record)) + "\n" for record in _records(path)]
    if not found:
        raise InputError(f"{path}: not a FASTA file: no '>' in it")
    return "".join(found)


def _records(path: str | os.PathLike) -> Iterator[Record]:
    names: set[str] = set()
    name, start, length, bases, width, short = None, 0, 0, 0, 0, 0
    position = 0
    with whole_gzip(path), open_binary(path) as handle:
        for number, line in enumerate(handle, start=1):
            position += len(line)
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if line[:1] != b">" and name is not None:
                letters = len(line.rstrip(b"\r\n"))
                # The last line of a record may be shorter, and blank ones may follow it.
                if short and letters:
                    raise _uneven(path, short, number)
                bases, width = bases or letters, width or len(line)
                if letters < bases or len(line) != width:
                    short = short or number
                if letters > bases:
                    raise _uneven(path, number - 1, number)
                length += letters
                continue
            if not line.strip():
                continue
            if name is not None:
                yield Record(name, length, start, bases, width)
            words = line[1:].split()
            if line[:1] != b">" or not words:
                shown = line[:30].decode(errors="replace")
                raise InputError(
                    f"{path}, line {number}: not a FASTA file: found {shown!r}, wanted '>' and a "
                    "name"
                )
            name = words[0].decode(errors="replace")
            if name in names:
                raise InputError(f"{path}, line {number}: {name!r} occurs twice; wanted each once")
            names.add(name)
            start, length, bases, width, short = position, 0, 0, 0, 0
    if name is not None:
        yield Record(name, length, start, bases, width)


def _uneven(path: str | os.PathLike, short: int, number: int) -> InputError:
    return InputError(
        f"{path}, line {number}: it follows a line of another length (line {short}); wanted lines "
        "of one length within a chromosome, but for the last (seqkit seq -w 60 writes such a file)"
    )


def make_gzi(starts: Starts) -> bytes:
    """The `.gzi` of a bgzip file: the starts of all blocks but the first."""
    rest = starts[1:]
    return struct.pack("<Q", len(rest)) + b"".join(struct.pack("<QQ", *s) for s in rest)


def block_starts(path: str | os.PathLike) -> Starts:
    """Where the blocks of a bgzip file begin, packed and unpacked; only their headers are read.

    Raises
    ------
    InputError
        Something else than blocks, or no mark of the end.
    """
    packed = unpacked = 0
    starts, content = [], -1
    with open(path, "rb") as handle:
        while head := handle.read(_BLOCK_HEADER):
            if not head.startswith(_BGZIP) or len(head) < _BLOCK_HEADER:
                raise InputError(
                    f"{path}, byte {packed}: found no block of bgzip; the file is truncated or "
                    "damaged, download or write it again"
                )
            size = struct.unpack_from("<H", head, 16)[0] + 1
            handle.seek(packed + size - 4)
            (content,) = struct.unpack("<I", handle.read(4).ljust(4, b"\0"))
            if content:  # the end is marked by a block without content
                starts.append((packed, unpacked))
            packed, unpacked = packed + size, unpacked + content
    if content:
        raise InputError(f"{path}: the end of a bgzip file is missing; download or write it again")
    return starts


def reader(path: str | os.PathLike, starts: Starts | None = None) -> Read:
    """A function that reads so many unpacked bytes from a place in a file.

    `starts`: the blocks of a bgzip file.
    """

    def plain(start: int, n: int) -> bytes:
        with open(path, "rb") as handle:
            handle.seek(start)
            return handle.read(n)

    if starts is None:
        return plain
    begins = [unpacked for _, unpacked in starts]

    @lru_cache(maxsize=2)  # records follow each other: most lie in the last block
    def block(number: int) -> bytes:
        with open(path, "rb") as handle:
            handle.seek(starts[number][0])
            # A block is at most 64 kb, packed too.
            return zlib.decompressobj(wbits=31).decompress(handle.read(2**16))

    def unpacked(start: int, n: int) -> bytes:
        number = max(bisect_right(begins, start) - 1, 0)
        pieces, missing = [], n
        while missing > 0 and number < len(starts):
            piece = block(number)[max(start - begins[number], 0) :][:missing]
            pieces.append(piece)
            missing, number = missing - len(piece), number + 1
        return b"".join(pieces)

    return unpacked


def fits(fai: str, read: Read) -> bool:
    """Whether a `.fai` is that of a file: each record is looked up where it should begin and end.

    Parameters
    ----------
    fai
        Content of the index.
    read
        See `reader`.
    """
    try:
        rows = [line.split("\t") for line in fai.splitlines()]
        records = [Record(row[0], *map(int, row[1:5])) for row in rows]
    except (TypeError, ValueError):
        return False
    end = 0
    for record in records:
        name, begins = _next_record(end, read)
        ends = _end_of(record)
        if (name, begins) != (record.name, record.offset) or ends is None:
            return False
        end = ends
        if not record.length:
            continue
        line = min(record.length, record.bases)
        first, last = read(begins, line + 1), read(max(ends - 1, begins), 2)
        if first[line:].strip() or len(first.split()) > 1:
            return False
        if not last[:1].strip() or last[1:].strip():
            return False
        if not _lines_end(record, read):
            return False
    return bool(records) and _next_record(end, read)[0] is None


def _lines_end(record: Record, read: Read) -> bool:
    """Whether some lines within a record end where the index says."""
    full_lines, gap = (record.length - 1) // record.bases, record.width - record.bases
    for number in range(0, full_lines, max(full_lines // _LINES, 1)):
        end = record.offset + number * record.width + record.bases
        text = read(end - 1, gap + 2)
        if text[1:-1].strip() or not text[:1].strip() or not text[-1:].strip():
            return False
    return True


def _end_of(record: Record) -> int | None:
    """The byte after the last base."""
    if not record.length:
        return record.offset
    if record.bases < 1 or record.width < record.bases:
        return None
    full_lines = (record.length - 1) // record.bases
    return record.offset + record.length + full_lines * (record.width - record.bases)


def _next_record(start: int, read: Read) -> tuple[str | None, int]:
    """Name and first byte of the next record, with only blank lines before it; None at the end."""
    size = _HEADER
    while True:
        text = read(start, size)
        head = text.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
        if b"\n" in head or len(text) < size:
            break
        size *= 4
    if not head:
        return None, start
    line = head.partition(b"\n")[0] + b"\n"
    words = line[1:].split()
    if not line.startswith(b">") or not words:
        return "", start
    return words[0].decode(errors="replace"), start + len(text) - len(head) + len(line)


def read_index(path: Path) -> str:
    """Content of an index that may be missing or broken: then ''."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
