"""Accessibility of DHSs in cell types, from the matrices of TF binding in each of them.

A region (row) of the matrix of a cell type is resolved, for any TF, only where it is open in that
cell type; so a row that holds any number is that of an open DHS (Novakovsky et al. 2021).
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import build
from workflow_lib.errors import InputError
from workflow_lib.parsers.arrays import Header, read_exactly, stream_npz
from workflow_lib.parsers.dhs_regions import matrix_regions
from workflow_lib.sequence import encode_all, few_unknown, read_fasta

_MATRIX = re.compile(r"matrix2d\.(.+?)(?:\.ReMap\+UniBind)?(?:\.(?:less-)?sparse)?\.npz")
_BLOCK = 2**24  # bytes of a matrix that are looked at together
_REASONS = ("length", "unknown_base", "closed_everywhere", "open_everywhere", "not_drawn")


def dhs_accessibility(
    files: Mapping[str, str | os.PathLike],
    only_variable: bool = False,
    max_sequences: int | None = None,
    seed: int = 0,
    length: int = 200,
    most_unknown: float = 0.0,
) -> anndata.AnnData:
    """Read in which cell types each DHS is open (1) or closed (0), and the DHSs' sequences.

    What is left out is known before any sequence is kept: the matrices are streamed first, then the
    FASTA files are read twice, for what there is and for the sequences that are wanted.

    Parameters
    ----------
    files
        Name -> path: matrices `matrix2d.CELL.ReMap+UniBind.less-sparse.npz` (DHSs x TFs, NaN where
        unresolved), one for each cell type, which becomes the target CELL; and FASTA files with ids
        `IDX::chrom:start-end`, where IDX is the matrix's row, counted from 0.
    only_variable
        Leave out DHSs that are open in none or in all of the cell types (`closed_everywhere`,
        `open_everywhere`).
    max_sequences, seed
        Keep at most so many of the others, drawn at random (`not_drawn`).
    length
        DHSs of another length are left out.
    most_unknown
        Share of unknown bases that a DHS may have; by default of the data set's `drop`.

    Returns
    -------
    AnnData
        DHSs in the order of the files. Each one that is left out is counted once, under the first
        reason: length, unknown_base, closed_everywhere, open_everywhere, not_drawn.

    Raises
    ------
    InputError
        Names the file, the row or region, what was found and what was wanted.
    """
    matrices, fastas = _by_kind(files)
    if max_sequences is not None and max_sequences < 1:
        raise InputError(f"parser dhs_accessibility: max_sequences is {max_sequences}; wanted >= 1")
    is_open = _read_open(matrices)
    found = list(_each_file(fastas, length, most_unknown, len(is_open)))
    rows, reason = (np.concatenate(parts) for parts in zip(*found))
    if only_variable:
        _leave_out_constant(is_open, rows, reason)
    _draw(reason, max_sequences, seed)
    dropped = {name: int((reason == i).sum()) for i, name in enumerate(_REASONS)}
    keep, rows = reason < 0, rows[reason < 0]
    if not keep.any():
        raise InputError(f"parser dhs_accessibility: no DHS is left; dropped: {dropped}")
    codes, ids, obs = _read_kept(fastas, keep, length)
    labels = np.empty((len(rows), len(matrices)), dtype=np.float32)
    for column in range(len(matrices)):
        labels[:, column] = is_open[rows, column]
    del is_open  # as large as a fourth of the labels
    return build(ids, codes, labels, list(matrices), obs=obs, dropped=dropped)


def _by_kind(
    files: Mapping[str, str | os.PathLike],
) -> tuple[dict[str, str | os.PathLike], list[str | os.PathLike]]:
    """Paths of the matrices by cell type, and of the FASTA files."""
    matrices: dict[str, str | os.PathLike] = {}
    fastas = []
    for name, path in files.items():
        if not name.endswith(".npz"):
            fastas.append(path)
            continue
        match = _MATRIX.fullmatch(name)
        if match is None or match[1] in matrices:
            twice = "" if match is None else f", the second one of {match[1]!r}"
            raise InputError(
                f"parser dhs_accessibility: found the file {name}{twice}; wanted one "
                "matrix2d.CELL.ReMap+UniBind.less-sparse.npz for each cell type"
            )
        matrices[match[1]] = path
    if not matrices or not fastas:
        raise InputError(
            f"parser dhs_accessibility: found {len(matrices)} .npz and {len(fastas)} FASTA files; "
            "wanted at least one of each (`files_from` takes those of another source)"
        )
    return matrices, fastas


def _read_open(matrices: Mapping[str, str | os.PathLike]) -> np.ndarray:
    """Stream the matrices, one after the other; bool (rows, cell types), column by column."""
    first, is_open = next(iter(matrices.values())), None
    for column, path in enumerate(matrices.values()):
        with stream_npz(path) as (header, member):
            _check_header(path, header)
            n_rows = header.shape[0]
            if is_open is None:
                is_open = np.empty((n_rows, len(matrices)), dtype=bool, order="F")
            if n_rows != len(is_open):
                raise InputError(
                    f"{path}: found {n_rows:,} rows, but {len(is_open):,} in {first}; wanted the "
                    "same DHSs in each matrix"
                )
            size = header.shape[1] * header.dtype.itemsize
            at_once = max(1, _BLOCK // size)
            for start in range(0, n_rows, at_once):
                n = min(at_once, n_rows - start)
                values = np.frombuffer(read_exactly(path, member, n * size, start), header.dtype)
                is_open[start : start + n, column] = _any_number(
                    path, start, values.reshape(n, header.shape[1])
                )
    return is_open


def _check_header(path: str | os.PathLike, header: Header) -> None:
    if header.dtype.kind != "f" or header.fortran or len(header.shape) != 2 or not header.shape[1]:
        raise InputError(
            f"{path}: found {header.dtype} of the shape {header.shape} (Fortran order: "
            f"{header.fortran}); wanted rows of floats, DHSs x TFs, NaN where closed"
        )


def _any_number(path: str | os.PathLike, start: int, values: np.ndarray) -> np.ndarray:
    """Whether each row (n, TFs) holds a number; raises for one that is no label."""
    known = ~np.isnan(values)
    found = values[known]
    wrong = (found != 0) & (found != 1)
    if wrong.any():
        row = start + int(np.argwhere(known)[np.argmax(wrong)][0])
        raise InputError(
            f"{path}, row {row} (counted from 0): found {found[np.argmax(wrong)]}, wanted 0, 1 or "
            "NaN"
        )
    return known.any(axis=1)


def _each_file(
    paths: Sequence[str | os.PathLike], length: int, most_unknown: float, n_rows: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each file the rows of its DHSs (n,), and why not to keep them (n,): -1 or a reason."""
    for path in paths:
        ids, sequences = read_fasta(path)
        codes, kept = encode_all(ids, sequences, length, str(path))
        rows = matrix_regions(ids)["index"].to_numpy()
        beyond = np.flatnonzero(rows >= n_rows)
        if len(beyond):
            raise InputError(
                f"{path}: {ids[beyond[0]]!r} names a row that the matrices, of {n_rows:,} rows "
                "(counted from 0), do not have"
            )
        reason = np.where(kept, -1, _REASONS.index("length")).astype(np.int8)
        unknown = ~few_unknown(codes, most_unknown)
        reason[np.flatnonzero(kept)[unknown]] = _REASONS.index("unknown_base")
        yield rows, reason


