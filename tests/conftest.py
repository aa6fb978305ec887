"""Fixtures that every test file may use."""

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
