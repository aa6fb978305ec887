"""The mini project on a real Slurm, by `snakemake --profile slurm`, up to its report."""

import re
import shutil

import pytest
from conftest import FAULTS
from reproduce import compare, write_inputs
from running import snakemake
from runs import Run, asked_for, job_of, wait_for

MINI = "tests/mini/config.yaml"
METRICS = "results/mini_tf.{}/tiny_gata/seed0/metrics.tsv"
TARGET = "results/metrics.tsv"
LOG = "logs/train/mini/tiny/seed0.log"


@pytest.mark.slow
def test_the_mini_project_runs_up_to_its_report(slurm, checkout, finished, tmp_path):
    there = tmp_path / "slurm"
    # Names of folders are in the command lines of jobs, but no shell runs them.
    mirror = there / 'a "b"; touch hacked; $(touch hacked) `touch hacked`'
    (mirror / "mini").mkdir(parents=True)
    write_inputs(there)
    run = Run(slurm, checkout, there, "--config", f"mirror={mirror}", config=MINI)
    text = run.finish()
    snakemake(checkout, there, "--report", "results/report.html", "--config", f"mirror={mirror}")
    assert (there / "results/report.html").stat().st_size > 100_000
    (there / "results/report.html").unlink()
    counts, differences = compare(finished / "results", there / "results")
    # The page and the config name the mirror.
    assert set(differences) <= {
        "config.yaml: differs (byte for byte)",
        "provenance/overview.html.json: differs (provenance without time and host)",
    }
    assert counts["byte for byte"] >= 50 and counts["figures by pixels"] >= 10
    assert not list(tmp_path.rglob("hacked")) and not list(checkout.rglob("hacked"))
    # Short jobs share an allocation; downloads, figures and tables need none.
    rules = re.findall(r"slurm_logs/(?:rule|group)_(\w+)", text)
    assert {"scoring_evaluate_predict", "filters_and_importances"} <= set(rules)
    assert not {"loss_curves", "overview", "collect_metrics", "download"} & set(rules)
    assert len(run.submitted()) == len(rules) <= 20


def test_a_gpu_is_requested_and_an_unusable_one_is_reported(slurm, checkout, folder, undisturbed):
    run = Run(
        slurm, checkout, folder, TARGET, "--set-resources", "train:gpu=1",
        "--config", "device=auto", config=FAULTS,
    )  # fmt: skip
    run.finish()
    training, scoring = run.submitted()
    assert asked_for(slurm, training, "TresPerJob") == "gres:gpu:1"
    assert "gres:gpu" not in slurm.run("scontrol", "show", "job", scoring)
    # The GPU of these tests is a fake one.
    log = (folder / LOG).read_text()
    assert "a GPU was given (CUDA_VISIBLE_DEVICES=0)" in log and "ON THE CPU" in log
    assert compare(folder / "results", undisturbed)[1] == []


def test_short_jobs_of_several_members_share_an_allocation(slurm, checkout, folder):
    run = Run(
        slurm, checkout, folder, *(METRICS.format(name) for name in ("red", "blue")),
        "--group-components", "scoring=2", "--set-resources", "train:runtime=30 * attempt",
        config=f"{MINI} tests/mini/figure_3.yaml",
    )  # fmt: skip
    run.finish()
    # Jobs: two members, their trainings, and one that scores both.
    *_, training, scoring = run.submitted()
    assert len(run.submitted()) == 5
    assert asked_for(slurm, training, "TimeLimit") == "00:30:00"
    assert asked_for(slurm, scoring, "MinMemoryNode") == "8000M"
    assert all((folder / METRICS.format(name)).exists() for name in ("red", "blue"))


def test_with_accounting_a_cancelled_job_is_noticed_too(
    slurm_with_accounting, checkout, folder, undisturbed
):
    slurm = slurm_with_accounting
    run = Run(slurm, checkout, folder, TARGET, config=FAULTS)
    first = wait_for("the training", lambda: job_of(slurm, "train", folder), run)
    slurm.run("scancel", first)
    run.finish()
    assert compare(folder / "results", undisturbed)[1] == []
    jobs = f"--jobs={','.join(run.submitted())}"
    states = slurm.run(
        "sacct", jobs, "--allocations", "--noheader", "--parsable2", "--format=State"
    )
    assert "CANCELLED" in states and states.count("COMPLETED") == 2


@pytest.mark.parametrize("missing", ["slurm_partition", "slurm_account"])
def test_an_unknown_partition_or_account_ends_the_run_with_slurms_error(
    slurm_with_accounting, checkout, prepared, tmp_path, missing
):
    folder = shutil.copytree(prepared, tmp_path / "run")
    run = Run(
        slurm_with_accounting, checkout, folder, TARGET, "--retries", "0",
        "--default-resources", f"{missing}=nowhere", config=FAULTS,
    )  # fmt: skip
    text = run.finish(status=1, within=120)
    assert "nowhere" in text and "nvalid" in text
