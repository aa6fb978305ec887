"""Aligning motifs with a reference: on its strand, and shifted so that columns match.

De novo motifs are compared with a known profile by eye (the paper's Fig. 3E, 3G, S3) and by the
share of the profile that they cover, which distinguishes a full dimer from a half site.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.motif import Motif, information, reverse_complement
from workflow_lib.motifs.tomtom import tomtom

COLUMNS = ["row", "column", "motif", "name", "profile", "orientation", "offset", "q_value"]
COLUMNS += ["n_sites", "informative", "matched"]
# Columns that pandas must read back as text, not as numbers.
TEXT = dict.fromkeys(["row", "column", "motif", "name", "profile", "orientation"], str)
INFORMATIVE, COVERED = 0.5, 0.25  # bits


class Alignment(NamedTuple):
    """How a motif aligns with a reference.

    Attributes
    ----------
    offset
        Column of the reference at which the motif, in this `orientation`, begins.
    orientation
        `+`: the motif itself is aligned; `-`: its reverse complement.
    similarity
        Sum over the overlap of the columns' correlations, weighted by their information; 1 for the
        motif itself, 0 for nothing in common; columns that do not overlap count as 0.
    q_value
        Tomtom's, of the pair; 1 where no database was given.
    """

    offset: int
    orientation: str
    similarity: float
    q_value: float = 1.0


@dataclass(frozen=True)
class Entry:
    """A motif to be shown in a row (TF, assay) and a column (method); None where none was found."""

    row: str
    column: str
    motif: Motif | None


def _directions(probabilities: np.ndarray) -> np.ndarray:
    """Columns minus their means, scaled by the root of their share of the motif's information."""
    bits = information(probabilities)
    centred = probabilities - probabilities.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    share = np.sqrt(bits / max(bits.sum(), 1e-12))
    return centred * np.where(length > 1e-9, share / np.maximum(length, 1e-9), 0)


def align(motif: Motif, reference: Motif) -> Alignment:
    """The best ungapped alignment of a motif with a reference, on either strand.

    Correlations are weighted by information, so that uninformative flanks do not count; a motif
    that hardly resembles the reference is aligned too. Of equally good alignments the forward, then
    the leftmost is taken. A flat motif gets offset 0.

    Parameters
    ----------
    motif, reference
        Probabilities (4, width) each; they overlap in at least one column.
    """
    fixed = _directions(np.asarray(reference.probabilities, dtype=float))
    best = Alignment(0, "+", 0.0)
    found = False
    for orientation, turned in (("+", motif), ("-", reverse_complement(motif))):
        moved = _directions(np.asarray(turned.probabilities, dtype=float))
        if not (moved.any() and fixed.any()):
            return best
        products = moved.T @ fixed  # (motif's columns, reference's columns)
        for offset in range(1 - motif.width, reference.width):
            similarity = float(np.trace(products, offset=offset))
            # Equal up to rounding is equal: a palindrome stays on its own strand.
            if not found or similarity > best.similarity + 1e-9:
                best, found = Alignment(offset, orientation, similarity), True
    return best


def _similarity(motif: Motif, reference: Motif, offset: int) -> float:
    products = _directions(motif.probabilities).T @ _directions(reference.probabilities)
    return float(np.trace(products, offset=offset))


def place(
    motif: Motif,
    reference: Motif,
    database: Sequence[Motif] | None,
    q_threshold: float,
) -> Alignment:
    """Align a motif with a reference as Tomtom does if the two match, else as `align` does.

    Parameters
    ----------
    motif, reference
        Probabilities (4, width) each.
    database
        Known motifs, for Tomtom's null model; the reference is added where they lack it (by id).
        None: `align`, q_value 1.
    q_threshold
        Largest q-value of the pair for which Tomtom's alignment is taken (paper: .05).
    """
    aligned = align(motif, reference)
    if database is None:
        return aligned
    lacking = [] if any(other.id == reference.id for other in database) else [reference]
    pairs = tomtom([replace(motif, id="motif")], [*database, *lacking], 1.0)
    pair = pairs[pairs["profile"] == reference.id]
    if pair.empty:  # a flat motif
        return aligned
    found = pair.iloc[0]
    if found["q_value"] > q_threshold:
        return aligned._replace(q_value=float(found["q_value"]))
    widths = (motif.width, reference.width)
    offset, turned = place_filter(int(found["offset"]), found["orientation"], *widths)
    drawn = reverse_complement(motif) if turned else motif
    similarity = _similarity(drawn, reference, offset)
    return Alignment(offset, "-" if turned else "+", similarity, float(found["q_value"]))


def informative(motif: Motif) -> int:
    """Number of columns with at least half a bit."""
    return int((information(motif.probabilities) >= INFORMATIVE).sum())


def matched(motif: Motif, reference: Motif, offset: int) -> float:
    """Share of the reference's informative columns that a motif covers with the same letter.

    A column is covered where the reference's most probable letter is also the motif's, and is at
    least a quarter of a bit high in the motif's logo.

    Parameters
    ----------
    motif, reference
        The motif already on the reference's strand.
    offset
        Column of the reference at which the motif begins.

    Returns
    -------
    float
        From 0 to 1; 0 where the reference has no column of half a bit.
    """
    wanted = np.flatnonzero(information(reference.probabilities) >= INFORMATIVE)
    here = wanted - offset
    inside = (here >= 0) & (here < motif.width)
    columns = motif.probabilities[:, here[inside]]
    letter = reference.probabilities[:, wanted[inside]].argmax(axis=0)
    height = columns[letter, np.arange(columns.shape[1])] * information(columns)
    same = (columns.argmax(axis=0) == letter) & (height >= COVERED)
    return float(same.sum() / len(wanted)) if len(wanted) else 0.0


