"""GPUs: which is taken, what is said of one that cannot be used, and when its memory is full."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.execution.job import warnings_shown
from workflow_lib.execution.logs import log_to
from workflow_lib.interpret import (
    activations,
    attribution_methods,
    filters,
    instances,
    nullification,
    sanity_checks,
)
from workflow_lib.interpret import ism as substitutions
from workflow_lib.model_file import read_metadata
from workflow_lib.models.cnn1 import CNN1
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.train import gpu, inference, training
from workflow_lib.train.checkpoint import Checkpoint

SEES_GPU = torch.cuda.is_available()
FULL = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.77 GiB"
VARIABLES = ["CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", *gpu._SLURM_GPUS]


@pytest.fixture(autouse=True)
def nothing_said():
    """What is said once per process is said in each test."""
    gpu.warn_of_unused_gpu.cache_clear()


def answers(monkeypatch, seen=False, cuda="13.0"):
    """Let PyTorch answer as one that was built for a CUDA (None: for none), or sees a GPU.

    Nothing else of this machine speaks of one.
    """
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(gpu, "_DEVICE_FILE", "/dev/no_such_file")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "NVIDIA A100")
    if SEES_GPU:
        # PyTorch would look at the GPU that is there, and warn of one that does not fit its name.
        monkeypatch.setattr(torch.cuda, "init", lambda: None)


# --- which device -------------------------------------------------------------------------------


def test_auto_takes_the_gpu_that_the_variable_shows_and_names_it(monkeypatch, tmp_path):
    answers(monkeypatch, seen=True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    for name in ("auto", "cuda"):
        with log_to(tmp_path / "rule.log"):
            device = inference.choose_device(name)
        # No number of its own: CUDA counts from 0 among what the variable shows.
        assert str(device) == "cuda" and os.environ["CUDA_VISIBLE_DEVICES"] == "3"
        said = (tmp_path / "rule.log").read_text()
        assert "GPU: NVIDIA A100 (CUDA_VISIBLE_DEVICES: 3)" in said and "warning" not in said
    assert inference.describe_device(device) == "cuda (NVIDIA A100)"
    assert str(inference.choose_device("cpu")) == "cpu"


@pytest.mark.parametrize(
    ("variables", "given"),
    [
        ({}, ""),
        ({"CUDA_VISIBLE_DEVICES": "0,1"}, "CUDA_VISIBLE_DEVICES=0,1"),
        ({"CUDA_VISIBLE_DEVICES": "GPU-8932f937"}, "CUDA_VISIBLE_DEVICES=GPU-8932f937"),
        ({"CUDA_VISIBLE_DEVICES": ""}, ""),
        ({"CUDA_VISIBLE_DEVICES": "-1", "SLURM_JOB_GPUS": "0"}, ""),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, ""),
        ({"SLURM_JOB_GPUS": "0"}, "SLURM_JOB_GPUS=0"),
        ({"SLURM_GPUS_ON_NODE": "2"}, "SLURM_GPUS_ON_NODE=2"),
        ({"SLURM_GPUS_ON_NODE": "0"}, ""),
        ({"device file": "yes"}, "the device "),
        ({"device file": "yes", "CUDA_VISIBLE_DEVICES": ""}, ""),
        # Another job's GPU, which a PyTorch with CUDA rightly does not see; one without says so.
        ({"device file": "yes", "SLURM_JOB_ID": "7"}, ""),
        ({"device file": "yes", "SLURM_JOB_ID": "7", "built": None}, "the device "),
    ],
)
def test_a_given_gpu_that_is_not_used_gives_a_warning(
    monkeypatch, tmp_path, capsys, variables, given
):
    answers(monkeypatch, cuda=variables.pop("built", "13.0"))
    if variables.pop("device file", None):
        (tmp_path / "nvidia0").touch()
        monkeypatch.setattr(gpu, "_DEVICE_FILE", str(tmp_path / "nvidia0"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with log_to(tmp_path / "rule.log"), warnings_shown("rule.log"):
        assert [str(inference.choose_device("auto")) for _ in range(3)] == ["cpu"] * 3
    shown, logged = capsys.readouterr().err, (tmp_path / "rule.log").read_text()
    for text in (shown, logged):
        assert text.count("THE MODEL RUNS ON THE CPU") == text.count("\n") == bool(given)
        assert given in text
    gpu.warn_of_unused_gpu.cache_clear()
    inference.choose_device("cpu")
    assert capsys.readouterr().err == ""  # that is what was asked for


@pytest.mark.parametrize(
    ("cuda", "says", "reasons"),
    [
        (None, "", ["was built without CUDA", f"{sys.executable} -m pip install", "conda"]),
        (
            "13.0",
            "The NVIDIA driver on your system is too old (found version 11040).\nMore",
            ["driver is missing or too old for CUDA 13.0", "(found version 11040).)", "nvidia-smi"],
        ),
        ("13.0", "No CUDA GPUs are available", ["PyTorch says: No CUDA GPUs are available)"]),
    ],
)
def test_why_a_gpu_cannot_be_used(monkeypatch, capsys, cuda, says, reasons):
    def init():
        raise RuntimeError(says)

    answers(monkeypatch, cuda=cuda)
    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with warnings_shown("rule.log"):
        inference.choose_device("auto")
    warned = capsys.readouterr().err
    with pytest.raises(InputError, match="device: cuda was asked for, but PyTorch") as error:
        inference.choose_device("cuda")
    for text in (warned, str(error.value)):
        assert all(reason in text for reason in reasons) and "More" not in text
    assert torch.__version__ in warned


def data_of(n=80, length=40, seed=0):
    """A data set that can be trained on."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    targets = rng.integers(0, 2, (n, 2)).astype(np.float32)
    data = dataset.build([f"s{i}" for i in range(n)], codes, targets, ["red", "blue"])
    data.obs["split"] = np.repeat(["train", "validation", "test"], [n // 2, n // 4, n // 4])
    data.uns |= {"task": "binary", "source": "made up", "assembly": ""}
    return data


# The script with what rule train gives it.
SCRIPT = """
import dataclasses, runpy, sys
from types import SimpleNamespace
from workflow_lib.train.training import Settings
class Named(dict):
    __getattr__ = dict.__getitem__
    __iter__ = lambda self: iter(self.values())
device, data, folder = sys.argv[1:]
settings = dataclasses.asdict(Settings(batch_size=16, max_epochs=2))
model = {"architecture": "explainn", "hyperparameters": {"units": 2}}
job = SimpleNamespace(
    rule="train",
    wildcards=Named(dataset="mini", model="explainn", seed="0"),
    input=Named(dataset=data),
    output=Named(model=f"{folder}/model.safetensors", history=f"{folder}/history.tsv"),
    params=Named(model=model, settings=settings, code="abc"),
    log=[f"{folder}/train.log"],
    threads=1,
    resources=Named(device=device),
)
runpy.run_path("scripts/train.py", {"snakemake": job}, "__main__")
"""


@pytest.mark.slow
@pytest.mark.skipif(torch.version.cuda is not None, reason="wants a PyTorch without CUDA")
def test_the_training_script_says_that_its_pytorch_cannot_use_the_gpu(root, tmp_path):
    dataset.save(data_of(), tmp_path / "dataset.h5ad")

    def train(name, device, visible):
        folder = tmp_path / name
        folder.mkdir()
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, device, str(tmp_path / "dataset.h5ad"), str(folder)],
            cwd=root, env={**kept, "CUDA_VISIBLE_DEVICES": visible},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return done.returncode, done.stderr, (folder / "train.log").read_text()

    code, shown, logged = train("given", "auto", "0")
    for text in (shown, logged):
        assert text.count("a GPU was given (CUDA_VISIBLE_DEVICES=0), but THE MODEL") == 1
        assert "was built without CUDA" in text
    assert code == 0
    made = read_metadata(tmp_path / "given" / "model.safetensors")
    assert made["device"] == "cpu (1 threads)"
    code, shown, logged = train("hidden", "auto", "")
    assert code == 0 and "GPU" not in shown + logged
    code, shown, logged = train("asked_for", "cuda", "0")
    assert code == 1 and shown.startswith("error: device: cuda was asked for, but PyTorch")
    for text in (shown, logged):
        assert "was built without CUDA" in text and "Traceback" not in text


# --- too little memory --------------------------------------------------------------------------


class LargeCNN(CNN1):
    """A network that no memory is enough for."""

    def activations(self, X):
        """Never come back."""
        raise torch.OutOfMemoryError(FULL)

    forward = activations


class LargeExplaiNN(ExplaiNN):
    """The same, with units."""

    def units(self, X):
        """Never come back."""
        raise torch.OutOfMemoryError(FULL)

    forward = units


CODES = np.random.default_rng(0).integers(0, 4, (12, 60)).astype(np.uint8)
CNN = LargeCNN(length=60, n_targets=2)
UNITS = LargeExplaiNN(length=60, n_targets=2, units=3)
OPTIONS = attribution_methods.Options(batch_size=6, n_references=2, steps=2)
FOUND = instances.Options(batch_size=6)


def explained(method):
    """Attribution by one method, of a network that is taken apart by none."""
    return lambda: attribution_methods.ATTRIBUTIONS[method](CNN, CODES, 0, OPTIONS)


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (lambda: inference.predict(CNN, CODES, 6), "predicting with LargeCNN"),
        (
            lambda: inference.predict(inference.UnitOutputs(UNITS), CODES, 6),
            "predicting with LargeExplaiNN",
        ),
        (lambda: list(activations.stream(CNN, CODES, 6)), "reading the filters of LargeCNN"),
        (
            lambda: list(nullification.nullify(CNN, CODES, [0], batch_size=6)),
            "nullifying filters of LargeCNN",
        ),
        (lambda: sanity_checks.randomised(CNN, CODES, 0, batch_size=6), "calibrating LargeCNN"),
        (lambda: instances._outputs(UNITS, CODES[:6], FOUND), "reading the units of LargeExplaiNN"),
        (explained("ism"), "predicting with LargeCNN"),
        (explained("saliency"), "attributing with LargeCNN"),
        (explained("input_x_gradient"), "attributing with LargeCNN"),
        (explained("integrated_gradients"), "attributing with LargeCNN"),
        (explained("deep_lift_shap"), "attributing with LargeCNN"),
    ],
)
def test_wherever_a_model_runs_full_memory_is_a_clear_error(run, told):
    with pytest.raises(InputError) as error:
        run()
    said = str(error.value)
    assert said.startswith("out of memory on cpu: ") and f"{told} (" in said
    n = sum(p.numel() for p in (UNITS if "ExplaiNN" in told else CNN).parameters())
    assert (
        f"({n:,} parameters) in batches of 6. The batch size of this step is not a setting" in said
    )
    assert "--config device=cpu" in said
    assert isinstance(error.value.__cause__, torch.OutOfMemoryError)


