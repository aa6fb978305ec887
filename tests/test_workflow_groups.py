"""Members of a family in one job: the same files as one job each, and nothing lost."""

import os
import shutil

import pandas as pd
import pytest
from reproduce import compare
from running import planned, snakemake

pytestmark = pytest.mark.slow
CONFIG = "tests/mini/config.yaml tests/mini/figure_3.yaml"
RUN = "results/mini_tf.{}/tiny_gata/seed0"
TARGETS = [
    f"{RUN.format(name)}/{file}"
    for name in ("red", "blue")
    for file in ("metrics.tsv", "unit_importance.tsv", "annotation.tsv")
]


@pytest.fixture(scope="module")
def alone(checkout, tmp_path_factory):
    """A folder with one job for each member."""
    folder = tmp_path_factory.mktemp("alone")
    snakemake(checkout, folder, *TARGETS, "--config", "group_size=1", config=CONFIG)
    return folder


@pytest.fixture(scope="module")
def together(checkout, tmp_path_factory):
    """A folder with both members in each job."""
    folder = tmp_path_factory.mktemp("together")
    arguments = (*TARGETS, "--config", "group_size=2")
    jobs = planned(snakemake(checkout, folder, *arguments, "-n", config=CONFIG))
    assert jobs["train_group1_tiny_gata_0"] == jobs["prepare_group1"] == 1 and "train" not in jobs
    snakemake(checkout, folder, *arguments, config=CONFIG)
    return folder


def test_groups_make_the_same_files(alone, together):
    counts, differences = compare(alone / "results", together / "results")
    assert differences == [] and counts["byte for byte"] > 20
    assert counts["provenance without time and host"] > 10
    kept = together / RUN.format("red") / ".grouped/model.safetensors"
    assert kept.samefile(together / RUN.format("red") / "model.safetensors")  # no second copy


def test_each_member_has_its_own_log_and_times(together):
    assert "finished" in (together / "logs/train/mini_tf.red/tiny_gata/seed0.log").read_text()
    times = pd.read_csv(together / "benchmarks/train/mini_tf.blue/tiny_gata/seed0.tsv", sep="\t")
    assert 0 < times.cpu_time[0] < 100 and 0 < times.s[0] < 100


def test_a_second_run_does_nothing(checkout, together):
    arguments = (*TARGETS, "-n", "--config", "group_size=2")
    assert "Nothing to be done" in snakemake(checkout, together, *arguments, config=CONFIG).stdout


def test_a_change_is_seen_after_single_jobs_too(checkout, alone, tmp_path):
    """What single jobs made is not taken for a group's where the settings are others."""
    other = tmp_path / "other.yaml"
    other.write_text("datasets: {'mini_tf.{member}': {balance: {seed: 7}}}\n")
    arguments = (*TARGETS, "-n", "--config", "group_size=2")
    jobs = planned(snakemake(checkout, alone, *arguments, config=f"{CONFIG} {other}"))
    assert jobs["prepare_group1"] == 1 and jobs["train_group1_tiny_gata_0"] == 1


def test_a_failed_group_keeps_what_was_finished(checkout, together, tmp_path):
    """One member's data set is broken: the other's training is kept for the next attempt."""
    folder = tmp_path / "broken"
    shutil.copytree(together, folder)
    data = folder / "results/mini_tf.red/dataset.h5ad"
    whole, times = data.read_bytes(), os.stat(data)
    data.write_bytes(b"no data set")
    options = ("--config", "group_size=2", "--rerun-triggers", "mtime")
    models = [f"{RUN.format(name)}/model.safetensors" for name in ("red", "blue")]
    done = snakemake(
        checkout,
        folder,
        *models,
        "-R",
        "train_group1_tiny_gata_0",
        *options,
        config=CONFIG,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode and "1 of 2 jobs failed" in said and "mini_tf.red" in said
    kept = folder / RUN.format("blue") / ".grouped/model.safetensors"
    trained = kept.stat().st_ino
    data.write_bytes(whole)
    os.utime(data, ns=(times.st_atime_ns, times.st_mtime_ns))
    snakemake(checkout, folder, *models, *options, config=CONFIG)
    assert (folder / models[1]).stat().st_ino == trained  # not trained again
    for model in models:
        assert (folder / model).read_bytes() == (together / model).read_bytes()
