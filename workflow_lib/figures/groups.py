"""Groups of targets, such as the lineages of cell types: their order and colours in figures."""

from collections.abc import Sequence

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like, to_hex
from matplotlib.patches import Patch, Rectangle

from workflow_lib.errors import InputError
from workflow_lib.figures.names import fitted
from workflow_lib.figures.style import COLOURS, GREY

NO_GROUP = "no group"


def target_groups(targets: pd.DataFrame) -> pd.DataFrame | None:
    """The groups of a data set's targets, with a colour for each target.

    Parameters
    ----------
    targets
        Columns target, group, color, in the data set's order; a cell may be empty.

    Returns
    -------
    DataFrame or None
        target, group (NO_GROUP where a target has none), color (that of the table, else the first
        one given to its group, else one of a palette); None where no target has a group.

    Raises
    ------
    InputError
        Something that is not a colour.
    """
    table = targets[["target", "group", "color"]].astype("string").reset_index(drop=True)
    if table["group"].fillna("").eq("").all():
        return None
    wrong = [c for c in table["color"].dropna() if not is_color_like(c)]
    if wrong:
        raise InputError(
            f"colours of targets: found {wrong[0]!r}; wanted a name or a code: navy, #2a7fff"
        )
    table["group"] = table["group"].replace("", pd.NA).fillna(NO_GROUP)
    given = table.dropna(subset="color").drop_duplicates("group").set_index("group")["color"]
    without = [g for g in dict.fromkeys(table["group"]) if g not in given and g != NO_GROUP]
    of_group = dict(given) | dict(zip(without, _palette(len(without), set(given.map(to_hex)))))
    of_group.setdefault(NO_GROUP, GREY)
    table["color"] = table["color"].fillna(table["group"].map(of_group))
    return table.astype(object)


def without_groups(targets: Sequence[str], colour: str) -> pd.DataFrame:
    """The same table for targets that have no groups: all of one colour."""
    return pd.DataFrame({"target": list(targets), "group": NO_GROUP, "color": colour})


def _palette(n: int, taken: set[str]) -> list[str]:
    """So many colours that no group was given; they repeat after twenty."""
    few = [colour for colour in COLOURS if to_hex(colour) not in taken]
    if n <= len(few):
        return few[:n]
    many = [to_hex(colour) for colour in colormaps["tab20"].colors]
    return [many[i % len(many)] for i in range(n)]


def group_handles(rows: pd.DataFrame, room: float) -> list[Patch]:
    """Entries of a legend: the groups of some rows, in their order, names at most `room` mm wide.

    Parameters
    ----------
    rows
        Columns group, color; without groups there are no entries.
    room
        Width of a name.
    """
    distinct = rows.drop_duplicates("group")
    if list(distinct["group"]) == [NO_GROUP]:
        return []
    names = fitted(distinct["group"], room)
    pairs = zip(distinct["group"], distinct["color"])
    return [Patch(color=colour, lw=0, label=names[str(group)]) for group, colour in pairs]


def draw_strip(ax: Axes, colours: Sequence[str]) -> None:
    """A strip of one cell per target, the first on top."""
    ax.set(xlim=(0, 1), ylim=(len(colours), 0))
    ax.set_axis_off()
    for i, colour in enumerate(colours):
        ax.add_patch(Rectangle((0, i), 1, 1, fc=colour, lw=0))
