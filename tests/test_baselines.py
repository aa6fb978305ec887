"""The compared networks: sizes as the papers say, published weights, what interpretation needs."""

import copy
import re

import numpy as np
import pytest
import torch
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.models import MODELS, build
from workflow_lib.models.layers import Dropout
from workflow_lib.models.published import load_deepstarr
from workflow_lib.one_hot import one_hot
from workflow_lib.train.inference import with_folded_norms

# The length that each architecture was made for.
LENGTHS = {"deepstarr": 249, "aitac": 251}
BASELINES = [name for name in MODELS if name != "explainn"]


def sequences(n: int, length: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return one_hot(rng.integers(0, 4, (n, length), dtype=np.uint8))


def made(name: str, n_targets: int = 50, **options) -> torch.nn.Module:
    torch.manual_seed(0)
    return build(name, length=LENGTHS.get(name, 200), n_targets=n_targets, **options)


def conv(inputs: int, filters: int, size: int, norm: bool = True) -> int:
    """Weights, biases and (with batch norm) scales and shifts."""
    return filters * (inputs * size + 1 + 2 * norm)


def linear(inputs: int, outputs: int, norm: bool = True) -> int:
    return outputs * (inputs + 1 + 2 * norm)


def lstm(inputs: int, nodes: int) -> int:
    """Both directions: four gates, each with two weight matrices and two biases."""
    return 2 * 4 * nodes * (inputs + nodes + 2)


# By hand from each description; flattened: 100 x 26, 1000, 13 x 640, 1800, 1000.
CNN1 = conv(4, 100, 19) + linear(2600, 1000) + linear(1000, 1000) + linear(1000, 50, False)
PARAMETERS = {
    "cnn1": CNN1,
    "cnn1exp": CNN1,
    "deepcnn": conv(4, 100, 19) + conv(100, 200, 7) + conv(200, 200, 4)
    + linear(1000, 1000) + linear(1000, 1000) + linear(1000, 50, False),
    "danq": conv(4, 320, 26, False) + lstm(320, 320) + lstm(640, 320)
    + linear(8320, 925, False) + linear(925, 50, False),
    "deepstarr": conv(4, 256, 7) + conv(256, 60, 3) + conv(60, 60, 5) + conv(60, 120, 3)
    + linear(1800, 256) + linear(256, 256) + linear(256, 50, False),
    "aitac": conv(4, 300, 19) + conv(300, 200, 11) + conv(200, 200, 7)
    + linear(1000, 1000, False) + linear(1000, 1000, False) + linear(1000, 50, False),
}  # fmt: skip


DENSE = ["linear 1000", "norm", "relu", "drop 0.3"] * 2
CONV3 = ["norm", "relu", "pool 3/3"]
# As the paper's Methods describe them ("Model architectures"); AI-TAC, which they do not, as its
# authors' code: each of its blocks pools before it normalises.
LAYERS = {
    "cnn1": ["conv 100 x 19", "norm", "relu", "pool 7/7", "flatten", *DENSE, "linear 50"],
    "cnn1exp": ["conv 100 x 19", "norm", "exp", "pool 7/7", "flatten", *DENSE, "linear 50"],
    "deepcnn": ["conv 100 x 19", *CONV3, "conv 200 x 7", *CONV3, "conv 200 x 4", *CONV3, "flatten",
                *DENSE, "linear 50"],
    "danq": ["conv 320 x 26", "relu", "drop 0.2", "pool 13/13", "2 lstm 320 drop 0.5", "drop 0.5",
             "flatten", "linear 925", "relu", "linear 50"],
    "deepstarr": ["conv 256 x 7 pad 3", "norm", "relu", "pool 2/2",
                  "conv 60 x 3 pad 1", "norm", "relu", "pool 2/2",
                  "conv 60 x 5 pad 2", "norm", "relu", "pool 2/2",
                  "conv 120 x 3 pad 1", "norm", "relu", "pool 2/2", "flatten",
                  *["linear 256", "norm", "relu", "drop 0.4"] * 2, "linear 50"],
    "aitac": ["conv 300 x 19 pad 9", "relu", "pool 3/3 pad 1", "norm",
              "conv 200 x 11 pad 5", "relu", "pool 4/4 pad 1", "norm",
              "conv 200 x 7 pad 3", "relu", "pool 4/4 pad 1", "norm", "flatten",
              *["linear 1000", "relu", "drop 0.03"] * 2, "linear 50"],
}  # fmt: skip


def described(layer: torch.nn.Module) -> str:
    """A layer in the words of LAYERS."""
    pad = f" pad {p}" if (p := max(np.ravel(getattr(layer, "padding", 0)))) else ""
    match type(layer).__name__:
        case "Conv1d":
            return f"conv {layer.out_channels} x {layer.kernel_size[0]}{pad}"
        case "MaxPool1d":
            return f"pool {layer.kernel_size}/{layer.stride}{pad}"
        case "OverPositions":
            lstm = layer.lstm
            assert lstm.bidirectional
            return f"{lstm.num_layers} lstm {lstm.hidden_size} drop {lstm.dropout}"
        case "Linear":
            return f"linear {layer.out_features}"
        case "Dropout":
            return f"drop {layer.p}"
        case other:
            return {"BatchNorm1d": "norm", "ReLU": "relu", "Exp": "exp", "Flatten": "flatten"}[
                other
            ]


@pytest.mark.parametrize("name", BASELINES)
def test_layers_sizes_and_dropouts_come_in_the_published_order(name):
    model = made(name)
    assert [described(layer) for layer in (*model.first, *model.rest)] == LAYERS[name]


def test_explainn_has_the_sizes_and_the_dropout_of_the_paper():
    found = made("explainn").hyperparameters
    assert found == {
        "units": 100, "filter_size": 19, "pool_size": 7, "pool_stride": 7, "fc_layers": 2,
        "fc_nodes": 100, "dropout": 0.3, "non_negative": False, "strands": "forward",
    }  # fmt: skip


@pytest.mark.parametrize("name", BASELINES)
def test_number_of_parameters_follows_from_the_description(name):
    assert sum(p.numel() for p in made(name).parameters()) == PARAMETERS[name]


def test_danq_with_one_layer_is_smaller_by_that_layer():
    sizes = [
        sum(p.numel() for p in made("danq", lstm_layers=layers).parameters()) for layers in (1, 2)
    ]
    assert sizes[1] - sizes[0] == lstm(640, 320)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("length", [150, 300])
def test_any_length_will_do(name, length):
    model = build(name, length=length, n_targets=3).eval()
    assert model(sequences(2, length)).shape == (2, 3)


@pytest.mark.parametrize("name", BASELINES)
def test_the_shortest_length_is_named_and_works(name):
    with pytest.raises(InputError, match=f"{name}: the sequences are 4 bp long") as caught:
        build(name, length=4, n_targets=1)
    shortest = int(re.search(r"at least (\d+) bp", str(caught.value))[1])
    assert build(name, length=shortest, n_targets=1).eval()(sequences(2, shortest)).shape == (2, 1)
    with pytest.raises(InputError, match=f"at least {shortest} bp"):
        build(name, length=shortest - 1, n_targets=1)


@pytest.mark.parametrize("name", BASELINES)
def test_wrong_values_and_wrong_sequences_are_refused(name):
    model = made(name)
    with pytest.raises(InputError, match=rf"\(n, 4, {model.length}\), but got .*\(2, 4, 50\)"):
        model(sequences(2, 50))
    with pytest.raises(InputError, match=f"{name}: dropout is 1.5"):
        made(name, dropout=1.5)
    with pytest.raises(InputError, match=f"{name}: fc_nodes is 0"):
        made(name, fc_nodes=0)


@pytest.mark.parametrize("name", MODELS)
def test_the_first_layer_can_be_read_and_the_rest_follows_from_it(name):
    model = made(name, n_targets=3).eval()
    X = sequences(4, model.length)
    with torch.no_grad():
        maps = model.activations(X)
        torch.testing.assert_close(model.from_activations(maps), model(X), rtol=1e-4, atol=1e-4)
    assert maps.dtype == torch.float32 and (maps >= 0).all()
    filters = model.conv.weight if name == "explainn" else model.first[0].weight
    assert maps.shape[1] == len(filters) and model.filter_size == filters.shape[2]


@pytest.mark.parametrize("name", MODELS)
def test_folded_batch_norms_change_no_prediction(name):
    model = made(name)
    with torch.no_grad():
        model.train()(sequences(50, model.length))  # statistics of their own
        for norm in (layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d)):
            norm.weight.uniform_(0.5, 2)
            norm.bias.uniform_(-1, 1)
        X, state = sequences(4, model.length), copy.deepcopy(model.state_dict())
        folded = with_folded_norms(model)
        torch.testing.assert_close(folded(X), model.eval()(X), rtol=1e-4, atol=1e-5)
    left = [layer for layer in folded.modules() if isinstance(layer, nn.BatchNorm1d)]
    # Those of fully connected layers; AI-TAC has its own after pooling.
    assert name in ("explainn", "danq", "aitac") or len(left) == 2
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key]), key


