"""Results of jobs that outlived their run.

Snakemake notes which settings and code made a file when it sees the job end. If snakemake itself is
killed, its jobs on a cluster go on, and of what they make it knows nothing: it would take them for
made with whatever the config says next. The records beside the results know (`provenance`); they
are compared with what is asked for now, and what differs is refused.
"""

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.provenance import FOLDER

# Stands while a run goes on, and after it only if it was killed.
RUNNING = ".snakemake/run_started.txt"
# Record -> when its job started: those that Snakemake has not seen end.
LISTED = ".snakemake/unwatched.json"
METADATA = ".snakemake/metadata"


def run_starts() -> None:
    """Note when a run starts, unless a killed one is still noted."""
    if not os.path.exists(RUNNING):
        Path(RUNNING).parent.mkdir(exist_ok=True)
        Path(RUNNING).write_text(datetime.now(UTC).isoformat("T", "seconds"))


def run_ends() -> None:
    """Take the note away: Snakemake has seen all its jobs end."""
    Path(RUNNING).unlink(missing_ok=True)


def check(
    given_now: Callable[[str, Mapping[str, str]], Mapping[str, Any] | None],
    forced: Iterable[str] = (),
) -> None:
    """Refuse results of unwatched jobs that were made with other settings or code than now.

    Parameters
    ----------
    given_now
        Rule and wildcards -> the params that the rule would give its script now; None where there
        is no such job any more.
    forced
        Results that are made anew in any case.

    Raises
    ------
    InputError
        Names the files and the option that makes them anew.
    """
    listed = {path: start for path, start in _listed().items() if _unseen(path, start)}
    if os.path.exists(RUNNING):
        listed |= _since(Path(RUNNING).read_text())
        with atomic(LISTED) as temporary:
            temporary.write_text(json.dumps(listed, indent=1))
    wrong = [output for path in listed for output in _outdated(_record(path), given_now)]
    if not set(wrong) <= set(forced):
        raise InputError(
            "made with other settings or code than now, by jobs whose run was killed, so that "
            f"Snakemake does not know: {', '.join(wrong[:5])}{' ...' if wrong[5:] else ''}. Make "
            f"them anew, once, with: --forcerun {' '.join(wrong)}"
        )


def _listed() -> dict[str, str]:
    return json.loads(Path(LISTED).read_text()) if os.path.exists(LISTED) else {}


def _record(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text()) if os.path.exists(path) else {}


def _unseen(path: str, started: str) -> bool:
    """Whether the job of a record is still the one listed, and Snakemake has not seen it end."""
    record = _record(path)
    return record.get("started") == started and not all(map(_seen, record["outputs"]))


def _since(start: str) -> dict[str, str]:
    """Records of jobs that began after `start` and that Snakemake did not see end."""
    found = {}
    for path in map(str, Path("results").rglob(f"{FOLDER}/*.json")):
        record = _record(path)
        if record["started"] >= start and not all(map(_seen, record["outputs"])):
            found[path] = record["started"]
    return found


def _seen(output: str) -> bool:
    """Whether Snakemake noted how a file was made, after it was made."""
    note = Path(METADATA, base64.urlsafe_b64encode(output.encode()).decode())
    try:
        return note.stat().st_mtime >= os.stat(output).st_mtime
    except OSError:  # no note (or a name too long for one), or no such file any more
        return not os.path.exists(output)


def _outdated(
    record: Mapping[str, Any],
    given_now: Callable[[str, Mapping[str, str]], Mapping[str, Any] | None],
) -> Iterable[str]:
    """The outputs of a job that would be given something else now."""
    now = given_now(record["rule"], record["wildcards"])
    if now is None:
        return []
    before = dict(record["settings"]) | {"code": record["code"]}
    known = json.loads(json.dumps(dict(now), default=str))
    same = all(before.get(key) == value for key, value in known.items())
    return [] if same else [path for path in record["outputs"] if os.path.exists(path)]
