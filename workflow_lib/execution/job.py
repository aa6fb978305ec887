"""The context in which every script runs: a log file, clear errors, a provenance record."""

import ctypes
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workflow_lib.execution.logs import check_not_terminated, log_to
from workflow_lib.execution.provenance import describe, record_paths, write_record
from workflow_lib.files import remove_leftovers

# Parameters of glibc's mallopt().
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Let this process keep up to 512 MB of freed memory for its next arrays.

    By default glibc gives freed memory back to the system whenever more than twice the largest
    array so far is free at the end of its heap; a training step on the CPU then spends a fifth of
    its time on getting it again, page by page. Other C libraries (macOS) are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, 2**29)
        mallopt(_MMAP_THRESHOLD, 2**25)


class _Shown(logging.Handler):
    """Prints warnings on the terminal, and keeps them."""

    def __init__(self, log_path: str) -> None:
        super().__init__(logging.WARNING)
        self.log_path, self.messages = log_path, []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:  # an error ends the job, and is printed then
            self.messages.append(record.getMessage())
            # In one piece: jobs that run side by side share the terminal.
            print(f"warning: {self.messages[-1]} (log: {self.log_path})\n", end="", file=sys.stderr)


@contextmanager
def warnings_shown(log_path: str) -> Iterator[list[str]]:
    """Show warnings of the library on the terminal, too.

    Parameters
    ----------
    log_path
        The job's log, which says more.

    Yields
    ------
    list of str
        The warnings so far.
    """
    handler, log = _Shown(log_path), logging.getLogger("workflow_lib")
    log.addHandler(handler)
    try:
        yield handler.messages
    finally:
        log.removeHandler(handler)


@contextmanager
def recorded(job: Any) -> Iterator[logging.Logger]:
    """Run a script's work with a log file and a record; `logs.log_to` handles its errors.

    Warnings (`log.warning`) are shown on the terminal too, and are in the record, from which the
    report has them. A record of the job (`provenance.describe`) is written beside its outputs when
    it succeeds; an older one is deleted when it starts.

    Parameters
    ----------
    job
        The script's object `snakemake`.
    """
    keep_freed_memory()
    with log_to(job.log[0]) as log, warnings_shown(job.log[0]) as warned:
        records = record_paths(job.output)
        for path in (*job.output, *records):
            remove_leftovers(path)
        for path in records:
            Path(path).unlink(missing_ok=True)
        start = time.perf_counter()
        yield log
        check_not_terminated()
        record = describe(job, _device(job), time.perf_counter() - start) | {"warnings": warned}
        for path in records:
            write_record(path, record)


def _device(job: Any) -> str | None:
    """The device in words, for those scripts that run a model."""
    # Looked up, not imported: importing torch would delay scripts that draw figures by seconds.
    inference = sys.modules.get("workflow_lib.train.inference")
    if inference is None or "device" not in job.resources.keys():
        return None
    return inference.describe_device(inference.choose_device(job.resources.device))
