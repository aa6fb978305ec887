"""Training: what it learns, when it stops, and that it survives being killed."""

import dataclasses
import multiprocessing
import signal
import time

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from workflow_lib.errors import InputError
from workflow_lib.sequence import encode, reverse_complement
from workflow_lib.train import inference, training
from workflow_lib.train.checkpoint import Checkpoint, digest_of
from workflow_lib.train.losses import LOSSES, masked_bce, masked_mse

SETTINGS = training.Settings(learning_rate=0.01, batch_size=16, max_epochs=4, patience=2)


def examples(n=120, length=30, seed=0):
    """Random sequences; the label says whether GATA (or its reverse complement) is in them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    labels = (rng.random((n, 2)) < 0.5).astype(np.float32)
    for i in np.flatnonzero(labels[:, 0]):
        codes[i, 10:14] = encode(["GATA"])[0]
    return training.Examples(codes, labels)


def small_model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv1d(4, 8, 5), nn.BatchNorm1d(8), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Dropout(0.3), nn.Linear(8, 2),
    )  # fmt: skip


def run(settings=SETTINGS, checkpoint=None, data=None):
    model = small_model()
    data = data or examples()
    history = training.fit(model, data, examples(40, seed=1), "binary", settings, "cpu", checkpoint)
    return model, history


def watched(model, look=len):
    """The list to which `look(inputs)` of each batch in training mode, and in eval mode, goes."""
    seen = {True: [], False: []}

    def hook(module, inputs):
        seen[module.training].append(look(inputs[0]))

    model.register_forward_pre_hook(hook)
    return seen[True], seen[False]


def weights(model):
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def test_same_seed_same_weights_and_eval_mode_at_the_end():
    (a, history), (b, _) = run(), run()
    assert torch.equal(weights(a), weights(b))
    assert not a.training
    assert list(history.columns) == ["epoch", "train_loss", "validation_loss", "seconds", "best"]


@pytest.mark.parametrize("opposite", [False, True])
def test_the_best_validation_weights_are_kept(tmp_path, opposite):
    data = examples(40, seed=1)
    if opposite:  # the more is learned, the worse: an early epoch is the best
        data = training.Examples(data.X, 1 - data.targets)
    checkpoint = Checkpoint(tmp_path / "state.pt", "one")
    for epochs in (5, 8):  # stopped after the best epoch, and continued
        model, settings = small_model(), training.Settings(0.05, 16, epochs, patience=None)
        given = (examples(), data, "binary", settings, "cpu", checkpoint)
        history = training.fit(model, *given)
    both = np.concatenate([data.X, reverse_complement(data.X)])
    outputs = torch.from_numpy(inference.predict(model, both))
    loss = masked_bce(outputs, torch.from_numpy(np.tile(data.targets, (2, 1))))
    assert len(history) == 8 and history["best"].sum() == 1
    assert history["train_loss"].idxmin() >= 5
    assert (history["best"].idxmax() < 4) == opposite
    best = history.loc[history["best"], "validation_loss"].item()
    assert best == history["validation_loss"].min()
    assert float(loss) == pytest.approx(best, rel=1e-5)


def test_the_presets_are_those_of_the_paper_and_of_the_notebooks(root):
    presets = yaml.safe_load((root / "config/models.yaml").read_text())["presets"]
    # Methods, "Model training"; the patience and the most epochs are those of the published code.
    paper = {"learning_rate": 0.003, "batch_size": 100, "max_epochs": 100, "patience": 10}
    notebooks = {"learning_rate": 0.001, "batch_size": 128, "max_epochs": 50, "patience": None}
    others = {"both_strands": True, "precision": "float32"}
    known = {"paper_methods": paper | others, "paper_notebooks": notebooks | others}
    # AI-TAC's code: ten epochs, the forward strand, the sum of the losses of a batch.
    known["ai_tac"] = {
        "learning_rate": 0.001, "batch_size": 100, "max_epochs": 10, "patience": None,
        "both_strands": False, "precision": "float32", "reduction": "sum",
    }  # fmt: skip
    # The last one is of another paper, see test_catalogue.py.
    assert presets == known | {"deepstarr": presets["deepstarr"]}
    # What they do not say.
    unsaid = {"reduction": "mean", "filter_lr": 1}
    assert presets["paper_methods"] | unsaid == dataclasses.asdict(training.Settings())


def test_early_stop_waits_for_patience():
    _, history = run(training.Settings(0.5, 16, max_epochs=60, patience=3))
    best = int(history.loc[history["best"], "epoch"].item())
    assert len(history) == min(best + 3, 60) < 60


def test_the_training_loss_is_the_mean_over_examples_in_batches_of_any_size():
    """Weights that hardly move: every epoch's losses are those of the model as it was given."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4 * 30, 2))
    data, held_out = examples(33), examples(20, seed=1)
    outputs = torch.from_numpy(inference.predict(model, data.X))
    expected = masked_bce(outputs, torch.from_numpy(data.targets)).item()
    for batch_size in (8, 32, 33, 100):  # the last example joins the batch before; one batch
        settings = training.Settings(1e-9, batch_size, max_epochs=2, both_strands=False)
        history = training.fit(model, data, held_out, "binary", settings)
        np.testing.assert_allclose(history["train_loss"], expected, rtol=1e-4)
        assert (history["validation_loss"] > 0).all()


