"""Faults during a run: it is stopped, the disk fills, downloads fail, a second run is started.

After each fault the results are those of an undisturbed run. Faults of clusters are in
tests/cluster.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import pandas as pd
import pytest
import torch
import yaml
from matplotlib import pyplot as plt
from reproduce import compare
from running import command_line, processes, snakemake
from test_download import BODY, SHA256, Server, serving

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.logs import log_to
from workflow_lib.figures import style
from workflow_lib.motif import Motif, write_meme
from workflow_lib.tables import write_table
from workflow_lib.train import checkpoint

pytestmark = pytest.mark.slow
CONFIG = "tests/mini/config.yaml tests/cluster/faults.yaml"
RUN = "results/mini/tiny/seed0"
TARGET = "results/metrics.tsv"
run_project = partial(snakemake, config=CONFIG)


@pytest.fixture(scope="module")
def undisturbed(checkout, prepared, tmp_path_factory):
    """A folder with a run without faults."""
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("undisturbed") / "run")
    run_project(checkout, folder, TARGET)
    return folder


@pytest.fixture
def folder(undisturbed, tmp_path):
    """A folder in which the data set is ready, and no model."""
    copy = shutil.copytree(undisturbed, tmp_path / "run")
    shutil.rmtree(copy / "results/mini/tiny")
    (copy / TARGET).unlink()
    return copy


STARTED = []


@pytest.fixture(autouse=True)
def nothing_left():
    """End the processes that a failed test has left, suspended ones too."""
    yield
    for process in STARTED:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    STARTED.clear()


def start(checkout, folder):
    """Start a run and return its process."""
    process = subprocess.Popen(
        [*command_line(checkout, folder, CONFIG), "--cores", "1", "--", TARGET],
        env=os.environ | {"OMP_NUM_THREADS": "1"}, cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    STARTED.append(process)
    return process


def in_training(process, folder):
    """Wait until the training has finished an epoch, and return its process id."""
    while not (folder / RUN / "training_state.pt").exists():
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    [training] = processes("train.py", folder)
    return training


def same(folder, undisturbed):
    """Check that no partial file is left and the results are those of a run without faults."""
    assert not list(folder.rglob(".writing-*")) and not list(folder.rglob("training_state.pt"))
    assert compare(folder / "results", undisturbed / "results")[1] == []


def test_a_training_stopped_by_sigterm_ends_soon_and_continues_later(checkout, folder, undisturbed):
    process = start(checkout, folder)
    training = in_training(process, folder)
    os.kill(training, signal.SIGTERM)
    sent = time.monotonic()
    while training in processes("train.py", folder):
        assert time.monotonic() - sent < 10
        time.sleep(0.05)
    text, _ = process.communicate()
    assert process.returncode == 1 and "stopped by SIGTERM" in text and "Traceback" not in text
    log = folder / "logs/train/mini/tiny/seed0.log"
    said = r"stopped by SIGTERM \(cancelled, preempted or out of time\) after epoch \d+; the same"
    assert re.search(rf"{said} command continues; no partial file is left\n$", log.read_text())
    assert [p.name for p in (folder / RUN).iterdir() if p.is_file()] == ["training_state.pt"]
    run_project(checkout, folder, TARGET)
    assert "continued after epoch" in log.read_text()
    same(folder, undisturbed)


def test_ctrl_c_is_one_line_that_says_what_is_not_lost(checkout, folder, undisturbed):
    process = start(checkout, folder)
    in_training(process, folder)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in text and "KeyboardInterrupt" not in text
    said = r"(?m)^stopped by Ctrl-C after epoch (\d+); the same command continues \(log: (.*)\)$"
    [(epoch, log)] = re.findall(said, text)
    assert [p.name for p in (folder / RUN).iterdir() if p.is_file()] == ["training_state.pt"]
    run_project(checkout, folder, TARGET)
    assert f"continued after epoch {epoch} " in (folder / log).read_text()
    same(folder, undisturbed)


def test_a_disk_that_fills_after_a_training_does_not_lose_it(checkout, folder, undisturbed, disk):
    # After the model only its provenance record is written.
    disk(folder / RUN / "provenance", 128)
    (folder / RUN / "provenance/filler").write_bytes(b"x" * 128 * 1024)
    done = run_project(checkout, folder, TARGET, check=False)
    assert done.returncode == 1 and "the disk is full" in done.stderr
    (folder / RUN / "provenance/filler").unlink()
    assert (folder / RUN / "training_state.pt").exists()
    run_project(checkout, folder, TARGET)
    log = (folder / "logs/train/mini/tiny/seed0.log").read_text()
    assert "continued after epoch 60" in log
    same(folder, undisturbed)


def test_a_second_run_in_the_same_folder_is_refused(checkout, folder, undisturbed):
    process = start(checkout, folder)
    training = in_training(process, folder)
    os.kill(training, signal.SIGSTOP)
    second = run_project(checkout, folder, TARGET, check=False)
    assert second.returncode == 1 and "Traceback" not in second.stderr
    assert "no other Snakemake process" in second.stderr and str(folder) in second.stderr
    os.kill(training, signal.SIGCONT)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    same(folder, undisturbed)


# --- full disks ---------------------------------------------------------------------------------


class Disk:
    """A small disk in memory, mounted on a folder."""

    def __init__(self, place, kilobytes):
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        self._mount(f"size={kilobytes}k")

    def _mount(self, options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.place)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no disk to fill: {done.stderr.strip() or 'mount failed'}")

    def resize(self, kilobytes):
        self._mount(f"remount,size={kilobytes}k")

    def remove(self):
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)


@pytest.fixture
def disk():
    """A function that makes small disks, which are removed when the test ends."""
    made = []

    def make(place, kilobytes):
        if shutil.which("mount") is None or os.geteuid() != 0:
            pytest.skip("no disk to fill: mounting a small one needs root")
        made.append(Disk(place, kilobytes))
        return made[-1]

    yield make
    for one in made:
        one.remove()


def a_figure(path):
    figure, axes = plt.subplots()
    axes.plot(torch.rand(20_000))
    other = path.with_name("other")
    pdf, png = (path, other) if path.suffix == ".pdf" else (other, path)
    try:
        style.save(figure, pdf, png)
        other.unlink()
    finally:
        plt.close(figure)


def a_state(path):
    model = torch.nn.Linear(300, 300)
    checkpoint.save_state(
        checkpoint.Checkpoint(path, "x"), model, {}, torch.optim.Adam(model.parameters()), [],
        torch.device("cpu"),
    )  # fmt: skip


def a_model(path):
    model = models.build("explainn", length=60, n_targets=2, units=50)
    models.save(model, path, {"target_names": ["a", "b"]})


def a_data_set(path):
    data = dataset.build(
        [f"{i}" for i in range(3000)], torch.randint(0, 4, (3000, 300)).numpy().astype("uint8"),
        torch.rand(3000, 5).numpy(), list("vwxyz"),
    )  # fmt: skip
    data.obs["split"] = "train"
    dataset.save(data, path)


WRITERS = {
    "dataset.h5ad": a_data_set,
    "model.safetensors": a_model,
    "training_state.pt": a_state,
    "table.tsv": lambda path: write_table(pd.DataFrame(torch.rand(9000, 3).numpy()), path),
    "table.tsv.gz": lambda path: write_table(pd.DataFrame(torch.rand(50000, 3).numpy()), path),
    "motifs.meme": lambda path: write_meme(
        path, [Motif(f"m{i}", "", torch.full((4, 19), 0.25).numpy(), 1) for i in range(400)]
    ),
    "figure.png": a_figure,
    "figure.pdf": a_figure,
}


# HDF5 cannot close a file on a full disk: its datasets stay open in the process, broken, and a
# later close of any file may crash. So such a write has a process of its own, as a job has.
OWN_PROCESS = """
import sys
sys.path[:0] = {paths}
from pathlib import Path
from test_faults import WRITERS, log_to
with log_to({log!r}):
    WRITERS[{name!r}](Path({path!r}))
