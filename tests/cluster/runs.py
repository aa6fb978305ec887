"""Runs of the workflow on the Slurm of the tests."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from one_machine_slurm import Slurm

# Jobs are short: ask about them soon.
QUICK = ("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "20")
PATIENCE = 600  # seconds; the longest run takes 240 on two idle cores
# The runs that a test started; those still running are ended after it.
RUNS: list["Run"] = []


class Run:
    """A `snakemake --profile slurm` in its own process group, with its output in a file."""

    def __init__(
        self, slurm: Slurm, checkout: Path, folder: Path, *arguments: str, config: str
    ) -> None:
        self.terminal = folder / f"terminal{len(list(folder.glob('terminal*')))}.txt"
        command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "--directory"]
        command += [str(folder), "--configfile", *(str(checkout / path) for path in config.split())]
        environment = slurm.environment | {"OMP_NUM_THREADS": "1"}
        self.slurm, self.folder = slurm, folder
        RUNS.append(self)
        with open(self.terminal, "wb") as file:
            self.process = subprocess.Popen(
                [*command, *QUICK, *arguments], cwd=checkout, env=environment, stdout=file,
                stderr=file, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    @property
    def text(self) -> str:
        """The output so far."""
        return self.terminal.read_text(errors="replace")

    def submitted(self) -> list[str]:
        """Ids of the jobs that were submitted so far."""
        return re.findall(r"submitted with SLURM jobid (\d+)", self.text)

    def finish(self, status: int = 0, within: float = PATIENCE) -> str:
        """Wait for the end, check the exit status, and return the output."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end within {within} s:\n{self.text[-6000:]}") from None
        assert self.process.returncode == status, self.text[-8000:]
        return self.text

    def kill(self) -> None:
        """Kill snakemake and its local processes with SIGKILL; jobs in the queue go on."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait_for(what: str, ready: Callable[[], object], run: Run, within: float = PATIENCE) -> object:
    """Wait until `ready` finds something, while a run goes on, and return it."""
    end = time.monotonic() + within
    while not (found := ready()):
        assert run.process.poll() is None, f"{what}: the run ended first:\n{run.text[-6000:]}"
        assert time.monotonic() < end, f"{what}: not within {within} s:\n{run.text[-6000:]}"
        time.sleep(0.1)
    return found


def job_of(slurm: Slurm, rule: str, folder: Path) -> str:
    """The id of the running job of a rule in a folder, or ''."""
    for job, (state, comment) in slurm.queue(folder).items():
        if comment.startswith(f"rule_{rule}") and state == "RUNNING":
            return job
    return ""


def asked_for(slurm: Slurm, job: str, what: str) -> str:
    """A value of a job from `scontrol show job` (TimeLimit, MinMemoryNode ...)."""
    return re.search(rf"\b{what}=(\S+)", slurm.run("scontrol", "show", "job", job))[1]


def wait_until_empty(slurm: Slurm, folder: Path, within: float = PATIENCE) -> None:
    """Wait until the queue has no jobs of a folder."""
    end = time.monotonic() + within
    while left := slurm.queue(folder):
        assert time.monotonic() < end, f"jobs are left after {within} s: {left}"
        time.sleep(0.2)


def end_all() -> None:
    """End the runs and jobs that a test has left."""
    for run in RUNS:
        if run.process.poll() is None:
            run.kill()
    for run in RUNS:
        if jobs := list(run.slurm.queue(run.folder)):
            run.slurm.run("scancel", "--signal=KILL", *jobs, check=False)
            run.slurm.run("scancel", *jobs, check=False)
            wait_until_empty(run.slurm, run.folder, within=60)
    RUNS.clear()
