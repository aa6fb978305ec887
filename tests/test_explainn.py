"""ExplaiNN: equal to the plain formulation, to the authors' results, and its promises kept."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from reference_models import as_plain, plain_copy

from workflow_lib.errors import InputError
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.models.layers import dropout
from workflow_lib.models.published import load_explainn
from workflow_lib.one_hot import one_hot


def sequences(n: int, length: int, seed: int = 0) -> torch.Tensor:
    """Random one-hot sequences with runs of a letter (ties in the pooling) and unknown letters."""
    codes = torch.randint(0, 4, (n, length), generator=torch.Generator().manual_seed(seed))
    codes[::3, length // 3 : length // 3 + 15] = 0
    codes[1::4, :3] = 4
    return one_hot(codes.to(torch.uint8))


def model_of(seed: int = 0, length: int = 60, n_targets: int = 3, **options) -> ExplaiNN:
    """A small model whose norms have scales of both signs and running statistics of their own."""
    torch.manual_seed(seed)
    options = {"units": 5, "filter_size": 7, "pool_size": 4, "pool_stride": 3, **options}
    model = ExplaiNN(length, n_targets, **{"fc_nodes": 6, "dropout": 0.0, **options})
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return model


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("strands", ["forward", "shared"])
@pytest.mark.parametrize("fc_layers", range(9))
def test_equals_the_plain_formulation(fc_layers, strands, training):
    model = model_of(fc_layers=fc_layers, strands=strands).train(training)
    plain = plain_copy(model)
    X, wanted = sequences(16, 60), torch.randn(16, 3)
    for net in (model, plain):
        F.mse_loss(net(X), wanted).backward()
    gradients = as_plain(model, gradients=True)
    for key, parameter in plain.named_parameters():
        # Eight norms one after another amplify rounding: gradients are compared on their own scale.
        scale = max(1.0, float(parameter.grad.abs().max()))
        torch.testing.assert_close(
            gradients[key], parameter.grad, rtol=1e-3, atol=2e-4 * scale, msg=key
        )
    for key, value in as_plain(model).items():  # running statistics after this one step
        torch.testing.assert_close(value, plain.state_dict()[key], rtol=1e-4, atol=1e-5, msg=key)
    for net in (model, plain):
        net.eval()
    torch.testing.assert_close(model.units(X), plain.units(X), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model(X), plain(X), rtol=1e-4, atol=1e-4)


def test_shared_strands_read_a_site_on_either_strand_alike():
    model = model_of(fc_layers=0, strands="shared").eval()
    X = sequences(8, 60)
    # Without fully connected layers no position is left, and so no strand either.
    torch.testing.assert_close(model(X), model(X.flip(1, 2)), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(model_of(fc_layers=0).eval()(X), model(X))


@pytest.mark.parametrize("strands", ["forward", "shared"])
@pytest.mark.parametrize("fc_layers", [0, 1, 2])
def test_the_maps_lead_to_the_outputs(fc_layers, strands):
    model = model_of(fc_layers=fc_layers, strands=strands).eval()
    X = sequences(8, 60)
    maps = model.activations(X)
    if strands == "shared":
        maps = torch.maximum(maps, model.activations(X.flip(1, 2)).flip(2))
    torch.testing.assert_close(model.from_activations(maps), model(X), rtol=1e-4, atol=1e-4)


def test_training_outputs_equal_those_of_the_plain_formulation():
    model = model_of()
    X = sequences(16, 60)
    torch.testing.assert_close(plain_copy(model)(X), model(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("training", [True, False])
def test_gradient_of_the_input_equals_that_of_the_plain_formulation(training):
    model = model_of().train(training)
    X = sequences(8, 60)
    found = [
        torch.autograd.grad(net(Z)[:, 1].sum(), Z)[0]
        for net in (plain_copy(model), model)
        for Z in [X.clone().requires_grad_()]
    ]
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-4)


def test_frozen_norm_of_the_filters_is_used_and_left_alone_in_training():
    model = model_of().train()
    model.conv_norm.eval()
    plain = plain_copy(model)
    plain.layers[1].eval()
    before = model.conv_norm.running_mean.clone()
    X = sequences(16, 60)
    torch.testing.assert_close(model(X), plain(X), rtol=1e-4, atol=1e-4)
    assert torch.equal(model.conv_norm.running_mean, before)
    for net in (model, plain):
        net(X).square().mean().backward()
    torch.testing.assert_close(
        model.conv.bias.grad, plain.layers[0].bias.grad, rtol=1e-3, atol=1e-4
    )


def test_equals_the_authors_results(shared):
    golden = np.load(shared / "reference/explainn/golden.npz", allow_pickle=False)
    model = load_explainn(shared / "reference/explainn/model_epoch_best_4.pth")
    assert (model.length, model.n_targets, model.training) == (200, 3, False)
    with torch.no_grad():
        X = one_hot(golden["sequence"])
        logits, units = model(X).numpy(), model.units(X).numpy()
    assert np.abs(logits - golden["logit"]).max() < 1e-4
    assert np.abs(units[golden["correct"]] - golden["unit_output"]).max() < 1e-4


@pytest.mark.parametrize("fc_layers", range(5))
def test_reads_the_layout_of_the_authors_checkpoints(tmp_path, fc_layers):
    model = model_of(
        length=53, fc_layers=fc_layers, pool_size=7, pool_stride=7, fc_nodes=100
    ).eval()
    torch.save(authors_layout(model), tmp_path / "model.pth")
    loaded = load_explainn(tmp_path / "model.pth", length=53)
    X = sequences(6, 53)
    torch.testing.assert_close(loaded(X), model(X))


def authors_layout(model: ExplaiNN) -> dict[str, torch.Tensor]:
    """Names and shapes as the authors save them, worked out from their network's definition."""
    depth = len(model.fc)
    linear = {1: ["linears.6"], 2: ["linears.6", "linears.10"]}.get(
        depth,
        ["linears.6", *(f"linears_bg.{i}.1" for i in range(depth - 2)), "last_linear.1"]
        * (depth > 0),
    )
    norm = [f"{name[: name.rindex('.')]}.{int(name.split('.')[-1]) + 1}" for name in linear]
    order = ["linears.0", "linears.1", *itertools.chain(*zip(linear, norm, strict=True)), "final"]
    kinds = [
        [key for key in as_plain(model) if key.startswith(prefix)] for prefix in prefixes(model)
    ]
    return {
        f"{name}.{key.rpartition('.')[2]}": as_plain(model)[key]
        for name, keys in zip(order, kinds, strict=True)
        for key in keys
    }


