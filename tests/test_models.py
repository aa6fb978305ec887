"""The registry and the model file."""

import json

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

from workflow_lib.errors import InputError
from workflow_lib.models import MODELS, build, load, save
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import decode, encode

LENGTH = 200
TARGETS = ["GATA3", "CTCF"]


def sequences(n: int) -> torch.Tensor:
    return F.one_hot(torch.randint(0, 4, (n, LENGTH)), 4).permute(0, 2, 1).float()


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build("explainn", length=LENGTH, n_targets=2, units=4)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_trains_and_comes_back_from_its_file(name, tmp_path):
    torch.manual_seed(0)
    model = build(name, length=LENGTH, n_targets=2)
    X, wanted = sequences(8), torch.rand(8, 2).round()
    optimiser = torch.optim.Adam(model.parameters())
    before = {key: value.clone() for key, value in model.named_parameters()}
    for _ in range(2):
        optimiser.zero_grad()
        F.binary_cross_entropy_with_logits(model(X), wanted).backward()
        optimiser.step()
    assert any(not torch.equal(before[key], value) for key, value in model.named_parameters())
    save(model, tmp_path / "m.safetensors", {"target_names": TARGETS})
    loaded = load(tmp_path / "m.safetensors")
    assert type(loaded) is MODELS[name] and not loaded.training
    model.eval()
    with torch.no_grad():
        assert model(X).shape == (8, 2)
        assert torch.equal(loaded(X), model(X))
        assert torch.equal(loaded(X), loaded(X))


def wrong_inputs(X):
    codes = X.argmax(dim=1)
    return {
        "list": ["ACGT"],
        f"numpy.ndarray (2, 4, {LENGTH}) of float32": X.numpy(),
        f"numpy.ndarray (2, {LENGTH}) of uint8": codes.byte().numpy(),
        f"torch.Tensor (2, {LENGTH}) of torch.uint8": codes.byte(),
        f"torch.Tensor (2, 4, {LENGTH}) of torch.int64": X.long(),
        f"torch.Tensor (4, {LENGTH}) of torch.float32": X[0],
        f"torch.Tensor (2, {LENGTH}, 4) of torch.float32": X.transpose(1, 2),
        f"torch.Tensor (2, 4, {LENGTH - 1}) of torch.float32": X[..., 1:],
    }


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_it_takes_and_how_to_make_it(name):
    model = build(name, length=LENGTH, n_targets=2).eval()
    X = sequences(2)
    for takes in (model, model.activations):
        for found, wrong in wrong_inputs(X).items():
            with pytest.raises(InputError) as error:
                takes(wrong)
            wanted = f"a float tensor (n, 4, {LENGTH}), but got {found}; workflow_lib.one_hot."
            assert wanted in str(error.value)
        # As the message says.
        codes = encode(decode(X.argmax(dim=1).numpy()))
        for right in (one_hot(codes), torch.as_tensor(X.numpy()).float()):
            assert torch.equal(takes(right), takes(X))


def test_number_of_parameters_follows_from_the_paper():
    # Per unit: filter and bias, norm; 26 -> 100 with bias and norm; 100 -> 1 with bias and norm.
    unit = (4 * 19 + 1) + 2 + (26 * 100 + 100) + 2 * 100 + (100 + 1) + 2
    model = build("explainn", length=200, n_targets=50)
    assert sum(p.numel() for p in model.parameters()) == 100 * unit + (100 * 50 + 50)


def test_names_of_the_weights_are_tidy(model):
    assert {key.rpartition(".")[0] for key in model.state_dict()} == {
        "conv", "conv_norm", "fc.0", "fc.0.norm", "fc.1", "fc.1.norm", "final"
    }  # fmt: skip
    assert model.state_dict()["fc.0.weight"].shape == (4, 100, 26)


def test_the_file_tells_everything(model, tmp_path):
    extra = {
        "task": "binary",
        "seed": 3,
        "versions": {"torch": "2"},
        "both_strands": True,
        "crop": None,
    }
    save(model, tmp_path / "m.safetensors", {"target_names": TARGETS, **extra})
    with safe_open(tmp_path / "m.safetensors", framework="pt") as file:
        header = file.metadata()
    assert json.loads(header["architecture"]) == "explainn"
    assert json.loads(header["hyperparameters"])["units"] == 4
    loaded = load(tmp_path / "m.safetensors")
    assert loaded.target_names == TARGETS
    assert extra.items() <= loaded.metadata.items()
    assert (loaded.length, loaded.n_targets) == (LENGTH, 2)
    save(loaded, tmp_path / "again.safetensors", loaded.metadata)
    assert load(tmp_path / "again.safetensors").metadata == loaded.metadata


def test_equal_models_make_equal_files(model, tmp_path):
    for i in range(5):  # the metadata's order in the library's own output is random
        extra = {f"key{j}": f"Größe {j}" for j in range(6)}
        save(model, tmp_path / f"{i}.safetensors", {"target_names": TARGETS, **extra})
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 1
    assert load(tmp_path / "0.safetensors").metadata["key1"] == "Größe 1"


def test_loading_leaves_the_random_state_alone(model, tmp_path):
    save(model, tmp_path / "m.safetensors", {"target_names": TARGETS})
    state = torch.get_rng_state()
    load(tmp_path / "m.safetensors")
    assert torch.equal(torch.get_rng_state(), state)


def test_unknown_model_and_hyperparameter_are_named():
    with pytest.raises(InputError, match="explain.*known are: .*explainn"):
        build("explain", length=200, n_targets=1)
    with pytest.raises(InputError, match="unit_number.*units, filter_size"):
        build("explainn", length=200, n_targets=1, unit_number=3)


def test_target_names_must_fit(model, tmp_path):
    for metadata in ({}, {"target_names": ["one"]}):
        with pytest.raises(InputError, match="2 targets"):
            save(model, tmp_path / "m.safetensors", metadata)
    assert not list(tmp_path.iterdir())


def test_only_models_of_the_registry_are_saved(tmp_path):
    with pytest.raises(InputError, match="Linear"):
        save(torch.nn.Linear(2, 2), tmp_path / "m.safetensors", {})


def test_nothing_is_left_where_saving_fails(model, tmp_path):
    with pytest.raises(TypeError):
        save(model, tmp_path / "m.safetensors", {"target_names": TARGETS, "bad": object()})
    assert not list(tmp_path.iterdir())


def test_what_is_not_a_model_file_is_refused(model, tmp_path):
    save(model, tmp_path / "m.safetensors", {"target_names": TARGETS})
    whole = (tmp_path / "m.safetensors").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text").write_text("<html>not found</html>")
    (tmp_path / "empty").write_bytes(b"")
    save_file({"w": torch.zeros(2)}, tmp_path / "other")
    save_file({"w": torch.zeros(2)}, tmp_path / "format", {"format": "pt"})
    (tmp_path / "folder").mkdir()
    for name in ("cut", "text", "empty", "other", "format", "folder", "absent"):
        with pytest.raises(InputError, match=name):
            load(tmp_path / name)


def test_weights_that_do_not_fit_are_named(model, tmp_path):
    save(model, tmp_path / "m.safetensors", {"target_names": TARGETS})
    with safe_open(tmp_path / "m.safetensors", framework="pt") as file:
        header, weights = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}
    wrong = dict(weights, **{"conv.weight": torch.zeros(4, 4, 18)})
    missing = {key: value for key, value in weights.items() if key != "final.bias"}
    for found, name in ((wrong, "conv.weight"), (missing, "final.bias")):
        save_file(found, tmp_path / "wrong", header)
        with pytest.raises(InputError, match=name):
            load(tmp_path / "wrong")
