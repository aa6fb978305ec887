"""DNA as integer codes; the order ACGT is defined here and nowhere else.

A set of sequences is a uint8 array (n, length) of codes: A = 0, C = 1, G = 2, T = 3, anything
unknown (N) = 4. One-hot arrays (n, 4, length) are made per batch (`workflow_lib.one_hot`) and never
stored.
"""

import os
from collections.abc import Sequence

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.files import lines

ALPHABET = "ACGT"
UNKNOWN = 4
# What becomes of sequences of another length.
FITS = ("drop", "centre")
_AT_ONCE = 2**16  # sequences
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
    ids: Sequence[str],
    sequences: Sequence[str | bytes],
    length: int | None,
    name: str,
    fit: str = "drop",
) -> tuple[np.ndarray, np.ndarray]:
    """Encode sequences that may differ in length.

    Parameters
    ----------
    ids, sequences
        n names and strings.
    length
        The length (bp) that is wanted; None: all must have the same one.
    name
        The file or source, for messages.
    fit
        Sequences of another length are left out (`drop`), or, if longer, cut around their centre
        and, if shorter, filled up with N on both sides (`centre`).

    Returns
    -------
    codes, kept
        uint8 (kept, length) and a bool mask (n,) of the sequences that were kept.

    Raises
    ------
    InputError
        Mixed lengths where no length was given, letters that are not DNA, nothing of that length.
    """
    if fit not in FITS or (fit == "centre" and length is None):
        raise InputError(
            f"{name}: found fit: {fit} and length: {length}; wanted fit: {' or '.join(FITS)}, and "
            "a length for centre"
        )
    lengths = np.fromiter((len(s) for s in sequences), dtype=np.int64, count=len(sequences))
    if length is None and len(lengths) and (lengths != lengths[0]).any():
        other = int(np.argmax(lengths != lengths[0]))
        raise InputError(
            f"{name}: {ids[0]!r} is {lengths[0]} bp long but {ids[other]!r} {lengths[other]} bp; "
            "one length is wanted (the option `length` keeps one and drops the others; with "
            "`fit: centre` it cuts longer ones and fills up shorter ones with N)"
        )
    if fit == "centre":
        sequences = [centred(s, length) for s in sequences]
        lengths[:] = length
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


def centre_offset(size: int | np.ndarray, length: int) -> int | np.ndarray:
    """Where a window of `length` around the centre of `size` bases begins; negative if longer."""
    return (size - length) // 2


def centred(sequence: str | bytes, length: int) -> str | bytes:
    """A sequence cut around its centre, or filled up with N on both sides, to a length."""
    start = centre_offset(len(sequence), length)
    if start >= 0:
        return sequence[start : start + length]
    unknown = "N" if isinstance(sequence, str) else b"N"
    return unknown * -start + sequence + unknown * (length - len(sequence) + start)


def decode(codes: np.ndarray) -> list[str]:
    """Turn codes (n, length) back into strings over ACGTN."""
    letters = np.frombuffer(f"{ALPHABET}N".encode(), dtype="S1")[codes]
    return [row.tobytes().decode() for row in letters]


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Reverse complement of codes (..., length)."""
    return COMPLEMENT[codes[..., ::-1]]


def read_fasta(path: str | os.PathLike) -> tuple[list[str], list[bytes]]:
    """Read a FASTA file, plain or gzip.

    Parameters
    ----------
    path
        The file. Ids are the text between '>' and the first white space; where that is not unique,
        the whole line with `_` for white space. A sequence may span lines.

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
    titles: list[str] = []
    numbers: list[int] = []
    sequences: list[bytes] = []
    parts: list[bytes] = []
    for number, line in enumerate(lines(path), start=1):
        if line.startswith(b">"):
            _close_record(path, titles, parts, sequences)
            words = line[1:].decode(errors="replace").split()
            if not words:
                raise InputError(f"{path}, line {number}: a '>' without an id; wanted one for each")
            titles.append(" ".join(words))
            numbers.append(number)
        elif line.strip():
            if not titles:
                shown = line[:30].decode(errors="replace")
                raise InputError(f"{path}, line {number}: found {shown!r}, wanted '>' and an id")
            _check_letters(path, number, line.strip())
            parts.append(line.strip())
    if not titles:
        raise InputError(f"{path}: no sequences in it; wanted FASTA ('>id', then the sequence)")
    _close_record(path, titles, parts, sequences)
    return _ids(path, titles, numbers), sequences


def _ids(path: str | os.PathLike, titles: list[str], numbers: list[int]) -> list[str]:
    """First words of the titles, or the whole ones where only they are unique."""
    ids = [title.partition(" ")[0] for title in titles]
    if len(set(ids)) == len(ids):
        return ids
    whole = [title.replace(" ", "_") for title in titles]
    seen: set[str] = set()
    for name, number in zip(whole, numbers, strict=True):
        if name in seen:
            raise InputError(f"{path}, line {number}: id {name!r} occurs twice; ids must be unique")
        seen.add(name)
    return whole


def _close_record(
    path: str | os.PathLike, titles: list[str], parts: list[bytes], sequences: list[bytes]
) -> None:
    if titles:
        if not parts:
            name = titles[-1].partition(" ")[0]
            raise InputError(f"{path}: {name!r} has an id but no sequence")
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


def few_unknown(codes: np.ndarray, most: float = 0.0) -> np.ndarray:
    """True for each sequence (n, length) of whose bases at most this share is unknown (n,)."""
    few = np.empty(len(codes), dtype=bool)
    for start in range(0, len(codes), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        few[part] = (codes[part] >= UNKNOWN).mean(axis=1) <= most
    return few
