"""Base codes as tensors on a device; apart from `sequence`, which does not import torch."""

import numpy as np
import torch

from workflow_lib.sequence import COMPLEMENT


def one_hot(codes: np.ndarray | torch.Tensor) -> torch.Tensor:
    """One-hot encode codes (n, length) as float32 (n, 4, length); an N is all zeros."""
    codes = torch.as_tensor(codes)
    letters = torch.arange(4, dtype=codes.dtype, device=codes.device).view(1, 4, 1)
    return (codes.unsqueeze(1) == letters).float()


def reverse_complement(codes: torch.Tensor) -> torch.Tensor:
    """Reverse complement of codes (..., length), on their device."""
    table = torch.from_numpy(COMPLEMENT).to(codes.device)
    return table[codes.flip(-1).long()]
