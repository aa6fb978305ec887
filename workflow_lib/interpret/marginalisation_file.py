"""The file of a marginalisation: HDF5 with the output for every background.

Specification
-------------
Attributes of the file: those of `hdf5.Header`; `method` is the experiment, `target_names` are those
whose outputs are kept. Datasets:

- `motifs`: strings, the names of the patterns.
- `backgrounds`: uint8 (n, L), codes A = 0, C = 1, G = 2, T = 3.
- `designs`: strings (d,), JSON: a list of [motif's number, start, strand]; the first is empty.
- `outputs`: float32 (d, n, targets), the model's outputs for each design in each background.
- `drawn/{i}`: uint8, what is put in for motif i, N leaves the background's base: (1, width), or (n,
  width) where each background draws its own.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import h5py
import numpy as np

from workflow_lib.files import atomic
from workflow_lib.interpret import hdf5
from workflow_lib.interpret.embedding import Design, Placed


def write(
    path: str | os.PathLike,
    header: hdf5.Header,
    motifs: Sequence[str],
    backgrounds: np.ndarray,
    drawn: Sequence[np.ndarray],
    designs: Sequence[Design],
    outputs: Iterable[np.ndarray],
) -> None:
    """Write the file, atomically and a design at a time.

    Parameters
    ----------
    path, header
        The file and its metadata.
    motifs
        Names of the patterns.
    backgrounds, drawn
        uint8 (n, L), and for each motif uint8 (n, width).
    designs, outputs
        d designs, and for each float (n, targets).
    """
    text, shape = h5py.string_dtype(), (len(designs), len(backgrounds), len(header.target_names))
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        hdf5.write_header(file, header)
        # Not an attribute, which holds 64 kB: too few for all words of six letters.
        file.create_dataset("motifs", data=np.array(list(motifs), dtype=object), dtype=text)
        file.create_dataset("backgrounds", data=backgrounds, **hdf5.PACKED)
        for i, codes in enumerate(drawn):
            same = (codes == codes[:1]).all()
            file.create_dataset(f"drawn/{i}", data=codes[:1] if same else codes)
        written = np.array([json.dumps(design) for design in designs], dtype=object)
        file.create_dataset("designs", data=written, dtype=text)
        place = file.create_dataset("outputs", shape, "f4", chunks=(1, *shape[1:]), **hdf5.PACKED)
        for i, found in enumerate(outputs):
            place[i] = found


class Outputs(Mapping):
    """Design -> outputs (n, targets) of an open file, read when asked for."""

    def __init__(self, file: h5py.File) -> None:
        self._outputs, self.header = file["outputs"], hdf5.header_of(file)
        designs = [json.loads(text) for text in file["designs"].asstr()]
        self._numbers = {tuple(Placed(*p) for p in d): i for i, d in enumerate(designs)}

    def __getitem__(self, design: Design) -> np.ndarray:
        return self._outputs[self._numbers[design]]

    def __iter__(self) -> Iterator[Design]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[Outputs]:
    """Open a file of a marginalisation; `hdf5.opened` says what is refused."""
    with hdf5.opened(path, "a marginalisation", ("outputs", "designs")) as file:
        yield Outputs(file)
