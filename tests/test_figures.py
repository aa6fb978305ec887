"""Every figure draws from small tables, says what it has to say, and does not change by itself."""

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from workflow_lib.figures import (
    dataset_comparison,
    importance_boxes,
    logos,
    performance,
    recovery,
    style,
    weight_heatmap,
)
from workflow_lib.interpret import units
from workflow_lib.motif import Motif, read_meme, write_meme
from workflow_lib.motifs import alignment
from workflow_lib.tables import write_run_table, write_table

SLOW = pytest.mark.slow


def texts(figure: Figure) -> str:
    """All that is written on a figure."""
    figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def visible_boxes(labels: list[Text]) -> list:
    return [label.get_window_extent() for label in labels if label.get_text()]


def overlaps(labels: list[Text]) -> int:
    """How many neighbouring labels cover each other."""
    boxes = visible_boxes(labels)
    return sum(a.overlaps(b) for a, b in zip(boxes, boxes[1:], strict=False))


def same_files(draw, folder) -> bool:
    """Draw and save twice; the bytes have to be the same."""
    for name in ("a", "b"):
        style.save(draw(), folder / f"{name}.pdf", folder / f"{name}.png")
    return all(
        (folder / f"a.{kind}").read_bytes() == (folder / f"b.{kind}").read_bytes()
        for kind in ("pdf", "png")
    )


def history_table(models=("explainn",), seeds=(0, 1), epochs=5) -> pd.DataFrame:
    rows = [
        (model, seed, epoch, 1 / epoch, 0.2 + abs(epoch - 3) / 10, epoch == min(3, epochs))
        for model in models
        for seed in seeds
        for epoch in range(1, epochs + 1)
    ]
    columns = ["model", "seed", "epoch", "train_loss", "validation_loss", "best"]
    return pd.DataFrame(rows, columns=columns)


def metrics_table(n_targets: int, models=("explainn",), seeds=(0, 1)) -> pd.DataFrame:
    rows = []
    for model in models:
        for seed in seeds:
            for i, target in enumerate([*(f"TF{i}" for i in range(n_targets)), "mean"]):
                value = 0.3 + 0.6 * i / (n_targets + 1)
                run = (model, seed, "test", target)
                rows.append((*run, "auprc", value, value - 0.05, value + 0.05))
                rows.append((*run, "base_rate", 0.1, np.nan, np.nan))
    columns = ["model", "seed", "split", "target", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def model_tables(n_units: int, n_targets: int, n_annotated: int) -> dict[str, pd.DataFrame]:
    """Weights, annotation, filters and importances of a model; unit 0 stands for TF0."""
    rng = np.random.default_rng(0)
    targets = [f"TF{i}" for i in range(n_targets)]
    matrix = rng.normal(0, 0.2, (n_units, n_targets))
    weights = pd.DataFrame(matrix, columns=targets)
    weights.insert(0, "unit", range(n_units))
    annotation = pd.DataFrame(
        [(i, f"MA{i:04}.1", f"TF{i}", 10.0 ** -(i % 9 + 2), 1, "+") for i in range(n_annotated)],
        columns=["unit", "profile", "name", "q_value", "offset", "orientation"],
    )
    long = weights.melt("unit", var_name="target", value_name="weight")
    middle = long["weight"] * (1 + long["unit"] % 3)
    spread = {"q05": -0.2, "q25": -0.1, "importance": 0.0, "q75": 0.1, "q95": 0.2}
    importance = long.assign(**{name: middle + step for name, step in spread.items()})
    filters = pd.DataFrame({"unit": range(n_units), "n_sites": 20})
    parts = {"annotation": annotation, "filters": filters, "importance": importance}
    return {"weights": weights} | parts


def probabilities(consensus: str, sharp: float = 0.91) -> np.ndarray:
    matrix = np.full((4, len(consensus)), (1 - sharp) / 3)
    matrix[["ACGT".index(letter) for letter in consensus], range(len(consensus))] = sharp
    return matrix


def comparison_table(n: int) -> pd.DataFrame:
    a, gain = np.linspace(0.2, 0.8, n), np.linspace(-0.03, 0.07, n)
    table = pd.DataFrame(
        {"target": [f"TF{i}" for i in range(n)], "auprc_a": a, "auprc_b": a + gain}
    )
    table = table.assign(difference=gain, low=gain - 0.02, high=gain + 0.02, n_positive=50)
    mean = {"target": "mean", "auprc_a": 0.5, "auprc_b": 0.52, "difference": 0.02}
    return pd.concat([table, pd.DataFrame([mean | {"low": 0.01, "high": 0.03, "n_positive": 50}])])


def draw_heatmap(n_units: int, n_targets: int, n_annotated: int) -> Figure:
    tables = model_tables(n_units, n_targets, n_annotated)
    cells = weight_heatmap.weight_cells(
        tables["weights"], tables["annotation"], tables["importance"]
    )
    return weight_heatmap.weight_heatmap(cells, n_units, n_annotated, 0, n_targets)


# Every figure: deterministic, no trace in matplotlib's settings


FIGURES = {
    "loss": lambda: performance.loss_curves(history_table()),
    "scores": lambda: performance.target_scores(performance.score_table(metrics_table(14))),
    "heatmap": lambda: draw_heatmap(6, 4, 5),
    "boxes": lambda: importance_boxes.importance_boxes(
        importance_boxes.importance_table(
            *(model_tables(3, 4, 2)[name] for name in ("importance", "annotation"))
        ), 3, 4
    ),
    "regions": lambda: dataset_comparison.same_regions(
        comparison_table(5), "dropped", "masked", 10, 20
    ),
    "message": lambda: style.message("nothing"),
    "sheet": lambda: logos.filter_sheet(
        logos.filter_table(
            *(model_tables(2, 2, 1)[name] for name in ("filters", "annotation", "importance"))
        ), {0: probabilities("ACGT"), 1: probabilities("TTGG")},
    ),
}  # fmt: skip


QUICK = ("message", "loss")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=SLOW) for name in FIGURES]
)
def test_saved_twice_the_bytes_are_the_same(name, tmp_path):
    assert same_files(FIGURES[name], tmp_path)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()
    assert (tmp_path / "a.png").stat().st_size < 500_000
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", (tmp_path / "a.pdf").read_bytes())
    assert float(box[1]) / 72 * 25.4 <= 183.1


