"""The registries (models, parsers, splits, tasks), read without importing what is registered.

To plan a run, Snakemake needs the registered names and the options of each; importing the models
would take seconds because of torch.
"""

import ast
from collections.abc import Mapping
from functools import cache
from typing import Any

from workflow_lib.config.names import known
from workflow_lib.config.source import PACKAGE, definition_of, parse_module
from workflow_lib.errors import InputError

REGISTRIES = {
    "model": (f"{PACKAGE}.models", "MODELS"),
    "parser": (f"{PACKAGE}.parsers", "PARSERS"),
    "split": (f"{PACKAGE}.data.splits", "SPLITS"),
    "task": (f"{PACKAGE}.data.tasks", "TASKS"),
    "loss": (f"{PACKAGE}.train.losses", "LOSSES"),
}


def registered_value(kind: str, name: str) -> ast.expr:
    """The value of a name in a registry (a dict literal), as a syntax tree."""
    module, registry = REGISTRIES[kind]
    literal = parse_module(module).definitions[registry].value
    for key, value in zip(literal.keys, literal.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == name:
            return value
    raise InputError(f"unknown {kind} {name!r}; there are: {', '.join(registered(kind))}")


def registered(kind: str) -> list[str]:
    """The names in a registry: kind is a key of REGISTRIES."""
    module, registry = REGISTRIES[kind]
    return [key.value for key in parse_module(module).definitions[registry].value.keys]


@cache
def _registered_node(kind: str, name: str) -> tuple[str, ast.AST]:
    """The module and definition of a registered function or class."""
    value = registered_value(kind, name)
    place = definition_of(REGISTRIES[kind][0], value.id) if isinstance(value, ast.Name) else None
    if place is None or place[1] is None:
        raise InputError(
            f"the {kind} {name!r} is registered as {ast.unparse(value)!r}; wanted the plain "
            "name of a function or class of this library"
        )
    return place[0], parse_module(place[0]).definitions[place[1]]


def _with_bases(module: str, node: ast.ClassDef) -> list[ast.ClassDef]:
    """A class and those that it inherits from, within this library."""
    found = [node]
    for base in node.bases:
        if isinstance(base, ast.Name):
            place = (module, base.id) if base.id in parse_module(module).definitions else None
            place = place or definition_of(
                *parse_module(module).imports.get(base.id, (module, base.id))
            )
            if place and place[1]:
                found += _with_bases(place[0], parse_module(place[0]).definitions[place[1]])
    return found


def methods(kind: str, name: str) -> list[str]:
    """Names of the methods of a registered class."""
    classes = _with_bases(*_registered_node(kind, name))
    return [node.name for cls in classes for node in cls.body if hasattr(node, "name")]


def parameters(kind: str, name: str) -> tuple[list[str], list[str]]:
    """Names of all parameters of a registered function or class, and of the required ones."""
    module, node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        body = [n for cls in _with_bases(module, node) for n in cls.body]
        node = next((n for n in body if getattr(n, "name", "") == "__init__"), None)
        if node is None:
            raise InputError(f"the {kind} {name!r} has no __init__ with its parameters")
    positional = [a.arg for a in node.args.posonlyargs + node.args.args if a.arg != "self"]
    keyword = [a.arg for a in node.args.kwonlyargs]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [a for a, default in zip(keyword, node.args.kw_defaults) if default is None]
    return positional + keyword, required


def annotations(kind: str, name: str) -> dict[str, str]:
    """The parameters of a registered function or class, with their types as written."""
    module, node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        body = [n for cls in _with_bases(module, node) for n in cls.body]
        node = next(n for n in body if getattr(n, "name", "") == "__init__")
    given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    return {a.arg: ast.unparse(a.annotation) for a in given if a.annotation is not None}


def default(kind: str, name: str, parameter: str) -> object:
    """The default (a plain value) of a parameter of a registered function or class."""
    module, node = _registered_node(kind, name)
    if isinstance(node, ast.ClassDef):
        body = [n for cls in _with_bases(module, node) for n in cls.body]
        node = next(n for n in body if getattr(n, "name", "") == "__init__")
    names = [a.arg for a in node.args.posonlyargs + node.args.args]
    given = dict(zip(reversed(names), reversed(node.args.defaults)))
    if parameter not in given:
        raise InputError(f"the {kind} {name!r} has no parameter {parameter!r} with a default")
    return ast.literal_eval(given[parameter])


def has_labels(task: str) -> bool:
    """Whether a task's targets are labels 0 and 1: the argument `binary` of its entry in TASKS."""
    entry = registered_value("task", task)
    given = {keyword.arg: keyword.value for keyword in entry.keywords}
    return ast.literal_eval(given["binary"] if "binary" in given else entry.args[1])


# What the workflow itself passes to a registered function; the rest comes from the config.
_GIVEN = {
    "parser": {"files", "names"},
    "split": {"data", "labels"},
    "model": {"length", "n_targets"},
}


def check_options(kind: str, name: str, options: Mapping[str, Any], place: str) -> None:
    """Check options from the config against what a registered function or class takes.

    Raises
    ------
    InputError
        An unknown option (with the nearest one), a value of another type, a missing option.
    """
    accepted, required = parameters(kind, name)
    accepted = [a for a in accepted if a not in _GIVEN[kind]]
    for option in options:
        known(f"option of {kind} {name}", option, accepted, place)
    types = annotations(kind, name)
    for option, value in options.items():
        if not _fits(value, types.get(option, "object")):
            raise InputError(
                f"config, {place}.{option}: found {value!r}, wanted {types[option]} ({kind} {name})"
            )
    for option in required:
        if option not in options and option not in _GIVEN[kind]:
            raise InputError(f"config, {place}: the {kind} {name} needs the option {option!r}")


# Annotation -> Python types of YAML values. An int is a float too; a bool is neither.
_KINDS = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "None": (type(None),),
    "Mapping": (Mapping,),
    "dict": (Mapping,),
    "Sequence": (list,),
    "list": (list,),
}


def _fits(value: Any, annotation: str) -> bool:
    """Whether a config value has a type such as `int | None`; unknown types always fit."""
    for part in annotation.split(" | "):
        outer, _, inner = part.partition("[")
        kinds = _KINDS.get(outer)
        if kinds is None:
            return True
        if isinstance(value, bool) and bool not in kinds or not isinstance(value, kinds):
            continue
        element = inner.removesuffix("]")
        if outer in ("Sequence", "list") and element and "," not in element:
            return all(_fits(each, element) for each in value)
        return True
    return False
