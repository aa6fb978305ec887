"""The library's own source, read as syntax trees without importing it."""

import ast
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "workflow_lib"
ROOT = Path(__file__).resolve().parents[2]


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements within a piece of code; unlike `ast.walk`, no expressions."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        found = getattr(node, field, ())
        if isinstance(found, list):
            if field not in ("handlers", "cases"):
                yield found
            for inner in found:
                yield from blocks(inner)


class Module:
    """The top-level definitions and imports of one file."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text(), filename=str(path))
        self.definitions: dict[str, ast.AST] = {}
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.external: dict[str, tuple[str, str | None]] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.If | ast.Try):
                stored = (n for n in ast.walk(node) if isinstance(n, ast.Name))
                names = [n.id for n in stored if isinstance(n.ctx, ast.Store)]
                self.definitions |= dict.fromkeys(names, node)
        for node in itertools.chain.from_iterable(blocks(self.tree)):
            if isinstance(node, ast.ImportFrom):
                own = (node.module or "").startswith(PACKAGE)
                for alias in node.names:
                    kind = self.imports if own else self.external
                    kind[alias.asname or alias.name] = (node.module, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    self.external[alias.asname or alias.name] = (alias.name, None)


def file_of(module: str) -> Path | None:
    """The file of a module of this library, or None if it has no such module."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def parse_module(name: str) -> Module:
    """The parsed file of a module of this library."""
    return Module(file_of(name))


def definition_of(module: str, name: str) -> tuple[str, str | None] | None:
    """Where an imported name is defined: (module, definition), or (module, None) for a module."""
    parsed = parse_module(module)
    if name in parsed.definitions:
        return module, name
    if name in parsed.imports and parsed.imports[name] != (module, name):
        return definition_of(*parsed.imports[name])
    return (f"{module}.{name}", None) if file_of(f"{module}.{name}") else None