def _leave_out_constant(is_open: np.ndarray, rows: np.ndarray, reason: np.ndarray) -> None:
    """Mark, in place, what is open in no or in every cell type."""
    n_open = is_open.sum(axis=1, dtype=np.int32)[rows]
    here = reason < 0
    reason[here & (n_open == 0)] = _REASONS.index("closed_everywhere")
    reason[here & (n_open == is_open.shape[1])] = _REASONS.index("open_everywhere")


def _draw(reason: np.ndarray, most: int | None, seed: int) -> None:
    """Mark, in place, what a draw of at most so many leaves out."""
    candidates = np.flatnonzero(reason < 0)
    if most is not None and len(candidates) > most:
        drawn = np.random.default_rng(seed).choice(candidates, most, replace=False)
        reason[np.setdiff1d(candidates, drawn)] = _REASONS.index("not_drawn")


def _read_kept(
    paths: Sequence[str | os.PathLike], keep: np.ndarray, length: int
) -> tuple[np.ndarray, list[str], pd.DataFrame]:
    """Codes, ids and places of the DHSs that are kept, a mask (n,) over all files."""
    codes = np.empty((int(keep.sum()), length), dtype=np.uint8)
    names, tables, first, done = [], [], 0, 0
    for path in paths:
        first, part, ids, places = _chosen(path, keep, first, length)
        if len(part):
            codes[done : done + len(part)] = part
            done += len(part)
            names.append(ids)
            tables.append(places)
    ids = [name.decode() for part in names for name in part.tolist()]
    return codes, ids, _together(tables)


def _chosen(
    path: str | os.PathLike, keep: np.ndarray, first: int, length: int
) -> tuple[int, np.ndarray, np.ndarray, pd.DataFrame]:
    """Where the next file begins in `keep`; codes, ids and places of what is kept of this one."""
    names, sequences = read_fasta(path)
    chosen = np.flatnonzero(keep[first : first + len(names)])
    after = first + len(names)
    if not len(chosen):
        return after, np.empty((0, length), np.uint8), np.empty(0, "S1"), pd.DataFrame()
    names, sequences = [names[i] for i in chosen], [sequences[i] for i in chosen]
    codes, _ = encode_all(names, sequences, length, str(path))
    places = matrix_regions(names)[["chrom", "start", "end"]].astype({"chrom": "category"})
    # As an array: strings that live on among others that do not would keep the memory of all.
    return after, codes, np.char.encode(names), places


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The tables one below the other; chromosomes as categories, which take a byte each."""
    chroms = sorted({name for table in tables for name in table["chrom"].cat.categories})
    made = [
        table.assign(chrom=table["chrom"].cat.set_categories(chroms)).reset_index(drop=True)
        for table in tables
    ]
    return pd.concat(made, ignore_index=True)
