"""Many points: counted in squares, which are drawn in colours with a scale."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from workflow_lib.figures.style import axes_at

# More points than this cannot be told apart: they are counted in squares, this many across.
MOST_POINTS, _BINS = 2000, 60


def thinned(points: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """Points as they are drawn: as given, or where they are many the squares that they lie in.

    Parameters
    ----------
    points
        Columns x and y.
    x, y
        Their names.

    Returns
    -------
    DataFrame
        x, y, n, bin: a point (n = 1, bin = 0), or the centre of a square, how many points lie in
        it, and its width.
    """
    values = points[[x, y]].astype(float)
    if len(values) <= MOST_POINTS:
        return values.assign(n=1, bin=0.0)
    low, high = values.to_numpy().min(), values.to_numpy().max()
    width = (high - low) / _BINS or 1.0
    centres = ((values - low) // width).clip(upper=_BINS - 1) * width + low + width / 2
    counted = centres.groupby([x, y], as_index=False).size()
    return counted.rename(columns={"size": "n"}).assign(bin=width)


def count_norm(table: pd.DataFrame) -> LogNorm | None:
    """The scale of the squares' counts; None where all points are drawn."""
    counts = table.loc[table["bin"] > 0, "n"]
    return LogNorm(1, max(counts.max(), 2)) if len(counts) else None


def draw_squares(ax: Axes, rows: pd.DataFrame, axes: Sequence[str], norm: LogNorm) -> None:
    """The counts, as an image with a pixel for each square; empty ones stay white.

    Parameters
    ----------
    ax
        Where to draw.
    rows
        From `thinned`.
    axes
        The columns on x and y.
    norm
        From `count_norm`.
    """
    values, width = rows[list(axes)].to_numpy(float), rows["bin"].iloc[0]
    low = values.min(axis=0)
    x, y = ((values - low) / width).round().astype(int).T
    counts = np.full((y.max() + 1, x.max() + 1), np.nan)
    counts[y, x] = rows["n"]
    left, lower = low - width / 2
    extent = (left, left + counts.shape[1] * width, lower, lower + counts.shape[0] * width)
    ax.imshow(
        counts, extent=extent, origin="lower", norm=norm, cmap="viridis", aspect="auto",
        interpolation="nearest",
    )  # fmt: skip


def count_scale(figure: Figure, norm: LogNorm, left: float, top: float) -> None:
    """What the colours mean: a bar of 40 x 2 mm at a place in mm, its title above it."""
    ax = axes_at(figure, left, top, 40, 2)
    bar = figure.colorbar(ScalarMappable(norm, "viridis"), cax=ax, orientation="horizontal")
    bar.set_ticks([tick for tick in (1, 10, 100, 1000, 10_000, 100_000) if tick <= norm.vmax])
    bar.ax.xaxis.set_major_formatter("{x:,.0f}")
    bar.ax.minorticks_off()
    bar.ax.tick_params(length=1.5, pad=1)
    bar.ax.set_title("sequences in a square", fontsize=6, pad=2)
