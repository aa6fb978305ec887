"""Results of jobs that outlived their run: refused where the settings are other ones now."""

import base64
import json
import os
from pathlib import Path

import pytest

from workflow_lib import unwatched
from workflow_lib.errors import InputError

MODEL = "results/mini/tiny/seed0/model.safetensors"


def make(output, batch_size, started="2026-01-02T00:00:00+00:00", seen=False):
    """A result with its record, and Snakemake's own note where it saw the job end."""
    path = Path(output)
    record = path.parent / "provenance" / f"{path.name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(batch_size))
    told = {"rule": "train", "wildcards": {"seed": "0"}, "code": "abc", "started": started,
            "settings": {"settings": {"batch_size": batch_size}},
            "outputs": {output: ""}}  # fmt: skip
    record.write_text(json.dumps(told))
    note = Path(unwatched.METADATA, base64.urlsafe_b64encode(output.encode()).decode())
    if seen:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()


def asked(batch_size, code="abc"):
    """What the config says now."""
    return lambda rule, wildcards: {"settings": {"batch_size": batch_size}, "code": code}


@pytest.fixture(autouse=True)
def killed(tmp_path, monkeypatch):
    """A folder whose run was killed."""
    monkeypatch.chdir(tmp_path)
    unwatched.run_starts()
    Path(unwatched.RUNNING).write_text("2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize("now", [asked(50), asked(100, code="abd")])
def test_other_settings_or_code_than_now_are_refused_until_made_anew(now):
    make(MODEL, 100)
    unwatched.check(asked(100))
    unwatched.run_ends()  # ... and long after the run that went on from there
    for _ in range(2):
        with pytest.raises(InputError, match=f"--forcerun {MODEL}"):
            unwatched.check(now, forced=["--forcerun", "results/other"])
    unwatched.check(now, forced=["--forcerun", MODEL])
    make(MODEL, 50, started="2026-01-03T00:00:00+00:00", seen=True)
    unwatched.check(asked(70))


def test_what_snakemake_saw_and_what_is_older_is_left_to_it():
    make(MODEL, 100, seen=True)
    make("results/mini/tiny/seed1/model.safetensors", 100, started="2025-12-31T00:00:00+00:00")
    unwatched.check(asked(50))


def test_what_a_living_run_sees_end_later_is_left_to_snakemake():
    make(MODEL, 100)
    unwatched.check(asked(100))
    unwatched.run_ends()
    make(MODEL, 100, seen=True)
    unwatched.check(asked(50))


def test_a_note_of_an_earlier_attempt_does_not_count():
    make(MODEL, 100, seen=True)
    [note] = Path(unwatched.METADATA).iterdir()
    os.utime(note, (1, 1))
    with pytest.raises(InputError, match="batch|settings"):
        unwatched.check(asked(50))


def test_what_the_config_knows_no_more_or_is_gone_holds_nothing_up():
    make(MODEL, 100)
    unwatched.check(lambda rule, wildcards: None)
    Path(MODEL).unlink()
    unwatched.check(asked(50))


def test_a_run_that_ended_leaves_no_note():
    unwatched.run_ends()
    make(MODEL, 100)
    unwatched.check(asked(50))
    assert not Path(unwatched.LISTED).exists()
