"""Rows of `make bench` at the size of the whole paper: planning, the whole TF binding matrix.

The whole matrix, 163 TFs x 1,817,918 regions, is made once by tiling the mirror's ten chromosomes,
in a temporary folder (half a minute, 0.3 GB). The four rows `whole matrix` take about eight minutes
together on two cores: `python tests/bench/bench.py "whole matrix"` measures only these. Each row is
a name, a function that returns the measured value as text, what it is compared with and what is
wanted.
"""

import gc
import gzip
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml

ROOT = Path(__file__).resolve().parents[2]
MIRROR = ROOT.parent / "shared/mirror/tf_binding"
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests/bench")]

import prepare  # noqa: E402
import train  # noqa: E402
from bench_workflow import Watched, plan, watched  # noqa: E402

from workflow_lib.data import dataset  # noqa: E402
from workflow_lib.execution.job import keep_freed_memory  # noqa: E402
from workflow_lib.models import build  # noqa: E402
from workflow_lib.train import training  # noqa: E402

N_REGIONS = 1_817_918
# No chromosome is longer: a copy of a region is moved by so many bases.
BETWEEN_COPIES = 300_000_000
FIRST, LAST = 200, 2_000  # training steps after which the memory is read
CELLS = ROOT.parent / "shared/mirror/dhs_accessibility"
CATALOGUE = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())
DATASETS = CATALOGUE["datasets"]
MODELS = yaml.safe_load((ROOT / "config/models.yaml").read_text())


