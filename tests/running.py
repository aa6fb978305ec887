"""Running real Snakemake in tests."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# What a copy of the project needs to run.
PROJECT = (
    "Snakefile", "workflow", "config", "rules", "scripts", "workflow_lib", "envs", "slurm",
    "profiles", "resources", "tests",
)  # fmt: skip


def copy_project(root: Path, place: Path) -> Path:
    """Copy the project, without what a run leaves in it."""
    ignore = shutil.ignore_patterns("__pycache__", "downloads", "simulated")
    place.mkdir(parents=True)
    for name in PROJECT:
        if (root / name).is_dir():
            shutil.copytree(root / name, place / name, ignore=ignore)
        else:
            shutil.copy(root / name, place / name)
    return place


def made_once(place: Path, make: Callable[[Path], object]) -> Path:
    """A folder that the first test process to ask for it makes while the others wait."""
    done = place.with_suffix(".done")
    with open(place.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            make(place)
            done.touch()
    return place


def linked_copy(folder: Path, place: Path) -> Path:
    """A copy of a finished run, to go on from, at the cost of a few small files.

    Results and resources are hard links: jobs replace such files and do not write into them. (After
    a killed run snakemake sets the dates of results: such a test needs a copy of its own.)
    """
    place.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_file():
            shutil.copy2(entry, place)
        elif entry.name in ("results", "resources"):
            shutil.copytree(entry, place / entry.name, copy_function=os.link)
    # The rest of .snakemake changes while others plan in the folder.
    shutil.copytree(folder / ".snakemake/metadata", place / ".snakemake/metadata")
    return place


def command_line(checkout, folder, config):
    """What runs the checkout's workflow in a folder; `config`: paths, one after the other."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(checkout / "Snakefile")]
    command += ["--directory", str(folder), "--configfile"]
    return command + [str(checkout / path) for path in str(config).split()]


def snakemake(checkout, folder, *arguments, config="tests/mini/config.yaml", check=True):
    """Run the workflow to its end; see `command_line`."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command_line(checkout, folder, config), "--cores", "2", "--show-failed-logs", *arguments],
        capture_output=True, text=True, env=environment, cwd=folder,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"{done.args}\n{done.stdout}\n{done.stderr}")
    return done


def planned(done):
    """Rule -> number of jobs, from a dry run's table."""
    return {m[1]: int(m[2]) for m in re.finditer(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)}


def reasons(done):
    """The lines in which a dry run says why its jobs would run."""
    return re.findall(r"(?m)^ *[Rr]eason: .*", done.stdout + done.stderr)


def processes(words: str, folder: Path) -> list[int]:
    """Ids of processes whose command line has these words and whose working folder is this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if words in command and (path / "cwd").resolve() == folder.resolve():
                found.append(int(path.name))
        except (OSError, ProcessLookupError):
            continue
    return found
