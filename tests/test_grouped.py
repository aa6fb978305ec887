"""Jobs of one rule in one process: what is done again, and what is not."""

import json
from pathlib import Path

import pytest

from workflow_lib.errors import InputError
from workflow_lib.files import sha256_of
from workflow_lib.grouped import run_all

SCRIPT = """
from pathlib import Path

with open("ran.txt", "a") as ran:
    ran.write(snakemake.wildcards.dataset)
text = Path(snakemake.input.source).read_text()
if "broken" in text:
    raise SystemExit(1)
from workflow_lib.jobs import recorded

with recorded(snakemake):
    Path(snakemake.output.made).write_text(text + str(snakemake.params.times))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPT)
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    return tmp_path


def job(name, times=1):
    return {
        "wildcards": {"dataset": name},
        "input": {"source": f"{name}.txt"},
        "output": {"made": f"results/{name}/made.txt"},
        "params": {"times": times},
        "log": f"logs/{name}.log",
        "benchmark": f"benchmarks/{name}.tsv",
    }


def record(name):
    return json.loads(Path(f"results/{name}/provenance/made.txt.json").read_text())


def test_a_record_always_describes_the_result_beside_it(folder):
    run(folder, job("a"), job("b"))
    assert record("a")["outputs"] == {"results/a/made.txt": sha256_of("results/a/made.txt")}
    assert record("a")["rule"] == "script" and record("a")["settings"] == {"times": 1}
    # Made by a job of its own meanwhile, with other settings, and back in the group.
    for path, text in (("made.txt", "a2"), ("provenance/made.txt.json", '{"settings": 2}')):
        Path("results/a", path).unlink()
        Path("results/a", path).write_text(text)
    assert run(folder, job("a"), job("b")) == ""
    assert Path("results/a/made.txt").read_text() == "a1"
    assert record("a")["settings"] == {"times": 1}


def run(folder, *jobs):
    """Names of the jobs whose script ran."""
    (folder / "ran.txt").unlink(missing_ok=True)
    run_all(folder / "script.py", jobs, 1, {})
    return (folder / "ran.txt").read_text() if (folder / "ran.txt").exists() else ""


def made(folder, name):
    return (folder / f"results/{name}/made.txt").read_text()


def test_regrouping_runs_only_what_is_new(folder):
    assert run(folder, job("a"), job("b")) == "ab"
    for name in "ab":
        (folder / f"results/{name}/made.txt").unlink()  # as Snakemake does before a job
    assert run(folder, job("b"), job("c")) == "c"
    assert made(folder, "b") == "b1" and made(folder, "c") == "c1"


def test_other_settings_or_inputs_run_again_and_nothing_else_does(folder):
    run(folder, job("a"), job("b"))
    assert run(folder, job("a", times=2), job("b")) == "a"
    (folder / "b.txt").write_text("changed")
    assert run(folder, job("a", times=2), job("b")) == "b"
    assert made(folder, "a") == "a2" and made(folder, "b") == "changed1"
    (folder / "b.txt").write_text("changed")  # touched, but the same
    assert run(folder, job("a", times=2), job("b")) == ""


def test_what_was_put_in_place_is_newer_than_it_was(folder):
    run(folder, job("a"))
    before = (folder / "results/a/made.txt").stat().st_mtime_ns
    assert run(folder, job("a")) == ""
    assert (folder / "results/a/made.txt").stat().st_mtime_ns > before


def test_one_failure_is_named_and_the_others_are_kept(folder):
    (folder / "b.txt").write_text("broken")
    with pytest.raises(InputError, match="1 of 3 jobs failed: see logs/b.log"):
        run(folder, job("a"), job("b"), job("c"))
    assert not (folder / "results/a/made.txt").exists()
    (folder / "b.txt").write_text("mended")
    assert run(folder, job("a"), job("b"), job("c")) == "b"
    assert [made(folder, name) for name in "abc"] == ["a1", "mended1", "c1"]
    assert (folder / "benchmarks/a.tsv").read_text().startswith("s\th:m:s")
