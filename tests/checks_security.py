"""Check that nothing from outside can run: Python, rules and templates (part of checks.py).

Python is read as a syntax tree; files of rules and templates, which `ast` cannot read, as text.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

# Calls by their full name, and what to use instead. A name ending in "." stands for all below it.
REFUSED = {
    "eval": "a registry (a dict of functions)",
    "exec": "a registry (a dict of functions)",
    "compile": "a registry (a dict of functions)",
    "__import__": "an import statement",
    "importlib.import_module": "an import statement",
    "pandas.eval": "plain expressions",
    "pandas.read_pickle": "read_table",
    "pandas.to_pickle": "write_table",
    "yaml.load": "yaml.safe_load",
    "yaml.load_all": "yaml.safe_load_all",
    "yaml.unsafe_load": "yaml.safe_load",
    "yaml.unsafe_load_all": "yaml.safe_load_all",
    "yaml.full_load": "yaml.safe_load",
    "yaml.full_load_all": "yaml.safe_load_all",
    "os.system": "a rule with `shell:`",
    "os.popen": "a rule with `shell:`",
    "os.exec": "a rule with `shell:`",
    "os.spawn": "a rule with `shell:`",
    "socket.socket": "workflow_lib/data/download.py",
    "socket.create_connection": "workflow_lib/data/download.py",
    "shutil.unpack_archive": "a stream from the archive's member",
    "torch.hub.": "safetensors",
    "torch.jit.load": "safetensors",
    "torch.package.": "safetensors",
    "markupsafe.": "autoescape",
    "jinja2.Template": "jinja2.Environment(autoescape=True)",
}
# Modules that are refused with everything in them, and what to use instead.
REFUSED_MODULES = {
    **dict.fromkeys(("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal"), "JSON"),
    **dict.fromkeys(("joblib", "shelve"), "safetensors, HDF5 or a table"),
    "tarfile": "a stream from a zip or gzip file",
    "markupsafe": "autoescape",
}
# Of these modules files other than the named ones may use nothing; only here the network is used,
# a program is started, a file is run.
KEPT_TO = {
    **dict.fromkeys(
        ("requests", "pooch", "urllib.request", "http.client", "ftplib"),
        ("workflow_lib/data/download.py", "envs/make_venv.py"),
    ),
    "subprocess": ("envs/make_venv.py", "workflow_lib/execution/slurm.py"),
    "runpy": (),
}
# An exception to catch is no unpickling.
ALLOWED = {"pickle.UnpicklingError"}
# Methods of whatever object.
METHODS = {
    "extract": "a stream from the archive's member (archive.open)",
    "extractall": "a stream from the archive's member (archive.open)",
    "read_pickle": "read_table",
    "to_pickle": "write_table",
    "chmod": "workflow_lib.files.atomic, which gives no execute bit",
}
# What a call has to say: name -> keyword, value, what is wanted.
REQUIRED = {
    "torch.load": ("weights_only", True),
    "numpy.load": ("allow_pickle", False),
    "jinja2.Environment": ("autoescape", True),
}
PYTHON = ("workflow_lib/**/*.py", "scripts/**/*.py", "envs/**/*.py")


def nothing_from_outside_runs(root: Path) -> list[str]:
    """No eval, pickle, shell or unpacking in Python and rules; all fields of a shell are quoted."""
    problems = []
    for path in [path for pattern in PYTHON for path in sorted(root.glob(pattern))]:
        place = str(path.relative_to(root))
        problems += [f"{place}:{line}: {text}" for line, text in python(path.read_text(), place)]
    for path in [root / "Snakefile", *sorted(root.glob("rules/*.smk"))]:
        text = path.read_text() if path.exists() else ""
        place = path.relative_to(root)
        problems += [f"{place}:{line}: {told}" for line, told in [*rules(text), *shells(text)]]
    for path in sorted(root.glob("resources/report/*")):
        place = path.relative_to(root)
        problems += [f"{place}:{line}: {told}" for line, told in template(path.read_text())]
    problems += [f"envs/{line}" for line in _environments(root)]
    return problems


# --- Python -------------------------------------------------------------------------------------


def python(text: str, place: str) -> list[tuple[int, str]]:
    """Return line and message of each refused call or import in a Python file."""
    tree = ast.parse(text)
    names = _imported(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [(node.lineno, told) for told in _refused_import(node, place)]
        elif isinstance(node, ast.Attribute | ast.Name):
            # Also where a function is not called but handed on.
            found += [(node.lineno, told) for told in _refused_name(_full_name(node, names))]
        elif isinstance(node, ast.Call):
            found += [(node.lineno, told) for told in _refused_call(node, names, place)]
    return sorted(set(found))


def _imported(tree: ast.AST) -> dict[str, str]:
    """Name in the file -> full name, from the imports: np -> numpy, load -> torch.load."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or name] = name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    """`np.load` -> numpy.load; '' for what is no dotted name of a module or builtin."""
    if isinstance(node, ast.Attribute):
        base = _full_name(node.value, names)
        return f"{base}.{node.attr}".removeprefix("builtins.") if base else ""
    if not isinstance(node, ast.Name):
        return ""
    builtin = node.id if node.id in REFUSED else ""
    return names.get(node.id, builtin).removeprefix("builtins.")


def _refused_import(node: ast.Import | ast.ImportFrom, place: str) -> Iterator[str]:
    module = getattr(node, "module", None)
    for alias in node.names:
        full = f"{module}.{alias.name}" if module else alias.name
        for kept, allowed in KEPT_TO.items():
            if f"{full}.".startswith(f"{kept}.") and place not in allowed:
                yield f"{kept} only in {' and '.join(allowed)}"
        # `import pickle` alone may be for the exception; what is used of it is looked at.
        if module:
            yield from _refused_name(full)


def _refused_name(full: str) -> Iterator[str]:
    module = full.split(".")[0]
    if module in REFUSED_MODULES and "." in full and full not in ALLOWED:
        yield f"{full}: use {REFUSED_MODULES[module]}"
    for name, instead in REFUSED.items():
        starts = name in ("os.exec", "os.spawn") or name.endswith(".")
        if full == name or starts and full.startswith(name):
            yield f"{full}: use {instead}"


def _refused_call(node: ast.Call, names: dict[str, str], place: str) -> Iterator[str]:
    full = _full_name(node.func, names)
    keywords = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
    if full in REQUIRED:
        word, wanted = REQUIRED[full]
        if keywords.get(word) is not wanted:
            yield f"{full}: use {full}(..., {word}={wanted})"
    if full.startswith(("subprocess.", "asyncio.create_subprocess")):
        if "shell" in keywords and keywords["shell"] is not False or full.endswith("_shell"):
            yield f"{full}: use a list of arguments, without shell=True"
        if full.endswith(("getoutput", "getstatusoutput")):
            yield f"{full}: use subprocess.run with a list of arguments"
    if isinstance(node.func, ast.Attribute):
        method = node.func.attr
        if method in METHODS and place != "workflow_lib/files.py" and not _of_pandas_text(node):
            yield f".{method}(): use {METHODS[method]}"
        # torch's model.eval() takes nothing; that of pandas takes an expression.
        if method == "eval" and (node.args or node.keywords):
            yield ".eval(...): use plain expressions"


def _of_pandas_text(node: ast.Call) -> bool:
    """`series.str.extract(...)` unpacks no archive."""
    value = node.func.value
    return isinstance(value, ast.Attribute) and value.attr == "str"


# --- rules and templates ------------------------------------------------------------------------

IN_RULES = {
    r"(?<![\w.])(?:eval|exec|compile|__import__)\(": "use a registry (a dict of functions)",
    r"\b(?:pickle|dill|joblib|shelve|marshal|tarfile)\b": "use JSON or a table",
    r"\byaml\.(?!safe_load\b|safe_dump\b|YAMLError\b)\w+": "use yaml.safe_load",
    r"\bos\.(?:system|popen|exec\w*|spawn\w*)\(|\bsubprocess\b": "use `shell:`",
    r"^\s*run:": "use `script:` or `shell:`",
    r"\bshell\(": "use the directive `shell:`",
}
IN_SHELLS = {
    r"\beval\b|\bsource\b|\b(?:ba|da|z)?sh\s+-c\b|\bxargs\b": "use plain commands",
    r"\bpython\S*\s+-c\b": "use `script:`",
    r"\b(?:curl|wget|tar|unzip)\b": "use the rule download, and Python's streams",
    r"\bchmod\b|resources/(?:downloads|simulated)": "data are never run",
}


def rules(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and message of what a file of rules may not hold."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, instead in IN_RULES.items():
            if found := re.search(pattern, line.split("  #")[0]):
                yield number, f"{found[0].strip()}: {instead}"


def shell_texts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each `shell:` in a file of rules."""
    for start in re.finditer(r"^(\s*)shell:", text, re.MULTILINE):
        indent = len(start[1].lstrip("\n"))
        rest = text[start.end() :]
        ends = re.search(rf"^\s{{0,{indent}}}\S", rest, re.MULTILINE)
        yield text.count("\n", 0, start.end()) + 1, rest[: ends.start()] if ends else rest


