"""The project's own checks of its files (checks.py)."""

import shutil
from pathlib import Path

import checks
import pytest

ROOT = Path(__file__).resolve().parent.parent


def small_project(root: Path) -> Path:
    """Write a project that passes the checks of files."""
    files = {
        "Snakefile": 'include: "rules/a.smk"\n',
        "rules/a.smk": 'rule one:\n    conda:\n        "../envs/python.yaml"\n'
        '    input:\n        model="m",\n    script: "../scripts/one.py"\n',
        "scripts/one.py": "snakemake.input.model",
        "envs/python.yaml": "dependencies:\n  - pytorch=2.13.0\n  - pip\n  - pip:\n"
        "      - logomaker==0.8.7\n",
        "requirements.txt": "torch==2.13.0\nlogomaker==0.8.7 # logos\n",
        "requirements-dev.txt": "",
        "constraints.txt": "Torch==2.13.0\nlogomaker==0.8.7\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


FILE_CHECKS = [
    checks.environments_exist,
    checks.scripts_named,
    checks.pins_agree,
    checks.names_declared,
]


@pytest.mark.parametrize("check", FILE_CHECKS)
def test_checks_pass(check, tmp_path):
    assert check(ROOT) == []
    assert check(small_project(tmp_path)) == []


@pytest.mark.parametrize(
    ("check", "name", "old", "new", "told"),
    [
        (0, "rules/a.smk", "python.yaml", "pyhton.yaml", "pyhton.yaml does not exist"),
        (0, "rules/a.smk", '"../envs/python.yaml"', "ENV", "not a plain path"),
        (0, "envs/other.yaml", "", "dependencies: []", "other.yaml: no rule uses"),
        (1, "rules/a.smk", "rule one", "rule two", "wanted two.py"),
        (1, "rules/a.smk", "one.py", "three.py", "not the plain path"),
        (1, "scripts/figures/four.py", "", "", "four.py: no rule uses"),
        (
            2,
            "envs/python.yaml",
            "2.13.0",
            "2.12.0",
            "torch 2.12.0, but requirements.txt pins 2.13.0",
        ),
        (2, "envs/python.yaml", "==0.8.7", "", "logomaker is not pinned exactly"),
        (2, "requirements.txt", "==0.8.7", ">=0.8.7", "is not pinned exactly"),
        (2, "requirements.txt", "torch==2.13.0\n", "", "torch has to be the first"),
        (2, "constraints.txt", "logomaker==0.8.7", "", "logomaker is missing"),
        (3, "scripts/one.py", "model", "data", "snakemake.input.data, but its rule has no such"),
    ],
)
def test_checks_say_what_is_wrong(tmp_path, check, name, old, new, told):
    path = small_project(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(path.read_text().replace(old, new) if path.exists() else new)
    problems = FILE_CHECKS[check](tmp_path)
    assert any(told in problem for problem in problems), problems


@pytest.mark.slow
def test_a_misspelt_key_of_a_selection_is_named(tmp_path):
    for name in ("Snakefile", "config", "rules", "resources", "workflow_lib", "scripts", "envs"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("downloads", "__pycache__")
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    for path in checks.selections(tmp_path):
        if path.name not in ("config.yaml", "demo.yaml"):
            path.unlink()
    with (tmp_path / "config" / "demo.yaml").open("a") as handle:
        handle.write("\nmisspelt_key: 1\n")
    problems = checks.selections_valid(tmp_path)
    assert problems[0].startswith("config/demo.yaml") and "misspelt_key" in " ".join(problems)