def test_the_validation_loss_is_over_both_strands_wherever_the_batches_end():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4 * 30, 2))
    data, held_out = examples(8), examples(15, seed=1)
    both = np.concatenate([held_out.X, reverse_complement(held_out.X)])
    for batch_size in (1, 2):  # 16 examples at once end with the first reverse complement; 32
        history = training.fit(
            model, data, held_out, "binary", training.Settings(1e-9, batch_size, max_epochs=1)
        )
        outputs = torch.from_numpy(inference.predict(model, both))
        expected = masked_bce(outputs, torch.from_numpy(np.tile(held_out.targets, (2, 1))))
        assert history["validation_loss"].item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_last_batch_has_never_one_example_and_the_others_have_the_asked_for_size():
    data, model = examples(33), small_model()
    seen, _ = watched(model)
    for batch_size in (8, 11, 31, 32, 33):
        seen.clear()
        settings = training.Settings(0.01, batch_size, max_epochs=1, both_strands=False)
        training.fit(model, data, examples(2, seed=1), "binary", settings)
        full, rest = divmod(33, batch_size)
        sizes = [batch_size] * full + [rest] * (rest > 0)
        assert seen == (sizes if rest != 1 else [*sizes[:-2], batch_size + 1])


def test_only_sequences_have_a_second_strand():
    data = examples(20)
    one_hot = inference.to_input(data.X).numpy()
    for X, doubled in ((data.X, True), (one_hot, False)):
        model = small_model()
        seen = watched(model)
        both = training.Examples(X, data.targets)
        training.fit(model, both, both, "binary", training.Settings(max_epochs=1))
        assert [sum(sizes) for sizes in seen] == [40 if doubled else 20] * 2


def test_an_epochs_seconds_are_those_that_it_took():
    start = time.perf_counter()
    _, history = run()
    elapsed = time.perf_counter() - start
    assert (history["seconds"] > 0).all() and history["seconds"].sum() <= elapsed + 0.01


def test_of_equal_validation_losses_the_first_is_best_and_patience_counts_from_it():
    history = [
        {"epoch": epoch, "validation_loss": value}
        for epoch, value in enumerate([3.0, 2.0, 2.0, 2.5], start=1)
    ]
    assert training._best_epoch(history) == 2
    for patience, epochs, finished in (
        (2, 9, True), (3, 9, False), (None, 9, False), (3, 4, True), (None, 5, False),
    ):  # fmt: skip
        settings = training.Settings(patience=patience, max_epochs=epochs)
        assert training._finished(history, settings) == finished
    assert not training._finished([], training.Settings(max_epochs=0, patience=0))


def test_both_strands_double_the_examples_and_none_is_left_out(monkeypatch):
    seen = []
    model = small_model()
    forward = model.forward
    model.forward = lambda X: (seen.append(X.detach().clone()), forward(X))[1]
    data = examples(33)
    training.fit(
        model, data, examples(40, seed=1), "binary", training.Settings(max_epochs=1, batch_size=16)
    )
    rows = torch.cat(seen)[: 2 * 33]
    wanted = inference.to_input(np.concatenate([data.X, reverse_complement(data.X)]))
    key = lambda x: sorted(map(tuple, x.argmax(1).tolist()))  # noqa: E731
    assert key(rows) == key(wanted)
    sizes = [len(x) for x in seen]
    assert min(sizes) >= 2 and sum(sizes) == 2 * (33 + 40)


