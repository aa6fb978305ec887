"""The schematic shows the model's own settings, and its table counts the model's parameters."""

import importlib.util

import pandas as pd
import pytest
import torch
from matplotlib.text import Text

from workflow_lib import models
from workflow_lib.errors import InputError
from workflow_lib.figures.layers_table import layers_table
from workflow_lib.figures.schematic import schematic

NAMES = ["CTCF", "a_target_with_a_very_long_name_indeed"]


def metadata(n_targets: int = 2, length: int = 60, **hyperparameters) -> dict:
    small = models.build("explainn", length=length, n_targets=n_targets, units=1, fc_nodes=1)
    names = [*NAMES, *(f"TF{i}" for i in range(n_targets))][:n_targets]
    header = {"architecture": "explainn", "length": length, "target_names": names}
    defaults = small.hyperparameters | {"units": 100, "fc_nodes": 100}
    return header | {"hyperparameters": defaults | hyperparameters}


def drawn(figure) -> list[Text]:
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_text().strip()]


@pytest.mark.parametrize("fc_layers", [0, 1, 2, 5, 8])
def test_table_counts_the_parameters_of_the_model(fc_layers):
    options = {"units": 3, "filter_size": 9, "fc_layers": fc_layers, "fc_nodes": 5}
    model = models.build("explainn", length=60, n_targets=4, **options)
    table = layers_table(metadata(4, **options))
    assert table["parameters"].sum() == sum(p.numel() for p in model.parameters())
    connected = table["layer"].str.startswith("fully connected")
    assert connected.sum() == fc_layers
    assert table["step"].tolist() == list(range(len(table)))


def test_table_has_the_shapes_of_the_model():
    options = {"units": 3, "filter_size": 9, "pool_size": 6, "pool_stride": 5}
    model = models.build("explainn", length=60, n_targets=2, **options).eval()
    outputs = (
        layers_table(metadata(**options)).drop_duplicates("layer").set_index("layer")["output"]
    )
    assert outputs["convolution"] == str(model.activations(torch.zeros(1, 4, 60)).shape[2])
    assert outputs["max pooling"] == str(model.fc[0].weight.shape[2])
    assert outputs["linear"] == "2"


@pytest.mark.parametrize("units, lanes", [(1, {0}), (2, {0, 1}), (3, {0, 1, 2}), (100, {0, 1, 99})])
def test_of_many_units_the_first_two_and_the_last_are_drawn(units, lanes):
    said = {text.get_text() for text in drawn(schematic(metadata(units=units)))}
    assert {f"unit {i}" for i in lanes} == {t for t in said if t.startswith("unit ")}


def test_settings_are_written_on_it():
    options = {"units": 12, "filter_size": 11, "pool_size": 5, "fc_nodes": 40, "dropout": 0.25}
    said = "\n".join(t.get_text() for t in drawn(schematic(metadata(50, **options))))
    for wanted in ("12 independent units", "4 × 11", "windows of 5", "40 nodes, dropout 0.25",
                   "4 × 60", "50 outputs", "CTCF"):  # fmt: skip
        assert wanted in said
    assert "TF20" not in said  # between the first ones and the last


@pytest.mark.parametrize("fc_layers, strands", [(0, "shared"), (2, "forward"), (8, "shared")])
def test_text_stays_on_the_page_and_in_its_box(fc_layers, strands):
    header = metadata(7, fc_layers=fc_layers, fc_nodes=1000, units=300)
    header["hyperparameters"]["strands"] = strands
    figure = schematic(header)
    texts = drawn(figure)
    assert ("both strands" in "\n".join(t.get_text() for t in texts)) == (strands == "shared")
    assert ("over the whole map" in {t.get_text() for t in texts}) == (fc_layers == 0)
    boxes = [text.get_window_extent() for text in texts]
    page = figure.bbox
    assert all(b.x0 >= page.x0 and b.x1 <= page.x1 for b in boxes)
    assert all(b.y0 >= page.y0 and b.y1 <= page.y1 for b in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_another_architecture_is_refused():
    with pytest.raises(InputError, match="explainn only, but the model is danq"):
        layers_table(metadata() | {"architecture": "danq"})


def test_script_reads_a_model_file_alone(root, tmp_path):
    torch.manual_seed(0)
    model = models.build("explainn", length=40, n_targets=2, units=2)
    models.save(model, tmp_path / "model.safetensors", {"target_names": NAMES})
    spec = importlib.util.spec_from_file_location("f", root / "scripts/figures/figure_1a.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    paths = {kind: str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "tsv")}
    script.main(str(tmp_path / "model.safetensors"), **paths)
    source = pd.read_csv(paths["tsv"], sep="\t")
    assert source["parameters"].sum() == sum(p.numel() for p in model.parameters())
    assert (tmp_path / "figure.png").stat().st_size > 0
