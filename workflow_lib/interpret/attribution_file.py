"""The file of attributions: HDF5, one group per target, written and read a target at a time.

Specification
-------------
Attributes of the file: `model` (architecture), `method` (a name in ATTRIBUTIONS), `target_names`
(strings, all targets of the model) and `settings` (JSON). One group per attributed target, named
by its number among `target_names` ("0", "7"), with the attributes `target` (its name), `n`
(sequences considered), `n_correct` (of them correctly predicted) and `n_used` (attributed), and the
datasets

- `sequence`: uint8 (m, L), codes A = 0, C = 1, G = 2, T = 3, N = 4.
- `id`: strings (m,).
- `scores`: float32 (m, 4, L), hypothetical contributions of the four letters; times the one-hot
  sequence they are the actual contributions.
- `delta`: float32 (m,), convergence deltas; NaN where the method has none.

m = `n_used` may be 0.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import h5py
import numpy as np

from workflow_lib.files import atomic
from workflow_lib.interpret.hdf5 import PACKED, Header, header_of, opened, write_header


class Group(NamedTuple):
    """The attributions of one target; m sequences of length L.

    Attributes
    ----------
    number, target
        Which target: its number and name.
    n, n_correct
        Sequences considered, and how many of them were correctly predicted.
    ids, codes, scores, delta
        m names, uint8 (m, L), float32 (m, 4, L), float32 (m,).
    """

    number: int
    target: str
    n: int
    n_correct: int
    ids: Sequence[str]
    codes: np.ndarray
    scores: np.ndarray
    delta: np.ndarray


def write(path: str | os.PathLike, header: Header, groups: Iterable[Group]) -> None:
    """Write a file of attributions, atomically.

    Parameters
    ----------
    path
        The file.
    header
        Its metadata.
    groups
        One per target. They are written one by one: as an iterator, only one is in memory.
    """
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        write_header(file, header)
        for group in groups:
            _write_group(file.create_group(str(group.number)), group)


def _write_group(place: h5py.Group, group: Group) -> None:
    place.attrs["target"], place.attrs["n"] = group.target, group.n
    place.attrs["n_correct"], place.attrs["n_used"] = group.n_correct, len(group.codes)
    ids = np.array(list(group.ids), dtype=object)
    place.create_dataset("id", data=ids, dtype=h5py.string_dtype())
    packed = PACKED if len(ids) else {}
    place.create_dataset("sequence", data=group.codes.astype(np.uint8), **packed)
    place.create_dataset("scores", data=group.scores.astype(np.float32), **packed)
    place.create_dataset("delta", data=group.delta.astype(np.float32))


def read_header(path: str | os.PathLike) -> Header:
    """The metadata of a file of attributions; see `read` for the errors."""
    with opened(path, "attributions") as file:
        return header_of(file)


def read(path: str | os.PathLike, most: int | None = None) -> Iterator[Group]:
    """Read the groups of a file of attributions, by number, one at a time.

    Parameters
    ----------
    path
        The file.
    most
        Read at most this many sequences of each target, the first ones; None = all.

    Yields
    ------
    Group

    Raises
    ------
    InputError
        Missing, or not such a file.
    """
    with opened(path, "attributions") as file:
        for number in sorted(file, key=int):
            place = file[number]
            yield Group(
                int(number),
                str(place.attrs["target"]),
                int(place.attrs["n"]),
                int(place.attrs["n_correct"]),
                list(place["id"].asstr()[:most]),
                *(place[name][:most] for name in ("sequence", "scores", "delta")),
            )
