"""`make reproduce-check`: the mini project run twice, in two folders, has to give the same results.

    python tests/reproduce.py                          run it in two temporary folders and compare
    python tests/reproduce.py RESULTS OTHER_RESULTS    compare two folders of results of yours

Tables, models, data sets and motifs are compared byte for byte, figures by pixels (PDFs byte for
byte, since they hold no dates), provenance without the time and the host. Measured times are the
one thing that differs: of a table with such a column the others are compared, and the page that
shows them (overview.html) is left out, and so is the report.
"""

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.image import imread

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from running import snakemake  # noqa: E402

from workflow_lib.execution.provenance import FOLDER, VARYING  # noqa: E402
from workflow_lib.files import sha256_of  # noqa: E402

CONFIG = "tests/mini/config.yaml"
# Columns of tables that hold measured times.
TIMES = ("seconds", "cpu_seconds", "wall_seconds")
PAGE = "overview.html"
# Made on demand.
REPORT = "report.html"


def compare(one: Path, other: Path) -> tuple[Counter, list[str]]:
    """Compare two folders of results.

    Returns
    -------
    counts, differences
        How many files were compared in which way; a line for each that differs.
    """
    files = [_files(folder) for folder in (one, other)]
    stale = [line for folder in (one, other) for line in wrong_records(folder)]
    differences = stale + [f"{path}: only in {one}" for path in sorted(files[0] - files[1])]
    differences += [f"{path}: only in {other}" for path in sorted(files[1] - files[0])]
    counts: Counter = Counter()
    for path in sorted(files[0] & files[1]):
        way, same = _same(one / path, other / path)
        counts[way] += 1
        differences += [] if same else [f"{path}: differs ({way})"]
    return counts, differences


def wrong_records(folder: Path) -> list[str]:
    """Records that tell of files that are not there, or not what they were; a line for each."""
    found = []
    for path in sorted(folder.rglob(f"{FOLDER}/*.json")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        outputs = json.loads(path.read_text())["outputs"]
        # A record is called after the first of the outputs in its folder.
        own = [Path(name).parent for name in outputs if Path(name).name == path.stem]
        for output, digest in outputs.items():
            made = path.parent.parent / Path(output).name
            if Path(output).parent in own and not (made.is_file() and sha256_of(made) == digest):
                found.append(f"{path}: does not describe {made.name}")
        if not own:
            found.append(f"{path}: does not describe {path.stem}")
    return found


def _files(folder: Path) -> set[Path]:
    """What is in a folder of results, without what waits in hidden folders."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    hidden = (REPORT, ".")
    return {path for path in found if not any(part.startswith(hidden) for part in path.parts)}


def _same(one: Path, other: Path) -> tuple[str, bool]:
    """How two files are compared, and whether they are the same."""
    if one.name == PAGE:
        return "left out: shows measured times", True
    if one.suffix == ".png":
        a, b = imread(one), imread(other)
        return "figures by pixels", a.shape == b.shape and bool((a == b).all())
    if one.parent.name == FOLDER:
        return "provenance without time and host", _record(one) == _record(other)
    if one.read_bytes() == other.read_bytes():
        return "byte for byte", True
    if one.suffix != ".tsv":
        return "byte for byte", False
    a, b = (pd.read_csv(p, sep="\t", dtype=str, keep_default_na=False) for p in (one, other))
    timed = [column for column in a.columns if column in TIMES]
    if not timed or list(a.columns) != list(b.columns) or len(a) != len(b):
        return "byte for byte", False
    kept = [column for column in a.columns if column not in timed]
    return "tables without measured times", bool(np.array_equal(a[kept], b[kept]))


def _record(path: Path) -> dict:
    """A record of a job without what passes; files are compared themselves, so names will do."""
    record = {k: v for k, v in json.loads(path.read_text()).items() if k not in VARYING}
    for key in ("inputs", "outputs"):
        # Snakemake reads files of the workflow from a cache, whose place is another in each run.
        record[key] = sorted(p.name if p.is_absolute() else str(p) for p in map(Path, record[key]))
    return record


def run_mini(folder: Path) -> Path:
    """Run the mini project in a folder; its results."""
    folder.mkdir(parents=True, exist_ok=True)
    write_inputs(folder)
    snakemake(ROOT, folder, config=CONFIG)
    return folder / "results"


def write_inputs(folder: Path) -> None:
    """The file of the user's that the mini project reads."""
    (folder / "four.fa").write_text(f">a\n{'ACGT' * 15}\n>b\n{'ACGTTGCATT' * 15}\n")


def report(counts: Counter, differences: list[str]) -> int:
    """Print what was compared and what differs; the exit status."""
    for way, n in sorted(counts.items()):
        print(f"{n:5} {way}")
    print("\n".join(differences) if differences else "the results are the same")
    return 1 if differences else 0


def main(arguments: list[str]) -> int:
    """Compare two folders, or two runs of the mini project."""
    if len(arguments) == 2:
        return report(*compare(*map(Path, arguments)))
    if arguments:
        sys.exit(__doc__)
    top = Path(tempfile.mkdtemp(prefix="reproduce-"))
    folders = [top / "one", top / "another place"]
    for number, folder in enumerate(folders, start=1):
        print(f"run {number} of 2 of the mini project, in {folder} ...", flush=True)
        run_mini(folder)
    status = report(*compare(*(folder / "results" for folder in folders)))
    if status == 0:
        shutil.rmtree(top)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
