"""What every script has around its work: a log file, clear errors, a record of what was made."""

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


@contextmanager
def recorded(job: Any) -> Iterator[logging.Logger]:
    """Run a script's work; see `logs.log_to` for what becomes of errors.

    A record of the job (`provenance.describe`) is left beside its outputs when it ends well, and
    an older one is gone when it begins.

    Parameters
    ----------
    job
        What the script sees as `snakemake`.
    """
    with log_to(job.log[0]) as log:
        records = record_paths(job.output)
        for path in (*job.output, *records):
            remove_leftovers(path)
        for path in records:
            Path(path).unlink(missing_ok=True)
        start = time.perf_counter()
        yield log
        check_not_terminated()
        record = describe(job, _device(job), time.perf_counter() - start)
        for path in records:
            write_record(path, record)


def _device(job: Any) -> str | None:
    """The device in words, for those scripts that run a model."""
    # Looked up, not imported: scripts that draw figures would wait seconds for torch.
    inference = sys.modules.get("workflow_lib.train.inference")
    if inference is None or "device" not in job.resources.keys():
        return None
    return inference.describe_device(inference.choose_device(job.resources.device))