@pytest.mark.parametrize(
    ("function", "run", "told"),
    [
        (
            "tensordot",
            lambda model: list(substitutions.effects(model, CODES, None, 6)),
            "mutating for ExplaiNN",
        ),
        (
            "bincount",
            lambda model: filters.filter_matrices(model, CODES, 6),
            "counting the sites of ExplaiNN",
        ),
    ],
)
def test_so_it_is_where_the_work_is_done_beside_the_model(monkeypatch, function, run, told):
    def full(*_, **__):
        raise torch.OutOfMemoryError(FULL)

    monkeypatch.setattr(torch, function, full)
    monkeypatch.setattr(filters, "_MANY", 1)  # all are counted site by site
    torch.manual_seed(0)
    model = ExplaiNN(length=60, n_targets=2, units=3).eval()
    with pytest.raises(InputError, match=rf"out of memory on cpu: {told} \(.* in batches of 6\."):
        run(model)


SETTINGS = training.Settings(0.01, 16, max_epochs=4, patience=None)


class Filling(nn.Module):
    """A small network; `full_after` so many calls in training (or outside) the memory is full."""

    def __init__(self, full_after=None, mode=True):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(4 * 40, 2))
        self.left, self.mode = full_after, mode

    def forward(self, X):
        """One-hot (n, 4, 40) -> (n, 2)."""
        if self.left is not None and self.training == self.mode:
            self.left -= 1
            if self.left < 0:
                raise torch.OutOfMemoryError(FULL)
        return self.layers(X)


