"""Motif instances: the sites of a model's filters in genome coordinates.

A site is where a unit's filter reaches half of its maximum, as for `interpret.filters`. Each comes
with what its unit adds to an output in that sequence: unit output times output weight.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import anndata
import numpy as np
import pandas as pd
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.files import atomic, gzip_text
from workflow_lib.interpret.activations import stream
from workflow_lib.interpret.attribute import matching_targets
from workflow_lib.interpret.filters import above, site_threshold
from workflow_lib.tables import write_rows
from workflow_lib.train.gpu import enough_memory
from workflow_lib.train.inference import full_precision, to_input

COLUMNS = (
    "chrom", "start", "end", "name", "score", "strand",
    "sequence", "activation", "target", "contribution",
)  # fmt: skip
# Order of the instances; the last three columns make it unique.
_ORDER = ["chrom", "start", "unit", "strand", "sequence"]


class Options(NamedTuple):
    """Which sites, and how they are found.

    Attributes
    ----------
    targets
        Patterns of target names; None = all targets. A site's contribution is that to the one
        among these for which the unit's output weight is largest, whatever its sign.
    strands
        `both`, or `forward`: only sites on the sequence's forward strand.
    inclusive
        A site reaches half of the maximum (True) or exceeds it, as for the filters' matrices.
    batch_size, device
        See `inference.batches`; neither changes a result beyond rounding.
    """

    targets: Sequence[str] | None = None
    strands: str = "both"
    inclusive: bool = True
    batch_size: int = 128
    device: torch.device | str = "cpu"


def regions(data: anndata.AnnData) -> pd.DataFrame:
    """Where each sequence of a data set lies.

    Parameters
    ----------
    data
        A data set or a part of it.

    Returns
    -------
    DataFrame
        sequence (id), chrom, start (0-based), strand (+ or -). Without `chrom` and `start` in
        `obs`, or where it stands nowhere (end -1), it is its own chromosome: its id, from 0.

    Raises
    ------
    InputError
        A region (`end` - `start`) that is not as long as its sequence, no start, another strand.
    """
    ids = data.obs_names.astype(str)
    table = pd.DataFrame({"sequence": ids, "chrom": ids, "start": 0, "strand": "+"})
    if not {"chrom", "start"} <= set(data.obs):
        return table
    length, obs = data.obsm["sequence"].shape[1], data.obs.set_axis(table.index)
    found = pd.to_numeric(obs["start"])
    ends = pd.to_numeric(obs["end"]) if "end" in obs else found + length
    placed = ~(ends < 0)  # a shuffle stands nowhere
    wrong = placed & ((ends - found != length) | found.isna())
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InputError(
            f"{ids[i]!r}: found the region {obs['chrom'][i]}:{found[i]}-{ends[i]}, wanted one of "
            f"{length} bp, as long as its sequence"
        )
    strands = obs["strand"].astype(str) if "strand" in obs else table["strand"]
    strands = strands.replace({".": "+", "": "+", "nan": "+"})
    if not strands.isin(["+", "-"]).all():
        wrong = strands[~strands.isin(["+", "-"])].iloc[0]
        raise InputError(f"obs, strand: found {wrong!r}, wanted +, - or .")
    known = obs.assign(chrom=obs["chrom"].astype(str), start=found.astype(int), strand=strands)
    columns = ["chrom", "start", "strand"]
    return table.assign(**{name: known[name].where(placed, table[name]) for name in columns})


def unit_names(n_units: int, annotation: pd.DataFrame) -> list[str]:
    """The name of each unit: `unit7_CTCF` after the known motif it resembles most, or `unit7`.

    Parameters
    ----------
    n_units
        How many there are.
    annotation
        Columns unit and name, the best first within each unit (rule `annotate`).
    """
    best = annotation.drop_duplicates("unit").set_index("unit")["name"].dropna()
    known = {int(unit): "_".join(str(name).split()) for unit, name in best.items()}
    return [f"unit{i}_{known[i]}" if known.get(i) else f"unit{i}" for i in range(n_units)]


def instances(
    model: nn.Module,
    X: np.ndarray,
    places: pd.DataFrame,
    activation_max: np.ndarray,
    names: Sequence[str],
    options: Options = Options(),  # noqa: B008 (a tuple of plain values)
) -> Iterator[pd.DataFrame]:
    """Motif instances in the order of the genome, in pieces.

    The sequences are read in the order of their regions. A site cannot start before its region, so
    all sites before the next region's start are final: only a batch and what overlaps it is held.

    Parameters
    ----------
    model
        Has `activations`, `units` and `output_weights`; its first layer does not pad.
    X
        uint8 codes (n, L).
    places
        n rows: sequence, chrom, start, strand (`regions`). A sequence on strand - is the reverse
        complement of the genome's.
    activation_max
        float32 (units,): maximum of each unit's activation.
    names
        What each unit is called.
    options
        See `Options`.

    Yields
    ------
    DataFrame
        COLUMNS: start and end 0-based and half-open on the genome's forward strand; score, from 0
        to 1000, the activation over its maximum; sequence, the id; contribution to target, of the
        unit's output for the strand that the site was read on. By chrom, start, unit, strand.
        Overlapping regions each give their own sites.

    Raises
    ------
    InputError
        A model without units, one that pads, another number of units, an unknown target.
    """
    if not hasattr(model, "units"):
        raise InputError("the model has no units; motif instances can be made for ExplaiNN only")
    if not len(activation_max) == len(names) == model.output_weights().shape[1]:
        raise InputError(
            f"activation maxima of {len(activation_max)} units and names of {len(names)} for a "
            f"model of {model.output_weights().shape[1]} units; wanted the filters of this model"
        )
    order = np.lexsort([places["start"], places["chrom"]])
    X, places = X[order], places.iloc[order].reset_index(drop=True)
    waiting = pd.DataFrame(columns=[*COLUMNS, "unit"])
    found = _sites(model, X, places, np.asarray(activation_max, dtype=np.float32), options)
    for next_region, sites in found:
        sites["name"] = np.asarray(names, dtype=object)[sites["unit"]]
        waiting = pd.concat([waiting, sites]) if len(waiting) else sites
        waiting = waiting.sort_values(_ORDER, kind="stable")
        final = _before(waiting, places, next_region)
        yield waiting.loc[final, list(COLUMNS)].reset_index(drop=True)
        waiting = waiting[~final]


def _before(sites: pd.DataFrame, places: pd.DataFrame, region: int) -> np.ndarray:
    """Which sites lie before the start of a region, so that none of its sites precedes them."""
    if region >= len(places):
        return np.ones(len(sites), dtype=bool)
    chrom, start = places.loc[region, ["chrom", "start"]]
    here = (sites["chrom"] == chrom) & (sites["start"] < start)
    return ((sites["chrom"] < chrom) | here).to_numpy(dtype=bool)


def _sites(
    model: nn.Module, X: np.ndarray, places: pd.DataFrame, maximum: np.ndarray, options: Options
) -> Iterator[tuple[int, pd.DataFrame]]:
    """The sites of each batch, and the number of the sequence after it."""
    of_target, weights = _strongest(model, options.targets)
    threshold = maximum if options.inclusive else above(maximum)
    threshold = site_threshold(torch.as_tensor(threshold, device=options.device))[:, None]
    positions = X.shape[1] - model.filter_size + 1
    scanned = stream(model, X, options.batch_size, options.device, options.strands)
    for start, activations in scanned:
        stop = start + len(activations)
        outputs = _outputs(model, X[start:stop], options)
        if activations.shape[2] != positions * len(outputs):
            raise InputError(
                f"{activations.shape[2] // len(outputs)} positions of filters of "
                f"{model.filter_size} bp on {X.shape[1]} bp; motif instances need a first layer "
                "that does not pad"
            )
        hits = activations >= threshold
        row, unit, column = (index.cpu().numpy() for index in hits.nonzero(as_tuple=True))
        reverse, place = np.divmod(column, positions)
        # On the reverse complement places are counted from its own start.
        place = np.where(reverse, positions - 1 - place, place)
        sites = _placed(places.iloc[start + row], place, reverse > 0, model.filter_size, positions)
        values = activations[hits].cpu().numpy()
        score = np.rint(1000 * (values / maximum[unit])).astype(int)
        yield stop, sites.assign(
            unit=unit, score=np.minimum(score, 1000), activation=values,
            target=np.asarray(of_target, dtype=object)[unit],
            contribution=outputs[reverse, row, unit] * weights[unit] + 0.0,  # no "-0"
        )  # fmt: skip


def _placed(
    where: pd.DataFrame, place: np.ndarray, reverse: np.ndarray, size: int, positions: int
) -> pd.DataFrame:
    """Sites on the genome's forward strand, from their places in the sequences of their rows."""
    on_minus = (where["strand"] == "-").to_numpy(dtype=bool)
    shift = np.where(on_minus, positions - 1 - place, place)
    start = where["start"].to_numpy(dtype=int) + shift
    strand = np.where(on_minus ^ reverse, "-", "+")
    kept = where[["chrom", "sequence"]].reset_index(drop=True)
    return kept.assign(start=start, end=start + size, strand=strand)


