"""Base class of the convolutional networks for comparison: interpretable first layer, checks."""

from collections.abc import Mapping

from torch import Tensor, nn

from workflow_lib.errors import InputError
from workflow_lib.models.layers import Dropout


class CNN(nn.Module):
    """A network whose first convolutional layer is interpreted; subclasses are the architectures.

    A subclass sets `first`, one-hot sequences (n, 4, length) -> maps (n, filters, positions) after
    the non-linearity and before pooling, and `rest`, maps -> outputs (n, targets). Both are made of
    torch's own modules, each used once in a forward pass, as DeepLIFT requires.
    """

    first: nn.Sequential
    rest: nn.Sequential

    def __init__(self, length: int, n_targets: int, **hyperparameters: int | float | bool) -> None:
        super().__init__()
        self.length, self.n_targets, self.hyperparameters = length, n_targets, hyperparameters
        _check({"n_targets": n_targets, **hyperparameters}, type(self).__name__.lower())

    @property
    def filter_size(self) -> int:
        """Length of the first layer's filters in bp."""
        return self.first[0].kernel_size[0]

    def forward(self, X: Tensor) -> Tensor:
        """Logits or values (n, targets) of one-hot sequences (n, 4, length)."""
        return self.rest(self.first(self._checked(X)))

    def activations(self, X: Tensor) -> Tensor:
        """Maps of the first layer after its non-linearity, float32 (n, filters, positions)."""
        return self.first(self._checked(X)).float()

    def from_activations(self, activations: Tensor) -> Tensor:
        """Outputs (n, targets) of the first layer's maps, for instance modified ones."""
        return self.rest(activations)

    def _checked(self, X: Tensor) -> Tensor:
        if X.ndim != 3 or X.shape[1:] != (4, self.length):
            raise InputError(
                f"the model wants sequences as (n, 4, {self.length}), but got {tuple(X.shape)}"
            )
        return X


def _check(options: Mapping[str, int | float | bool], name: str) -> None:
    for option, value in options.items():
        if option.endswith("dropout"):
            if not 0 <= value < 1:
                raise InputError(f"{name}: {option} is {value}; wanted from 0 to less than 1")
        elif not isinstance(value, bool) and value <= 0:
            raise InputError(f"{name}: {option} is {value}; wanted more than 0")


def pooled(name: str, length: int, steps: list[tuple[int, int, int]]) -> int:
    """Length of a map after convolutions and poolings.

    Parameters
    ----------
    name
        Of the model, for the message.
    length
        Of the sequences.
    steps
        (kernel size, stride, padding on each side), in order.

    Raises
    ------
    InputError
        Where nothing is left; the message says the shortest length that the model takes.
    """
    left = length
    for size, stride, padding in steps:
        left = (left + 2 * padding - size) // stride + 1
        if left < 1:
            shortest = _shortest(steps)
            raise InputError(
                f"{name}: the sequences are {length} bp long, "
                f"but its filters and pooling need at least {shortest} bp"
            )
    return left


def _shortest(steps: list[tuple[int, int, int]]) -> int:
    """The shortest length that leaves one position at the end."""
    wanted = 1
    for size, stride, padding in reversed(steps):
        wanted = max((wanted - 1) * stride + size - 2 * padding, 1)
    return wanted


def dense(inputs: int, nodes: int, dropout: float) -> list[nn.Module]:
    """A fully connected layer with batch norm, ReLU and dropout."""
    return [nn.Linear(inputs, nodes), nn.BatchNorm1d(nodes), nn.ReLU(), Dropout(dropout)]
