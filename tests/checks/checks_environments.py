"""Checks of the environments: what `--sdm conda` and pip install is what the rules use.

They stand apart from checks.py, which runs them; each takes the project's root and returns what is
wrong, one line each. What only conda itself can tell, whether these versions can be installed
together, they do not know.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import yaml
from checks_rules import Rule, directives, literal, rule_files, rules, unused_files

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from workflow_lib.config import source  # noqa: E402
from workflow_lib.execution import code_digest  # noqa: E402

# Packages that conda calls otherwise than pip does.
CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "snakemake-minimal": "snakemake",
}
# Programs that rules call, by the package that brings them.
PROGRAMS = {"streme": "meme", "tomtom": "meme"}
# Packages that nothing imports, nor a package that is imported requires; each with its reason.
USED_OTHERWISE = {
    "python": "runs all the others",
    "pip": "installs what conda-forge and bioconda do not have",
    "pygments": "snakemake --report colours code with it",
    "snakemake-executor-plugin-slurm": "snakemake --profile slurm",
}
# Snakemake lets a script in an environment import it from the Python that runs the workflow.
FROM_OUTSIDE = {"snakemake"}
INSTALLED = packages_distributions()  # by the name that is imported


# --- there ---------------------------------------------------------------------------------------


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
    names = [path.name for path in sorted(root.glob("requirements*.txt"))] + ["constraints.txt"]
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
    direct = set().union(*(pins_of[name] for name in names[:-1]))
    missing = sorted(direct - pins_of["constraints.txt"].keys())
    return problems + [f"constraints.txt: {package} is missing" for package in missing]


# --- complete, and nothing unused ---------------------------------------------------------------


def imports(node: ast.AST, inner: bool = True) -> Iterator[str]:
    """Yield what code imports, as `package.module.name`; `inner`: in its functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif inner or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports(child, inner)


def library_files(name: str) -> Iterator[Path]:
    """Yield the files of workflow_lib that importing a name runs: packages, modules."""
    parts = name.split(".")
    for n in range(1, len(parts) + 1):
        base = source.ROOT.joinpath(*parts[:n])
        yield from (p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file())


@cache
def run_by(path: Path) -> set[str]:
    """Return the names that importing a file of workflow_lib imports; functions do not run then."""
    return set(imports(ast.parse(path.read_text()), inner=False))


def outside(names: set[str]) -> set[str]:
    """Return the packages, named as pip does, that importing these names takes."""
    found, seen, waiting = set(), set(), set(names)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        top = name.split(".")[0]
        if top == source.PACKAGE:
            for path in library_files(name):
                waiting |= run_by(path) - seen
        elif top not in sys.stdlib_module_names:
            # One that is not installed is asked for by its own name.
            found |= {canonical(package) for package in INSTALLED.get(top, [top])}
    return found - FROM_OUTSIDE


@cache
def needs(script: Path) -> set[str]:
    """Return the packages that a script can import, in the functions that it reaches too."""
    texts = code_digest.reached(script).values()
    names = set(imports(ast.parse(script.read_text())))
    return outside(names.union(*(imports(ast.parse(text)) for text in texts)))


def with_required(used: set[str], listed: set[str]) -> set[str]:
    """Return the used ones and those of the listed ones that these require to run."""
    found, waiting = set(), set(used)
    while waiting:
        package = waiting.pop()
        found.add(package)
        try:
            lines = [line for line in requires(package) or [] if "extra ==" not in line]
        except PackageNotFoundError:  # conda's alone
            lines = []
        names = {canonical(re.match(r"[\w.-]+", line)[0]) for line in lines}
        waiting |= (names & listed) - found
    return found | (USED_OTHERWISE.keys() & listed)


def compared(place: str, listed: set[str], used: dict[str, set[str]]) -> list[str]:
    """Return what a list of packages lacks of those that are used (by whom), and what is unused."""
    lacks = [
        f"{place}: {package} is missing; needed by {', '.join(sorted(used[package])[:3])}"
        for package in sorted(used.keys() - listed)
    ]
    unused = sorted(listed - with_required(set(used), listed))
    return lacks + [f"{place}: {package} is used by none of its rules" for package in unused]


def environments_complete(root: Path) -> list[str]:
    """Each rule's environment holds what its script imports, and no environment holds more."""
    problems, used = [], {}
    for rule in rules(root):
        if rule.script and not rule.environment:
            problems.append(f"{rule.place}: it has no `conda:`")
        if not rule.environment:
            continue
        of = used.setdefault(rule.environment, {})
        for program in PROGRAMS.keys() & programs(rule):
            of.setdefault(PROGRAMS[program], set()).add(program)
        if rule.script and rule.script.is_file():
            for package in needs(rule.script):
                of.setdefault(package, set()).add(rule.script.name)
    for path, packages in sorted(used.items()):
        if path.is_file():
            place = str(path.relative_to(root.resolve()))
            problems += compared(place, set(conda_pins(path, place)[0]), packages)
    return problems


def programs(rule: Rule) -> set[str]:
    """Return the programs among PROGRAMS that a rule's shell command runs."""
    names = "|".join(PROGRAMS)
    return set(re.findall(rf"""(?m)(?:^|[|;&("'])[ ]*({names})[ ]""", rule.shell))


def programs_given(root: Path) -> list[str]:
    """A rule that runs a program has an environment with that program."""
    problems = []
    for rule in rules(root):
        there = rule.environment is not None and rule.environment.is_file()
        pins = conda_pins(rule.environment, "")[0] if there else {}
        problems += [
            f"{rule.place}: it runs {program}, but its environment has no {PROGRAMS[program]}"
            for program in sorted(programs(rule))
            if PROGRAMS[program] not in pins
        ]
    return problems


def requirements_complete(root: Path) -> list[str]:
    """The requirements hold what rules and scripts import, and nothing that none of them uses.

    A rule with the environment `envs/X.yaml` may also use what is in `requirements-X.txt`.
    """
    used = {"snakemake": {"the workflow"}}
    for path in rule_files(root):
        # Rules are no Python: only their imports are.
        pattern = r"^(?:import [^\n]+|from \S+ import (?:\([^)]*\)|[^\n]+))"
        lines = re.findall(pattern, path.read_text(), re.MULTILINE)
        for package in outside(set(imports(ast.parse("\n".join(lines))))):
            used.setdefault(package, set()).add(path.name)
    environments = {rule.script: rule.environment.stem for rule in rules(root) if rule.environment}
    listed = {path.stem: _listed(path) for path in root.glob("requirements*.txt")}
    problems, used_more = [], {}
    for script in sorted(root.glob("scripts/**/*.py")):
        more = f"requirements-{environments.get(script.resolve())}"
        for package in needs(script):
            of = used_more.setdefault(more, {}) if package in listed.get(more, ()) else used
            of.setdefault(package, set()).add(script.name)
    for name, packages in used_more.items():
        problems += compared(f"{name}.txt", listed[name], packages)
    return problems + compared("requirements.txt", listed["requirements"], used)


def _listed(path: Path) -> set[str]:
    return set(pip_pins(path.read_text().splitlines(), "")[0])
