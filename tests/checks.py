"""Check what no linter knows: environments, pins, selections and script names (`make lint`).

Each check takes the project's root and returns what is wrong, one line each; it mends nothing.
"""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
# Files of config/ that are no selection of their own, but what all selections choose from.
CATALOGUE = {"datasets.yaml", "models.yaml"}
# Packages that conda calls otherwise than pip does.
CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "seaborn-base": "seaborn",
    "snakemake-minimal": "snakemake",
}


def main(root: Path = ROOT) -> int:
    """Run every check, print what is wrong and return the exit status."""
    problems = [problem for check in CHECKS for problem in check(root)]
    print("\n".join(problems) if problems else f"{len(CHECKS)} project checks passed", flush=True)
    return 1 if problems else 0


# --- rules --------------------------------------------------------------------------------------


def rule_files(root: Path) -> list[Path]:
    """Return the Snakefile and the files of rules/."""
    paths = [root / "Snakefile", *sorted(root.glob("rules/*.smk"))]
    return [path for path in paths if path.exists()]


def directives(path: Path, keyword: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, rule name and value of each directive like `conda:` in a file of rules."""
    lines = path.read_text().splitlines()
    rule = ""
    for number, line in enumerate(lines, start=1):
        if line.strip() == "rule:":
            rule = ""
        if named := re.match(r"(?:use )?(?:rule|checkpoint)\s+(?:\w+ as )?(\w+)", line):
            rule = named.group(1)
        if found := re.match(rf"\s*{keyword}:\s*(.*)", line):
            # snakefmt puts the value on the next line; both are valid.
            value = found.group(1) or lines[number].strip()
            yield number, rule, value.rstrip(",")


def literal(value: str) -> str | None:
    """Return the text of a plain quoted string, or None for any other expression."""
    quoted = re.fullmatch(r"""(["'])(.*)\1""", value)
    return quoted.group(2) if quoted else None


def environments_exist(root: Path) -> list[str]:
    """Every `conda:` names a file that exists, and every file of envs/ is used by a rule."""
    problems, used = [], set()
    for path in rule_files(root):
        for line, rule, value in directives(path, "conda"):
            place, text = f"{path.relative_to(root)}:{line}: rule {rule}", literal(value)
            if text is None:
                problems.append(f"{place}: conda: {value} is not a plain path in quotes")
            elif not (path.parent / text).is_file():
                problems.append(f"{place}: conda: {text} does not exist (relative to {path.name})")
            else:
                used.add((path.parent / text).resolve())
    return problems + unused_files(root, "envs/*.yaml", used)


def unused_files(root: Path, pattern: str, used: set[Path]) -> list[str]:
    """Return a line for each file of a pattern that no rule uses."""
    unused = [path for path in sorted(root.glob(pattern)) if path.resolve() not in used]
    return [f"{path.relative_to(root)}: no rule uses this file" for path in unused]


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
            # Rules made in a loop have names of their own.
            if rule and script.stem != rule:
                problems.append(f"{place}: its script is called {script.name}, wanted {rule}.py")
    return problems + unused_files(root, "scripts/**/*.py", used)


def rule_texts(root: Path) -> dict[str, str]:
    """Return the text of each rule, by name; of one made in a loop by its script's name."""
    found = {}
    for path in rule_files(root):
        for match in re.finditer(r"^    rule:\n(.*?)(?=^\S|\Z)", path.read_text(), re.M | re.S):
            text = textwrap.dedent(match[1]).replace("\n", "\n    ")
            script = re.search(r"scripts/(\w+)\.py", text)
            found[script[1] if script else ""] = "    " + text
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
            # unpack() brings names that only a run knows.
            known = re.search(rf"^        {name}=", given, re.MULTILINE) or "unpack(" in given
            if not known and name not in ("get", "items"):
                place = script.relative_to(root)
                problems.append(
                    f"{place}: snakemake.{kind}.{name}, but its rule has no such {kind}"
                )
    return problems


# --- pins ---------------------------------------------------------------------------------------


def canonical(name: str) -> str:
    """Return a package's name in the one spelling that pip compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pip_pins(lines: list[str], place: str) -> tuple[dict[str, str], list[str]]:
    """Return version by package of requirement lines, and the lines that pin nothing exactly."""
    pins, problems = {}, []
    for line in (line.split("#")[0].strip() for line in lines):
        name, equal, version = line.partition("==")
        if equal and re.fullmatch(r"[0-9][\w.]*", version.strip()):
            pins[canonical(name.strip())] = version.strip()
        elif line:
            problems.append(f"{place}: {line} is not pinned exactly (name==version)")
    return pins, problems


def conda_pins(path: Path, place: str) -> tuple[dict[str, str], list[str]]:
    """Return version by package (named as pip does) of a conda file, and what is wrong with it."""
    pins, problems = {}, []
    for entry in yaml.safe_load(path.read_text()).get("dependencies") or []:
        if isinstance(entry, dict):
            below, wrong = pip_pins(entry.get("pip") or [], place)
            pins.update(below)
            problems += wrong
            continue
        name, _, version = entry.split("::")[-1].partition("=")
        name, version = name.strip(), version.lstrip("=").split("=")[0]  # without the build
        pins[canonical(CONDA_NAMES.get(name, name))] = version
        # pip itself only unpacks what is pinned, like make_venv.py's own pip.
        if not version and name != "pip":
            problems.append(f"{place}: {entry} is not pinned exactly (name=version)")
    return pins, problems


def pins_agree(root: Path) -> list[str]:
    """Every file of pins names exact versions, the same in all of them; torch is the first."""
    wanted, problems = {}, []
    names = ["requirements.txt", "requirements-dev.txt", "constraints.txt"]
    pins_of = {}
    for name in names:
        pins_of[name], wrong = pip_pins((root / name).read_text().splitlines(), name)
        problems += wrong
    if next(iter(pins_of["requirements.txt"]), None) != "torch":
        problems.append("requirements.txt: torch has to be the first line, to be installed first")
    for path in sorted(root.glob("envs/*.yaml")):
        name = str(path.relative_to(root))
        pins_of[name], wrong = conda_pins(path, name)
        problems += wrong
    for name, pins in pins_of.items():
        for package, version in pins.items():
            first, other = wanted.setdefault(package, (name, version))
            if other != version:
                problems.append(f"{name}: {package} {version}, but {first} pins {other}")
    direct = {**pins_of["requirements.txt"], **pins_of["requirements-dev.txt"]}
    missing = sorted(direct.keys() - pins_of["constraints.txt"].keys())
    return problems + [f"constraints.txt: {package} is missing" for package in missing]


# --- selections ---------------------------------------------------------------------------------


def selections(root: Path) -> list[Path]:
    """Return the files of config/ that `snakemake --configfile` takes."""
    return [path for path in sorted(root.glob("config/*.yaml")) if path.name not in CATALOGUE]


def dry_run(root: Path, selection: Path) -> list[str]:
    """Let snakemake plan a selection: that validates it against the schemas and the catalogue."""
    name = selection.relative_to(root)
    options = "--dry-run --nolock --rerun-incomplete --quiet host --configfile".split()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *options, str(name)],
        cwd=root,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
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


CHECKS = [environments_exist, scripts_named, names_declared, pins_agree, selections_valid]

if __name__ == "__main__":
    sys.exit(main())
