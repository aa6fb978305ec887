"""DanQ: a convolutional layer and a bidirectional LSTM over its maps (Quang and Xie 2016)."""

from torch import Tensor, nn

from workflow_lib.models.cnn import CNN
from workflow_lib.models.layers import Dropout


class OverPositions(nn.Module):
    """A recurrent network along the positions: (n, channels, positions) -> (n, positions, out)."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(self, x: Tensor) -> Tensor:
        """Outputs of the last layer at each position, both directions side by side."""
        return self.lstm(x.transpose(1, 2))[0]


class DanQ(CNN):
    """DanQ: 320 filters of 26 bp, max pooling, bidirectional LSTM, one fully connected layer.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    lstm_layers
        2 as in the paper's Methods; its published code has 1.
    pool_first
        Max pooling before dropout as in the published code, instead of after it.
    filters, filter_size, pool_size, dropout
        Of the convolution (no padding), the max pooling (stride = size) and the dropout there.
    lstm_nodes, lstm_dropout
        Of each direction; the dropout after each LSTM layer.
    fc_nodes
        Of the fully connected layer.
    """

    architecture = "danq"

    def __init__(
        self, length: int, n_targets: int, lstm_layers: int = 2, pool_first: bool = False,
        filters: int = 320, filter_size: int = 26, pool_size: int = 13, dropout: float = 0.2,
        lstm_nodes: int = 320, lstm_dropout: float = 0.5, fc_nodes: int = 925,
    ):  # fmt: skip
        super().__init__(
            length, n_targets, lstm_layers=lstm_layers, pool_first=pool_first, filters=filters,
            filter_size=filter_size, pool_size=pool_size, dropout=dropout, lstm_nodes=lstm_nodes,
            lstm_dropout=lstm_dropout, fc_nodes=fc_nodes,
        )  # fmt: skip
        self.first = nn.Sequential(nn.Conv1d(4, filters, filter_size), nn.ReLU())
        between = [Dropout(dropout), nn.MaxPool1d(pool_size)]
        lstm = nn.LSTM(
            filters, lstm_nodes, lstm_layers, batch_first=True, bidirectional=True,
            dropout=lstm_dropout if lstm_layers > 1 else 0.0,
        )  # fmt: skip
        self.rest = nn.Sequential(
            *(reversed(between) if pool_first else between),  # (n, 320, 13) at 200 bp
            OverPositions(lstm),  # (n, 13, 640)
            Dropout(lstm_dropout),
            nn.Flatten(),
            nn.Linear(self.positions * 2 * lstm_nodes, fc_nodes),
            nn.ReLU(),
            nn.Linear(fc_nodes, n_targets),
        )
