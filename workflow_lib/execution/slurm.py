"""Slurm's queue: jobs that a killed run of this workflow left behind."""

import logging
import os
import shutil
import subprocess  # noqa: TID251 - asks Slurm for the jobs
from pathlib import Path

from workflow_lib.errors import InputError

log = logging.getLogger(__name__)
# What Snakemake's Slurm plugin calls every job, in the job's comment.
_COMMENT = "rule_"
_TIMEOUT = 30  # seconds for squeue


def check_no_jobs_left(folder: str | os.PathLike) -> None:
    """Refuse to start while jobs of an earlier run in this folder are in the queue.

    A run that is killed (SIGKILL, the login node restarted) leaves its jobs. Started again,
    Snakemake does not know of them and would run them twice, both writing the same files.
    Without Slurm nothing is checked.

    Parameters
    ----------
    folder
        Where Snakemake works.

    Raises
    ------
    InputError
        Names the jobs and the command that cancels them.
    """
    jobs = jobs_of(folder)
    if not jobs:
        return
    listed = ", ".join(f"{job} ({comment})" for job, comment in list(jobs.items())[:10])
    more = f" and {len(jobs) - 10} more" if len(jobs) > 10 else ""
    raise InputError(
        f"Slurm's queue still has jobs of an earlier run in {folder}: {listed}{more}. Started now "
        "they would run twice. Wait until they have ended (squeue --me), or cancel them: scancel "
        f"{' '.join(jobs)}"
    )


def jobs_of(folder: str | os.PathLike) -> dict[str, str]:
    """Jobs of this user that were submitted by Snakemake from a folder: id -> rule and wildcards.

    They are recognised by the folder of their Slurm logs.
    """
    # If the plugin has never written a log, it has submitted nothing.
    logs = Path(folder, ".snakemake", "slurm_logs")
    if shutil.which("squeue") is None or not logs.is_dir():
        return {}
    command = ["squeue", "--me", "--noheader"]
    command += ["--Format=JobArrayID:|,Comment:|,STDOUT:"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        log.warning("squeue does not answer: cannot look for jobs of an earlier run")
        return {}
    if done.returncode:
        log.warning("squeue: %s: cannot look for jobs of an earlier run", done.stderr.strip()[:200])
        return {}
    # `.snakemake` may be a link to another disk.
    below = tuple(f"{place}{os.sep}" for place in (logs.resolve(), Path(folder).resolve()))
    found = {}
    for line in done.stdout.splitlines():
        job, comment, place = (line.split("|", 2) + ["", ""])[:3]
        if comment.startswith(_COMMENT) and place.strip().startswith(below):
            found[job] = comment
    return found
