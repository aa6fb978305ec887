"""Pairwise in silico mutagenesis: by hand, and the fast way for ExplaiNN against the plain one."""

import itertools

import numpy as np
import pytest
import torch
from test_ism import Product, explainn, random_codes
from torch import nn

from workflow_lib import models
from workflow_lib.errors import InputError
from workflow_lib.interpret import pairwise
from workflow_lib.interpret.attribution_methods import ATTRIBUTIONS, Options
from workflow_lib.interpret.pairwise import pairwise_ism, plain_pairs, split_into_units
from workflow_lib.interpret.pairwise_maps import strongest_pairs, with_units
from workflow_lib.interpret.pairwise_units import (
    _reach,
    covered,
    other_letters,
    unit_interactions,
)
from workflow_lib.models.published import load_explainn
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import encode
from workflow_lib.train.inference import predict

LENGTH = 30


class Linear(nn.Module):
    """A sum of weights of the letters at each position."""

    n_targets = 2

    def __init__(self, length=LENGTH):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(4 * length, 2)

    def forward(self, X):
        return self.linear(X.flatten(1))


class Pair(nn.Module):
    """Twice the sum of the letters, and 3 more with a G at position 4 and a T at 20."""

    def forward(self, X):
        return 2 * X[:, 0].sum(1, keepdim=True) + 3 * (X[:, 2, 4] * X[:, 3, 20])[:, None]


def small(length=LENGTH, **hyperparameters):
    return explainn(length, **{"units": 3, "filter_size": 6, "pool_size": 4, "pool_stride": 4,
                               "fc_nodes": 6} | hyperparameters)  # fmt: skip


def brute_force(model, codes, target=0):
    """Every sequence with two substitutions, one after the other."""
    found = np.zeros((len(codes), 4, len(codes), 4))
    places = [(i, a) for i in range(len(codes)) for a in range(4) if a != codes[i]]
    pairs = [(p, q) for p, q in itertools.product(places, places) if p[0] != q[0]]
    mutants = []
    for chosen in [(), *((p,) for p in places), *pairs]:
        mutants.append(codes.copy())
        for position, letter in chosen:
            mutants[-1][position] = letter
    outputs = predict(model, np.stack(mutants))[:, target].astype(float)
    alone = dict(zip(places, outputs[1:]))
    for (p, q), both in zip(pairs, outputs[1 + len(places) :]):
        found[p[0], p[1], q[0], q[1]] = both - alone[p] - alone[q] + outputs[0]
    return found


def summed(model, codes, target=0):
    weights = model.output_weights()[target].detach().numpy()
    return sum(w * found for w, found in zip(weights, unit_interactions(model, codes)))


def assert_same(model, codes, quiet=False):
    plain, fast = plain_pairs(model, codes, 0), summed(model, codes)
    assert fast.dtype == np.float32 and fast.shape == plain.shape == (3 * len(codes),) * 2
    scale = max(1, np.abs(predict(model, codes[None])).max())
    # Where nothing interacts the two would agree on nothing.
    assert quiet or np.abs(plain).max() > 1e-3
    np.testing.assert_allclose(fast, plain, atol=1e-4 * scale)


def test_by_hand():
    found = pairwise_ism(Product(), encode(["GACT"])[0], 0).pairs
    # One G in the first half times one T in the second.
    assert found[0, 0, 3, 0] == 1 and found[3, 0, 0, 0] == 1  # neither is lost twice
    assert found[1, 2, 2, 3] == 1 and found[0, 1, 2, 3] == -1
    assert found[0, 0, 1, 1] == 0 and found[2, 3, 3, 0] == 0  # in one half


@pytest.mark.parametrize("make", [Linear, lambda: small(12)])
def test_equals_brute_force_and_is_symmetric(make):
    model = make()
    codes = random_codes(1, 12 if hasattr(model, "units") else LENGTH)[0]
    if not hasattr(model, "units"):
        model, codes = Linear(12), codes[:12]
    found = pairwise_ism(model, codes, 1).pairs
    np.testing.assert_allclose(found, brute_force(model, codes, 1), atol=2e-5)
    np.testing.assert_array_equal(found, found.transpose(2, 3, 0, 1))


