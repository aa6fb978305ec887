"""Log files of rules, and what happens on errors, on SIGTERM and when the disk is full."""

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workflow_lib.errors import InputError

log = logging.getLogger("workflow_lib")
# Messages of libraries that write files themselves (HDF5, PyTorch).
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "errno = 28", "errno = 122")
# The exit code that shells report for a process ended by SIGTERM.
_TERMINATED = 128 + signal.SIGTERM


class Terminated(BaseException):
    """SIGTERM was received: the job was cancelled, preempted, or exceeded its time limit."""


class _Sigterm:
    """Whether SIGTERM was received: an exception raised by a signal may get lost in a callback."""

    received = False
    handled = False  # by an enclosing log_to


def check_not_terminated() -> None:
    """Raise `Terminated` if SIGTERM was received but its exception was swallowed."""
    if _Sigterm.received:
        raise Terminated


@contextmanager
def log_to(path: str | os.PathLike) -> Iterator[logging.Logger]:
    """Send the library's messages and any error to a rule's log file.

    A user's mistake (`InputError`) or a full disk is one line on the terminal and ends the process
    with code 1, SIGTERM one with code 143; any other error keeps its traceback, in the log and on
    the terminal. Files that were being written are removed in each case.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    handler = logging.FileHandler(path, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        with _sigterm_raises() as outermost:
            try:
                yield log
            except Exception:
                check_not_terminated()  # SIGTERM was the actual reason
                raise
            check_not_terminated()
    except InputError as error:
        log.error("error: %s", error)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except Terminated:
        log.error(
            "stopped by SIGTERM (cancelled, preempted or out of time); no partial file is left"
        )
        if not outermost:
            raise
        print("stopped by SIGTERM (cancelled, preempted or out of time)", file=sys.stderr)
        sys.exit(_TERMINATED)
    except Exception as error:
        log.exception("failed:")
        if not disk_is_full(error):
            raise
        print(f"error: {_place(error)}the disk is full; no partial file is left", file=sys.stderr)
        sys.exit(1)
    except BaseException:
        log.exception("failed:")
        raise
    finally:
        logging.getLogger("py.warnings").removeHandler(handler)
        log.removeHandler(handler)
        try:
            handler.close()
        except OSError:  # the log is on the full disk too
            pass


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one of its causes, is about a full disk or quota."""
    while error is not None:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or any(text in str(error) for text in _DISK_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def _place(error: Exception) -> str:
    name = getattr(error, "filename", None)
    return f"{name}: " if name else ""


@contextmanager
def _sigterm_raises() -> Iterator[bool]:
    """Turn SIGTERM into `Terminated`; yields whether this is the outermost `log_to`."""
    outermost = not _Sigterm.handled
    if not outermost or threading.current_thread() is not threading.main_thread():
        yield outermost
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    _Sigterm.received, _Sigterm.handled = False, True
    try:
        yield outermost
    finally:
        _Sigterm.handled = False
        signal.signal(signal.SIGTERM, before)


def _terminate(_: int, __: FrameType | None) -> None:
    # A second SIGTERM must not interrupt the clean-up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _Sigterm.received = True
    raise Terminated
