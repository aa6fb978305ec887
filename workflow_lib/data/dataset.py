"""The on-disk data set, `dataset.h5ad`: the one format that all steps after parsing read.

Specification
-------------
An AnnData file (readable with `anndata.read_h5ad`), one observation per sequence, one variable per
target:

- `X`: float32 (n, targets), the labels or values; NaN where unresolved.
- `obs`: index = unique ids (str); `split` (categorical: train, validation, test); and, where known,
  `chrom`, `start`, `end` (0-based, half-open; -1 where it stands nowhere, as a shuffle),
  `strand`.
- `var`: index = unique target names (str); where a table of targets says it, `group` and `color`
  (a name or `#rrggbb`), empty where it does not.
- `obsm["sequence"]`: uint8 (n, length), codes A = 0, C = 1, G = 2, T = 3, N = 4.
- `uns`: `task` (a name in TASKS), `source`, `n_read` (sequences read),
  `dropped` (mapping reason -> count; reasons `unknown_base`, `length`, `duplicate`, `unresolved`
  and any that a parser adds), `notes` (what the parser says of how it read the files). Always
  n + sum(dropped) = n_read.
"""

import os
from collections.abc import Iterable, Sequence

import anndata
import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem

from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.tables import RUN

PARTS = ("train", "validation", "test")
# Columns and rows of result tables; no target can be called so.
RESERVED = ("id", "split", "target", "unit", "any", "mean", "bias", *RUN)
REGION_COLUMNS = ("chrom", "start", "end", "strand")


def build(
    ids: Sequence[str],
    sequence: np.ndarray,
    targets: np.ndarray,
    target_names: Sequence[str],
    *,
    obs: pd.DataFrame | None = None,
    dropped: dict[str, int] | None = None,
    notes: Sequence[str] = (),
) -> anndata.AnnData:
    """Make a data set in memory; what every parser returns.

    Parameters
    ----------
    ids
        n unique names.
    sequence
        uint8 codes (n, length).
    targets
        float (n, targets), NaN where unresolved.
    target_names
        Unique names of the columns of `targets`.
    obs
        Further columns per sequence (chrom, start, end, strand, split), in the same order.
    dropped
        Sequences that the parser read but had to leave out, by reason.
    notes
        What a person should know of how the files were read; for the log and the report.

    Raises
    ------
    InputError
        Sizes that do not agree, names that are not unique or that result tables use.
    """
    ids, names = pd.Index(list(ids), dtype=str), pd.Index(list(target_names), dtype=str)
    if not (len(ids) == len(sequence) == len(targets)) or targets.shape[1] != len(names):
        raise InputError(
            f"{len(ids)} ids, {len(sequence)} sequences, targets of shape {targets.shape} and "
            f"{len(names)} target names do not fit together"
        )
    _check_names(names)
    values = _float32(targets, ids, names)
    for what, index in (("id", ids), ("target", names)):
        if not index.is_unique:
            raise InputError(f"the {what} {index[index.duplicated()][0]!r} occurs twice")
    table = pd.DataFrame(index=ids) if obs is None else obs.set_axis(ids)
    _check_places(table, sequence.shape[1])
    data = anndata.AnnData(X=values, obs=table, var=pd.DataFrame(index=names))
    data.obsm["sequence"] = np.asarray(sequence, dtype=np.uint8)
    data.uns["dropped"] = {reason: int(count) for reason, count in (dropped or {}).items()}
    data.uns["n_read"] = len(ids) + sum(data.uns["dropped"].values())
    data.uns["notes"] = np.array(list(notes), dtype=object)
    return data


def _check_names(names: Sequence[str]) -> None:
    """Raise for a target's name that tables of results use or cannot hold."""
    for name in names:
        if name in RESERVED or not name.isprintable() or not name or name != name.strip():
            raise InputError(
                f"a target is called {name!r}, which tables of results use or cannot hold; rename "
                f"it (of a table: `columns: {{new name: {name!r}}}`)"
            )


