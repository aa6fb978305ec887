"""Fixtures of the tests on a real Slurm (`make test-cluster`)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from one_machine_slurm import Unavailable
from one_machine_slurm import running as slurm_running

MINI = "tests/mini/config.yaml"


def _machine(accounting):
    try:
        with slurm_running(accounting) as machine:
            yield machine
    except Unavailable as reason:
        pytest.skip(f"no Slurm: {reason}")


@pytest.fixture(scope="session")
def slurm():
    """A Slurm without accounting."""
    yield from _machine(False)


@pytest.fixture(scope="session")
def slurm_with_accounting():
    """A Slurm with slurmdbd and its database."""
    yield from _machine(True)