def fit(model, settings=SETTINGS, checkpoint=None, device="cpu"):
    """Train a network that was built from seed 0."""
    data = data_of()
    parts = [dataset.part(data, name) for name in ("train", "validation")]
    examples = [training.Examples(part.obsm["sequence"], part.X) for part in parts]
    return training.fit(model, *examples, "binary", settings, device, checkpoint)


def seeded(*arguments):
    """Build one from seed 0."""
    torch.manual_seed(0)
    return Filling(*arguments)


def test_a_training_that_fills_the_memory_can_go_on_after_its_last_epoch(tmp_path, caplog):
    caplog.set_level("INFO")
    checkpoint = Checkpoint(tmp_path / "state.pt", "one")
    with pytest.raises(InputError) as error:  # five steps an epoch: in the third
        fit(seeded(12), checkpoint=checkpoint)
    said = str(error.value)
    assert "out of memory on cpu: training Filling (322 parameters) in batches of 16. " in said
    assert "Lower `batch_size` under `training` of the model's entry in config/models.yaml" in said
    assert "goes on after its last finished epoch; with another batch size" in said
    continued = seeded()
    history = fit(continued, checkpoint=checkpoint)
    assert "continued after epoch 2" in caplog.text and len(history) == 4
    whole = seeded()
    fit(whole)
    assert all(map(torch.equal, continued.state_dict().values(), whole.state_dict().values()))


