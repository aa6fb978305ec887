"""What hyperparameters may be, and the shortest sequences that an architecture takes.

Without torch, so that a plan is refused, and not the job that builds the model.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workflow_lib.errors import InputError

# Kernel size, stride, and padding on each side, of a convolution or pooling.
Step = tuple[int, int, int]

_MOST_LAYERS = 8


def _one_filter(h: Mapping[str, Any]) -> list[Step]:
    return [(h["filter_size"], 1, 0), (h["pool_size"], h["pool_size"], 0)]


def _explainn(h: Mapping[str, Any]) -> list[Step]:
    pool = [(h["pool_size"], h["pool_stride"], 0)] if h["fc_layers"] else []
    return [(h["filter_size"], 1, 0), *pool]


def _deepcnn(h: Mapping[str, Any]) -> list[Step]:
    pool = (h["pool_size"], h["pool_size"], 0)
    return [(19, 1, 0), pool, (7, 1, 0), pool, (4, 1, 0), pool]


def _deepstarr(_: Mapping[str, Any]) -> list[Step]:
    return [step for size in (7, 3, 5, 3) for step in ((size, 1, size // 2), (2, 2, 0))]


def _aitac(_: Mapping[str, Any]) -> list[Step]:
    return [(19, 1, 9), (3, 3, 1), (11, 1, 5), (4, 4, 1), (7, 1, 3), (4, 4, 1)]


# Convolutions and poolings of each architecture, in order.
STEPS: dict[str, Callable[[Mapping[str, Any]], list[Step]]] = {
    "explainn": _explainn,
    "cnn1": _one_filter,
    "cnn1exp": _one_filter,
    "deepcnn": _deepcnn,
    "danq": _one_filter,
    "deepstarr": _deepstarr,
    "aitac": _aitac,
}


def check_values(architecture: str, hyperparameters: Mapping[str, Any]) -> None:
    """Refuse values of hyperparameters that are out of range.

    Parameters
    ----------
    architecture
        A key of STEPS.
    hyperparameters
        Some or all of them.

    Raises
    ------
    InputError
        Names the first wrong one.
    """
    for name, value in hyperparameters.items():
        if name == "strands":
            wanted = "forward or shared" if value not in ("forward", "shared") else ""
        elif isinstance(value, bool):
            continue
        elif name.endswith("dropout"):
            wanted = "from 0 to less than 1" if not 0 <= value < 1 else ""
        elif name == "fc_layers":
            wanted = f"from 0 to {_MOST_LAYERS}" if not 0 <= value <= _MOST_LAYERS else ""
        else:
            wanted = "more than 0" if value <= 0 else ""
        if wanted:
            raise InputError(f"{architecture}: {name} is {value}; wanted {wanted}")


def positions(architecture: str, length: int, hyperparameters: Mapping[str, Any]) -> int:
    """Length of a map after all convolutions and poolings of sequences of a length.

    Raises
    ------
    InputError
        Where nothing is left; it names the shortest length, and hyperparameters that would fit.
    """
    left = length
    for size, stride, padding in STEPS[architecture](hyperparameters):
        left = (left + 2 * padding - size) // stride + 1
        if left < 1:
            raise InputError(
                f"{architecture}: the sequences are {length} bp long, but its filters and pooling "
                f"need at least {shortest_length(architecture, hyperparameters)} bp"
                f"{_way_out(architecture, length, hyperparameters)}"
            )
    return left


def shortest_length(architecture: str, hyperparameters: Mapping[str, Any]) -> int:
    """The shortest length (bp) that leaves one position at the end."""
    wanted = 1
    for size, stride, padding in reversed(STEPS[architecture](hyperparameters)):
        wanted = max((wanted - 1) * stride + size - 2 * padding, 1)
    return wanted


def _way_out(architecture: str, length: int, hyperparameters: Mapping[str, Any]) -> str:
    """Hyperparameters with which the sequences are long enough, in words."""
    smaller = {"filter_size": max(length // 2, 1), "pool_size": 3, "pool_stride": 3}
    fitting = {
        name: min(value, hyperparameters[name])
        for name, value in smaller.items()
        if name in hyperparameters
    }
    if shortest_length(architecture, {**hyperparameters, **fitting}) > length:
        return "; explainn takes shorter ones"
    shown = ", ".join(f"{name}: {value}" for name, value in fitting.items())
    return f"; `hyperparameters: {{{shown}}}` would fit"
