"""Ablation: sites in sequences are found and shuffled, and the rest of the sequence stays."""

import numpy as np
import pytest
import torch
from test_marginalisation import LENGTH, WORDS, hand_made

from workflow_lib import models
from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.interpret.ablation import (
    COLUMNS,
    Sites,
    _other_shuffles,
    _shuffled,
    ablation,
    find_sites,
)
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import encode, reverse_complement


def sequences() -> tuple[np.ndarray, np.ndarray]:
    """Random sequences with `red` at known places in some; these places, -1 = none."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (40, LENGTH)).astype(np.uint8)
    starts = np.where(np.arange(40) % 3 == 0, -1, rng.integers(0, LENGTH - 8, 40))
    for row, start in zip(X, starts, strict=True):
        if start >= 0:
            row[start : start + 8] = encode([WORDS["red"]])[0]
    return X, starts


def of_filter(starts: np.ndarray, width: int = 8) -> Sites:
    """Sites that start there in each sequence, -1 = none."""
    rows = np.flatnonzero(starts >= 0)
    return Sites(rows, starts[rows], starts[rows] + width)


def found(net, X, maximum=(1.0, 1.0), **options) -> dict[int, list[tuple[int, int, int]]]:
    sites = find_sites(net, X, dict(enumerate(maximum)), **options)
    return {unit: list(zip(*map(np.ndarray.tolist, of), strict=True)) for unit, of in sites.items()}


def listed(starts: np.ndarray) -> list[tuple[int, int, int]]:
    return [(i, s, s + 8) for i, s in enumerate(starts.tolist()) if s >= 0]


def test_sites_are_where_a_filter_reaches_half_of_its_maximum():
    X, starts = sequences()
    assert found(hand_made(0), X) == {0: listed(starts), 1: []}
    assert found(hand_made(0), X, (2.1, 1.0)) == {0: [], 1: []}
    only = find_sites(hand_made(0), X, {1: 1.0, 0: 1.0})
    assert list(only) == [1, 0] and only[0].start.tolist() == starts[starts >= 0].tolist()
    assert find_sites(hand_made(0), X, {}) == {}


def test_all_sites_of_a_sequence_are_found_and_overlapping_ones_are_one():
    X = np.full((3, LENGTH), 2, np.uint8)
    red = encode([WORDS["red"]])[0]
    for start in (5, 13, 60):  # the first two touch
        X[1, start : start + 8] = red
    assert found(hand_made(0), X)[0] == [(1, 5, 13), (1, 13, 21), (1, 60, 68)]
    net = hand_made(0)
    with torch.no_grad():  # AA anywhere in it
        net.conv.weight[0] = 0
        net.conv.weight[0, 0, :2] = 30
        net.conv.bias[0] = -60
    X = np.full((2, LENGTH), 2, np.uint8)
    X[0, 30:35], X[1, 40:42], X[1, 45:47], X[1, 50:52] = 0, 0, 0, 0
    assert found(net, X)[0] == [(0, 30, 41), (1, 40, 58)]


def test_sites_of_a_first_layer_that_pads_are_counted_from_the_sequences_start():
    torch.manual_seed(0)
    net = models.build("deepstarr", length=LENGTH, n_targets=1).eval()
    X = sequences()[0]
    maps = net.activations(one_hot(X)).detach().numpy()
    sites = find_sites(net, X, dict.fromkeys(range(256), 1e-9))
    for unit in range(0, 256, 16):
        covered = np.zeros((40, LENGTH), dtype=bool)
        for row, place in zip(*np.nonzero(maps[:, unit] > 1e-9), strict=True):
            covered[row, max(place - 3, 0) : place + 4] = True  # 7 bp, padded by 3
        ours = np.zeros_like(covered)
        for row, start, end in zip(*sites[unit], strict=True):
            assert not ours[row, start:end].any()
            ours[row, start:end] = True
        assert (covered == ours).all()


def test_of_a_window_that_begins_before_the_sequence_only_what_lies_in_it_is_shuffled():
    torch.manual_seed(0)
    net = models.build("deepstarr", length=LENGTH, n_targets=1).eval()
    # Padded by 3: a filter for NNACGTA at place 1 covers the first five bases.
    word = encode(["ACGTA"])[0]
    with torch.no_grad():
        net.first[0].weight[0] = 0
        net.first[0].weight[0, :, 2:] = one_hot(word[None])[0]
        net.first[0].bias[0] = -4.5
    X = np.full((2, LENGTH), 2, np.uint8)
    X[:, :5], X[:, -4:] = word, 3
    X[1, 5:13] = encode(["CATTCATC"])[0]
    sites = find_sites(net, X, {0: 0.5})[0]
    assert list(zip(*map(list, sites), strict=True)) == [(0, 0, 5), (1, 0, 5)]
    made, _ = _shuffled(X, sites, np.arange(2), 20, 0)
    assert (made[:, :, 5:] == X[:, None, 5:]).all()


def test_sites_on_the_reverse_strand_are_found_where_the_units_read_both():
    X, starts = sequences()
    backwards = reverse_complement(X)
    on_reverse = np.where(starts >= 0, LENGTH - 8 - starts, -1)
    assert found(hand_made(0), backwards, strands="both")[0] == listed(on_reverse)
    assert found(hand_made(0), X, strands="both")[0] == listed(starts)
    assert found(hand_made(0), backwards, strands="forward")[0] == []


def test_a_site_exceeds_half_of_the_maximum_where_that_is_asked_for():
    X, starts = sequences()
    half = (2.0, 1.0)  # the word's activation is exactly 1
    assert found(hand_made(0), X, half)[0] == listed(starts)
    assert found(hand_made(0), X, half, inclusive=False)[0] == []


def test_of_two_copies_neither_hides_what_the_other_is_worth():
    X, starts = sequences()
    copy = np.where(starts >= LENGTH // 2, 3, LENGTH - 20)
    for row, start in enumerate(copy):
        if starts[row] >= 0:
            X[row, start : start + 8] = encode([WORDS["red"]])[0]
    sites = find_sites(hand_made(0), X, {0: 1.0})
    table = ablation(hand_made(0), X, np.ones((40, 1), bool), sites, draws=4)
    (row,) = table.itertuples()
    # The unit takes the maximum of its map: one copy is enough, both gone are worth 2.
    assert row.effect == row.effect_low == pytest.approx(2.0, abs=1e-5)
    assert row.sites_per_sequence == 2.0 and row.n_sequences == (starts >= 0).sum()


def test_a_site_is_worth_what_its_unit_adds():
    X, starts = sequences()
    selected = np.ones((40, 1), dtype=bool)
    selected[5] = False
    sites = {0: of_filter(starts), 1: of_filter(np.full(40, -1))}
    table = ablation(hand_made(0), X, selected, sites, draws=4)
    assert tuple(table) == COLUMNS
    red, blue = table.iloc[0], table.iloc[1]
    assert red["n_sequences"] == ((starts >= 0) & selected[:, 0]).sum()
    # Unit output 1 times weight 2; no shuffle is the site again.
    assert red["effect"] == red["effect_low"] == pytest.approx(2.0, abs=1e-5)
    assert red["unchanged"] == 0 and red["sites_per_sequence"] == 1
    assert blue["n_sequences"] == 0 and np.isnan(blue["effect"])
    few = selected & (np.arange(40) < 5)[:, None]
    table = ablation(hand_made(0), X, few, sites, draws=4)
    assert 0 < table["n_sequences"].iloc[0] < 6 and table["effect_low"].isna().all()
    kinds = {kind.kind for kind in table[list(COLUMNS[3:])].dtypes}
    assert kinds == {"f"}  # else "nan" is written as a word


def test_only_the_site_is_shuffled_and_the_mean_over_the_draws_is_taken():
    X, starts = sequences()
    torch.manual_seed(0)
    net = models.build("cnn1", length=LENGTH, n_targets=2, filters=8, filter_size=8).eval()
    net.target_names = ["x", "y"]
    rows = np.flatnonzero(starts >= 0)[:1]
    selected = np.zeros((40, 2), dtype=bool)
    selected[rows, 1] = True
    table = ablation(net, X, selected, {3: of_filter(starts)}, draws=5, seed=7)
    start = starts[rows[0]]
    made = np.repeat(X[rows], 5, axis=0)
    site = X[rows, start : start + 8]
    tried = dinucleotide_shuffles(site, 20, 7)[0]
    made[:, start : start + 8] = tried[(tried != site).any(axis=1)][:5]
    assert (made != X[rows]).any(axis=1).all()
    with torch.no_grad():
        effect = net(one_hot(X[rows]))[0, 1] - net(one_hot(made))[:, 1].mean()
    of_y = table[table["target"] == "y"].iloc[0]
    assert of_y["effect"] == pytest.approx(float(effect), abs=1e-5)
    assert of_y[["unit", "n_sequences"]].tolist() == [3, 1]
    assert of_y["unchanged"] == 0
    assert table[table["target"] == "x"]["n_sequences"].tolist() == [0]


def test_a_site_that_cannot_be_shuffled_does_not_count():
    X = sequences()[0]
    X[0, 20:28] = 0
    starts = np.where(np.arange(40) < 2, 20, -1)
    table = ablation(hand_made(0), X, np.ones((40, 1), bool), {0: of_filter(starts)}, draws=3)
    assert table["n_sequences"].tolist() == [1] and table["unchanged"].tolist() == [0.5]
    # Nor does another site of the same sequence.
    both = Sites(np.array([0, 0]), np.array([20, 50]), np.array([28, 58]))
    table = ablation(hand_made(0), X, np.ones((40, 1), bool), {0: both}, draws=3)
    assert table["n_sequences"].tolist() == [0] and table["unchanged"].tolist() == [1.0]
    assert table["sites_per_sequence"].isna().all()


def test_where_few_shuffles_differ_they_are_taken_again():
    codes = encode(["AAGAA", "ACGTA"])  # two other ones, none
    shuffles, differs = _other_shuffles(codes, 30, 0)
    assert differs.tolist() == [True, False] and shuffles.shape == (2, 30, 5)
    others = encode(["AGAAA", "AAAGA"]).tolist()
    assert sorted(map(list, {tuple(row.tolist()) for row in shuffles[0]})) == sorted(others)


def test_without_any_sequence_there_are_no_numbers():
    table = ablation(
        hand_made(0),
        np.empty((0, LENGTH), np.uint8),
        np.empty((0, 1), bool),
        {0: of_filter(np.empty(0, int))},
    )
    assert table["n_sequences"].tolist() == [0] and table["effect"].isna().all()
