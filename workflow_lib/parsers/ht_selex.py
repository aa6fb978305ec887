"""HT-SELEX: reads of several selection cycles; a read's class is its cycle."""

import os
from collections import Counter
from collections.abc import Mapping

import anndata
import numpy as np

from workflow_lib.data.dataset import build
from workflow_lib.data.fastq import distinct_reads, read_lengths
from workflow_lib.errors import InputError
from workflow_lib.sequence import encode

# Option `repeats` -> the reason under which dropped reads are counted.
_REPEATS = {"latest": "earlier_cycle", "drop": "several_cycles", "keep": None}


def ht_selex(
    files: Mapping[str, str | os.PathLike],
    cycles: Mapping[str, int],
    length: int | None = None,
    repeats: str = "latest",
    most_reads: int | None = None,
    seed: int = 0,
) -> anndata.AnnData:
    """Read FASTQ files of HT-SELEX cycles as classes, for the task `cross_entropy`.

    Each cycle is a class of its own, which needs no negative sequences (paper, Methods, "Training,
    validation, and test datasets", after Asif and Orenstein 2020). Identical reads of a cycle
    count once (`repeat`).

    Parameters
    ----------
    files
        Name -> path of FASTQ files, plain or gzip.
    cycles
        File name -> cycle (0 = the initial library); several files may be of one cycle.
    length
        Reads of another length (bp) are left out (`length`); by default the most common length of
        the first file.
    repeats
        A read seen in several cycles: `latest` keeps it for the latest (it was enriched) and
        leaves it out of the others (`earlier_cycle`), `drop` leaves it out of all
        (`several_cycles`), `keep` keeps it in each.
    most_reads
        At most this many reads of each cycle, drawn at random (`not_drawn`).
    seed
        Of that draw.

    Returns
    -------
    AnnData
        Targets `cycle1`, `cycle2` ..., one 1 in each row; ids `cycle3_000123` = read 123 of that
        cycle's files. Reads with unknown bases are kept: `dataset.drop` removes and counts them.

    Raises
    ------
    InputError
        Files without a cycle, cycles without a file, fewer than two cycles, a cycle without reads,
        or a faulty FASTQ file.
    """
    _check_options(repeats, most_reads)
    paths = _paths_by_cycle(files, cycles)
    if length is None:
        length = read_lengths([next(iter(files.values()))]).most_common(1)[0][0]
    reads: dict[int, dict[bytes, int]] = {}
    dropped: Counter[str] = Counter()
    for cycle, of_cycle in paths.items():
        reads[cycle], left_out = distinct_reads(of_cycle, length)
        dropped.update(left_out)
    if _REPEATS[repeats]:
        reads, left_out = _each_in_one_cycle(reads, repeats)
        dropped.update(left_out)
    if most_reads is not None:
        reads, left_out = _draw(reads, most_reads, seed)
        dropped.update(left_out)
    _check_none_empty(reads, paths, length)
    ids = [f"cycle{cycle}_{number:06d}" for cycle in reads for number in reads[cycle].values()]
    codes = encode([read for of_cycle in reads.values() for read in of_cycle])
    classes = np.repeat(np.arange(len(reads)), [len(of_cycle) for of_cycle in reads.values()])
    one_hot = np.eye(len(reads), dtype=np.float32)[classes]
    return build(ids, codes, one_hot, [f"cycle{cycle}" for cycle in reads], dropped=dropped)


def _check_options(repeats: str, most_reads: int | None) -> None:
    if repeats not in _REPEATS:
        raise InputError(
            f"parser ht_selex: repeats {repeats!r}, wanted one of {', '.join(_REPEATS)}"
        )
    if most_reads is not None and most_reads < 1:
        raise InputError(f"parser ht_selex: most_reads {most_reads}, wanted 1 or more")


def _paths_by_cycle(
    files: Mapping[str, str | os.PathLike], cycles: Mapping[str, int]
) -> dict[int, list[str | os.PathLike]]:
    """Paths of each cycle, in the order of the cycles."""
    for what, names, others in (("cycle for", files, cycles), ("file", cycles, files)):
        missing = [name for name in names if name not in others]
        if missing:
            raise InputError(
                f"parser ht_selex: no {what} {missing[0]!r}; the files are {', '.join(files)}, "
                f"`cycles` has {', '.join(cycles)}"
            )
    for name, cycle in cycles.items():
        if isinstance(cycle, bool) or not isinstance(cycle, int) or cycle < 0:
            raise InputError(
                f"parser ht_selex: cycles, {name!r}: found {cycle!r}, wanted a whole number "
                "(0 = the initial library)"
            )
    paths: dict[int, list[str | os.PathLike]] = {cycle: [] for cycle in sorted(cycles.values())}
    for name, path in files.items():
        paths[cycles[name]].append(path)
    if len(paths) < 2:
        raise InputError(
            f"parser ht_selex: found the cycles {list(paths)}, wanted two or more: they are the "
            "classes"
        )
    return paths


def _each_in_one_cycle(
    reads: Mapping[int, dict[bytes, int]], repeats: str
) -> tuple[dict[int, dict[bytes, int]], dict[str, int]]:
    """Leave out reads that a later cycle has too (`latest`), or any other (`drop`)."""
    kept: dict[int, dict[bytes, int]] = {}
    n_cycles = Counter(read for of_cycle in reads.values() for read in of_cycle)
    for cycle, of_cycle in reads.items():
        kept[cycle] = {}
        for read, number in of_cycle.items():
            if repeats == "latest":
                n_cycles[read] -= 1  # how many of the later cycles have it
                elsewhere = n_cycles[read] > 0
            else:
                elsewhere = n_cycles[read] > 1
            if not elsewhere:
                kept[cycle][read] = number
    n_left_out = sum(len(reads[cycle]) - len(kept[cycle]) for cycle in reads)
    return kept, {_REPEATS[repeats]: n_left_out}


def _draw(
    reads: Mapping[int, dict[bytes, int]], most: int, seed: int
) -> tuple[dict[int, dict[bytes, int]], dict[str, int]]:
    """At most `most` random reads of each cycle, in the files' order."""
    drawn, not_drawn = {}, 0
    for cycle, of_cycle in reads.items():
        # Each cycle has its own generator: the draw does not depend on the other cycles.
        chosen = np.random.default_rng([seed, cycle]).permutation(len(of_cycle))[:most]
        items = list(of_cycle.items())
        drawn[cycle] = dict(items[i] for i in np.sort(chosen))
        not_drawn += len(items) - len(chosen)
    return drawn, {"not_drawn": not_drawn}


def _check_none_empty(
    reads: Mapping[int, dict[bytes, int]],
    paths: Mapping[int, list[str | os.PathLike]],
    length: int,
) -> None:
    for cycle, of_cycle in reads.items():
        if not of_cycle:
            names = ", ".join(str(path) for path in paths[cycle])
            raise InputError(
                f"{names}: no read of cycle {cycle} is left; wanted reads of {length} bp (see the "
                "options `length` and `repeats`)"
            )
