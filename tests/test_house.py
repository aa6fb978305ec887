"""The rules of the house (CONTRIBUTING.md), as far as they can be read off the files."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "workflow_lib"
# A module imports modules of its own stage and of earlier ones only. Parsers make data sets, models
# know nothing of them; execution and config serve the rules and stand beside the stages.
STAGES = ("", "config", "data", "models", "train", "interpret", "motifs", "figures", "report")
BESIDE = {"execution": "config", "parsers": "data"}
# Who may import torch when it is imported itself.
WITH_TORCH = (
    "one_hot.py",
    "models",
    "train",
    "interpret",
    "motifs/modisco.py",
)
FIGURE_NUMBER = re.compile(r"figures?[_ ]s?\d", re.IGNORECASE)


def stage_of(parts: tuple[str, ...]) -> str:
    """The stage of a module of the library, given as its path or name in parts."""
    return parts[0] if len(parts) > 1 else ""


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports, in functions too, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def rank(stage: str) -> int:
    return STAGES.index(BESIDE.get(stage, stage))


def test_every_folder_of_the_library_has_its_stage():
    folders = {path.name for path in LIBRARY.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders == {*STAGES, *BESIDE} - {""}


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda p: p.stem)
def test_a_module_imports_its_own_stage_and_earlier_ones_only(path):
    own = stage_of(path.relative_to(LIBRARY).parts)
    folders = {*STAGES, *BESIDE} - {""}
    for name in imports_of(path):
        package, _, rest = name.partition(".")
        if package == "workflow_lib" and rest:
            first = rest.split(".")[0]
            other = first if first in folders else ""
            assert rank(other) <= rank(own), f"{path.name} ({own}) imports {name}"


def test_data_config_execution_and_the_ground_floor_start_without_torch():
    modules = []
    for path in sorted(LIBRARY.rglob("*.py")):
        place = path.relative_to(LIBRARY)
        if not str(place).startswith(WITH_TORCH):
            parts = ("workflow_lib", *place.with_suffix("").parts)
            modules.append(".".join(parts).removesuffix(".__init__"))
    assert {"workflow_lib.data.dataset", "workflow_lib.motif"} <= set(modules)
    code = f"import sys\nfor name in {modules}:\n    __import__(name)\n"
    code += "    assert 'torch' not in sys.modules, name\n"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    "script", ["prepare", "evaluate", "annotate", "scan", "rank_motifs", "binding_modes", "recover"]
)
def test_steps_that_run_no_model_start_without_torch(script):
    code = f"import sys\nsys.path[:0] = ['scripts', '.']\nimport {script}\n"
    code += "assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_figures_number_stands_in_its_own_rules_and_scripts_only():
    texts = [*LIBRARY.rglob("*.py"), *(ROOT / "scripts").glob("*.py"), *ROOT.glob("rules/*.smk")]
    for path in texts:
        if re.fullmatch(r"figure_\d+\.smk", path.name):
            continue
        found = FIGURE_NUMBER.search(path.read_text())
        assert not found, f"{path.relative_to(ROOT)}: {found[0]}"


def test_the_schema_names_no_panel():
    schema = (ROOT / "config/schemas/config.schema.yaml").read_text()
    assert not re.search(r"figure_s?\d[a-z]", schema)


def test_input_functions_are_few_and_stand_in_the_file_of_their_rule():
    rules = {path.name: path.read_text() for path in ROOT.glob("rules/*.smk")}
    functions = {name: re.findall(r"(?m)^def (\w+)", text) for name, text in rules.items()}
    assert sum(map(len, functions.values())) <= 80
    assert not [name for name in rules if name.startswith("paths")]
    assert rules["common.smk"].count("\n") <= 200
    for name in functions["common.smk"]:
        used = {file for file, text in rules.items() if re.search(rf"(?<!def )\b{name}\b", text)}
        assert len(used) > 1, f"{name} of common.smk is used in {used} only"


def test_tables_are_written_in_one_place():
    for path in [*LIBRARY.rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        assert ".to_csv(" not in path.read_text() or path == LIBRARY / "tables.py", path


def test_rules_hold_no_lambda_and_no_snakemake_config_is_read_in_scripts():
    for path in ROOT.glob("rules/*.smk"):
        assert "lambda wildcards" not in path.read_text(), path.name
    for path in (ROOT / "scripts").rglob("*.py"):
        assert "snakemake.config" not in path.read_text(), path.name


def test_every_panel_has_a_line_in_figures_and_a_caption():
    for path in ROOT.glob("rules/figure*.smk"):
        text = path.read_text()
        drawn = re.findall(r"\*\*panel\(\s*\"([^\"]+)\"", text)
        assert drawn and len(drawn) == text.count("**panel(")
        for pattern in drawn:
            name = Path(pattern).name
            assert f'"{name}": (' in text, f"{path.name}: {name} is missing in FIGURES"
            caption = (ROOT / f"resources/report/{name}.rst").read_text()
            assert "{dataset}" in pattern or "wildcards" not in caption, f"{name}.rst"


def test_the_snakefile_is_a_table_of_contents():
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 60