def choose(motifs: Sequence[Motif], wanted: str | None, source: str) -> Motif | None:
    """The motif with the wanted id, or the first motif; None if the set has no motifs.

    Raises
    ------
    InputError
        An id that the set does not have.
    """
    if not motifs:
        return None
    for motif in motifs:
        if wanted is None or motif.id == wanted:
            return motif
    known = ", ".join(motif.id for motif in motifs[:5])
    raise InputError(f"{source}: no motif {wanted!r}; it has {len(motifs)}, the first are: {known}")


def reference_motifs(
    references: Mapping[str, str], database: Sequence[Motif], source: str
) -> dict[str, Motif]:
    """Row -> reference, from row -> profile id.

    Raises
    ------
    InputError
        A profile that the database lacks; it names other versions of it.
    """
    known = {motif.id: motif for motif in database}
    for row, profile in references.items():
        if profile not in known:
            stem = profile.split(".")[0] + "."
            others = [name for name in known if name.startswith(stem)]
            hint = f"it has {', '.join(others)}" if others else "nor another version of it"
            raise InputError(
                f"{source}: no profile {profile!r}, wanted as the reference of {row!r}; {hint}"
            )
    return {row: known[profile] for row, profile in references.items()}


def align_entries(
    entries: Sequence[Entry],
    references: Mapping[str, Motif],
    database: Sequence[Motif] | None,
    reference_label: str,
    q_threshold: float,
) -> tuple[list[Motif], pd.DataFrame]:
    """Align all motifs of a figure with the references of their rows.

    Parameters
    ----------
    entries
        One for each row and column.
    references
        Row -> reference, in the order of the rows; one without an entry has the reference alone.
    database, q_threshold
        See `place`.
    reference_label
        The column of the references.

    Returns
    -------
    motifs, table
        Motifs on their reference's strand, with ids `row|column`; per row the reference, then its
        entries, with `COLUMNS` (motif is the id, empty where none was found; see also `matched`).

    Raises
    ------
    InputError
        A row without a reference, a cell that is filled twice.
    """
    _check_entries(entries, references, reference_label)
    made = []
    for row, reference in references.items():
        beside = [entry for entry in entries if entry.row == row]
        for entry in (Entry(row, reference_label, reference), *beside):
            made.append(_cell(entry, reference, database, q_threshold))
    table = pd.DataFrame([line for _, line in made], columns=COLUMNS)
    kinds = {"offset": "Int64", "n_sites": "Int64", "informative": int}
    return [motif for motif, _ in made if motif is not None], table.astype(kinds)


def _id(row: str, column: str) -> str:
    return "_".join(f"{row}|{column}".split())


def _check_entries(
    entries: Sequence[Entry], references: Mapping[str, Motif], reference_label: str
) -> None:
    seen = {_id(row, reference_label) for row in references}
    for entry in entries:
        where = f"motif of row {entry.row!r}, column {entry.column!r}"
        if entry.row not in references:
            rows = ", ".join(references)
            raise InputError(f"{where}: its row has no reference; wanted one of: {rows}")
        if _id(entry.row, entry.column) in seen:
            raise InputError(f"{where}: the cell is filled twice; wanted one motif a cell")
        seen.add(_id(entry.row, entry.column))


def _cell(
    entry: Entry, reference: Motif, database: Sequence[Motif] | None, q_threshold: float
) -> tuple[Motif | None, dict]:
    line = {"row": entry.row, "column": entry.column, "motif": "", "name": "", "orientation": ""}
    line |= {"profile": reference.id, "q_value": 1.0, "informative": 0, "matched": 0.0}
    if entry.motif is None:
        return None, line
    found = place(entry.motif, reference, database, q_threshold)
    if entry.motif is reference:  # its own place, even where it is a palindrome
        found = found._replace(offset=0, orientation="+")
    turned = reverse_complement(entry.motif) if found.orientation == "-" else entry.motif
    aligned = replace(turned, id=_id(entry.row, entry.column), name=turned.name or turned.id)
    line |= {"motif": aligned.id, "name": aligned.name, "orientation": found.orientation}
    line |= {"offset": found.offset, "q_value": found.q_value, "n_sites": aligned.n_sites}
    line |= {"informative": informative(aligned)}
    return aligned, line | {"matched": matched(aligned, reference, found.offset)}


def place_filter(offset: int, orientation: str, filter_width: int, width: int) -> tuple[int, bool]:
    """Where a filter lies on the profile it matches, in the profile's orientation.

    Parameters
    ----------
    offset, orientation
        As Tomtom gives them: where the filter begins on the profile; `-` means on the profile's
        reverse complement.

    Returns
    -------
    start, turned
        Position of the filter's first drawn column; whether to draw its reverse complement.
    """
    if orientation == "-":
        return width - offset - filter_width, True
    return offset, False
