"""Filters that start from known motifs: what they are, and what of them stays in a training."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from workflow_lib import models
from workflow_lib.errors import InputError
from workflow_lib.initial_filters import (
    filter_weights,
    of_model_entry,
    read_matrices,
    starting_filters,
    starting_units,
    write_matrices,
)
from workflow_lib.motif import Motif
from workflow_lib.motifs.jaspar import count_matrices
from workflow_lib.one_hot import one_hot, reverse_complement
from workflow_lib.train import training
from workflow_lib.train.checkpoint import Checkpoint


def counts(width, seed=0, total=50):
    rng = np.random.default_rng(seed)
    return rng.multinomial(total, rng.dirichlet(np.ones(4) / 3), width).T.astype(float)


def motifs(n=6, width=8):
    return [Motif(f"M{i}", f"TF{i}", counts(width + i, seed=i)) for i in range(n)]


@pytest.mark.parametrize(
    ("width", "first"), [(6, 6), (7, 6), (10, 4), (18, 0), (19, 0)]
)  # FIGURES.md, section 4
def test_a_short_motif_is_centred(width, first):
    weights = filter_weights(np.tile([[7.0], [1], [1], [1]], width), 19)
    filled = np.flatnonzero(weights.any(axis=0))
    assert (filled[0], len(filled)) == (first, width)
    np.testing.assert_allclose(weights[:, first], [0.45, -0.15, -0.15, -0.15])


def test_a_long_motif_loses_the_end_whose_largest_weight_is_smaller():
    heights = [0.3, 0.9, 0.5, 0.8, 0.4, 0.35]  # the largest probability of each column
    matrix = np.array([[p, *[(1 - p) / 3] * 3] for p in heights]).T * 40
    np.testing.assert_allclose(filter_weights(matrix, 4)[0] + 0.25, heights[1:5])
    np.testing.assert_allclose(filter_weights(matrix, 3)[0] + 0.25, heights[1:4])
    # Equal ends: the left one first, then the right one, as more were dropped on the left.
    equal = np.array([[p, *[(1 - p) / 3] * 3] for p in (0.5, 0.5, 0.9, 0.5, 0.5)]).T
    np.testing.assert_allclose(filter_weights(equal, 3)[0] + 0.25, [0.5, 0.9, 0.5])
    np.testing.assert_allclose(filter_weights(equal, 4)[0] + 0.25, [0.5, 0.9, 0.5, 0.5])


def test_the_published_filters_come_out_bit_for_bit(shared, tmp_path):
    with np.load(shared / "reference/jaspar_filters/filters_19.npz") as file:  # noqa: TID251
        keys, published = file["key"], file["weights"]
    write_matrices(tmp_path / "m.tsv", count_matrices("JASPAR2020"))
    known = read_matrices(tmp_path / "m.tsv")
    start = starting_filters(known, starting_units(known, None, None, True), 19)
    strands = {"+": "fwd", "-": "rev"}
    ours = {
        f"{unit.profile};{strands[unit.strand]}": weights
        for unit, weights in zip(start.units.itertuples(), start.weights)
    }
    assert len(ours) == len(keys) == 1492 and start.weights.dtype == np.float32
    for key, weights in zip(keys, published):
        assert np.array_equal(ours[key.rpartition(";")[0]], weights), key


def test_matrices_keep_every_digit(tmp_path):
    rng = np.random.default_rng(0)
    written = [Motif("a", "", rng.random((4, 9))), Motif("007", "NA", counts(5))]
    write_matrices(tmp_path / "m.tsv", written)
    found = read_matrices(tmp_path / "m.tsv")
    assert [(motif.id, motif.name) for motif in found] == [("a", ""), ("007", "NA")]
    for one, other in zip(written, found):
        assert np.array_equal(one.probabilities, other.probabilities)
    write_matrices(tmp_path / "m.tsv", [])
    with pytest.raises(InputError, match="no motifs in it"):
        read_matrices(tmp_path / "m.tsv")


def test_what_n_and_both_strands_count():
    known = motifs(3)
    units = starting_units(known, None, 2, True)
    assert units["profile"].tolist() == ["M0", "M0", "M1", "M1"]
    assert units["strand"].tolist() == ["+", "-", "+", "-"]
    assert units["name"].tolist() == ["TF0", "TF0", "TF1", "TF1"]
    assert len(starting_units(known, None, None, False)) == 3
    # An order of single strands is taken as it is, also where its first ones are all forward.
    order = pd.DataFrame({"profile": ["M2", "M0", "M0", "M1"], "strand": ["+", "+", "-", "-"]})
    assert starting_units(known, order, 2, True)["profile"].tolist() == ["M2", "M0"]
    profiles = pd.DataFrame({"profile": ["M2", "M0", "M1"], "strand": "+"})
    assert starting_units(known, profiles, 1, True)["strand"].tolist() == ["+", "-"]
    with pytest.raises(InputError, match="found n: 4, but there are 3 motifs in the set"):
        starting_units(known, None, 4, True)
    with pytest.raises(InputError, match="n: 5, but there are 4 motifs and reverse complements"):
        starting_units(known, order, 5, True)


def test_a_motif_without_information_is_refused_and_long_ones_are_said(caplog):
    caplog.set_level("INFO")
    known = [*motifs(2, width=12), Motif("flat", "", np.full((4, 5), 3.0))]
    with pytest.raises(InputError, match="the motif flat has no information in 12 positions"):
        starting_filters(known, starting_units(known, None, None, True), 12)
    found = starting_filters(known, starting_units(known, None, 2, True), 12)
    assert "1 motifs are longer than the filters and lose weak ends: M1" in caplog.text
    assert np.array_equal(found.weights[1], found.weights[0][::-1, ::-1])


def test_another_number_of_units_is_refused(tmp_path):
    write_matrices(tmp_path / "m.tsv", motifs(3))
    source = {"n": 2, "both_strands": True, "filter_size": 11, "order": None}
    entry = {"filters_from": source, "hyperparameters": {"units": 4}}
    assert of_model_entry(entry, {"matrices": tmp_path / "m.tsv"}).weights.shape == (4, 4, 11)
    entry["hyperparameters"]["units"] = 5
    with pytest.raises(InputError, match="units: found 5, but filters_from gives 4 filters"):
        of_model_entry(entry, {"matrices": tmp_path / "m.tsv"})


# --- training -----------------------------------------------------------------------------------

FILTERS = ("conv.weight", "conv.bias", "conv_norm.weight", "conv_norm.bias")
RUNNING = ("conv_norm.running_mean", "conv_norm.running_var", "conv_norm.num_batches_tracked")
# The bias is cancelled by the batch norm after it: no loss depends on it, frozen or not.
STAYS = {
    "none": set(),
    "weights": {"conv.weight"},
    "filter": {*FILTERS, *RUNNING},
}
LEARNS = {
    "none": {"conv.weight", "conv_norm.weight", "conv_norm.bias", *RUNNING},
    "weights": {"conv_norm.weight", "conv_norm.bias", *RUNNING},
    "filter": set(),
}
SETTINGS = training.Settings(learning_rate=0.01, batch_size=16, max_epochs=3, patience=None)


def examples(n=80, length=40, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    return training.Examples(codes, rng.integers(0, 2, (n, 2)).astype(np.float32))


def started(freeze, settings=SETTINGS, data=None, **hyperparameters):
    """A model with filters of motifs, as the rule train makes it."""
    known = motifs(3)
    start = starting_filters(known, starting_units(known, None, None, True), 9)
    torch.manual_seed(0)
    options = {"units": 6, "filter_size": 9, "fc_nodes": 5} | hyperparameters
    model = models.build("explainn", length=40, n_targets=2, **options)
    model.start_filters(torch.from_numpy(start.weights), freeze)
    if freeze == "filter":
        model.calibrate(training.batches(data or examples(), settings, "cpu"))
    assert np.array_equal(model.conv.weight.detach().numpy(), start.weights)
    return model


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def train(model, settings=SETTINGS, checkpoint=None):
    training.fit(model, examples(), examples(20, seed=1), "binary", settings, "cpu", checkpoint)
    return model


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("options", [{}, {"strands": "shared"}, {"fc_layers": 0}])
@pytest.mark.parametrize("freeze", ["none", "weights", "filter"])
def test_what_is_frozen_stays_byte_for_byte_and_the_rest_learns(tmp_path, freeze, options, resumed):
    model = started(freeze, **options)
    before = state(model)
    if resumed:
        checkpoint = Checkpoint(tmp_path / "state.pt", "one")
        train(model, dataclasses.replace(SETTINGS, max_epochs=1), checkpoint)
        model = train(started(freeze, **options), checkpoint=checkpoint)
        whole = train(started(freeze, **options))
        assert all(torch.equal(v, state(whole)[name]) for name, v in state(model).items())
    else:
        train(model)
    same = {name for name, value in state(model).items() if torch.equal(value, before[name])}
    assert STAYS[freeze] <= same
    assert not LEARNS[freeze] & same
    assert "final.weight" not in same and not any(name.startswith("fc.") for name in same
                                                  if name.endswith(".weight"))  # fmt: skip


def test_the_other_initial_weights_are_those_of_the_seed_without_motifs():
    torch.manual_seed(0)
    plain = models.build(
        "explainn", length=40, n_targets=2, units=6, filter_size=9, fc_nodes=5
    ).state_dict()
    found = started("weights").state_dict()
    differing = [name for name in plain if not torch.equal(plain[name], found[name])]
    assert differing == ["conv.weight"]


@pytest.mark.parametrize("both_strands", [False, True])
@pytest.mark.parametrize("strands", ["forward", "shared"])
def test_the_norm_is_calibrated_on_all_training_examples(strands, both_strands):
    settings = dataclasses.replace(SETTINGS, both_strands=both_strands, batch_size=2)
    data = examples(77)
    model = started("filter", settings, data, strands=strands)
    codes = torch.from_numpy(data.X)
    if both_strands:
        codes = torch.cat([codes, reverse_complement(codes)])
    X = one_hot(codes)
    maps = [torch.nn.functional.conv1d(X, model.conv.weight, model.conv.bias)]
    if strands == "shared":
        maps.append(torch.nn.functional.conv1d(X.flip(1, 2), model.conv.weight, model.conv.bias))
    values = torch.cat(maps).transpose(0, 1).flatten(1).double()
    norm = model.conv_norm
    np.testing.assert_allclose(norm.running_mean, values.mean(1).detach(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(norm.running_var, values.var(1).detach(), rtol=1e-4)
    with pytest.raises(InputError, match="no sequences to calibrate"):
        model.calibrate([])


def test_a_frozen_norm_stays_in_eval_mode():
    model = started("filter")
    assert model.train() is model and model.training and not model.conv_norm.training
    assert model.fc[0].norm.training
    assert started("weights").train().conv_norm.training


def test_filter_lr_scales_the_steps_of_the_filters_alone():
    """Adam's first step is the learning rate, whatever the gradient."""
    moved = {}
    for factor in (1.0, 0.1):
        data = training.Examples(*(a[:16] for a in examples()))
        settings = training.Settings(0.01, 100, 1, None, False, filter_lr=factor)
        model = started("none")
        before = state(model)
        training.fit(model, data, data, "binary", settings)
        after = state(model)
        moved[factor] = {name: (after[name] - before[name]).abs().max().item() for name in
                         ("conv.weight", "conv_norm.weight", "final.weight")}  # fmt: skip
    assert moved[1.0]["conv.weight"] == pytest.approx(0.01, rel=1e-2)
    assert moved[0.1]["conv.weight"] == pytest.approx(0.001, rel=1e-2)
    for name in ("conv_norm.weight", "final.weight"):
        assert moved[0.1][name] == moved[1.0][name] > 0.009
