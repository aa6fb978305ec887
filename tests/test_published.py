"""Published checkpoints as models: the authors' networks in plain torch, golden outputs."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from running import linked_copy, planned, snakemake
from torch import nn

from workflow_lib import models
from workflow_lib.config import catalogue
from workflow_lib.config.published import FORMATS
from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.files import sha256_of
from workflow_lib.models.published import READERS, load_published
from workflow_lib.one_hot import one_hot
from workflow_lib.parsers import PARSERS
from workflow_lib.sequence import encode
from workflow_lib.tables import read_predictions, read_table

TARGETS = ["Dev", "Hk"]
MOTIFS = {
    "Dref": "AACTATCGATAG",
    "Ohler1": "ACGGTCACACTG",
    "Ohler6": "AAAAATACCAAA",
    "control": "GGGCT",
}
CHECKPOINTS = {
    "deepstarr_keras": "pytorch_weights.pth",
    "deepstarr_pytorch": "retrained_pytorch.pth",
}


class Exp(nn.Module):
    def forward(self, x):
        return torch.exp(x)


class AuthorsExplaiNN(nn.Module):
    """The authors' network with two fully connected layers, written down from its description."""

    def __init__(self, units, length, targets, size):
        super().__init__()
        self.units, pooled = units, (length - size + 1 - 7) // 7 + 1
        self.linears = nn.Sequential(
            nn.Conv1d(4 * units, units, size, groups=units), nn.BatchNorm1d(units), Exp(),
            nn.MaxPool1d(7, 7), nn.Flatten(), nn.Unflatten(1, (-1, 1)),
            nn.Conv1d(pooled * units, 100 * units, 1, groups=units), nn.BatchNorm1d(100 * units),
            nn.ReLU(), nn.Dropout(0.3),
            nn.Conv1d(100 * units, units, 1, groups=units), nn.BatchNorm1d(units), nn.ReLU(),
            nn.Flatten(),
        )  # fmt: skip
        self.final = nn.Linear(units, targets)

    def forward(self, X):
        return self.final(self.linears(X.repeat(1, self.units, 1)))


