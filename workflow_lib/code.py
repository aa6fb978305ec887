"""What the code of a step is, read from its syntax tree without importing it.

A rule's digest covers every definition of this library that its script reaches, without
docstrings, comments, layout, log messages and the words of errors, and without the modules that
only log and record: a costly job re-runs exactly when its logic changes. Of a registry (a plain
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
# They say what happens and change no result.
_BESIDE = {f"{PACKAGE}.{name}" for name in ("gpu", "jobs", "logs", "provenance")}
_REGISTRY_NAMES = {place: kind for kind, place in REGISTRIES.items()}


class _Module:
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
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                own = (node.module or "").startswith(PACKAGE)
                for alias in node.names:
                    kind = self.imports if own else self.external
                    kind[alias.asname or alias.name] = (node.module, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    self.external[alias.asname or alias.name] = (alias.name, None)


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
def _registered_node(kind: str, name: str) -> tuple[str, ast.AST]:
    """The module and definition of a registered function or class."""
    value = _entry(kind, name)
    place = _resolve(REGISTRIES[kind][0], value.id) if isinstance(value, ast.Name) else None
    if place is None or place[1] is None:
        raise InputError(
            f"the {kind} {name!r} is registered as {ast.unparse(value)!r}; wanted the plain "
            "name of a function or class of this library"
        )
    return place[0], _module(place[0]).definitions[place[1]]


def _with_bases(module: str, node: ast.ClassDef) -> list[ast.ClassDef]:
    """A class and those that it inherits from, within this library."""
    found = [node]
    for base in node.bases:
        if isinstance(base, ast.Name):
            place = (module, base.id) if base.id in _module(module).definitions else None
            place = place or _resolve(*_module(module).imports.get(base.id, (module, base.id)))
            if place and place[1]:
                found += _with_bases(place[0], _module(place[0]).definitions[place[1]])
    return found


def methods(kind: str, name: str) -> list[str]:
    """Names of the methods of a registered class."""
    classes = _with_bases(*_registered_node(kind, name))
    return [node.name for cls in classes for node in cls.body if hasattr(node, "name")]


def parameters(kind: str, name: str) -> tuple[list[str], list[str]]:
    """Names that the registered function or class takes, and those of them without a default."""
    module, node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        body = [n for cls in _with_bases(module, node) for n in cls.body]
        node = next((n for n in body if getattr(n, "name", "") == "__init__"), None)
        if node is None:
            raise InputError(f"the {kind} {name!r} has no __init__ that says what it takes")
    positional = [a.arg for a in node.args.posonlyargs + node.args.args if a.arg != "self"]
    keyword = [a.arg for a in node.args.kwonlyargs]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [a for a, default in zip(keyword, node.args.kw_defaults) if default is None]
    return positional + keyword, required


def annotations(kind: str, name: str) -> dict[str, str]:
    """The types, as written, of what the registered function or class takes."""
    module, node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        body = [n for cls in _with_bases(module, node) for n in cls.body]
        node = next(n for n in body if getattr(n, "name", "") == "__init__")
    given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    return {a.arg: ast.unparse(a.annotation) for a in given if a.annotation is not None}


def default(kind: str, name: str, parameter: str) -> object:
    """The default that a registered function or class gives to a parameter, a plain value."""
    module, node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        body = [n for cls in _with_bases(module, node) for n in cls.body]
        node = next(n for n in body if getattr(n, "name", "") == "__init__")
    names = [a.arg for a in node.args.posonlyargs + node.args.args]
    given = dict(zip(reversed(names), reversed(node.args.defaults)))
    if parameter not in given:
        raise InputError(f"the {kind} {name!r} has no parameter {parameter!r} with a default")
    return ast.literal_eval(given[parameter])


class _Logic(ast.NodeTransformer):
    """Leaves out what changes no result: docstrings, log messages, the words of errors."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:  # noqa: N802
        called = node.value.func if isinstance(node.value, ast.Call) else None
        logs = isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "log"
        return ast.Pass() if logs or isinstance(node.value, ast.Constant) else node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:  # noqa: N802
        called = node.exc.func if isinstance(node.exc, ast.Call) else None
        named = getattr(called, "id", "") == InputError.__name__
        return ast.Raise(exc=called, cause=None) if named else node


@cache
def _logic(node: ast.AST) -> ast.AST:
    """A copy of a piece of code without what changes no result."""
    return _Logic().visit(ast.parse(ast.unparse(node)))


@cache
def _text(module: _Module, node: ast.AST) -> str:
    """A piece of code as text, with what its names from other packages stand for."""
    logic = _logic(node)
    names = {n.id for n in ast.walk(logic) if isinstance(n, ast.Name)}
    external = sorted(f"{name} = {module.external[name]}" for name in names & set(module.external))
    # Not ast.dump(): what that prints differs between versions of Python.
    return "\n".join([*external, ast.unparse(ast.fix_missing_locations(logic))])


@cache
def _references(parsed: _Module, own: str | None, node: ast.AST) -> set[tuple[str, str]]:
    """The definitions of this library that a piece of code names; `own` is its module's name."""
    found = set()
    for inner in ast.walk(_logic(node)):
        if isinstance(inner, ast.Name):
            if own and inner.id in parsed.definitions:
                found.add((own, inner.id))
            elif inner.id in parsed.imports:
                found.add(_resolve(*parsed.imports[inner.id]))
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            place = parsed.imports.get(inner.value.id)
            target = _resolve(*place) if place else None
            if target and target[1] is None:
                found.add(_resolve(target[0], inner.attr))
    return {place for place in found if place and place[1] is not None}


def _script(path: Path) -> tuple[str, set[tuple[str, str]]]:
    """A script's own text and the definitions that it starts from."""
    script = _Module(path)
    body = [n for n in script.tree.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    text = "\n".join(_text(script, node) for node in body)
    return text, set().union(*(_references(script, None, node) for node in body))


def reached(script: str | Path, **chosen: str | None) -> dict[tuple[str, str], str]:
    """Every definition that a script reaches, as (module, name) -> text.

    Parameters
    ----------
    script
        Path of a Python file, relative to the project's top folder.
    chosen
        For each registry (model, parser, split, task) the entry in use, "" for none of them; a
        registry that is reached but not chosen from counts whole.
    """
    text, waiting = _script(ROOT / script)
    seen: dict[tuple[str, str], str] = {(str(script), ""): text}
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        module, name = place
        if module in _BESIDE:
            continue
        node = _module(module).definitions[name]
        kind = _REGISTRY_NAMES.get(place)
        if kind and chosen.get(kind) == "":
            continue
        if kind and chosen.get(kind):
            node = _entry(kind, chosen[kind])
        seen[place] = _text(_module(module), node)
        waiting |= _references(_module(module), module, node) - seen.keys()
    return seen


@cache
def _digest(script: str, chosen: tuple[tuple[str, str | None], ...]) -> str:
    pieces = reached(script, **dict(chosen))
    joined = "\n".join(f"{place}: {text}" for place, text in sorted(pieces.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def digest(script: str, **chosen: str | None) -> str:
    """A digest of a script's logic and of all of this library that it reaches; see `reached`."""
    return _digest(script, tuple(sorted(chosen.items())))