def shells(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and message of each field without `:q`, and of what a command may not be."""
    for first, command in shell_texts(text):
        for number, line in enumerate(command.splitlines(), start=first):
            for field in re.findall(r"\{([^{}]*)\}", re.sub(r"\{\{.*?\}\}", "", line)):
                if not field.endswith(":q"):
                    yield number, f"{{{field}}} in a shell: use {{{field.split(':')[0]}:q}}"
            for pattern, instead in IN_SHELLS.items():
                if found := re.search(pattern, line):
                    yield number, f"{found[0]} in a shell: {instead}"


def template(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and message of what a template of a page or a caption may not hold."""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.search(r"\|\s*safe\b|\bMarkup\b|autoescape\s+false", line):
            yield number, f"{found[0]}: leave the text to be escaped"
        if found := re.search(r"^\s*\.\. (?:raw|include|csv-table)::|^\s*\.\. role::", line):
            yield number, f"{found[0].strip()}: captions are plain text"


def _environments(root: Path) -> Iterator[str]:
    """A conda environment takes packages from known channels only, none from an address."""
    for path in sorted(root.glob("envs/*.yaml")):
        known = yaml.safe_load(path.read_text()) or {}
        for channel in known.get("channels") or []:
            if channel not in ("conda-forge", "bioconda", "nodefaults"):
                yield f"{path.name}: channel {channel!r}: use conda-forge or bioconda"
        if re.search(r"https?://|git\+", path.read_text().split("dependencies:")[-1]):
            yield f"{path.name}: a package from an address: use name=version"
