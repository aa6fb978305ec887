"""Limits that are held to by plans and by jobs."""

from collections.abc import Sequence

from workflow_lib.errors import InputError

# With fewer targets a correlation over those of one sequence means little: over two it is 1 or -1.
FEWEST_TARGETS = 5
# A sequence is predicted well from this correlation over the targets on (the paper's).
WELL = 0.75


def check_fractions(fractions: Sequence[float]) -> tuple[float, float, float]:
    """The fractions of train, validation and test.

    Raises
    ------
    InputError
        Not three numbers that sum to 1, or nothing for training or validation.
    """
    numbers = all(isinstance(f, int | float) and not isinstance(f, bool) for f in fractions)
    wrong = not numbers or len(fractions) != 3 or min(fractions) < 0
    if wrong or abs(sum(fractions) - 1) > 1e-6 or 0 in fractions[:2]:
        raise InputError(
            f"split: fractions {list(fractions)}; wanted three numbers for train, validation and "
            "test that sum to 1, of which only the last may be 0"
        )
    return tuple(float(f) for f in fractions)
