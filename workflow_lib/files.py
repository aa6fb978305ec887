"""Writing files atomically, and recognising web pages or Git-LFS pointers in place of a file."""

import glob
import gzip
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

# Prefix of the temporary name of a file that is being written.
_WRITING = ".writing-"


@contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` on success, delete it on failure.

    Parameters
    ----------
    path
        Where the finished file goes. Missing folders are created. The temporary name has the same
        extension, for writers that go by it (.gz, .png).

    Yields
    ------
    Path
        The temporary path to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_WRITING, suffix=f"-{path.name}")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        share(temporary)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path: str | os.PathLike) -> None:
    """Remove what a killed process left of a file that `atomic` was writing."""
    path = Path(path)
    for leftover in path.parent.glob(f"{_WRITING}*-{glob.escape(path.name)}"):
        leftover.unlink(missing_ok=True)


def share(path: Path) -> None:
    """Make a private temporary file as readable as any file that the user makes."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


@contextmanager
def gzip_text(path: str | os.PathLike) -> Iterator[io.TextIOWrapper]:
    """Write text into a gzip file without file name and time in its header.

    So equal texts give identical files, whatever the (temporary) name.
    """
    with (
        open(path, "wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0, compresslevel=6) as zipped,
        io.TextIOWrapper(zipped, encoding="utf-8", newline="") as handle,
    ):
        yield handle


def sha256_of(path: str | os.PathLike) -> str:
    """The sha256 of a file, in hexadecimal; cached until the file changes."""
    status = os.stat(path)
    return _sha256(os.fspath(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _sha256(path: str, _: int, __: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_FIRST_BYTES = {
    b"version https://git-lfs": "a Git-LFS pointer, not the file itself",
    b"<!doctype html": "an HTML page, perhaps an error page of the server",
    b"<html": "an HTML page, perhaps an error page of the server",
}


def looks_like(path: str | os.PathLike) -> str:
    """A hint for error messages if a file is a web page, a Git-LFS pointer or empty; else ''."""
    with open(path, "rb") as handle:
        start = handle.read(512).lstrip().lower()
    for sign, meaning in _FIRST_BYTES.items():
        if start.startswith(sign):
            return f" (it is {meaning})"
    return " (it is empty)" if not start else ""
