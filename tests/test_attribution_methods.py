"""Attributions: by hand, by completeness, by the planted motif; and the file they stand in."""

import logging
from collections import Counter

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.errors import InputError
from workflow_lib.interpret import attribution_file
from workflow_lib.interpret.attribute import (
    SUMMARY_COLUMNS,
    attribute_each,
    attributed_sequences,
    matching_targets,
    summary_row,
)
from workflow_lib.interpret.attribution_file import Group, Header
from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Attributions, Options
from workflow_lib.models.explainn_modules import to_deeplift_modules
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import encode, reverse_complement
from workflow_lib.train.inference import OneTarget, predict

LENGTH = 40
METHODS = sorted(ATTRIBUTIONS)
WITH_REFERENCES = ["deep_lift_shap", "integrated_gradients"]
FEW = Options(n_references=3, steps=30)


def random_codes(n=6, length=LENGTH, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def trained_like(name="explainn", length=LENGTH, **hyperparameters):
    """Batch norms that have seen data and turn some filters round; outputs about 0 with SD 1."""
    torch.manual_seed(3)
    model = models.build(name, length=length, n_targets=3, **hyperparameters)
    model.target_names = ["CTCF", "FOXA1", "JUND"]
    with torch.no_grad():
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.weight.normal_()
                norm.momentum = (
                    None  # the statistics are the batches', nothing of the start is left
                )
        for _ in range(3):
            model.train()(one_hot(random_codes(64, length, 9)))
        last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
        outputs = model.eval()(one_hot(random_codes(64, length, 8)))
        scale = outputs.std(dim=0)
        scale[scale < 0.1] = 1
        last.bias -= outputs.median(dim=0).values
        last.weight /= scale[:, None]
        last.bias /= scale
    return model


def small(**hyperparameters):
    return trained_like(**{"units": 5, "filter_size": 8, "fc_nodes": 6} | hyperparameters)


class Linear(nn.Module):
    """A sum of weights of the letters at each position."""

    n_targets = 2

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(4 * LENGTH, 2)

    def forward(self, X):
        return self.linear(X.flatten(1))


class Finder(nn.Module):
    """One filter that matches TGACTCA, read by max pooling."""

    n_targets = 1

    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv1d(4, 1, 7), nn.ReLU()
        self.pool = nn.MaxPool1d(LENGTH - 6)
        with torch.no_grad():
            self.conv.weight.copy_(one_hot(encode(["TGACTCA"])))
            self.conv.bias.fill_(-3.0)

    def forward(self, X):
        return self.pool(self.relu(self.conv(X))).flatten(1)


def actual(found, X):
    return (found.scores * one_hot(X).numpy()).sum(axis=1)


@pytest.mark.parametrize("strands", ["forward", "shared"])
@pytest.mark.parametrize("non_negative", [False, True])
@pytest.mark.parametrize("pooling", [(7, 7), (5, 3), (3, 5)])
@pytest.mark.parametrize("fc_layers", range(9))
def test_the_model_in_plain_modules_has_the_same_outputs(fc_layers, pooling, non_negative, strands):
    model = small(
        fc_layers=fc_layers, pool_size=pooling[0], pool_stride=pooling[1],
        non_negative=non_negative, strands=strands,
    )  # fmt: skip
    X = one_hot(np.where(random_codes(20) + random_codes(20, seed=1) > 5, 4, random_codes(20)))
    with torch.no_grad():
        expected, found = model(X), to_deeplift_modules(model)(X)
    assert expected.std(dim=0).max() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_the_plain_modules_are_a_copy_and_used_once_and_other_models_stay():
    model = small(strands="shared")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    net, calls = to_deeplift_modules(model), Counter()
    for module in net.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda module, *_: calls.update([module]))
    net(one_hot(random_codes()))
    assert calls and set(calls.values()) == {1}
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(7)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key])
    toy = Linear()
    assert to_deeplift_modules(toy) is toy


