"""Protein binding microarrays (PBM): probes and their signal intensities."""

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd

from workflow_lib.data.dataset import PARTS, build
from workflow_lib.errors import InputError
from workflow_lib.files import lines
from workflow_lib.sequence import encode_all

_PROBE, _SEQUENCE, _LINKER = "id_probe", "pbm_sequence", "linker_sequence"
_INTENSITY = "mean_signal_intensity"
_MISSING = ("", "na", "nan", "null")
_DNA = frozenset("ACGTNacgtn")


class _Layout(NamedTuple):
    """Which cells of a line hold what; `probe` is None where probes have no names."""

    n_cells: int
    probe: int | None
    sequence: tuple[int, ...]
    intensity: int


def pbm(
    files: Mapping[str, str | os.PathLike],
    splits: Mapping[str, str] | None = None,
    target: str = "intensity",
    distribution: str = "uniform",
    linker: bool = True,
    n_quantiles: int = 1000,
    length: int | None = None,
) -> anndata.AnnData:
    """Read the probes of one array or more, for the task `regression`.

    Two kinds of tables, recognised by their content: without a header, intensity then probe
    sequence between white space (UniPROBE's `*_deBruijn.txt`); or tab-separated with a header that
    has id_probe, pbm_sequence, linker_sequence and mean_signal_intensity.

    Parameters
    ----------
    files
        Name -> path, plain or gzip; one file is one array.
    splits
        File name -> train, validation or test, for `split: {method: source}`, and only for that:
        each array is of one part (paper, Methods, "Training, validation, and test datasets").
    target
        Name of the one target.
    distribution
        `uniform` (0 to 1) or `normal`: what the intensities of each array are transformed to by
        their quantiles, with scikit-learn as in the paper. It keeps their order.
    linker
        In tables with a header: the sequence is probe and linker together.
    n_quantiles
        Number of quantiles, between which the transform is linear. The default is scikit-learn's,
        as the paper gives none; the authors' scripts have 10. All probes are used, so no seed is
        needed.
    length
        Probes of another length (bp) are left out (`length`); by default they are an error.

    Returns
    -------
    AnnData
        Ids `<array>_<row>` or `<array>_<id_probe>`, where the array is the file's name without its
        ending. Probes without an intensity are left out (`no_intensity`).

    Raises
    ------
    InputError
        Names the file, the line, what was found and what was wanted.
    """
    _check_options(files, splits, distribution, n_quantiles)
    arrays = {name: _read(name, path, linker) for name, path in files.items()}
    probes = pd.concat(arrays.values(), ignore_index=True)
    n_read = len(probes)
    probes = probes[probes["intensity"].notna()].reset_index(drop=True)
    n_missing, names = n_read - len(probes), ", ".join(str(path) for path in files.values())
    sequences = probes["sequence"].tolist()
    codes, kept = encode_all(probes["id"].tolist(), sequences, length, names)
    probes = probes[kept]
    values = probes.groupby("file", sort=False)["intensity"].transform(
        _quantile_transformed, distribution, n_quantiles
    )
    dropped = {"no_intensity": n_missing, "length": int((~kept).sum())}
    obs = pd.DataFrame({"split": probes["file"].map(splits)}) if splits else None
    return build(
        probes["id"], codes, values.to_numpy()[:, None], [target], obs=obs, dropped=dropped
    )


def _check_options(
    files: Mapping[str, str | os.PathLike],
    splits: Mapping[str, str] | None,
    distribution: str,
    n_quantiles: int,
) -> None:
    if not files:
        raise InputError("parser pbm: the source has no files; wanted one array or more")
    splits = splits or {}
    for what, names, others in (("part for", files, splits), ("file", splits, files)):
        missing = [name for name in names if name not in others]
        if missing and splits:
            raise InputError(
                f"parser pbm: no {what} {missing[0]!r}; the files are {', '.join(files)}, `splits` "
                f"has {', '.join(splits)}"
            )
    for name, part in splits.items():
        if part not in PARTS:
            raise InputError(
                f"parser pbm: splits, {name!r}: found {part!r}, wanted one of {', '.join(PARTS)}"
            )
    if distribution not in ("uniform", "normal") or n_quantiles < 2:
        raise InputError(
            f"parser pbm: distribution {distribution!r}, n_quantiles {n_quantiles}; wanted uniform "
            "or normal, and 2 or more"
        )


def _read(name: str, path: str | os.PathLike, linker: bool) -> pd.DataFrame:
    """One array: file, id, sequence, intensity (NaN where missing)."""
    rows = list(_rows(path, linker))
    if not rows:
        raise InputError(f"{path}: no probes in it; wanted one a line")
    probes = pd.DataFrame(rows, columns=["probe", "sequence", "intensity"])
    array = name.removesuffix(".gz").rpartition(".")[0] or name
    # A probe may occur on an array several times.
    repeated = Counter(probes["probe"])
    probes["id"] = [
        "_".join(filter(None, [array, probe, "" if probe and repeated[probe] == 1 else str(row)]))
        for row, probe in enumerate(probes["probe"], start=1)
    ]
    return probes.assign(file=name)


def _rows(path: str | os.PathLike, linker: bool) -> Iterator[tuple[str, str, float]]:
    """Probe ('' where it has no name), sequence and intensity of each line that is not empty."""
    layout = None
    for number, line in enumerate(lines(path), start=1):
        text = line.decode(errors="replace")
        cells = [cell.strip() for cell in text.split("\t")] if "\t" in text else text.split()
        if not any(cells):
            continue
        if layout is None:
            layout, is_header = _layout(path, number, cells, linker)
            if is_header:
                continue
        if len(cells) != layout.n_cells:
            raise InputError(
                f"{path}, line {number}: found {len(cells)} cells, wanted {layout.n_cells}, as "
                "above, with tabs between them"
            )
        intensity = _number(path, number, cells[layout.intensity])
        probe = "" if layout.probe is None else cells[layout.probe]
        yield probe, "".join(cells[i] for i in layout.sequence), intensity


def _layout(
    path: str | os.PathLike, line: int, cells: list[str], linker: bool
) -> tuple[_Layout, bool]:
    """The layout according to the first line, and whether that line is a header."""
    if len(cells) == 2 and cells[1] and _DNA.issuperset(cells[1]):
        return _Layout(2, None, (1,), 0), False
    columns = [cell.lstrip("#") for cell in cells]
    sequence = [_SEQUENCE, _LINKER] if linker else [_SEQUENCE]
    wanted = [_PROBE, *sequence, _INTENSITY]
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise InputError(
            f"{path}, line {line}: no column {', '.join(missing)}; found "
            f"{', '.join(repr(c[:40]) for c in columns[:12])}; wanted a header with "
            f"{', '.join(wanted)}, or no header and two cells: intensity, probe sequence"
        )
    at = columns.index
    return _Layout(len(cells), at(_PROBE), tuple(map(at, sequence)), at(_INTENSITY)), True


def _number(path: str | os.PathLike, line: int, text: str) -> float:
    if text.lower() in _MISSING:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise InputError(
            f"{path}, line {line}: found the intensity {text!r}, wanted a number (or nothing where "
            "it is missing)"
        )
    return value


def _quantile_transformed(
    intensities: pd.Series, distribution: str, n_quantiles: int
) -> np.ndarray:
    # A heavy import that only this parser needs.
    from sklearn.preprocessing import QuantileTransformer

    transformer = QuantileTransformer(
        n_quantiles=min(n_quantiles, len(intensities)),
        output_distribution=distribution,
        subsample=None,
    )
    return transformer.fit_transform(intensities.to_numpy()[:, None])[:, 0]
