"""Windows around peaks in a genome, and unbound windows of the same %GC."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import anndata
import numpy as np
import pandas as pd

from workflow_lib.config.names import nearest
from workflow_lib.data.dataset import build
from workflow_lib.data.gc_matching import match_or_explain
from workflow_lib.data.genome import open_genome, sequences, window_gc
from workflow_lib.data.regions import (
    CENTRES,
    overlaps,
    place_on,
    random_windows,
    read_bed,
    resize,
)
from workflow_lib.errors import InputError
from workflow_lib.parsers.fasta import named_files

if TYPE_CHECKING:
    from pyfaidx import Fasta

log = logging.getLogger(__name__)

# Windows are drawn in rounds, each of so many times the number that is needed.
_DRAWN_AT_ONCE, _ROUNDS = 5, 20
_PLACE = ["chrom", "start", "end"]
_NO_REGIONS = pd.DataFrame({"chrom": [], "start": [], "end": []}).astype(
    {"chrom": object, "start": np.int64, "end": np.int64}
)


class _Reference(NamedTuple):
    """The genome from which windows are cut, their length, and the regions to avoid."""

    genome: "Fasta"
    path: str | os.PathLike
    sizes: dict[str, int]
    length: int
    blacklist: pd.DataFrame
    most_unknown: float


def bed(
    files: Mapping[str, str | os.PathLike],
    peaks: str | Sequence[str] | Mapping[str, object],
    genome: str,
    length: int = 200,
    centre: str = "summit",
    blacklist: str | Sequence[str] | None = None,
    regions: str | Sequence[str] | None = None,
    ratio: int = 1,
    seed: int = 0,
    target: str = "bound",
    most_unknown: float = 0.0,
) -> anndata.AnnData:
    """Cut windows around peaks from a genome, and draw unbound ones (paper, Methods, mouse data).

    Unbound windows never touch a peak, its window (also where that is left out) or the blacklist;
    no window holds an N, or few. Peaks that find no unbound window of their %GC are left out.

    Parameters
    ----------
    files
        Name -> path.
    peaks, blacklist
        Names in `files` of BED or narrowPeak files, plain or gzip. Several files of peaks are one
        target; `peaks: {liver: a.bed, blood: [b.bed, c.bed]}` makes several.
    genome
        Name of a FASTA file, plain or bgzip. Its index is left beside it.
    length
        bp of each window.
    centre
        The centre of a peak's window: `summit` of narrowPeak (column 10, whatever columns
        follow), or the middle where a line has none; `middle`; `thick_start`, the summit in
        ReMap's BED files. How many of each there were is a note of the data set.
    regions
        Names of BED files with candidate regions (e.g. all accessible ones): unbound windows are
        centred on their middles; without, they are drawn anywhere on chromosomes with peaks.
    ratio
        Unbound windows for each peak, in each %GC bin.
    seed
        Of the random draw.
    target
        Name of the target, if there is one.
    most_unknown
        Share of N in a window that is used; by default of the data set's `drop`.

    Returns
    -------
    AnnData
        Ids `chrom:start-end`. A target is 1 where a window holds the centre of one of its peaks, 0
        where it touches none, and unresolved between. Dropped, by the first reason that applies:
        unknown_chromosome, no_base, beyond_chromosome_end (the peak or its window), blacklisted,
        same_window, n_in_sequence, bound_without_match; of regions the same with `region_` in
        front, region_overlaps_peak and unbound_not_drawn.

    Raises
    ------
    InputError
        Wrong options or files, coordinates of another assembly, no peak left, or more than half
        of the peaks without a matching unbound window.
    """
    groups = peaks if isinstance(peaks, Mapping) else {target: peaks}
    of_target = {name: named_files(files, "peaks", given) for name, given in groups.items()}
    named = {"genome": genome, "blacklist": blacklist, "regions": regions}
    paths = {option: named_files(files, option, names) for option, names in named.items()}
    paths["peaks"] = [path for found in of_target.values() for path in found]
    _check_options(paths, length, centre, ratio)
    with open_genome(paths["genome"][0]) as letters:
        sizes = {chrom: len(letters[chrom]) for chrom in letters.keys()}
        about = (letters, paths["genome"][0], sizes, length, _NO_REGIONS, most_unknown)
        reference = _Reference(*about)
        reference = reference._replace(blacklist=_blacklist(paths["blacklist"], reference))
        found, dropped = _read(paths["peaks"], reference, centre)
        bound = _usable(found[found["within"]], reference, dropped)
        taken = pd.concat([found, resize(found, length)])
        name = ", ".join(map(str, paths["peaks"]))
        if bound.empty:
            raise InputError(f"{name}: no peak is left; dropped: {dropped}")
        if regions:
            unbound = _from_regions(paths["regions"], reference, taken, dropped)
        else:
            unbound = _from_genome(bound, reference, taken, ratio, seed)
        kept, drawn = match_or_explain(
            bound["gc"].to_numpy(), unbound["gc"].to_numpy(), seed, name, ratio
        )
        dropped["bound_without_match"] = len(bound) - len(kept)
        if regions:
            dropped["unbound_not_drawn"] = len(unbound) - len(drawn)
        windows = pd.concat([bound.iloc[kept], unbound.iloc[drawn]], ignore_index=True)
        codes = sequences(letters, windows)
    labels = [_labels(windows, found[found["file"].isin(of)]) for of in of_target.values()]
    obs = windows[_PLACE].assign(strand=".")
    ids = [f"{w.chrom}:{w.start}-{w.end}" for w in windows.itertuples()]
    notes = _notes(found, of_target, centre)
    labels = np.column_stack(labels)
    return build(ids, codes, labels, list(of_target), obs=obs, dropped=dropped, notes=notes)


def _labels(windows: pd.DataFrame, peaks: pd.DataFrame) -> np.ndarray:
    """Labels (n,): 1 where a window holds the centre of a peak, 0 where it touches none."""
    points = peaks.assign(start=peaks["centre"], end=peaks["centre"] + 1)
    touched = np.where(overlaps(windows, peaks), np.nan, 0)
    return np.where(overlaps(windows, points), 1, touched).astype(np.float32)


def _notes(
    peaks: pd.DataFrame, of_target: Mapping[str, Sequence[str | os.PathLike]], centre: str
) -> list[str]:
    """What the centres of the windows are, file by file, and which files are one target."""
    said = []
    for path, of_file in peaks.groupby("file", sort=False):
        n = int(of_file["summit"].sum())
        column = {"summit": ", column 10", "thick_start": ", column 7"}.get(centre, "")
        counts = {f"around their summit{column}": n, "around their middle": len(of_file) - n}
        shown = ", ".join(f"{k:,} {where}" for where, k in counts.items() if k)
        said.append(f"{path}: windows of peaks: {shown}")
    for name, paths in of_target.items():
        if len(paths) > 1:
            pooled = ", ".join(map(str, paths))
            said.append(f"{pooled} are one target, {name} (`peaks: {{name: file}}` makes several)")
    return said


def _check_options(
    paths: Mapping[str, Sequence[str | os.PathLike]], length: int, centre: str, ratio: int
) -> None:
    for option, enough in (("peaks", bool(paths["peaks"])), ("genome", len(paths["genome"]) == 1)):
        if not enough:
            raise InputError(f"option {option}: found {len(paths[option])} files, wanted one")
    for option, value in (("length", length), ("ratio", ratio)):
        if not isinstance(value, int) or value < 1:
            raise InputError(f"option {option}: found {value!r}, wanted a whole number above 0")
    if centre not in CENTRES:
        raise InputError(
            f"option centre: unknown {centre!r}{nearest(centre, CENTRES)}; there are: "
            f"{', '.join(CENTRES)}"
        )


def _read(
    paths: Sequence[str | os.PathLike], reference: _Reference, centre: str = "middle"
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Regions on the genome's chromosomes, and how many are dropped.

    Columns `file` and `within`: those that reach beyond their chromosome count as dropped, but what
    is drawn must not touch them.
    """
    tables, unknown, beyond, empty = [], 0, 0, 0
    for path in paths:
        table = read_bed(path, centre)
        has_bases = table["start"] < table["end"]
        empty += int((~has_bases).sum())
        table = table[has_bases]
        known, within = place_on(table, reference.sizes, path, reference.path)
        tables.append(table.assign(file=path, within=within)[known])
        unknown += int((~known).sum())
        beyond += int((known & ~within).sum())
    table = pd.concat(tables, ignore_index=True) if tables else _NO_REGIONS
    left_out = {"unknown_chromosome": unknown, "beyond_chromosome_end": beyond, "no_base": empty}
    return table, left_out


