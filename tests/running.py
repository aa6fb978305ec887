"""Running real Snakemake in tests."""

import os
import re
import subprocess
import sys
from pathlib import Path


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
