"""DeepCNN: three convolutional layers, after Basset (Kelley 2016; Novakovsky et al. 2023)."""

from torch import nn

from workflow_lib.models.cnn import CNN, dense


class DeepCNN(CNN):
    """Three convolutional layers of 100 x 19, 200 x 7 and 200 x 4, then two fully connected ones.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    pool_size
        Of the max pooling after each convolution (stride = size).
    fc_nodes, dropout
        Of the fully connected layers.
    """

    architecture = "deepcnn"

    def __init__(
        self, length: int, n_targets: int, pool_size: int = 3, fc_nodes: int = 1000,
        dropout: float = 0.3,
    ):  # fmt: skip
        super().__init__(length, n_targets, pool_size=pool_size, fc_nodes=fc_nodes, dropout=dropout)
        self.first = nn.Sequential(nn.Conv1d(4, 100, 19), nn.BatchNorm1d(100), nn.ReLU())
        # at 200 bp: (n, 100, 182)
        self.rest = nn.Sequential(
            nn.MaxPool1d(pool_size),  # (n, 100, 60)
            nn.Conv1d(100, 200, 7), nn.BatchNorm1d(200), nn.ReLU(),
            nn.MaxPool1d(pool_size),  # (n, 200, 18)
            nn.Conv1d(200, 200, 4), nn.BatchNorm1d(200), nn.ReLU(),
            nn.MaxPool1d(pool_size),  # (n, 200, 5)
            nn.Flatten(),
            *dense(200 * self.positions, fc_nodes, dropout),
            *dense(fc_nodes, fc_nodes, dropout),
            nn.Linear(fc_nodes, n_targets),
        )  # fmt: skip
