"""Results of jobs that outlived their run.

Snakemake notes which settings and code made a file when it sees the job end. If snakemake itself is
killed, its jobs on a cluster go on, and of what they make it knows nothing: it would take them for
made with whatever the config says next. The records beside the results (`provenance`) say which
they are; the next run makes them again.
"""

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from workflow_lib.execution.provenance import FOLDER

# There while a run goes on, and after it only if it was killed.
RUNNING = Path(".snakemake/run_started.txt")
LOCKS = Path(".snakemake/locks")
METADATA = Path(".snakemake/metadata")


def run_starts() -> None:
    """Note when a run starts, unless a killed one is still noted."""
    if not RUNNING.exists():
        RUNNING.parent.mkdir(exist_ok=True)
        RUNNING.write_text(datetime.now(UTC).isoformat("T", "seconds"))


def run_ends() -> None:
    """Take the note away: Snakemake has seen all its jobs end."""
    RUNNING.unlink(missing_ok=True)


def make_again() -> list[str]:
    """Have the results made again that jobs of a killed run finished after it.

    They are dated before their inputs, which is what Snakemake goes by; a result without inputs is
    removed. Nothing happens while a run goes on in this folder (Snakemake's lock is there).

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
    """Whether Snakemake noted how a file was made, after it was made."""
    note = METADATA / base64.urlsafe_b64encode(output.encode()).decode()
    try:
        return note.stat().st_mtime >= os.stat(output).st_mtime
    except OSError:  # no note, or a name too long for one
        return False
