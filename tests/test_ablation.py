"""Ablation: sites in sequences are found and shuffled, and the rest of the sequence stays."""

import numpy as np
import pytest
import torch
from test_marginalisation import LENGTH, WORDS, hand_made

from workflow_lib import models
from workflow_lib.data.shuffles import dinucleotide_shuffles
from workflow_lib.interpret.ablation import COLUMNS, ablation, best_sites
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


def test_sites_are_where_a_filter_reaches_half_of_its_maximum():
    X, starts = sequences()
    found = best_sites(hand_made(0), X, np.array([1.0, 1.0]))
    assert (found[:, 0] == starts).all() and (found[:, 1] == -1).all()
    assert (best_sites(hand_made(0), X, np.array([2.1, 1.0]))[:, 0] == -1).all()


def test_sites_of_a_first_layer_that_pads_are_counted_from_the_sequences_start():
    torch.manual_seed(0)
    net = models.build("deepstarr", length=LENGTH, n_targets=1).eval()
    X = sequences()[0]
    maps = net.activations(one_hot(X))
    found = best_sites(net, X, np.full(256, 1e-9))
    wanted = np.maximum(maps.argmax(dim=2).numpy() - 3, 0)  # 7 bp, padded by 3
    active = maps.max(dim=2).values.detach().numpy() > 0
    assert (found[active] == wanted[active]).all() and (found[~active] == -1).all()


def test_sites_on_the_reverse_strand_are_found_where_the_units_read_both():
    X, starts = sequences()
    backwards = reverse_complement(X)
    on_reverse = np.where(starts >= 0, LENGTH - 8 - starts, -1)
    assert (best_sites(hand_made(0), backwards, np.ones(2), "both")[:, 0] == on_reverse).all()
    assert (best_sites(hand_made(0), X, np.ones(2), "both")[:, 0] == starts).all()
    assert (best_sites(hand_made(0), backwards, np.ones(2), "forward")[:, 0] == -1).all()


def test_sites_of_the_reverse_strand_of_padded_maps_are_where_the_window_stands():
    torch.manual_seed(0)
    net = models.build("deepstarr", length=LENGTH, n_targets=1).eval()
    X = sequences()[0]
    forward = best_sites(net, X, np.full(256, 1e-9))
    reverse = best_sites(net, reverse_complement(X), np.full(256, 1e-9), "both")
    with torch.no_grad():
        ours, theirs = (net.activations(one_hot(x)) for x in (X, reverse_complement(X)))
    # Those strongest on the other strand, and not at an end, where sites are cut.
    clear = (ours.amax(2) > theirs.amax(2)).numpy() & (forward > 3) & (forward < LENGTH - 10)
    assert clear.sum() > 1000 and (reverse[clear] == LENGTH - 7 - forward[clear]).all()


def test_a_site_exceeds_half_of_the_maximum_where_that_is_asked_for():
    X, starts = sequences()
    half = np.array([2.0, 1.0])  # the word's activation is exactly 1
    assert (best_sites(hand_made(0), X, half)[:, 0] == starts).all()
    assert (best_sites(hand_made(0), X, half, inclusive=False)[:, 0] == -1).all()


def test_a_site_is_worth_what_its_unit_adds():
    X, starts = sequences()
    selected = np.ones((40, 1), dtype=bool)
    selected[5] = False
    table = ablation(hand_made(0), X, selected, {0: starts, 1: np.full(40, -1)}, draws=4)
    assert tuple(table) == COLUMNS
    red, blue = table.iloc[0], table.iloc[1]
    assert red["n_sequences"] == ((starts >= 0) & selected[:, 0]).sum()
    # Unit output 1 times weight 2; shuffles that are the site again do not count.
    assert red["effect"] == red["effect_low"] == pytest.approx(2.0, abs=1e-5)
    assert 0 < red["unchanged"] < 0.5
    assert blue["n_sequences"] == 0 and np.isnan(blue["effect"])


def test_only_the_site_is_shuffled_and_the_mean_over_the_draws_is_taken():
    X, starts = sequences()
    torch.manual_seed(0)
    net = models.build("cnn1", length=LENGTH, n_targets=2, filters=8, filter_size=8).eval()
    net.target_names = ["x", "y"]
    rows = np.flatnonzero(starts >= 0)[:1]
    selected = np.zeros((40, 2), dtype=bool)
    selected[rows, 1] = True
    table = ablation(net, X, selected, {3: starts}, draws=5, seed=7)
    start = starts[rows[0]]
    made = np.repeat(X[rows], 5, axis=0)
    site = X[rows, start : start + 8]
    made[:, start : start + 8] = dinucleotide_shuffles(site, 5, 7)[0]
    changed = (made != X[rows]).any(axis=1)
    with torch.no_grad():
        effect = net(one_hot(X[rows]))[0, 1] - net(one_hot(made[changed]))[:, 1].mean()
    of_y = table[table["target"] == "y"].iloc[0]
    assert of_y["effect"] == pytest.approx(float(effect), abs=1e-5)
    assert of_y[["unit", "n_sequences"]].tolist() == [3, 1]
    assert of_y["unchanged"] == pytest.approx(1 - changed.mean())
    assert table[table["target"] == "x"]["n_sequences"].tolist() == [0]


def test_a_site_that_cannot_be_shuffled_does_not_count():
    X = sequences()[0]
    X[0, 20:28] = 0
    starts = np.where(np.arange(40) == 0, 20, -1)
    table = ablation(hand_made(0), X, np.ones((40, 1), bool), {0: starts}, draws=3)
    assert table["n_sequences"].tolist() == [0] and table["unchanged"].tolist() == [1.0]


def test_without_any_sequence_there_are_no_numbers():
    table = ablation(
        hand_made(0), np.empty((0, LENGTH), np.uint8), np.empty((0, 1), bool), {0: np.empty(0, int)}
    )
    assert table["n_sequences"].tolist() == [0] and table["effect"].isna().all()
