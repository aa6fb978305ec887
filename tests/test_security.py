"""Nothing from outside is executed: names, paths, text in pages and files from the network."""

import ast
import copy
import hashlib
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import checks_security
import pandas as pd
import pytest
import test_download
import yaml
from running import snakemake
from snakemake.utils import format as fill_in

from workflow_lib.config import catalogue
from workflow_lib.data import download
from workflow_lib.errors import InputError
from workflow_lib.figures import performance, style

# --- names of the config --------------------------------------------------------------------------

HOSTILE = [
    "a;touch hacked", "$(touch hacked)", "`touch hacked`", "../../hacked", "/hacked", "a/hacked",
    "..", ".", "", "a\nb", "a\n", "\na", "a b", "-rf", "a'b", 'a"b', "a\\b", "{x}", "<b>", "~", "é",
    "a\x00", "*", 7, 1.5, True, None,
]  # fmt: skip
# Values in the name of a swept model; the names left out are valid or checked elsewhere.
SWEPT = [n for n in HOSTILE if isinstance(n, str) and n not in ("", ".", "..", "-rf", "<b>")]
COMMANDS = ["a;touch hacked", "$(touch hacked)", "../../hacked", "a\nb"]
LIKE_MINI = {"source": "mini", "parser": "table", "task": "binary", "split": {"method": "random"}}
# Kind of name -> its place in the config, with `NAME` for the name itself.
KINDS = {
    "data set": {"datasets": {"NAME": LIKE_MINI}},
    "member of a family": {"datasets": {"of.{member}": LIKE_MINI | {"members": ["NAME"]}}},
    "source": {"sources": {"NAME": {"files": {"x": {"path": "x"}}}}},
    "file of a source": {"sources": {"x": {"files": {"NAME": {"path": "x"}}}}},
    "model": {"models": {"NAME": {"architecture": "explainn"}}},
    "preset": {"presets": {"NAME": {}}},
    "motif database": {"motif_databases": {"NAME": {}}},
    "motif set": {"motif_sets": {"NAME": {"meme": "x.meme"}}},
    "file to apply to": {"apply": {"NAME": {"fasta": "x.fa"}}},
}
# Places in the config that refer to a name defined elsewhere.
REFERENCES = {
    "runs": [{"datasets": ["NAME"], "models": ["tiny"], "seeds": [0]}],
    "datasets": {"x": {"from": "NAME", "targets": ["red"], "task": "binary", "split": {}}},
    "datasets ": {"x": LIKE_MINI | {"source": "NAME"}},
    "datasets  ": {"x": LIKE_MINI | {"split": {"like": "NAME"}}},
    "datasets   ": {"x": LIKE_MINI | {"source": "jaspar", "files": ["NAME"]}},
    "motif_sets": {"x": {"of": {"dataset": "NAME", "model": "tiny"}}},
    "motif_sets ": {"x": {"of": {"dataset": "mini", "model": "NAME"}}},
    "motif_sets  ": {"x": {"database": "NAME", "profiles": ["a"]}},
    "scanning": {"sets": [{"motif_sets": ["NAME"]}]},
    "annotation": {"database": "NAME"},
    "preset": "NAME",
    "strand_symmetry": ["NAME"],
    "apply": {"x": {"fasta": "x.fa", "models": ["NAME"]}},
    "figure_1": {"dataset": "NAME", "sweep": "tiny", "model": "tiny"},
    "figure_1 ": {"dataset": "mini", "sweep": "tiny", "model": "NAME"},
    "figure_3": {"datasets": ["mini"], "model": "NAME"},
    "figure_3 ": {"datasets": ["mini"], "model": "tiny", "baseline_motif_set": "NAME"},
    "figure_3  ": {"datasets": ["mini"], "model": "tiny", "motif_database": "NAME"},
}


@pytest.fixture(scope="module")
def schema(root):
    return yaml.safe_load((root / "config/schemas/config.schema.yaml").read_text())


