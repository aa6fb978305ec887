"""Many jobs of one rule in one process, so that starting up is paid for once.

Each job runs the rule's own script with what that rule would give it: the results are the same.
What a job has finished is kept in a hidden folder beside its final place (a second name of the same
file, no copy) with a digest of what it was made from. Snakemake removes the outputs of a group that
fails, and makes a group anew if any member changes or its members do: then nothing that is still
right is computed twice.
"""

import hashlib
import json
import logging
import os
import resource
import runpy
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from snakemake.iocontainers import Namedlist

from workflow_lib.errors import InputError
from workflow_lib.files import atomic, sha256_of
from workflow_lib.logs import check_not_terminated
from workflow_lib.provenance import record_paths
from workflow_lib.tables import write_table

log = logging.getLogger(__name__)
# Folder beside an output where it waits for the rest of its group, and is kept afterwards.
WAITING = ".grouped"


class Job:
    """What a script sees as `snakemake` (rule, wildcards, input, output, params, log, resources).

    `final` are the outputs' places in the end; `now_at` says where a file waits until then.
    """

    def __init__(
        self, rule: str, job: Mapping[str, Any], threads: int, resources: Mapping[str, Any]
    ) -> None:
        self.rule = rule
        self.final = list(job["output"].values())
        self.now_at = _waiting
        job = dict(job) | {"output": {k: _waiting(v) for k, v in job["output"].items()}}
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

    A job that was finished before, in whichever group, is not run again if its inputs, settings
    and code are the same. If jobs fail the others are still run.

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
            check_not_terminated()
            _note(job).write_text(_digest(job))
    if failed:
        raise InputError(
            f"{len(failed)} of {len(jobs)} jobs failed: see {', '.join(failed)}. The others are "
            "kept; mend these, or take them out of `runs`"
        )
    for job in jobs:
        _put_in_place(job)


def _run(
    script: str | os.PathLike, job: Mapping[str, Any], threads: int, resources: Mapping[str, Any]
) -> None:
    for path in _products(job):
        Path(_waiting(path)).parent.mkdir(parents=True, exist_ok=True)
        Path(_waiting(path)).unlink(missing_ok=True)
    _note(job).unlink(missing_ok=True)
    start, cpu = time.perf_counter(), time.process_time()
    given = {"snakemake": Job(Path(script).stem, job, threads, resources)}
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
    """Of what a job is given: its params (and with them its code), and what is in its inputs."""
    paths = [p for value in job["input"].values() for p in ([value] if _is_path(value) else value)]
    about = [(str(path), sha256_of(path)) for path in paths]
    text = json.dumps([job["wildcards"], job["params"], about], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _put_in_place(job: Mapping[str, Any]) -> None:
    # With the record that describes them, and not another one of the same outputs.
    records = [
        path for path in record_paths(job["output"].values()) if os.path.exists(_waiting(path))
    ]
    for path in (*_products(job), *records):
        kept = _waiting(path)
        with atomic(path) as temporary:
            temporary.unlink()
            try:
                os.link(kept, temporary)
            except OSError:  # a file system without hard links
                shutil.copyfile(kept, temporary)
        # Newer than all inputs of the group, as Snakemake wants it.
        os.utime(path)
