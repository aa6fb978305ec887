"""CNN1 and CNN1Exp: one convolutional layer, two fully connected ones (Novakovsky et al. 2023)."""

from torch import nn

from workflow_lib.models.cnn import CNN, dense
from workflow_lib.models.layers import Exp


class CNN1(CNN):
    """A shallow CNN: filters, ReLU, max pooling, two fully connected layers.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    filters, filter_size, pool_size
        Of the convolution (no padding) and the max pooling (stride = size).
    fc_nodes, dropout
        Of the two fully connected layers.
    """

    architecture = "cnn1"
    activation: type[nn.Module] = nn.ReLU

    def __init__(
        self, length: int, n_targets: int, filters: int = 100, filter_size: int = 19,
        pool_size: int = 7, fc_nodes: int = 1000, dropout: float = 0.3,
    ):  # fmt: skip
        super().__init__(
            length, n_targets, filters=filters, filter_size=filter_size, pool_size=pool_size,
            fc_nodes=fc_nodes, dropout=dropout,
        )  # fmt: skip
        self.first = nn.Sequential(
            nn.Conv1d(4, filters, filter_size), nn.BatchNorm1d(filters), self.activation()
        )  # (n, filters, length - filter_size + 1)
        self.rest = nn.Sequential(
            nn.MaxPool1d(pool_size),  # (n, filters, positions)
            nn.Flatten(),
            *dense(filters * self.positions, fc_nodes, dropout),
            *dense(fc_nodes, fc_nodes, dropout),
            nn.Linear(fc_nodes, n_targets),
        )


class CNN1Exp(CNN1):
    """CNN1 with an exponential activation of its filters (Koo and Ploenzke 2021)."""

    architecture = "cnn1exp"
    activation = Exp