def test_a_figure_saved_again_has_not_moved(tmp_path):
    figure = FIGURES["loss"]()
    assert same_files(lambda: figure, tmp_path)


def test_drawing_leaves_the_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    FIGURES["loss"]()
    assert dict(matplotlib.rcParams) == before


def test_fonts_are_embedded_as_text(tmp_path):
    style.save(FIGURES["message"](), tmp_path / "a.pdf", tmp_path / "a.png")
    assert b"/CIDFontType2" in (tmp_path / "a.pdf").read_bytes()


def test_nothing_half_written_stays_when_saving_fails(tmp_path, monkeypatch):
    figure = FIGURES["message"]()
    monkeypatch.setattr(figure, "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


# Loss curves


def test_loss_curves_mark_the_kept_epoch_of_each_seed():
    figure = performance.loss_curves(history_table(models=("explainn", "danq"), seeds=(0, 7)))
    assert {ax.get_title(loc="left") for ax in figure.axes} == {"explainn", "danq"}
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [list(dot.get_xdata()) for dot in dots] == [[3], [3]]
    assert "seed 7: epoch 3" in texts(figure)
    table = history_table(seeds=(0,))
    for name in ("training", "validation"):
        # The legend says which line is which.
        (shown,) = (h for h in figure.legends[0].legend_handles if h.get_label() == name)
        width, column = shown.get_linewidth(), {"training": "train_loss"}.get(name, f"{name}_loss")
        lines = [line for line in figure.axes[0].lines if line.get_marker() != "o"]
        drawn = [list(line.get_ydata()) for line in lines if line.get_linewidth() == width]
        assert drawn == [list(table[column])] * 2


def test_one_epoch_still_shows():
    figure = performance.loss_curves(history_table(seeds=(0,), epochs=1))
    assert figure.axes[0].lines[0].get_marker() == "."


@pytest.mark.parametrize("low, high", [(1.3, 30), (2e-7, 3e-3), (0.2, 4.1), (4e-4, 9e3)])
def test_a_log_axis_of_losses_has_tick_labels(low, high):
    losses = np.geomspace(high, low, 5)
    history = history_table(seeds=(0,)).assign(train_loss=losses, validation_loss=losses)
    figure = performance.loss_curves(history)
    figure.draw_without_rendering()
    ax = figure.axes[0]
    labels = [
        label.get_text()
        for label, at in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
        if ax.get_ylim()[0] <= at <= ax.get_ylim()[1]
    ]
    assert ax.get_yscale() == "log" and len(labels) >= 2 and all(labels)
    assert overlaps(ax.get_yticklabels()) == 0


# Scores


def test_scores_are_sorted_with_the_mean_in_front_and_undefined_last():
    metrics = metrics_table(3)
    undefined = (metrics["target"] == "TF2") & (metrics["metric"] == "auprc")
    metrics.loc[undefined, ["value", "low", "high"]] = np.nan
    table = performance.score_table(metrics)
    assert table["target"].drop_duplicates().tolist() == ["mean", "TF1", "TF0", "TF2"]
    assert (table["base_rate"] == 0.1).all()
    assert "not defined" in texts(performance.target_scores(table))


@pytest.mark.parametrize("n, rows", [(1, 1), (60, 2), pytest.param(1000, 3, marks=SLOW)])
def test_many_targets_take_more_rows_but_not_endless_ones(n, rows):
    figure = performance.target_scores(performance.score_table(metrics_table(n, seeds=(0,))))
    figure.draw_without_rendering()
    assert len(figure.axes) == rows
    assert all(overlaps(ax.get_xticklabels()) == 0 for ax in figure.axes)
    assert ("of 1000 targets" in texts(figure)) == (n == 1000)


@pytest.mark.parametrize("n", [1, 5, 12])
def test_few_targets_get_a_curve_each(n):
    table = performance.score_table(metrics_table(n))
    line = pd.DataFrame({"model": "explainn", "recall": [1, 0], "precision": [0, 1]})
    runs = [line.assign(seed=s, target=t) for s in (0, 1) for t in table["target"].unique()]
    points = pd.concat(runs)
    figure = performance.precision_recall(points, table)
    panels = [ax for ax in figure.axes if ax.axison]
    assert len(panels) == n
    assert all(len(ax.lines) == 3 for ax in panels)  # two seeds and the base rate
    assert "AUPRC" in texts(figure) and "base rate" in texts(figure)


# Heatmap


def test_heatmap_names_units_and_counts_those_left_out():
    figure = draw_heatmap(10, 4, 6)
    said = texts(figure)
    assert "TF3 (unit3)" in said and "unit8" not in said
    assert "6 of 10 units match a known motif; left out: 4 without a match" in said


@pytest.mark.parametrize(
    "units, targets, annotated",
    [
        (60, 50, 60),
        pytest.param(80, 3, 80, marks=SLOW),
        pytest.param(1492, 5, 300, marks=SLOW),
        pytest.param(100, 163, 70, marks=SLOW),
    ],
)
def test_labels_of_large_heatmaps_do_not_overlap(units, targets, annotated):
    figure = draw_heatmap(units, targets, annotated)
    width, height = figure.get_size_inches() * 25.4
    assert width <= 183.1 and height <= 247
    figure.draw_without_rendering()
    grid = figure.axes[0]
    assert overlaps(grid.get_yticklabels()) == 0 and overlaps(grid.get_xticklabels()) == 0
    page = figure.bbox
    boxes = visible_boxes(figure.findobj(Text))
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 and page.y0 <= b.y0 for b in boxes)


