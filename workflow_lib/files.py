"""Files: written whole or not at all, and told apart from what is sometimes served instead."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` on success, delete it on failure.

    Parameters
    ----------
    path
        Where the finished file shall stand. Missing folders are made. The temporary name ends as
        `path` does, so that writers that look at the ending (.gz, .png) do the right thing.

    Yields
    ------
    Path
        The temporary path to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=f"-{path.name}")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; a result is as readable as any file the user makes.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


_IMPOSTORS = {
    b"version https://git-lfs": "a Git-LFS pointer, not the file itself",
    b"<!doctype html": "an HTML page, perhaps an error page of the server",
    b"<html": "an HTML page, perhaps an error page of the server",
}


def looks_like(path: str | os.PathLike) -> str:
    """Words for an error message where a file is a web page or a Git-LFS pointer, else ''."""
    with open(path, "rb") as handle:
        start = handle.read(512).lstrip().lower()
    for sign, meaning in _IMPOSTORS.items():
        if start.startswith(sign):
            return f" (it is {meaning})"
    return " (it is empty)" if not start else ""
