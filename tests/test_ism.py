"""In silico mutagenesis: by hand, and the fast way for ExplaiNN against the plain one."""

import numpy as np
import pytest
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.interpret import ism
from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Options
from workflow_lib.interpret.ism import effects, exact_ism, plain_effects
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.models.published import load_explainn
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import encode
from workflow_lib.train.inference import predict

LENGTH = 47


def random_codes(n=4, length=LENGTH, seed=0, letters=4):
    return np.random.default_rng(seed).integers(0, letters, (n, length)).astype(np.uint8)


def explainn(length=LENGTH, n_targets=3, **hyperparameters):
    """Batch norms with statistics of their own, some of them turned round."""
    torch.manual_seed(3)
    options = {"units": 5, "filter_size": 8, "fc_nodes": 6} | hyperparameters
    model = ExplaiNN(length, n_targets, **options)
    with torch.no_grad():
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.weight.normal_()
                norm.momentum = None
        model.train()(one_hot(random_codes(200, length, 9)))
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.bias.normal_()
    return model.eval()


def whole(parts):
    return np.concatenate([found for _, found in parts])


def assert_same(model, X, silent=False, **options):
    plain = whole(plain_effects(model, X))
    fast = whole(exact_ism(model, X, **options))
    scale = max(1, np.abs(plain).max())
    # Where nothing changes an output the two would agree on nothing.
    assert silent or np.abs(plain).max() > 1e-5
    np.testing.assert_allclose(fast, plain, atol=1e-4 * scale)
    assert fast.dtype == plain.dtype == np.float32
    return plain


class Product(nn.Module):
    """Number of Gs in the first half times number of Ts in the second."""

    def forward(self, X):
        half = X.shape[2] // 2
        return (X[:, 2, :half].sum(1) * X[:, 3, half:].sum(1))[:, None]


def test_plain_effects_by_hand():
    X = encode(["GACT", "AATT"])
    found = whole(plain_effects(Product(), X))
    assert found.shape == (2, 1, 4, 4)
    # G A | C T: one G times one T
    np.testing.assert_array_equal(
        found[0, 0],
        [[-1, 0, 0, -1], [-1, 0, 0, -1], [0, 1, 0, -1], [-1, 0, 1, 0]],
    )
    np.testing.assert_array_equal(found[1, 0, 2], [2, 2, 0, 0])  # a G where none was
    assert np.abs(found[1, 0, [0, 1, 3]]).max() == 0


def test_an_unknown_base_can_become_any_letter():
    X = encode(["GNNT"])
    found = whole(plain_effects(Product(), X))[0, 0]
    np.testing.assert_array_equal(found[:, 1], [0, 0, 1, 0])
    np.testing.assert_array_equal(found[:, 2], [0, 0, 0, 1])


def test_every_number_is_a_difference_of_predictions():
    model, X = explainn(), random_codes(1)
    found = whole(effects(model, X))
    for position in (0, 20, LENGTH - 1):
        for letter in range(4):
            mutant = X.copy()
            mutant[0, position] = letter
            expected = predict(model, mutant) - predict(model, X)
            np.testing.assert_allclose(found[:, :, letter, position], expected, atol=1e-5)


@pytest.mark.parametrize("strands", ["forward", "shared"])
@pytest.mark.parametrize("pooling", [(7, 7), (5, 3), (3, 5), (12, 4), (20, 30), (1, 1)])
@pytest.mark.parametrize("fc_layers", [0, 1, 2, 3])
def test_exact_ism_equals_plain_effects(fc_layers, pooling, strands):
    size, stride = pooling
    model = explainn(fc_layers=fc_layers, pool_size=size, pool_stride=stride, strands=strands)
    plain = assert_same(model, random_codes(3), batch_size=2)
    assert np.abs(plain).max() > 1e-3


@pytest.mark.parametrize("fc_layers", [4, 8])
def test_exact_ism_equals_plain_effects_in_deep_units(fc_layers):
    assert_same(explainn(fc_layers=fc_layers, fc_nodes=4), random_codes(2))


@pytest.mark.parametrize("fc_layers", [0, 2])
@pytest.mark.parametrize("filter_size", [1, 3, 40])
def test_exact_ism_equals_plain_effects_for_any_filter(filter_size, fc_layers):
    for length in (46, 47, 51):
        model = explainn(length, filter_size=filter_size, fc_layers=fc_layers, non_negative=True)
        # The maximum over a whole map of single letters: no one substitution moves it.
        assert_same(model, random_codes(2, length), silent=(filter_size, fc_layers) == (1, 0))


@pytest.mark.parametrize("fc_layers", [0, 1, 2])
def test_exact_ism_equals_plain_effects_with_unknown_bases(fc_layers):
    X = random_codes(3, letters=5)
    X[1, :20], X[2] = 4, random_codes(1)[0]
    model = explainn(fc_layers=fc_layers)
    assert_same(model, X)
    # A batch without any N is computed with three letters a base, one with an N with four.
    np.testing.assert_allclose(
        whole(exact_ism(model, X[2:])), whole(exact_ism(model, X))[2:], atol=1e-5
    )


def test_at_the_published_size(shared):
    folder = shared / "reference" / "explainn"
    model = load_explainn(folder / "model_epoch_best_4.pth")
    assert_same(model, np.load(folder / "golden.npz")["sequence"][:2])


def test_batches_and_targets(monkeypatch):
    model, X = explainn(), random_codes(5)
    found = whole(exact_ism(model, X))
    parts = list(exact_ism(model, X, batch_size=2))
    assert [start for start, _ in parts] == [0, 2, 4]
    np.testing.assert_allclose(whole(parts), found, atol=1e-5)
    np.testing.assert_allclose(whole(exact_ism(model, X, [2, 0])), found[:, [2, 0]], atol=1e-5)
    np.testing.assert_allclose(
        whole(plain_effects(model, X, [1], batch_size=7)), found[:, [1]], atol=1e-4
    )
    monkeypatch.setattr(ism, "_CPU_NUMBERS", 1)  # the smallest pieces there are
    np.testing.assert_allclose(whole(exact_ism(model, X)), found, atol=1e-5)
    assert list(exact_ism(model, X[:0])) == list(plain_effects(model, X[:0])) == []


def test_exact_ism_is_used_for_explainn_only(monkeypatch):
    called = []
    monkeypatch.setattr(ism, "exact_ism", lambda *_: called.append("fast") or iter(()))
    monkeypatch.setattr(ism, "plain_effects", lambda *_: called.append("plain") or iter(()))
    list(effects(explainn(), random_codes()))
    list(effects(Product(), random_codes()))
    assert called == ["fast", "plain"]


def test_sequences_of_another_length_are_refused():
    with pytest.raises(InputError, match="wants sequences of 47 bp, but got some of 48 bp"):
        next(exact_ism(explainn(), random_codes(1, LENGTH + 1)))


def test_the_model_stays_as_it_was():
    model = explainn().train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    whole(exact_ism(model, random_codes(1)))
    whole(plain_effects(model, random_codes(1)))
    assert model.training and model.conv.weight.requires_grad
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key])


def test_ism_scores_are_centred_over_the_letters():
    model, X = explainn(), random_codes()
    raw = whole(plain_effects(model, X, [1]))[:, 0]
    found = ATTRIBUTIONS["ism"](model, X, 1, Options())
    np.testing.assert_allclose(found.scores, raw - raw.mean(axis=1, keepdims=True), atol=1e-4)
    there = np.take_along_axis(found.scores, X[:, None].astype(int), axis=1)[:, 0]
    np.testing.assert_allclose(there, -raw.mean(axis=1), atol=1e-4)
