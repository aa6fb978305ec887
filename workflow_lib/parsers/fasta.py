"""FASTA files of bound sequences, with unbound ones that are given, shuffled or drawn."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd

from workflow_lib.config.names import nearest
from workflow_lib.data.dataset import REGION_COLUMNS, build
from workflow_lib.data.gc_matching import match_or_explain, percent_gc
from workflow_lib.data.regions import fit_regions, parse_region
from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.sequence import encode_all, few_unknown, read_fasta, reverse_complement

# Value of `negatives` -> function that shuffles bound sequences: codes (n, length), seed -> codes.
_SHUFFLES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "dinucleotide_shuffled": lambda codes, seed: dinucleotide_shuffles(codes, 1, seed)[:, 0],
    "shuffled": lambda codes, seed: np.random.default_rng(seed).permuted(codes, axis=1),
}
NEGATIVES = (*_SHUFFLES, "gc_matched")
# Follows the id of a sequence in that of its shuffle.
_SHUFFLED = "_shuffled"


class _Pair(NamedTuple):
    """Ids and codes of the bound and of the unbound sequences."""

    bound_ids: Sequence[str]
    bound: np.ndarray
    unbound_ids: Sequence[str]
    unbound: np.ndarray


def fasta(
    files: Mapping[str, str | os.PathLike],
    bound: str | Sequence[str],
    unbound: str | Sequence[str] | None = None,
    negatives: str | None = None,
    background: str | Sequence[str] | None = None,
    seed: int = 0,
    length: int | None = None,
    fit: str = "drop",
    most_unknown: float = 0.0,
    target: str = "bound",
) -> anndata.AnnData:
    """Read FASTA files (plain or gzip) of bound sequences, and read or make unbound ones.

    An unbound sequence that is also a bound one, on either strand, would carry both labels: it is
    left out and counted as `unbound_as_bound`.

    Parameters
    ----------
    files
        Name -> path.
    bound, unbound
        Names in `files`, one or several. Unbound sequences that are given are all kept; the
        data set's `balance` makes them as many as the bound ones.
    negatives
        Where none are given: `dinucleotide_shuffled` (each bound sequence once, with its counts
        of dinucleotides), `shuffled` (its letters in another order: the same %GC), or
        `gc_matched` (drawn from `background`, one for each bound one of that %GC; paper,
        Methods). Those of a shuffle are called `<id>_shuffled`.
    background
        Names in `files` for `gc_matched`. Bound ones without a partner are counted as
        `bound_without_match`, background that is not needed as `unbound_not_drawn`, and on both
        sides what holds an N, which finds no partner, as `n_in_sequence`.
    seed
        Of the shuffle or draw.
    length, fit
        See `encode_all`.
    most_unknown
        Share of N with which a sequence still finds a partner; by default of the data set's `drop`.
    target
        Name of the one target: 1 bound, 0 unbound.

    Returns
    -------
    AnnData
        Ids like `chr1:100-300`, in the forms of bedtools and samtools, are regions: `obs` has
        `chrom`, `start`, `end`, `strand`. A shuffle is on the chromosome of its sequence, and
        stands nowhere (start and end -1).

    Raises
    ------
    InputError
        Options that do not go together, duplicate ids, broken files, no sequences left, or more
        than half of the bound ones without a partner.
    """
    _check_options(unbound, negatives, background)
    groups = {"bound": bound, "unbound": unbound, "background": background}
    paths = {option: named_files(files, option, given) for option, given in groups.items()}
    ids, sequences = _read([path for group in paths.values() for path in group])
    n_bound = sum(len(found) for found in ids[: len(paths["bound"])])
    flat_ids, flat = [i for found in ids for i in found], [s for found in sequences for s in found]
    name = ", ".join(str(path) for group in paths.values() for path in group)
    codes, kept = encode_all(flat_ids, flat, length, name, fit)
    dropped = {"length": int((~kept).sum())}
    names = [i for i, keep in zip(flat_ids, kept, strict=True) if keep]
    n_bound = int(kept[:n_bound].sum())
    pair = _Pair(names[:n_bound], codes[:n_bound], names[n_bound:], codes[n_bound:])
    if negatives in _SHUFFLES:
        made = [f"{one}{_SHUFFLED}" for one in pair.bound_ids]
        pair = pair._replace(unbound_ids=made, unbound=_SHUFFLES[negatives](pair.bound, seed))
    pair = _without_bound(pair, dropped)
    if negatives == "gc_matched":
        pair = _matched(pair, seed, dropped, name, most_unknown)
    for what, found in (("bound", pair.bound), ("unbound", pair.unbound)):
        if not len(found):
            raise InputError(f"{name}: no {what} sequence is left; dropped: {dropped}")
    labels = np.r_[np.ones(len(pair.bound)), np.zeros(len(pair.unbound))][:, None]
    together = np.concatenate([pair.bound, pair.unbound])
    sizes = dict(zip(flat_ids, map(len, flat), strict=True))
    made = [*pair.bound_ids, *pair.unbound_ids]
    obs, notes = _regions(made, sizes, together.shape[1], name)
    kind = (negatives or "given").replace("_", " ")
    notes.append(f"{name}: {len(pair.bound):,} bound, {len(pair.unbound):,} unbound ({kind})")
    return build(made, together, labels, [target], obs=obs, dropped=dropped, notes=notes)


def _regions(
    ids: Sequence[str], sizes: Mapping[str, int], length: int, name: str
) -> tuple[pd.DataFrame | None, list[str]]:
    """The regions that ids name, where all of them do; notes.

    Parameters
    ----------
    ids
        n names of sequences and of shuffles.
    sizes
        Id -> length (bp) in the file.
    length
        Length now.
    name
        The files, for messages.
    """
    own = [one if one in sizes else one.removesuffix(_SHUFFLED) for one in ids]
    found = [parse_region(one) for one in own]
    if None in found:
        some = len(found) - found.count(None)
        note = f"{name}: only {some} of {len(ids)} ids are regions like chr1:100-300; none is used"
        return None, [note] if some else []
    table = pd.DataFrame(found, columns=REGION_COLUMNS)
    try:
        table = fit_regions(table, np.array([sizes[one] for one in own]), length, name)
    except InputError as error:
        return table[["chrom"]], [f"{error}; only the chromosomes of the ids are used"]
    nowhere = np.array([one not in sizes for one in ids])
    table.loc[nowhere, ["start", "end"]] = -1
    return table, [f"{name}: the ids are regions"]


def named_files(
    files: Mapping[str, str | os.PathLike], option: str, given: str | Sequence[str] | None
) -> list[str | os.PathLike]:
    """Paths of the files that an option names: one name or several; none gives none.

    Raises
    ------
    InputError
        A name that is not among `files`, with the nearest that is; one name twice.
    """
    names = [given] if isinstance(given, str) else list(given or ())
    for name in names:
        if name not in files:
            raise InputError(
                f"option {option}: no file {name!r}{nearest(name, files)}; the data set uses "
                f"{', '.join(sorted(files)) or 'no files'}"
            )
    if len(set(names)) < len(names):
        raise InputError(f"option {option}: {names}; wanted each file once")
    return [files[name] for name in names]


def _check_options(
    unbound: str | Sequence[str] | None,
    negatives: str | None,
    background: str | Sequence[str] | None,
) -> None:
    if bool(unbound) == bool(negatives):
        raise InputError(
            f"parser fasta: found unbound = {unbound!r} and negatives = {negatives!r}; wanted "
            f"one of the two (negatives: {', '.join(NEGATIVES)})"
        )
    if negatives and negatives not in NEGATIVES:
        raise InputError(
            f"option negatives: unknown {negatives!r}{nearest(negatives, NEGATIVES)}; there are: "
            f"{', '.join(NEGATIVES)}"
        )
    if bool(background) != (negatives == "gc_matched"):
        raise InputError(
            f"option background: found {background!r} with negatives = {negatives!r}; "
            "gc_matched wants a background to draw from, nothing else takes one"
        )


def _read(paths: Sequence[str | os.PathLike]) -> tuple[list[list[str]], list[list[bytes]]]:
    """Ids and letters of each file; an id that two files use is an error."""
    where: dict[str, str | os.PathLike] = {}
    ids, sequences = [], []
    for path in paths:
        found, letters = read_fasta(path)
        for one in found:
            if one in where:
                raise InputError(
                    f"{path}: the id {one!r} occurs in {where[one]} too; wanted ids that differ "
                    "between all files of a data set"
                )
        where |= dict.fromkeys(found, path)
        ids.append(found)
        sequences.append(letters)
    return ids, sequences


def _without_bound(pair: _Pair, dropped: dict[str, int]) -> _Pair:
    """Leave out unbound sequences that are also bound ones, on either strand."""
    known = {row.tobytes() for row in pair.bound}
    known |= {row.tobytes() for row in reverse_complement(pair.bound)}
    keep = np.array([row.tobytes() not in known for row in pair.unbound], dtype=bool)
    dropped["unbound_as_bound"] = int((~keep).sum())
    return _chosen(pair, np.ones(len(pair.bound), dtype=bool), keep)


def _matched(
    pair: _Pair, seed: int, dropped: dict[str, int], name: str, most_unknown: float
) -> _Pair:
    """Pairs of equal %GC (of known bases) among the sequences with few N."""
    known = [few_unknown(group, most_unknown) for group in (pair.bound, pair.unbound)]
    dropped["n_in_sequence"] = int(sum((~mask).sum() for mask in known))
    pair = _chosen(pair, *known)
    kept, drawn = match_or_explain(percent_gc(pair.bound), percent_gc(pair.unbound), seed, name)
    dropped["bound_without_match"] = len(pair.bound) - len(kept)
    dropped["unbound_not_drawn"] = len(pair.unbound) - len(drawn)
    return _chosen(
        pair, np.isin(np.arange(len(pair.bound)), kept), np.isin(range(len(pair.unbound)), drawn)
    )


def _chosen(pair: _Pair, bound: np.ndarray, unbound: np.ndarray) -> _Pair:
    """The sequences that the two masks select."""
    return _Pair(
        [pair.bound_ids[i] for i in np.flatnonzero(bound)],
        pair.bound[bound],
        [pair.unbound_ids[i] for i in np.flatnonzero(unbound)],
        pair.unbound[unbound],
    )