@pytest.mark.parametrize("units, targets, annotated", [(2, 2, 1), (3, 2, 3), (5, 4, 1), (2, 2, 2)])
def test_small_heatmaps_draw(units, targets, annotated):
    figure = draw_heatmap(units, targets, annotated)
    assert "TF0" in texts(figure) and figure.axes[0].collections[0].get_array().size == (
        annotated * targets
    )


@pytest.mark.parametrize("n_units", [1, 3, 60])
def test_the_units_of_a_single_target_are_bars_by_importance(n_units):
    tables = model_tables(n_units, 1, n_units)
    if n_units > 1:
        here = tables["importance"]["unit"] == 1
        tables["importance"].loc[here, "importance"] = -9.0  # large, but it only lowers
    cells = weight_heatmap.weight_cells(
        tables["weights"], tables["annotation"], tables["importance"]
    )
    figure = weight_heatmap.weight_heatmap(cells, n_units, n_units, 0, 1)
    widths = [[bar.get_width() for bar in ax.patches] for ax in figure.axes]
    drawn = cells.sort_values("unit_order")
    assert widths == [drawn["weight"].tolist(), drawn["importance"].tolist()]
    raises = [value for value in widths[1] if value > 0]
    lowers = [value for value in widths[1] if value <= 0]
    assert widths[1] == sorted(raises, reverse=True) + sorted(lowers)
    said = check_texts(figure)
    assert "TF0" in said and f"{n_units} of {n_units} units match" in said
    assert ("the 40 most important are drawn" in said) == (n_units == 60)


def test_no_annotated_unit_gives_a_message():
    assert "None of the 7 units matches" in texts(draw_heatmap(7, 3, 0))


