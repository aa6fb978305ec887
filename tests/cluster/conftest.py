"""Fixtures of the tests on a real Slurm (`make test-cluster`)."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from one_machine_slurm import HERE, Slurm
from running import made_once, snakemake
from runs import end_all

FAULTS = "tests/mini/config.yaml tests/cluster/faults.yaml"
# Names, to all test processes, the folder with what their Slurms tell of themselves.
SLURMS = "TESTS_SLURMS"


def pytest_configure(config):
    """Before the other test processes start, choose that folder."""
    if not hasattr(config, "workerinput"):
        os.environ[SLURMS] = tempfile.mkdtemp(prefix="slurms-")


def pytest_unconfigure(config):
    """After all tests: stop the Slurms that they shared."""
    if hasattr(config, "workerinput"):
        return
    started = []
    for path in Path(os.environ[SLURMS]).glob("*/process.txt"):
        with contextlib.suppress(psutil.NoSuchProcess):
            started.append(psutil.Process(int(path.read_text())))
            started[-1].send_signal(signal.SIGTERM)
    for process in psutil.wait_procs(started, timeout=60)[1]:
        process.kill()
    shutil.rmtree(os.environ[SLURMS], ignore_errors=True)


def machine(name, *options):
    """The Slurm of this name, which all test processes share; a skip with the reason if none."""

    def start(place):
        place.mkdir()
        command = [sys.executable, str(HERE / "one_machine_slurm.py"), *options]
        with open(place / "said.txt", "wb") as said:
            process = subprocess.Popen(
                [*command, str(place / "told.json")], stdout=said, stderr=said,
                start_new_session=True,
            )  # fmt: skip
        (place / "process.txt").write_text(str(process.pid))
        while not (place / "told.json").exists():
            ended = process.poll() is not None
            assert not ended or (place / "told.json").exists(), (place / "said.txt").read_text()
            time.sleep(0.1)

    place = made_once(Path(os.environ[SLURMS]) / name, start)
    told = json.loads((place / "told.json").read_text())
    if "unavailable" in told:
        pytest.skip(f"no Slurm: {told['unavailable']}")
    slurm = Slurm(Path(told["folder"]), bool(options))
    slurm.processes = {name: SimpleNamespace(pid=pid) for name, pid in told["daemons"].items()}
    return slurm


@pytest.fixture(scope="session")
def slurm():
    """A Slurm without accounting."""
    return machine("plain")


@pytest.fixture(scope="session")
def slurm_with_accounting():
    """A Slurm with slurmdbd and its database."""
    return machine("accounting", "--accounting")


@pytest.fixture(autouse=True)
def nothing_left():
    """End the runs and jobs that a failed test has left."""
    yield
    end_all()


@pytest.fixture(scope="session")
def undisturbed(checkout, prepared, common):
    """Results of a run without faults and without Slurm."""

    def run(folder):
        shutil.copytree(prepared, folder)
        snakemake(checkout, folder, "results/metrics.tsv", config=FAULTS)

    return made_once(common / "undisturbed", run) / "results"


@pytest.fixture
def folder(prepared, tmp_path):
    """The test's own copy of `prepared`."""
    return shutil.copytree(prepared, tmp_path / "run", copy_function=shutil.copy2)
