"""Accessible regions (DHSs) whose ids say their place in a matrix: `IDX::chrom:start-end`."""

import re
from collections.abc import Sequence

import pandas as pd

from workflow_lib.errors import InputError

_REGION = re.compile(r"^(\d+)::([^:]+):(\d+)-(\d+)$")


def matrix_regions(ids: Sequence[str]) -> pd.DataFrame:
    """Take the ids of regions apart.

    Parameters
    ----------
    ids
        n ids like `IDX::chrom:start-end`, IDX counted from 0 along the matrix.

    Returns
    -------
    DataFrame
        id, index, chrom, start, end.

    Raises
    ------
    InputError
        An id of another form.
    """
    found = []
    for name in ids:
        match = _REGION.match(name)
        if match is None:
            raise InputError(
                f"FASTA id {name!r}: wanted IDX::chrom:start-end (IDX: its place in the matrix, "
                "counted from 0)"
            )
        found.append((name, int(match[1]), match[2], int(match[3]), int(match[4])))
    return pd.DataFrame(found, columns=["id", "index", "chrom", "start", "end"])
