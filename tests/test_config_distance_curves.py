"""What figures of curves by distance name is held against the catalogue before any training."""

import ast
import re

import pytest

from workflow_lib.config.distance_curves import check_distance_curves
from workflow_lib.config.targets import OF_PARSERS
from workflow_lib.errors import InputError

MODELS = {
    "max": {"architecture": "explainn", "hyperparameters": {"fc_layers": 0}},
    "max_given": {"architecture": "explainn", "published": {"file": "x.pth"}},
    "usual": {"architecture": "explainn"},
    "deep": {"architecture": "explainn", "hyperparameters": {"fc_layers": 3}},
    "other": {"architecture": "deepstarr"},
}


CATALOGUE = {
    "models": MODELS,
    "sources": {"s": {"simulate": {"targets": {"liver": {}, "blood": {}}}}, "t": {"files": {}}},
    "datasets": {
        "d": {"source": "s", "parser": "table"},
        "own": {"source": "t", "parser": "table"},
        "chosen": {"source": "t", "parser": "table", "options": {"targets": ["liver"]}},
        "one": {"source": "s", "from": "d", "targets": ["blood"]},
        "fly": {"source": "t", "parser": "deepstarr"},
    },
}


def check(of=None, **changed: object) -> None:
    section = {"dataset": "d", "models": ["deep"], "target": "liver", "fixed": None}
    given = {"motifs": {"Dref": "ACGT", "Ohler1": "ACCT"}, "targets": ["*"]} | (of or {})
    section |= {"additive_models": []} | changed
    check_distance_curves(section, "curves", CATALOGUE, given)


def test_additive_models_have_no_layers():
    check(additive_models=["max*"])
    for name, said in [("usual", "fc_layers: 2"), ("d*", "fc_layers: 3"), ("other", "deepstarr")]:
        with pytest.raises(InputError, match=f"curves.additive_models: .* has {said}; wanted"):
            check(additive_models=["max", name])


def test_fixed_motifs_and_the_target_are_names_of_what_is_made():
    check(fixed=["Ohler1", "Dref"])
    check(of={"motifs": None}, fixed=["anything"])  # names of filters, which a job gives
    check(dataset="own", target="whatever")  # its file tells
    check(dataset="fly", target="Hk", of={"targets": ["H*"]})
    for changed, said in [
        ({"fixed": ["Ohler"]}, "curves.fixed: .*'Ohler'.*Ohler1"),
        ({"target": "lever"}, "curves.target: .*'lever'.*liver"),
        ({"dataset": "one"}, "curves.target: .*'liver'"),
        ({"dataset": "chosen", "target": "blood"}, "curves.target: .*'blood'"),
        ({"dataset": "fly"}, "curves.target: .*'liver'"),
        ({"of": {"targets": ["b*"]}}, r"curves.target: found 'liver', .*targets \(b\*\)"),
    ]:
        with pytest.raises(InputError, match=said):
            check(**changed)


def test_targets_of_parsers_are_those_that_they_make(root):
    source = (root / "workflow_lib/parsers/deepstarr.py").read_text()
    (columns,) = re.findall(r"^_COLUMNS = ({.*})$", source, re.M)
    assert tuple(ast.literal_eval(columns)) == OF_PARSERS["deepstarr"]
