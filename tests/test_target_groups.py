"""Targets with groups: their order and colours in heatmaps and boxes, and a motif's unit."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from matplotlib.colors import to_hex
from test_figures import model_tables, probabilities
from test_robustness import load_script, outputs

from workflow_lib.errors import InputError
from workflow_lib.figures.boxes import notches
from workflow_lib.figures.grouped_boxes import grouped_boxes
from workflow_lib.figures.groups import NO_GROUP, target_groups, without_groups
from workflow_lib.figures.importance_boxes import (
    importance_boxes,
    importance_table,
    motif_unit_table,
)
from workflow_lib.figures.style import COLOURS, MAX_PROPORTION
from workflow_lib.figures.weight_heatmap import colour_limit, weight_cells, weight_heatmap
from workflow_lib.motif import Motif, write_meme
from workflow_lib.tables import write_run_table, write_table

LINEAGES = ["stem", "B", "T", "myeloid"]


def targets_table(targets, colour: str | None = None) -> pd.DataFrame:
    """Targets of LINEAGES in blocks."""
    groups = [LINEAGES[4 * i // len(targets)] for i in range(len(targets))]
    return pd.DataFrame({"target": targets, "group": groups, "color": colour})


def grouped_model(n_units: int, n_targets: int) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of a model, and its targets in another order than that of their names."""
    tables = model_tables(n_units, n_targets, n_units)
    tables["importance"]["n_sequences"] = 100
    targets = [f"TF{i}" for i in reversed(range(n_targets))]
    return tables, target_groups(targets_table(targets))


def logos(n: int) -> dict[int, np.ndarray]:
    return {i: probabilities("ACGTTTGCATGCAACGTAC") for i in range(n)}


def drawn_cells(n_units: int, n_targets: int) -> pd.DataFrame:
    tables, groups = grouped_model(n_units, n_targets)
    given = (tables["weights"], tables["annotation"], tables["importance"])
    return weight_cells(*given, 0.5, None, groups)


# Groups


def test_colours_are_the_tables_or_of_a_palette():
    table = pd.DataFrame(
        {
            "target": list("abcdef"),
            "group": ["x", "x", "y", "", "z", "y"],
            "color": ["navy", None, None, None, "#E69F00", None],
        }
    )
    groups = target_groups(table)
    colours = dict(zip(groups["target"], groups["color"]))
    assert groups["target"].tolist() == list("abcdef")
    assert colours["a"] == colours["b"] == "navy" and colours["e"] == "#E69F00"
    assert colours["c"] == colours["f"] == COLOURS[0] and len(set(colours.values())) == 4
    assert groups["group"].tolist() == ["x", "x", "y", NO_GROUP, "z", "y"]


def test_many_groups_have_different_colours():
    table = pd.DataFrame({"target": range(20), "group": [f"g{i}" for i in range(20)]})
    assert target_groups(table.assign(color=None))["color"].nunique() == 20


def test_targets_without_groups_have_none():
    table = pd.DataFrame({"target": ["a", "b"], "group": [np.nan, ""], "color": np.nan})
    assert target_groups(table) is None
    assert without_groups(["a", "b"], "red")["color"].tolist() == ["red", "red"]


def test_what_is_no_colour_is_named():
    with pytest.raises(InputError, match="found 'ILC pink'; wanted"):
        target_groups(targets_table(["a", "b"], "ILC pink"))


# Weights


def test_targets_keep_their_order_and_units_are_clustered():
    cells = drawn_cells(30, 8)
    order = cells.drop_duplicates("target").set_index("target")["target_order"]
    assert order.sort_values().index.tolist() == [f"TF{i}" for i in reversed(range(8))]
    rows = cells[cells["target_order"] == 0].sort_values("unit_order")["unit"]
    assert sorted(rows) == list(range(30)) and rows.tolist() != list(range(30))
    figure = weight_heatmap(cells, 30, 30, 0, 8, 0.5, logos(30))
    mesh = figure.axes[0].collections[0]
    wanted = cells.pivot(index="target_order", columns="unit_order", values="weight")
    np.testing.assert_allclose(mesh.get_array().reshape(8, 30), wanted)
    said = check_texts(figure)
    assert all(name in said for name in LINEAGES)