def test_matched_targets_are_outlined_and_crossed_where_unused():
    tables = model_tables(4, 4, 4)
    tables["weights"].loc[2, "TF2"] = -0.4
    importance = tables["importance"]
    importance.loc[(importance["unit"] == 2) & (importance["target"] == "TF2"), "importance"] = 0.0
    cells = weight_heatmap.weight_cells(tables["weights"], tables["annotation"], importance)
    assert set(cells.loc[cells["own"], "target"]) == {"TF0", "TF1", "TF2", "TF3"}
    figure = weight_heatmap.weight_heatmap(cells, 4, 4, 0, 4)
    crossed = cells[(cells["unit"] == 2) & (cells["target"] == "TF2")].iloc[0]
    (marks,) = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    places = set(zip(marks.get_xdata() - 0.5, marks.get_ydata() - 0.5, strict=True))
    assert (crossed["target_order"], crossed["unit_order"]) in places


def own_cells(modes: dict[str, list[str]] | None = None) -> pd.DataFrame:
    """Units 0 to 3 named TF0 to TF3; the weights for their own are negative but for unit 3."""
    tables = model_tables(4, 5, 4)
    weights, importance = tables["weights"], tables["importance"]
    for unit, (weight, size) in enumerate([(-0.4, 0.0), (-0.4, -0.7), (-0.4, np.nan), (0.4, 0.9)]):
        weights.loc[unit, f"TF{unit}"] = weight
        here = (importance["unit"] == unit) & (importance["target"] == f"TF{unit}")
        importance.loc[here, "importance"] = size
    weights.loc[2, "TF4"] = -0.3
    here = (importance["unit"] == 2) & (importance["target"] == "TF4")
    importance.loc[here, "importance"] = -0.01
    annotation = tables["annotation"].assign(cluster=["1", "2", "9", "3"])
    return weight_heatmap.weight_cells(weights, annotation, importance, modes=modes)


def test_negative_weights_for_a_matched_target_are_classified_by_importance():
    cells = own_cells()
    marked = cells.dropna(subset="negative_weight_status").set_index(["unit", "target"])
    assert marked["negative_weight_status"].to_dict() == {
        (0, "TF0"): "negligible", (1, "TF1"): "real", (2, "TF2"): "not measured",
    }  # fmt: skip
    figure = weight_heatmap.weight_heatmap(cells, 4, 4, 0, 5)
    looks = {(line.get_marker(), line.get_mfc()): line for line in figure.axes[0].lines}
    order = cells.drop_duplicates("unit").set_index("unit")["unit_order"]
    for look, unit in ((("x", "#000000"), 0), (("o", "#000000"), 1), (("o", "white"), 2)):
        assert list(looks[look].get_ydata()) == [order[unit] + 0.5]
    assert list(looks[(">", "#000000")].get_ydata()) == [order[0] + 0.5]
    assert sorted(looks[(">", "white")].get_ydata()) == sorted([order[1] + 0.5, order[2] + 0.5])
    assert "not used (arrow)" in texts(figure) and "no sequence activates" in texts(figure)


def test_a_unit_also_matches_a_target_by_its_binding_mode():
    assert not own_cells().query("target == 'TF4'")["own"].any()
    cells = own_cells({"TF4": ["9", "77"], "TF3": ["3"]})
    by_mode = cells[cells["match_type"] == "mode"]
    assert list(zip(by_mode["unit"], by_mode["target"], strict=True)) == [(2, "TF4")]
    assert by_mode["negative_weight_status"].tolist() == ["negligible"]
    assert cells.query("target == 'TF3'").set_index("unit")["match_type"].to_dict()[3] == "name"
    figure = weight_heatmap.weight_heatmap(cells, 4, 4, 0, 5)
    outlines = [patch.get_linestyle() for patch in figure.axes[0].patches]
    assert outlines.count("-") + outlines.count("solid") == 4 and len(outlines) == 5
    assert "shares the target's binding mode" in texts(figure)


def test_legend_holds_only_what_occurs():
    figure = draw_heatmap(6, 4, 5)
    tables = model_tables(6, 4, 5)
    cells = weight_heatmap.weight_cells(
        tables["weights"], tables["annotation"], tables["importance"]
    )
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    unmeasured = cells["negative_weight_status"] == "not measured"
    assert ("no sequence" in " ".join(said)) == unmeasured.any()
    assert not any("binding mode" in text for text in said)


