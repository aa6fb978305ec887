"""The files of rules as the checks read them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


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


def unused_files(root: Path, pattern: str, used: set[Path]) -> list[str]:
    """Return a line for each file of a pattern that no rule uses."""
    unused = [path for path in sorted(root.glob(pattern)) if path.resolve() not in used]
    return [f"{path.relative_to(root)}: no rule uses this file" for path in unused]


class Rule(NamedTuple):
    """What an environment has to suit: place in the rules, conda file, script, shell command."""

    place: str
    environment: Path | None
    script: Path | None
    shell: str


def rules(root: Path) -> list[Rule]:
    """Return every rule that has a script or a shell command."""
    found, blocks = [], {}
    head = re.compile(r"^ *(?:rule|checkpoint|use rule (\w+) as) ?(\w*)\b.*:$", re.MULTILINE)
    for path in rule_files(root):
        text = path.read_text()
        starts = list(head.finditer(text))
        for match, after in zip(starts, [*starts[1:], None]):
            block = text[match.end() : after.start() if after else None]
            # What a rule made of another one does not say itself it takes from that one.
            blocks[match[2]] = block = block + blocks.get(match[1], "")
            values = {
                keyword: re.search(rf"^ +{keyword}:\s*(.+?),?$", block, re.MULTILINE)
                for keyword in ("conda", "script", "shell")
            }
            files = {key: literal(value[1]) for key, value in values.items() if value}
            if not values["script"] and not values["shell"]:
                continue
            line = text[: match.start()].count("\n") + 1
            place = f"{path.relative_to(root)}:{line}: rule {match[2]}".rstrip()
            named = [files.get(key) and path.parent / files[key] for key in ("conda", "script")]
            shell = block[values["shell"].start() :] if values["shell"] else ""
            found.append(Rule(place, *(file and file.resolve() for file in named), shell))
    return found
