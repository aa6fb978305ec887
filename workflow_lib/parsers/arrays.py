"""Arrays of numpy (.npy, .npz), read by their headers: what is pickled is never opened."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.files import looks_like


class Header(NamedTuple):
    """What the header of a .npy array says: its sizes, type, and whether columns come first."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool


def read_header(path: str | os.PathLike, handle: BinaryIO, name: str = "the file") -> Header:
    """Read the header of an array; `handle` stands at its first value then.

    Raises
    ------
    InputError
        What `name` in the file `path` is no .npy array.
    """
    try:
        version = np.lib.format.read_magic(handle)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(handle)
    except ValueError as error:
        raise InputError(
            f"{path}: {name} is not a .npy array{looks_like(path)}: {error}"
        ) from error
    return Header(shape, dtype, fortran)


@contextmanager
def stream_npz(path: str | os.PathLike) -> Iterator[tuple[Header, BinaryIO]]:
    """Open the array `arr_0` of an .npz file for reading it piece by piece.

    Yields
    ------
    header, handle
        The handle stands at the first value; `read_exactly` reads on from there.

    Raises
    ------
    InputError
        No .npz file, no `arr_0`, or a damaged file, also where it is read within the block.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("arr_0.npy") as member:
            yield read_header(path, member, "arr_0"), member
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: not a readable .npz with arr_0{looks_like(path)}: {error}"
        ) from error


def read_exactly(path: str | os.PathLike, handle: BinaryIO, n_bytes: int, row: int) -> bytes:
    """Read so many bytes of a matrix, from its row `row` (counted from 0) on.

    Raises
    ------
    InputError
        The file ends before.
    """
    raw = handle.read(n_bytes)
    if len(raw) != n_bytes:
        raise InputError(f"{path}: the matrix ends within row {row + 1}; it is truncated")
    return raw


def map_npy(path: str | os.PathLike, kinds: str, wanted: str) -> np.ndarray:
    """A .npy array that is read from the disk only where it is looked at.

    Parameters
    ----------
    path
        The file.
    kinds
        Kinds of numpy types (`dtype.kind`) that are taken, such as `iu` for whole numbers.
    wanted
        These kinds in words, for messages.

    Raises
    ------
    InputError
        No .npy array, another type (also pickled objects, which are never opened), or a file that
        is shorter than its header says.
    """
    with open(path, "rb") as handle:
        header, start = read_header(path, handle), handle.tell()
        there = handle.seek(0, os.SEEK_END) - start
    if header.dtype.kind not in kinds:
        pickled = " (pickled objects, which are never opened)" if header.dtype.hasobject else ""
        raise InputError(f"{path}: found the type {header.dtype}{pickled}; wanted {wanted}")
    needed = int(np.prod(header.shape, dtype=np.int64)) * header.dtype.itemsize
    if there < needed:
        raise InputError(
            f"{path}: found {there:,} bytes of values, wanted {needed:,} for the shape "
            f"{header.shape}; the file is truncated"
        )
    if not needed:
        return np.empty(header.shape, header.dtype)
    order = "F" if header.fortran else "C"
    return np.memmap(path, header.dtype, "r", offset=start, shape=header.shape, order=order)
