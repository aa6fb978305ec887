"""The file of interactions: HDF5, one group per example, written and read one at a time.

Specification
-------------
Attributes of the file: `model` (architecture), `method` (a name in INTERACTIONS), `target_names`
(strings, all targets of the model) and `settings` (JSON). One group per sequence and target, named
by its number in the file ("0", "1" ...), with the attributes `number` and `target` (which target),
`example` (from 1 within the target), `id` (of the sequence), `output` (of the model for it),
`difference` and `delta` (see `pairwise_maps.Interactions`; NaN without references), and the
datasets

- `sequence`: uint8 (L,), codes A = 0, C = 1, G = 2, T = 3.
- `positions`: float32 (L, L), symmetric: of each two positions the interaction furthest from 0;
  for integrated Hessians their interaction, and on the diagonal that of a position with itself.
- `contributions`: float32 (L,), of each base alone.
- `pairs`: float32 (L, 4, L, 4), where there are substitutions and L is at most LONGEST: of letter a
  at i and b at j; filled where j > i, 0 elsewhere.
- `units`: float32 (units,), root mean square of each unit's share, for `explainn`.
"""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import h5py
import numpy as np

from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.interpret.hdf5 import PACKED, Header, header_of, opened, write_header
from workflow_lib.interpret.pairwise_maps import Interactions

# Of sequences up to this length all substitutions are kept: 6 MB before compression.
LONGEST = 300


class Example(NamedTuple):
    """The interactions within one sequence for one target.

    Attributes
    ----------
    number, target
        Which target: its number and name.
    example
        From 1 within the target.
    id, codes
        Name of the sequence, uint8 (L,).
    output
        Of the model.
    found
        The interactions.
    """

    number: int
    target: str
    example: int
    id: str
    codes: np.ndarray
    output: float
    found: Interactions


def write(path: str | os.PathLike, header: Header, examples: Iterable[Example]) -> None:
    """Write a file of interactions, atomically; of an iterator one example is in memory."""
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        write_header(file, header)
        for i, example in enumerate(examples):
            _write_example(file.create_group(str(i)), example)


def _write_example(place: h5py.Group, example: Example) -> None:
    found = example.found
    for name in ("number", "target", "example", "id", "output"):
        place.attrs[name] = getattr(example, name)
    place.attrs["difference"], place.attrs["delta"] = found.difference, found.delta
    place["sequence"] = example.codes.astype(np.uint8)
    place["contributions"] = found.contributions.astype(np.float32)
    place.create_dataset("positions", data=found.positions.astype(np.float32), **PACKED)
    if found.units is not None:
        place["units"] = found.units.astype(np.float32)
    if found.pairs is not None and len(example.codes) <= LONGEST:
        at = np.arange(len(example.codes))
        half = np.where((at[:, None] < at)[:, None, :, None], found.pairs, np.float32(0))
        place.create_dataset("pairs", data=half, **PACKED)


def read_header(path: str | os.PathLike) -> Header:
    """The metadata of a file of interactions; see `read` for the errors."""
    with opened(path, "interactions") as file:
        return header_of(file)


def read(path: str | os.PathLike, pairs: bool = True) -> Iterator[Example]:
    """Read the examples of a file of interactions, one at a time.

    Parameters
    ----------
    path
        The file.
    pairs
        Whether to read all substitutions, the largest part.

    Yields
    ------
    Example

    Raises
    ------
    InputError
        Missing, or not such a file.
    """
    with opened(path, "interactions") as file:
        if any("positions" not in file[name] for name in file):
            raise InputError(f"{path}: not a file of interactions; it lacks positions")
        for name in sorted(file, key=int):
            place, known = file[name], file[name].attrs
            both = None
            if pairs and "pairs" in place:
                both = place["pairs"][:]
                both += both.transpose(2, 3, 0, 1)
            found = Interactions(
                both, place["positions"][:], place["contributions"][:],
                place["units"][:] if "units" in place else None,
                float(known["difference"]), float(known["delta"]),
            )  # fmt: skip
            yield Example(
                int(known["number"]), str(known["target"]), int(known["example"]),
                str(known["id"]), place["sequence"][:], float(known["output"]), found,
            )  # fmt: skip
