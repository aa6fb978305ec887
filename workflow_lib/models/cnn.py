"""Base class of the convolutional networks for comparison: interpretable first layer, checks."""

from torch import Tensor, nn

from workflow_lib.config.architecture import check_values, positions
from workflow_lib.models.layers import Dropout, checked_input


class CNN(nn.Module):
    """A network whose first convolutional layer is interpreted; subclasses are the architectures.

    A subclass sets `first`, one-hot sequences (n, 4, length) -> maps (n, filters, positions) after
    the non-linearity and before pooling, and `rest`, maps -> outputs (n, targets). Both are made of
    torch's own modules, each used once in a forward pass, as DeepLIFT requires.
    """

    architecture: str  # its name in MODELS
    first: nn.Sequential
    rest: nn.Sequential

    def __init__(self, length: int, n_targets: int, **hyperparameters: int | float | bool) -> None:
        super().__init__()
        self.length, self.n_targets, self.hyperparameters = length, n_targets, hyperparameters
        check_values(self.architecture, {"n_targets": n_targets, **hyperparameters})
        # Of the last map, which is as long as the sequences leave it.
        self.positions = positions(self.architecture, length, hyperparameters)

    @property
    def filter_size(self) -> int:
        """Length of the first layer's filters in bp."""
        return self.first[0].kernel_size[0]

    def forward(self, X: Tensor) -> Tensor:
        """Logits or values (n, targets) of one-hot sequences (n, 4, length)."""
        return self.rest(self.first(checked_input(X, self.length)))

    def activations(self, X: Tensor) -> Tensor:
        """Maps of the first layer after its non-linearity, float32 (n, filters, positions)."""
        return self.first(checked_input(X, self.length)).float()

    def from_activations(self, activations: Tensor) -> Tensor:
        """Outputs (n, targets) of the first layer's maps, for instance modified ones."""
        return self.rest(activations)


def dense(inputs: int, nodes: int, dropout: float) -> list[nn.Module]:
    """A fully connected layer with batch norm, ReLU and dropout."""
    return [nn.Linear(inputs, nodes), nn.BatchNorm1d(nodes), nn.ReLU(), Dropout(dropout)]
