"""Fixtures of the tests on a real Slurm (`make test-cluster`)."""

import shutil

import pytest
from one_machine_slurm import Unavailable, running
from reproduce import write_inputs
from running import snakemake
from runs import end_all

FAULTS = "tests/mini/config.yaml tests/cluster/faults.yaml"


def machine(accounting):
    """A Slurm, or a skip with the reason why there is none."""
    try:
        with running(accounting) as slurm:
            yield slurm
    except Unavailable as reason:
        pytest.skip(f"no Slurm: {reason}")


@pytest.fixture(scope="session")
def slurm():
    """A Slurm without accounting."""
    yield from machine(False)


@pytest.fixture(scope="session")
def slurm_with_accounting():
    """A Slurm with slurmdbd and its database."""
    yield from machine(True)


@pytest.fixture(autouse=True)
def nothing_left(request):
    """End the runs and jobs that a failed test has left."""
    yield
    for name in ("slurm", "slurm_with_accounting"):
        if name in request.fixturenames:
            end_all(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def prepared(checkout, tmp_path_factory):
    """A folder with the prepared data set for the tests of faults."""
    folder = tmp_path_factory.mktemp("prepared")
    write_inputs(folder)
    snakemake(checkout, folder, "data", config=FAULTS)
    return folder


@pytest.fixture(scope="session")
def undisturbed(checkout, prepared, tmp_path_factory):
    """Results of a run without faults and without Slurm."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    shutil.copytree(prepared, folder)
    snakemake(checkout, folder, "results/metrics.tsv", config=FAULTS)
    return folder / "results"


@pytest.fixture
def folder(prepared, tmp_path):
    """The test's own copy of `prepared`."""
    return shutil.copytree(prepared, tmp_path / "run", copy_function=shutil.copy2)
