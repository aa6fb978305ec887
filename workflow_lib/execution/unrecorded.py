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
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from workflow_lib.execution.provenance import FOLDER

# Exists during a run, and after it only if the run was killed.
RUNNING = Path(".snakemake/run_started.txt")
LOCKS = Path(".snakemake/locks")
METADATA = Path(".snakemake/metadata")
# Where jobs leave records.
FOLDERS = ("results", "resources/simulated")
# A date before that of any input; Snakemake takes 0 for none.
_OLD = 1


def run_starts() -> None:
    """Note when a run starts, unless the note of a killed run is still there."""
    if not RUNNING.exists():
        RUNNING.parent.mkdir(exist_ok=True)
        RUNNING.write_text(datetime.now(UTC).isoformat("T", "seconds"))


def run_ends() -> None:
    """Remove the note: Snakemake has seen all its jobs end."""
    RUNNING.unlink(missing_ok=True)


def make_again(only_say: bool = False) -> list[str]:
    """Have the results made again that jobs of a killed run finished after it.

    They are dated before their inputs, which is what Snakemake goes by, and its older note of them
    is removed; a result without inputs is removed itself. Nothing happens while a run goes on in
    this folder (Snakemake's lock is there).

    Parameters
    ----------
    only_say
        Change nothing (a plan).

    Returns
    -------
    list of str
        These results.
    """
    if not RUNNING.exists() or any(LOCKS.glob("*")):
        return []
    found = list(_unrecorded(RUNNING.read_text()))
    for path, has_inputs in found if not only_say else []:
        with suppress(OSError):  # none, or a name too long for one
            _note(path).unlink()
        if has_inputs:
            os.utime(path, (_OLD, _OLD))
        else:
            os.unlink(path)
    return [path for path, _ in found]


def _unrecorded(start: str) -> Iterator[tuple[str, bool]]:
    """Each output of a job that began after `start` and that Snakemake did not see end.

    With it, whether the job has inputs.
    """
    for folder in FOLDERS:
        for path in Path(folder).rglob(f"{FOLDER}/*.json"):
            record = json.loads(path.read_text())
            if record["started"] >= start:
                for output in record["outputs"]:
                    if os.path.exists(output) and not _seen(output):
                        yield output, bool(record["inputs"])


def _note(output: str) -> Path:
    """Where Snakemake notes how a file was made."""
    return METADATA / base64.urlsafe_b64encode(output.encode()).decode()


def _seen(output: str) -> bool:
    """Whether Snakemake noted how a file was made, after it was made."""
    try:
        return _note(output).stat().st_mtime >= os.stat(output).st_mtime
    except OSError:  # no note, or a name too long for one
        return False
