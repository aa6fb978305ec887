"""Rows of `make bench` about whole steps: Tomtom, preparing real data, planning.

Each row is a name, a function that returns the measured value as text, what it is held against and
what is wanted.
"""

import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
sys.path[:0] = [str(ROOT)]

from workflow_lib.data import dataset, splits  # noqa: E402
from workflow_lib.data.dropping import drop  # noqa: E402
from workflow_lib.figures import logos, style  # noqa: E402
from workflow_lib.motif import read_meme  # noqa: E402
from workflow_lib.motifs.tomtom import tomtom  # noqa: E402
from workflow_lib.parsers import PARSERS  # noqa: E402


def tomtom_warm() -> str:
    """The second call of Tomtom, 100 filters against 746 profiles."""
    reference = SHARED / "reference"
    if not reference.is_dir():
        return f"skipped: {reference} is absent"
    queries = read_meme(reference / "explainn/explainn_filters.meme")
    [targets] = (reference / "jaspar").glob("*.txt")
    tomtom(queries[:2], read_meme(targets))
    start = time.perf_counter()
    tomtom(queries, read_meme(targets))
    return f"{time.perf_counter() - start:.2f} s"


def logo_ratio() -> str:
    """Draw logos of 19 positions with logomaker and with ours; they take turns."""
    try:
        import logomaker
    except ImportError:
        return "skipped: logomaker is not installed (it comes with modisco-lite)"
    drawn = np.random.default_rng(0).dirichlet(np.full(4, 0.3), (20, 19)).transpose(0, 2, 1)
    seconds: tuple[list[float], list[float]] = ([], [])
    for matrix in drawn:
        table = pd.DataFrame(logos.letter_heights(matrix).T, columns=list("ACGT"))
        axes = [style.new_figure(40, 15).add_subplot() for _ in seconds]
        start = time.perf_counter()
        logos.draw_logo(axes[0], matrix)
        between = time.perf_counter()
        logomaker.Logo(table, ax=axes[1])
        seconds[0].append(between - start)
        seconds[1].append(time.perf_counter() - between)
    ours, theirs = map(statistics.median, seconds)
    return f"{theirs / ours:.0f}x  ({1e3 * ours:.1f} ms, {1e3 * theirs:.0f} ms)"


class Watched(NamedTuple):
    """What a command printed, its seconds, those of the processor, and its peak memory in GB."""

    printed: str
    seconds: float
    busy: float
    peak: float


def watched(command: list[str]) -> Watched:
    """Run a command in a process of its own.

    The peak is read while it runs, from /proc: what the kernel tells of a child that has ended
    counts the memory of the process that started it.
    """
    peak, start, before = 0, time.perf_counter(), _busy_seconds()
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=printed, stderr=said)
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, *map(int, re.findall(r"VmHWM:\s+(\d+)", status)), 0)
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        printed.seek(0)
        said.seek(0)
        if process.returncode:
            raise RuntimeError(printed.read() + said.read())
        return Watched(printed.read(), seconds, _busy_seconds() - before, peak / 1e6)


def _busy_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def prepare() -> str:
    """Prepare `tf_binding` from the mirror, in a process of its own (its peak memory counts)."""
    if not (SHARED / "mirror").is_dir():
        return f"skipped: {SHARED / 'mirror'} is absent"
    done = watched([sys.executable, __file__])
    return f"{done.seconds:.0f} s, {done.peak:.2f} GB"


def _prepare() -> None:
    entry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]["tf_binding"]
    folder = SHARED / "mirror/tf_binding"
    files = {p.name: p for p in sorted(folder.iterdir()) if p.name.endswith((".npz", ".fa.gz"))}
    data = PARSERS["tf_binding_matrix"](files, **entry["options"])
    data = drop(data, **entry["drop"])
    data.obs["split"] = splits.random(data)
    data.uns |= {"task": "binary", "source": "tf_binding"}
    with tempfile.TemporaryDirectory() as folder:
        dataset.save(data, Path(folder) / "dataset.h5ad")


