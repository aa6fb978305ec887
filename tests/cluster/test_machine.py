"""The Slurm of the tests itself: on the loopback interface only, and removed completely."""

import shutil
import subprocess

import one_machine_slurm
import psutil
import pytest


def listening(process):
    """The addresses that a process listens on."""
    connections = psutil.Process(process.pid).net_connections("inet")
    return {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}


def test_all_daemons_listen_on_the_loopback_interface_only(slurm_with_accounting):
    found = {name: listening(p) for name, p in slurm_with_accounting.processes.items()}
    # These use sockets in the file system.
    assert found.pop("munged") == found.pop("mariadbd") == set()
    assert set(found) == {"slurmdbd", "slurmctld", "slurmd"}
    assert all(addresses == {"127.0.0.1"} for addresses in found.values()), found


def test_stopping_it_leaves_nothing_and_ends_no_other_process(tmp_path, slurm):
    bystander = subprocess.Popen(["slurmd", "60"], executable=shutil.which("sleep"))
    with one_machine_slurm.running() as second:
        second.run("sbatch", "--output", str(tmp_path / "%j.log"), "--wrap", "sleep 600")
        processes = [psutil.Process(p.pid) for p in second.processes.values()]
        folder = second.folder
    assert not folder.exists() and not any(p.is_running() for p in processes)
    assert bystander.poll() is None and "UP" in slurm.run("scontrol", "ping")
    bystander.kill()
    bystander.wait()


def test_without_root_or_apt_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(one_machine_slurm.shutil, "which", lambda *_, **__: None)
    with pytest.raises(one_machine_slurm.Unavailable, match="slurm-wlm, munge not installed"):
        one_machine_slurm.install(False)