def test_drawn_colours_are_the_weights():
    tables = model_tables(5, 3, 5)
    cells = weight_heatmap.weight_cells(
        tables["weights"], tables["annotation"], tables["importance"]
    )
    mesh = weight_heatmap.weight_heatmap(cells, 5, 5, 0, 3).axes[0].collections[0]
    drawn = np.asarray(mesh.get_array()).reshape(3, 5)  # three targets: they are the rows
    wide = tables["weights"].set_index("unit")
    for cell in cells.itertuples():
        assert drawn[cell.target_order, cell.unit_order] == wide.loc[cell.unit, cell.target]


# Names


def test_names_are_distinct_and_best_first():
    annotation = pd.DataFrame(
        {
            "unit": ["unit3"] * 4,
            "name": ["JUN(var.2)", "Jun", "FOS::JUN", "CTCF"],
            "q_value": [1e-3, 1e-4, 1e-2, 4e-2],
        }
    )
    assert units.unit_names(annotation, 2) == {3: ["Jun", "FOS::JUN"]}
    assert units.unit_label(3, {3: ["Jun", "FOS::JUN"]}) == "Jun/FOS::JUN (unit3)"
    assert units.unit_label(3, {3: ["A" * 20, "B" * 20]}) == f"{'A' * 20} (unit3)"
    assert units.unit_label(4, {}) == "unit4"


def test_units_that_raise_a_prediction_come_first():
    rows = [(0, "A", -5.0), (0, "B", 0.1), (1, "A", 2.0), (2, "A", -3.0), (2, "B", -0.5)]
    rows += [(3, "A", np.nan), (4, "B", -4.0), (5, "A", 0.0)]
    table = pd.DataFrame(rows, columns=["unit", "target", "importance"])
    found = units.largest_importance(table)
    assert found["unit"].tolist() == [1, 0, 4, 2, 3, 5]
    assert found["target"].tolist() == ["A", "B", "B", "A", "A", "A"]
    assert found["importance"].tolist()[:4] == [2.0, 0.1, -4.0, -3.0]


# Logos


def test_a_certain_position_has_two_bits_and_an_even_one_none():
    matrix = np.array([[1, 0.25], [0, 0.25], [0, 0.25], [0, 0.25]])
    assert logos.letter_heights(matrix).sum(axis=0) == pytest.approx([2, 0])


def test_letters_of_a_logo_are_as_high_as_their_bits_and_the_largest_stands_on_top():
    matrix = np.array([[0.1, 0.25], [0.1, 0.25], [0.55, 0.25], [0.25, 0.25]])
    heights = logos.letter_heights(matrix)[:, 0]
    ax = Figure().add_subplot()
    logos.draw_logo(ax, matrix, start=7)
    letters = {to_hex(patch.get_facecolor()): patch.get_path() for patch in ax.patches}
    assert set(letters) == {colour.lower() for colour in logos.LETTER_COLOURS.values()}
    below = 0.0
    for letter, height in (
        ("A", heights[0]),
        ("C", heights[1]),
        ("T", heights[3]),
        ("G", heights[2]),
    ):
        extents = letters[logos.LETTER_COLOURS[letter].lower()].get_extents()
        assert (extents.y0, extents.y1) == pytest.approx((below, below + height), abs=1e-3)
        assert (extents.x0, extents.x1) == pytest.approx((7 - 0.475, 7 + 0.475), abs=0.01)
        below += height


def test_filter_sheet_sorts_by_importance_and_lists_silent_units():
    tables = model_tables(4, 2, 2)
    tables["filters"].loc[1, "n_sites"] = 0
    importance = tables["importance"]
    importance.loc[(importance["unit"] == 3) & (importance["target"] == "TF1"), "importance"] = -9.0
    table = logos.filter_table(tables["filters"], tables["annotation"], importance)
    assert table["unit"].iloc[-1] == 1 and table["importance"].iloc[:-1].is_monotonic_decreasing
    row = table.set_index("unit").loc[3]  # it raises TF0, though it lowers TF1 by more
    assert row["target"] == "TF0" and row["importance"] > 0
    assert row["lowest_target"] == "TF1" and row["lowest"] == -9
    pages = logos.filter_sheet(table, {unit: probabilities("ACGT") for unit in range(4)})
    said = texts(pages[0])
    assert len(pages) == 1 and "TF1 −9" in said and "no match" in said
    assert "1 units without a site, not drawn: 1" in said