@pytest.fixture(scope="module")
def shipped(root):
    """The mini project's config, with the databases and presets that are shipped."""
    mini, models, known = (
        yaml.safe_load((root / name).read_text())
        for name in ("tests/mini/config.yaml", "config/models.yaml", "config/datasets.yaml")
    )
    mini["sources"]["jaspar"] = known["sources"]["jaspar"]
    databases = {"presets": models["presets"], "motif_databases": known["motif_databases"]}
    return mini | databases | {"preset": "paper_methods"}


def put(value, name):
    """A part of the config with NAME replaced by a name."""
    if isinstance(value, dict):
        return {name if key == "NAME" else key: put(inner, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [put(inner, name) for inner in value]
    return name if value == "NAME" else value


def plan(shipped, schema, change):
    """Check and resolve the config as the Snakefile does first."""
    config = copy.deepcopy(shipped)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(config.get(key), dict)
        config[key] = config[key] | value if both else value
    config = catalogue.plain_values(config)
    catalogue.check_schema(config, schema)
    return catalogue.resolve(config, schema)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unsafe_name_is_refused(shipped, schema, kind):
    for name in HOSTILE:
        with pytest.raises(InputError, match=r"^config, \w+") as caught:
            plan(shipped, schema, put(KINDS[kind], name))
        told = str(caught.value)
        if isinstance(name, str) and name:
            assert "wanted a name" in told and repr(name) in told, told


@pytest.mark.parametrize("kind", KINDS)
def test_plain_names_are_accepted(shipped, schema, kind):
    for name in ("a", "7", "_a", "NKX3-1", "a_b-" + "c" * 80):
        try:
            plan(shipped, schema, put(KINDS[kind], name))
        except InputError as error:
            assert kind in ("preset", "motif database") and "required" in str(error), error


@pytest.mark.parametrize("name", SWEPT)
def test_an_unsafe_name_made_by_a_sweep_is_refused(shipped, schema, name):
    model = {"architecture": "explainn", "hyperparameters": {"strands": [name]}}
    with pytest.raises(InputError, match="models.x: .* is not a valid name"):
        plan(shipped, schema, {"models": {"x": model}})


@pytest.mark.parametrize("key", REFERENCES)
def test_references_to_unknown_names_are_refused(shipped, schema, key):
    for name in COMMANDS:
        with pytest.raises(InputError, match=r"^config, (?!.*unknown key)"):
            plan(shipped, schema, put({key.strip(): REFERENCES[key]}, name))


def test_a_member_that_gives_a_reserved_folder_name_is_refused(shipped, schema):
    for member in ("fs", "gures"):
        name = {"fs": "moti{member}", "gures": "fi{member}"}[member]
        entry = {name: LIKE_MINI | {"members": [member]}}
        with pytest.raises(InputError, match="a folder of results/"):
            plan(shipped, schema, {"datasets": entry})


PATHS = {
    "path": {"sources": {"x": {"files": {"x": {"path": "NAME"}}}}},
    "meme": {"motif_sets": {"x": {"meme": "NAME"}}},
    "fasta": {"apply": {"x": {"fasta": "NAME"}}},
    "checkpoint": {
        "models": {
            "x": {"architecture": "explainn", "published": {"file": "NAME", "format": "explainn"}}
        }
    },
    "mirror": {"mirror": "NAME"},
}


@pytest.mark.parametrize("key", PATHS)
def test_paths_may_contain_shell_characters_but_not_those_of_snakemake(shipped, schema, key):
    for path in ("a b", 'it\'s; $(touch hacked) `x` "y" & é [1]*.fa', "../up/x", "/abs/x"):
        plan(shipped, schema, put(PATHS[key], path))
    for path in ("a{b}", "<results>/x", "a<b", "a>b", "a\nb", "a\n", "\x1b[31m", ""):
        with pytest.raises(InputError, match="path without|mirror"):
            plan(shipped, schema, put(PATHS[key], path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: {'$(touch hacked)': {architecture: explainn}}", "'$(touch hacked)' does not"),
        ("sources: {x: {files: {'../../hacked': {path: x}}}}", "'../../hacked' does not match"),
        ("device: !!python/object/apply:os.system ['touch hacked']", "not valid JSON or YAML"),
    ],
)
def test_the_workflow_refuses_unsafe_configs_before_anything_runs(checkout, tmp_path, text, told):
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    (folder / "wrong.yaml").write_text(text)
    config = f"tests/mini/config.yaml {folder / 'wrong.yaml'}"
    done = snakemake(checkout, folder, config=config, check=False)
    assert done.returncode != 0 and told in done.stderr, done.stderr
    assert not (folder / "results").exists() and not list(tmp_path.rglob("hacked*"))


@pytest.mark.slow
def test_a_mirror_of_any_name_is_read_and_never_executed(checkout, tmp_path):
    mirror = 'it\'s; $(touch hacked) `touch hacked` "x"'
    (tmp_path / mirror / "mine").mkdir(parents=True)
    (tmp_path / mirror / "mine" / "x.tsv").write_text("x\n")
    file = {"url": "https://example.org/x", "sha256": hashlib.sha256(b"x\n").hexdigest()}
    sources = {"mine": {"files": {"x.tsv": file}}}
    own = yaml.safe_dump({"sources": sources, "mirror": mirror, "offline": True})
    (tmp_path / "own.yaml").write_text(own)
    config = f"tests/mini/config.yaml {tmp_path / 'own.yaml'}"
    snakemake(checkout, tmp_path, "resources/downloads/mine/x.tsv", config=config)
    assert (tmp_path / "resources/downloads/mine/x.tsv").read_text() == "x\n"
    assert not list(tmp_path.rglob("hacked*"))


@pytest.mark.slow
def test_what_snakemake_quotes_wrongly_is_refused_on_the_command_line(checkout, tmp_path):
    given = "mirror=it's $(touch hacked)"
    done = snakemake(checkout, tmp_path, "--config", given, check=False)
    assert done.returncode != 0 and "found a single quote" in done.stderr, done.stderr
    assert not (tmp_path / "results").exists() and not list(tmp_path.rglob("hacked*"))


# --- shells ---------------------------------------------------------------------------------------

# Replaces streme and tomtom: records its arguments.
PROGRAM = """#!/bin/sh
for word; do printf '%s\\n' "$word" >>"$ARGUMENTS"; done
echo FINALTIME
echo '# tomtom'
"""
EVIL = 'it\'s; touch hacked #$(touch hacked)`touch hacked` "$HOME" *'


@pytest.mark.parametrize("number", [0, 1])
def test_shell_commands_of_rules_pass_every_field_literally(root, tmp_path, number):
    text = "".join((root / f"rules/{name}.smk").read_text() for name in ("motifs", "annotate"))
    commands = [ast.literal_eval(body.strip()) for _, body in checks_security.shell_texts(text)]
    assert len(commands) == 2 and "\n        streme" in commands[0]
    (tmp_path / "bin").mkdir()
    for name in ("streme", "tomtom"):
        (tmp_path / "bin" / name).write_text(PROGRAM)
        (tmp_path / "bin" / name).chmod(0o755)
    given = {}
    for kind, field in re.findall(r"\{(\w+)\.(\w+):q\}", commands[number]):
        given.setdefault(kind, {})[field] = f"{kind} {field} {EVIL}"
    for value in given["input"].values():
        (tmp_path / value).write_text("MOTIF x\n")
    fields = {kind: SimpleNamespace(**values) for kind, values in given.items()}
    command = fill_in(commands[number], log=f"log {EVIL}", **fields)
    arguments = tmp_path / "arguments"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=tmp_path, check=True,
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "ARGUMENTS": str(arguments)},
    )  # fmt: skip
    told = arguments.read_text().splitlines()
    wanted = [*given["input"].values(), *given["params"].values()]
    assert all(value in told for value in wanted), told
    made = {path.name for path in tmp_path.iterdir()} - {"bin", "arguments"}
    assert made == {f"log {EVIL}", *given["input"].values(), *given["output"].values()}


