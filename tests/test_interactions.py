"""Interactions of chosen sequences: integrated Hessians, which sequences, the file, the figure."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from figure_checks import check_texts
from test_attribution_methods import trained_like
from test_ism import random_codes
from test_robustness import load_script
from torch import nn

from workflow_lib.data import dataset
from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.figures.interaction_maps import interaction_maps, map_table
from workflow_lib.interpret import interaction_file
from workflow_lib.interpret.hdf5 import Header
from workflow_lib.interpret.integrated_hessians import (
    HessianOptions,
    _products,
    integrated_hessians,
    path_points,
    with_softplus,
)
from workflow_lib.interpret.interaction_file import Example
from workflow_lib.interpret.interactions import (
    TABLE_COLUMNS,
    chosen_sequences,
    interact_each,
    pair_rows,
)
from workflow_lib.interpret.pairwise_maps import Interactions, strongest
from workflow_lib.models.explainn_modules import to_deeplift_modules
from workflow_lib.one_hot import one_hot
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import OneTarget, predict

LENGTH = 24
FEW = HessianOptions(n_references=2, steps=8)
SETTINGS = {
    "targets": ["*"], "ids": None, "correct": "all", "correct_threshold": None, "most_sequences": 2,
    "splits": ["test"], "most_pairs": 5,
}  # fmt: skip
NAMES = ["CTCF", "FOXA1", "JUND"]


class Smooth(nn.Module):
    """A network of one hidden layer, without pooling."""

    n_targets = 2

    def __init__(self, activation=nn.Tanh):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4 * LENGTH, 8), activation(), nn.Linear(8, 2))

    def forward(self, X):
        return self.layers(X.flatten(1))


class Quadratic(nn.Module):
    """Number of Gs at position 3 times number of Ts at 10: H has these two entries."""

    def forward(self, X):
        return (X[:, 2, 3] * X[:, 3, 10])[:, None]


def explainn(**hyperparameters):
    sizes = {"units": 4, "filter_size": 6, "pool_size": 4, "pool_stride": 4, "fc_nodes": 5}
    return trained_like(length=LENGTH, **sizes | hyperparameters)


def made(model, n=12):
    labels = np.random.default_rng(1).integers(0, 2, (n, 3)).astype(np.float32)
    codes = random_codes(n, LENGTH)
    data = dataset.build([f"s{i}" for i in range(n)], codes, labels, model.target_names)
    data.uns["task"] = "binary"
    data.obs["split"] = pd.Categorical(["test"] * n, ["train", "validation", "test"])
    return data


# Integrated Hessians


def test_the_path_integrals():
    t, second, first = path_points(30)
    for power in range(4):  # of t^p (-t ln t) and t^p (-ln t)
        assert (second * t**power).sum() == pytest.approx(1 / (power + 2) ** 2, abs=1e-4)
        assert (first * t**power).sum() == pytest.approx(1 / (power + 1) ** 2, abs=1e-4)


@pytest.mark.parametrize("target", [0, 1])
def test_interactions_sum_to_the_output_difference(target):
    model, codes = Smooth(), random_codes(1, LENGTH)[0]
    found = integrated_hessians(model, codes, target, FEW._replace(steps=30))
    references = dinucleotide_shuffles(codes[None], 2, 0)[0]
    difference = predict(model, codes[None])[0, target] - predict(model, references)[:, target]
    assert found.difference == pytest.approx(difference.mean(), abs=1e-5)
    assert abs(found.delta) < 1e-3 * abs(found.difference) + 1e-5
    assert found.positions.sum() == pytest.approx(found.difference, abs=1e-3)
    np.testing.assert_allclose(found.positions, found.positions.T, atol=1e-5)
    assert found.pairs is None and found.units is None


def test_a_product_by_hand():
    codes = np.zeros(LENGTH, np.uint8)
    codes[[3, 10]] = 2, 3
    found = integrated_hessians(Quadratic(), codes, 0, FEW._replace(n_references=20, steps=30))
    others = dinucleotide_shuffles(codes[None], 20, 0)[0]
    g, t = 1 - (others[:, 3] == 2), 1 - (others[:, 10] == 3)
    # The second derivative is 1: D_i D_j times the integral of -t ln t, a quarter.
    assert found.positions[3, 10] == pytest.approx((g * t).mean() / 4, abs=1e-4)
    off = found.positions.copy()
    off[[3, 10], [10, 3]] = off[[3, 10], [3, 10]] = 0
    np.testing.assert_allclose(off, 0, atol=1e-6)
    np.testing.assert_allclose(found.contributions, found.positions.sum(axis=1))


def test_nothing_interacts_in_a_linear_model():
    model, codes = Smooth(nn.Identity), random_codes(1, LENGTH)[0]
    found = integrated_hessians(model, codes, 0, FEW._replace(steps=40)).positions
    np.testing.assert_allclose(found - np.diag(np.diag(found)), 0, atol=1e-6)
    assert np.abs(np.diag(found)).max() > 1e-2


def test_relus_become_softplus_in_a_copy():
    model, codes = Smooth(nn.ReLU), random_codes(1, LENGTH)[0]
    found = integrated_hessians(model, codes, 0, FEW._replace(steps=40))
    assert isinstance(model.layers[1], nn.ReLU) and np.abs(found.positions).max() > 1e-3
    assert abs(found.delta) < 0.02 * abs(found.difference) + 1e-3
    smooth = with_softplus(Smooth(nn.ReLU), 10.0)
    assert smooth.layers[1].beta == 10
    x = one_hot(random_codes(3, LENGTH))
    assert (smooth(x) - model(x)).abs().max() < 0.3


@pytest.mark.parametrize("batch_size", [1, 7])
def test_batches_change_nothing(batch_size):
    model, codes = Smooth(), random_codes(1, LENGTH)[0]
    few, many = (integrated_hessians(model, codes, 0, FEW._replace(batch_size=b))
                 for b in (batch_size, 256))  # fmt: skip
    np.testing.assert_allclose(few.positions, many.positions, atol=1e-6)


@pytest.mark.parametrize("name", ["explainn", "danq", "cnn1"])
def test_models_with_pooling_and_recurrent_layers(name):
    sizes = {"danq": {"filters": 4, "filter_size": 6, "pool_size": 4, "lstm_nodes": 3,
                      "fc_nodes": 5, "lstm_layers": 1},
             "cnn1": {"filters": 4, "filter_size": 6, "fc_nodes": 5}}  # fmt: skip
    model = explainn() if name == "explainn" else trained_like(name, LENGTH, **sizes[name])
    found = integrated_hessians(model, random_codes(1, LENGTH)[0], 1, FEW._replace(steps=4))
    assert np.isfinite(found.positions).all() and np.isfinite(found.delta)
    off = found.positions - np.diag(np.diag(found.positions))
    assert np.abs(off).max() > 1e-5
    np.testing.assert_allclose(off, off.T, atol=1e-4)


def test_products_are_those_of_the_whole_hessian():
    net = OneTarget(with_softplus(to_deeplift_modules(explainn()), 10.0), 1)
    torch.manual_seed(0)
    x, difference = torch.rand(4, LENGTH), torch.rand(4, LENGTH)
    columns = torch.tensor([3, 4, 20])
    hessian = torch.autograd.functional.hessian(lambda x: net(x[None]).sum(), x)
    wanted = torch.einsum("ai,aibj,bj->ji", difference, hessian, difference)
    assert wanted.abs().max() > 1e-3
    torch.testing.assert_close(_products(net, x, difference, columns), wanted[columns])


def test_models_without_second_derivatives_are_refused():
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, grad):
            return grad

    class Model(nn.Module):
        def forward(self, X):
            return Once.apply(X.flatten(1)).sum(1, keepdim=True)

    with pytest.raises(InputError, match="no second derivatives .* use pairwise_ism"):
        integrated_hessians(Model(), random_codes(1, LENGTH)[0], 0, FEW)
    with pytest.raises(InputError, match="steps: found 0, wanted more than 0"):
        integrated_hessians(Smooth(), random_codes(1, LENGTH)[0], 0, FEW._replace(steps=0))
    with pytest.raises(InputError, match=r"unknown base \(N\) at position 1"):
        integrated_hessians(Smooth(), np.full(LENGTH, 4, np.uint8), 0, FEW)


# Which sequences


def test_the_sequences_with_the_highest_outputs_are_taken():
    model = explainn()
    data = made(model)
    data.obsm["sequence"][5, 3] = 4
    outputs = predict(model, np.asarray(data.obsm["sequence"]))
    outputs_of_whole = outputs.copy()
    outputs_of_whole[5] = -np.inf
    chosen = chosen_sequences(model, data, SETTINGS)
    for number, name in enumerate(NAMES):
        mine = [one for one in chosen if one.number == number]
        assert [one.row for one in mine] == np.argsort(-outputs_of_whole[:, number])[:2].tolist()
        assert [one.example for one in mine] == [1, 2] and mine[0].target == name
        assert mine[0].output == pytest.approx(outputs[mine[0].row, number])
    named = SETTINGS | {"ids": ["s7", "s2"], "targets": ["JUND"]}
    chosen = chosen_sequences(model, data, named)
    assert [(one.row, one.target) for one in chosen] == [(7, "JUND"), (2, "JUND")]
    right = SETTINGS | {"correct": "true_positive", "most_sequences": 90}
    for one in chosen_sequences(model, data, right):
        assert data.X[one.row, one.number] == 1 and one.output >= 0


def test_wrong_names_are_refused():
    model = explainn()
    data = made(model)
    with pytest.raises(InputError, match=r"no sequence 's99' in the part that is read \(test\)"):
        chosen_sequences(model, data, SETTINGS | {"ids": ["s99"]})
    data.obsm["sequence"][4, 6] = 4
    with pytest.raises(InputError, match=r"the sequence 's4' has an unknown base \(N\) at pos.* 7"):
        chosen_sequences(model, data, SETTINGS | {"ids": ["s4"]})
    for ids in (None, ["s1"]):
        with pytest.raises(InputError, match="the model has no target 'GATA1'"):
            chosen_sequences(model, data, SETTINGS | {"targets": ["GATA1"], "ids": ids})
    with pytest.raises(InputError, match="found 'all', wanted one of pairwise_ism, integrated_"):
        list(interact_each(model, data, [], "all", FEW))


# The file and the table


def examples(model, data, method="pairwise_ism", **settings):
    chosen = chosen_sequences(model, data, SETTINGS | settings)
    return list(interact_each(model, data, chosen, method, FEW._replace(steps=2)))


@pytest.mark.parametrize("method", ["pairwise_ism", "integrated_hessians"])
def test_the_file_gives_back_what_was_written(tmp_path, monkeypatch, method):
    model = explainn()
    written = examples(model, made(model), method, targets=["CTCF", "JUND"])
    header = Header("explainn", method, NAMES, SETTINGS)
    interaction_file.write(tmp_path / "h5", header, iter(written))
    assert interaction_file.read_header(tmp_path / "h5") == header
    for one, again in zip(written, interaction_file.read(tmp_path / "h5"), strict=True):
        assert one[:4] == again[:4] and again.output == one.output
        np.testing.assert_array_equal(one.codes, again.codes)
        for a, b in zip(one.found, again.found):
            if isinstance(a, np.ndarray):
                np.testing.assert_array_equal(a, b)
            else:
                assert (a is None) == (b is None)
    assert next(interaction_file.read(tmp_path / "h5", pairs=False)).found.pairs is None
    monkeypatch.setattr(interaction_file, "LONGEST", LENGTH - 1)
    interaction_file.write(tmp_path / "long", header, written[:1])
    again = next(interaction_file.read(tmp_path / "long"))
    assert again.found.pairs is None
    np.testing.assert_array_equal(again.found.positions, written[0].found.positions)


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(InputError, match="there is no such file of interactions"):
        interaction_file.read_header(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(InputError, match="not an HDF5 file"):
        interaction_file.read_header(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match="lacks the attribute 'method'"):
        next(interaction_file.read(tmp_path / "other.h5"))


def test_the_table_names_the_unit_of_each_pair():
    model = explainn()
    data = made(model)
    (one, *_) = examples(model, data, targets=["FOXA1"])
    table = pair_rows(model, one, 5)
    assert list(table) == list(TABLE_COLUMNS) and len(table) == 5
    assert (table["unit"] >= 0).all() and table["delta"].isna().all()
    assert (table["target"] == "FOXA1").all() and (table["id"] == one.id).all()
    (one, *_) = examples(model, data, "integrated_hessians", targets=["FOXA1"])
    table = pair_rows(model, one, 5)
    assert (table["unit"] == -1).all() and (table["to_1"] == "").all()
    assert table["delta"].iloc[0] == pytest.approx(one.found.delta)


# The figure


def example(length=40, number=0, target="CTCF", i=1, seed=0) -> Example:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, length).astype(np.uint8)
    pairs = rng.normal(0, 1, (length, 4, length, 4)).astype(np.float32)
    pairs += pairs.transpose(2, 3, 0, 1)
    pairs[np.arange(length), :, np.arange(length)] = 0
    found = Interactions(pairs, strongest(pairs), rng.normal(0, 1, length).astype(np.float32))
    return Example(number, target, i, f"s{i}", codes, -1.5, found)


def listed(n=10, target="CTCF", i=1, unit=3) -> pd.DataFrame:
    row = {
        "target": target, "example": i, "position_1": np.arange(n), "base_1": "A", "to_1": "C",
        "position_2": np.arange(n) + 199, "base_2": "G", "to_2": "T", "interaction": -1.234,
        "unit": unit, "unit_interaction": 0.5,
    }  # fmt: skip
    return pd.DataFrame(row)


def drawn(table, pairs, names=None, title="Interactions by pairwise_ism: x on y, seed 0"):
    figures = interaction_maps(table, pairs, names or {3: ["CTCF"]}, title, "binary")
    for figure in figures:
        width, height = figure.get_size_inches()
        assert height <= 1.2501 * width
    return figures, "\n".join(check_texts(figure) for figure in figures)


def test_the_table_of_a_map_is_the_stretch_that_interacts_most():
    one = example(60)
    table = map_table([one], 9, 100)
    assert len(table) == 60 * 61 / 2 and (table["position_1"] <= table["position_2"]).all()
    values = one.found.positions[table["position_1"], table["position_2"]]
    np.testing.assert_array_equal(table["interaction"], values)
    assert table["contribution"].notna().sum() == 60
    short = map_table([one], 9, 25)
    sizes = np.abs(one.found.positions)
    sums = [sizes[s : s + 25, s : s + 25].sum() for s in range(36)]
    assert short["position_1"].min() == np.argmax(sums) and len(short) == 25 * 26 / 2
    several = [example(10, n, f"t{n}") for n in range(4)]
    assert map_table(several, 3, 100)["target"].unique().tolist() == ["t0", "t1", "t2"]
    assert map_table([], 3, 100).empty


@pytest.mark.parametrize("length", [3, 40, 100])
def test_the_map_has_the_colours_of_the_interactions(length):
    table = map_table([example(length)], 9, 100)
    (figure,), said = drawn(table, listed())
    track, ax, profile, _ = figure.axes
    matrix = ax.images[0].get_array()
    np.testing.assert_array_equal(matrix, matrix.T)
    off = table[table["position_1"] < table["position_2"]]
    np.testing.assert_allclose(
        matrix[off["position_1"], off["position_2"]].filled(np.nan), off["interaction"]
    )
    norm = ax.images[0].norm
    assert norm.vmin == -norm.vmax and norm.vmax == pytest.approx(off["interaction"].abs().max())
    assert track.get_xlim() == ax.get_xlim() == (0.5, length + 0.5)
    assert profile.get_ylim() == ax.get_ylim() == (length + 0.5, 0.5)
    assert track.get_position().x0 == ax.get_position().x0
    assert "A1C, G200T: −1.23" in said and "CTCF (unit3) +0.5" in said
    assert "CTCF: s1\nlogit −1.5" in said and "interaction (logit)" in said


def test_many_examples_with_long_names():
    long = "a_target_with_a_long_name " * 5
    targets = [f"{i} {long}" for i in range(3)]
    made = [example(130, n, t)._replace(id=long * 2) for n, t in enumerate(targets)]
    pairs = pd.concat([listed(12, t, unit=17) for t in targets])
    figures, said = drawn(map_table(made, 9, 100), pairs, {17: [long, "JUN"]}, title=long)
    assert len(figures) == 3 and "of 130, the stretch that" in said


def test_maps_of_nothing_and_without_units():
    table = map_table([example(20)], 9, 100).assign(interaction=0.0)
    (figure,), said = drawn(table, listed(0))
    assert "Pairs that" not in said
    pairs = listed(3, unit=-1).assign(to_1=np.nan, to_2=np.nan)
    _, said = drawn(table, pairs)
    assert "A1, G200: −1.23" in said and "unit" not in said.split("Pairs that")[1]
    (figure,), said = drawn(table.iloc[:0], pairs)
    assert "no target has sequences" in " ".join(said.split())


def test_the_script_reads_what_the_step_writes(root, tmp_path):
    model, run = explainn(), {"dataset": "tfs", "model": "m", "seed": "0", "method": "pairwise_ism"}
    found = examples(model, made(model), targets=["CTCF"])
    header = Header("explainn", "pairwise_ism", NAMES, SETTINGS)
    inputs = {name: tmp_path / name for name in ("scores", "pairs", "annotation")}
    known = pd.DataFrame({"unit": ["unit1"], "name": ["CTCF"], "q_value": [0.01]})
    write_run_table(known, run, inputs["annotation"])
    interaction_file.write(inputs["scores"], header, found)
    rows = [pair_rows(model, one, 5) for one in found]
    write_run_table(pd.concat(rows), run, inputs["pairs"], float_format="%.6g")
    outputs = {kind: tmp_path / f"map.{kind}" for kind in ("pdf", "png", "tsv")}
    limits = {"most_targets": 2, "most_positions": 100}
    main = load_script(root, "figures/interaction_map").main
    main(inputs, limits, ("title", "binary"), outputs)
    assert len(pd.read_csv(outputs["tsv"], sep="\t")) == 2 * LENGTH * (LENGTH + 1) / 2
