"""Faults on a real Slurm: after each, the results are those of an undisturbed run."""

import os
import signal

from conftest import FAULTS
from reproduce import compare
from running import processes
from runs import Run, asked_for, job_of, wait_for, wait_until_empty

from workflow_lib.execution.slurm import jobs_of

TARGET = "results/metrics.tsv"
STATE = "results/mini/tiny/seed0/training_state.pt"
ASKED = ("MinMemoryNode", "TimeLimit")
LOG = "logs/train/mini/tiny/seed0.log"


def start(slurm, checkout, folder, *arguments):
    return Run(slurm, checkout, folder, TARGET, *arguments, config=FAULTS)


def in_training(slurm, run, folder):
    """Wait until the training has finished an epoch, suspend it, and return its job's id."""
    wait_for("a first epoch", (folder / STATE).exists, run)
    [training] = processes("train.py", folder)
    os.kill(training, signal.SIGSTOP)
    return job_of(slurm, "train", folder)


def go_on(folder):
    """Resume a suspended training."""
    [training] = processes("train.py", folder)
    os.kill(training, signal.SIGCONT)


def same(folder, undisturbed):
    """Check that no partial file is left and the results are those of a run without faults."""
    assert not list(folder.rglob(".writing-*")) and not (folder / STATE).exists()
    assert compare(folder / "results", undisturbed)[1] == []


def test_a_job_over_its_memory_is_resubmitted_with_more(slurm, checkout, folder, undisturbed):
    run = start(
        slurm, checkout, folder, "--forcerun", "prepare",
        "--set-resources", "prepare:mem_mb=60 ** attempt",
    )  # fmt: skip
    text = run.finish()
    first, second, *_ = run.submitted()
    assert asked_for(slurm, first, "MinMemoryNode") == "60M"
    assert asked_for(slurm, first, "JobState") != "COMPLETED"
    assert asked_for(slurm, second, "MinMemoryNode") == "3600M"
    assert "Trying to restart job" in text
    same(folder, undisturbed)


def test_a_job_cancelled_from_outside_is_resubmitted_with_more(
    slurm, checkout, folder, undisturbed
):
    run = start(slurm, checkout, folder)
    first = in_training(slurm, run, folder)
    slurm.run("scancel", first)
    second = wait_for("a second training", lambda: job_of(slurm, "train", folder), run)
    asked = [[asked_for(slurm, job, what) for job in (first, second)] for what in ASKED]
    assert asked == [["8000M", "16000M"], ["12:00:00", "1-00:00:00"]]
    # The same for a group of short jobs in one allocation.

    def scoring():
        job = job_of(slurm, "", folder)
        return job if job != second else ""

    third = wait_for("the scoring", scoring, run)
    slurm.run("scancel", third)
    run.finish()
    fourth = run.submitted()[-1]
    asked = [[asked_for(slurm, job, what) for job in (third, fourth)] for what in ASKED]
    assert asked == [["4000M", "8000M"], ["02:00:00", "04:00:00"]]
    assert "continued after epoch" in (folder / LOG).read_text()
    same(folder, undisturbed)


def test_a_training_over_its_time_continues_from_its_last_epoch(
    slurm, checkout, folder, undisturbed
):
    run = start(slurm, checkout, folder, "--set-resources", "train:runtime=1 * attempt")
    first = in_training(slurm, run, folder)
    # At its time limit Slurm resumes the job and ends it.
    wait_for("a second training", lambda: len(run.submitted()) > 1, run)
    assert asked_for(slurm, first, "JobState") == "TIMEOUT"
    run.finish()
    assert "continued after epoch" in (folder / LOG).read_text()
    same(folder, undisturbed)


def test_a_preempted_training_is_requeued_and_continues(slurm, checkout, folder, undisturbed):
    run = start(slurm, checkout, folder)
    job = in_training(slurm, run, folder)
    slurm.run("scontrol", "requeue", job)
    # By default a requeued job waits for two minutes.
    slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now")
    run.finish()
    assert run.submitted()[0] == job and len(run.submitted()) == 2
    assert asked_for(slurm, job, "Restarts") == "1"
    assert "continued after epoch" in (folder / LOG).read_text()
    same(folder, undisturbed)


def test_jobs_of_a_killed_snakemake_do_not_run_twice(slurm, checkout, folder, undisturbed):
    run = start(slurm, checkout, folder)
    job = in_training(slurm, run, folder)
    run.kill()
    assert "Directory cannot be locked" in start(slurm, checkout, folder).finish(status=1)
    start(slurm, checkout, folder, "--unlock").finish()
    refused = start(slurm, checkout, folder)
    text = refused.finish(status=1)
    assert f"scancel {job}" in text and "jobs of an earlier run" in text
    assert "Traceback" not in text and refused.submitted() == []
    # Runs in other folders are not blocked.
    assert jobs_of(folder.parent / "another") == {}
    slurm.run("scancel", job)
    wait_until_empty(slurm, folder)
    start(slurm, checkout, folder).finish()
    assert "continued after epoch" in (folder / LOG).read_text()
    same(folder, undisturbed)


def test_results_finished_after_their_run_was_killed_are_made_again(
    slurm, checkout, folder, undisturbed
):
    run = start(slurm, checkout, folder)
    in_training(slurm, run, folder)
    run.kill()
    go_on(folder)
    wait_until_empty(slurm, folder)
    start(slurm, checkout, folder, "--unlock").finish()
    # Snakemake did not see the job end and would take its results for those of the current config.
    again = start(slurm, checkout, folder)
    assert "made again" in again.finish() and "rule_train" in again.text
    same(folder, undisturbed)


def test_an_interrupted_run_cancels_its_jobs_and_continues_later(
    slurm, checkout, folder, undisturbed
):
    run = start(slurm, checkout, folder)
    in_training(slurm, run, folder)
    os.kill(run.process.pid, signal.SIGINT)
    run.finish(status=1)
    wait_until_empty(slurm, folder)
    start(slurm, checkout, folder).finish()
    assert "continued after epoch" in (folder / LOG).read_text()
    same(folder, undisturbed)