def test_logos_of_few_sites_are_pale_and_say_how_many():
    tables = model_tables(3, 1, 1)
    tables["filters"]["n_sites"] = [1, 9, 10]
    table = logos.filter_table(tables["filters"], tables["annotation"], tables["importance"])
    [page] = logos.filter_sheet(table, {unit: probabilities("ACGT") for unit in range(3)})
    pale = {1: True, 9: True, 10: False}
    for n, ax in zip(table["n_sites"], page.axes, strict=True):
        assert {patch.get_alpha() for patch in ax.patches} == {0.35 if pale[n] else None}
    said = texts(page).split("\n")
    assert {"only 1 site", "only 9 sites", "10 sites"} <= set(said)


def test_1492_units_do_not_explode():
    tables = model_tables(1492, 1, 3)
    table = logos.filter_table(tables["filters"], tables["annotation"], tables["importance"])
    matrix = np.full((4, 2), 0.25)  # no letters to draw: fast
    pages = logos.filter_sheet(table, dict.fromkeys(range(1492), matrix), max_pages=1)
    assert len(pages) == 1
    assert "the 20 most important of the 1,492 units" in texts(pages[0])


def test_no_sites_at_all_gives_a_message():
    tables = model_tables(3, 1, 1)
    tables["filters"]["n_sites"] = 0
    table = logos.filter_table(tables["filters"], tables["annotation"], tables["importance"])
    assert "None of the 3 units has a site" in texts(logos.filter_sheet(table, {})[0])


@pytest.mark.parametrize("orientation", ["+", "-"])
def test_a_filter_lies_where_its_profile_lies(orientation):
    """A profile cut to a piece and turned comes back to its own place."""
    profile = probabilities("ACCGTTAGCA")
    piece = profile[:, 2:7]
    offset = 2 if orientation == "+" else profile.shape[1] - 7
    filter_ = piece if orientation == "+" else piece[::-1, ::-1]
    start, turned = alignment.place_filter(offset, orientation, 5, 10)
    drawn = filter_[::-1, ::-1] if turned else filter_
    assert start == 2 and np.array_equal(drawn, profile[:, start : start + 5])
    assert recovery._best_place(filter_, profile) == (2, orientation == "-")


def test_published_offsets_are_read_as_tomtom_means_them(shared):
    """Placed by the published table, filter and profile share their letters."""
    folder = shared / "reference"
    name = "JASPAR2020_CORE_vertebrates_non-redundant_pfms_meme.txt"
    profiles = {m.id: m.probabilities for m in read_meme(folder / "jaspar" / name)}
    filters = {m.id: m.probabilities for m in read_meme(folder / "explainn/explainn_filters.meme")}
    table = pd.read_csv(folder / "explainn/MAX_JUND_FOXA1_tomtom.tsv", sep="\t", comment="#")
    table = table[table["q-value"] <= 1e-4]
    agreement = []
    for row in table.itertuples():
        profile, filter_ = profiles[row.Target_ID], filters[row.Query_ID]
        start, turned = alignment.place_filter(
            int(row.Optimal_offset), row.Orientation, filter_.shape[1], profile.shape[1]
        )
        drawn = filter_[::-1, ::-1] if turned else filter_
        low, high = max(0, start), min(profile.shape[1], start + drawn.shape[1])
        assert high - low == row.Overlap
        a, b = profile[:, low:high].ravel(), drawn[:, low - start : high - start].ravel()
        agreement.append(np.corrcoef(a, b)[0, 1])
    assert len(agreement) > 50 and min(agreement) > 0.5 and np.median(agreement) > 0.8


def recovery_table(seeds=(0, 1)) -> pd.DataFrame:
    columns = "motif profile name role targets recovered unit match match_name q_value importance"
    found = ("m0", "MA0001.1", "CTCF", "causal", "t1,t2", True, 2, "MA0001.1", "CTCF", 1e-5, 1.5)
    decoy = ("m1", "MA0002.1", "YY1", "decoy", None, False, None, None, None, None, None)
    table = pd.DataFrame([found, decoy], columns=columns.split())
    runs = [table.assign(seed=seed, q_value=table["q_value"] / (seed + 1)) for seed in seeds]
    return pd.concat(runs, ignore_index=True)