class AuthorsDeepSTARR(nn.Module):
    """DeepSTARR with the names of its checkpoints; sequences with channels A, C, T, G."""

    def __init__(self, length=249, by_position=False, eps=1e-3):
        super().__init__()
        self.by_position, inputs = by_position, 4
        for i, (filters, size) in enumerate([(256, 7), (60, 3), (60, 5), (120, 3)], start=1):
            setattr(self, f"conv{i}", nn.Conv1d(inputs, filters, size, padding="same"))
            setattr(self, f"bn{i}", nn.BatchNorm1d(filters, eps=eps))
            inputs = filters
        for i, inputs in enumerate([120 * (length // 16), 256], start=1):
            setattr(self, f"fc{i}", nn.Linear(inputs, 256))
            setattr(self, f"bn_fc{i}", nn.BatchNorm1d(256, eps=eps))
        self.fc_dev, self.fc_hk = nn.Linear(256, 1), nn.Linear(256, 1)

    def forward(self, X):
        layers = dict(self.named_children())
        for i in range(1, 5):
            X = torch.relu(layers[f"bn{i}"](layers[f"conv{i}"](X)))
            X = nn.functional.max_pool1d(X, 2)
        X = (X.transpose(1, 2) if self.by_position else X).flatten(1)
        for i in (1, 2):
            X = torch.relu(layers[f"bn_fc{i}"](layers[f"fc{i}"](X)))
        return torch.cat([self.fc_dev(X), self.fc_hk(X)], dim=1)


def sequences(n: int, length: int) -> torch.Tensor:
    codes = np.random.default_rng(0).integers(0, 4, (n, length)).astype(np.uint8)
    return one_hot(codes)


def used(net: nn.Module, length: int) -> nn.Module:
    """With random scales, shifts and running statistics of its batch norms."""
    torch.manual_seed(1)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, std=0.3)
    with torch.no_grad():
        for _ in range(30):
            net.train()(sequences(16, length))
    return net.eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint of each format, and the networks: ExplaiNN of 60 bp, DeepSTARR of 64 bp."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(0)
    nets = {
        "explainn": used(AuthorsExplaiNN(5, 60, 2, 11), 60),
        "deepstarr_keras": used(AuthorsDeepSTARR(64, by_position=True), 64),
        "deepstarr_pytorch": used(AuthorsDeepSTARR(64), 64),
    }
    for name, net in nets.items():
        torch.save(net.state_dict(), folder / f"{name}.pth")
    return SimpleNamespace(path=folder, nets=nets)


def length_of(format: str) -> int:
    return 60 if format == "explainn" else 64


def load(path, format, **given):
    return load_published(
        path, format, **{"length": length_of(format), "target_names": TARGETS} | given
    )


@pytest.mark.parametrize("format", READERS)
def test_outputs_are_those_of_the_authors_network(folder, format):
    before = torch.random.get_rng_state()
    model, net = load(folder.path / f"{format}.pth", format), folder.nets[format]
    assert torch.equal(torch.random.get_rng_state(), before)
    X = sequences(20, length_of(format))
    theirs = X if format == "explainn" else X[:, [0, 1, 3, 2]]
    with torch.no_grad():
        torch.testing.assert_close(model(X), net(theirs), rtol=1e-4, atol=1e-4)
    assert model.target_names == TARGETS and not model.training
    assert models.MODELS[FORMATS[format]] is type(model)


@pytest.mark.parametrize(("given", "eps"), [({}, 1e-3), ({"norm_eps": 1e-5}, 1e-5)])
def test_what_batch_norms_add_is_said_and_can_be_given(folder, given, eps, tmp_path, caplog):
    path, X = folder.path / "deepstarr_pytorch.pth", sequences(20, 64)
    theirs = AuthorsDeepSTARR(64, eps=eps).eval()
    theirs.load_state_dict(torch.load(path, weights_only=True))
    with caplog.at_level("INFO"):
        model = load(path, "deepstarr_pytorch", **given)
    assert f"add {eps:g} to the variance" in caplog.text
    models.save(model, tmp_path / "model", {"target_names": TARGETS})
    with torch.no_grad():
        channels = X[:, [0, 1, 3, 2]]
        wanted, other = theirs(channels), folder.nets["deepstarr_pytorch"](channels)
        for ours in (model(X), models.load(tmp_path / "model")(X)):
            torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-4)
        assert (float((wanted - other).abs().max()) > 1e-3) == (eps != 1e-3)


@pytest.mark.parametrize("format", READERS)
def test_a_model_file_is_made_of_it(folder, format, tmp_path):
    model = load(folder.path / f"{format}.pth", format)
    models.save(model, tmp_path / "model", {"target_names": TARGETS})
    again, X = models.load(tmp_path / "model"), sequences(4, length_of(format))
    with torch.no_grad():
        assert torch.equal(again(X), model(X))


def test_the_library_and_the_plan_know_the_same_formats(root):
    schema = yaml.safe_load((root / "config/schemas/config.schema.yaml").read_text())
    entry = schema["properties"]["models"]["additionalProperties"]["properties"]["published"]
    assert list(READERS) == list(FORMATS) == entry["properties"]["format"]["enum"]


@pytest.mark.parametrize("format", CHECKPOINTS)
def test_golden_outputs_of_the_published_deepstarrs(shared, format):
    """On 60 random backgrounds, alone and with a motif at 125."""
    folder = shared / "reference/deepstarr"
    backgrounds = (folder / "backgrounds.txt").read_text().split()
    model = load(folder / CHECKPOINTS[format], format, length=249)
    stored = np.load(folder / f"single_{format.removeprefix('deepstarr_').replace('py', '')}.npz")
    wanted = {"b": backgrounds}
    for name, motif in MOTIFS.items():
        wanted[f"A_{name}"] = [f"{b[:125]}{motif}{b[125 + len(motif) :]}" for b in backgrounds]
    assert set(stored) == set(wanted)
    with torch.no_grad():
        for name, letters in wanted.items():
            found = model(one_hot(encode(letters))).numpy()
            np.testing.assert_allclose(found, stored[name], atol=2e-5, rtol=0, err_msg=name)


def test_the_distilled_labels_are_what_the_published_deepstarr_predicts(shared):
    """From the files to the outputs, of the forward strand; the labels have four decimals."""
    folder = shared / "mirror/deepstarr_distilled"
    data = PARSERS["deepstarr"]({path.name: path for path in folder.iterdir()})
    data, path = dataset.part(data, "test"), shared / "reference/deepstarr/pytorch_weights.pth"
    model = load(path, "deepstarr_keras", length=249)
    with torch.no_grad():
        found = model(one_hot(np.asarray(data.obsm["sequence"]))).numpy()
    np.testing.assert_allclose(found, data.X, atol=1e-4, rtol=0)


def without(key):
    return lambda weights: weights.pop(key)


def cut(key):
    return lambda weights: weights.update({key: weights[key][:-1]})


# What is changed in the checkpoint, or how it is read; what the error says.
REFUSED = {
    "a missing layer": (
        "explainn", without("linears.11.bias"), {}, "'linears.11.bias': found none, wanted shape",
    ),
    "no filters": ("explainn", without("linears.0.weight"), {}, "'linears.0.weight': found none"),
    "a missing norm": (
        "deepstarr_keras", without("bn3.running_var"), {}, "'bn3.running_var': found none",
    ),
    "unknown weights": (
        "deepstarr_pytorch", lambda w: w.update(conv5=torch.zeros(2)), {},
        "'conv5': found shape .2,., wanted none",
    ),
    "another shape": (
        "deepstarr_keras", cut("conv2.weight"), {},
        "'conv2.weight': found shape .59, 256, 3., wanted shape .60, 256, 3.",
    ),
    "longer sequences": (
        "explainn", None, {"length": 74},
        "'linears.6.weight': found shape .500, 7, 1., wanted shape .500, 9, 1.",
    ),
    "longer sequences of DeepSTARR": (
        "deepstarr_pytorch", None, {"length": 249},
        "'fc1.weight': found shape .256, 480., wanted shape .256, 1800.",
    ),
    "more targets": (
        "explainn", None, {"target_names": ["a", "b", "c"]},
        "'final.weight': found shape .2, 5., wanted shape .3, 5.",
    ),
    "other targets": (
        "deepstarr_keras", None, {"target_names": ["Hk", "Dev"]}, "Hk, Dev; wanted Dev and Hk",
    ),
    "other hyperparameters": (
        "explainn", None, {"units": 6}, "'linears.0.weight': found .*5, 4, 11., wanted shape .6,",
    ),
    "a network of another kind": (
        "deepstarr_keras", lambda w: (w.clear(), w.update(x=torch.zeros(1))), {},
        "'conv1.weight': found none",
    ),
    "more than weights": (
        "explainn", lambda w: w.update(epoch=3), {}, "'epoch' is a int; wanted a dictionary",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_named_with_both_shapes(folder, tmp_path, what):
    format, change, given, said = REFUSED[what]
    weights = dict(folder.nets[format].state_dict())
    if change:
        change(weights)
    torch.save(weights, tmp_path / "changed.pth")
    with pytest.raises(InputError, match=f"changed.pth: .*{said}"):
        load(tmp_path / "changed.pth", format, **given)


@pytest.mark.parametrize("format", READERS)
def test_what_is_no_checkpoint_is_refused(tmp_path, format):
    (tmp_path / "text").write_text("<html>not found</html>")
    (tmp_path / "empty").write_text("")
    torch.save([1, 2], tmp_path / "list")
    torch.save(SimpleNamespace(a=1), tmp_path / "object")  # would have to be unpickled
    for name in ("text", "empty", "list", "object", "absent"):
        with pytest.raises(InputError, match=f"{name}: .*(not a checkpoint|found a list)"):
            load(tmp_path / name, format)
    with pytest.raises(InputError, match="unknown format 'keras'; there are: explainn"):
        load(tmp_path / "text", "keras", length=64)


# --- config -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(root):
    merged = {}
    for name in ("datasets", "models", "config"):
        merged |= yaml.safe_load((root / f"config/{name}.yaml").read_text())
    return merged, yaml.safe_load((root / "config/schemas/config.schema.yaml").read_text())


def resolved(shipped, change=None):
    config, schema = copy.deepcopy(shipped[0]), shipped[1]
    published = {"file": "data/net.pth", "format": "deepstarr_keras"}
    config["models"]["theirs"] = {"architecture": "deepstarr", "published": published}
    config["runs"] = [{"datasets": ["deepstarr"], "models": ["theirs", "deepstarr"], "seeds": [0]}]
    config["strand_symmetry"] = []
    if change:
        change(config, config["models"]["theirs"])
    catalogue.check_schema(config, schema)
    return catalogue.resolve(config, schema)


def test_a_published_model_is_a_run_without_a_training(shipped):
    found = resolved(shipped)
    assert {run.model for run in found["runs"]} == {"theirs", "deepstarr"}
    assert set(found["training"]["deepstarr"]) == {"deepstarr"}
    assert found["models"]["theirs"]["published"]["path"] == "data/net.pth"


def test_its_checkpoint_may_be_a_file_of_a_source(shipped):
    def change(config, entry):
        files = {"a.pth": {"url": "https://example.org/a.pth"}, "b.pth": {"path": "data/b.pth"}}
        config["sources"]["weights"] = {"files": files}
        entry["published"] |= {"source": "weights", "file": "a.pth"}
        config["models"]["other"] = copy.deepcopy(entry)
        config["models"]["other"]["published"]["file"] = "b.pth"

    found = resolved(shipped, change)["models"]
    assert found["theirs"]["published"]["path"] == "resources/downloads/weights/a.pth"
    assert found["other"]["published"]["path"] == "data/b.pth"


WRONG = {
    "another architecture": (
        lambda c, e: e.update(architecture="danq"), "theirs.architecture: found 'danq', wanted",
    ),
    "a training": (
        lambda c, e: e.update(training={"batch_size": 5}), "theirs.training: the model is",
    ),
    "an unknown source": (lambda c, e: e["published"].update(source="nowhere"), "unknown source"),
    "an unknown file": (
        lambda c, e: e["published"].update(source="deepstarr"),
        "models.theirs.published.file: unknown file 'data/net.pth'",
    ),
    "an unknown format": (lambda c, e: e["published"].update(format="keras"), "published.format: "),
    "no file": (lambda c, e: e["published"].pop("file"), "'file' is a required property"),
    "several seeds": (
        lambda c, e: c["runs"][0].update(seeds=[0, 1]), "found 2 seeds of theirs on deepstarr",
    ),
    "times of a training": (
        lambda c, e: c.update(strand_symmetry=["theirs"]), "strand_symmetry: 'theirs' is published",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_a_published_model_cannot_have_is_refused(shipped, what):
    change, said = WRONG[what]
    with pytest.raises(InputError, match=said):
        resolved(shipped, change)


# --- workflow -----------------------------------------------------------------------------------

RUN = "results/mini/given/seed0"


@pytest.mark.slow
def test_a_published_model_goes_through_the_workflow_like_any_other(
    checkout, prepared, folder, tmp_path
):
    place = linked_copy(prepared, tmp_path / "run")
    (place / "given.pth").write_bytes((folder.path / "explainn.pth").read_bytes())
    overlay = {
        "models": {"given": {"architecture": "explainn", "average_strands": False,
                             "published": {"file": "given.pth", "format": "explainn"}}},
        "runs": [{"datasets": ["mini"], "models": ["given"], "seeds": [0]}],
        "apply": {},
    }  # fmt: skip
    (place / "overlay.yaml").write_text(json.dumps(overlay))
    config = f"tests/mini/config.yaml {place / 'overlay.yaml'}"
    wanted = ("results/overview.html", f"{RUN}/annotation.tsv", f"{RUN}/unit_importance.tsv")
    snakemake(checkout, place, *wanted, config=config)
    for name in wanted:
        assert (place / name).stat().st_size > 0
    assert not list(place.glob("results/**/history.tsv"))
    model = models.load(place / RUN / "model.safetensors")
    digest = sha256_of(place / "given.pth")
    said = {"file": "given.pth", "format": "explainn", "sha256": digest}
    assert model.metadata["published"] == said and "settings" not in model.metadata
    data = dataset.part(dataset.load(place / "results/mini/dataset.h5ad"), "test")
    found = read_predictions(
        f"{place / RUN}/predictions.tsv.gz", place / "results/mini/labels.tsv.gz"
    )
    with torch.no_grad():
        logits = folder.nets["explainn"](one_hot(np.asarray(data.obsm["sequence"]))).numpy()
    np.testing.assert_allclose(found.predictions.loc[data.obs_names], logits, rtol=1e-4, atol=1e-4)
    assert len(read_table(place / RUN / "unit_importance.tsv")["unit"].unique()) == 5
    assert (
        f"published: given.pth (explainn, sha256 {digest[:8]})"
        in (place / "results/overview.html").read_text()
    )
    # Another checkpoint makes everything after it again; what needs a training is left out or said.
    (place / "given.pth").write_bytes(b"another")
    plan = planned(snakemake(checkout, place, "-n", config=config))
    assert plan["import_model"] == 1 and plan["predict"] == 1 and "train" not in plan
    assert "loss_curves" not in plan and "filter_sheet" in plan
    for target, said in (
        (f"{RUN}/history.tsv", "No rule to produce"),
        ("results/mini/figures/loss_curves.pdf", "no run of mini has a history"),
    ):
        done = snakemake(checkout, place, "-n", target, config=config, check=False)
        assert done.returncode and said in done.stdout + done.stderr
