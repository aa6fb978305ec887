"""What a rule's log file gets: everything it says, its errors, and where it ran."""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from workflow_lib.errors import InputError

log = logging.getLogger("workflow_lib")


@contextmanager
def log_to(path: str | os.PathLike) -> Iterator[logging.Logger]:
    """Send the library's messages and any error to a rule's log file.

    A user's mistake (`InputError`) is one line on the terminal and ends the process with code 1;
    any other error keeps its traceback, in the log and on the terminal.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    handler = logging.FileHandler(path, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        yield log
    except InputError as error:
        log.error("error: %s", error)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        log.exception("failed:")
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}the disk is full; nothing half-written was left", file=sys.stderr)
        sys.exit(1)
    except BaseException:
        log.exception("failed:")
        raise
    finally:
        logging.getLogger("py.warnings").removeHandler(handler)
        log.removeHandler(handler)
        handler.close()