@torch.no_grad()
@full_precision()
def _outputs(model: nn.Module, codes: np.ndarray, options: Options) -> np.ndarray:
    """Outputs of the units on each strand that is scanned, (strands, b, units)."""
    with enough_memory("reading the units of", model, options.batch_size, options.device):
        x = to_input(codes, options.device)
        read = [x] if options.strands == "forward" else [x, x.flip(1, 2)]
        return np.stack([model.units(strand).float().cpu().numpy() for strand in read])


def _strongest(model: nn.Module, targets: Sequence[str] | None) -> tuple[list[str], np.ndarray]:
    """For each unit the target, of those asked for, with the largest weight, and that weight."""
    names = [str(name) for name in model.target_names]
    chosen = matching_targets(["*"] if targets is None else targets, names)
    weights = model.output_weights().detach().float().cpu().numpy()[chosen]
    best = np.abs(weights).argmax(axis=0)
    return [names[chosen[i]] for i in best], weights[best, np.arange(weights.shape[1])]


def write_bed(pieces: Iterable[pd.DataFrame], path: str | os.PathLike) -> int:
    """Write pieces of instances one after the other as gzipped BED6+4; return their number.

    The first line names the columns and starts with `#`.
    """
    n = 0
    with atomic(path) as temporary, gzip_text(temporary) as handle:
        handle.write("#" + "\t".join(COLUMNS) + "\n")
        for piece in pieces:
            write_rows(piece, handle, header=False, float_format="%.6g")
            n += len(piece)
    return n
