"""AI-TAC: three convolutional layers for chromatin accessibility (Maslova et al. 2020)."""

from torch import nn

from workflow_lib.models.cnn import CNN
from workflow_lib.models.layers import Dropout


def _block(inputs: int, filters: int, size: int, padding: int, pool: int) -> list[nn.Module]:
    """Convolution, ReLU, max pooling, batch norm, in this order."""
    return [
        nn.Conv1d(inputs, filters, size, padding=padding),
        nn.ReLU(),
        nn.MaxPool1d(pool, padding=1),
        nn.BatchNorm1d(filters),
    ]


class AITAC(CNN):
    """AI-TAC: 300 filters of 19 bp, 200 of 11, 200 of 7, two fully connected layers.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    fc_nodes, dropout
        Of the fully connected layers.
    """

    architecture = "aitac"

    def __init__(
        self, length: int, n_targets: int, fc_nodes: int = 1000, dropout: float = 0.03
    ):  # fmt: skip
        super().__init__(length, n_targets, fc_nodes=fc_nodes, dropout=dropout)
        block = _block(4, 300, 19, 9, 3)
        self.first = nn.Sequential(*block[:2])  # (n, 300, length)
        self.rest = nn.Sequential(
            *block[2:],  # at 251 bp: (n, 300, 84)
            *_block(300, 200, 11, 5, 4),  # (n, 200, 21)
            *_block(200, 200, 7, 3, 4),  # (n, 200, 5)
            nn.Flatten(),
            nn.Linear(200 * self.positions, fc_nodes), nn.ReLU(), Dropout(dropout),
            nn.Linear(fc_nodes, fc_nodes), nn.ReLU(), Dropout(dropout),
            nn.Linear(fc_nodes, n_targets),
        )  # fmt: skip