def prefixes(model: ExplaiNN) -> list[str]:
    """The plain network's names of the layers with weights, in order."""
    return list(dict.fromkeys(key.rpartition(".")[0] + "." for key in as_plain(model)))


def test_refuses_what_is_not_such_a_checkpoint(tmp_path):
    (tmp_path / "text.pth").write_text("<html>not found</html>")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    for name in ("text.pth", "other.pth", "absent.pth"):
        with pytest.raises(InputError, match=name):
            load_explainn(tmp_path / name)


@pytest.mark.parametrize("non_negative", [False, True])
def test_contributions_and_bias_sum_to_the_logit(non_negative):
    model = model_of(non_negative=non_negative).eval()
    X = sequences(9, 60)
    parts = model.contributions(X)
    assert parts.shape == (9, 5, 3)
    torch.testing.assert_close(parts.sum(1) + model.final.bias, model(X))


def test_activations_are_those_that_the_units_pool():
    model = model_of(fc_layers=0).eval()
    X = sequences(9, 60)
    activations = model.activations(X)
    assert activations.shape == (9, 5, 54) and activations.is_contiguous()
    torch.testing.assert_close(activations.amax(2), model.units(X))


def test_batch_size_changes_nothing_in_eval_mode():
    model = model_of().eval()
    X = sequences(20, 60)
    with torch.no_grad():
        for size in (1, 7, 20):
            parts = torch.cat([model(part) for part in X.split(size)])
            torch.testing.assert_close(parts, model(X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("fc_layers", "shortest"), [(0, 19), (1, 25), (2, 25), (3, 25)])
def test_shortest_input(fc_layers, shortest):
    model = ExplaiNN(shortest, 2, units=3, fc_layers=fc_layers)
    assert model(sequences(4, shortest)).shape == (4, 2)
    with pytest.raises(InputError, match=rf"{shortest - 1} bp.* {shortest} bp"):
        ExplaiNN(shortest - 1, 2, units=3, fc_layers=fc_layers)


@pytest.mark.parametrize(
    "options", [{"units": 0}, {"fc_layers": 9}, {"dropout": 1.0}, {"pool_stride": 0}]
)
def test_refuses_values_out_of_range(options):
    with pytest.raises(InputError, match=next(iter(options))):
        ExplaiNN(200, 2, **options)


def test_refuses_sequences_of_another_length_and_batches_of_one_in_training():
    model = model_of()
    with pytest.raises(InputError, match="60.*61"):
        model(sequences(4, 61))
    with pytest.raises(InputError, match="batch of one"):
        model(sequences(1, 60))


def test_dropout_is_off_in_eval_mode_and_on_in_training():
    model = model_of(dropout=0.5, fc_nodes=50)
    X = sequences(16, 60)
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))


