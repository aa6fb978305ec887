"""Downloads from a server on this machine that misbehaves, and copies from a mirror."""

import hashlib
import http.server
import runpy
import threading
from contextlib import contextmanager

import pytest

from workflow_lib.data import download
from workflow_lib.errors import InputError

BODY = b"ACGT" * 5000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Answers by path; `counts` remembers how often each was asked for."""

    counts: dict[str, int] = {}
    body = BODY

    def do_GET(self):
        self.counts[self.path] = self.counts.get(self.path, 0) + 1
        status, body, length = 200, self.body, None
        if self.path == "/missing":
            status, body = 404, b"no such file"
        elif self.path == "/busy-once" and self.counts[self.path] == 1:
            status, body = 503, b"busy"
        elif self.path == "/cut":
            body, length = body[:100], len(body)
        elif self.path == "/page":
            body = b"<!DOCTYPE html><html><body>Sign in</body></html>"
        elif self.path == "/pointer":
            body = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        elif self.path == "/empty":
            body = b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving():
    """Run the server; its address."""
    Server.counts, Server.body = {}, BODY
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)  # pooch waits between its tries
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as address:
        yield address


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_with_a_known_checksum_arrives_alone(server, tmp_path):
    download.fetch(f"{server}/x", tmp_path / "x.gz", SHA256)
    assert (tmp_path / "x.gz").read_bytes() == BODY and left_in(tmp_path) == ["x.gz"]
    (tmp_path / "any").touch()
    assert (tmp_path / "x.gz").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_server_that_is_busy_once_is_asked_again(server, tmp_path):
    download.fetch(f"{server}/busy-once", tmp_path / "x", SHA256)
    assert Server.counts["/busy-once"] == 2 and (tmp_path / "x").read_bytes() == BODY


@pytest.mark.parametrize(
    ("path", "sha256", "message"),
    [
        ("missing", None, "could not be fetched after 5 tries.*404"),
        ("cut", None, "could not be fetched after 5 tries"),
        ("x", "0" * 64, "sha256 .*, wanted 000"),
        ("page", None, "not the file.*HTML page"),
        ("page", SHA256, "wanted .*HTML page"),
        ("pointer", None, "Git-LFS pointer"),
        ("empty", None, "empty"),
    ],
)
def test_wrong_downloads_are_refused_and_removed(server, tmp_path, path, sha256, message):
    with pytest.raises(InputError, match=message):
        download.fetch(f"{server}/{path}", tmp_path / "x", sha256)
    assert left_in(tmp_path) == []


def test_no_network_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(InputError, match="`mirror` in config/README.md"):
        download.fetch("http://127.0.0.1:9/x", tmp_path / "x")
    assert left_in(tmp_path) == []


def test_a_first_checksum_is_noted_and_later_downloads_must_match(server, tmp_path):
    download.fetch(f"{server}/x", tmp_path / "x")
    assert (tmp_path / "x.sha256").read_text().split() == [SHA256, "x"]
    download.fetch(f"{server}/x", tmp_path / "x")
    Server.body = b"something else"
    (tmp_path / "x").unlink()
    with pytest.raises(InputError, match="delete the .sha256 file beside it"):
        download.fetch(f"{server}/x", tmp_path / "x")
    assert left_in(tmp_path) == ["x.sha256"]


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / "mirror"
    (folder / "source").mkdir(parents=True)
    (folder / "source/x").write_bytes(BODY)
    return folder


def test_a_mirrors_file_is_checked_and_copied(mirror, tmp_path):
    (mirror / "SHA256SUMS").write_text(f"{SHA256}  source/x\n")
    download.copy_from_mirror(mirror / "source/x", tmp_path / "out/x", SHA256)
    assert (tmp_path / "out/x").read_bytes() == BODY and left_in(tmp_path / "out") == ["x"]


def test_a_mirrors_file_and_a_download_that_differ_are_not_mixed_up(server, mirror, tmp_path):
    (mirror / "source/x").write_bytes(b"a part of it")
    download.copy_from_mirror(mirror / "source/x", tmp_path / "out/x")
    with pytest.raises(InputError, match="delete the .sha256 file beside it"):
        download.fetch(f"{server}/x", tmp_path / "out/x")


def test_a_mirrors_file_with_another_checksum_is_refused(mirror, tmp_path):
    with pytest.raises(InputError, match="checksum of the catalogue"):
        download.copy_from_mirror(mirror / "source/x", tmp_path / "out/x", "0" * 64)
    (mirror / "SHA256SUMS").write_text(f"{'1' * 64}  source/x\n")
    with pytest.raises(InputError, match="wanted 1111"):
        download.copy_from_mirror(mirror / "source/x", tmp_path / "out/x")
    assert not (tmp_path / "out").exists()


def test_a_file_without_an_address_comes_from_the_mirror_or_is_said_to_be_only_there(
    root, mirror, tmp_path
):
    main = runpy.run_path(str(root / "scripts/download.py"))["main"]
    main(None, SHA256, mirror / "source/x", False, tmp_path / "out/x")
    assert (tmp_path / "out/x").read_bytes() == BODY
    for mirrored, said in ((mirror / "source/y", "source/y is not there"), (None, "no mirror")):
        for offline in (False, True):
            with pytest.raises(InputError, match=f"^y: .*only in a mirror, but .*{said}; wanted"):
                main(None, SHA256, mirrored, offline, tmp_path / "out/y")


def test_a_mirrors_pointer_is_recognised(mirror, tmp_path):
    (mirror / "source/x").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match="Git-LFS pointer"):
        download.copy_from_mirror(mirror / "source/x", tmp_path / "out/x")
