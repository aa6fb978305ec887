"""Check what no linter knows: environments, pins, selections and script names (`make lint`).

Each check takes the project's root and returns what is wrong, one line each; it mends nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from checks_environments import (
    environments_complete,
    environments_exist,
    pins_agree,
    programs_given,
    requirements_complete,
)
from checks_rules import directives, literal, rule_files, unused_files
from checks_security import nothing_from_outside_runs

ROOT = Path(__file__).resolve().parents[2]
# Files of config/ that are no selection of their own, but what all selections choose from.
CATALOGUE = {"datasets.yaml", "models.yaml"}
# A plan wants these on the PATH, but does not run them.
PROGRAMS = ("streme", "tomtom")


def main(root: Path = ROOT) -> int:
    """Run every check, print what is wrong and return the exit status."""
    problems = [problem for check in CHECKS for problem in check(root)]
    print("\n".join(problems) if problems else f"{len(CHECKS)} project checks passed", flush=True)
    return 1 if problems else 0


# --- rules --------------------------------------------------------------------------------------


def scripts_named(root: Path) -> list[str]:
    """A rule's script exists and is called like the rule; every script belongs to a rule."""
    problems, used = [], set()
    for path in rule_files(root):
        for line, rule, value in directives(path, "script"):
            place, text = f"{path.relative_to(root)}:{line}: rule {rule}", literal(value)
            if text is None or not (path.parent / text).is_file():
                problems.append(f"{place}: script: {value} is not the plain path of a file")
                continue
            script = (path.parent / text).resolve()
            used.add(script)
            if script.stem != rule:
                problems.append(f"{place}: its script is called {script.name}, wanted {rule}.py")
    return problems + unused_files(root, "scripts/**/*.py", used)


def rule_texts(root: Path) -> dict[str, str]:
    """Return the text of each rule, by name."""
    found = {}
    for path in rule_files(root):
        pattern = r"^(?:use rule \w+ as|rule) (\w+)[^\n]*:\n(.*?)(?=^\S|\Z)"
        for match in re.finditer(pattern, path.read_text(), re.MULTILINE | re.DOTALL):
            found[match[1]] = match[2]
    return found


def names_declared(root: Path) -> list[str]:
    """What a script takes by name from its rule (`snakemake.input.model`) the rule declares."""
    problems = []
    texts = rule_texts(root)
    for script in sorted(root.glob("scripts/**/*.py")):
        used = re.findall(r"snakemake\.(input|output|params|resources)\.(\w+)", script.read_text())
        for kind, name in sorted(set(used)):
            pattern = rf"^    {kind}:\n(.*?)(?=^    \w+:|\Z)"
            section = re.search(pattern, texts.get(script.stem, ""), re.MULTILINE | re.DOTALL)
            given = section[1] if section else ""
            # unpack() brings names that only a run knows, panel() those of a figure's files.
            known = re.search(rf"^        {name}=", given, re.MULTILINE) or "unpack(" in given
            known = known or ("**panel(" in given and name in ("pdf", "png", "tsv"))
            if not known and name not in ("get", "items"):
                place = script.relative_to(root)
                problems.append(
                    f"{place}: snakemake.{kind}.{name}, but its rule has no such {kind}"
                )
    return problems


# What `snakemake --lint` says against the house: an input function stands above its rule.
ALLOWED_LINTS = {"Mixed rules and functions in same snakefile.:"}


def snakemake_lints(root: Path) -> list[str]:
    """Snakemake's linter finds nothing but what the layout is meant to have."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], cwd=root, capture_output=True, text=True
    )
    found = set(re.findall(r"^    \* (.+)$", done.stderr, re.MULTILINE))
    if found - ALLOWED_LINTS or (done.returncode and not found):
        return [f"snakemake --lint: {title}" for title in found - ALLOWED_LINTS] or [done.stderr]
    return []


# --- selections ---------------------------------------------------------------------------------


def selections(root: Path) -> list[Path]:
    """Return the files of config/ that `snakemake --configfile` takes."""
    return [path for path in sorted(root.glob("config/*.yaml")) if path.name not in CATALOGUE]


def stand_in_for_users_files(root: Path, folder: Path) -> None:
    """Make small files where the catalogue wants some that only a user can get."""
    sources = yaml.safe_load((root / "config/datasets.yaml").read_text())["sources"]
    for source in sources.values():
        for about in source.get("files", {}).values():
            if "path" in about:
                (folder / about["path"]).parent.mkdir(parents=True, exist_ok=True)
                (folder / about["path"]).write_text("x\n")


def dry_run(root: Path, selection: Path) -> list[str]:
    """Let snakemake plan a selection: that validates it against the schemas and the catalogue."""
    name = selection.relative_to(root)
    options = "--dry-run --nolock --rerun-incomplete --quiet host --configfile".split()
    with tempfile.TemporaryDirectory() as folder:
        for program in PROGRAMS:
            Path(folder, program).symlink_to(shutil.which("true"))
        stand_in_for_users_files(root, Path(folder))
        path = f"{folder}:{os.environ['PATH']}"
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *options, str(name), "--directory", folder],
            cwd=root,
            env={**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode == 0:
        return []
    said = [
        line for line in done.stdout.strip().splitlines() if not line.startswith("Config file ")
    ]
    return [f"{name}: snakemake -n --configfile {name} fails:", *said[-12:]]


def selections_valid(root: Path) -> list[str]:
    """Every selection passes the schemas and yields a plan."""
    found = selections(root)
    if not (root / "Snakefile").exists() or not found:
        return ["Snakefile or config/*.yaml: not found"]
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda path: dry_run(root, path), found)
    return [line for lines in answers for line in lines]


CHECKS = [
    environments_exist,
    environments_complete,
    programs_given,
    requirements_complete,
    pins_agree,
    scripts_named,
    names_declared,
    nothing_from_outside_runs,
    snakemake_lints,
    selections_valid,
]

if __name__ == "__main__":
    sys.exit(main())