def test_unresolved_labels_change_neither_loss_nor_gradient():
    outputs = torch.randn(5, 3, requires_grad=True)
    targets = torch.tensor([[0, 1, float("nan")]] * 5)
    for loss, plain in (
        (masked_bce, nn.functional.binary_cross_entropy_with_logits),
        (masked_mse, nn.functional.mse_loss),
    ):
        value = loss(outputs, targets)
        assert value.item() == pytest.approx(plain(outputs[:, :2], targets[:, :2]).item(), rel=1e-6)
        (gradient,) = torch.autograd.grad(value, outputs)
        assert (gradient[:, 2] == 0).all() and (gradient[:, :2] != 0).all()
    assert masked_bce(outputs, torch.full((5, 3), float("nan"))).item() == 0


def test_the_sum_of_losses_makes_gradients_of_a_whole_batch():
    seen = {}
    for reduction in ("mean", "sum"):
        torch.manual_seed(0)
        model, settings = small_model(), dataclasses.replace(SETTINGS, reduction=reduction)
        settings = dataclasses.replace(settings, max_epochs=1, both_strands=False, batch_size=64)
        training.fit(model, examples(64), examples(40, seed=1), "binary", settings)
        seen[reduction] = [parameter.grad.clone() for parameter in model.parameters()]
    for mean, total in zip(seen["mean"], seen["sum"], strict=True):
        torch.testing.assert_close(total, 64 * mean, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "plain"),
    [
        ("binary", nn.functional.binary_cross_entropy_with_logits),
        ("cross_entropy", nn.functional.cross_entropy),
        ("regression", nn.functional.mse_loss),
    ],
)
def test_the_loss_of_few_resolved_examples_is_their_mean_and_of_none_0(task, plain):
    loss, outputs = LOSSES[task].function, torch.randn(4, 3)
    unresolved = torch.full((4, 3), float("nan"))
    assert loss(outputs, unresolved).item() == 0
    for n in (1, 2):
        targets = unresolved.clone()
        targets[:n] = torch.eye(3)[:n]
        found = loss(outputs, targets).item()
        assert found == pytest.approx(plain(outputs[:n], targets[:n]).item(), rel=1e-6)
    if task != "cross_entropy":  # one label, not one row
        targets = unresolved.clone()
        targets[1, 2] = 1
        expected = plain(outputs[1, 2], targets[1, 2]).item()
        assert loss(outputs, targets).item() == pytest.approx(expected, rel=1e-6)


def test_one_unresolved_class_leaves_out_the_row_and_one_unresolved_label_only_itself():
    outputs, targets = torch.randn(3, 3), torch.eye(3)
    targets[1, 2] = float("nan")
    found = LOSSES["cross_entropy"].function(outputs, targets).item()
    rows = [0, 2]
    expected = nn.functional.cross_entropy(outputs[rows], targets[rows])
    assert found == pytest.approx(expected.item(), rel=1e-6)
    one = ~targets.isnan()
    expected = nn.functional.mse_loss(outputs[one], targets[one])
    assert masked_mse(outputs, targets).item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_loss_that_is_not_a_number_stops_with_advice():
    data = examples()
    data.targets[3, 0] = np.inf
    model = small_model()
    with pytest.raises(InputError, match="epoch 1: the loss is not a number.*learning_rate"):
        training.fit(model, data, examples(40, seed=1), "regression", SETTINGS)


def test_a_validation_loss_that_is_not_a_number_stops_too():
    held_out = examples(40, seed=1)
    held_out.targets[3, 0] = np.inf
    with pytest.raises(InputError, match="training [0-9.]+, validation inf"):
        training.fit(small_model(), examples(), held_out, "regression", SETTINGS)


def test_regression_learns():
    data = examples(400)
    settings = training.Settings(0.01, 32, max_epochs=15, patience=None)
    model = small_model()
    training.fit(model, data, examples(80, seed=1), "regression", settings)
    held_out = examples(200, seed=2)
    predicted = inference.predict(model, held_out.X, both_strands=True)
    assert np.corrcoef(predicted[:, 0], held_out.targets[:, 0])[0, 1] > 0.7
    assert LOSSES["regression"].activation(torch.tensor(2.0)) == 2.0


def test_too_few_examples_and_precisions_that_do_not_exist():
    with pytest.raises(InputError, match="training part has 1 examples"):
        run(data=examples(1))
    training.fit(small_model(), examples(2), examples(2), "binary", SETTINGS)  # two are enough
    with pytest.raises(InputError, match="validation part has 1 examples"):
        training.fit(small_model(), examples(2), examples(1), "binary", SETTINGS)
    with pytest.raises(InputError, match="bf16 needs device cuda"):
        run(training.Settings(precision="bf16"))
    with pytest.raises(InputError, match="precision: found 'half'"):
        run(training.Settings(precision="half"))


