"""Where, and with which versions, something was made."""

import platform
from importlib.metadata import version
from typing import Any

import torch

from workflow_lib.inference import describe_device


def provenance(device: torch.device) -> dict[str, Any]:
    """Device, machine and versions; kept in the model file and shown in the report."""
    return {
        "device": describe_device(device),
        "machine": platform.platform(),
        "versions": {name: version(name) for name in ("torch", "numpy", "anndata", "snakemake")},
    }
