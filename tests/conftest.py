"""Fixtures that every test file may use."""

import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from reproduce import write_inputs
from running import copy_project, linked_copy, made_once, snakemake

# Tests run side by side: threads that wait for each other cost ten times the time.
torch.set_num_threads(1)
# A shell lets what it starts in the background ignore Ctrl-C, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference and real data beside the project; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def common(tmp_path_factory) -> Path:
    """A temporary folder that the test processes of one run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def checkout(root, common) -> Path:
    """A copy of the project, to run the workflow from; not to be edited (see `own_checkout`)."""
    return made_once(common / "checkout", lambda place: copy_project(root, place))


@pytest.fixture
def own_checkout(root, tmp_path) -> Path:
    """A copy of the project that a test may edit."""
    return copy_project(root, tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished(checkout, common) -> Path:
    """A folder in which the mini project has run to the end; not to be changed (`linked_copy`)."""

    def run(place: Path) -> None:
        place.mkdir()
        write_inputs(place)
        snakemake(checkout, place)

    return made_once(common / "finished", run)


@pytest.fixture(scope="session")
def prepared(finished, common) -> Path:
    """A folder with the mini project's data set and no model; not to be changed."""

    def take(place: Path) -> None:
        linked_copy(finished, place)
        shutil.rmtree(place / "results")
        (place / "results/mini").mkdir(parents=True)
        for name in ("dataset.h5ad", "labels.tsv.gz", "targets.tsv"):
            shutil.copy2(finished / "results/mini" / name, place / "results/mini")
        shutil.copytree(finished / "results/mini/provenance", place / "results/mini/provenance")

    return made_once(common / "prepared", take)


# The longest first, but two that wait for the finished mini project not side by side.
LONGEST = (
    "test_workflow_figure_1.py", "test_security_pages.py", "test_discovery_rules.py",
    "test_workflow_figure_3.py", "test_workflow.py", "test_faults.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first: at the end all processes should have something to do."""
    slow = {item.path.name for item in items if item.get_closest_marker("slow")}
    order = {name: i for i, name in enumerate([*LONGEST, *sorted(slow.difference(LONGEST))])}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