def test_the_strip_has_the_colour_of_each_target_from_top_to_bottom():
    cells = drawn_cells(12, 8)
    figure = weight_heatmap(cells, 12, 12, 0, 8)
    strip = next(ax for ax in figure.axes if not ax.axison and ax.patches)
    tops = [patch.get_y() for patch in strip.patches]
    assert tops == list(range(8)) and strip.get_ylim() == (8, 0)
    by_order = cells.drop_duplicates("target_order").sort_values("target_order")["color"]
    assert [to_hex(p.get_facecolor()) for p in strip.patches] == [*map(to_hex, by_order)]
    assert by_order.tolist() == sorted(by_order, key=COLOURS.index)


@pytest.mark.parametrize("n_units, n_targets", [(300, 81), (300, 120), (40, 6), (4, 6), (60, 22)])
def test_a_page_has_the_most_important_units_and_their_logos(n_units, n_targets):
    cells = drawn_cells(n_units, n_targets)
    assert cells["unit"].nunique() == min(n_units, 50)
    assert cells["target"].nunique() == min(n_targets, 81)
    largest = cells.drop_duplicates("unit").set_index("unit")["largest_importance"]
    figure = weight_heatmap(cells, n_units, n_units, 0, n_targets, 0.5, logos(n_units))
    width, height = figure.get_size_inches()
    assert height <= MAX_PROPORTION * width
    said = check_texts(figure)
    drawn = [u for u in largest.index if said.count(f"TF{u} (unit{u})") == 2]  # column and logo
    assert len(drawn) == min(n_units, 50) or largest[drawn].min() >= largest.drop(drawn).max()
    assert len(drawn) >= min(n_units, 6)
    if n_targets > 81:
        assert f"81 of {n_targets} targets drawn" in said
    if n_units > 50:
        assert "the 50 most important are drawn" in said


# Importances


def test_notches_are_the_interval_of_the_median_within_the_box():
    rows = pd.DataFrame({"q25": 1.0, "importance": 2.0, "q75": 4.0, "n_sequences": [100, 4]})
    assert notches(rows)["low"].tolist() == pytest.approx([2 - 1.57 * 3 / 10, 1])
    assert notches(rows)["high"].tolist() == pytest.approx([2 + 1.57 * 3 / 10, 4])


def test_boxes_of_targets_with_groups_stand_in_their_order():
    tables, groups = grouped_model(20, 8)
    table = importance_table(tables["importance"], tables["annotation"], groups=groups)
    assert table["unit"].nunique() == 12 and len(table) == 12 * 8
    unit = table["unit"].iloc[0]
    rows = table[table["unit"] == unit]
    assert rows["target"].tolist() == groups["target"].tolist()
    given = tables["importance"].query("unit == @unit").set_index("target")["importance"]
    np.testing.assert_allclose(rows["importance"], given[rows["target"]])
    (page,) = importance_boxes(table, 20, 8)
    ax = page.axes[0]
    assert [to_hex(p.get_facecolor()) for p in ax.patches] == [*map(to_hex, groups["color"])]
    medians = [line.get_ydata()[0] for line in ax.lines if line.get_linewidth() == 1.0]
    np.testing.assert_allclose(medians, rows["importance"])
    said = check_texts(page)
    assert "the 12 most important of 20 units" in said and "notch" in said


def test_a_unit_without_sequences_has_empty_places():
    tables, groups = grouped_model(2, 8)
    silent = tables["importance"]["unit"] == 1
    columns = ["q05", "q25", "importance", "q75", "q95"]
    tables["importance"].loc[silent & (tables["importance"]["target"] == "TF3"), columns] = np.nan
    table = importance_table(tables["importance"], tables["annotation"], groups=groups)
    rows = table[table["unit"] == 1]
    assert rows["target"].tolist() == groups["target"].tolist()
    assert rows.loc[rows["importance"].isna(), "target"].tolist() == ["TF3"]
    (page,) = importance_boxes(table, 2, 8)
    assert sorted(len(ax.patches) for ax in page.axes) == [7, 8]


