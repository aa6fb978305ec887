"""The set-up: envs/make_venv.py and the Makefile."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "envs" / "make_venv.py"
# pip sees no index, no wheels and no settings of this machine.
NO_INDEX = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
    "NO_PROXY": "127.0.0.1",
}


@pytest.fixture
def make_venv() -> ModuleType:
    """Return make_venv.py as a module."""
    spec = importlib.util.spec_from_file_location("make_venv", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder whose only requirement is a package called tiny."""
    (tmp_path / "requirements.txt").write_text("tiny==1.0  # why\n")
    for group in ("modisco", "dev", "mutation"):
        (tmp_path / f"requirements-{group}.txt").write_text("# nothing\n")
    (tmp_path / "constraints.txt").write_text("tiny==1.0\n")
    return tmp_path


def pretend_installed(make_venv: ModuleType, project: Path, group: str) -> None:
    """Write what a finished set-up leaves."""
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").touch()
    make_venv.write_stamp(str(project), str(project / ".venv"), group)


def write_wheel(folder: Path, version: str) -> None:
    """Write a wheel of the package tiny."""
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"version = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(name, text)


def only_line(text: str) -> str:
    """Return the text, which has to be one line."""
    assert len(text.strip().splitlines()) == 1, text
    return text.strip()


# --- make_venv.py: what can go wrong ------------------------------------------------------------


def test_old_python_is_told_in_one_line():
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 18, 'final', 0);"
        f"sys.argv = ['x']; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Python 3.8" in only_line(done.stderr) and "3.11 or newer" in done.stderr


def test_old_python_can_read_the_script():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
    newer = [
        n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "__future__"
    ]
    assert not newer


def test_unwritable_venv_is_told_in_one_line(make_venv, project, capsys):
    (project / ".venv").write_text("in the way")
    assert make_venv.main([], str(project)) == 1
    assert f"Not a directory: '{project / '.venv'}'" in only_line(capsys.readouterr().err)


@pytest.mark.slow
def test_no_network_gives_one_line_and_no_stamp(make_venv, project, monkeypatch, capsys):
    for name, value in {**NO_INDEX, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}.items():
        monkeypatch.setenv(name, value)
    assert make_venv.main([], str(project)) == 1
    message = only_line(capsys.readouterr().err)
    log = project / ".venv" / "install.log"
    assert "cannot be reached" in message and str(log) in message
    assert "127.0.0.1" in log.read_text()
    assert not make_venv.installed(str(project), str(project / ".venv"), "base")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "No space left on device."),
        (
            "ERROR: Exception:\nTraceback:\n  x\nOSError: [Errno 122] Disk quota exceeded",
            "OSError: [Errno 122] Disk quota exceeded.",
        ),
        ("ERROR: Could not install: [Errno 13] Permission denied: 'x'", "Permission denied: 'x'."),
        ("WARNING: Retrying after NewConnectionError\nERROR: No matching ...", "cannot be reached"),
        (
            "ERROR: No matching distribution found for numpy==2.4.6",
            "has no numpy==2.4.6 for Python",
        ),
        ("ERROR: Cannot install a and b.\nmore", "Cannot install a and b."),
        ("", "pip stopped"),
    ],
)
def test_reason_is_one_line_with_the_log(make_venv, said, told):
    message = only_line(make_venv.reason(said, "some/install.log"))
    assert told in message and message.endswith("some/install.log")


# --- make_venv.py: nothing is done twice --------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "asked", "works"),
    [
        ("base", [], 0),
        ("base", ["--modisco"], 1),
        ("modisco", ["--modisco"], 0),
        ("modisco", ["--dev"], 1),
        ("dev", [], 0),
        ("dev", ["--modisco"], 0),
        ("dev", ["--mutation"], 1),
        ("mutation", ["--dev"], 0),
        ("dev", ["--dev"], 0),
    ],
)
def test_second_call_does_nothing(make_venv, project, monkeypatch, capsys, held, asked, works):
    pretend_installed(make_venv, project, held)
    calls = []
    monkeypatch.setattr(make_venv, "set_up", lambda *arguments: calls.append(arguments))
    assert make_venv.main(asked, str(project)) == 0
    assert len(calls) == works
    assert capsys.readouterr() == ("", "")


