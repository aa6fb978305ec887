"""Digests of code: they change exactly when the logic that a script reaches changes."""

import shutil

import pytest

from workflow_lib.config import registries, source
from workflow_lib.errors import InputError
from workflow_lib.execution import code_digest

CHOSEN = {
    "model": "explainn",
    "task": "binary",
    "loss": "binary",
    "parser": "table",
    "split": "random",
}


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    """A copy of library and scripts that a test may edit."""
    for folder in ("workflow_lib", "scripts"):
        shutil.copytree(root / folder, tmp_path / folder)
    monkeypatch.setattr(source, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    for function in (source.parse_module, code_digest._digest, registries._registered_node):
        function.cache_clear()


def digest(script="scripts/train.py", **chosen):
    forget()
    return code_digest.digest(script, **(CHOSEN | chosen))


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_change_of_logic_changes_the_digest(project):
    before = digest()
    edit(
        project / "workflow_lib/train/training.py",
        "loss(model(X), targets)",
        "2 * loss(model(X), targets)",
    )
    assert digest() != before


def test_a_change_in_a_helper_far_below_changes_it(project):
    before = digest()
    edit(project / "workflow_lib/one_hot.py", "codes.unsqueeze(1) ==", "codes.unsqueeze(1) >=")
    assert digest() != before


def test_comments_docstrings_and_layout_do_not_count(project):
    before = digest()
    path = project / "workflow_lib/train/training.py"
    edit(path, '"""One pass over the training examples', '"""Another text: one pass over the')
    edit(path, "    model.train()\n", "    # a comment\n\n    model.train()\n")
    assert digest() == before


def test_log_and_error_messages_do_not_count(project):
    before = digest()
    path = project / "workflow_lib/train/training.py"
    edit(path, '"finished; the weights of epoch', '"done; the weights of epoch')
    edit(path, "A lower learning_rate than", "A smaller learning_rate than")
    assert digest() == before


def test_constants_that_are_set_together_count(project):
    script = "scripts/figures/figure_1g.py"
    before = digest(script)
    edit(
        project / "workflow_lib/figures/nullified_filters.py",
        "MAX_TARGETS, MAX_FILTERS = 55,",
        "MAX_TARGETS, MAX_FILTERS = 45,",
    )
    assert digest(script) != before


def test_imports_from_other_packages_count(project):
    before = digest()
    edit(
        project / "workflow_lib/models/__init__.py",
        "import save as to_bytes",
        "import dump as to_bytes",
    )
    assert digest() != before


def test_every_import_between_modules_resolves(root):
    forget()
    for path in sorted((root / "workflow_lib").rglob("*.py")):
        for module, name in source.Module(path).imports.values():
            assert source.definition_of(module, name), f"{path}: {module}.{name}"


def test_a_model_that_inherits_has_its_bases_methods_and_parameters(project):
    edit(
        project / "workflow_lib/models/__init__.py",
        '"explainn": ExplaiNN,',
        '"explainn": ExplaiNN, "two": Two, "odd": partial(ExplaiNN),',
    )
    edit(
        project / "workflow_lib/models/__init__.py",
        "import ExplaiNN\n",
        "import ExplaiNN\nfrom workflow_lib.models.two import Two\n",
    )
    text = "from workflow_lib.models.explainn import ExplaiNN\nclass Two(ExplaiNN):\n    pass\n"
    (project / "workflow_lib/models/two.py").write_text(text)
    forget()
    assert "units" in registries.methods("model", "two")
    assert registries.parameters("model", "two") == registries.parameters("model", "explainn")
    with pytest.raises(InputError, match="'odd' is registered as 'partial.ExplaiNN.'"):
        registries.parameters("model", "odd")


@pytest.mark.parametrize(
    "module", ["figures/style", "train/evaluation", "data/simulate", "motifs/tomtom"]
)
def test_training_does_not_depend_on_what_it_does_not_use(project, module):
    before = digest()
    path = project / f"workflow_lib/{module}.py"
    path.write_text(path.read_text() + "\n\ndef added() -> int:\n    return 1\n")
    assert digest() == before
    assert not any(
        place[0] == f"workflow_lib.{module.replace('/', '.')}"
        for place in code_digest.reached("scripts/train.py")
    )


def test_adding_a_model_or_task_changes_no_other(project):
    before = digest()
    edit(
        project / "workflow_lib/models/__init__.py",
        '"explainn": ExplaiNN,',
        '"explainn": ExplaiNN, "two": Two,',
    )
    edit(
        project / "workflow_lib/models/__init__.py",
        "import ExplaiNN\n",
        "import ExplaiNN\nfrom workflow_lib.models.two import Two\n",
    )
    (project / "workflow_lib/models/two.py").write_text(
        "class Two:\n    def __init__(self): pass\n"
    )
    assert digest() == before
    assert digest(model="two") != before


def test_registries_are_read_without_import():
    forget()
    assert registries.registered("model")[0] == "explainn"
    names, required = registries.parameters("parser", "tf_binding_matrix")
    assert set(required) == {"files", "rows", "targets"} and "length" in names
    assert "units" in registries.methods("model", "explainn")
    with pytest.raises(
        InputError, match="unknown parser 'x'; there are: ai_tac, bed, .*fasta, .*table"
    ):
        registries.parameters("parser", "x")


def test_defaults_are_read_without_import():
    assert registries.default("model", "explainn", "units") == 100
    assert registries.default("model", "explainn", "strands") == "forward"
    with pytest.raises(InputError, match="no parameter 'length' with a default"):
        registries.default("model", "explainn", "length")


def test_registries_agree_with_what_is_imported():
    from workflow_lib.data.splits import SPLITS
    from workflow_lib.data.tasks import TASKS
    from workflow_lib.models import MODELS
    from workflow_lib.parsers import PARSERS
    from workflow_lib.train.losses import LOSSES

    real = {"model": MODELS, "parser": PARSERS, "split": SPLITS, "task": TASKS, "loss": LOSSES}
    for kind, registry in real.items():
        assert registries.registered(kind) == list(registry)


def test_every_rule_script_has_a_digest(root):
    for script in sorted((root / "scripts").rglob("*.py")):
        assert len(code_digest.digest(str(script.relative_to(root)), **CHOSEN)) == 16
