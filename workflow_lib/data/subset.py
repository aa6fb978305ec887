"""Data sets made from another data set, e.g. one TF of a matrix that is parsed only once."""

from collections.abc import Sequence
from functools import lru_cache

import anndata
import numpy as np

from workflow_lib.config.names import nearest
from workflow_lib.data.dataset import build, load
from workflow_lib.errors import InputError


def of_targets(data: anndata.AnnData, targets: Sequence[str], name: str) -> anndata.AnnData:
    """The same sequences with some of the targets only: a data set made from another one.

    Parameters
    ----------
    data
        Any data set; it is not changed.
    targets
        Names of its targets, in the order wanted.
    name
        Name of `data` in messages.

    Returns
    -------
    AnnData
        Without split; what `data` dropped is not counted again.

    Raises
    ------
    InputError
        A target that `data` lacks, with the nearest name.
    """
    for target in targets:
        if target not in data.var_names:
            raise InputError(
                f"{name}: it has no target {target!r}{nearest(target, data.var_names)}; it has "
                f"{data.n_vars}, the first is {data.var_names[0]!r}"
            )
    columns = data.var_names.get_indexer(targets)
    obs = data.obs.drop(columns="split")
    labels, notes = np.asarray(data.X)[:, columns], data.uns.get("notes", ())
    made = build(data.obs_names, data.obsm["sequence"], labels, targets, obs=obs, notes=notes)
    made.var = data.var.iloc[columns].copy()
    return made


@lru_cache(maxsize=1)
def load_shared(path: str) -> anndata.AnnData:
    """`load` with a cache of one, for a process that makes many data sets from one.

    All callers share the result, so it must not be changed.
    """
    return load(path)
