"""Tables of a data set's targets: their order, groups and colours (key `targets_table`).

Read when a run is planned, so that a mistake is known before a job starts, and again when the data
set is prepared; without pandas and matplotlib, which planning has no need of.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workflow_lib.config.names import nearest
from workflow_lib.errors import InputError
from workflow_lib.files import lines

COLUMNS = ("target", "group", "color", "column")
_HEX = re.compile("#[0-9a-f]{6}")
# The names of colours that CSS and matplotlib share.
COLORS = frozenset(
    """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue
    blueviolet brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk
    crimson cyan darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki
    darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue
    dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite
    gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo ivory khaki
    lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen
    lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen
    magenta maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen
    mediumslateblue mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream
    mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid
    palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum
    powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown
    seagreen seashell sienna silver skyblue slateblue slategray slategrey snow springgreen
    steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke yellow yellowgreen
    """.split()
)


class TargetRow(NamedTuple):
    """One target: what it is called, and where given its group, colour and column of the source.

    `column` counts from 0; None where the table does not say it.
    """

    target: str
    group: str = ""
    color: str = ""
    column: int | None = None


def read_targets_table(path: str | os.PathLike) -> list[TargetRow]:
    """Read a table of targets.

    Parameters
    ----------
    path
        Tab-separated with a header: `target`, and optionally `group`, `color` (`#rrggbb` or a name
        of CSS) and `column`.

    Returns
    -------
    list of TargetRow
        In the file's order; colours in small letters.

    Raises
    ------
    InputError
        Names the line, the column, what was found and what was wanted.
    """
    rows = _cells(path)
    number, header = next(rows, (1, []))
    wrong = [name for name in header if name not in COLUMNS]
    if "target" not in header or wrong or len(set(header)) < len(header):
        hint = nearest(wrong[0], COLUMNS) if wrong else ""
        raise InputError(
            f"{path}, line {number}: found the columns {', '.join(map(repr, header))}{hint}; "
            "wanted target and, where known, group, color and column, each once, with tabs between"
        )
    found: dict[str, TargetRow] = {}
    for number, cells in rows:
        if len(cells) != len(header):
            raise InputError(
                f"{path}, line {number}: found {len(cells)} cells, wanted {len(header)}, as many "
                "as the header has"
            )
        row = _row(dict(zip(header, cells, strict=True)), f"{path}, line {number}")
        if row.target in found:
            raise InputError(f"{path}, line {number}: the target {row.target!r} occurs twice")
        found[row.target] = row
    if not found:
        raise InputError(f"{path}: found a header and no rows; wanted one row for each target")
    return list(found.values())


def _cells(path: str | os.PathLike) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty."""
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            yield number, [cell.strip() for cell in line.decode(errors="replace").split("\t")]


def _row(cells: dict[str, str], place: str) -> TargetRow:
    color, column = cells.get("color", "").lower(), cells.get("column", "")
    for name in ("target", "group"):
        if not cells.get(name, "").isprintable() or (name == "target" and not cells[name]):
            raise InputError(f"{place}, {name}: found {cells[name]!r}, wanted a name")
    if color and color not in COLORS and not _HEX.fullmatch(color):
        raise InputError(
            f"{place}, color: found {cells['color']!r}{nearest(color, COLORS)}, wanted #rrggbb or "
            "a name such as navy"
        )
    if column and not re.fullmatch("[0-9]{1,9}", column):
        raise InputError(f"{place}, column: found {column!r}, wanted its number, counted from 0")
    return TargetRow(
        cells["target"], cells.get("group", ""), color, int(column) if column else None
    )


def names_of_columns(rows: Sequence[TargetRow], path: str | os.PathLike) -> list[str]:
    """The targets in the order of the source's columns, for files that do not name them.

    Raises
    ------
    InputError
        Where the column of a target is not given, or a column is missing or given twice.
    """
    by_column: dict[int, str] = {}
    for target, _, _, column in rows:
        if column is None:
            raise InputError(
                f"{path}: found no column for the target {target!r}; wanted `column`, the number "
                "(from 0) of each target's column in the source's array, which has no names"
            )
        if column in by_column or column >= len(rows):
            other = f", as {by_column[column]!r} has" if column in by_column else ""
            raise InputError(
                f"{path}: found the column {column} for {target!r}{other}; wanted each number from "
                f"0 to {len(rows) - 1} once, for {len(rows)} targets"
            )
        by_column[column] = target
    return [by_column[i] for i in range(len(rows))]