def _float32(targets: np.ndarray, ids: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The targets as they are stored; raises for values that float32 cannot hold."""
    with np.errstate(over="ignore"):
        values = np.asarray(targets, dtype=np.float32)
    # fmax and fmin skip NaN, and need no second array of a whole matrix.
    if values.size and np.isinf([np.fmax.reduce(values, None), np.fmin.reduce(values, None)]).any():
        i, j = np.argwhere(np.isinf(values))[0]
        raise InputError(
            f"{ids[i]!r}, target {names[j]!r}: found {targets[i][j]}, wanted at most 3.4e38"
        )
    return values


def _check_places(table: pd.DataFrame, length: int) -> None:
    """Raise for a region that is not as long as the sequences; end -1: it stands nowhere."""
    if {"start", "end"} <= set(table):
        width = (table["end"] - table["start"]).to_numpy()
        wrong = np.flatnonzero((width != length) & (table["end"] >= 0).to_numpy())
        if len(wrong):
            row = table.iloc[wrong[0]]
            raise InputError(
                f"{row.name!r}: found the region {row['start']}-{row['end']} of a sequence of "
                f"{length} bp; wanted one as long as its sequence (0-based, half-open)"
            )


def validate(data: anndata.AnnData, *, name: str, optional_splits: Sequence[str] = ()) -> None:
    """Check a data set against the specification above.

    Parameters
    ----------
    data
        The data set to save, or one just read.
    name
        The file or data set, for messages.
    optional_splits
        Parts of the split that may be absent (declared in the catalogue).

    Raises
    ------
    InputError
        Names the first thing that is missing or wrong.
    """
    if "sequence" not in data.obsm or data.obsm["sequence"].dtype != np.uint8:
        raise InputError(f"{name}: wanted obsm['sequence'] with uint8 codes")
    if data.n_obs == 0:
        raise InputError(f"{name}: no sequence is left ({counts(data)})")
    for key in ("task", "source", "n_read", "dropped"):
        if key not in data.uns:
            raise InputError(f"{name}: uns[{key!r}] is missing")
    if data.n_obs + sum(data.uns["dropped"].values()) != data.uns["n_read"]:
        raise InputError(f"{name}: kept and dropped do not add up ({counts(data)})")
    unknown = set(data.obs["split"].unique()) - set(PARTS)
    if unknown:
        raise InputError(f"{name}: parts {sorted(unknown)} of the split, wanted {list(PARTS)}")
    sizes = part_sizes(data)
    for part in PARTS:
        if sizes[part] == 0 and part not in optional_splits:
            raise InputError(
                f"{name}: the split leaves its {part} part empty ({sizes}); change the split, "
                f"or declare `optional_splits: [{part}]`"
            )


def shuffle_labels(data: anndata.AnnData, seed: int) -> None:
    """Permute the labels (rows of targets) within each part of the split, in place: a control.

    Sequences, split and the labels of each part as a whole stay the same; which sequence has which
    label is random (`uns["shuffled_labels"]` keeps the seed).
    """
    rng = np.random.default_rng(seed)
    parts = data.obs["split"].astype(str).to_numpy()
    for name in PARTS:
        rows = np.flatnonzero(parts == name)
        data.X[rows] = data.X[rng.permutation(rows)]
    data.uns["shuffled_labels"] = int(seed)


def counts(data: anndata.AnnData) -> str:
    """How many sequences were read, kept and dropped for which reason, as text."""
    dropped = ", ".join(f"{n} {reason}" for reason, n in data.uns.get("dropped", {}).items() if n)
    return f"{data.uns.get('n_read')} read, {data.n_obs} kept, dropped: {dropped or 'none'}"


def part_sizes(data: anndata.AnnData) -> dict[str, int]:
    """Number of sequences in each part of the split."""
    counts = data.obs["split"].value_counts()
    return {part: int(counts.get(part, 0)) for part in PARTS}


def save(data: anndata.AnnData, path: str | os.PathLike) -> None:
    """Write a data set, atomically."""
    with atomic(path) as temporary:
        data.write_h5ad(temporary, compression="gzip")


def load(path: str | os.PathLike) -> anndata.AnnData:
    """Read a data set.

    Raises
    ------
    InputError
        Where the file is not an AnnData file of this specification.
    """
    try:
        data = anndata.read_h5ad(path)
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: not a readable .h5ad file ({error})") from error
    validate(data, name=str(path), optional_splits=PARTS)
    return data


def part(data: anndata.AnnData, *names: str) -> anndata.AnnData:
    """The sequences of one or several parts of the split, in the file's order."""
    return data[data.obs["split"].isin(names).to_numpy()]


def arrays(data: anndata.AnnData, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n, length) and targets (n, targets) of a part, as copies: `data` can be freed."""
    rows = (data.obs["split"] == name).to_numpy()
    return np.asarray(data.obsm["sequence"])[rows], np.asarray(data.X)[rows]


def scored_part(data: anndata.AnnData) -> str:
    """The part that metrics are computed on: test, or validation where there is no test part."""
    return "test" if part_sizes(data)["test"] else "validation"


def labels(data: anndata.AnnData) -> pd.DataFrame:
    """Labels of the scored part as a table: index id, then split, then one column per target."""
    name = scored_part(data)
    rows = (data.obs["split"] == name).to_numpy()
    table = pd.DataFrame(np.asarray(data.X)[rows], data.obs_names[rows], data.var_names)
    table.insert(0, "split", name)
    return table


def read_var(path: str | os.PathLike) -> pd.DataFrame:
    """What is known of the targets in a data set's file, without reading the sequences."""
    try:
        with h5py.File(path, "r") as file:
            return read_elem(file["var"])
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: not a readable data set ({error})") from error


def n_in_part(path: str | os.PathLike, part: str) -> int:
    """Number of sequences in a part of a data set's file, without reading the sequences."""
    try:
        with h5py.File(path, "r") as file:
            return int((pd.Series(read_elem(file["obs/split"])).astype(str) == part).sum())
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: not a readable data set ({error})") from error


def n_training_sequences(paths: Iterable[str]) -> int | None:
    """Number of sequences that motifs were learned from; None where no file is named.

    Of a data set (.h5ad) those of the training part count, of a FASTA file all.
    """
    counts = []
    for path in paths:
        if path.endswith(".h5ad"):
            counts.append(n_in_part(path, "train"))
        else:
            with open(path, encoding="utf-8") as fasta:
                counts.append(sum(line.startswith(">") for line in fasta))
    return sum(counts) if counts else None