def test_one_target():
    model = small().train()
    net = OneTarget(model, 1)
    assert net.training
    np.testing.assert_allclose(
        predict(net, random_codes()), predict(model, random_codes())[:, [1]], rtol=1e-6
    )
    assert net.training and model.training


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_model_has_one_answer(method):
    model, X = Linear(), random_codes()
    weights = model.linear.weight[1].detach().numpy().reshape(4, LENGTH)
    found = ATTRIBUTIONS[method](model, X, 1, FEW)
    assert found.scores.dtype == np.float32 and found.scores.shape == (6, 4, LENGTH)
    # Up to what a method compares a letter with, the four letters are as far apart as the weights.
    between = found.scores - found.scores[:, :1]
    np.testing.assert_allclose(between, np.broadcast_to(weights - weights[:1], between.shape),
                               atol=1e-5)  # fmt: skip
    if method in ("ism", "input_x_gradient"):
        centred = np.broadcast_to(weights - weights.mean(axis=0), found.scores.shape)
        np.testing.assert_allclose(found.scores, centred, atol=1e-5)
    if method in WITH_REFERENCES:
        references = dinucleotide_shuffles(X, 3, 0)
        of_references = predict(model, references.reshape(-1, LENGTH))[:, 1].reshape(6, 3)
        np.testing.assert_allclose(
            found.difference, predict(model, X)[:, 1] - of_references.mean(axis=1), atol=1e-5
        )
        np.testing.assert_allclose(found.delta, 0, atol=1e-5)
    else:
        assert np.isnan(found.delta).all() and np.isnan(found.difference).all()


def gradient(model, x, target):
    x = x.clone().requires_grad_()
    model(x)[:, target].sum().backward()
    return x.grad


@pytest.mark.parametrize("name", ["explainn", "cnn1exp", "danq"])
def test_gradient_methods_by_hand(name):
    options = {"danq": {"filters": 8, "filter_size": 8, "lstm_nodes": 4, "fc_nodes": 5}}
    options |= {"cnn1exp": {"filters": 4, "filter_size": 8, "fc_nodes": 6}}
    model, X = (
        small() if name == "explainn" else trained_like(name, **options[name]),
        random_codes(3),
    )
    x = one_hot(X)
    expected = gradient(model, x, 2)
    assert expected.abs().max() > 0
    found = ATTRIBUTIONS["saliency"](model, X, 2, FEW)
    np.testing.assert_allclose(found.scores, expected, atol=1e-6, rtol=1e-4)
    plain = ATTRIBUTIONS["input_x_gradient"](model, X, 2, FEW._replace(background=0.0))
    np.testing.assert_allclose(actual(plain, X), (x * expected).sum(1), atol=1e-6, rtol=1e-4)
    centred = ATTRIBUTIONS["input_x_gradient"](model, X, 2, FEW)
    expected = expected - expected.mean(1, keepdim=True)
    np.testing.assert_allclose(centred.scores, expected, atol=1e-6, rtol=1e-4)

    found = ATTRIBUTIONS["integrated_gradients"](model, X, 2, FEW)
    steps = 60  # the midpoint rule: another sum for the same integral
    scores = torch.zeros_like(x)
    for reference in torch.as_tensor(dinucleotide_shuffles(X, 3, 0)).unbind(1):
        start = one_hot(reference)
        way = [gradient(model, start + (i + 0.5) / steps * (x - start), 2) for i in range(steps)]
        mean = torch.stack(way).mean(0)
        scores += (mean - (mean * start).sum(1, keepdim=True)) / 3
    assert np.corrcoef(found.scores.ravel(), scores.ravel())[0, 1] > 0.99
    np.testing.assert_allclose(found.scores, scores, atol=0.1 * scores.abs().max())


def test_more_steps_bring_integrated_gradients_nearer():
    model, X = small(), random_codes(20)
    deltas = [
        np.abs(
            ATTRIBUTIONS["integrated_gradients"](model, X, 0, FEW._replace(steps=n)).delta
        ).mean()
        for n in (2, 20, 150)
    ]
    assert deltas[0] > deltas[1] > deltas[2]
    assert deltas[2] < 0.01


