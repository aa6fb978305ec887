"""Input and output files of two programs of the MEME suite: STREME and Tomtom.

STREME (Bailey 2021) finds motifs that are enriched in one set of sequences over another; Tomtom
(Gupta et al. 2007) compares motifs with known ones. rules/discovery.smk runs the programs.
"""

import math
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd

from workflow_lib.config.names import nearest
from workflow_lib.data.tasks import TASKS
from workflow_lib.errors import InputError
from workflow_lib.files import atomic, lines
from workflow_lib.interpret.units import unit_number, unit_numbers
from workflow_lib.motif import Motif, information, read_meme
from workflow_lib.motifs.tomtom import COLUMNS
from workflow_lib.sequence import ALPHABET, decode

STREME_COLUMNS = ("motif", "n_sites", "statistic", "value", "log10_value", "width", "consensus")
# STREME's abbreviations of what it ranks motifs by: a score without a hold-out set, else a p-value.
_STATISTICS = {"S": "score", "P": "p_value", "E": "e_value"}
_TOMTOM_NAMES = {
    "Query_ID": "unit",
    "Target_ID": "profile",
    "Optimal_offset": "offset",
    "p-value": "p_value",
    "E-value": "e_value",
    "q-value": "q_value",
    "Overlap": "overlap",
    "Query_consensus": "query_consensus",
    "Target_consensus": "target_consensus",
    "Orientation": "orientation",
}
_TOMTOM_KINDS = {
    "offset": int,
    "overlap": int,
    "p_value": float,
    "e_value": float,
    "q_value": float,
}
# Written by the rule `tomtom` if there are no motifs, as the program refuses an empty file.
NOTHING_TO_COMPARE = "# tomtom: there were no motifs to compare"
# Bits in a whole motif below which there is nothing to compare, as in `workflow_lib.motifs.tomtom`.
_FLAT = 1e-3


class Classes(NamedTuple):
    """The two sets of sequences that are compared.

    Attributes
    ----------
    bound, unbound
        Sorted row numbers.
    dropped
        Reason -> sequences that are in neither: unresolved, other_class, not_drawn.
    """

    bound: np.ndarray
    unbound: np.ndarray
    dropped: dict[str, int]


class Streme(NamedTuple):
    """What STREME found.

    Attributes
    ----------
    motifs
        Best first; ids like `1-RWGTAAAYAH`.
    table
        One row per motif, STREME_COLUMNS. `statistic` is score, p_value or e_value; `value` is the
        file's own text and `log10_value` its logarithm, for values too small for a float.
    background
        Probabilities of A, C, G, T.
    """

    motifs: list[Motif]
    table: pd.DataFrame
    background: list[float]


def two_classes(
    data: anndata.AnnData, target: str | None = None, most: int | None = None, seed: int = 0
) -> Classes:
    """Divide sequences into bound and unbound ones by one target.

    Parameters
    ----------
    data
        A part of a data set. If its targets are exclusive classes, the chosen class is compared
        with the first one.
    target
        By default the only one; of classes the last.
    most
        At most this many sequences of each set, drawn at random; None: all.
    seed
        Of the draw.

    Returns
    -------
    Classes
        All rows are either in one of the two or counted in `dropped`.

    Raises
    ------
    InputError
        Values in place of classes, a target that is not there or has to be named, or a set
        without sequences.
    """
    task, names = TASKS[str(data.uns["task"])], list(data.var_names)
    if not task.binary:
        raise InputError(
            f"STREME compares two classes of sequences, but the task here is {data.uns['task']!r}; "
            "wanted binary labels or classes"
        )
    column = _target_column(names, target, task.exclusive)
    labels = np.asarray(data.X)
    known = ~np.isnan(labels[:, column])
    bound = known & (labels[:, column] > 0.5)
    unbound = known & (labels[:, 0] > 0.5 if task.exclusive else ~bound)
    dropped = {
        "unresolved": int((~known).sum()),
        "other_class": int((known & ~bound & ~unbound).sum()),
    }
    for word, rows in (("bound", bound), ("unbound", unbound)):
        if not rows.any():
            raise InputError(
                f"target {names[column]!r}: of {len(labels)} sequences none is {word} "
                f"({dropped['unresolved']} unresolved); STREME wants both"
            )
    rng = np.random.default_rng(seed)
    drawn = [_draw(np.flatnonzero(rows), most, rng) for rows in (bound, unbound)]
    dropped["not_drawn"] = int(bound.sum() + unbound.sum()) - sum(map(len, drawn))
    return Classes(*drawn, dropped)


def _target_column(names: list[str], target: str | None, exclusive: bool) -> int:
    if target is None and (exclusive or len(names) == 1):
        target = names[-1]
    if target is None:
        raise InputError(
            f"the data set has {len(names)} targets ({', '.join(names[:5])} ...); wanted one, "
            "named by the option `target` of `streme`"
        )
    if target not in names:
        raise InputError(f"there is no target {target!r}{nearest(target, names)}")
    if exclusive and names.index(target) == 0:
        raise InputError(f"target {target!r} is the class that others are compared with")
    return names.index(target)


def _draw(rows: np.ndarray, most: int | None, rng: np.random.Generator) -> np.ndarray:
    return rows if most is None or len(rows) <= most else np.sort(rng.permutation(rows)[:most])


