"""AI-TAC (Maslova et al. 2020): accessibility of regions in cell types, arrays of numpy."""

import os
from collections.abc import Mapping, Sequence

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import REGION_COLUMNS, build
from workflow_lib.data.regions import parse_region
from workflow_lib.errors import InputError
from workflow_lib.parsers.arrays import map_npy
from workflow_lib.parsers.one_hot_order import check_order as check_the_order
from workflow_lib.sequence import ALPHABET, UNKNOWN

_FILES = ("one_hot_seqs.npy", "cell_type_array.npy", "peak_names.npy")
_AT_ONCE = 8192  # regions


def ai_tac(
    files: Mapping[str, str | os.PathLike],
    names: Sequence[str],
    one_hot_order: str = "ATGC",
    check_order: bool = True,
) -> anndata.AnnData:
    """Read sequences that are stored one-hot, and the accessibility of each in every cell type.

    Parameters
    ----------
    files
        Name -> path: one_hot_seqs.npy, whole numbers (n, 4, length), 1 for the base and nothing but
        0 where it is unknown; cell_type_array.npy (n, cell types); peak_names.npy (n,), text, which
        may be left out. cell_type_names.npy holds pickled objects and is never opened.
    names
        The cell types, in the order of the array's columns: from the data set's `targets_table`.
    one_hot_order
        The bases of the rows of a one-hot sequence. AI-TAC's own files have ATGC.
    check_order
        Whether sequences are refused to which another order fits clearly better, see
        `workflow_lib.parsers.one_hot_order`.

    Returns
    -------
    AnnData
        Where all names are regions like `chr1:100-300`, `obs` has `chrom`, `start`, `end`.

    Raises
    ------
    InputError
        Names the file, the region, what was found and what was wanted.
    """
    if sorted(one_hot_order) != sorted(ALPHABET):
        raise InputError(
            f"parser ai_tac: found one_hot_order: {one_hot_order}; wanted the letters ACGT in the "
            "order of the rows, such as ATGC"
        )
    paths = _paths(files)
    one_hot = map_npy(paths[0], "iub", "whole numbers 0 and 1")
    values = map_npy(paths[1], "fiu", "numbers")
    if one_hot.ndim != 3 or one_hot.shape[1] != 4 or not one_hot.size:
        raise InputError(
            f"{paths[0]}: found the shape {one_hot.shape}; wanted regions x 4 bases x length"
        )
    if values.ndim != 2 or values.shape[1] != len(names):
        raise InputError(
            f"{paths[1]}: found the shape {values.shape}; wanted regions x {len(names)}, a column "
            "for each cell type of the table of targets"
        )
    ids = _ids(paths[2], len(one_hot)) if len(paths) > 2 else _numbered(len(one_hot))
    for path, n in zip(paths[1:], (len(values), len(ids))):
        if n != len(one_hot):
            raise InputError(
                f"{path}: found {n} regions, but {len(one_hot)} in {paths[0]}; wanted the same ones"
            )
    codes = _codes(one_hot, one_hot_order, paths[0], ids)
    notes = check_the_order(codes, one_hot_order, str(paths[0])) if check_order else []
    obs, more = _regions(ids, codes.shape[1], str(paths[-1]))
    # A copy in memory: the map of the file must not outlive the parser.
    with np.errstate(over="ignore"):  # `build` names what float32 cannot hold
        X = np.array(values, dtype=np.float32, order="C")
    return build(ids, codes, X, names, obs=obs, notes=[*notes, *more])


def _paths(files: Mapping[str, str | os.PathLike]) -> list[str | os.PathLike]:
    missing = [name for name in _FILES[:2] if name not in files]
    if missing:
        raise InputError(
            f"parser ai_tac: found no file {missing[0]} among {', '.join(files) or 'no files'}; "
            f"wanted {' and '.join(_FILES[:2])}, and {_FILES[2]} where the regions have names"
        )
    return [files[name] for name in _FILES if name in files]


def _ids(path: str | os.PathLike, n: int) -> list[str]:
    """The names of the regions."""
    found = map_npy(
        path, "SU", "text (bytes or str); without it in `files` the regions are numbered"
    )
    if found.ndim != 1:
        raise InputError(f"{path}: found the shape {found.shape}; wanted ({n},), a name a region")
    if found.dtype.kind == "U":
        return found.tolist()
    return [name.decode(errors="replace") for name in found.tolist()]


def _numbered(n: int) -> list[str]:
    return [f"region{i}" for i in range(1, n + 1)]


def _codes(
    one_hot: np.ndarray, order: str, path: str | os.PathLike, ids: Sequence[str]
) -> np.ndarray:
    """One-hot (n, 4, length) as codes (n, length), made block by block."""
    codes = np.empty((len(one_hot), one_hot.shape[2]), dtype=np.uint8)
    for start in range(0, len(one_hot), _AT_ONCE):
        block = np.asarray(one_hot[start : start + _AT_ONCE])
        wrong = ((block != 0) & (block != 1)).any(axis=1) | ((block != 0).sum(axis=1) > 1)
        if wrong.any():
            i, j = (int(v) for v in np.argwhere(wrong)[0])
            raise InputError(
                f"{path}, region {start + i} ({ids[start + i]!r}), position {j} (both counted from "
                f"0): found {block[i, :, j].astype(int).tolist()}; wanted one 1 and three 0, or "
                "four 0 for an unknown base"
            )
        part = codes[start : start + len(block)]
        part[:] = UNKNOWN
        for row, base in enumerate(order):
            part[block[:, row] == 1] = ALPHABET.index(base)
    return codes


def _regions(ids: Sequence[str], length: int, path: str) -> tuple[pd.DataFrame | None, list[str]]:
    """The regions that the names give, where all of them do; notes."""
    found = [parse_region(one) for one in ids]
    if None in found:
        note = f"{path}: names like {ids[found.index(None)]!r} are no regions; they are ids only"
        return None, [note]
    table = pd.DataFrame(found, columns=REGION_COLUMNS)[["chrom", "start", "end"]]
    other = np.flatnonzero((table["end"] - table["start"]).to_numpy() != length)
    if len(other):
        note = f"{path}: the region {ids[other[0]]!r} is not {length} bp long; only the chromosomes"
        return table[["chrom"]], [f"{note} of the names are used"]
    return table, [f"{path}: the names are regions"]