@pytest.mark.parametrize("strands", ["forward", "shared"])
@pytest.mark.parametrize("fc_layers", [0, 1, 2, 3])
def test_deep_lift_shap_explains_the_whole_difference(fc_layers, strands):
    model, X = small(fc_layers=fc_layers, strands=strands), random_codes(10)
    found = ATTRIBUTIONS["deep_lift_shap"](model, X, 1, FEW)
    references = dinucleotide_shuffles(X, 3, 0).reshape(-1, LENGTH)
    of_references = predict(model, references)[:, 1].reshape(10, 3).mean(axis=1)
    difference = predict(model, X)[:, 1] - of_references
    assert np.abs(difference).max() > 0.3
    np.testing.assert_allclose(found.difference, difference, atol=1e-5)
    np.testing.assert_allclose(actual(found, X).sum(axis=1), difference, atol=1e-3)
    np.testing.assert_allclose(found.delta, 0, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "length"), [("cnn1", 60), ("cnn1exp", 60), ("deepcnn", 200), ("deepstarr", 64)]
)
def test_deep_lift_shap_is_complete_for_other_models(name, length):
    sizes = {"deepstarr": {}}.get(name, {"fc_nodes": 10})
    model, X = trained_like(name, length, **sizes), random_codes(3, length)
    found = ATTRIBUTIONS["deep_lift_shap"](model, X, 1, FEW)
    assert np.abs(found.difference).max() > 0.05
    np.testing.assert_allclose(actual(found, X).sum(axis=1), found.difference, atol=1e-3)


