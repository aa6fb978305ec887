"""Log files of rules, and what happens on errors, on signals and when the disk is full."""

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
# Signals that stop a job, as messages call them.
_STOPS = {
    signal.SIGTERM: "SIGTERM (cancelled, preempted or out of time)",
    signal.SIGINT: "Ctrl-C",
}


class Terminated(BaseException):
    """A signal of `_STOPS` was received; other code than `log_to` lets it pass."""


class _Stop:
    """What was received: an exception raised by a signal may get lost in a callback."""

    received: int | None = None
    handled = False  # by an enclosing log_to
    reached = ""


def check_not_terminated() -> None:
    """Raise `Terminated` if a signal was received but its exception was swallowed."""
    if _Stop.received is not None:
        raise Terminated


def reached(text: str) -> None:
    """Say what a job would not lose if it were stopped now; the line that it then ends with has it.

    Parameters
    ----------
    text
        For instance `after epoch 3; the same command continues`.
    """
    _Stop.reached = f" {text}"


@contextmanager
def log_to(path: str | os.PathLike) -> Iterator[logging.Logger]:
    """Send the library's messages and any error to a rule's log file.

    A user's mistake (`InputError`) or a full disk is one line on the terminal and ends the process
    with code 1, SIGTERM and Ctrl-C one with the code that shells report for them (143, 130); any
    other error keeps its traceback, in the log and on the terminal. Files that were being written
    are removed in each case.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    handler = logging.FileHandler(path, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        with _signals_raise() as outermost:
            try:
                yield log
            except Exception:
                check_not_terminated()  # the signal was the actual reason
                raise
            check_not_terminated()
    except InputError as error:
        log.error("error: %s", error)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except Terminated:
        said = f"stopped by {_STOPS[_Stop.received]}{_Stop.reached}"
        log.error("%s; no partial file is left", said)
        if not outermost:
            raise
        # In one piece: all jobs on a terminal get its Ctrl-C.
        print(f"{said} (log: {path})\n", end="", file=sys.stderr)
        sys.exit(128 + _Stop.received)
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
def _signals_raise() -> Iterator[bool]:
    """Turn signals into `Terminated`; yields whether this is the outermost `log_to`."""
    outermost = not _Stop.handled
    if not outermost or threading.current_thread() is not threading.main_thread():
        yield outermost
        return
    before = {number: signal.getsignal(number) for number in _STOPS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as for a command in the background
            signal.signal(number, _terminate)
    _Stop.received, _Stop.reached, _Stop.handled = None, "", True
    try:
        yield outermost
    finally:
        _Stop.handled = False
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, _: FrameType | None) -> None:
    # A second signal must not interrupt the clean-up.
    for other in _STOPS:
        signal.signal(other, signal.SIG_IGN)
    _Stop.received = number
    raise Terminated
