"""Results of jobs that outlived a killed run: the next run makes them again."""

import base64
import json
import os
from pathlib import Path

import pytest

from workflow_lib.execution import unrecorded

MODEL = "results/mini/tiny/seed0/model.safetensors"


def make(output, started="2026-01-02T00:00:00+00:00", inputs=("x",), seen=False):
    """A result with its record, and Snakemake's own note where it saw the job end."""
    path = Path(output)
    record = path.parent / "provenance" / f"{path.name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("made")
    told = {"started": started, "inputs": dict.fromkeys(inputs, ""), "outputs": {output: ""}}
    record.write_text(json.dumps(told))
    note = unrecorded.METADATA / base64.urlsafe_b64encode(output.encode()).decode()
    if seen:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()


def age(output):
    return os.stat(output).st_mtime


@pytest.fixture(autouse=True)
def killed(tmp_path, monkeypatch):
    """A folder whose run was killed."""
    monkeypatch.chdir(tmp_path)
    unrecorded.run_starts()
    unrecorded.RUNNING.write_text("2026-01-01T00:00:00+00:00")


def test_results_of_jobs_not_seen_to_end_are_dated_before_their_inputs():
    make(MODEL)
    assert unrecorded.make_again() == [MODEL] and age(MODEL) == 1
    assert Path(MODEL).read_text() == "made"


def test_a_plan_only_says_so():
    make(MODEL)
    assert unrecorded.make_again(only_say=True) == [MODEL] and age(MODEL) > 1


def test_results_of_simulations_count_too():
    made = "resources/simulated/mini/sequences.tsv.gz"
    make(made)
    assert unrecorded.make_again() == [made]


def test_a_result_without_inputs_is_removed():
    make("results/motifs/known.meme", inputs=())
    assert unrecorded.make_again() == ["results/motifs/known.meme"]
    assert not Path("results/motifs/known.meme").exists()
    assert unrecorded.make_again() == []


def test_recorded_results_and_those_older_than_the_run_are_kept():
    make(MODEL, seen=True)
    older = "results/mini/tiny/seed1/model.safetensors"
    make(older, started="2025-12-31T00:00:00+00:00")
    assert unrecorded.make_again() == [] and min(age(MODEL), age(older)) > 0


def test_a_note_of_an_earlier_attempt_does_not_count():
    make(MODEL, seen=True)
    [note] = unrecorded.METADATA.iterdir()
    os.utime(note, (1, 1))
    assert unrecorded.make_again() == [MODEL]
    assert not note.exists()


def test_while_a_run_goes_on_nothing_is_touched():
    make(MODEL)
    unrecorded.LOCKS.mkdir()
    (unrecorded.LOCKS / "0.output.lock").touch()
    assert unrecorded.make_again() == [] and age(MODEL) > 0


def test_after_a_run_that_was_not_killed_nothing_is_touched():
    unrecorded.run_ends()
    make(MODEL)
    assert unrecorded.make_again() == [] and age(MODEL) > 0


def test_the_note_of_a_killed_run_outlives_the_start_of_the_next_one():
    before = unrecorded.RUNNING.read_text()
    unrecorded.run_starts()
    assert unrecorded.RUNNING.read_text() == before