# --- files from the network -----------------------------------------------------------------------


server = test_download.server


def test_files_from_the_network_and_the_mirror_have_no_execute_bit(tmp_path, server):
    (tmp_path / "mirror" / "s").mkdir(parents=True)
    original = tmp_path / "mirror" / "s" / "x"
    original.write_text("#!/bin/sh\ntouch hacked\n")
    original.chmod(0o777)
    download.copy_from_mirror(original, tmp_path / "copy")

    download.fetch(
        f"{server}/x", tmp_path / "fetched", hashlib.sha256(test_download.BODY).hexdigest()
    )
    assert (tmp_path / "fetched").read_bytes() == test_download.BODY
    assert (tmp_path / "copy").read_bytes() == original.read_bytes()
    for name in ("copy", "fetched"):
        assert not (tmp_path / name).stat().st_mode & 0o111


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["$x_1$", "$\\bad$", "$_$", "<b>" + "x" * 200, "a\nb"])
def test_a_name_in_a_figure_is_not_read_as_a_formula(tmp_path, name):
    with style.style():
        figure = style.new_figure(60, 40)
        ax = figure.subplots()
        ax.set_title(name)
        ax.set_xticks([0, 1], [name, name])
        style.save(figure, tmp_path / "a.pdf", tmp_path / "a.png")
    assert ax.title.get_text() == name and not ax.title.get_parse_math()


