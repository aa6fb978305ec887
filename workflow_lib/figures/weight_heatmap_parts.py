"""Parts of a weight heatmap: its cells, the trees beside them, and the order that these give."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram, linkage

from workflow_lib.figures.style import GREY, axes_at


def order(matrix: pd.DataFrame) -> list[int]:
    """The rows' places, clustered by average linkage of euclidean distances."""
    tree = _tree(matrix)
    return tree["leaves"] if tree else list(range(len(matrix)))


def _tree(matrix: pd.DataFrame) -> dict | None:
    if len(matrix) < 3:  # nothing to order
        return None
    links = linkage(matrix.to_numpy(), method="average", optimal_ordering=True)
    return dendrogram(links, no_plot=True)


def draw_cells(
    figure: Figure, place: dict, matrix: pd.DataFrame, limit: float, labels: Sequence
) -> QuadMesh:
    """The cells with their names, at a place in mm.

    Parameters
    ----------
    figure, place
        Where: left, top, across, down.
    matrix
        In the order of drawing.
    limit
        Colour limit.
    labels
        Of the rows (right) and of the columns (below).
    """
    ax = axes_at(figure, place["left"], place["top"], place["across"], place["down"])
    mesh = ax.pcolormesh(
        matrix.to_numpy(), cmap="RdBu_r", norm=Normalize(-limit, limit), edgecolor="white", lw=0.2
    )
    ax.invert_yaxis()
    ax.set_xticks(np.arange(matrix.shape[1]) + 0.5, labels[1], rotation=90)
    ax.set_yticks(np.arange(matrix.shape[0]) + 0.5, labels[0])
    ax.yaxis.tick_right()
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
    return mesh


def draw_tree(ax: Axes, matrix: pd.DataFrame, side: str) -> None:
    """The tree of the rows, on the `left` or on `top` of the cells."""
    ax.set_axis_off()
    tree = _tree(matrix)
    if tree is None or tree["leaves"] != sorted(tree["leaves"]):
        return  # ties may swap branches: rather no tree than a crossed one
    along, high = np.array(tree["icoord"]) / 10, np.array(tree["dcoord"])
    pair = (high, along) if side == "left" else (along, high)
    ax.add_collection(LineCollection(np.stack(pair, axis=-1), colors=GREY, linewidths=0.4))
    top = high.max() * 1.02 or 1
    if side == "left":
        ax.set(xlim=(top, 0), ylim=(len(matrix), 0))
    else:
        ax.set(xlim=(0, len(matrix)), ylim=(0, top))


def colour_bar(figure: Figure, bar: Axes, mesh: QuadMesh) -> None:
    """The scale of the weights."""
    limit = mesh.norm.vmax
    figure.colorbar(
        mesh, cax=bar, orientation="horizontal", extend="both", ticks=[-limit, 0, limit]
    )
    bar.set_title("output weight", fontsize=6, pad=2)
    bar.tick_params(length=1.5)
