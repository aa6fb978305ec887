"""Motifs: probability matrices and the MEME format.

A motif's matrix is (4, width), rows in the order ACGT, columns summing to 1. This module reads,
writes and describes them; `workflow_lib.motifs` compares them and reads databases.
"""

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.files import atomic, lines
from workflow_lib.sequence import ALPHABET

# How far from 1 a row may sum, as in the MEME suite (numbers of two decimals); it is divided by its
# sum unless that is 1 up to rounding to six decimals, as files are written here.
_SUM_TOLERANCE, _ROUNDING = 0.1, 1e-5
_ALPHABETS = {"ACGU": "RNA", "ACDEFGHIKLMNPQRSTVWY": "protein"}
# What MEME adds to a title, `MOTIF 1 width = 15 sites = 18 ...`, is no part of the name.
_TITLE_VALUES = re.compile(r"(?:^|\s)w(?:idth)?\s*=\s*\d.*", re.IGNORECASE)
# A line of a MEME file with its number, counted from 1.
_Line = tuple[int, str]


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif.

    Attributes
    ----------
    id
        Its identifier in a file, without white space (`unit3`, `MA0139.1`).
    name
        Its readable name (`CTCF`); may be empty.
    probabilities
        Float (4, width), rows ACGT.
    n_sites
        How many sites it was made from; None if unknown.
    """

    id: str
    name: str
    probabilities: np.ndarray
    n_sites: int | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.probabilities.shape[1]


def unique_ids(names: Iterable[str]) -> list[str]:
    """Names as ids of motifs: `_` for white space, and a number after one that was there before.

    So targets that differ in white space only, `T cell` and `T_cell`, stay apart.
    """
    names = ["_".join(str(name).split()) for name in names]
    ids: list[str] = []
    for name in names:
        n, one = 2, name
        while one in ids or (one != name and one in names):
            one, n = f"{name}_{n}", n + 1
        ids.append(one)
    return ids


def information(
    probabilities: np.ndarray, background: float | Sequence[float] = 0.25
) -> np.ndarray:
    """Information content of each column in bits: relative entropy to the background.

    Parameters
    ----------
    probabilities
        (4, width). A column of zeros (a unit without sites) has no information.
    background
        One probability for all letters, or four.

    Returns
    -------
    ndarray
        (width,), between 0 and 2 for a background of .25.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    expected = np.broadcast_to(np.asarray(background, dtype=float), 4)[:, None]
    ratio = np.where(probabilities > 0, probabilities, expected) / expected
    # Zero up to rounding is zero: no "-0.0" in tables.
    return np.maximum((probabilities * np.log2(ratio)).sum(axis=0), 0.0)


def consensus(probabilities: np.ndarray) -> str:
    """The most probable letter per column; lower case below one half, `n` where all are equal."""
    probabilities = np.asarray(probabilities, dtype=float)
    letters = []
    for column in probabilities.T:
        best = int(column.argmax())
        letter = ALPHABET[best] if column[best] >= 0.5 else ALPHABET[best].lower()
        letters.append("n" if np.ptp(column) < 1e-9 else letter)
    return "".join(letters)


def reverse_complement(motif: Motif) -> Motif:
    """The same motif on the other strand (in the order ACGT: both axes reversed)."""
    return replace(motif, probabilities=motif.probabilities[::-1, ::-1])


def trim(motif: Motif, threshold: float = 0.25) -> Motif:
    """Cut flanking columns below `threshold` bits; at least the best column stays."""
    bits = information(motif.probabilities)
    kept = np.flatnonzero(bits >= min(threshold, bits.max()))
    return replace(motif, probabilities=motif.probabilities[:, kept[0] : kept[-1] + 1])


def write_meme(
    path: str | os.PathLike,
    motifs: Iterable[Motif],
    background: float | Sequence[float] = 0.25,
) -> None:
    """Write motifs in minimal MEME format (https://meme-suite.org/meme/doc/meme-format.html).

    A column of zeros, which no motif file can hold, is written as the background. White space in
    names becomes `_`.

    Raises
    ------
    InputError
        Ids that are empty, hold white space or occur twice.
    """
    expected = np.broadcast_to(np.asarray(background, dtype=float), 4)
    shown = " ".join(f"{letter} {value:g}" for letter, value in zip(ALPHABET, expected))
    parts = [
        f"MEME version 4\n\nALPHABET= {ALPHABET}\n\nstrands: + -\n\n"
        f"Background letter frequencies\n{shown}\n"
    ]
    seen: set[str] = set()
    for motif in motifs:
        if motif.id in seen or motif.id.split() != [motif.id]:
            raise InputError(
                f"{path}: motif id {motif.id!r}; wanted unique ids without white space"
            )
        seen.add(motif.id)
        parts.append(_meme_block(motif, expected))
    with atomic(path) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")


def _meme_block(motif: Motif, background: np.ndarray) -> str:
    rows = np.asarray(motif.probabilities, dtype=float).T
    rows = np.where(rows.sum(axis=1, keepdims=True) > 0, rows, background)
    sites = "" if motif.n_sites is None else f" nsites= {motif.n_sites}"
    title = f"MOTIF {motif.id} {'_'.join(motif.name.split())}".rstrip()
    head = f"letter-probability matrix: alength= 4 w= {len(rows)}{sites} E= 0"
    body = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows)
    return f"{title}\n{head}\n{body}\n"