def write_whole_matrix(source: Path, folder: Path, n_regions: int = N_REGIONS) -> np.ndarray:
    """Write a matrix and FASTA files as those of a folder, their regions repeated to `n_regions`.

    Every copy has a column and coordinates of its own; labels and letters are those of its model.
    Returns the column of the model of each region (n_regions,).
    """
    columns, records = [], {}
    for path in sorted(source.glob("*.fa.gz")):
        lines = gzip.decompress(path.read_bytes()).split()
        names = [re.split("::|:|-", name[1:].decode()) for name in lines[::2]]
        first = len(columns)
        columns += [int(name[0]) for name in names]
        records[path.name] = list(zip(range(first, len(columns)), names, lines[1::2], strict=True))
    for name, found in records.items():
        with gzip.open(folder / name, "wb", compresslevel=1) as handle:
            for copy in range(-(-n_regions // len(columns))):
                handle.write(_copy_of(found, copy, len(columns), n_regions))
    [matrix] = source.glob("*.npz")
    models = np.resize(np.array(columns), n_regions)
    _tile_matrix(matrix, folder / matrix.name, models)
    return models


def _copy_of(found: list, copy: int, n_columns: int, n_regions: int) -> bytes:
    """One copy of the regions of a FASTA file, as text."""
    shift, moved = copy * n_columns, copy * BETWEEN_COPIES
    return b"".join(
        b">%d::%s:%d-%d\n%s\n"
        % (number + shift, chrom.encode(), int(start) + moved, int(end) + moved, letters)
        for number, (_, chrom, start, end), letters in found
        if number + shift < n_regions
    )


def _tile_matrix(source: Path, path: Path, columns: np.ndarray) -> None:
    """Write an .npz whose column i is column `columns[i]` of another one, row by row."""
    with zipfile.ZipFile(source) as old, old.open("arr_0.npy") as member:
        np.lib.format.read_magic(member)
        (n_rows, width), _, dtype = np.lib.format.read_array_header_1_0(member)
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
            new.open("arr_0.npy", "w", force_zip64=True) as out,
        ):
            header = {"descr": dtype.str, "fortran_order": False, "shape": (n_rows, len(columns))}
            np.lib.format.write_array_header_1_0(out, header)
            for _ in range(n_rows):
                row = np.frombuffer(member.read(width * dtype.itemsize), dtype)
                out.write(row[columns].tobytes())


@cache
def _folder() -> Path:
    """A folder for all rows of one process; it goes when the process ends."""
    _folder.kept = tempfile.TemporaryDirectory()
    return Path(_folder.kept.name)


@cache
def _whole_matrix() -> tuple[Path, np.ndarray]:
    """Where the files of the whole matrix are, and what they repeat; written the first time."""
    folder = _folder() / "source"
    folder.mkdir()
    return folder, write_whole_matrix(MIRROR, folder)


@cache
def _cells() -> Path:
    """Matrices of 52 cell types for these regions, of those of the mirror in turns, and FASTA."""
    source, models = _whole_matrix()
    folder, models_of = _folder() / "cells", sorted(CELLS.glob("*.npz"))
    folder.mkdir()
    for i, name in enumerate(CATALOGUE["sources"]["dhs_accessibility"]["files"]):
        with np.load(models_of[i % len(models_of)]) as model:
            np.savez_compressed(folder / name, arr_0=model["arr_0"][models])
    for path in source.glob("*.fa.gz"):
        (folder / path.name).symlink_to(path)
    return folder


@cache
def _prepared(name: str, folder: Path | None = None, **options: object) -> Watched:
    """What it takes to prepare a data set from the whole matrix, or from a folder's files."""
    source, given = folder or _whole_matrix()[0], json.dumps(options)
    command = [sys.executable, __file__, "prepare", str(source), str(_folder()), name, given]
    return watched(command)


def prepare_whole(name: str) -> str:
    """Prepare a data set of the catalogue from the whole matrix, in a process of its own."""
    if not MIRROR.is_dir():
        return f"skipped: {MIRROR} is absent"
    done = _prepared(name)
    return f"{done.seconds:.0f} s (CPU {done.busy:.0f}), {done.peak:.2f} GB"


def prepare_cells(name: str, **options: object) -> str:
    """Prepare accessibility in cell types: all 52 at full size, or those of the mirror."""
    if not CELLS.is_dir():
        return f"skipped: {CELLS} is absent"
    done = _prepared(name, _mirrored_cells() if name.endswith("22") else _cells(), **options)
    return f"{done.seconds:.0f} s (CPU {done.busy:.0f}), {done.peak:.2f} GB"


def _mirrored_cells() -> Path:
    folder = _folder() / "mirrored"
    folder.mkdir()
    for path in (*CELLS.glob("*.npz"), *MIRROR.glob("*.fa.gz")):
        (folder / path.name).symlink_to(path)
    return folder


def _prepare(source: str, folder: str, name: str, options: str) -> None:
    keep_freed_memory()  # as every job does
    files = {p.name: str(p) for p in sorted(Path(source).iterdir())}
    ends = {"dataset": "h5ad", "labels": "labels.tsv.gz"}
    outputs = {key: f"{folder}/{name}.{end}" for key, end in ends.items()}
    entry = DATASETS[name]
    entry |= {"options": entry.get("options", {}) | json.loads(options)}
    others = {"table": str(ROOT / entry["targets_table"])} if "targets_table" in entry else {}
    prepare.main(name, files, others, entry, outputs)


def train_whole() -> str:
    """Memory of training on all that the whole matrix has; about two minutes."""
    if not MIRROR.is_dir():
        return f"skipped: {MIRROR} is absent"
    _prepared("tf_binding_matrix")
    command = [sys.executable, __file__, "train", str(_folder())]
    return watched(command).printed.splitlines()[-1]


class _Enough(Exception):
    """Ends a training."""


def _train(folder: str) -> None:
    """Print the memory during the first epoch (script and all) and at its validation."""
    torch.set_num_threads(2)
    data, preset = f"{folder}/tf_binding_matrix.h5ad", MODELS["presets"]["paper_methods"]
    found: list[float] = []
    steps = 0

    def note(module: torch.nn.Module, *_: object) -> None:
        nonlocal steps
        if module.training and type(module).__name__ == "ExplaiNN":
            steps += 1
            if steps in (FIRST, LAST):
                found.append(_memory("VmRSS"))
            if steps == LAST:
                raise _Enough

    watching = torch.nn.modules.module.register_module_forward_hook(note)
    outputs = {key: f"{folder}/trained/{key}" for key in ("model", "history")}
    try:
        train.main(data, MODELS["models"]["explainn"], preset, 0, "", "cpu", outputs)
    except _Enough:
        watching.remove()
    gc.collect()  # what the training that was cut off had
    loading = _memory("VmHWM")
    _validate(data, preset)
    validating = _memory("VmHWM")
    print(f"{found[0]:.2f}, {found[1]:.2f} GB; peak {loading:.2f}, validating {validating:.2f}")


def _validate(path: str, preset: dict) -> None:
    """An epoch of few training sequences and all validation ones, all of them held."""
    data = dataset.load(path)
    task, n_targets = data.uns["task"], data.n_vars
    parts = [training.Examples(*dataset.arrays(data, name)) for name in ("train", "validation")]
    del data
    few = training.Examples(*(values[: 2 * preset["batch_size"]] for values in parts[0]))
    model = build("explainn", length=few.X.shape[1], n_targets=n_targets, units=100)
    training.fit(model, few, parts[1], task, training.Settings(**preset | {"max_epochs": 1}))


def _memory(key: str) -> float:
    """What the kernel says of this process, in GB: VmRSS now, VmHWM at its peak."""
    return int(re.search(rf"{key}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1e6


SELECTION = {
    "runs": [{"datasets": ["tf_binding.*"], "models": ["explainn"], "seeds": [0, 1, 2]}],
    "scanning": {
        "runs": [],
        "sets": [{"datasets": ["tf_binding.*"], "motif_sets": ["streme"]}],
    },
    "figures": [],
}


def plan_interpretation() -> str:
    """Plan training, filters, annotation and importance of 163 TFs from three seeds, and STREME."""
    names = [f"tf_binding.{tf}" for tf in DATASETS["tf_binding.{member}"]["members"]]
    ends = ("annotation.tsv", "unit_importance.tsv")
    of_runs = [f"{name}/explainn/seed{i}/{end}" for name in names for i in range(3) for end in ends]
    of_sets = [f"{name}/motifs/streme.meme" for name in names]
    return plan(SELECTION, [f"results/{path}" for path in of_runs + of_sets])


ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    (
        "plan 163 TFs x 3 seeds, STREME",
        plan_interpretation,
        "a bare Snakefile, CPU",
        "<= 15 s in all, <= 2 GB",
    ),
    (
        "plan all of that selection",
        lambda: plan(SELECTION),
        "a bare Snakefile, CPU",
        "<= 30 s in all, <= 2 GB",
    ),
    (
        "whole matrix: prepare 50 TFs",
        lambda: prepare_whole("tf_binding"),
        "nothing (time and peak memory)",
        "<= 600 s, <= 6 GB",
    ),
    (
        "whole matrix: prepare 163 TFs",
        lambda: prepare_whole("tf_binding_matrix"),
        "nothing (time and peak memory)",
        "<= 600 s, <= 6 GB",
    ),
    (
        "whole matrix: prepare 52 cells",
        lambda: prepare_cells("dhs_accessibility"),
        "nothing (time and peak memory)",
        "<= 600 s, <= 1.5 GB",
    ),
    (
        "prepare 300,000 x 22 cells",
        lambda: prepare_cells("dhs_accessibility_22", only_variable=False, max_sequences=300_000),
        "nothing (time and peak memory)",
        "<= 120 s, <= 2 GB",
    ),
    (
        "whole matrix: train",
        train_whole,
        f"memory after {FIRST} and {LAST} steps",
        "the same, <= 6 GB",
    ),
]

if __name__ == "__main__":
    {"prepare": _prepare, "train": _train}[sys.argv[1]](*sys.argv[2:])