def test_the_unit_of_a_motif_is_the_most_important_whose_best_match_it_is():
    targets = [f"TF{i}" for i in range(5)]
    groups = without_groups(targets, "red")
    rows = [(unit, t, 9, *[value] * 5) for unit, value in enumerate((9, 3, 5, 1)) for t in targets]
    columns = ["unit", "target", "n_sequences", "q05", "q25", "importance", "q75", "q95"]
    importance = pd.DataFrame(rows, columns=columns)
    # Unit 0, the most important one, has it as second match only; unit 3 in a dimer.
    names = [(0, "SPI1", 1e-9), (0, "Cebpa", 1e-3), (1, "CEBPB", 1e-5), (2, "cebpd(var.2)", 1e-4),
             (3, "ATF4::CEBPB", 1e-9), (1, "XCEBP", 1e-9)]  # fmt: skip
    annotation = pd.DataFrame(names, columns=["unit", "name", "q_value"])
    table = motif_unit_table(importance, annotation, "CEBP", groups)
    assert set(table["unit"]) == {2} and set(table["n_matching"]) == {4}
    assert table["target"].tolist() == targets
    second = motif_unit_table(importance, annotation[annotation["unit"] < 2], "CEBP", groups)
    assert set(second["unit"]) == {0}  # unit 1's best match is not it either
    assert motif_unit_table(importance, annotation, "PAX", groups).empty


def test_targets_without_groups_have_boxes_too():
    tables, _ = grouped_model(4, 6)
    groups = without_groups([f"TF{i}" for i in range(6)], "red")
    table = motif_unit_table(tables["importance"], tables["annotation"], "TF2", groups)
    (page,) = grouped_boxes(table, "TF2", logos(4))
    assert page.legends == [] and "TF2 (unit2)" in check_texts(page)


# Scripts


@pytest.fixture
def written(tmp_path):
    """A model's tables and its targets as files."""
    tables, paths = grouped_model(6, 4)[0], {}
    for name, table in tables.items():
        paths[name] = str(tmp_path / f"{name}.tsv")
        write_run_table(table, {"dataset": "d", "model": "m", "seed": "0"}, paths[name])
    paths["targets"] = str(tmp_path / "targets.tsv")
    write_table(targets_table(["TF2", "TF0", "TF3", "TF1"]), paths["targets"])
    paths["meme"] = str(tmp_path / "filters.meme")
    write_meme(paths["meme"], [Motif(f"unit{i}", "", probabilities("ACG"), 9) for i in range(6)])
    return paths


def test_the_general_scripts_use_the_table_of_targets(root, written, tmp_path):
    load_script(root, "figures/weight_heatmap").main(written, 0.5, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    order = source.drop_duplicates("target_order").sort_values("target_order")
    assert order["target"].tolist() == ["TF2", "TF0", "TF3", "TF1"]
    assert order["group"].tolist() == LINEAGES
    load_script(root, "figures/importance_boxes").main(
        written["importance"], written["annotation"], **outputs(tmp_path),
        targets=written["targets"],
    )  # fmt: skip
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert source["target"].tolist()[:4] == ["TF2", "TF0", "TF3", "TF1"]


def test_targets_without_groups_are_drawn_as_ever(root, written, tmp_path):
    load_script(root, "figures/weight_heatmap").main(
        {k: v for k, v in written.items() if k != "targets"}, 0.5, **outputs(tmp_path)
    )
    before = (tmp_path / "figure.tsv").read_text(), (tmp_path / "figure.png").read_bytes()
    table = pd.DataFrame({"target": ["TF3", "TF2", "TF1", "TF0"], "group": None, "color": None})
    write_table(table, written["targets"])
    load_script(root, "figures/weight_heatmap").main(written, 0.5, **outputs(tmp_path))
    after = (tmp_path / "figure.tsv").read_text(), (tmp_path / "figure.png").read_bytes()
    assert before == after


@pytest.mark.parametrize("motif, rows", [("tf3", 4), ("PAX", 0)])
def test_the_script_of_a_motif_draws_its_unit_or_says_that_there_is_none(
    root, written, tmp_path, motif, rows
):
    load_script(root, "figures/figure_4d").main(written, motif, outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert len(source) == rows and set(source["unit"]) == ({3} if rows else set())
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_colours_end_where_the_data_do_if_weights_are_small():
    weights = pd.DataFrame({"unit": range(100), "a": np.linspace(-1, 1, 100)})
    assert colour_limit(weights, 0.5) == 0.5
    small = weights.assign(a=weights["a"] / 10)
    assert colour_limit(small, 0.5) == pytest.approx(0.1, abs=0.01)
    assert colour_limit(weights.assign(a=0.0), 0.5) == 0.5
