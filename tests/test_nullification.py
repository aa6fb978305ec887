"""Nullified filters: by hand, by ExplaiNN's own decomposition, and for every model."""

import anndata
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.interpret.nullification import (
    COLUMNS,
    chosen_filters,
    chosen_sequences,
    maps,
    nullification,
    nullify,
)
from workflow_lib.interpret.sequence_selection import at_most
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import encode
from workflow_lib.train.inference import UnitOutputs, predict

EXPLAINN = {"units": 5, "filter_size": 8, "fc_nodes": 6}


class Toy(nn.Module):
    """Counts As, Cs and Gs; the outputs are A x C + G, and A, of the counts."""

    target_names = ["product", "single"]

    def activations(self, X):
        return X[:, :3].clone()

    def from_activations(self, A):
        a, c, g = A.sum(dim=2).unbind(1)
        return torch.stack([a * c + g, a], dim=1)

    def forward(self, X):
        return self.from_activations(self.activations(X))


def random_codes(n=40, length=40, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def trained_like(name="explainn", length=40, n_targets=3, **hyperparameters):
    """A model whose batch norms have seen data, so that nothing is at its start by chance."""
    torch.manual_seed(3)
    model = models.build(name, length=length, n_targets=n_targets, **hyperparameters)
    model.target_names = [f"TF{i}" for i in range(n_targets)]
    with torch.no_grad():
        for _ in range(3):
            model.train()(one_hot(torch.as_tensor(random_codes(64, length, 9))))
    return model.eval()


def all_differences(model, X, filters, *args):
    return np.concatenate([differences for _, differences in nullify(model, X, filters, *args)])


def test_by_hand():
    X = encode(["AACCCG", "TTTTTT", "AGGGGT"])
    found = all_differences(Toy(), X, [0, 1, 2])
    # The first: A x C + G = 2 x 3 + 1; without A, C or G it loses 6, 6 and 1.
    assert found[0].tolist() == [[6, 2], [6, 0], [1, 0]]
    assert not found[1].any()  # no filter sees anything: exactly 0
    assert found[2].tolist() == [[0, 1], [0, 0], [4, 0]]
    # At the mean: of 18 positions 3 are A, so a sequence has one A left.
    found = all_differences(Toy(), X, [0], "mean")
    np.testing.assert_allclose(found[:, 0], [[3, 1], [0, -1], [0, 0]], atol=1e-6)


def test_impact_is_the_median_over_each_targets_own_sequences():
    X = encode(["AACC", "ACGG", "AAAC", "GGGG"])
    selected = np.array([[1, 0], [1, 0], [1, 0], [0, 0]], dtype=bool)
    table = nullification(Toy(), X, selected, [1, 0], batch_size=3)
    assert tuple(table.columns) == COLUMNS
    assert table["unit"].tolist() == [1, 1, 0, 0]
    assert table["n_sequences"].tolist() == [3, 0, 3, 0]
    assert table.loc[0, ["q05", "impact", "q95", "mean"]].tolist() == pytest.approx(
        [1.2, 3, 3.9, 8 / 3]  # of 4, 1 and 3
    )
    assert table.loc[1, "q05":].isna().all()


@pytest.mark.parametrize("replace", ["zero", "mean"])
def test_in_explainn_a_filter_adds_weight_times_unit_output(replace):
    model, X = trained_like(**EXPLAINN), random_codes()
    with torch.no_grad():
        x = one_hot(torch.as_tensor(X))
        # What each unit makes of a map of zeros, or of its mean at every position.
        level = model.activations(x).mean(dim=(0, 2)) * (replace == "mean")
        h = level[:, None, None].expand(-1, (40 - 8 + 1 - 7) // 7 + 1, 1)
        for layer in model.fc:
            h = layer(h)
        lost = model.units(x) - h.flatten()
        expected = lost[:, :, None] * model.output_weights().T
    found = all_differences(model, X, range(5), replace)
    assert np.abs(expected.numpy()).max() > 0.01
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    table = nullification(model, X, np.ones((40, 3), dtype=bool), range(5), replace)
    medians = table["impact"].to_numpy().reshape(5, 3)
    np.testing.assert_allclose(medians, np.median(expected.numpy(), axis=0), atol=1e-5)


def test_shared_strands_are_nullified_in_both_readings():
    model, X = trained_like(**EXPLAINN, strands="shared"), random_codes()
    x = one_hot(torch.as_tensor(X))
    with torch.no_grad():
        outputs = model.from_activations(maps(model, x)).numpy()
    np.testing.assert_allclose(outputs, predict(model, X), atol=1e-5)
    forward, reverse = (
        all_differences(model, codes, range(5)) for codes in (X, (3 - X)[:, ::-1].copy())
    )
    units = predict(UnitOutputs(model), X), predict(UnitOutputs(model), (3 - X)[:, ::-1].copy())
    weights = model.output_weights().detach().numpy().T
    # Whatever differs between the strands differs in the units' outputs, not in what is taken off.
    np.testing.assert_allclose(
        forward - reverse, (units[0] - units[1])[:, :, None] * weights, atol=1e-5
    )


@pytest.mark.parametrize("name", list(models.MODELS))
def test_every_model_can_be_nullified(name):
    model, X = trained_like(name, 200), random_codes(3, 200)
    with torch.no_grad():
        before = maps(model, one_hot(torch.as_tensor(X)))
        after = before.clone()
        outputs = model.from_activations(after).numpy()
    assert torch.equal(before, after)  # the maps are used again for the next filter
    np.testing.assert_allclose(outputs, predict(model, X), atol=1e-5)
    found = all_differences(model, X, [0, 7])
    assert found.shape == (3, 2, 3) and np.isfinite(found).all()
    after[:, 7] = 0
    with torch.no_grad():
        expected = outputs - model.from_activations(after).numpy()
    np.testing.assert_allclose(found[:, 1], expected, atol=1e-5)


@pytest.mark.parametrize("replace", ["zero", "mean"])
def test_batch_size_and_order_of_filters_change_nothing(replace):
    model, X = trained_like("cnn1", filters=6, filter_size=8), random_codes()
    whole = all_differences(model, X, range(6), replace, 1000)
    for batch_size in (1, 7):
        found = all_differences(model, X, range(6), replace, batch_size)
        np.testing.assert_allclose(found, whole, atol=1e-5)
    turned = all_differences(model, X, [5, 2], replace)
    np.testing.assert_allclose(turned, whole[:, [5, 2]], atol=1e-5)


def test_a_filter_that_nothing_reaches_has_no_impact():
    model, X = trained_like("danq", filters=4, lstm_nodes=6), random_codes()
    with torch.no_grad():
        model.first[0].bias[2] = -100
    found = all_differences(model, X, range(4))
    assert (found[:, 2] == 0).all()
    assert np.abs(found[:, [0, 1, 3]]).max() > 0


def test_the_model_comes_back_in_its_mode():
    model = trained_like(**EXPLAINN).train()
    list(nullify(model, random_codes(3), [0]))
    assert model.training
    with pytest.raises(InputError, match="found 9, but the model has 0 to 4"):
        list(nullify(model, random_codes(3), [9]))
    assert model.training
    with pytest.raises(InputError, match="found 'median', wanted zero or mean"):
        list(nullify(model, random_codes(3), [0], "median"))


def test_nothing_to_nullify():
    model, X = trained_like(**EXPLAINN), random_codes(4)
    none = nullification(model, X, np.ones((4, 3), dtype=bool), [])
    assert tuple(none.columns) == COLUMNS and none.empty
    empty = nullification(model, X, np.zeros((4, 3), dtype=bool), [1])
    assert empty["n_sequences"].tolist() == [0, 0, 0] and empty["impact"].isna().all()


def test_the_filters_are_the_annotated_ones_or_all():
    annotation = pd.DataFrame({"unit": ["unit7", "unit7", "unit2"]})
    assert chosen_filters(annotation, "annotated", 9) == [2, 7]
    assert chosen_filters(annotation.assign(unit=[7, 7, 2]), "annotated", 9) == [2, 7]
    assert chosen_filters(annotation, "all", 3) == [0, 1, 2]
    assert chosen_filters(annotation.iloc[:0], "annotated", 9) == []
    with pytest.raises(InputError, match="found 'named', wanted annotated or all"):
        chosen_filters(annotation, "named", 9)


def test_at_most_so_many_sequences_of_each_target():
    selected = np.random.default_rng(0).random((200, 3)) < [0.5, 0.02, 0.9]
    few = at_most(selected, 10, seed=4)
    assert not (few & ~selected).any()
    assert few.sum(axis=0).tolist() == np.minimum(selected.sum(axis=0), 10).tolist()
    np.testing.assert_array_equal(few, at_most(selected, 10, seed=4))
    np.testing.assert_array_equal(few[:, :1], at_most(selected[:, :1], 10, seed=4))
    assert (few != at_most(selected, 10, seed=5)).any()
    assert at_most(selected, None) is selected
    with pytest.raises(InputError, match="found 0"):
        at_most(selected, 0)


def test_one_sequence_may_be_the_most_and_the_seed_is_0_unless_given():
    selected = np.ones((50, 2), dtype=bool)
    assert at_most(selected, 1).sum(axis=0).tolist() == [1, 1]
    np.testing.assert_array_equal(at_most(selected, 5), at_most(selected, 5, seed=0))
    assert (at_most(selected, 5)[:, 0] != at_most(selected, 5)[:, 1]).any()


def data_set(X, labels, task="binary"):
    names = [f"t{i}" for i in range(labels.shape[1])]
    data = dataset.build([f"s{i}" for i in range(len(X))], X, labels, names)
    data.uns["task"] = task
    return data


def test_chosen_sequences_are_positive_and_predicted_so():
    X = encode(["AAAA", "AACC", "CCCC", "AGGG"])
    labels = np.array([[1, 1], [0, 1], [1, 1], [1, np.nan]], dtype=np.float32)

    class Signs(Toy):
        def forward(self, X):
            return super().forward(X) - 1

    data: anndata.AnnData = data_set(X, labels)
    settings = {"correct": "auto", "correct_threshold": None, "most_sequences": None, "seed": 0}
    codes, selected = chosen_sequences(Signs(), data, settings)
    # Logits A x C + G - 1 and A - 1: (-1, 3), (3, 1), (-1, -1), (2, 0).
    np.testing.assert_array_equal(codes, X[[0, 1, 3]])
    assert selected.tolist() == [[False, True], [False, True], [True, False]]
    codes, selected = chosen_sequences(Signs(), data, settings | {"most_sequences": 1})
    assert selected.sum(axis=0).tolist() == [1, 1] and len(codes) == 2
    values = data_set(X, np.nan_to_num(labels), "regression")
    codes, selected = chosen_sequences(Signs(), values, settings | {"correct": "all"})
    assert selected.all() and len(codes) == 4