BARE = """
rule all:
    input:
        expand("results/{i}/step5.txt", i=range(RUNS)),

for step in range(6):
    rule:
        name: f"step{step}"
        input: [f"results/{{i}}/step{step - 1}.txt"] if step else []
        output: f"results/{{i}}/step{step}.txt"
        log: f"logs/{{i}}/step{step}.log"
        script: "step.py"
"""


def planned(snakefile: Path, folder: str, *arguments: str) -> tuple[Watched, int]:
    """Plan all jobs of a Snakefile; also how many there are."""
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--snakefile"]
    done = watched([*command, str(snakefile), "--directory", folder, *arguments])
    return done, int(re.search(r"^total +(\d+)$", done.printed, re.MULTILINE)[1])


def plan(selection: dict | None, targets: Iterable[str] = ()) -> str:
    """Plan the demo or a selection laid over it (all, or some of its files); then a bare Snakefile.

    The bare one has as many jobs, scripts with logs in chains of six, and no config.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = [*targets, "--configfile", str(ROOT / "config/demo.yaml")]
        if selection:
            (Path(folder) / "selection.yaml").write_text(yaml.safe_dump(selection))
            own.append(f"{folder}/selection.yaml")
        ours, jobs = planned(ROOT / "Snakefile", folder, *own)
        bare = Path(folder) / "Snakefile"
        bare.write_text(BARE.replace("RUNS", str(jobs // 6)))
        (Path(folder) / "step.py").touch()
        least, _ = planned(bare, folder)
    return (
        f"{ours.busy - least.busy:.1f} s beyond {least.busy:.1f} s ({ours.seconds:.1f} s in all), "
        f"{ours.peak:.2f} GB, {jobs} jobs"
    )


def plan_many() -> str:
    """Plan 163 data sets x 10 models: every TF of the matrix alone, ten numbers of units."""
    sweep = {"architecture": "explainn", "hyperparameters": {"units": list(range(10, 101, 10))}}
    return plan(
        {
            "models": {"sweep": sweep},
            "runs": [{"datasets": ["tf_binding.*"], "models": ["sweep.*"], "seeds": [0]}],
            "scanning": {"runs": []},
            "figures": [],
        }
    )


def prepare_family() -> str:
    """Prepare the data sets of all 163 TFs from the mirror, on two cores."""
    if not (SHARED / "mirror").is_dir():
        return f"skipped: {SHARED / 'mirror'} is absent"
    chosen = yaml.safe_load((ROOT / "config/figure_3_subset.yaml").read_text())
    files = chosen["datasets"]["tf_binding_matrix"]
    runs = [{"datasets": ["tf_binding.*"], "models": ["explainn"], "seeds": [0]}]
    selection = {"datasets": {"tf_binding_matrix": files}, "runs": runs}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "selection.yaml").write_text(yaml.safe_dump(selection))
        command = [sys.executable, "-m", "snakemake", "data", "--cores", "2"]
        command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", folder]
        command += ["--configfile", f"{folder}/selection.yaml"]
        command += ["--config", f"mirror={SHARED / 'mirror'}"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        made = sorted(Path(folder).glob("benchmarks/prepare/*.tsv"))
        peak = max(float(p.read_text().splitlines()[1].split("\t")[2]) for p in made)
    return f"{seconds:.0f} s, {peak / 1024:.2f} GB ({len(made)} data sets)"


ROWS: list[tuple[str, Callable[[], str], str, str]] = [
    ("Tomtom 100 x 746, warm", tomtom_warm, "MEME's program: 120 s", "<= 1 s"),
    ("logo of 19 positions", logo_ratio, "logomaker, a path per letter", ">= 5x"),
    ("prepare tf_binding", prepare, "nothing (time and peak memory)", "<= 60 s, <= 2 GB"),
    (
        "prepare 163 TFs",
        prepare_family,
        "nothing (time and peak memory of a job)",
        "<= 300 s, <= 3 GB",
    ),
    ("plan the demo", lambda: plan(None), "a bare Snakefile, CPU", "<= 1 s beyond"),
    ("plan 163 data sets x 10 models", plan_many, "a bare Snakefile, CPU", "<= 10 s beyond"),
]

if __name__ == "__main__":
    _prepare()
