"""DeepSTARR (de Almeida et al. 2022): enhancer activity of sequences of the fly, six files.

For each part of the split a FASTA file, `Sequences_Train.fa`, and a table with tabs,
`Sequences_activity_Train.txt`, whose rows are in the order of the FASTA file's records.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import REGION_COLUMNS, build
from workflow_lib.errors import InputError
from workflow_lib.files import lines
from workflow_lib.sequence import encode_all, reverse_complement

# How the files name the parts of the split.
_PARTS = {"Train": "train", "Val": "validation", "Test": "test"}
# Targets and their columns.
_COLUMNS = {"Dev": "Dev_log2_enrichment", "Hk": "Hk_log2_enrichment"}
# Columns that name the sequence of a row, as some tables have them.
_ID_COLUMNS = ("id", "ID", "region", "seq_id", "sequence_id", "name")
# Such as chr2R_17033215_17033463_dev, both positions counted from 1.
_REGION = re.compile(r"([A-Za-z0-9.]+)_(\d+)_(\d+)(?:_\S*)?")


class _Part(NamedTuple):
    """One part of the split: ids, letters, the lines of the ids, activities (n, targets)."""

    ids: list[str]
    sequences: list[bytes]
    numbers: list[int]
    activities: list[list[float]]


def deepstarr(files: Mapping[str, str | os.PathLike]) -> anndata.AnnData:
    """Read the six files of DeepSTARR, or others in their format, for the task `regression`.

    Parameters
    ----------
    files
        Name -> path, plain or gzip. The names are Sequences_Train.fa, Sequences_Val.fa,
        Sequences_Test.fa, Sequences_activity_Train.txt, Sequences_activity_Val.txt and
        Sequences_activity_Test.txt, each with or without .gz. Of a table the columns
        Dev_log2_enrichment and Hk_log2_enrichment are read; if it has a column of ids (id, region,
        name ...), they have to be those of the FASTA file.

    Returns
    -------
    AnnData
        Targets Dev and Hk (log2 enrichment); `obs` has the `split` of the files, and, where all ids
        are regions like `chr2R_17033215_17033463_dev` (counted from 1), `chrom`, `start`, `end`,
        `strand`: `-` where a sequence is the reverse complement of an earlier one of its region.
        Ids that repeat are numbered, `id.2`.

    Raises
    ------
    InputError
        Names the file, the line or record, what was found and what was wanted.
    """
    paths = {name: _two_files(files, name) for name in _PARTS}
    parts = {name: _read_part(*pair) for name, pair in paths.items()}
    ids = [one for part in parts.values() for one in part.ids]
    sequences = [one for part in parts.values() for one in part.sequences]
    _check_lengths(parts, paths)
    codes, _ = encode_all(ids, sequences, None, ", ".join(str(pair[0]) for pair in paths.values()))
    obs, notes = _regions(ids, codes)
    split = [_PARTS[name] for name, part in parts.items() for _ in part.ids]
    obs = obs.assign(split=split)
    activities = np.array([row for part in parts.values() for row in part.activities])
    return build(_numbered(ids), codes, activities, list(_COLUMNS), obs=obs, notes=notes)


def _two_files(
    files: Mapping[str, str | os.PathLike], part: str
) -> tuple[str | os.PathLike, str | os.PathLike]:
    """Paths of a part's sequences and activities."""
    found = []
    for name in (f"Sequences_{part}.fa", f"Sequences_activity_{part}.txt"):
        present = [each for each in (name, f"{name}.gz") if each in files]
        if len(present) != 1:
            raise InputError(
                f"parser deepstarr: found {' and '.join(present) or f'no file {name}'} among "
                f"{', '.join(files) or 'no files'}; wanted {name} or {name}.gz, one of them"
            )
        found.append(files[present[0]])
    return found[0], found[1]


def _read_part(fasta: str | os.PathLike, table: str | os.PathLike) -> _Part:
    """The records of one part, and their rows."""
    ids, sequences, numbers = _records(fasta)
    named, activities = _activities(table)
    if len(activities) != len(ids):
        raise InputError(
            f"{table}: found {len(activities)} rows for the {len(ids)} sequences of {fasta}; "
            "wanted one row for each sequence, in the same order"
        )
    for i, (one, other) in enumerate(zip(ids, named or ids)):
        if one != other:
            raise InputError(
                f"{table}, row {i + 1}: found the id {other!r}; wanted {one!r}, the id in line "
                f"{numbers[i]} of {fasta}: rows and sequences have to be in the same order"
            )
    return _Part(ids, sequences, numbers, activities)