def test_the_numbers_of_a_log_axis_are_plain_text():
    history = pd.DataFrame({"model": "m", "seed": 0, "epoch": [1, 2], "best": [False, True]})
    history = history.assign(train_loss=[500.0, 0.5], validation_loss=[400.0, 0.6])
    figure = performance.loss_curves(history)
    figure.canvas.draw()
    ax = figure.axes[0]
    shown = [label.get_text() for label in ax.get_yticklabels(which="both")]
    assert ax.get_yscale() == "log" and {"1", "10", "100"} <= set(shown)
    assert not any("$" in text for text in shown)


# --- the check of the project's files -------------------------------------------------------------

# Code that ruff refuses -> the rule that does.
REFUSED = {
    "eval('1')": "S307",
    "exec(open('x').read())": "S102",
    "import builtins\nbuiltins.eval(x)": "S307",
    "import pickle\npickle.load(f)": "S301",
    "from pickle import loads": "TID251",
    "import cloudpickle as c": "TID251",
    "import joblib": "TID251",
    "import shelve": "TID251",
    "import marshal\nmarshal.loads(x)": "S302",
    "import yaml\nyaml.load(x, Loader=yaml.Loader)": "S506",
    "from yaml import unsafe_load as load": "TID251",
    "import torch\ntorch.hub.load('x', 'y')": "TID251",
    "import numpy as np\nnp.load('x')": "TID251",
    "import os\nos.system('ls')": "S605",
    "from os import popen\npopen('ls')": "S605",
    "import os\nos.execvp('ls', [])": "S606",
    "import subprocess": "TID251",
    "import subprocess\nsubprocess.run('ls', shell=True)": "S602",
    "import runpy": "TID251",
    "import importlib\nimportlib.import_module(x)": "TID251",
    "import urllib.request": "TID251",
    "from urllib import request": "TID251",
    "from requests import get": "TID251",
    "import http.client": "TID251",
    "import socket\nsocket.socket()": "TID251",
    "import shutil\nshutil.unpack_archive('x')": "TID251",
    "import tarfile": "TID251",
    "import pandas as pd\npd.read_pickle('x')": "S301",
    "import jinja2\njinja2.Environment()": "S701",
    "from jinja2 import Environment\nEnvironment(autoescape=False)": "S701",
    "import jinja2\njinja2.Template(x)": "TID251",
    "from markupsafe import Markup": "TID251",
}
GOOD = """
import re

import jinja2
import torch
import yaml

model.eval()
torch.load(str(path), weights_only=True, map_location="cpu")
re.compile("x"), yaml.safe_load("x"), names.str.extract("(x)")
jinja2.Environment(autoescape=True, trim_blocks=True)
"""


