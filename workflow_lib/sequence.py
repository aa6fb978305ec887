"""DNA as integer codes; the order ACGT is defined here and nowhere else.

A set of sequences is a uint8 array (n, length) of codes: A = 0, C = 1, G = 2, T = 3, anything
unknown (N) = 4. One-hot arrays (n, 4, length) are made per batch (`workflow_lib.one_hot`) and never
stored.
"""

import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from workflow_lib.errors import InputError

ALPHABET = "ACGT"
UNKNOWN = 4
# The code of each base's complement; N stays N.
COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def _lookup_table() -> np.ndarray:
    """Byte value -> code; 255 for letters that are not DNA. IUPAC ambiguity codes become N."""
    table = np.full(256, 255, dtype=np.uint8)
    for code, letter in enumerate(ALPHABET):
        table[[ord(letter), ord(letter.lower())]] = code
    for letter in "NRYSWKMBDHV":
        table[[ord(letter), ord(letter.lower())]] = UNKNOWN
    return table


_CODE_OF = _lookup_table()


def encode(sequences: Sequence[str | bytes], names: Sequence[str] | None = None) -> np.ndarray:
    """Turn sequences of one length into codes.

    Parameters
    ----------
    sequences
        n strings over ACGTN and the IUPAC ambiguity letters, upper or lower case.
    names
        Their names in messages; by default their numbers, from 1.

    Returns
    -------
    ndarray
        uint8 codes (n, length).

    Raises
    ------
    InputError
        Where lengths differ or a letter is not DNA.
    """
    if len(sequences) == 0:
        return np.empty((0, 0), dtype=np.uint8)
    raw = [s.encode() if isinstance(s, str) else s for s in sequences]
    length = len(raw[0])
    for i, s in enumerate(raw):
        if len(s) != length:
            raise InputError(
                f"sequence {_called(names, i)} is {len(s)} bp long, the first one {length} bp; "
                "one length is wanted"
            )
    codes = _CODE_OF[np.frombuffer(b"".join(raw), dtype=np.uint8)].reshape(len(raw), length)
    wrong = np.argwhere(codes == 255)
    if len(wrong):
        i, j = (int(v) for v in wrong[0])
        raise InputError(
            f"sequence {_called(names, i)} has {chr(raw[i][j])!r} at position {j + 1}; "
            f"only the letters of DNA (ACGT, N and IUPAC codes) are wanted"
        )
    return codes


def _called(names: Sequence[str] | None, i: int) -> str:
    return str(i + 1) if names is None else repr(names[i])


def encode_all(
    ids: Sequence[str], sequences: Sequence[str | bytes], length: int | None, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Encode sequences that may differ in length.

    Parameters
    ----------
    ids, sequences
        n names and strings.
    length
        Sequences of another length are left out; None: all must have the same length.
    name
        The file or source, for messages.

    Returns
    -------
    codes, kept
        uint8 (kept, length) and a bool mask (n,) of the sequences that were kept.

    Raises
    ------
    InputError
        Mixed lengths where no length was given, letters that are not DNA, nothing of that length.
    """
    lengths = np.fromiter((len(s) for s in sequences), dtype=np.int64, count=len(sequences))
    if length is None and len(lengths) and (lengths != lengths[0]).any():
        other = int(np.argmax(lengths != lengths[0]))
        raise InputError(
            f"{name}: {ids[0]!r} is {lengths[0]} bp long but {ids[other]!r} {lengths[other]} bp; "
            "one length is wanted (the option `length` keeps one and drops the others)"
        )
    kept = np.ones(len(lengths), dtype=bool) if length is None else lengths == length
    if not kept.any():
        raise InputError(
            f"{name}: no sequence of {length} bp; they have {lengths.min()} to {lengths.max()} bp"
            if len(lengths)
            else f"{name}: no sequences in it"
        )
    chosen = np.flatnonzero(kept)
    try:
        return encode([sequences[i] for i in chosen], [ids[i] for i in chosen]), kept
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def decode(codes: np.ndarray) -> list[str]:
    """Turn codes (n, length) back into strings over ACGTN."""
    letters = np.frombuffer(f"{ALPHABET}N".encode(), dtype="S1")[codes]
    return [row.tobytes().decode() for row in letters]


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Reverse complement of codes (..., length)."""
    return COMPLEMENT[codes[..., ::-1]]


def open_binary(path: str | os.PathLike) -> BinaryIO:
    """Open a file for reading bytes; gzip is recognised by its first two bytes, not its name."""
    with open(path, "rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else open(path, "rb")


def lines(path: str | os.PathLike) -> Iterator[bytes]:
    """Lines of a text file (plain or gzip) without their line ends.

    Raises
    ------
    InputError
        Where a gzip file is truncated or damaged.
    """
    try:
        with open_binary(path) as handle:
            for line in handle:
                yield line.rstrip(b"\r\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the gzip file is truncated or damaged ({error}); download or write it again"
        ) from error


def read_fasta(path: str | os.PathLike) -> tuple[list[str], list[bytes]]:
    """Read a FASTA file, plain or gzip.

    Parameters
    ----------
    path
        The file. Ids are the text between '>' and the first white space. A sequence may span lines.

    Returns
    -------
    ids, sequences
        Two lists of the same length, in the file's order; letters as in the file.

    Raises
    ------
    InputError
        Empty file, text before the first '>', missing or duplicate ids, an id without a sequence,
        letters that are not DNA; it names file and line.
    """
    ids: list[str] = []
    sequences: list[bytes] = []
    parts: list[bytes] = []
    seen: set[str] = set()
    for number, line in enumerate(lines(path), start=1):
        if line.startswith(b">"):
            _close_record(path, ids, parts, sequences)
            ids.append(_record_id(path, number, line, seen))
        elif line.strip():
            if not ids:
                shown = line[:30].decode(errors="replace")
                raise InputError(f"{path}, line {number}: found {shown!r}, wanted '>' and an id")
            _check_letters(path, number, line.strip())
            parts.append(line.strip())
    if not ids:
        raise InputError(f"{path}: no sequences in it; wanted FASTA ('>id', then the sequence)")
    _close_record(path, ids, parts, sequences)
    return ids, sequences


def _record_id(path: str | os.PathLike, number: int, line: bytes, seen: set[str]) -> str:
    words = line[1:].split()
    if not words:
        raise InputError(f"{path}, line {number}: a '>' without an id; every sequence needs one")
    name = words[0].decode(errors="replace")
    if name in seen:
        raise InputError(f"{path}, line {number}: id {name!r} occurs twice; ids must be unique")
    seen.add(name)
    return name


def _close_record(
    path: str | os.PathLike, ids: list[str], parts: list[bytes], sequences: list[bytes]
) -> None:
    if ids:
        if not parts:
            raise InputError(f"{path}: {ids[-1]!r} has an id but no sequence")
        sequences.append(b"".join(parts))
        parts.clear()


def _check_letters(path: str | os.PathLike, number: int, line: bytes) -> None:
    codes = _CODE_OF[np.frombuffer(line, dtype=np.uint8)]
    if (codes == 255).any():
        place = int(np.argmax(codes == 255))
        letter = line[place : place + 1].decode(errors="replace")
        raise InputError(
            f"{path}, line {number}, column {place + 1}: found {letter!r}, wanted a letter of DNA"
        )


def gc_content(codes: np.ndarray) -> np.ndarray:
    """Fraction of G and C among the known bases of each sequence (n, length) -> (n,)."""
    known = (codes < UNKNOWN).sum(axis=1)
    return ((codes == 1) | (codes == 2)).sum(axis=1) / np.maximum(known, 1)
