"""Downloading source files: with retries, checksums and atomic writes."""

import logging
import os
import shutil
from pathlib import Path

import pooch  # noqa: TID251 - the one file that uses the network
import requests  # noqa: TID251 - the one file that uses the network

from workflow_lib.errors import InputError
from workflow_lib.files import atomic, looks_like, share

log = logging.getLogger(__name__)
RETRIES = 4
CHECKSUMS = "SHA256SUMS"


def fetch(url: str, path: str | os.PathLike, sha256: str | None = None) -> None:
    """Download a file; it appears under its name only when it is complete and verified.

    Parameters
    ----------
    url
        Its address.
    path
        Where to write it.
    sha256
        Its known checksum. Without one, the checksum of the first download is written to
        `{path}.sha256` and later downloads must match it.

    Raises
    ------
    InputError
        After several tries: no connection, a bad status, a short body, a wrong checksum, a web
        page or Git-LFS pointer in place of the file.
    """
    path = Path(path)
    note, expected = _note(path, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = f".downloading-{path.name}"
    store = pooch.create(
        path.parent,
        base_url="",
        registry={partial: None},
        urls={partial: url},
        retry_if_failed=RETRIES,
    )
    # Identity: a server that compresses on the fly would change what is stored.
    downloader = pooch.HTTPDownloader(
        progressbar=True, timeout=60, headers={"Accept-Encoding": "identity"}
    )
    try:
        store.fetch(partial, downloader=downloader)
        log.info("downloaded %s (%d bytes)", url, (path.parent / partial).stat().st_size)
        found = verify(path.parent / partial, expected, f"{url} -> {path}")
        if expected is None:
            note.write_text(f"{found}  {path.name}\n")
        share(path.parent / partial)
        os.replace(path.parent / partial, path)
    except (requests.exceptions.RequestException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{url} could not be fetched after {RETRIES + 1} tries: {error}. Check the address "
            "and the network; `mirror` in config/README.md is for machines without internet"
        ) from error
    finally:
        (path.parent / partial).unlink(missing_ok=True)


def _note(path: Path, sha256: str | None) -> tuple[Path, str | None]:
    """The file with the checksum of the first download, and the checksum to expect."""
    note = path.with_name(f"{path.name}.sha256")
    return note, sha256 or (note.read_text().split()[0] if note.exists() else None)


def verify(path: str | os.PathLike, expected: str | None, name: str) -> str:
    """Check a file's content and checksum; return its sha256.

    Raises
    ------
    InputError
        A web page or Git-LFS pointer, an empty file, a checksum other than the expected one.
    """
    problem = looks_like(path)
    found = pooch.file_hash(str(path), alg="sha256")
    if expected and found != expected.lower():
        raise InputError(
            f"{name}: sha256 {found}, wanted {expected}{problem}. If the new file is right, "
            "correct the checksum in the catalogue or delete the .sha256 file beside it"
        )
    if problem and not expected:
        raise InputError(f"{name}: this is not the file{problem}")
    return found


def copy_from_mirror(
    source_path: str | os.PathLike, path: str | os.PathLike, sha256: str | None = None
) -> None:
    """Copy a file of a mirror, `MIRROR/SOURCE/FILE`, checked against `MIRROR/SHA256SUMS`.

    Without a known checksum the file's is noted, as by `fetch`, so that a later download must be
    the same file.

    Raises
    ------
    InputError
        The file does not match the mirror's checksum or the catalogue's.
    """
    source_path, path = Path(source_path), Path(path)
    found = verify(source_path, _listed_checksum(source_path), str(source_path))
    note, expected = _note(path, sha256)
    verify(source_path, expected, f"{source_path} (checksum of the catalogue or of {note})")
    with atomic(path) as temporary:
        shutil.copyfile(source_path, temporary)
    if expected is None:
        note.write_text(f"{found}  {path.name}\n")
    log.info("copied from the mirror: %s", source_path)


def _listed_checksum(source_path: Path) -> str | None:
    sums = source_path.parent.parent / CHECKSUMS
    if not sums.exists():
        return None
    wanted = f"{source_path.parent.name}/{source_path.name}"
    for line in sums.read_text().splitlines():
        words = line.split(maxsplit=1)
        if len(words) == 2 and words[1].lstrip("*").removeprefix("./") == wanted:
            return words[0]
    return None
