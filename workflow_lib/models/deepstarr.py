"""DeepSTARR: four convolutional layers for enhancer activity (de Almeida et al. 2022)."""

from torch import nn

from workflow_lib.models.cnn import CNN, dense

_SIZES = (7, 3, 5, 3)
FILTERS = (256, 60, 60, 120)


class DeepSTARR(CNN):
    """DeepSTARR: 256 filters of 7 bp, 60 of 3, 60 of 5, 120 of 3, two fully connected layers.

    Parameters
    ----------
    length, n_targets
        Length of the sequences and number of outputs.
    fc_nodes, dropout
        Of the fully connected layers.
    norm_eps
        What batch norm adds to the variance; 1e-3 as in the published model (Keras' default).
    """

    architecture = "deepstarr"

    def __init__(
        self, length: int, n_targets: int, fc_nodes: int = 256, dropout: float = 0.4,
        norm_eps: float = 1e-3,
    ):  # fmt: skip
        super().__init__(length, n_targets, fc_nodes=fc_nodes, dropout=dropout, norm_eps=norm_eps)
        blocks = []
        for inputs, filters, size in zip((4, *FILTERS), FILTERS, _SIZES, strict=False):
            blocks += [
                nn.Conv1d(inputs, filters, size, padding=size // 2), nn.BatchNorm1d(filters),
                nn.ReLU(), nn.MaxPool1d(2),
            ]  # fmt: skip
        self.first = nn.Sequential(*blocks[:3])  # (n, 256, length)
        self.rest = nn.Sequential(
            *blocks[3:],  # (n, 120, 15) at 249 bp
            nn.Flatten(),
            *dense(FILTERS[-1] * self.positions, fc_nodes, dropout),
            *dense(fc_nodes, fc_nodes, dropout),
            nn.Linear(fc_nodes, n_targets),
        )
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eps = norm_eps
