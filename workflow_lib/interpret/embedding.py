"""Putting patterns into sequences and predicting: what marginalisation and ablation are made of.

A design says which patterns stand where; each is put into every background. Sequences are made and
predicted a batch at a time: beyond the backgrounds themselves, and the outputs of a few designs,
the memory does not depend on how many there are.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.sequence import UNKNOWN, reverse_complement
from workflow_lib.train.inference import predict, with_folded_norms

# A small batch stays in a processor's cache: at 512 DeepSTARR takes twice the time of 64.
BATCH_ON_CPU, BATCH_ON_GPU = 64, 1024


class Placed(NamedTuple):
    """A pattern at a place.

    Attributes
    ----------
    pattern
        Its number.
    start
        Where its first base stands, counted from 0.
    strand
        `+`, or `-`: its reverse complement.
    """

    pattern: int
    start: int
    strand: str = "+"


Design = tuple[Placed, ...]


def check_design(design: Design, names: Sequence[str], widths: Sequence[int], length: int) -> None:
    """Refuse patterns that overlap or do not fit.

    Parameters
    ----------
    design
        What stands where.
    names, widths
        Of the patterns.
    length
        Of the sequences, in bp.

    Raises
    ------
    InputError
        Names the patterns and their places.
    """
    ends = sorted((p.start, p.start + widths[p.pattern], names[p.pattern]) for p in design)
    for start, end, name in ends:
        if start < 0 or end > length:
            raise InputError(
                f"the motif {name} ({end - start} bp) at {start} does not fit into sequences of "
                f"{length} bp; wanted a start from 0 to {length - (end - start)}"
            )
    for (start, end, name), (other, _, next_name) in zip(ends, ends[1:], strict=False):
        if other < end:
            raise InputError(
                f"the motifs {name} at {start} ({end - start} bp) and {next_name} at {other} "
                f"overlap; wanted the second one from {end} on"
            )


def embed(
    X: np.ndarray, design: Design, drawn: Sequence[np.ndarray], rows: slice = slice(None)
) -> np.ndarray:
    """Copies of sequences with patterns in them.

    Parameters
    ----------
    X
        uint8 codes (n, L).
    design
        What stands where.
    drawn
        For each pattern what each sequence gets, uint8 (n, width) (`patterns.draws`).
    rows
        The sequences that are made.

    Returns
    -------
    ndarray
        uint8 (rows, L).
    """
    X = X[rows].copy()
    for placed in design:
        codes = drawn[placed.pattern][rows]
        if placed.strand == "-":
            codes = reverse_complement(codes)
        part = X[:, placed.start : placed.start + codes.shape[1]]
        np.copyto(part, codes, where=codes < UNKNOWN)
    return X


def outputs(
    model: nn.Module,
    X: np.ndarray,
    designs: Sequence[Design],
    drawn: Sequence[np.ndarray],
    batch_size: int | None = None,
    device: torch.device | str = "cpu",
    both_strands: bool = False,
) -> Iterator[np.ndarray]:
    """Outputs of a model for each design in all backgrounds.

    Parameters
    ----------
    model
        Takes one-hot sequences.
    X
        uint8 codes (n, L): the backgrounds.
    designs, drawn
        See `embed`; no patterns, `()`, are the backgrounds themselves.
    batch_size
        Sequences that are predicted together; None: BATCH_ON_CPU or BATCH_ON_GPU.
    device, both_strands
        See `inference.predict`.

    Yields
    ------
    ndarray
        float32 (n, targets), one for each design.
    """
    if batch_size is None:
        batch_size = BATCH_ON_CPU if torch.device(device).type == "cpu" else BATCH_ON_GPU
    at_once = max(1, batch_size // len(X))
    model = with_folded_norms(model)
    for first in range(0, len(designs), at_once):
        some = designs[first : first + at_once]
        parts = []
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            made = [embed(X, design, drawn, rows) for design in some]
            found = predict(model, np.concatenate(made), batch_size, device, both_strands)
            parts.append(found.reshape(len(some), -1, found.shape[1]))
        yield from np.concatenate(parts, axis=1)