def test_recovery_shows_both_logos_and_counts_the_seeds():
    profiles = {"MA0001.1": probabilities("ACCGTTAGCA"), "MA0002.1": probabilities("GGGCAT")}
    filters = {seed: {2: probabilities("CGTTA")} for seed in (0, 1)}
    annotation = pd.DataFrame(
        [(seed, 2, "MA0001.1", 2, "+") for seed in (0, 1)],
        columns=["seed", "unit", "profile", "offset", "orientation"],
    )
    table = recovery_table()
    placed = recovery.recovered_logos(table, profiles, filters, annotation)
    assert placed["m0"].start == 2 and placed["m0"].seed == 1 and placed["m0"].unit == 2
    assert placed["m1"].filter is None
    pages = recovery.recovery_rows(table, placed)
    said = texts(pages[0])
    assert "found in 2 of 2 seeds" in said and "found in 0 of 2 seeds" in said
    assert "decoy" in said and "for t1, t2" in said and "unit2, seed 1" in said


def test_a_relative_of_the_planted_motif_is_placed_by_its_letters():
    table = recovery_table(seeds=(0,)).assign(match="MA0009.9")
    profiles = {"MA0001.1": probabilities("ACCGTTAGCA")}
    annotation = pd.DataFrame(columns=["seed", "unit", "profile", "offset", "orientation"])
    filters = {0: {2: probabilities("TAACG")}}  # the other strand of CGTTA
    placed = recovery.recovered_logos(table, profiles, filters, annotation)["m0"]
    assert placed.start == 2
    assert np.array_equal(placed.filter, probabilities("CGTTA"))


def test_what_no_filter_matches_has_a_cross_and_what_is_beyond_the_axis_a_triangle():
    table = recovery_table().assign(
        importance=[1.5, np.nan] * 2, q_value=[1e-30, np.nan, 1e-5, np.nan]
    )
    [page] = recovery.recovery_rows(table, {})
    q_axes, size_axes = page.axes[-2:]
    marks = {ax: [line.get_marker() for line in ax.lines] for ax in (q_axes, size_axes)}
    assert [marks[q_axes].count(mark) for mark in ("o", ">", "x")] == [1, 1, 2]
    assert [marks[size_axes].count(mark) for mark in ("o", ">", "x")] == [2, 0, 2]
    [beyond] = [line for line in q_axes.lines if line.get_marker() == ">"]
    assert list(beyond.get_xdata()) == [16]
    assert "16 or more" in texts(page) and "no filter" in texts(page)
    found = table[table["recovered"]].assign(q_value=1e-5)
    said = texts(recovery.recovery_rows(found, {})[0])
    assert "or more" not in said and "no filter" not in said


# Importance


def test_boxes_show_the_most_important_targets_of_the_most_important_units():
    tables = model_tables(20, 15, 4)
    table = importance_boxes.importance_table(tables["importance"], tables["annotation"])
    highest = tables["importance"].groupby("unit")["importance"].max()
    assert list(dict.fromkeys(table["unit"])) == highest.nlargest(12).index.tolist()
    assert (table.groupby("unit").size() == 8).all()
    for unit, rows in table.groupby("unit"):
        assert rows["importance"].is_monotonic_decreasing
        assert rows["importance"].iloc[0] == highest[unit]
    said = " ".join(texts(importance_boxes.importance_boxes(table, 20, 15)).split())
    assert "the 12 most important of 20 units" in said and "8 of 15 targets each" in said
    figure = importance_boxes.importance_boxes(table, 20, 15)
    assert all(overlaps(ax.get_yticklabels()) == 0 for ax in figure.axes)


def test_no_importances_give_a_message():
    empty = model_tables(1, 1, 1)
    table = importance_boxes.importance_table(empty["importance"].iloc[:0], empty["annotation"])
    said = texts(importance_boxes.importance_boxes(table, 1, 1))
    assert "no importances" in " ".join(said.split())


# Two data sets on the same regions


@pytest.mark.parametrize("n", [1, 50, pytest.param(163, marks=SLOW)])
def test_same_regions_states_the_mean_and_writes_no_name_over_another(n):
    figure = dataset_comparison.same_regions(
        comparison_table(n), "dropped", "masked", 22158, 162600
    )
    said = texts(figure)
    assert "+0.020 (+0.010 to +0.030)" in said
    assert "masked (162,600 training regions)" in said and "dropped (22,158" in said
    boxes = visible_boxes(figure.axes[0].texts)
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]]
    assert not any(a.overlaps(b) for a, b in pairs)
    assert overlaps(figure.axes[1].get_yticklabels()) == 0


# Scripts


RUN = {"dataset": "tfs", "model": "danq", "seed": "4"}