@pytest.mark.parametrize("name", BASELINES)
def test_dropout_is_on_in_training_only(name):
    model, X = made(name), sequences(4, LENGTHS.get(name, 200))
    with torch.no_grad():
        assert not torch.equal(model(X), model(X))
        model.eval()
        assert torch.equal(model(X), model(X))


def test_pooling_before_or_after_dropout():
    orders = [
        [type(layer).__name__ for layer in made("danq", pool_first=first).rest[:2]]
        for first in (False, True)
    ]
    assert orders == [["Dropout", "MaxPool1d"], ["MaxPool1d", "Dropout"]]


def test_dropout_keeps_the_mean_and_the_input():
    torch.manual_seed(0)
    x = torch.ones(1000, 100)
    dropped = Dropout(0.3)(x)
    assert (x == 1).all() and abs(float(dropped.mean()) - 1) < 0.02
    assert abs(float((dropped == 0).float().mean()) - 0.3) < 0.02


def test_published_deepstarr_equals_every_stored_layer(shared):
    folder = shared / "reference/deepstarr"
    model, stored = (
        load_deepstarr(folder / "pytorch_weights.pth"),
        np.load(folder / "pytorch_outputs.npz"),
    )
    names = [f"{kind}{i}" for i in range(1, 5) for kind in ("conv", "bn", "relu", "pool")]
    names += [None] + [f"{kind}fc{i}" for i in (1, 2) for kind in ("", "bn_", "relu_", "drop_")]
    x = torch.from_numpy(stored["input"])[:, [0, 1, 3, 2]]  # there: A, C, T, G
    compared = 0
    with torch.no_grad():
        for name, layer in zip([*names, None], [*model.first, *model.rest], strict=True):
            x = layer(x)
            if name in stored:
                np.testing.assert_allclose(x, stored[name], atol=1e-4, rtol=1e-4, err_msg=name)
                compared += 1
    assert compared == 22
    outputs = np.concatenate([stored["out_dev"], stored["out_hk"]], axis=1)
    np.testing.assert_allclose(x, outputs, atol=1e-4)
    assert model.target_names == ["Dev", "Hk"] and model.length == 249


def test_what_is_not_the_published_deepstarr_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("<html>")
    for name in ("other.pth", "text.pth", "absent.pth"):
        with pytest.raises(InputError, match=name):
            load_deepstarr(tmp_path / name)
