"""Sanity checks: models that learned nothing, agreement of tracks, the table; and the scripts."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.interpret import attribution_file
from workflow_lib.interpret.attribution_file import Group
from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Options
from workflow_lib.interpret.sanity_checks import (
    COLUMNS,
    compared,
    contributions,
    randomised,
    sanity_checks,
    track_correlation,
)
from workflow_lib.one_hot import one_hot
from workflow_lib.train.inference import predict

LENGTH = 60
NAMES = ["CTCF", "FOXA1"]
SMALL = {
    "explainn": {"units": 6, "filter_size": 8, "fc_nodes": 6},
    "cnn1": {"filters": 6, "filter_size": 8, "fc_nodes": 6},
    "danq": {"filters": 6, "filter_size": 8, "lstm_nodes": 4, "fc_nodes": 6},
}


def random_codes(n=20, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, LENGTH)).astype(np.uint8)


def build(name="explainn", seed=0):
    torch.manual_seed(seed)
    model = models.build(name, length=LENGTH, n_targets=2, **SMALL[name])
    model.target_names = NAMES
    return model.eval()


def group_of(model, codes, target=0, method="saliency"):
    found = ATTRIBUTIONS[method](model, codes, target)
    ids = [f"s{i}" for i in range(len(codes))]
    return Group(target, NAMES[target], 50, len(codes), ids, codes, found.scores, found.delta)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_randomised_model_is_not_where_a_training_of_that_seed_began(name):
    began = dict(build(name, seed=3).named_parameters())
    drawn = dict(randomised(build(name, seed=3), random_codes(100), seed=3).named_parameters())
    for key, value in began.items():
        if value.unique().numel() > 1:
            assert not torch.allclose(drawn[key], value), key


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_randomised_model_has_the_shape_and_none_of_the_weights(name):
    model = build(name).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    fresh = randomised(model, random_codes(100), seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert type(fresh) is type(model) and not fresh.training and model.training
    assert fresh.target_names == NAMES and fresh.hyperparameters == model.hyperparameters
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key])
    drawn = dict(fresh.named_parameters())
    for key, value in model.named_parameters():
        if value.unique().numel() > 1:  # a batch norm starts with ones and zeros
            assert not torch.equal(drawn[key], value), key
    same, other = (randomised(model, random_codes(100), seed=s) for s in (1, 2))
    np.testing.assert_array_equal(predict(same, random_codes()), predict(fresh, random_codes()))
    assert np.abs(predict(other, random_codes()) - predict(fresh, random_codes())).max() > 1e-3


@pytest.mark.parametrize("name", ["explainn", "cnn1"])
def test_a_randomised_model_has_statistics_of_the_sequences(name):
    X = random_codes(257)  # one sequence is left over for the last batch
    fresh = randomised(build(name), X, seed=1)
    for norm in fresh.modules():
        if isinstance(norm, nn.BatchNorm1d):
            assert not norm.training and norm.momentum is not None
    with torch.no_grad():
        if name == "explainn":
            maps = fresh.activations(one_hot(X)).log()
        else:
            maps = fresh.first[:2](one_hot(X))
    torch.testing.assert_close(maps.mean(dim=(0, 2)), torch.zeros(6), atol=0.05, rtol=0)
    torch.testing.assert_close(maps.std(dim=(0, 2)), torch.ones(6), atol=0.05, rtol=0)


def test_actual_contributions():
    codes = np.array([[0, 3, 4, 1]], dtype=np.uint8)
    scores = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    np.testing.assert_array_equal(contributions(scores, codes), [[0, 13, 0, 7]])


def test_correlation_of_tracks():
    codes = random_codes(3)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 4, LENGTH)).astype(np.float32)
    b[1] = -2 * a[1] - 3
    b[2] = 0
    found = track_correlation(a, b, codes)
    tracks = [(scores[0] * one_hot(codes[:1])[0].numpy()).sum(axis=0) for scores in (a, b)]
    assert found[0] == pytest.approx(np.corrcoef(*tracks)[0, 1], abs=1e-6)
    assert found[1] == pytest.approx(-1)
    assert np.isnan(found[2])
    elsewhere = b.copy()
    elsewhere[one_hot(codes).numpy() == 0] = 99  # of letters that do not stand there
    np.testing.assert_array_equal(track_correlation(a, elsewhere, codes), found)
    assert track_correlation(a[:0], b[:0], codes[:0]).shape == (0,)


def test_one_row_of_the_table():
    model, codes = build(), random_codes(30)
    group = group_of(model, codes)
    row = compared(group, [3 * group.scores], "same")
    assert list(row) == list(COLUMNS)
    assert (row["target"], row["check"], row["n_sequences"]) == ("CTCF", "same", 30)
    assert row["correlation"] == pytest.approx(1) and row["magnitude"] == pytest.approx(3)
    noise = np.random.default_rng(0).normal(size=group.scores.shape).astype(np.float32)
    mixed = compared(group, [group.scores + noise * group.scores.std()], "noise")
    assert mixed["low"] < mixed["correlation"] < mixed["high"] < 1
    assert compared(group, [group.scores, -group.scores], "two")["correlation"] == pytest.approx(0)
    flat = group.scores.copy()
    flat[:10] = 0
    assert compared(group, [flat], "flat")["n_sequences"] == 20
    nothing = compared(group, [0 * flat], "nothing")
    assert (nothing["n_sequences"], nothing["magnitude"]) == (0, 0)
    assert np.isnan(nothing["correlation"]) and np.isnan(nothing["low"])


@pytest.mark.parametrize("method", sorted(ATTRIBUTIONS))
def test_the_table(method):
    model, codes = build(), random_codes(4)
    options = Options(n_references=2, steps=5)
    groups = []
    for target in range(2):
        found = ATTRIBUTIONS[method](model, codes, target, options)
        name = NAMES[target]
        groups.append(Group(target, name, 9, 4, ["a"] * 4, codes, found.scores, found.delta))
    empty = groups[0]._replace(ids=[], codes=codes[:0], scores=found.scores[:0], delta=[])
    changed = {"itself": [model], "randomised_weights": [randomised(model, random_codes(), 1)]}
    table = sanity_checks([empty, *groups], changed, method, options, most_targets=5)
    assert list(table.columns) == list(COLUMNS) and len(table) == 4
    table = table.set_index("check")
    np.testing.assert_allclose(table.loc["itself", "correlation"], 1, atol=1e-5)
    assert (table.loc["randomised_weights", "correlation"] < 0.9).all()
    assert len(sanity_checks(groups, changed, method, options, most_targets=1)) == 2
    nothing = sanity_checks([empty], changed, method, options, most_targets=5)
    assert nothing.empty and list(nothing.columns) == list(COLUMNS)


def test_a_changed_model_finds_the_target_by_name():
    model, codes = build(), random_codes(4)
    turned = build()
    turned.target_names = NAMES[::-1]
    with torch.no_grad():
        turned.final.weight.copy_(model.final.weight.flip(0))
    table = sanity_checks([group_of(model, codes)], {"turned": [turned]}, "saliency", Options(), 1)
    assert table["correlation"].item() == pytest.approx(1)
    turned.target_names = ["CEBPB", "JUND"]
    with pytest.raises(InputError, match="turned: the changed model has no target 'CTCF'"):
        sanity_checks([group_of(model, codes)], {"turned": [turned]}, "saliency", Options(), 1)


RUN = {"dataset": "toy", "model": "explainn", "seed": "0", "method": "deep_lift_shap"}


def script(root, name):
    spec = importlib.util.spec_from_file_location(name, root / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_scripts(root, tmp_path):
    model = build()
    with torch.no_grad():
        model.final.bias -= torch.as_tensor(np.median(predict(model, random_codes(60)), axis=0))
    models.save(model, tmp_path / "model.safetensors", {})
    models.save(build(seed=5), tmp_path / "other.safetensors", {})
    labels = (predict(model, random_codes(60)) > 0).astype(np.float32)
    labels[:, 1] = 0
    data = dataset.build([f"s{i}" for i in range(60)], random_codes(60), labels, NAMES)
    data.obs["split"] = pd.Categorical(["train", "validation", "test"] * 20)
    data.uns |= {"task": "binary", "source": "toy", "assembly": ""}
    dataset.save(data, tmp_path / "dataset.h5ad")
    settings = {
        "targets": ["*"], "splits": ["test"], "correct": "auto", "correct_threshold": None,
        "most_sequences": 3, "n_references": 2, "steps": 5, "both_strands": True,
        "largest_delta": 0.1, "seed": 0,
    }  # fmt: skip
    outputs = {"scores": tmp_path / "a" / "ism.h5", "summary": tmp_path / "a" / "ism.tsv"}
    given = (tmp_path / "model.safetensors", tmp_path / "dataset.h5ad")
    script(root, "attribute").main(RUN, *given, "deep_lift_shap", settings, "cpu", outputs)
    header = attribution_file.read_header(outputs["scores"])
    assert (header.model, header.method) == ("explainn", "deep_lift_shap")
    assert header.settings == settings
    table = pd.read_csv(outputs["summary"], sep="\t")
    assert list(table)[:4] == list(RUN)
    assert table["n"].tolist() == [20, 20] and table["n_used"].tolist() == [3, 0]
    assert table["median_abs_delta"][0] < 1e-3
    inputs = {"model": given[0], "dataset": given[1], "scores": outputs["scores"]}
    others = {"shuffled_labels": [], "other_seed": [tmp_path / "other.safetensors"]}
    limits = {"most_targets": 10, "most_sequences": 2}
    script(root, "sanity_checks").main(RUN, inputs, others, limits, "cpu", tmp_path / "checks.tsv")
    checks = pd.read_csv(tmp_path / "checks.tsv", sep="\t")
    assert list(checks) == [*RUN, *COLUMNS]
    assert checks[list(RUN)].astype(str).to_dict("records") == [RUN, RUN]
    assert checks["check"].tolist() == ["randomised_weights", "other_seed"]
    assert checks["n_sequences"].tolist() == [2, 2]
    others = {"other_seed": [given[0]]}
    script(root, "sanity_checks").main(RUN, inputs, others, limits, "cpu", tmp_path / "checks.tsv")
    itself = pd.read_csv(tmp_path / "checks.tsv", sep="\t").iloc[1]
    assert itself["correlation"] == pytest.approx(1, abs=1e-4)
    assert itself["magnitude"] == pytest.approx(1, abs=1e-4)