def write_fasta(path: str | os.PathLike, ids: Sequence[str], codes: np.ndarray) -> None:
    """Write sequences (n, length), one line each; white space in ids becomes `_`."""
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        for name, letters in zip(ids, decode(codes), strict=True):
            handle.write(f">{'_'.join(str(name).split())}\n{letters}\n")


def read_streme(path: str | os.PathLike) -> Streme:
    """Read STREME's text output.

    Raises
    ------
    InputError
        A file of another kind, one that ends before STREME was done, a motif without its score,
        and the errors of `read_meme`.
    """
    text = _text(path)
    if not any(line.startswith("STREME") for line in text[:5]):
        raise InputError(f"{path}: wanted the text output of STREME")
    if not any(line.startswith("FINALTIME") for line in text):
        raise InputError(
            f"{path}: the output ends at line {len(text)} without FINALTIME, which STREME writes "
            "last; delete the file and run STREME again"
        )
    motifs = read_meme(path)
    heads = [line for line in text if line.startswith("letter-probability matrix")]
    rows = []
    for motif, head in zip(motifs, heads, strict=True):
        found = re.search(r"\b([SPE])= *([0-9.]+)(?:e([-+][0-9]+))?$", head, re.IGNORECASE)
        if found is None:
            raise InputError(
                f"{path}, motif {motif.id!r}: found {head[:70]!r}, wanted a score (S=, P= or E=)"
            )
        kind, number, power = found.groups()
        logarithm = math.log10(float(number)) if float(number) else -math.inf
        value = head[found.start(2) :]
        consensus = motif.id.partition("-")[2]
        rows.append(
            (motif.id, motif.n_sites, _STATISTICS[kind.upper()], value,
             logarithm + int(power or 0), motif.width, consensus)
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(STREME_COLUMNS))
    return Streme(motifs, table, _background(path, text))


def _background(path: str | os.PathLike, text: list[str]) -> list[float]:
    pattern = " ".join(rf"{letter} ([0-9.e+-]+)" for letter in ALPHABET)
    for number, line in enumerate(text):
        if line.startswith("Background letter frequencies") and number + 1 < len(text):
            found = re.fullmatch(pattern, text[number + 1].strip())
            if found:
                return [float(value) for value in found.groups()]
    raise InputError(f"{path}: no line with the background's frequencies of A, C, G and T")


def read_tomtom(path: str | os.PathLike, queries: Sequence[Motif] = ()) -> pd.DataFrame:
    """Read Tomtom's text output (`tomtom -text`) into the table that `tomtom.tomtom` gives.

    Parameters
    ----------
    path
        The file.
    queries
        The motifs that were compared: their order becomes the table's, and flat ones, to which
        Tomtom gives a few matches by chance, have no pairs. By default the file's order.

    Returns
    -------
    DataFrame
        Columns unit, profile, p_value, e_value, q_value, offset, overlap, orientation; best first
        within each unit. `unit` is the number if all ids are like `unit7`.

    Raises
    ------
    InputError
        A file of another kind, one that ends early, a line of another shape, or a query that is
        not among `queries`.
    """
    text = _text(path)
    nothing = text[:1] == [NOTHING_TO_COMPARE]
    if not nothing and text[:1] != ["\t".join(_TOMTOM_NAMES)]:
        raise InputError(f"{path}: wanted the text output of Tomtom")
    if not any(line.startswith("# tomtom") for line in text):
        raise InputError(
            f"{path}: the output ends at line {len(text)} without Tomtom's command, which it "
            "writes last; delete the file and run Tomtom again"
        )
    rows = [
        _tomtom_row(path, number, line)
        for number, line in enumerate(text, 1)
        if line and not line.startswith("#") and number > 1
    ]
    pairs = pd.DataFrame(rows, columns=list(_TOMTOM_NAMES.values())).astype(_TOMTOM_KINDS)
    order = {motif.id: i for i, motif in enumerate(queries)}
    unknown = [name for name in pairs["unit"].unique() if order and name not in order]
    if unknown:
        raise InputError(f"{path}: {unknown[0]!r} is none of the {len(queries)} motifs compared")
    flat = [m.id for m in queries if information(m.probabilities).sum() <= _FLAT]
    pairs = pairs[~pairs["unit"].isin(flat)]
    order = order or {name: i for i, name in enumerate(pairs["unit"].unique())}
    place = pairs["unit"].map(order).to_numpy(dtype=float)
    pairs = pairs.iloc[np.lexsort((pairs["p_value"].to_numpy(), place))]
    if all(unit_number(name) is not None for name in order):
        pairs = pairs.assign(unit=unit_numbers(pairs["unit"]))
    return pairs[COLUMNS].reset_index(drop=True)


def _tomtom_row(path: str | os.PathLike, number: int, line: str) -> dict[str, object]:
    cells = line.split("\t")
    try:
        row = dict(zip(_TOMTOM_NAMES.values(), cells, strict=True))
        row |= {name: kind(row[name]) for name, kind in _TOMTOM_KINDS.items()}
        if row["orientation"] in ("+", "-"):
            return row
    except ValueError:
        pass
    raise InputError(
        f"{path}, line {number}: found {line[:70]!r}, wanted {len(_TOMTOM_NAMES)} cells: "
        f"{', '.join(_TOMTOM_NAMES)}"
    )


def _text(path: str | os.PathLike) -> list[str]:
    return [raw.decode(errors="replace").rstrip("\r\n") for raw in lines(path)]