def load_script(root, name: str):
    spec = importlib.util.spec_from_file_location(name, root / "scripts/figures" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def written(tmp_path):
    """A model's tables as files."""
    paths = {}
    for name, table in model_tables(5, 3, 3).items():
        paths[name] = str(tmp_path / f"{name}.tsv")
        write_run_table(table, RUN, paths[name])
    paths["meme"] = str(tmp_path / "filters.meme")
    write_meme(paths["meme"], [Motif(f"unit{i}", "", probabilities("ACG"), 9) for i in range(5)])
    return paths


def outputs(folder) -> dict[str, str]:
    return {kind: str(folder / f"figure.{kind}") for kind in ("pdf", "png", "tsv")}


def test_source_data_of_the_heatmap_are_its_cells(root, written, tmp_path):
    load_script(root, "weight_heatmap").main(written, 0.5, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert len(source) == 3 * 3 and set(source["label"]) == {f"TF{i} (unit{i})" for i in range(3)}


def test_heatmap_script_resolves_binding_modes(root, written, tmp_path):
    annotation = pd.read_csv(written["annotation"], sep="\t").assign(cluster=[4, 5, 6])
    annotation.to_csv(written["annotation"], sep="\t", index=False)
    profiles = pd.DataFrame({"name": ["TF0", "X::TF1"], "cluster": ["4", "6"]})
    written["profiles"] = str(tmp_path / "profiles.tsv")
    profiles.to_csv(written["profiles"], sep="\t", index=False)
    load_script(root, "weight_heatmap").main(written, 0.5, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t").set_index(["unit", "target"])
    assert source["match_type"].dropna().to_dict() == {
        (0, "TF0"): "name", (1, "TF1"): "name", (2, "TF2"): "name", (2, "TF1"): "mode",
    }  # fmt: skip


def test_source_data_of_the_filter_sheet_are_its_units(root, written, tmp_path):
    load_script(root, "filter_sheet").main(written["meme"], written, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert sorted(source["unit"]) == list(range(5)) and source["names"].notna().sum() == 3


def test_source_data_of_the_boxes_are_their_quantiles(root, written, tmp_path):
    script = load_script(root, "importance_boxes")
    script.main(written["importance"], written["annotation"], **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert len(source) == 5 * 3 and {"q05", "q25", "q75", "q95"} <= set(source)


def test_source_data_of_the_losses_name_model_and_seed(root, tmp_path):
    history = history_table(seeds=(0,)).drop(columns=["model", "seed"])
    runs = [RUN, {"dataset": "tfs", "model": "explainn", "seed": "7"}]
    paths = [str(tmp_path / f"{run['model']}.tsv") for run in runs]
    for run, path in zip(runs, paths, strict=True):
        write_run_table(history, run, path)
    load_script(root, "loss_curves").main(paths, **outputs(tmp_path))
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert source["model"].tolist() == ["danq"] * 5 + ["explainn"] * 5
    assert source["seed"].tolist() == [4] * 5 + [7] * 5


@pytest.mark.parametrize("n_targets, drawn", [(2, "precision"), (14, "value")])
def test_few_targets_are_drawn_as_curves_and_many_as_scores(root, tmp_path, n_targets, drawn):
    rng = np.random.default_rng(0)
    targets = [f"TF{i}" for i in range(n_targets)]
    labels = pd.DataFrame(rng.integers(0, 2, (60, n_targets)), columns=targets).astype(float)
    labels.iloc[:5, 0] = np.nan
    logits = labels.fillna(0) + rng.normal(0, 0.5, labels.shape)
    files = {name: str(tmp_path / f"{name}.tsv.gz") for name in ("predictions", "labels")}
    for table in (labels, logits):
        table.index = [f"s{i}" for i in range(60)]
        table.insert(0, "split", "test")
    write_table(labels, files["labels"], index_label="id")
    write_run_table(logits, RUN, files["predictions"], index_label="id")
    metrics = metrics_table(n_targets, seeds=(0,)).drop(columns=["model", "seed"])
    write_run_table(metrics, RUN, tmp_path / "metrics.tsv")
    load_script(root, "precision_recall").main(
        [files["predictions"]], files["labels"], [tmp_path / "metrics.tsv"], "auprc",
        outputs(tmp_path),
    )  # fmt: skip
    source = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert drawn in source and set(targets) <= set(source["target"])
    assert set(source["model"]) == {"danq"} and set(source["seed"]) == {4}


def test_every_figure_script_has_a_caption(root):
    for script in (root / "scripts/figures").glob("*.py"):
        caption = root / "resources/report" / f"{script.stem}.rst"
        assert caption.is_file(), f"{script.name} has no caption {caption}"
        asked = set(re.findall(r"snakemake\.(\w+)", caption.read_text()))
        assert asked <= {"wildcards", "params", "config"}