def _blacklist(paths: Sequence[str | os.PathLike], reference: _Reference) -> pd.DataFrame:
    """Regions to avoid; none may be left if the genome is only a part."""
    tables = [read_bed(path) for path in paths]
    table = pd.concat(tables, ignore_index=True) if tables else _NO_REGIONS
    here = table["chrom"].isin(reference.sizes)

    def plain(names: Iterable[str]) -> set[str]:
        return {str(name).removeprefix("chr") for name in names}

    if len(table) and not here.any() and not plain(table["chrom"]) & plain(reference.sizes):
        log.warning(
            "%s: no region on the chromosomes of %s", ", ".join(map(str, paths)), reference.path
        )
        return _NO_REGIONS
    return _read(paths, reference)[0]


def _usable(
    regions: pd.DataFrame,
    reference: _Reference,
    dropped: dict[str, int],
    prefix: str = "",
    taken: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The usable windows around regions, with their `gc`; the others are counted."""
    windows = resize(regions, reference.length)

    def keep(mask: np.ndarray | pd.Series, reason: str) -> None:
        nonlocal windows
        dropped[prefix + reason] = dropped.get(prefix + reason, 0) + int((~mask).sum())
        windows = windows[mask]

    ends = windows["chrom"].map(reference.sizes)
    keep((windows["start"] >= 0) & (windows["end"] <= ends), "beyond_chromosome_end")
    keep(~overlaps(windows, reference.blacklist), "blacklisted")
    keep(~windows.duplicated(), "same_window")
    if taken is not None:
        keep(~overlaps(windows, taken), "overlaps_peak")
    windows = windows.assign(gc=window_gc(reference.genome, windows, reference.most_unknown))
    keep(windows["gc"] >= 0, "n_in_sequence")
    return windows


def _from_regions(
    paths: Sequence[str | os.PathLike],
    reference: _Reference,
    taken: pd.DataFrame,
    dropped: dict[str, int],
) -> pd.DataFrame:
    """Windows around candidate regions that do not overlap a peak, with their `gc`."""
    table, left_out = _read(paths, reference)
    dropped |= {f"region_{reason}": n for reason, n in left_out.items()}
    windows = _usable(table[table["within"]], reference, dropped, "region_", taken)
    log.info("%d of %d regions can be drawn from", len(windows), len(table))
    return windows


def _from_genome(
    bound: pd.DataFrame, reference: _Reference, taken: pd.DataFrame, ratio: int, seed: int
) -> pd.DataFrame:
    """Windows from chromosomes with peaks until every %GC bin is full, for at most _ROUNDS."""
    present = set(bound["chrom"])
    sizes = {chrom: size for chrom, size in reference.sizes.items() if chrom in present}
    avoid = pd.concat([taken[_PLACE], reference.blacklist[_PLACE]])
    avoid = avoid[avoid["chrom"].isin(present)]
    wanted = ratio * np.bincount(bound["gc"], minlength=101)
    rng = np.random.default_rng([seed, 2])
    found = bound.iloc[:0]
    for _ in range(_ROUNDS):
        drawn = random_windows(sizes, _DRAWN_AT_ONCE * int(wanted.sum()), reference.length, rng)
        drawn = drawn[~overlaps(drawn, avoid) & ~overlaps(drawn, found)]
        drawn = drawn[_non_overlapping(drawn)]
        drawn = drawn.assign(gc=window_gc(reference.genome, drawn, reference.most_unknown))
        found = pd.concat([found, drawn[drawn["gc"] >= 0]])
        # Keep the first ones of each bin: later rounds only fill up incomplete bins.
        found = found[found.groupby("gc").cumcount().to_numpy() < wanted[found["gc"]]]
        if len(found) == wanted.sum():
            break
    log.info("%d of %d unbound windows were found in the genome", len(found), wanted.sum())
    return found


def _non_overlapping(windows: pd.DataFrame) -> np.ndarray:
    """Mask (n,) of windows that do not overlap each other, kept greedily from the left."""
    kept = np.zeros(len(windows), dtype=bool)
    places = windows[_PLACE].reset_index(drop=True).sort_values(["chrom", "start"], kind="stable")
    chrom, end = None, 0
    for row in places.itertuples():
        if row.chrom != chrom or row.start >= end:
            kept[row.Index] = True
            chrom, end = row.chrom, row.end
    return kept
