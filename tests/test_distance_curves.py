"""Curves of pairs of motifs by distance: which rows are drawn, and that no line leads across."""

import itertools

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts

from workflow_lib.figures.distance_curves import (
    EXCESS,
    RATIO,
    distance_curves,
    distance_table,
    most_affected,
)


def spacing(motifs=("red", "blue"), targets=("x", "y"), step=10) -> pd.DataFrame:
    """Excess .1 for x and .01 for y, rising with the position; the fixed motif at 50 to 60."""
    rows = []
    for fixed, slid, target in itertools.product(motifs, motifs, targets):
        size = {"x": 0.1, "y": 0.01}.get(target, 0.001)
        for position in [*range(0, 41, step), *range(60, 91, step)]:
            excess = size * (1 + position / 100) * (-1 if fixed == slid else 1)
            numbers = {"ratio": 1 + excess, "excess": excess}
            ends = {f"{n}_{e}": v + s for n, v in numbers.items()
                    for e, s in (("low", -0.02), ("high", 0.03))}  # fmt: skip
            about = {"fixed": fixed, "slid": slid, "fixed_start": 50, "fixed_end": 60}
            about |= {"position": position, "target": target, "n_backgrounds": 60}
            rows.append(about | numbers | ends | {"positive_sum": 1.0})
    return pd.DataFrame(rows)


def columns(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {name: table["target"] == name for name in table["target"].unique()}


def test_the_table_holds_the_rows_of_each_panel_in_the_wanted_order():
    found = spacing()
    table = distance_table(found, columns(found), ["blue", "red"])
    assert list(dict.fromkeys(table["fixed"])) == ["blue", "red"] and len(table) == len(found)
    assert (table["column"] == table["target"]).all()
    only = distance_table(found, {"of x": found["target"] == "x"}, ["red"])
    assert set(only["column"]) == {"of x"} and set(only["fixed"]) == {"red"}
    merged = only.merge(found, on=["fixed", "slid", "target", "position"])
    assert (merged["excess_x"] == merged["excess_y"]).all() and len(merged) == len(only)


def test_targets_are_shown_for_which_motifs_interact_most():
    assert most_affected(spacing(targets=("z", "y", "x"))) == ["y", "x"]
    assert most_affected(spacing(targets=("z", "y", "x")), 1) == ["x"]
    assert most_affected(pd.DataFrame(columns=["target"])) == []


@pytest.mark.parametrize("axis", [RATIO, EXCESS])
def test_lines_are_the_tables_and_none_leads_across_the_fixed_motif(axis):
    found = spacing()
    table = distance_table(found, columns(found))
    figure = distance_curves(table, axis, "Spacing", {"red": "#123456"})
    written = check_texts(figure)
    assert axis.label in written and "over 60 backgrounds" in written and "red fixed" in written
    assert len(figure.axes) == 4
    ax = figure.axes[1]  # red fixed, y
    rows = table[(table["fixed"] == "red") & (table["target"] == "y")]
    lines = {line.get_color(): line for line in ax.lines if len(line.get_xdata()) > 2}
    assert set(lines) > {"#123456"} and len(lines) == 2
    x, y = lines["#123456"].get_data()
    same = rows[rows["slid"] == "red"].sort_values("position")
    assert np.isnan(y).sum() == 1 and np.isnan(y[np.searchsorted(same["position"], 50)])
    assert (x[~np.isnan(x)] == same["position"]).all()
    assert np.allclose(y[~np.isnan(y)], same[axis.column])
    (neutral,) = {line.get_ydata()[0] for line in ax.lines if len(line.get_xdata()) == 2}
    assert neutral == axis.neutral
    assert len(ax.collections) == 2 * axis.band
    low, high = ax.get_ylim()
    assert low <= axis.least[0] and high >= axis.least[1]


def test_a_ratio_with_a_denominator_near_zero_does_not_set_the_scale():
    found = spacing(step=1)
    found.loc[7, ["ratio", "ratio_low", "ratio_high"]] = [900.0, -np.inf, np.inf]
    figure = distance_curves(distance_table(found, columns(found)), RATIO, "Spacing", {})
    assert figure.axes[0].get_ylim()[1] < 3
    written = check_texts(figure)
    assert f"1 of {len(found)} values lie beyond the axis" in written
    assert "beyond" not in check_texts(
        distance_curves(distance_table(spacing(), columns(spacing())), RATIO, "Spacing", {})
    )


def test_a_value_between_two_gaps_is_a_point():
    found = spacing()
    found = found[found["position"].isin([40, 60, 70])]
    ax = distance_curves(distance_table(found, columns(found)), RATIO, "Spacing", {}).axes[0]
    points = [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "."]
    assert points == [[40], [40]]


def test_an_interval_is_named_where_there_is_one():
    found = spacing()
    assert "interval" in check_texts(distance_curves(distance_table(found, columns(found)),
                                                     EXCESS, "Spacing", {}))  # fmt: skip
    few = found.assign(excess_low=np.nan, excess_high=np.nan, n_backgrounds=5)
    written = check_texts(distance_curves(distance_table(few, columns(few)), EXCESS, "", {}))
    assert "over 5 backgrounds" in written and "interval" not in written


def test_a_ratio_is_dotted_where_its_denominator_is_not_above_zero():
    found = spacing(step=1)
    unsure = (found["fixed"] == "red") & (found["position"] < 20)
    found.loc[unsure, "positive_sum"] = 0.9
    found.loc[unsure, "ratio"] = -40.0
    table = distance_table(found, columns(found))
    figure = distance_curves(table, RATIO, "Spacing", {})
    assert "fewer than 95 % of backgrounds" in check_texts(figure).replace("\n", " ")
    ax = figure.axes[0]  # red fixed, x
    drawn = {style: [line for line in ax.lines if line.get_linestyle() == style and
                     len(line.get_xdata()) > 2] for style in ("-", ":")}  # fmt: skip
    assert len(drawn["-"]) == len(drawn[":"]) == 2
    for line in drawn["-"]:
        x, y = line.get_data()
        assert x[~np.isnan(y)].min() == 20 and np.nanmax(x) == 90
    x, y = drawn[":"][0].get_data()
    assert x[~np.isnan(y)].tolist() == list(range(20)) and np.nanmax(y) == -40
    assert ax.get_ylim()[0] > 0  # by what says something
    assert not [line for line in figure.axes[2].lines if line.get_linestyle() == ":"]  # blue fixed
    excess = distance_curves(table, EXCESS, "Spacing", {})
    assert "fewer than" not in check_texts(excess)
    assert not [line for line in excess.axes[0].lines if line.get_linestyle() == ":"]


def test_without_motifs_it_is_said():
    empty = distance_table(pd.DataFrame(), {})
    assert "nothing to draw" in check_texts(distance_curves(empty, EXCESS, "Spacing", {}))