def test_a_changed_pin_keeps_the_groups_that_are_there(make_venv, project, monkeypatch):
    pretend_installed(make_venv, project, "modisco")
    (project / "requirements.txt").write_text("tiny==1.1\n")
    groups = []
    monkeypatch.setattr(make_venv, "set_up", lambda root, venv, group: groups.append(group))
    for arguments in ([], ["--modisco", "--dev"]):
        assert make_venv.main(arguments, str(project)) == 0
    assert groups == ["modisco", "dev"]


@pytest.mark.parametrize(
    ("text", "same"),
    [("# a comment\ntiny==1.0\n", True), ("tiny==1.1\n", False), ("tiny==1.0\nmore==2\n", False)],
)
def test_only_a_changed_pin_installs_again(make_venv, project, text, same):
    pretend_installed(make_venv, project, "base")
    (project / "requirements.txt").write_text(text)
    assert make_venv.installed(str(project), str(project / ".venv"), "base") == same


def test_venv_without_its_python_is_made_again(make_venv, project):
    pretend_installed(make_venv, project, "base")
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(project / "removed")
    assert not make_venv.installed(str(project), str(project / ".venv"), "base")


def test_package_cut_off_by_a_kill_is_installed_again(make_venv, project):
    packages = project / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in ("whole", "half"):
        (packages / f"{name}-1.0.dist-info").mkdir(parents=True)
        (packages / f"{name}-1.0.dist-info" / "METADATA").touch()
    (packages / "whole-1.0.dist-info" / "INSTALLER").touch()
    make_venv.drop_unfinished(str(project / ".venv"))
    assert [path.name for path in packages.iterdir()] == ["whole-1.0.dist-info"]


@pytest.mark.slow
def test_install_and_install_of_another_pin(make_venv, project, monkeypatch, capsys):
    for name, value in {**NO_INDEX, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project)}.items():
        monkeypatch.setenv(name, value)
    write_wheel(project, "1.0")
    write_wheel(project, "2.0")
    for version in ("1.0", "2.0"):
        for name in ("requirements.txt", "constraints.txt"):
            (project / name).write_text(f"tiny=={version}\n")
        assert make_venv.main(["--dev"], str(project)) == 0
        assert ".venv is ready" in capsys.readouterr().out
        python = project / ".venv" / "bin" / "python"
        found = subprocess.run(
            [python, "-c", "import tiny; print(tiny.version)"], capture_output=True
        )
        assert found.stdout.decode().strip() == version
        assert list((project / ".venv").glob("lib/*/site-packages/__pycache__/tiny.*.pyc"))
        assert make_venv.main([], str(project)) == 0
        assert capsys.readouterr() == ("", "")


# --- Makefile -----------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *arguments: str, path: str | None = None) -> str:
    """Run make and return what it printed; fail if it failed."""
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env={name: value for name, value in environment.items() if not name.startswith("MAKE")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def program(path: Path, text: str) -> None:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@needs_make
def test_make_alone_lists_the_targets():
    names = [line.split()[1] for line in make(ROOT).splitlines()]
    wanted = (
        "demo test test-cluster reproduce-check reruns mutation-check lint bench clean clean-all "
    )
    wanted += "venv-modisco"
    assert names == wanted.split()


@needs_make
def test_make_takes_the_first_python_that_is_new_enough(tmp_path):
    for name, status in {"python3.13": 127, "python3.12": 1, "python3.11": 0, "python3": 1}.items():
        program(tmp_path / name, f"exit {status}")
    assert '"python3.11"' in make(ROOT, "-n", "venv", path=f"{tmp_path}:{os.environ['PATH']}")


@needs_make
def test_demo_makes_the_report_only_when_results_changed(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "config").mkdir()
    report = tmp_path / "results" / "report.html"
    program(
        tmp_path / ".venv" / "bin" / "python",
        'mkdir -p results .snakemake; case "$*" in *--report*) echo >results/report.html; '
        "echo reported;; *) echo ran;; esac",
    )

    def demo() -> list[str]:
        return make(tmp_path, "demo", "PYTHON=true").splitlines()

    assert demo() == ["ran", "reported", f"Report: {report}"]
    assert demo() == ["ran", f"Report: {report}"]
    (tmp_path / "results" / "metrics.tsv").touch()
    assert "reported" in demo()
    assert "reported" not in demo()
    report.unlink()
    assert "reported" in demo()