def test_nothing_interacts_in_an_additive_model_nor_within_a_position():
    codes = random_codes(1, LENGTH)[0]
    found = pairwise_ism(Linear(), codes, 0)
    np.testing.assert_allclose(found.pairs, 0, atol=2e-6)
    found = pairwise_ism(small(), codes, 0)
    at = np.arange(LENGTH)
    assert found.pairs[at, :, at].max() == found.pairs[at, :, at].min() == 0
    assert np.diag(found.positions).max() == 0
    assert (found.pairs[at, codes] == 0).all() and found.pairs.any()


def test_a_planted_pair_is_found():
    codes = np.zeros(LENGTH, np.uint8)
    found = pairwise_ism(Pair(), codes, 0)
    assert found.pairs[4, 2, 20, 3] == pytest.approx(3)
    found.pairs[4, 2, 20, 3] = found.pairs[20, 3, 4, 2] = 0
    np.testing.assert_allclose(found.pairs, 0, atol=1e-5)
    table = strongest_pairs(pairwise_ism(Pair(), codes, 0), codes, 5)
    first = table.iloc[0]
    assert tuple(first[["position_1", "base_1", "to_1"]]) == (4, "A", "G")
    assert tuple(first[["position_2", "base_2", "to_2"]]) == (20, "A", "T")
    assert first["interaction"] == pytest.approx(3) and first["unit"] == -1


@pytest.mark.parametrize("strands", ["forward", "shared"])
@pytest.mark.parametrize("pooling", [(7, 7), (5, 3), (3, 5), (1, 1)])
@pytest.mark.parametrize("fc_layers", [0, 1, 2])
def test_the_units_sum_to_what_is_predicted(fc_layers, pooling, strands):
    size, stride = pooling
    model = small(fc_layers=fc_layers, pool_size=size, pool_stride=stride, strands=strands)
    assert covered(model)
    assert_same(model, random_codes(1, LENGTH)[0])


@pytest.mark.parametrize("fc_nodes", [1, 3, 8])
@pytest.mark.parametrize("filter_size", [1, 3, 20])
def test_filters_and_layers_of_any_size(filter_size, fc_nodes):
    model = small(filter_size=filter_size, fc_nodes=fc_nodes, non_negative=True, units=4)
    assert_same(model, random_codes(1, LENGTH)[0], quiet=True)


def test_at_the_published_size(shared):
    folder, rng = shared / "reference" / "explainn", np.random.default_rng(0)
    model = load_explainn(folder / "model_epoch_best_4.pth")
    codes = np.load(folder / "golden.npz")["sequence"][0]
    first = rng.integers(0, 170, 300)
    second = first + rng.integers(1, 30, 300)
    letters = (codes[[first, second]] + rng.integers(1, 4, (2, 300))) % 4
    shares = split_into_units(model, codes, 1, list(zip(first, letters[0], second, letters[1])))
    found = pairwise_ism(model, codes, 1).pairs[first, letters[0], second, letters[1]]
    assert np.abs(found).max() > 0.01
    np.testing.assert_allclose(found, shares.sum(axis=1), atol=1e-4)


def test_deeper_units_and_other_models_are_predicted(monkeypatch):
    codes, predicted = random_codes(1, 14)[0], []
    monkeypatch.setattr(
        pairwise, "plain_pairs", lambda *given: predicted.append(1) or plain_pairs(*given)
    )
    model = small(14, fc_layers=3)
    assert not covered(model) and not covered(Linear())
    found = pairwise_ism(model, codes, 0)
    assert found.units is None and predicted == [1]
    np.testing.assert_allclose(found.pairs, brute_force(model, codes), atol=2e-5)
    pairwise_ism(small(14), codes, 0)
    assert predicted == [1]


def test_positions_that_share_no_window_interact_with_two_layers_only_through_their_nodes():
    codes, at = random_codes(1, LENGTH)[0], np.arange(3 * LENGTH) // 3
    # A filter of 6 and windows of 4: two bases are read in one window if they are 8 or less apart.
    far = at - at[:, None] > 8
    one, two = small(units=8, fc_layers=1), small(units=8, fc_layers=2)
    with torch.no_grad():  # a node that no substitution switches
        one.fc[0].norm.bias.fill_(100)
    for model, expected in ((one, False), (two, True)):
        apart = summed(model, codes)[far]
        assert (np.abs(apart).max() > 1e-3) == expected


