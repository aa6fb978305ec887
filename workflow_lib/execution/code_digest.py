"""Digests of the code of a step, computed from syntax trees without importing it.

A rule's digest covers every definition of this library that its script uses, except docstrings,
comments, layout, log and error messages, and modules that only log and record: a costly job re-runs
exactly when its logic changes. Of a registry (a plain dict such as MODELS) only the chosen entry
counts, so that adding a model retrains no other.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from workflow_lib.config import source
from workflow_lib.config.registries import REGISTRIES, registered_value
from workflow_lib.config.source import PACKAGE, Module, definition_of, parse_module
from workflow_lib.errors import InputError

_REGISTRY_NAMES = {place: kind for kind, place in REGISTRIES.items()}
# Modules that only log and record; they change no result.
_IGNORED = {f"{PACKAGE}.train.gpu"} | {
    f"{PACKAGE}.execution.{name}" for name in ("job", "logs", "provenance")
}


def _without_messages(node: ast.AST) -> ast.AST:
    """A statement, without what changes no result: docstring, log message, error message."""
    if isinstance(node, ast.Expr):
        called = node.value.func if isinstance(node.value, ast.Call) else None
        logs = isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "log"
        return ast.Pass() if logs or isinstance(node.value, ast.Constant) else node
    if isinstance(node, ast.Raise):
        called = node.exc.func if isinstance(node.exc, ast.Call) else None
        named = getattr(called, "id", "") == InputError.__name__
        return ast.Raise(exc=called, cause=None) if named else node
    return node


@cache
def _logic(node: ast.AST) -> tuple[str, list[tuple[str, str | None]]]:
    """A piece of code without what changes no result, and its names: (name, attribute or None)."""
    logic = _without_messages(node)
    for block in source.blocks(logic):
        # In place: nobody else asks a parsed module for what is taken out.
        block[:] = map(_without_messages, block)
    names: list[tuple[str, str | None]] = []
    for inner in ast.walk(logic):
        if isinstance(inner, ast.Name):
            names.append((inner.id, None))
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            names.append((inner.value.id, inner.attr))
    # Not ast.dump(): what that prints differs between versions of Python.
    return ast.unparse(logic), names


@cache
def _text(module: Module, node: ast.AST) -> str:
    """A piece of code as text, with the imports of its names from other packages."""
    text, names = _logic(node)
    used = {name for name, _ in names} & set(module.external)
    return "\n".join([*sorted(f"{name} = {module.external[name]}" for name in used), text])


@cache
def _references(parsed: Module, own: str | None, node: ast.AST) -> set[tuple[str, str]]:
    """The definitions of this library that a piece of code names; `own` is its module's name."""
    found = set()
    for name, attribute in _logic(node)[1]:
        if attribute is not None:
            place = parsed.imports.get(name)
            target = definition_of(*place) if place else None
            if target and target[1] is None:
                found.add(definition_of(target[0], attribute))
        elif own and name in parsed.definitions:
            found.add((own, name))
        elif name in parsed.imports:
            found.add(definition_of(*parsed.imports[name]))
    return {place for place in found if place and place[1] is not None}


def _script(path: Path) -> tuple[str, set[tuple[str, str]]]:
    """A script's own text and the definitions that it starts from."""
    script = Module(path)
    body = [n for n in script.tree.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    text = "\n".join(_text(script, node) for node in body)
    return text, set().union(*(_references(script, None, node) for node in body))


def reached(script: str | Path, **chosen: str | None) -> dict[tuple[str, str], str]:
    """Every definition that a script uses, directly or not, as (module, name) -> text.

    Parameters
    ----------
    script
        Path of a Python file, relative to the project's top folder.
    chosen
        For each registry (keys of REGISTRIES) the entry in use, "" for none of them; a registry
        that is used without a choice counts as a whole.
    """
    text, waiting = _script(source.ROOT / script)
    seen: dict[tuple[str, str], str] = {(str(script), ""): text}
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        module, name = place
        if module in _IGNORED:
            continue
        node = parse_module(module).definitions[name]
        kind = _REGISTRY_NAMES.get(place)
        if kind and chosen.get(kind) == "":
            continue
        if kind and chosen.get(kind):
            node = registered_value(kind, chosen[kind])
        seen[place] = _text(parse_module(module), node)
        waiting |= _references(parse_module(module), module, node) - seen.keys()
    return seen


@cache
def _digest(script: str, chosen: tuple[tuple[str, str | None], ...]) -> str:
    pieces = reached(script, **dict(chosen))
    joined = "\n".join(f"{place}: {text}" for place, text in sorted(pieces.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def digest(script: str, **chosen: str | None) -> str:
    """A digest of a script's logic and of all of this library that it uses; see `reached`."""
    return _digest(script, tuple(sorted(chosen.items())))