def read_meme(path: str | os.PathLike) -> list[Motif]:
    """Read the motifs of a MEME file (minimal or full text format, plain or gzip).

    Returns
    -------
    list of Motif
        In the file's order; rows that sum to 1 only roughly are divided by their sum. Empty if
        there is a header but no motif. `n_sites` is None where the file does not say.

    Raises
    ------
    InputError
        No `MEME version` line, another alphabet, a motif without a matrix or with two, rows that
        are not four numbers from 0 to 1 summing to 1, another number of rows than declared,
        duplicate ids; it names file and line.
    """
    numbered = [(i, raw.decode(errors="replace").strip()) for i, raw in enumerate(lines(path), 1)]
    starts = [i for i, (_, text) in enumerate(numbered) if text.split()[:1] == ["MOTIF"]]
    _check_header(path, numbered[: starts[0]] if starts else numbered)
    motifs: list[Motif] = []
    line_of: dict[str, int] = {}
    for start, end in zip(starts, [*starts[1:], len(numbered)]):
        motif, number = _parse_motif(path, numbered[start:end]), numbered[start][0]
        if motif.id in line_of:
            raise InputError(
                f"{path}, line {number}: motif id {motif.id!r} was already used in line "
                f"{line_of[motif.id]}; ids must be unique"
            )
        line_of[motif.id] = number
        motifs.append(motif)
    return motifs


def _check_header(path: str | os.PathLike, header: Sequence[_Line]) -> None:
    if not any(re.match(r"MEME\s+version\s", text, re.IGNORECASE) for _, text in header):
        first = next((text for _, text in header if text), "")
        found = f"found {first[:40]!r}" if first else "nothing before the first motif"
        raise InputError(f"{path}: {found}, wanted a MEME file that opens with 'MEME version 4'")
    for place, (number, text) in enumerate(header):
        letters = _letters(text, header[place + 1 :])
        if letters is not None and letters.upper() != ALPHABET:
            called = _ALPHABETS.get(letters.upper(), "another alphabet")
            raise InputError(
                f"{path}, line {number}: found {text[:60]!r} ({called}), wanted DNA: ALPHABET= ACGT"
            )


def _letters(text: str, following: Sequence[_Line]) -> str | None:
    """The letters that a line of the header says; '' for an alphabet of the user's; or None."""
    if found := re.match(r"ALPHABET\b\s*(?:=(.*))?", text, re.IGNORECASE):
        return "".join((found[1] or "").split())
    # Older files may say it by their background alone.
    if re.match(r"Background\s+letter\s+frequencies", text, re.IGNORECASE):
        pairs = re.compile(r"(?:([A-Za-z])\s+[\d.]\S*\s*)+")
        rest = (line for _, line in following if line)
        shown = " ".join(itertools.takewhile(pairs.fullmatch, rest))
        return "".join(shown.split()[::2]) or None
    return None


def _parse_motif(path: str | os.PathLike, block: Sequence[_Line]) -> Motif:
    """One motif from its lines, `MOTIF` to the line before the next `MOTIF`."""
    number, title = block[0]
    words = title.split(maxsplit=2)
    if len(words) < 2:
        raise InputError(f"{path}, line {number}: found 'MOTIF' alone, wanted an id after it")
    heads = [i for i, (_, text) in enumerate(block) if text.startswith("letter-probability matrix")]
    if len(heads) != 1:
        raise InputError(
            f"{path}, line {number}: motif {words[1]!r} has {len(heads)} lines "
            f"'letter-probability matrix', wanted one"
        )
    place, head = f"{path}, line {block[heads[0]][0]}", block[heads[0]][1]
    declared = dict(re.findall(r"(\w+)\s*=\s*(\S+)", head))
    if declared.get("alength", "4") != "4":
        raise InputError(f"{place}: found alength= {declared['alength']}, wanted 4 (DNA)")
    rows = [_parse_row(path, line) for line in _matrix_lines(block[heads[0] + 1 :])]
    width = _whole_number(place, "w", declared.get("w", str(len(rows))))
    if width != len(rows) or not rows:
        raise InputError(
            f"{place}: motif {words[1]!r} has {len(rows)} rows, wanted w= {max(width, 1)}"
        )
    sites = _whole_number(place, "nsites", declared["nsites"]) if "nsites" in declared else None
    name = _TITLE_VALUES.sub("", words[2]) if len(words) > 2 else ""
    return Motif(words[1], name, np.array(rows, dtype=float).T, sites)


def _matrix_lines(block: Sequence[_Line]) -> list[_Line]:
    """The lines of a matrix: from the first one with text to a blank line, a separator or a URL."""
    kept: list[_Line] = []
    for number, text in block:
        if text.startswith(("URL", "--", "**")) or (kept and not text):
            break
        if text:
            kept.append((number, text))
    return kept


def _parse_row(path: str | os.PathLike, line: _Line) -> list[float]:
    number, text = line
    try:
        row = [float(word) for word in text.split()]
    except ValueError:
        row = []
    if len(row) != 4 or not all(0 <= value <= 1 + _SUM_TOLERANCE for value in row):
        raise InputError(
            f"{path}, line {number}: found {text[:60]!r}, wanted four probabilities (A C G T)"
        )
    if abs(sum(row) - 1) > _SUM_TOLERANCE:
        raise InputError(
            f"{path}, line {number}: the probabilities sum to {sum(row):.4g}, wanted 1"
        )
    return row if abs(sum(row) - 1) < _ROUNDING else [value / sum(row) for value in row]


def _whole_number(place: str, key: str, text: str) -> int:
    try:
        value = float(text)
        if 0 <= value < 2**53:
            return round(value)
    except ValueError:
        pass
    raise InputError(f"{place}: found {key}= {text[:30]}, wanted a number")
