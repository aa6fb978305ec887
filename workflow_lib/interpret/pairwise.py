"""Pairwise in silico mutagenesis: what two substitutions do together beyond what each does alone.

d(i,a; j,b) = f(both) - f(i,a) - f(j,b) + f(sequence). Koo and Ploenzke 2020 ("Deep learning for
inferring transcription factor binding sites", "Second-order interactions"); Koo et al. 2018 call it
second-order in silico mutagenesis. `plain_pairs` predicts every mutated sequence, with any model;
for an ExplaiNN of at most two layers a unit `pairwise_units` gives the same without predictions.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.interpret.ism import effects
from workflow_lib.interpret.pairwise_maps import Interactions, strongest
from workflow_lib.interpret.pairwise_units import covered, other_letters, unit_interactions
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import UNKNOWN
from workflow_lib.train.inference import OneTarget, predict


def pairwise_ism(
    model: nn.Module,
    codes: np.ndarray,
    target: int,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> Interactions:
    """All pairs of substitutions in one sequence.

    Parameters
    ----------
    model
        Takes one-hot (n, 4, L); used in eval mode, it comes back in the mode it was in.
    codes
        uint8 (L,), letters only.
    target
        Number of the output.
    batch_size
        Sequences that are predicted together; changes no result.
    device
        Where to predict. What is computed without predictions (`covered`) is computed on the CPU.

    Returns
    -------
    Interactions
        `contributions` are those of `attribution_methods.ism`.

    Raises
    ------
    InputError
        A sequence with an N or of another length than the model's; no such output.
    """
    check_sequence(codes)
    n_targets = getattr(model, "n_targets", None)
    if n_targets is not None and not 0 <= target < n_targets:
        raise InputError(f"target: found {target}, but the model has 0 to {n_targets - 1}")
    if covered(model):
        upper, units = _sum_of_units(model, codes, target)
    else:
        upper, units = plain_pairs(model, codes, target, batch_size, device), None
    (_, single), *_ = effects(model, codes[None], [target], batch_size, device)
    pairs = _symmetric(upper, codes)
    return Interactions(pairs, strongest(pairs), -single[0, 0].mean(axis=0), units)


def check_sequence(codes: np.ndarray, name: str = "the sequence") -> None:
    """Refuse a sequence with an N: which letter it stands for changes what its base does.

    Raises
    ------
    InputError
    """
    unknown = np.flatnonzero(codes >= UNKNOWN)
    if len(unknown):
        raise InputError(
            f"interactions: {name} has an unknown base (N) at position {unknown[0] + 1}; wanted "
            "sequences of A, C, G and T only"
        )


def plain_pairs(
    model: nn.Module,
    codes: np.ndarray,
    target: int,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Interactions by predicting every sequence with two substitutions; see `pairwise_ism`.

    Returns
    -------
    ndarray
        float32 (3 L, 3 L), as `pairwise_units.unit_interactions` has them.
    """
    net, letters, length = OneTarget(model, target), other_letters(codes), len(codes)

    def outputs(mutants: np.ndarray) -> np.ndarray:
        return predict(net, mutants, batch_size, device)[:, 0].astype(np.float64)

    rows = np.arange(3 * length)
    mutants = np.repeat(codes[None], 3 * length, axis=0)
    mutants[rows, rows // 3] = letters.ravel()
    whole, alone = outputs(codes[None])[0], outputs(mutants)
    found = np.zeros((3 * length, 3 * length), dtype=np.float32)
    for row in rows[:-3]:  # a position at a time: memory does not grow with the number of pairs
        behind = rows[3 * (row // 3 + 1) :]
        both = mutants[behind]
        both[:, row // 3] = mutants[row, row // 3]
        found[row, behind] = outputs(both) - alone[row] - alone[behind] + whole
    return found


def _sum_of_units(
    model: nn.Module, codes: np.ndarray, target: int
) -> tuple[np.ndarray, np.ndarray]:
    """The interactions (3 L, 3 L), and the root mean square of each unit's share (units,)."""
    weights = model.output_weights()[target].detach().cpu().numpy()
    total, squares = np.float32(0), []
    for weight, found in zip(weights, unit_interactions(model, codes)):
        found *= weight
        total = np.add(total, found, out=total if squares else None)
        squares.append(np.vdot(found, found))
    n_pairs = 9 * len(codes) * (len(codes) - 1) / 2
    return total, np.sqrt(np.array(squares) / max(1, n_pairs)).astype(np.float32)


def _symmetric(upper: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Interactions (L, 4, L, 4) of rows (3 L, 3 L) that are filled above the diagonal."""
    length = len(codes)
    rows = (4 * np.arange(length)[:, None] + other_letters(codes)).ravel()
    pairs = np.zeros((4 * length, 4 * length), dtype=np.float32)
    pairs[np.ix_(rows, rows)] = upper
    pairs += pairs.T
    return pairs.reshape(length, 4, length, 4)


@torch.inference_mode()
def split_into_units(
    model: nn.Module, codes: np.ndarray, target: int, pairs: Sequence[tuple[int, int, int, int]]
) -> np.ndarray:
    """Each unit's share in some interactions: its output times its output weight.

    Parameters
    ----------
    model
        Made of units, of any number of layers.
    codes
        uint8 (L,).
    target
        Number of the output.
    pairs
        Position, letter's code, another position, letter's code, of each interaction.

    Returns
    -------
    ndarray
        float32 (pairs, units); the sums over units are the interactions.
    """
    wanted = np.array(pairs, dtype=np.int64).reshape(-1, 4)
    at = np.arange(len(wanted))
    both, one, other = (np.repeat(codes[None], len(wanted), axis=0) for _ in range(3))
    for mutants, columns in ((both, (0, 2)), (one, (0,)), (other, (2,))):
        for column in columns:
            mutants[at, wanted[:, column]] = wanted[:, column + 1]
    was_training, place = model.training, next(model.parameters()).device
    model.eval()
    try:
        shares = [
            model.units(one_hot(torch.as_tensor(mutants).to(place)))
            for mutants in (both, one, other, codes[None])
        ]
    finally:
        model.train(was_training)
    found = (shares[0] - shares[1] - shares[2] + shares[3]) * model.output_weights()[target]
    return found.cpu().numpy()
