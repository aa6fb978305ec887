"""Check what ruff cannot: rules, templates, environments and a few calls (part of checks.py).

What Python may neither import nor call stands in pyproject.toml: ruff's S rules and banned-api.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

# Each table: what a text may not hold (a regular expression), and what to do instead.
IN_CODE = {
    # Also where a function is not called but handed on.
    r"(?<![\w.])(?:eval|exec|compile|__import__)(?=[(,)])": "use a registry (a dict of functions)",
}
IN_PYTHON = IN_CODE | {
    r"\btorch\.load\((?!(?:[^()]|\([^()]*\))*\bweights_only=True)": "add weights_only=True",
    r"^from torch import .*\bload\b": "use torch.load(..., weights_only=True)",
    # Methods of any object. torch's model.eval() takes nothing; that of pandas takes an expression.
    r"\.eval\((?!\))": "use plain expressions",
    r"\.to_pickle\(": "use write_table",
    r"(?<!\.str)\.extract(?:all)?\(": "use a stream from the archive's member (archive.open)",
    r"\bchmod\((?!0o666 )": "use workflow_lib.files.atomic, which gives no execute bit",
}
IN_RULES = IN_CODE | {
    r"\b(?:pickle|dill|joblib|shelve|marshal|tarfile)\b": "use JSON or a table",
    r"\byaml\.(?!safe_load\b|safe_dump\b|YAMLError\b)\w+": "use yaml.safe_load",
    r"\bos\.(?:system|popen|exec\w*|spawn\w*)\(|\bsubprocess\b": "use `shell:`",
    r"^ *run:": "use `script:` or `shell:`",
    r"\bshell\(": "use the directive `shell:`",
}
IN_SHELLS = {
    r"(?<!\{)\{(?!\{)[^{}]*(?<!:q)\}": "quote the field, {...:q}",
    r"\beval\b|\bsource\b|\b(?:ba|da|z)?sh\s+-c\b|\bxargs\b": "use plain commands",
    r"\bpython\S*\s+-c\b": "use `script:`",
    r"\b(?:curl|wget|tar|unzip)\b": "use the rule download, and Python's streams",
    r"\bchmod\b|resources/(?:downloads|simulated)": "data are never run",
}
IN_TEMPLATES = {
    r"\|\s*safe\b|\bMarkup\b|autoescape\s+false": "leave the text to be escaped",
    r"^ *\.\. (?:raw|include|csv-table|role)::": "captions are plain text",
}
FILES = {
    **dict.fromkeys(("workflow_lib/**/*.py", "scripts/**/*.py", "envs/**/*.py"), IN_PYTHON),
    **dict.fromkeys(("Snakefile", "rules/*.smk"), IN_RULES),
    "resources/report/*": IN_TEMPLATES,
}


def nothing_from_outside_runs(root: Path) -> list[str]:
    """No eval, pickle, shell or unpacking in Python and rules; all fields of a shell are quoted."""
    problems = []
    for pattern, refused in FILES.items():
        for path in sorted(root.glob(pattern)):
            text = path.read_text()
            found = list(refused_in(text, refused))
            if refused is IN_RULES:
                for first, command in shell_texts(text):
                    found += refused_in(command, IN_SHELLS, first)
            problems += [f"{path.relative_to(root)}:{line}: {told}" for line, told in found]
    return problems + [f"envs/{told}" for told in _environments(root)]


def refused_in(text: str, refused: dict[str, str], first: int = 1) -> Iterator[tuple[int, str]]:
    """Yield line and message of what a text may not hold; its first line is number `first`."""
    for pattern, instead in refused.items():
        for found in re.finditer(pattern, text, re.MULTILINE):
            line = first + text.count("\n", 0, found.start())
            yield line, f"{found[0].strip()}: {instead}"


def shell_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each `shell:` in a file of rules."""
    for start in re.finditer(r"^(\s*)shell:", text, re.MULTILINE):
        indent = len(start[1].lstrip("\n"))
        rest = text[start.end() :]
        ends = re.search(rf"^\s{{0,{indent}}}\S", rest, re.MULTILINE)
        yield text.count("\n", 0, start.end()) + 1, rest[: ends.start()] if ends else rest


def _environments(root: Path) -> Iterator[str]:
    """A conda environment takes packages from known channels only, none from an address."""
    for path in sorted(root.glob("envs/*.yaml")):
        known = yaml.safe_load(path.read_text()) or {}
        for channel in known.get("channels") or []:
            if channel not in ("conda-forge", "bioconda", "nodefaults"):
                yield f"{path.name}: channel {channel!r}: use conda-forge or bioconda"
        if re.search(r"https?://|git\+", path.read_text().split("dependencies:")[-1]):
            yield f"{path.name}: a package from an address: use name=version"
