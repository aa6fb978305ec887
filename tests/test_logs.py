"""What a user sees when a rule fails."""

import errno

import pytest

from workflow_lib.errors import InputError
from workflow_lib.logs import log_to


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