def test_deltas_show_that_there_is_no_rule_for_an_lstm():
    model = trained_like("danq", 60, filters=8, filter_size=8, lstm_nodes=6, fc_nodes=5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # into the bends of the gates
    found = ATTRIBUTIONS["deep_lift_shap"](model, random_codes(8, 60), 0, FEW)
    assert np.isfinite(found.scores).all()
    assert np.abs(found.delta).max() > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_the_planted_motif_stands_out(method):
    X = random_codes()
    X[:, 12:19] = encode(["TGACTCA"])
    found = actual(ATTRIBUTIONS[method](Finder(), X, 0, Options(n_references=20)), X)
    inside = np.zeros(LENGTH, dtype=bool)
    inside[12:19] = True
    assert (found[:, inside].sum(axis=1) > 4 * np.abs(found[:, ~inside]).sum(axis=1) / 5).all()
    assert (found[:, inside] >= -1e-6).all()


@pytest.mark.parametrize("method", METHODS)
def test_batch_size_and_company_change_nothing(method):
    model, X = small(), random_codes(7)
    found = ATTRIBUTIONS[method](model, X, 0, FEW)
    for other, rows in (
        (ATTRIBUTIONS[method](model, X, 0, FEW._replace(batch_size=4)), slice(None)),
        (ATTRIBUTIONS[method](model, X[3:5], 0, FEW), slice(3, 5)),
    ):
        for expected, got in zip(found, other):
            np.testing.assert_allclose(got, expected[rows], atol=1e-5)
    if method in WITH_REFERENCES:
        seeded = ATTRIBUTIONS[method](model, X, 0, FEW._replace(seed=1))
        assert np.abs(seeded.scores - found.scores).max() > 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_both_strands_are_the_mean_of_the_two(method):
    model, X = small(), random_codes()
    options = FEW._replace(both_strands=True)
    both = ATTRIBUTIONS[method](model, X, 0, options)
    reverse = ATTRIBUTIONS[method](model, reverse_complement(X), 0, options)
    forward = ATTRIBUTIONS[method](model, X, 0, FEW)
    assert np.abs(both.scores - forward.scores).max() > 1e-4
    if method in WITH_REFERENCES:  # the references of the other strand are other ones
        outputs = predict(model, X, both_strands=True)[:, 0]
        others = predict(model, dinucleotide_shuffles(X, 3, 0).reshape(-1, LENGTH),
                         both_strands=True)[:, 0]  # fmt: skip
        expected = outputs - others.reshape(len(X), 3).mean(axis=1)
        np.testing.assert_allclose(both.difference, expected, atol=1e-5)
        total = actual(both, X).sum(axis=1)
        np.testing.assert_allclose(total - both.difference, both.delta, atol=1e-5)
    else:
        np.testing.assert_allclose(reverse.scores[:, ::-1, ::-1], both.scores, atol=1e-5)
    # A model that treats the strands alike has the same attributions from either of them.
    alike = small(strands="shared", fc_layers=0)
    one = ATTRIBUTIONS[method](alike, X, 0, FEW)
    two = ATTRIBUTIONS[method](alike, X, 0, options)
    np.testing.assert_allclose(two.scores, one.scores, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_attribute_and_unknown_bases(method):
    model = small()
    found = ATTRIBUTIONS[method](model, random_codes()[:0], 0, FEW)
    assert [a.shape for a in found] == [(0, 4, LENGTH), (0,), (0,)]
    X = random_codes()
    X[0, 5:9], X[1] = 4, 4
    found = ATTRIBUTIONS[method](model, X, 0, FEW)
    assert np.isfinite(found.scores).all()
    if method == "deep_lift_shap":  # an N is an N in the references too, so nothing is lost there
        np.testing.assert_allclose(found.delta, 0, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_the_model_comes_back_as_it_was(method, monkeypatch):
    model = small().train()
    model.conv.bias.requires_grad_(False)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    flags = {key: value.requires_grad for key, value in model.named_parameters()}

    def check():
        assert all(module.training for module in model.modules())
        assert {key: value.requires_grad for key, value in model.named_parameters()} == flags
        assert not any(m._forward_hooks or m._backward_hooks for m in model.modules())
        for key, value in model.state_dict().items():
            torch.testing.assert_close(value, before[key])

    ATTRIBUTIONS[method](model, random_codes(2), 0, FEW)
    check()
    with pytest.raises((InputError, RuntimeError)):
        ATTRIBUTIONS[method](model, random_codes(2, LENGTH + 1), 0, FEW)
    check()
    assert torch.backends.cudnn.enabled and torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_taken_where_they_are_switched_off(method):
    with torch.no_grad():
        found = ATTRIBUTIONS[method](small(), random_codes(2), 0, FEW)
    assert np.abs(found.scores).max() > 0


def test_wrong_options_are_refused():
    with pytest.raises(InputError, match=r"target: found 3, but the model has 0 to 2"):
        ATTRIBUTIONS["ism"](small(), random_codes(), 3, FEW)
    with pytest.raises(InputError, match="n_references: found 0, wanted at least 1"):
        ATTRIBUTIONS["deep_lift_shap"](small(), random_codes(), 0, Options(n_references=0))


def data_of(model, n=60):
    X = random_codes(n)
    labels = (predict(model, X) > np.median(predict(model, X), axis=0)).astype(np.float32)
    data = dataset.build([f"s{i}" for i in range(n)], X, labels, model.target_names)
    data.uns["task"] = "binary"
    return data


SETTINGS = {
    "targets": ["*"], "correct": "auto", "correct_threshold": None, "most_sequences": 5, "seed": 0,
    "both_strands": False,
}  # fmt: skip


def test_correctly_predicted_sequences_of_each_target():
    model = small()
    data = data_of(model)
    data.X[:, 2] = 0
    bound = (data.X == 1) & (predict(model, data.obsm["sequence"]) >= 0)
    chosen = attributed_sequences(model, data, SETTINGS)
    assert [one.target for one in chosen] == model.target_names
    for one in chosen:
        assert (one.n, one.n_correct) == (60, bound[:, one.number].sum())
        assert len(one.rows) == min(5, one.n_correct)
        assert bound[one.rows, one.number].all() and (np.diff(one.rows) > 0).all()
    assert chosen[2].n_correct == 0 and max(one.n_correct for one in chosen) > 5
    everything = attributed_sequences(model, data, SETTINGS | {"most_sequences": None})
    assert [len(one.rows) for one in everything] == [one.n_correct for one in chosen]
    only = attributed_sequences(model, data, SETTINGS | {"targets": ["FOX*"]})
    assert len(only) == 1
    np.testing.assert_array_equal(only[0].rows, chosen[1].rows)
    of_all = attributed_sequences(model, data, SETTINGS | {"correct": "all"})
    assert {one.n_correct for one in of_all} == {60}
    data.var_names = ["CTCF", "JUND", "FOXA1"]
    with pytest.raises(InputError, match="are not those of the data set"):
        attributed_sequences(model, data, SETTINGS)


def test_patterns_of_targets():
    names = ["CTCF", "FOXA1", "FOXA2", "NFE2[x]"]
    assert matching_targets(["FOX*", "CTCF"], names) == [0, 1, 2]
    assert matching_targets(["NFE2[x]"], names) == [3]
    with pytest.raises(InputError, match=r"'foxa1'; did you mean 'FOXA1'\? It has: CTCF, FOXA1"):
        matching_targets(["CTCF", "foxa1"], names)
    with pytest.raises(InputError, match=r"no target 'GATA\*'\. It has"):
        matching_targets(["GATA*"], names)


def test_the_file_gives_back_what_was_written(tmp_path):
    model = small()
    data = data_of(model)
    data.X[:, 2] = 0
    chosen = attributed_sequences(model, data, SETTINGS)
    found = list(attribute_each(model, data, chosen, "deep_lift_shap", FEW))
    groups = [group for group, _ in found]
    header = Header("explainn", "deep_lift_shap", model.target_names, SETTINGS)
    path = tmp_path / "scores.h5"
    attribution_file.write(path, header, iter(groups))
    assert attribution_file.read_header(path) == header
    for read, group in zip(attribution_file.read(path), groups, strict=True):
        assert list(read.ids) == list(group.ids)
        for a, b in zip(read, group):
            np.testing.assert_array_equal(a, b)
        assert (read.scores.dtype, read.codes.dtype) == (np.float32, np.uint8)
    assert [len(g.codes) for g in attribution_file.read(path, most=2)] == [2, 2, 0]
    with h5py.File(path) as file:
        assert sorted(file) == ["0", "1", "2"]
        assert file["0"].attrs["target"] == "CTCF" and file["2"].attrs["n_used"] == 0
        assert file["2/scores"].shape == (0, 4, LENGTH) and file["2/id"].shape == (0,)
        assert list(file.attrs["target_names"]) == model.target_names
    rows = pd.DataFrame([summary_row(*one, 0.1) for one in found])
    assert list(rows) == list(SUMMARY_COLUMNS)
    assert rows["note"].tolist() == ["", "", "no correctly predicted sequence"]
    assert rows["mean_abs_output_difference"].isna().tolist() == [False, False, True]


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        attribution_file.read_header(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(InputError, match="not an HDF5 file"):
        attribution_file.read_header(tmp_path / "text.h5")
    anndata.AnnData(np.zeros((1, 1), np.float32)).write_h5ad(tmp_path / "other.h5")
    with pytest.raises(InputError, match="lacks the attribute 'method'"):
        next(attribution_file.read(tmp_path / "other.h5"))


def test_large_deltas_are_reported(caplog):
    codes = random_codes(10)
    empty = np.zeros((10, 4, LENGTH), np.float32)
    delta = np.array([0.5, -0.5, 0.5, np.nan, 5e-4, 0, 0, 0, 0, 0], np.float32)
    difference = np.array([1, 1, 10, 1, 0, 1, 1, 1, 1, -1], np.float32)
    group = Group(0, "CTCF", 20, 12, [""] * 10, codes, empty, delta)
    with caplog.at_level(logging.INFO):
        row = summary_row(group, Attributions(empty, delta, difference), 0.1)
    note = "large convergence deltas: 30 % of sequences above 10 % of the output difference"
    assert row["note"] == note and note in caplog.text
    assert row["share_large_delta"] == pytest.approx(0.3)
    assert (row["n"], row["n_correct"], row["n_used"]) == (20, 12, 10)
    nothing = np.full(10, np.nan, np.float32)
    without = summary_row(group, Attributions(empty, nothing, nothing), 0.1)
    assert without["note"] == "" and np.isnan(without["share_large_delta"])


def test_unknown_methods_are_refused():
    model = small()
    data = data_of(model)
    chosen = attributed_sequences(model, data, SETTINGS)
    with pytest.raises(InputError, match="found 'lime', wanted one of ism, saliency"):
        list(attribute_each(model, data, chosen, "lime", FEW))


def test_the_published_model(shared):
    from workflow_lib.models.published import load_explainn

    folder = shared / "reference" / "explainn"
    golden = np.load(folder / "golden.npz")
    model = load_explainn(folder / "model_epoch_best_4.pth")
    X = golden["sequence"][golden["correct"].astype(bool)][:4]
    np.testing.assert_allclose(predict(to_deeplift_modules(model), X), predict(model, X), atol=1e-4)
    found = ATTRIBUTIONS["deep_lift_shap"](model, X, 1, Options(n_references=3))
    np.testing.assert_allclose(found.delta, 0, atol=1e-4)
    gradients = ATTRIBUTIONS["integrated_gradients"](model, X, 1, Options(n_references=3))
    assert (np.abs(gradients.delta) < 0.2).all()
    assert np.corrcoef(actual(found, X).ravel(), actual(gradients, X).ravel())[0, 1] > 0.8
