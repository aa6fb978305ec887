"""What a rule's log file gets: everything it says, its errors, and where it ran."""

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
# How libraries say it that write files themselves (HDF5, PyTorch).
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "errno = 28", "errno = 122")
# What a shell says of a process that SIGTERM ended.
_TERMINATED = 128 + signal.SIGTERM


class Terminated(BaseException):
    """SIGTERM came: the job was cancelled, preempted, or over its time."""


class _Sigterm:
    """Whether SIGTERM came: an exception raised by a signal may get lost in a callback."""

    came = False
    awaited = False  # by a log_to that this one is within


def check_not_terminated() -> None:
    """Raise `Terminated` if SIGTERM came and what ran then swallowed it."""
    if _Sigterm.came:
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
                check_not_terminated()  # then that is the reason
                raise
            check_not_terminated()
    except InputError as error:
        log.error("error: %s", error)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except Terminated:
        log.error("stopped by SIGTERM: cancelled, preempted or over its time; nothing half-written")
        if not outermost:
            raise
        print("stopped by SIGTERM (cancelled, preempted or over its time)", file=sys.stderr)
        sys.exit(_TERMINATED)
    except Exception as error:
        log.exception("failed:")
        if not disk_is_full(error):
            raise
        print(f"error: {_place(error)}the disk is full; nothing half-written", file=sys.stderr)
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
    """Whether an error, or one that it came from, is about a full disk or quota."""
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
    """Turn SIGTERM into `Terminated`; yields whether this is the outermost of several."""
    outermost = not _Sigterm.awaited
    if not outermost or threading.current_thread() is not threading.main_thread():
        yield outermost
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    _Sigterm.came, _Sigterm.awaited = False, True
    try:
        yield outermost
    finally:
        _Sigterm.awaited = False
        signal.signal(signal.SIGTERM, before)


def _terminate(_: int, __: FrameType | None) -> None:
    # A second SIGTERM must not interrupt the cleaning up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _Sigterm.came = True
    raise Terminated
