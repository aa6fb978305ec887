"""Boxes of importances, drawn from quantiles."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workflow_lib.figures.style import BLACK, BLUE, GREY, OUTPUT, RED
from workflow_lib.interpret.unit_targets import NEGLIGIBLE

QUANTILES = ("q05", "q25", "importance", "q75", "q95")
IMPORTANCE = f"importance = unit output × output weight, in units of the {OUTPUT}"
BOXES = "line: median; box: quartiles; whiskers: 5–95 %"


def notches(rows: pd.DataFrame) -> pd.DataFrame:
    """The usual 95 % interval of a median, 1.57 x (q75 - q25) / sqrt(n), cut at the quartiles.

    Parameters
    ----------
    rows
        Columns n_sequences, q25, importance (the median), q75.

    Returns
    -------
    DataFrame
        Columns low and high.
    """
    half = 1.57 * (rows["q75"] - rows["q25"]) / np.sqrt(rows["n_sequences"])
    low = (rows["importance"] - half).clip(lower=rows["q25"])
    return pd.DataFrame({"low": low, "high": (rows["importance"] + half).clip(upper=rows["q75"])})


def draw_boxes(
    ax: Axes,
    rows: pd.DataFrame,
    at: np.ndarray,
    orientation: str,
    colours: Sequence[str] | None = None,
    notched: bool = False,
) -> None:
    """Boxes from quantiles.

    Parameters
    ----------
    ax
        Where to draw.
    rows
        Columns QUANTILES; a row of NaN draws nothing.
    at
        Places of the boxes.
    orientation
        `vertical` or `horizontal`.
    colours
        One per row; by default red above zero, blue below, grey around it.
    notched
        Notches that end where the median's 95 % interval does (`notches`).
    """
    known = rows["importance"].notna().to_numpy()
    stats = [
        {"whislo": r.q05, "q1": r.q25, "med": r.importance, "q3": r.q75, "whishi": r.q95}
        for r in rows[known].itertuples()
    ]
    if notched:
        ends = notches(rows[known]).itertuples(index=False)
        stats = [one | {"cilo": low, "cihi": high} for one, (low, high) in zip(stats, ends)]
    boxes = ax.bxp(
        stats, positions=np.asarray(at)[known], orientation=orientation, showfliers=False,
        shownotches=notched,
        widths=0.65, patch_artist=True, manage_ticks=False, medianprops={"color": BLACK, "lw": 1.0},
        whiskerprops={"lw": 0.5}, capprops={"lw": 0.5}, boxprops={"lw": 0.4},
    )  # fmt: skip
    by_size = [GREY if abs(m) < NEGLIGIBLE else RED if m > 0 else BLUE for m in rows["importance"]]
    for box, colour in zip(boxes["boxes"], np.array(colours or by_size)[known]):
        box.set_facecolor(str(colour))
        box.set_alpha(0.7)
