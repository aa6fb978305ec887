"""The figure of filters that started from known motifs."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from matplotlib.patches import PathPatch

from workflow_lib.errors import InputError
from workflow_lib.figures.refined_filters import draw_weights, refined_filters, refined_table
from workflow_lib.figures.style import axes_at, new_figure
from workflow_lib.initial_filters import filter_weights


def made(targets, n_units=8, groups=0, names=("TFAP2C", "EBF1")):
    """Tables of units of which every other one changed; the last one has no sites."""
    rng = np.random.default_rng(0)
    changes = pd.DataFrame(
        {
            "unit": range(n_units),
            "start": [f"MA{i // 2:04}.1" for i in range(n_units)],
            "start_name": [names[i % len(names)] for i in range(n_units)],
            "strand": ["+", "-"] * (n_units // 2),
            "cosine": np.linspace(1, -0.2, n_units),
            "q_own": [*[1e-8, 0.7] * (n_units // 2 - 1), 1e-9, np.nan],
            "changed": [*[False, True] * (n_units // 2 - 1), False, np.nan],
            "best_name": [names[0], None] * (n_units // 2),
            "best_q": [1e-9, np.nan] * (n_units // 2),
        }
    )
    rows = [
        {"unit": unit, "target": target, "importance": (unit + 1) * rng.normal(0.3, 1)}
        for unit in range(n_units - 1)
        for target in targets
    ]
    importance = pd.DataFrame(rows)
    for name, by in (("q05", -0.5), ("q25", -0.2), ("q75", 0.2), ("q95", 0.5)):
        importance[name] = importance["importance"] + by
    table = pd.DataFrame({"target": targets, "group": None, "color": None})
    if groups:
        table["group"] = [f"lineage {i * groups // len(targets)}" for i in range(len(targets))]
        table["color"] = [None, "#AA3377"][groups > 2]
    return changes, importance, table


def drawn(targets, groups=0, **options):
    names = options.pop("names", ("TFAP2C", "EBF1"))
    changes, importance, of_targets = made(targets, groups=groups, names=names)
    table = refined_table(changes, importance, of_targets, **options)
    rng = np.random.default_rng(1)
    counts = {u: rng.dirichlet(np.ones(4) / 4, 10).T * 100 for u in range(8)}
    start = {unit: filter_weights(matrix, 19) for unit, matrix in counts.items()}
    refined = {unit: np.pad(matrix / 100, ((0, 0), (4, 5))) for unit, matrix in counts.items()}
    said = "The sites of 3 of 7 filters do not resemble the motif that they started from"
    return table, refined_filters(table, start, refined, said)


@pytest.mark.parametrize("groups", [0, 2, 7])
@pytest.mark.parametrize("n", [1, 5, 81])
def test_texts_can_be_read(n, groups):
    table, pages = drawn([f"cell type {i}" for i in range(n)], groups)
    for page in pages:
        said = check_texts(page)
    assert "resemble the start" in said
    assert table.groupby("unit").size().max() == (n if groups else min(n, 8))


def test_half_of_the_drawn_units_changed_and_each_half_is_by_importance():
    changes, importance, _ = made(["a", "b"])
    table = refined_table(changes, importance, most=4)
    units = table.drop_duplicates("unit")
    assert units["changed"].tolist() == [True, True, False, False]
    highest = importance.groupby("unit")["importance"].max()
    for kind in (True, False):
        of_kind = [u for u in changes.index[changes["changed"] == kind] if u in highest]
        wanted = sorted(of_kind, key=lambda u: -highest[u])[:2]
        assert units.loc[units["changed"] == kind, "unit"].tolist() == wanted
    few = refined_table(changes.assign(changed=changes["unit"] == 1), importance, most=4)
    assert few.drop_duplicates("unit")["changed"].tolist() == [True, False, False, False]


def test_named_motifs_are_drawn_whatever_became_of_them_and_unknown_ones_refused():
    changes, importance, _ = made(["a"])
    table = refined_table(changes, importance, profiles=["ebf1"])
    assert set(table["unit"]) == {1, 3, 5, 7} and table.loc[3, "target"] != "a"
    assert set(refined_table(changes, importance, profiles=["MA0001.1"])["unit"]) == {2, 3}
    variants = changes.assign(start_name=changes["start_name"].replace("EBF1", "EBF1(var.2)"))
    assert set(refined_table(variants, importance, profiles=["ebf1"])["unit"]) == {1, 3, 5, 7}
    # Each has to be there, not one of them.
    with pytest.raises(InputError, match="no filter started from XYZ;"):
        refined_table(changes, importance, profiles=["ebf1", "XYZ"])
    with pytest.raises(InputError, match="no filter started from EBF11 .did you mean 'EBF1'"):
        refined_table(changes, importance, profiles=["EBF11"])
    check_texts(drawn(["a"], profiles=["ebf1"])[1][0])


def test_targets_are_in_the_order_and_colours_of_their_table():
    changes, importance, targets = made(list("abcdef"), groups=3)
    table = refined_table(changes, importance, targets[::-1], most=1)
    assert table["target"].tolist() == list("fedcba") and set(table["color"]) == {"#AA3377"}


def test_letters_of_raw_weights_are_as_high_as_the_weights():
    weights = np.array([[0.75, 0], [-0.25, 0.1], [-0.2, 0.2], [-0.3, -0.3]])
    ax = axes_at(new_figure(50, 20), 5, 2, 40, 15)
    draw_weights(ax, weights)
    low, high = ax.get_ylim()
    assert (low, high) == pytest.approx((-0.75 * 1.05, 0.75 * 1.05))
    letters = [artist for artist in ax.get_children() if isinstance(artist, PathPatch)]
    boxes = {letter: patch.get_path().get_extents() for letter, patch in zip("ACGT", letters)}
    ends = {letter: (round(box.y0, 6), round(box.y1, 6)) for letter, box in boxes.items()}
    assert ends["A"] == (0, 0.75)
    assert ends["T"] == (-0.75, 0)  # the largest hangs lowest; in the second position alone
    assert ends["G"] == (-0.2, 0.3)


def test_without_sites_it_says_so():
    changes, importance, _ = made(["a"])
    table = refined_table(changes.assign(changed=np.nan), importance)
    assert table.empty
    assert "no refined filters" in check_texts(refined_filters(table, {}, {}, "")[0])
