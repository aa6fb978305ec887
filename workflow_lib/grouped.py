"""Many jobs of one rule in one process, so that starting up is paid for once.

Each job runs the rule's own script with what that rule would give it: the results are the same.
What a job has finished waits beside its final place until all of the group have: Snakemake
removes the outputs of a job that fails or is killed, and then nothing of these is lost.
"""

import hashlib
import json
import logging
import os
import resource
import runpy
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from snakemake.iocontainers import Namedlist

from workflow_lib.errors import InputError
from workflow_lib.files import write_table

log = logging.getLogger(__name__)
# Folder beside an output where it waits for the rest of its group.
WAITING = ".grouped"


class Job:
    """What a script sees as `snakemake` (wildcards, input, output, params, log, resources)."""

    def __init__(self, job: Mapping[str, Any], threads: int, resources: Mapping[str, Any]) -> None:
        for name in ("wildcards", "input", "output", "params"):
            setattr(self, name, Namedlist(fromdict=dict(job[name])))
        self.log = Namedlist([job["log"]])
        self.threads = threads
        self.resources = Namedlist(fromdict=dict(resources))


def run_all(
    script: str | os.PathLike,
    jobs: Sequence[Mapping[str, Any]],
    threads: int,
    resources: Mapping[str, Any],
) -> None:
    """Run a rule's script for each job; then put all outputs in their places.

    A job that was finished before, by a group that did not come to its end, is not run again if
    its inputs, settings and code are the same. If jobs fail the others are still run.

    Parameters
    ----------
    script
        The rule's script.
    jobs
        Each with wildcards, input, output and params (mappings), log and benchmark (a path or
        None; wall and CPU seconds are written there as Snakemake does).
    threads, resources
        What the script sees as `snakemake.threads` and `snakemake.resources`.

    Raises
    ------
    InputError
        Names the jobs that failed and their logs.
    """
    failed = []
    for number, job in enumerate(jobs, start=1):
        if not _is_done(job):
            log.info("%d of %d: %s", number, len(jobs), job["log"])
            try:
                _run(script, job, threads, resources)
            except (Exception, SystemExit) as error:  # what a script may end with
                log.error("failed (%s): see %s", error or type(error).__name__, job["log"])
                failed.append(job["log"])
                continue
            _note(job).write_text(_digest(job))
    if failed:
        raise InputError(
            f"{len(failed)} of {len(jobs)} jobs failed, the others wait for them: see "
            f"{', '.join(failed)}"
        )
    for job in jobs:
        _put_in_place(job)


def _run(
    script: str | os.PathLike, job: Mapping[str, Any], threads: int, resources: Mapping[str, Any]
) -> None:
    for path in _products(job):
        Path(_waiting(path)).parent.mkdir(parents=True, exist_ok=True)
    start, cpu = time.perf_counter(), time.process_time()
    outputs = {name: _waiting(path) for name, path in job["output"].items()}
    given = {"snakemake": Job(dict(job) | {"output": outputs}, threads, resources)}
    runpy.run_path(str(script), init_globals=given, run_name="__main__")
    if job["benchmark"]:
        _write_benchmark(job, time.perf_counter() - start, time.process_time() - cpu)


def _write_benchmark(job: Mapping[str, Any], wall: float, cpu: float) -> None:
    """Seconds and memory under the names that Snakemake's own benchmark files have."""
    minutes, seconds = divmod(int(wall), 60)
    row = {
        "s": round(wall, 4),
        "h:m:s": f"{minutes // 60}:{minutes % 60:02}:{seconds:02}",
        # Kilobytes on Linux; of the whole process, and so at least that of this job.
        "max_rss": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 2),
        "cpu_time": round(cpu, 2),
    }
    write_table(pd.DataFrame([row]), _waiting(job["benchmark"]))


def _products(job: Mapping[str, Any]) -> list[str]:
    """All files that a job makes."""
    return [*job["output"].values(), *([job["benchmark"]] if job["benchmark"] else [])]


def _waiting(path: str) -> str:
    return str(Path(path).parent / WAITING / Path(path).name)


def _note(job: Mapping[str, Any]) -> Path:
    """The file that says that a job is done, and from what."""
    return Path(f"{_waiting(_products(job)[0])}.done")


def _is_done(job: Mapping[str, Any]) -> bool:
    present = all(Path(_waiting(path)).is_file() for path in _products(job))
    return present and _note(job).is_file() and _note(job).read_text() == _digest(job)


def _digest(job: Mapping[str, Any]) -> str:
    """Of what a job is given: its params (and with them its code), and its inputs as they are."""
    paths = [p for value in job["input"].values() for p in ([value] if _is_path(value) else value)]
    about = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    text = json.dumps([job["wildcards"], job["params"], about], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _put_in_place(job: Mapping[str, Any]) -> None:
    for path in _products(job):
        os.replace(_waiting(path), path)
    _note(job).unlink()
    for folder in {Path(_waiting(path)).parent for path in _products(job)}:
        # Another rule's group may have something waiting here too.
        if not any(folder.iterdir()):
            folder.rmdir()
