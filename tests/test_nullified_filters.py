"""Figures 1G and S1: the right unit, filters and boxes, and words where there are none."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from workflow_lib.figures import boxes, negative_weights, nullified_filters
from workflow_lib.interpret import unit_targets

TARGETS = ["FOXA1", "AR", "CTCF", "TBP"]


def annotation(clusters: dict[int, str], names: dict[int, str] | None = None) -> pd.DataFrame:
    """One match per unit, with a cluster."""
    rows = [
        (f"unit{unit}", (names or {}).get(unit, f"TF{cluster}"), 0.01, 0.001, cluster)
        for unit, cluster in clusters.items()
    ]
    return pd.DataFrame(rows, columns=["unit", "name", "q_value", "p_value", "cluster"])


def importances(medians: dict[int, list[float]], weights=None, targets=TARGETS) -> pd.DataFrame:
    rows = []
    for unit, values in medians.items():
        for i, (target, value) in enumerate(zip(targets, values)):
            weight = weights[unit][i] if weights else value
            quantiles = (value - 0.2, value - 0.1, value, value + 0.1, value + 0.2)
            rows.append((unit, target, weight, 10, *quantiles))
    columns = ["unit", "target", "weight", "n_sequences", *boxes.QUANTILES]
    return pd.DataFrame(rows, columns=columns)


def impacts(values: dict[int, list[float]], targets=TARGETS) -> pd.DataFrame:
    rows = [(u, t, v) for u, row in values.items() for t, v in zip(targets, row)]
    return pd.DataFrame(rows, columns=["unit", "target", "impact"])


def texts(figure) -> str:
    figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def example() -> pd.DataFrame:
    table = importances({3: [0.5, 0.3, -0.4, 0.0], 5: [2.0, 0.1, 0.2, 0.3], 8: [9, 9, 9, 9]})
    nullified = impacts({1: [0.1, 0, 0, 0], 2: [0.9, 0.2, -0.3, 0.1], 7: [5, 5, 5, 5]})
    of_filters = annotation({1: "9", 2: "9", 7: "83"}, {2: "FOXB1"})
    of_units = annotation({3: "9", 5: "9", 8: "83"})
    return nullified_filters.unit_and_filters_table(
        table, of_units, nullified, of_filters, "FOXA1", ["9"]
    )


# Binding modes


def test_a_unit_has_the_mode_of_its_best_match():
    table = annotation({1: "9"})
    better = table.assign(cluster=16.0, p_value=1e-6)
    without = table.assign(cluster=np.nan, p_value=1e-9)
    assert unit_targets.unit_modes(pd.concat([table, better, without])) == {1: {"16"}}
    assert unit_targets.units_of_modes(pd.concat([table, better]), [16]) == [1]
    assert unit_targets.units_of_modes(pd.concat([table, better]), ["9"]) == []
    assert unit_targets.unit_modes(table.drop(columns="cluster")) == {}


# Figure 1G


def test_the_unit_is_the_most_important_of_the_mode_and_sorts_the_targets():
    unit = example().query("kind == 'unit'")
    assert set(unit["unit"]) == {5}  # 8 is more important, but of another mode
    assert unit["target"].tolist() == ["FOXA1", "TBP", "CTCF", "AR"]
    assert unit["order"].tolist() == [0, 1, 2, 3]


def test_filters_of_the_mode_are_sorted_by_impact_over_the_same_targets():
    table = example()
    filters = table.query("kind == 'filter'")
    assert filters["unit"].drop_duplicates().tolist() == [2, 1]
    assert filters["label"].iloc[0] == "FOXB1 (filter2)"
    order = table.query("kind == 'unit'").set_index("target")["order"]
    assert (filters["order"] == filters["target"].map(order)).all()


def test_of_equal_units_the_one_with_the_larger_weight_counts():
    zero = [0.0] * 4
    table = importances({1: zero, 2: zero}, {1: [-1.0] * 4, 2: [0.2] * 4})
    of_units = annotation({1: "9", 2: "9"})
    found = nullified_filters.unit_and_filters_table(table, of_units, None, None, "FOXA1", ["9"])
    assert set(found["unit"]) == {2}
    figure = nullified_filters.unit_and_filters(found, "FOXA1", ("a", "b"))
    assert "no unit of this mode has any importance for FOXA1" in texts(figure)


def test_rank_correlation_is_that_of_the_mean_impact():
    unit = importances({0: [4.0, 3.0, 2.0, 1.0]}).assign(kind="unit")
    filters = impacts({1: [0.4, 0.3, 0.1, 0.2], 2: [0.4, 0.3, 0.3, np.nan]}).assign(kind="filter")
    table = pd.concat([unit, filters])
    # means .4, .3, .2, .2 against 4, 3, 2, 1: two tied ranks
    assert nullified_filters.rank_correlation(table) == (pytest.approx(0.9486833), 4)
    flat = pd.concat([unit, impacts({1: [1.0] * 4}).assign(kind="filter")])
    assert np.isnan(nullified_filters.rank_correlation(flat)[0])


def test_drawn_colours_are_the_impacts():
    table = example()
    figure = nullified_filters.unit_and_filters(table, "FOXA1", ("explainn", "danq"))
    drawn = np.asarray(figure.axes[1].collections[0].get_array()).reshape(2, 4)
    assert drawn.tolist() == [[0.9, 0.1, -0.3, 0.2], [0.1, 0, 0, 0]]
    said = texts(figure)
    assert "TF9 (unit5) of explainn" in said and "impact in danq\n(model output)" in said
    assert "2 filters:\nρ = 0.40 over 4 targets" in said


def test_without_filters_the_unit_is_drawn_and_the_lack_is_said():
    table = example().query("kind == 'unit'")
    figure = nullified_filters.unit_and_filters(table, "FOXA1", ("explainn", "danq"))
    assert "No filter of danq of this binding mode was nullified." in texts(figure)


def test_without_a_unit_the_figure_is_a_message():
    table = nullified_filters.unit_and_filters_table(
        importances({1: [1, 1, 1, 1]}), annotation({1: "83"}), None, None, "FOXA1", ["9"]
    )
    assert table.empty and "impact" in table
    figure = nullified_filters.unit_and_filters(table, "FOXA1", ("explainn", "danq"))
    assert "No unit of explainn has the binding mode of FOXA1" in texts(figure)


@pytest.mark.parametrize("n_targets, n_filters", [(1, 1), (50, 12), (163, 40)])
def test_many_targets_and_filters_stay_on_the_page(n_targets, n_filters):
    rng = np.random.default_rng(0)
    targets = ["FOXA1", *(f"Long.cell.type.{i}" for i in range(1, n_targets))]
    table = nullified_filters.unit_and_filters_table(
        importances({0: list(rng.normal(size=n_targets))}, targets=targets),
        annotation({0: "9"}),
        impacts({i: list(rng.normal(size=n_targets)) for i in range(n_filters)}, targets),
        annotation(dict.fromkeys(range(n_filters), "9"), {0: "NR1H4::RXRA(var.2)"}),
        "FOXA1",
        ["9"],
    )
    figure = nullified_filters.unit_and_filters(table, "FOXA1", ("explainn", "danq"))
    said = texts(figure)
    assert ("the last 15 of 163" in said) == (n_targets == 163)
    assert ("the 25 largest drawn" in said) == (n_filters == 40)
    assert figure.get_size_inches()[0] * 25.4 <= 183.1
    drawn, (across, down) = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 >= 0 and drawn.x1 <= across and drawn.y0 >= 0 and drawn.y1 <= down
    assert "FOXA1" in [label.get_text() for label in figure.axes[1].get_xticklabels()]


# Figure S1


def s1_table() -> pd.DataFrame:
    values = {0: [3.0, 0, 0, 0], 1: [0.0, 0, 0, 0], 2: [-0.6, 0, 0, 0], 3: [7.0, 1, 1, 1]}
    weights = {0: [1.0] * 4, 1: [-0.8] * 4, 2: [-0.2] * 4, 3: [1.0] * 4}
    of_units = annotation({0: "83", 1: "83", 2: "83", 3: "9"}, {0: "CTCF", 1: "CTCF", 2: "CTCFL"})
    table = importances(values, weights, targets=["CTCF", "A", "B", "C"])
    return negative_weights.negative_units_table(table, of_units, {"CTCF": ["83"], "AR": ["19"]})


def test_only_units_of_the_mode_by_weight_with_its_sign():
    table = s1_table()
    assert table["unit"].tolist() == [1, 2, 0]
    assert table["sign"].tolist() == ["negative", "negative", "positive"]
    assert set(table["target"]) == {"CTCF"}


def test_boxes_of_both_signs_and_how_many_negative_ones_are_near_zero():
    figure = negative_weights.negative_units(s1_table(), ["CTCF", "AR"])
    said = texts(figure)
    assert "negative weight: 1 of 2 near 0" in said
    assert "CTCF (unit1) −0.80" in said and "CTCF (unit0) +1.00" in said
    assert "no unit of the binding mode of AR" in said
    assert len(figure.axes[0].patches) >= 3


def test_units_without_sequences_and_an_empty_table_give_messages():
    table = s1_table()
    table.loc[0, list(boxes.QUANTILES)] = np.nan
    assert "no sequence" in texts(negative_weights.negative_units(table, ["CTCF"]))
    said = texts(negative_weights.negative_units(table.iloc[:0], ["CTCF", "AR"]))
    assert "No unit is annotated with the binding mode of\nCTCF, AR" in said


# Scripts


def load_script(root, name: str):
    spec = importlib.util.spec_from_file_location(name, root / "scripts/figures" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("nullified", [True, False])
def test_scripts_write_what_they_draw(root, tmp_path, nullified):
    tables = {
        "importance": importances({3: [0.5, 0.3, -0.4, 0.0]}),
        "annotation": annotation({3: "9"}),
        "profiles": pd.DataFrame({"name": ["FOXA1", "CTCF"], "cluster": ["9", "83"]}),
    }
    if nullified:
        tables["nullification"] = impacts({2: [0.9, 0.2, -0.3, 0.1]})
        tables["filter_annotation"] = annotation({2: "9"})
    paths = {name: str(tmp_path / f"{name}.tsv") for name in tables}
    for name, table in tables.items():
        table.to_csv(paths[name], sep="\t", index=False)
    outputs = {kind: str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "tsv")}
    load_script(root, "figure_1g").main(paths, "FOXA1", ("explainn", "danq"), outputs)
    source = pd.read_csv(outputs["tsv"], sep="\t")
    assert source["kind"].value_counts().to_dict() == (
        {"unit": 4, "filter": 4} if nullified else {"unit": 4}
    )
    load_script(root, "figure_s1").main(paths, ["FOXA1", "CTCF"], outputs)
    source = pd.read_csv(outputs["tsv"], sep="\t")
    assert source["unit"].tolist() == [3] and source["target"].tolist() == ["FOXA1"]
