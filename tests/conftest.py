"""Fixtures that every test file may use."""

import shutil
from pathlib import Path

import pytest
import torch

# Tests run side by side: threads that wait for each other cost ten times the time.
torch.set_num_threads(1)

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
def checkout(root, tmp_path_factory):
    """A copy of the project that tests may edit."""
    copy = tmp_path_factory.mktemp("checkout") / "project"
    keep = ("Snakefile", "workflow", "config", "rules", "scripts", "workflow_lib", "envs", "slurm")
    for name in (*keep, "profiles", "resources", "tests"):
        source = root / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "downloads", "simulated")
            shutil.copytree(source, copy / name, ignore=ignore)
        else:
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy / name)
    return copy
