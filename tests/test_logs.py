"""What a user sees when a rule fails."""

import errno
import json
import os
import platform
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.execution.logs import check_not_terminated, log_to, reached


def test_a_users_mistake_is_one_line_and_in_the_log(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "rule.log"):
        raise InputError("peaks.fa, line 3: found 'X', wanted a letter of DNA")
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: peaks.fa, line 3: found 'X', wanted a letter of DNA\n"
    assert "error: peaks.fa, line 3" in (tmp_path / "rule.log").read_text()


def test_a_full_disk_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit), log_to(tmp_path / "rule.log"):
        raise OSError(errno.ENOSPC, "No space left on device", "results/x.h5ad")
    assert capsys.readouterr().err.startswith("error: results/x.h5ad: the disk is full")


def test_any_other_error_keeps_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError), log_to(tmp_path / "rule.log") as log:
        log.info("so far so good")
        raise ZeroDivisionError
    text = (tmp_path / "rule.log").read_text()
    assert "so far so good" in text and "Traceback" in text


SIGNALS = {signal.SIGTERM: "SIGTERM (cancelled, preempted or out of time)", signal.SIGINT: "Ctrl-C"}
each_signal = pytest.mark.parametrize("number", SIGNALS)


def receive(number):
    os.kill(os.getpid(), number)


@each_signal
def test_a_signal_is_one_line_and_what_was_before_is_put_back(tmp_path, capsys, number):
    before = {other: signal.getsignal(other) for other in SIGNALS}
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "rule.log"):
        receive(number)
    assert stopped.value.code == 128 + number
    line = f"stopped by {SIGNALS[number]}"
    assert capsys.readouterr().err == f"{line} (log: {tmp_path / 'rule.log'})\n"
    assert (tmp_path / "rule.log").read_text().endswith(f" {line}; no partial file is left\n")
    assert {other: signal.getsignal(other) for other in SIGNALS} == before
    with log_to(tmp_path / "rule.log"):
        check_not_terminated()


@each_signal
def test_what_is_not_lost_is_said_by_that_job_only(tmp_path, capsys, number):
    for said in (" after epoch 3; the same command continues", ""):
        with pytest.raises(SystemExit), log_to(tmp_path / "rule.log"):
            if said:
                reached("after epoch 2")
                reached(said.strip())
            receive(number)
        assert capsys.readouterr().err.startswith(f"stopped by {SIGNALS[number]}{said} (log: ")


def test_ctrl_c_does_not_stop_what_runs_in_the_background(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with log_to(tmp_path / "rule.log"):
            receive(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def swallowed(number=signal.SIGTERM):
    """A callback, as of numba or a destructor, in which an exception gets lost."""
    try:
        receive(number)
    except BaseException:
        return


def turned_into_another(number):
    try:
        receive(number)
    except BaseException as error:
        raise SystemError("returned a result with an exception set") from error


@each_signal
@pytest.mark.parametrize("lost", [swallowed, turned_into_another])
def test_a_signal_that_gets_lost_on_the_way_still_ends_the_job(tmp_path, lost, number):
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "rule.log"):
        lost(number)
    assert stopped.value.code == 128 + number
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "all.log"):
        with log_to(tmp_path / "one.log"):
            lost(number)
        raise AssertionError("the next job of a group must not begin")
    assert stopped.value.code == 128 + number


@pytest.fixture
def job(tmp_path, monkeypatch):
    """What a script sees as `snakemake`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("in")
    return SimpleNamespace(
        rule="make", input=Namedlist(["in.txt"]), params=Namedlist(fromdict={"code": "x"}),
        output=Namedlist(["one/a.txt", "one/b.txt", "two/c.txt"]), resources=Namedlist([]),
        wildcards=Namedlist(fromdict={"seed": "3"}), threads=2, log=["make.log"],
    )  # fmt: skip


def write(job):
    for path in job.output:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(path)


def test_each_folder_gets_one_record_and_leftovers_go(job, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one/.writing-xyz-a.txt").touch()
    (tmp_path / "one/.writing-xyz-other.txt").touch()
    with recorded(job):
        write(job)
    records = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.json"))
    assert records == ["one/provenance/a.txt.json", "two/provenance/c.txt.json"]
    record = json.loads((tmp_path / records[1]).read_text())
    assert record["seed"] == 3 and record["code"] == "x" and record["threads"] == 2
    assert list(record["outputs"]) == list(job.output) and len(record["inputs"]["in.txt"]) == 64
    assert [p.name for p in tmp_path.rglob(".writing-*")] == [".writing-xyz-other.txt"]


@pytest.mark.parametrize("fault", [swallowed, lambda: 1 / 0])
def test_a_job_that_fails_leaves_no_record(job, tmp_path, fault):
    with recorded(job):
        write(job)
    with pytest.raises((SystemExit, ZeroDivisionError)), recorded(job):
        write(job)
        fault()
    assert list(tmp_path.rglob("*.json")) == []


PAGE_FAULTS = """
import resource
import numpy as np
from workflow_lib.execution.job import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        [np.ones(500_000) for _ in range(10)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
keep_freed_memory()
faults()
print(first, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_job_does_not_get_its_freed_memory_from_the_system_again(root):
    command = [sys.executable, "-c", PAGE_FAULTS]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    before, after = map(int, done.stdout.split())
    if before < 10_000:
        pytest.skip("here the kernel gives memory in huge pages, or does not count")
    assert after < before / 10
