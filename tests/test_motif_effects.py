"""Effects of single motifs and their copies: which rows are drawn, and as what."""

import itertools

import numpy as np
import pandas as pd
from figure_checks import check_texts

from workflow_lib.figures.motif_effects import COLUMNS, effects_table, motif_effects


def with_ends(rows: list[dict]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.assign(effect_low=table["effect"] - 0.1, effect_high=table["effect"] + 0.2)


def single(motifs=("red", "blue"), targets=("x", "y")) -> pd.DataFrame:
    rows = []
    for (m, motif), (t, target), start, strand in itertools.product(
        enumerate(motifs), enumerate(targets), (0, 20), "+-"
    ):
        effect = (m + 1) * (t + 1) * (1 if strand == "+" else -0.5) + (start == 0) * 100
        about = {"motif": motif, "start": start, "strand": strand, "central": start == 20}
        about["unit"] = {"red": 3, "blue": None}.get(motif, m)
        rows.append(about | {"target": target, "effect": effect, "n_backgrounds": 60})
    return with_ends(rows)


def copies(motifs=("red", "blue"), targets=("x", "y")) -> pd.DataFrame:
    every = itertools.product(enumerate(motifs), enumerate(targets), (1, 2, 3))
    return with_ends(
        [
            {
                "motif": m,
                "target": t,
                "copies": n,
                "effect": (i + 1) * (j + 1) * n,
                "gap": 5,
                "n_backgrounds": 60,
            }
            for (i, m), (j, t), n in every
        ]  # fmt: skip
    )


def ablated(motifs=("red", "green"), targets=("x", "y")) -> pd.DataFrame:
    every = itertools.product(enumerate(motifs), targets)
    units = {"red": 3, "green": 4}
    return with_ends(
        [{"motif": f"as ablation calls {m}", "target": t, "unit": units.get(m, i), "effect": 0.7,
          "n_sequences": 31} for (i, m), t in every]
    )  # fmt: skip


def test_the_table_holds_central_motifs_copies_and_ablations_of_the_same_motifs():
    table = effects_table(single(), copies(), ablated())
    assert tuple(table) == COLUMNS
    assert table["kind"].value_counts().to_dict() == {"+": 4, "-": 4, "copies": 12, "ablation": 2}
    assert table["effect"].max() < 50  # of those in the middle
    assert set(table.loc[table["kind"] == "ablation", "motif"]) == {"red"}
    assert set(table.loc[table["kind"] == "ablation", "n"]) == {31}
    assert effects_table(single())["kind"].isin(["+", "-"]).all()
    assert effects_table(pd.DataFrame(columns=["target"])).empty


def test_ablations_are_those_of_the_same_filters_whatever_the_motifs_are_called():
    named = single().replace({"red": "mine"})
    drawn = effects_table(named, None, ablated()).query("kind == 'ablation'")
    assert set(drawn["motif"]) == {"mine"}
    # A motif of one's own that is called like a filter is none.
    none = single().assign(unit=None)
    same = ablated().assign(motif="red")
    assert "ablation" not in set(effects_table(none, None, same)["kind"])


def test_what_is_said_is_what_is_drawn():
    table = effects_table(single())
    (page,) = motif_effects(table, "Effects", 2)
    written = check_texts(page).replace("\n", " ")
    assert "median over 60 backgrounds" in written and "95 % intervals" in written
    assert "shuffled" not in written and "copies" not in written
    few = effects_table(single(), copies(), ablated()).assign(effect_low=np.nan, effect_high=np.nan)
    (page,) = motif_effects(few, "Effects", 2)
    written = check_texts(page).replace("\n", " ")
    assert "interval" not in written and "with copies" in written and "n sequences" in written


def test_targets_with_the_largest_effects_are_shown_in_the_tables_order():
    table = effects_table(single(targets=("x", "y", "z")), most_targets=2)
    assert list(dict.fromkeys(table["target"])) == ["y", "z"]
    (page,) = motif_effects(table, "Effects", 3)
    assert "2 of 3 targets, those with the largest effects" in check_texts(page).replace("\n", " ")


def test_marks_and_lines_are_the_tables():
    table = effects_table(single(), copies(), ablated())
    (page,) = motif_effects(table, "Effects of motifs", 2)
    written = check_texts(page)
    for said in (
        "Effects of motifs",
        "put in, reverse strand",
        "its sites in real sequences",
        "blue",
    ):
        assert said in written
    singles, beside = page.axes[2], page.axes[3]  # of y
    marks = [(line.get_xdata()[0], line.get_marker()) for line in singles.lines
             if line.get_marker() not in ("None", None)]  # fmt: skip
    assert sorted(marks) == sorted([(2, "o"), (4, "o"), (-1, "s"), (-2, "s"), (0.7, "D")])
    bars = [line.get_xdata() for line in singles.lines if len(line.get_xdata()) == 2]
    ends = sorted(tuple(np.round(bar, 6)) for bar in bars if bar[0] != bar[1])
    assert ends == sorted((round(x - 0.1, 6), round(x + 0.2, 6)) for x, _ in marks)
    drawn = [line.get_ydata().tolist() for line in beside.lines if len(line.get_ydata()) == 3]
    assert drawn == [[2, 4, 6], [4, 8, 12]]
    assert written.count("n = 31") == 2  # of x and of y


def test_without_motifs_it_is_said():
    (page,) = motif_effects(effects_table(pd.DataFrame(columns=["target"])), "Effects", 2)
    assert "nothing to draw" in check_texts(page)