@pytest.fixture(scope="module")
def ruff_says(root, tmp_path_factory):
    """One run of ruff, as the project sets it, over files of a library: GOOD, then REFUSED."""
    folder = tmp_path_factory.mktemp("ruff")
    shutil.copy(root / "pyproject.toml", folder)
    (folder / "workflow_lib").mkdir()
    for number, text in enumerate([GOOD, *REFUSED]):
        (folder / f"workflow_lib/x{number}.py").write_text(text + "\n")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("number", "text"), list(enumerate(REFUSED, start=1)))
def test_ruff_refuses_unsafe_code(ruff_says, number, text):
    assert re.search(rf"\bx{number}\.py:\d+:\d+: {REFUSED[text]} ", ruff_says), ruff_says


def test_safe_code_passes(ruff_says):
    assert not re.search(r"\bx0\.py:\d+:\d+: (?:S|TID)\d", ruff_says), ruff_says
    assert not list(checks_security.refused_in(GOOD, checks_security.IN_PYTHON))


RULE = 'rule one:\n    shell:\n        """\n        {}\n        """\n\n\nrule two:\n    params:\n'
IN_A_SHELL = {
    "streme {input.x}": "{input.x}: quote the field",
    "streme --n {params.n}": "{params.n}: quote the field",
    "streme {wildcards.dataset} >{output:q}": "{wildcards.dataset}: quote the field",
    "bash -c {input.x:q}": "use plain commands",
    "eval $x": "use plain commands",
    "python -c 'x'": "use `script:`",
    "curl -O https://example.org": "use the rule download",
    "resources/downloads/a/run.sh": "data are never run",
}


@pytest.mark.parametrize("command", IN_A_SHELL)
def test_the_check_reads_the_shell_commands_of_rules(tmp_path, command):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.smk").write_text(RULE.replace("{}", command))
    (found,) = checks_security.nothing_from_outside_runs(tmp_path)
    assert found.startswith("rules/a.smk:4: ") and IN_A_SHELL[command] in found
    fine = "streme {input.x:q} ${{cpu:-unknown}} >{log:q}"
    assert not list(checks_security.refused_in(fine, checks_security.IN_SHELLS))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("workflow_lib/x.py", "x = map(eval, y)", "eval: use a registry"),
        ("workflow_lib/x.py", "code = compile(x, 'a', 'exec')", "compile: use a registry"),
        ("scripts/x.py", "torch.load('x')", "add weights_only=True"),
        ("scripts/x.py", "torch.load(str(x), weights_only=False)", "add weights_only=True"),
        ("scripts/x.py", "from torch import load", "use torch.load(..., weights_only=True)"),
        ("scripts/x.py", "archive.extractall('x')", ".extractall(: use a stream"),
        ("scripts/x.py", "zipfile.ZipFile(x).extract('y')", ".extract(: use a stream"),
        ("scripts/x.py", "table.to_pickle('x')", "use write_table"),
        ("scripts/x.py", "table.eval('a + b')", ".eval(: use plain expressions"),
        ("envs/x.py", "path.chmod(0o755)", "chmod(: use workflow_lib.files.atomic"),
        ("rules/a.smk", "x = eval(config['x'])", "eval: use a registry"),
        ("rules/a.smk", "x = yaml.load(f)", "yaml.load: use yaml.safe_load"),
        ("rules/a.smk", "import pickle", "pickle: use"),
        ("rules/a.smk", "    run:", "run:: use `script:`"),
        ("Snakefile", "shell('ls')", "shell(: use the directive"),
        ("resources/report/a.jinja", "{{ name | safe }}", "leave the text"),
        ("resources/report/a.rst", ".. raw:: html", "captions are plain text"),
        ("envs/a.yaml", "channels: [mine]", "'mine': use conda-forge"),
        ("envs/a.yaml", "dependencies: [pip: [git+https://x]]", "from an address"),
    ],
)
def test_the_check_reads_each_kind_of_file(tmp_path, name, text, told):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text + "\n")
    (found,) = checks_security.nothing_from_outside_runs(tmp_path)
    assert found.startswith(name) and told in found


def test_the_project_passes(root):
    command = [sys.executable, "-m", "ruff", "check", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert checks_security.nothing_from_outside_runs(root) == []
