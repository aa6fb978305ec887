"""What the HDF5 files of interpretation share: their header, and how they are opened."""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import h5py
import numpy as np

from workflow_lib.errors import InputError

# Of arrays that are worth it; one without elements cannot be stored in the chunks that this needs.
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


class Header(NamedTuple):
    """Attributes of a file.

    Attributes
    ----------
    model
        Architecture of the model.
    method
        How the file's numbers were made.
    target_names
        All targets of the model, or those that the file is about.
    settings
        Settings of the method.
    """

    model: str
    method: str
    target_names: Sequence[str]
    settings: Mapping[str, Any]


def write_header(file: h5py.File, header: Header) -> None:
    """Write a header as attributes; the settings as JSON."""
    file.attrs["model"], file.attrs["method"] = header.model, header.method
    names = np.array(list(header.target_names), dtype=object)
    file.attrs.create("target_names", names, dtype=h5py.string_dtype())
    file.attrs["settings"] = json.dumps(dict(header.settings))


def header_of(file: h5py.File) -> Header:
    """The header of an open file."""
    return Header(
        str(file.attrs["model"]),
        str(file.attrs["method"]),
        [str(name) for name in file.attrs["target_names"]],
        json.loads(file.attrs["settings"]),
    )


@contextmanager
def opened(
    path: str | os.PathLike, kind: str, datasets: Collection[str] = ()
) -> Iterator[h5py.File]:
    """Open a file for reading.

    Parameters
    ----------
    path
        The file.
    kind
        What it is of, for messages: `attributions`.
    datasets
        Datasets that it has to hold.

    Raises
    ------
    InputError
        Missing, damaged, or another kind of file.
    """
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file of {kind}") from error
    except OSError as error:
        raise InputError(f"{path}: not an HDF5 file, or a damaged one ({error})") from error
    with file:
        attributes = sorted({*Header._fields} - set(file.attrs))
        missing = [f"the attribute {name!r}" for name in attributes]
        missing += [f"the dataset {name!r}" for name in datasets if name not in file]
        if missing:
            raise InputError(f"{path}: not a file of {kind}; it lacks {missing[0]}")
        yield file