def test_devices():
    assert inference.choose_device("cpu").type == "cpu"
    assert inference.choose_device("auto").type in ("cpu", "cuda")
    with pytest.raises(InputError, match="found 'gpu', wanted auto, cpu or cuda"):
        inference.choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="cuda was asked for, but PyTorch"):
            inference.choose_device("cuda")


def test_precision_settings_are_put_back():
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    model = small_model()
    seen = watched(
        model,
        lambda X: (
            torch.get_float32_matmul_precision(),
            torch.backends.cudnn.allow_tf32,
            torch.is_autocast_enabled("cpu"),
        ),
    )
    training.fit(model, examples(20), examples(20, seed=1), "binary", SETTINGS)
    assert set(seen[0]) == set(seen[1]) == {("highest", False, False)}
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before


def test_both_strands_average_logits_and_the_mode_comes_back():
    model = small_model().train()
    X = examples(9).X
    average = inference.predict(model, X, batch_size=4, both_strands=True)
    assert model.training
    forward, reverse = inference.predict(model, X), inference.predict(model, reverse_complement(X))
    np.testing.assert_allclose(average, (forward + reverse) / 2, atol=1e-6)
    np.testing.assert_allclose(
        inference.predict(model, reverse_complement(X), both_strands=True), average, atol=1e-6
    )


def test_a_state_of_another_digest_is_ignored_with_a_warning(tmp_path, caplog):
    path = tmp_path / "state.pt"
    caplog.set_level("INFO")
    stopped = training.Settings(0.01, 16, max_epochs=2, patience=None)
    longer = training.Settings(0.01, 16, max_epochs=4, patience=None)
    run(stopped, Checkpoint(path, "one"))
    continued, history = run(longer, Checkpoint(path, "one"))
    assert "continued after epoch 2" in caplog.text and len(history) == 4
    whole, _ = run(longer)
    assert torch.equal(weights(continued), weights(whole))
    run(longer, Checkpoint(path, "two"))
    assert "ignored, training starts from scratch" in caplog.text


def test_a_damaged_state_is_ignored(tmp_path, caplog):
    path = tmp_path / "state.pt"
    path.write_bytes(b"not a state")
    model, _ = run(checkpoint=Checkpoint(path, "one"))
    assert "cannot be read" in caplog.text
    assert torch.equal(weights(model), weights(run()[0]))


# Processes that have imported torch already: they start at once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pandas", "pytest", "torch"])


def train_to_the_end(rate, out, started):
    """Train in a process of its own, which may be killed, and write the weights."""
    torch.set_num_threads(1)
    settings = training.Settings(rate, 16, max_epochs=60, patience=None)
    checkpoint = Checkpoint(out.with_suffix(".state"), digest_of(rate))
    started.set()
    model, _ = run(settings, checkpoint)
    torch.save(weights(model), out)


def start(out, rate=0.01):
    started = PROCESSES.Event()
    process = PROCESSES.Process(target=train_to_the_end, args=(rate, out, started), daemon=True)
    process.start()
    assert started.wait(120)
    return process


def finish(process):
    process.join()
    assert process.exitcode == 0


@pytest.mark.slow
def test_killed_at_several_moments_it_ends_with_the_same_weights(tmp_path):
    finish(start(tmp_path / "whole"))
    state, out = tmp_path / "killed.state", tmp_path / "killed"
    for wait in (None, 0.0, 0.003, 0.007, 0.015):
        before = state.stat().st_mtime_ns if state.exists() else 0
        process = start(out)
        # The first is killed at once, the others some time after they have finished an epoch.
        while wait is not None and (not state.exists() or state.stat().st_mtime_ns == before):
            assert process.is_alive()
        time.sleep(wait or 0)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    epochs = len(torch.load(state, weights_only=True)["history"])
    assert 4 <= epochs < 60
    finish(start(out))
    assert torch.equal(
        torch.load(out, weights_only=True), torch.load(tmp_path / "whole", weights_only=True)
    )


@pytest.mark.slow
def test_a_changed_learning_rate_starts_from_scratch(tmp_path):
    finish(start(tmp_path / "whole", rate=0.02))
    process = start(tmp_path / "changed", rate=0.01)
    while not (tmp_path / "changed.state").exists():
        time.sleep(0.01)
    process.kill()
    process.join()
    finish(start(tmp_path / "changed", rate=0.02))
    results = [torch.load(tmp_path / name, weights_only=True) for name in ("whole", "changed")]
    assert torch.equal(*results)
