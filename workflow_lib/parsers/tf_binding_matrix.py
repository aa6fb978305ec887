"""TF binding matrices: factors x accessible regions (Novakovsky et al. 2021, 2023)."""

import os
from collections.abc import Mapping, Sequence

import anndata
import numpy as np

from workflow_lib.data.dataset import build
from workflow_lib.errors import InputError
from workflow_lib.parsers.arrays import Header, read_exactly, stream_npz
from workflow_lib.parsers.dhs_regions import matrix_regions
from workflow_lib.sequence import encode_all, read_fasta


def tf_binding_matrix(
    files: Mapping[str, str | os.PathLike],
    rows: Sequence[str],
    targets: Sequence[str],
    length: int = 200,
) -> anndata.AnnData:
    """Read a matrix of labels and the regions' sequences.

    The matrix (`*.npz`, key `arr_0`, TFs x regions) holds 1 bound, 0 open and unbound, NaN
    unresolved; it is streamed, not loaded whole. FASTA ids are `IDX::chrom:start-end`, where IDX is
    the matrix column (paper, Methods, "Training, validation, and test datasets").

    Parameters
    ----------
    files
        Name -> path: one `*.npz` and one or more FASTA files.
    rows
        The TFs of all the matrix's rows, in its order.
    targets
        The TFs in use, in this order.
    length
        Regions of another length are left out and counted.

    Raises
    ------
    InputError
        Names the file, the row or region, what was found and what was wanted.
    """
    matrices = [path for name, path in files.items() if name.endswith(".npz")]
    fastas = [path for name, path in files.items() if not name.endswith(".npz")]
    if len(matrices) != 1 or not fastas:
        raise InputError(
            f"parser tf_binding_matrix: found {len(matrices)} .npz and {len(fastas)} FASTA files; "
            "wanted one matrix and at least one FASTA file"
        )
    if not targets or len(set(targets)) != len(targets):
        raise InputError(
            f"parser tf_binding_matrix: targets {targets}; wanted one or more, each once"
        )
    unknown = [t for t in targets if t not in rows]
    if unknown:
        raise InputError(f"parser tf_binding_matrix: {unknown[0]!r} is not among the matrix's rows")
    ids, sequences = _read_regions(fastas)
    codes, kept = encode_all(ids, sequences, length, ", ".join(str(f) for f in fastas))
    dropped = {"length": int((~kept).sum())}
    regions = matrix_regions([i for i, keep in zip(ids, kept, strict=True) if keep])
    wanted = {rows.index(t): i for i, t in enumerate(targets)}
    labels = _read_labels(matrices[0], len(rows), wanted, regions["index"].to_numpy())
    obs = regions[["chrom", "start", "end"]]
    return build(regions["id"], codes, labels, targets, obs=obs, dropped=dropped)


def _read_regions(paths: Sequence[str | os.PathLike]) -> tuple[list[str], list[bytes]]:
    ids: list[str] = []
    sequences: list[bytes] = []
    for path in paths:
        found, letters = read_fasta(path)
        ids += found
        sequences += letters
    return ids, sequences


def _read_labels(
    path: str | os.PathLike, n_rows: int, wanted: Mapping[int, int], columns: np.ndarray
) -> np.ndarray:
    """Stream the matrix; float32 (regions, targets) of the wanted rows and columns."""
    labels = np.empty((len(columns), len(wanted)), dtype=np.float32)
    with stream_npz(path) as (header, member):
        _check_header(path, header, n_rows)
        shape, dtype = header.shape, header.dtype
        if columns.max() >= shape[1]:
            raise InputError(
                f"{path}: the matrix has {shape[1]} columns, but a FASTA id names column "
                f"{columns.max()} (counted from 0)"
            )
        for row in range(max(wanted) + 1):
            raw = read_exactly(path, member, shape[1] * dtype.itemsize, row)
            if row in wanted:
                values = np.frombuffer(raw, dtype)[columns]
                _check_labels(path, row, values)
                labels[:, wanted[row]] = values
    return labels


def _check_header(path: str | os.PathLike, header: Header, n_rows: int) -> None:
    if header.dtype.kind not in "fiu" or header.fortran:
        raise InputError(
            f"{path}: found {header.dtype} (Fortran order: {header.fortran}), wanted rows of "
            "numbers"
        )
    if len(header.shape) != 2 or header.shape[0] != n_rows:
        raise InputError(
            f"{path}: the matrix has shape {header.shape}; wanted {n_rows} rows (one for each TF "
            "in `rows`) x regions"
        )


def _check_labels(path: str | os.PathLike, row: int, values: np.ndarray) -> None:
    wrong = ~((values == 0) | (values == 1) | np.isnan(values))
    if wrong.any():
        raise InputError(
            f"{path}, row {row + 1}: found the label {values[np.argmax(wrong)]}, wanted 0, 1 or NaN"
        )
