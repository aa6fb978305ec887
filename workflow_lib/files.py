"""Reading text files, refusing what is none, and writing files atomically."""

import codecs
import glob
import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from workflow_lib.errors import InputError

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


# What a file may begin with that was taken for another one.
_IN_PLACE_OF_A_FILE = {
    b"version https://git-lfs": "a Git-LFS pointer, not the file itself (git lfs pull fetches it)",
    b"<!doctype html": "an HTML page, perhaps an error page of the server",
    b"<html": "an HTML page, perhaps an error page of the server",
}
# Further formats that readers of text meet.
_NO_TEXT = {
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
    b"BZh": "bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "xz; unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "zstd; unpack it, or pack it with gzip",
    b"\x89HDF": "HDF5",
    b"BAM\x01": "BAM",
    b"\x26\xfc\x8f\x88": "bigWig",
    b"\xeb\xf2\x89\x87": "bigBed; bigBedToBed makes BED of it",
    b"\x43\x27\x41\x1a": "2bit; twoBitToFa makes FASTA of it",
    b"%PDF": "PDF",
}
_HEAD = 4096  # bytes


def looks_like(path: str | os.PathLike) -> str:
    """A hint for error messages if a file is a web page, a Git-LFS pointer or empty; else ''."""
    with open(path, "rb") as handle:
        start = handle.read(512).lstrip().lower()
    meaning = _begins_with(start, _IN_PLACE_OF_A_FILE)
    if meaning:
        return f" (it is {meaning})"
    return " (it is empty)" if not start else ""


def _begins_with(start: bytes, signs: Mapping[bytes, str]) -> str:
    return next((meaning for sign, meaning in signs.items() if start.startswith(sign)), "")


def refuse_no_text(path: str | os.PathLike) -> None:
    """Refuse what is no text file: every reader of text asks this first.

    Parameters
    ----------
    path
        A file, plain or gzip.

    Raises
    ------
    InputError
        A folder, an empty file, a Git-LFS pointer, a web page, UTF-16, an archive (zip, xlsx), a
        compression that is not read, or other binary data.
    """
    if os.path.isdir(path):
        raise InputError(f"{path}: found a folder, wanted a file")
    try:
        with open_binary(path) as handle:
            head = handle.read(_HEAD)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return  # the reader says what is damaged
    found = _begins_with(head.lstrip().lower(), _IN_PLACE_OF_A_FILE) or _begins_with(head, _NO_TEXT)
    if head.startswith(b"PK\x03\x04"):
        table = b"xl/" in head or b"[Content_Types]" in head
        found = "an Excel workbook; save it as text" if table else "a zip archive; unpack it"
    if not found and b"\0" in head:
        found = "binary data, or text in UTF-16"
    if not head.strip() and len(head) < _HEAD:
        found = "an empty file"
    if found:
        raise InputError(f"{path}: found {found}; wanted plain text, or text packed with gzip")


def open_binary(path: str | os.PathLike) -> BinaryIO:
    """Open a file for reading bytes; gzip is recognised by its first two bytes, not its name."""
    with open(path, "rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else open(path, "rb")


def lines(path: str | os.PathLike) -> Iterator[bytes]:
    """Lines of a text file (plain or gzip) without line ends and without a byte order mark.

    Raises
    ------
    InputError
        What is no text file; a gzip file that is truncated or damaged.
    """
    refuse_no_text(path)
    with whole_gzip(path), open_binary(path) as handle:
        yield handle.readline().removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        for line in handle:
            yield line.rstrip(b"\r\n")


@contextmanager
def whole_gzip(path: str | os.PathLike) -> Iterator[None]:
    """Within the block a file is read that may be gzip.

    Raises
    ------
    InputError
        It is truncated or damaged.
    """
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the gzip file is truncated or damaged ({error}); download or write it again"
        ) from error
