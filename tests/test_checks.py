"""The project's own checks of its files (checks.py)."""

import shutil
from pathlib import Path

import checks
import checks_environments
import checks_rules
import pytest

ROOT = Path(__file__).resolve().parent.parent


def small_project(root: Path) -> Path:
    """Write a project that passes the checks of files."""
    files = {
        "Snakefile": 'include: "rules/a.smk"\n',
        "rules/a.smk": 'rule one:\n    conda:\n        "../envs/python.yaml"\n'
        '    input:\n        model="m",\n    script: "../scripts/one.py"\n',
        "scripts/one.py": "import logomaker\nimport torch\n\nsnakemake.input.model",
        "envs/python.yaml": "dependencies:\n  - pytorch=2.13.0\n  - pip\n  - pip:\n"
        "      - logomaker==0.8.7\n",
        "requirements.txt": "torch==2.13.0\nlogomaker==0.8.7 # logos\nsnakemake==9.27.1\n",
        "requirements-modisco.txt": "",
        "requirements-dev.txt": "",
        "constraints.txt": "Torch==2.13.0\nlogomaker==0.8.7\nsnakemake==9.27.1\n",
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
    checks.environments_complete,
    checks.programs_given,
    checks.requirements_complete,
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
        (4, "rules/a.smk", '    conda:\n        "../envs/python.yaml"\n', "", "has no `conda:`"),
        (4, "envs/python.yaml", "  - pytorch=2.13.0\n", "", "torch is missing; needed by one.py"),
        (
            4,
            "envs/python.yaml",
            "  - pip\n",
            "  - pip\n  - scipy=1.17.1\n",
            "scipy is used by none",
        ),
        (4, "scripts/one.py", "import torch", "def f():\n    import yaml", "pyyaml is missing"),
        (4, "scripts/one.py", "import torch", "import no_such", "no-such is missing"),
        (
            5,
            "rules/a.smk",
            'script: "../scripts/one.py"',
            'shell:\n        "tomtom a b"\n',
            "no meme",
        ),
        (6, "requirements.txt", "logomaker==0.8.7", "", "logomaker is missing; needed by one.py"),
        (6, "requirements.txt", "snakemake=", "scipy==1.0\nsnakemake=", "scipy is used by none"),
        (
            6,
            "rules/a.smk",
            "rule one",
            "import yaml\nrule one",
            "pyyaml is missing; needed by a.smk",
        ),
    ],
)
def test_checks_say_what_is_wrong(tmp_path, check, name, old, new, told):
    path = small_project(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(path.read_text().replace(old, new) if path.exists() else new)
    problems = FILE_CHECKS[check](tmp_path)
    assert any(told in problem for problem in problems), problems


def test_what_snakemakes_linter_finds_is_told_but_for_functions_beside_their_rule(tmp_path):
    rule = 'def f(wildcards):\n    return []\n\n\nrule a:\n    output:\n        "x",\n    shell:\n'
    (tmp_path / "Snakefile").write_text(f'include: "b.smk"\n\n\n{rule}        "touch {{output}}"\n')
    (tmp_path / "b.smk").touch()
    problems = checks.snakemake_lints(tmp_path)
    assert any("No log directive" in problem for problem in problems)
    assert not any("Mixed rules" in problem for problem in problems)


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Return a copy of the rules, the scripts and their environments."""
    root = tmp_path_factory.mktemp("project")
    for name in ("rules", "scripts", "envs"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("Snakefile", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.mark.parametrize(
    ("name", "line", "other", "told"),
    [
        # Packages that a module of the library imports, also within a function.
        ("python.yaml", "      - tangermeme==1.6.0\n", "", "tangermeme is missing; needed by"),
        ("python.yaml", "  - pyyaml=6.0.3\n", "", "pyyaml is missing; needed by overview.py"),
        (
            "python.yaml",
            "      - bioframe==0.8.0\n",
            "",
            "bioframe is missing; needed by prepare.py",
        ),
        ("python.yaml", "  - pip\n", "  - pip\n  - seaborn=0.13.2\n", "seaborn is used by none"),
        (
            "modisco.yaml",
            "      - modisco-lite==3.0.0\n",
            "",
            "modisco-lite is missing; needed by modisco.py",
        ),
        ("modisco.yaml", "  - pip\n", "  - pip\n  - anndata=0.12.19\n", "anndata is used by none"),
        ("meme.yaml", "  - meme=5.5.8\n", "", "meme is missing; needed by streme, tomtom"),
    ],
)
def test_a_missing_or_unused_package_in_an_environment_is_found(copied, name, line, other, told):
    path = copied / "envs" / name
    text = path.read_text()
    assert checks.environments_complete(copied) == [] and text.count(line) == 1
    path.write_text(text.replace(line, other))
    try:
        problems = checks.environments_complete(copied)
    finally:
        path.write_text(text)
    assert any(problem.startswith(f"envs/{name}: {told}") for problem in problems), problems


def test_imports_within_used_functions_count(tmp_path):
    wanted = {}
    for module, name in (
        ("one_hot", "one_hot"),
        ("data.regions", "resize"),
        ("data.regions", "overlaps"),
    ):
        script = tmp_path / f"{name}.py"
        script.write_text(f"from workflow_lib.{module} import {name}\n\n{name}(None)\n")
        wanted[name] = checks_environments.needs(script)
    assert wanted["overlaps"] - wanted["resize"] == {"bioframe"}
    assert "torch" in wanted["one_hot"] and "workflow-lib" not in wanted["one_hot"]


def test_rules_made_by_use_rule_are_found():
    found = {rule.place.split()[-1]: rule for rule in checks_rules.rules(ROOT)}
    assert checks_environments.programs(found["tomtom_patterns"]) == {"tomtom"}
    assert found["tomtom_patterns"].environment == ROOT / "envs/meme.yaml"
    # Every rule with a script is found.
    files = checks_rules.rule_files(ROOT)
    said = {rule for path in files for _, rule, _ in checks_rules.directives(path, "script")}
    assert said - {""} <= {name for name, rule in found.items() if rule.script}


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
    # Small to plan.
    shutil.copy(ROOT / "config" / "demo.yaml", tmp_path / "config" / "config.yaml")
    with (tmp_path / "config" / "demo.yaml").open("a") as handle:
        handle.write("\nmisspelt_key: 1\n")
    problems = checks.selections_valid(tmp_path)
    assert problems[0].startswith("config/demo.yaml") and "misspelt_key" in " ".join(problems)