def test_so_does_one_whose_validation_does(tmp_path):
    smaller = dataclasses.replace(SETTINGS, batch_size=2)
    for settings, together in ((SETTINGS, 256), (smaller, 32)):
        with pytest.raises(InputError, match=f"validating .* in batches of {together}. Lower"):
            fit(seeded(1, False), settings)


def test_examples_that_do_not_fit_are_no_matter_of_the_batch_size(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError(FULL)

    monkeypatch.setattr(training, "_on_device", full)
    with pytest.raises(InputError, match="holding all examples for Filling .*No batch size"):
        fit(seeded())


def test_the_gpus_memory_and_what_others_hold_of_it_are_named(monkeypatch):
    answers(monkeypatch, seen=True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2**30, 16 * 2**30))
    for reserved, others in ((14, False), (9, True)):
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device, r=reserved: r * 2**30)
        with pytest.raises(InputError) as error, gpu.enough_memory("training", CNN, 8, "cuda"):
            raise torch.OutOfMemoryError(FULL)
        assert "out of memory on cuda (NVIDIA A100, 16.0 GiB" in str(error.value)
        assert ("of which other processes hold 6.0 GiB" in str(error.value)) == others

    def no_answer(device):
        raise RuntimeError("CUDA error: out of memory")

    # Another process holds all of it, so that CUDA cannot even start.
    monkeypatch.setattr(torch.cuda, "mem_get_info", no_answer)
    with pytest.raises(InputError, match=r"out of memory on cuda \(its memory could not be read"):
        with gpu.enough_memory("training", CNN, 8, "cuda"):
            no_answer("cuda")


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as error:
        inference.predict(nn.Linear(3, 1), CODES)
    assert not isinstance(error.value, InputError)


def test_settings_of_precision_come_back():
    before = torch.backends.cudnn.allow_tf32
    for kept in (True, False):
        torch.backends.cudnn.allow_tf32 = kept
        with inference.full_precision():
            assert torch.backends.cudnn.allow_tf32 is False
        assert torch.backends.cudnn.allow_tf32 is kept
    torch.backends.cudnn.allow_tf32 = before


# --- with a GPU ---------------------------------------------------------------------------------

with_gpu = pytest.mark.skipif(not SEES_GPU, reason="there is no GPU")


@with_gpu
@pytest.mark.parametrize("architecture", ["explainn", "cnn1", "danq"])
def test_training_on_the_gpu_repeats_itself_and_predicts_as_the_cpu_does(architecture):
    data, losses = data_of(400, 200), []
    parts = [dataset.part(data, name) for name in ("train", "validation")]
    examples = [training.Examples(part.obsm["sequence"], part.X) for part in parts]
    settings = training.Settings(0.003, 50, max_epochs=3, patience=None)
    for _ in range(2):
        torch.manual_seed(0)
        model = models.build(architecture, length=200, n_targets=2)
        history = training.fit(model, *examples, "binary", settings, "cuda")
        losses.append(history["train_loss"].to_numpy())
        assert next(model.parameters()).device.type == "cuda"
    # Some kernels of CUDA add up in an order of their own each time.
    np.testing.assert_allclose(*losses, rtol=1e-3)
    X = data.obsm["sequence"]
    on_gpu = inference.predict(model, X, device="cuda")
    np.testing.assert_allclose(on_gpu, inference.predict(model, X), atol=1e-4, rtol=1e-4)


@with_gpu
def test_a_real_gpus_memory_can_be_filled():
    total = torch.cuda.mem_get_info()[1]
    n = total // (4 * 200 * 4) // 10  # a tenth of the memory as one-hot; maps take much more
    model = models.build("cnn1", length=200, n_targets=2)
    X = np.zeros((n, 200), dtype=np.uint8)
    with pytest.raises(InputError, match=r"out of memory on cuda.*GiB.*predicting with CNN1"):
        inference.predict(model, X, batch_size=n, device="cuda")
    torch.cuda.empty_cache()
    assert len(inference.predict(model, X[:300], device="cuda")) == 300