@pytest.mark.parametrize("rate", [0.03, 0.3, 0.5, 0.9])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate):
    torch.manual_seed(0)
    x = torch.ones(10, 100, 1003)
    out = dropout(x.clone(), rate, training=True)
    kept = out != 0
    share = kept.float().mean().item()
    assert share == pytest.approx(1 - rate, abs=4 * (rate * (1 - rate) / x.numel()) ** 0.5)
    torch.testing.assert_close(out[kept], torch.full_like(out[kept], 1 / (1 - rate)))
    # neighbours along every axis are dropped independently
    for axis in range(3):
        pair = kept.narrow(axis, 0, kept.shape[axis] - 1) & kept.narrow(
            axis, 1, kept.shape[axis] - 1
        )
        assert pair.float().mean().item() == pytest.approx((1 - rate) ** 2, abs=0.005)


def test_dropout_follows_the_global_generator():
    x = torch.ones(4, 5, 6)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first, second = dropout(x.clone(), 0.5, True), dropout(x.clone(), 0.5, True)
    torch.set_rng_state(state)
    assert torch.equal(dropout(x.clone(), 0.5, True), first)
    assert torch.equal(dropout(x.clone(), 0.5, True), second)
    assert not torch.equal(first, second)


def test_non_negative_weights_stay_so_and_can_rise_again():
    model = model_of(non_negative=True)
    X, wanted = sequences(32, 60), torch.randn(32, 3)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    values = []
    for _ in range(30):
        optimiser.zero_grad()
        F.mse_loss(model(X), wanted).backward()
        optimiser.step()
        values.append(model.output_weights().detach().clone())
    stacked = torch.stack(values)
    assert (stacked >= 0).all() and (stacked == 0).any()
    assert ((stacked[:-1] == 0) & (stacked[1:] > 0)).any()
    assert (model_of().output_weights() < 0).any()


def test_activations_stay_float32_under_autocast():
    model = model_of().eval()
    X = sequences(8, 60)
    with torch.no_grad():
        exact = model.activations(X), model.units(X)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            activations, units, pooled = model.activations(X), model.units(X), model._pooled(X)
    assert activations.dtype == units.dtype == pooled.dtype == torch.float32
    assert torch.equal(activations, exact[0])  # no step of it went through bfloat16
    torch.testing.assert_close(units, exact[1], rtol=0.1, atol=0.1)


def test_trains_under_autocast():
    model = model_of(dropout=0.3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(sequences(8, 60)).float().square().mean()
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