"""


def refused(name, path, log) -> str:
    """What is said of a write that fails."""
    values = {"paths": sys.path, "log": str(log), "name": name, "path": str(path)}
    code = OWN_PROCESS.format(**values)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize("name", WRITERS)
def test_on_a_full_disk_no_partial_file_is_left(disk, tmp_path, capsys, name):
    place = tmp_path / "small"
    small = disk(place, 60)
    if name.endswith(".h5ad"):
        said = refused(name, place / name, tmp_path / "rule.log")
    else:
        with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "rule.log"):
            WRITERS[name](place / name)
        assert stopped.value.code == 1
        said = capsys.readouterr().err
    assert "the disk is full; no partial file is left" in said
    assert list(place.iterdir()) == []
    small.resize(20_000)
    with log_to(tmp_path / "rule.log"):
        WRITERS[name](place / name)
    assert [p.name for p in place.iterdir()] == [name] and (place / name).stat().st_size > 60_000


def test_an_error_is_shown_even_if_its_log_is_on_the_full_disk(disk, tmp_path, capsys):
    disk(tmp_path / "small", 16)
    with pytest.raises(SystemExit), log_to(tmp_path / "small/rule.log") as log:
        log.info("x" * 8000)
        log.info("x" * 20000)
        write_table(pd.DataFrame({"a": range(9000)}), tmp_path / "small/x.tsv")
    assert "the disk is full" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "small").iterdir()] == ["rule.log"]


def test_a_run_on_a_full_disk_continues_when_there_is_space(disk, checkout, folder, undisturbed):
    (folder / "results/mini/dataset.h5ad").unlink()
    small = disk(folder / "results/mini", 12)
    done = run_project(checkout, folder, TARGET, check=False)
    assert done.returncode == 1 and "the disk is full; no partial file is left" in done.stderr
    assert "rule prepare" in done.stderr
    assert [p for p in (folder / "results/mini").rglob("*") if p.is_file()] == []
    for kilobytes, rule in ((100, "train"), (4000, None)):
        small.resize(kilobytes)
        done = run_project(checkout, folder, TARGET, check=False)
        assert ("the disk is full" in done.stderr) == (rule is not None), done.stderr
        assert rule is None or f"rule {rule}" in done.stderr
        assert not list(folder.rglob(".writing-*"))
    # Of figures only, so that this target does not want it.
    run_project(checkout, folder, "results/mini/targets.tsv")
    same(folder, undisturbed)


# --- downloads ----------------------------------------------------------------------------------


@pytest.fixture
def server():
    """A server on this machine that fails in different ways, by path."""
    with serving() as address:
        yield address


def test_downloads_are_retried_or_refused_by_the_workflow(server, checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    config = yaml.safe_load((checkout / "tests/mini/config.yaml").read_text())
    urls = {name: f"{server}/{name}" for name in ("busy-once", "missing", "cut", "page", "x")}
    files = {name: {"url": url} for name, url in urls.items()}
    files["down"] = {"url": "http://127.0.0.1:9/down"}
    files["busy-once"]["sha256"], files["x"]["sha256"] = SHA256, "0" * 64
    config["sources"]["net"] = {"files": files}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    places = {name: tmp_path / "resources/downloads/net" / name for name in files}
    targets = [str(path.relative_to(tmp_path)) for path in places.values()]
    options = ("--keep-going", "--cores", "6")
    done = snakemake(
        checkout, tmp_path, *targets, *options, config=tmp_path / "config.yaml", check=False
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    for words in (
        f"{urls['missing']} could not be fetched after 5 tries: 404",
        f"{urls['cut']} could not be fetched after 5 tries",
        "http://127.0.0.1:9/down could not be fetched after 5 tries",
        f"wanted {'0' * 64}",
        "this is not the file (it is an HTML page",
    ):
        assert words in done.stderr, words
    assert places["busy-once"].read_bytes() == BODY and Server.counts["/busy-once"] == 2
    assert [p.name for p in places["x"].parent.iterdir() if p.is_file()] == ["busy-once"]