def test_reach_of_each_base():
    windows = np.array([[0, 4], [4, 8], [8, 12]])
    found = _reach(windows, 17, 6)
    for i, (first, last) in enumerate(found):
        at = set(range(i - 5, i + 1))
        hit = [b for b, (start, stop) in enumerate(windows) if at & set(range(start, stop))]
        assert list(range(first, last)) == hit
    assert other_letters(np.array([0, 2], np.uint8)).tolist() == [[1, 2, 3], [0, 1, 3]]


def test_units_are_split_and_sum_to_the_whole():
    model, codes = small(), random_codes(1, LENGTH)[0]
    found = pairwise_ism(model, codes, 1)
    table = strongest_pairs(found, codes, 20)
    letters = [table[name].map("ACGT".index) for name in ("to_1", "to_2")]
    places = list(zip(table["position_1"], letters[0], table["position_2"], letters[1]))
    shares = split_into_units(model, codes, 1, places)
    np.testing.assert_allclose(shares.sum(axis=1), table["interaction"], atol=1e-4)
    split = with_units(table, shares)
    best = np.abs(shares).argmax(axis=1)
    assert split["unit"].tolist() == best.tolist()
    np.testing.assert_allclose(split["unit_interaction"], shares[np.arange(20), best])
    # The root mean square of each unit's share, over all pairs.
    weights = model.output_weights()[1].detach().numpy()
    upper = [w * u for w, u in zip(weights, unit_interactions(model, codes))]
    n = 9 * LENGTH * (LENGTH - 1) / 2
    np.testing.assert_allclose(found.units, [np.sqrt((u**2).sum() / n) for u in upper], rtol=1e-4)


def test_the_strongest_of_each_two_positions():
    model, codes = small(), random_codes(1, LENGTH)[0]
    found = pairwise_ism(model, codes, 0)
    table = strongest_pairs(found, codes, 10)
    sizes = table["interaction"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all() and (table["position_1"] < table["position_2"]).all()
    assert sizes[0] == np.abs(found.pairs).max()
    for row in table.itertuples():
        block = found.pairs[row.position_1, :, row.position_2]
        own = block["ACGT".index(row.to_1), "ACGT".index(row.to_2)]
        assert own == row.interaction == found.positions[row.position_2, row.position_1]
        assert abs(own) == np.abs(block).max()


def test_contributions_are_those_of_in_silico_mutagenesis():
    model, codes = small(), random_codes(1, LENGTH)[0]
    scores = ATTRIBUTIONS["ism"](model, codes[None], 1, Options()).scores
    own = (scores * one_hot(codes[None]).numpy())[0].sum(axis=0)
    np.testing.assert_allclose(pairwise_ism(model, codes, 1).contributions, own, atol=1e-5)


def test_the_model_stays_as_it_was():
    model = small().train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    codes = random_codes(1, LENGTH)[0]
    pairwise_ism(model, codes, 0)
    split_into_units(model, codes, 0, [(1, 2, 8, 3)])
    assert model.training
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key])


def test_a_trained_like_network_of_another_kind():
    model = models.build("cnn1", length=LENGTH, n_targets=2, filters=4, filter_size=6, fc_nodes=5)
    codes = random_codes(1, LENGTH)[0]
    found = pairwise_ism(model.eval(), codes, 1, batch_size=64)
    np.testing.assert_allclose(found.pairs, brute_force(model, codes, 1), atol=2e-5)
    assert found.units is None


def test_wrong_sequences_and_targets_are_refused():
    model = small()
    codes = random_codes(1, LENGTH)[0]
    with pytest.raises(InputError, match="target: found 3, but the model has 0 to 2"):
        pairwise_ism(model, codes, 3)
    with pytest.raises(InputError, match="wants sequences of 30 bp, but got one of 31 bp"):
        pairwise_ism(model, np.append(codes, 0).astype(np.uint8), 0)
    codes[7] = 4
    with pytest.raises(InputError, match=r"an unknown base \(N\) at position 8"):
        pairwise_ism(model, codes, 0)
