"""Results of cluster jobs that finished after Snakemake itself was killed.

Snakemake notes which settings and code made a file when it sees the job end. If Snakemake itself is
killed, its jobs on a cluster go on, but it has no note of their results and would take them for
made with the config of its next run. The records beside the results (`provenance`) identify them,
and the next run makes them again.
"""

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from workflow_lib.execution.provenance import FOLDER

# Exists during a run, and after it only if the run was killed.
RUNNING = Path(".snakemake/run_started.txt")
LOCKS = Path(".snakemake/locks")
METADATA = Path(".snakemake/metadata")


def run_starts() -> None:
    """Note when a run starts, unless the note of a killed run is still there."""
    if not RUNNING.exists():
        RUNNING.parent.mkdir(exist_ok=True)
        RUNNING.write_text(datetime.now(UTC).isoformat("T", "seconds"))


def run_ends() -> None:
    """Remove the note: Snakemake has seen all its jobs end."""
    RUNNING.unlink(missing_ok=True)


def make_again() -> list[str]:
    """Have Snakemake make results again whose jobs finished after their run was killed.

    They are dated before their inputs, so that Snakemake finds them outdated; a result without
    inputs is removed. Nothing is done while a run is active in this folder (Snakemake's lock).

    Returns
    -------
    list of str
        These results.
    """
    if not RUNNING.exists() or any(LOCKS.glob("*")):
        return []
    found = list(_unrecorded(RUNNING.read_text()))
    for path, has_inputs in found:
        if has_inputs:
            os.utime(path, (0, 0))
        else:
            os.unlink(path)
    return [path for path, _ in found]


def _unrecorded(start: str) -> Iterator[tuple[str, bool]]:
    """Each output of a job that began after `start` and that Snakemake did not see end.

    With it, whether the job has inputs.
    """
    for path in Path("results").rglob(f"{FOLDER}/*.json"):
        record = json.loads(path.read_text())
        if record["started"] >= start:
            for output in record["outputs"]:
                if os.path.exists(output) and not _seen(output):
                    yield output, bool(record["inputs"])


def _seen(output: str) -> bool:
    """Whether Snakemake noted how a file was made since it was last written."""
    note = METADATA / base64.urlsafe_b64encode(output.encode()).decode()
    try:
        return note.stat().st_mtime >= os.stat(output).st_mtime
    except OSError:  # no note, or a name too long for one
        return False