def _records(path: str | os.PathLike) -> tuple[list[str], list[bytes], list[int]]:
    """Ids, which may repeat, letters, and lines of the ids of a FASTA file."""
    ids: list[str] = []
    numbers: list[int] = []
    letters: list[list[bytes]] = []
    for number, line in enumerate(lines(path), start=1):
        if line.startswith(b">"):
            words = line[1:].decode(errors="replace").split()
            if not words:
                raise InputError(f"{path}, line {number}: a '>' without an id; wanted one for each")
            ids.append(words[0])
            numbers.append(number)
            letters.append([])
        elif line.strip():
            if not ids:
                shown = line[:30].decode(errors="replace")
                raise InputError(f"{path}, line {number}: found {shown!r}, wanted '>' and an id")
            letters[-1].append(line.strip())
    sequences = [b"".join(found) for found in letters]
    if b"" in sequences or not ids:
        empty = f", line {numbers[sequences.index(b'')]}" if ids else ""
        raise InputError(f"{path}{empty}: found no sequence; wanted FASTA ('>id', then letters)")
    return ids, sequences, numbers


def _activities(path: str | os.PathLike) -> tuple[list[str] | None, list[list[float]]]:
    """The ids of a table, if it has a column of them, and its activities, row by row."""
    rows = _rows(path)
    header = next(rows, (1, []))[1]
    missing = [column for column in _COLUMNS.values() if column not in header]
    if missing:
        raise InputError(
            f"{path}, line 1: found no column {' and '.join(missing)}; it has "
            f"{', '.join(repr(name[:40]) for name in header[:12])}; wanted a header with tabs "
            f"between {' and '.join(_COLUMNS.values())}"
        )
    at = {column: header.index(column) for column in _COLUMNS.values()}
    id_column = next((header.index(name) for name in _ID_COLUMNS if name in header), None)
    named, activities = [], []
    for number, cells in rows:
        if len(cells) != len(header):
            raise InputError(
                f"{path}, line {number}: found {len(cells)} cells, wanted {len(header)}, as many "
                "as the header has"
            )
        activities.append([_number(path, number, name, cells[i]) for name, i in at.items()])
        if id_column is not None:
            named.append(cells[id_column].removeprefix(">"))
    if not activities:
        raise InputError(f"{path}: found a header and no rows; wanted one row for each sequence")
    return (None if id_column is None else named), activities


def _rows(path: str | os.PathLike) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty."""
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            cells = line.decode(errors="replace").split("\t")
            yield number, [cell.strip().strip('"') for cell in cells]


def _number(path: str | os.PathLike, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}, line {line}, {column}: found {text!r}, wanted a number")
    return value


def _check_lengths(
    parts: Mapping[str, _Part], paths: Mapping[str, tuple[str | os.PathLike, str | os.PathLike]]
) -> None:
    """Raise for the first sequence that is not as long as the first one of all."""
    length = len(next(iter(parts.values())).sequences[0])
    for name, part in parts.items():
        for one, number, letters in zip(part.ids, part.numbers, part.sequences, strict=True):
            if len(letters) != length:
                raise InputError(
                    f"{paths[name][0]}, line {number}: {one!r} is {len(letters)} bp long; wanted "
                    f"{length} bp, as the first sequence of the data set is"
                )


def _regions(ids: Sequence[str], codes: np.ndarray) -> tuple[pd.DataFrame, list[str]]:
    """The regions that the ids name, where all of them do; notes."""
    found = [_REGION.fullmatch(one) for one in ids]
    wrong = next((one for one, match in zip(ids, found, strict=True) if match is None), None)
    if wrong is not None:
        note = f"ids like {wrong!r} name no region like chr2R_17033215_17033463_dev; none is used"
        return pd.DataFrame(index=range(len(ids))), [note]
    rows = [(match[1], int(match[2]) - 1, int(match[3])) for match in found]
    table = pd.DataFrame(rows, columns=list(REGION_COLUMNS[:3]))
    length = codes.shape[1]
    other = next((i for i, row in enumerate(rows) if row[2] - row[1] != length), None)
    if other is not None:
        note = (
            f"the region of {ids[other]!r} is not {length} bp long; only the chromosomes are used"
        )
        return table[["chrom"]], [note]
    return table.assign(strand=_strands(rows, codes)), ["the ids are regions, counted from 1"]


def _strands(rows: Sequence[tuple[str, int, int]], codes: np.ndarray) -> list[str]:
    """`-` for the reverse complement of an earlier sequence of the same region, else `+`."""
    first: dict[tuple[str, int, int], int] = {}
    strands = []
    for i, row in enumerate(rows):
        earlier = first.setdefault(row, i)
        reverse = earlier < i and (codes[i] == reverse_complement(codes[earlier])).all()
        strands.append("-" if reverse else "+")
    return strands


def _numbered(ids: Sequence[str]) -> list[str]:
    """The same ids, those that repeat with a number: id, id.2."""
    seen: dict[str, int] = {}
    made = []
    for one in ids:
        seen[one] = seen.get(one, 0) + 1
        made.append(one if seen[one] == 1 else f"{one}.{seen[one]}")
    return made
