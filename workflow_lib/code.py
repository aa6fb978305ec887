"""What the code of a step is, read from its syntax tree without importing it.

A rule's digest covers every definition of this library that its script reaches, without docstrings,
comments and layout: a costly job re-runs exactly when its logic changes. Of a registry (a plain
dict such as MODELS) only the chosen entry counts, so that adding a model retrains no other.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from workflow_lib.errors import InputError

PACKAGE = "workflow_lib"
ROOT = Path(__file__).resolve().parent.parent
REGISTRIES = {
    "model": (f"{PACKAGE}.models", "MODELS"),
    "parser": (f"{PACKAGE}.parsers", "PARSERS"),
    "split": (f"{PACKAGE}.splits", "SPLITS"),
    "task": (f"{PACKAGE}.tasks", "TASKS"),
}
_REGISTRY_NAMES = {place: kind for kind, place in REGISTRIES.items()}


class _Module:
    """The top-level definitions and imports of one file."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text(), filename=str(path))
        self.definitions: dict[str, ast.AST] = {}
        self.imports: dict[str, tuple[str, str | None]] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.definitions |= {t.id: node for t in targets if isinstance(t, ast.Name)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = (node.module, alias.name)


def _file_of(module: str) -> Path | None:
    """The file of a module of this library, or None where it is none."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _module(name: str) -> _Module:
    return _Module(_file_of(name))


def _resolve(module: str, name: str) -> tuple[str, str | None] | None:
    """Where an imported name is defined: (module, definition), or (module, None) for a module."""
    parsed = _module(module)
    if name in parsed.definitions:
        return module, name
    if name in parsed.imports and parsed.imports[name] != (module, name):
        return _resolve(*parsed.imports[name])
    return (f"{module}.{name}", None) if _file_of(f"{module}.{name}") else None


def _entry(kind: str, name: str) -> ast.expr:
    """The value that a registry's literal gives to a name."""
    module, registry = REGISTRIES[kind]
    literal = _module(module).definitions[registry].value
    for key, value in zip(literal.keys, literal.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == name:
            return value
    raise InputError(f"unknown {kind} {name!r}; there are: {', '.join(registered(kind))}")


def registered(kind: str) -> list[str]:
    """The names in a registry: kind is model, parser, split or task."""
    module, registry = REGISTRIES[kind]
    return [key.value for key in _module(module).definitions[registry].value.keys]


@cache
def _registered_node(kind: str, name: str) -> ast.AST:
    module, definition = _resolve(REGISTRIES[kind][0], _entry(kind, name).id)
    return _module(module).definitions[definition]


def methods(kind: str, name: str) -> list[str]:
    """Names of the methods of a registered class."""
    return [node.name for node in _registered_node(kind, name).body if hasattr(node, "name")]


def parameters(kind: str, name: str) -> tuple[list[str], list[str]]:
    """Names that the registered function or class takes, and those of them without a default."""
    node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        node = next(n for n in node.body if getattr(n, "name", "") == "__init__")
    positional = [a.arg for a in node.args.posonlyargs + node.args.args if a.arg != "self"]
    keyword = [a.arg for a in node.args.kwonlyargs]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [a for a, default in zip(keyword, node.args.kw_defaults) if default is None]
    return positional + keyword, required


def _text(node: ast.AST) -> str:
    """A definition as text without docstrings; positions and comments are not in a tree anyway."""
    node = ast.parse(ast.unparse(node))
    for inner in ast.walk(node):
        body = getattr(inner, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
                body[0] = ast.Pass()
    return ast.dump(node)


def _references(module: str, node: ast.AST) -> set[tuple[str, str | None]]:
    """The definitions of this library that a piece of code names."""
    parsed, found = _module(module), set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            if inner.id in parsed.definitions:
                found.add((module, inner.id))
            elif inner.id in parsed.imports:
                found.add(_resolve(*parsed.imports[inner.id]))
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            place = parsed.imports.get(inner.value.id)
            target = _resolve(*place) if place else None
            if target and target[1] is None:
                found.add(_resolve(target[0], inner.attr))
    return {place for place in found if place and place[1] is not None}


def _script_references(path: Path) -> tuple[str, set[tuple[str, str | None]]]:
    """A script's own text and the definitions that it starts from."""
    script = _Module(path)
    found, text = set(), []
    for node in script.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        text.append(_text(node))
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in script.imports:
                found.add(_resolve(*script.imports[inner.id]))
            elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                place = script.imports.get(inner.value.id)
                target = _resolve(*place) if place else None
                if target and target[1] is None:
                    found.add(_resolve(target[0], inner.attr))
    return "\n".join(text), {place for place in found if place and place[1] is not None}


def reached(script: str | Path, **chosen: str | None) -> dict[tuple[str, str], str]:
    """Every definition that a script reaches, as (module, name) -> text.

    Parameters
    ----------
    script
        Path of a Python file, relative to the project's top folder.
    chosen
        For each registry (model, parser, split, task) the entry in use; a registry that is
        reached but not chosen from counts whole.
    """
    text, waiting = _script_references(ROOT / script)
    seen: dict[tuple[str, str], str] = {(str(script), ""): text}
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        module, name = place
        node = _module(module).definitions[name]
        kind = _REGISTRY_NAMES.get(place)
        if kind and chosen.get(kind):
            node = _entry(kind, chosen[kind])
        seen[place] = _text(node)
        waiting |= _references(module, node) - seen.keys()
    return seen


@cache
def _digest(script: str, chosen: tuple[tuple[str, str | None], ...]) -> str:
    pieces = reached(script, **dict(chosen))
    joined = "\n".join(f"{place}: {text}" for place, text in sorted(pieces.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def digest(script: str, **chosen: str | None) -> str:
    """A digest of a script's logic and of all of this library that it reaches; see `reached`."""
    return _digest(script, tuple(sorted(chosen.items())))
