"""What figures of curves by distance name is held against the catalogue before any training."""

import pytest

from workflow_lib.config.distance_curves import check_distance_curves
from workflow_lib.errors import InputError

MODELS = {
    "max": {"architecture": "explainn", "hyperparameters": {"fc_layers": 0}},
    "max_given": {"architecture": "explainn", "published": {"file": "x.pth"}},
    "usual": {"architecture": "explainn"},
    "deep": {"architecture": "explainn", "hyperparameters": {"fc_layers": 3}},
    "other": {"architecture": "deepstarr"},
}


def check(**changed: object) -> None:
    section = {"dataset": "d", "models": ["deep"], "target": "x"} | changed
    check_distance_curves(section, "curves", MODELS)


def test_additive_models_have_no_layers():
    check(additive_models=["max*"])
    check_distance_curves({}, "curves", MODELS)
    for name, said in [("usual", "fc_layers: 2"), ("d*", "fc_layers: 3"), ("other", "deepstarr")]:
        with pytest.raises(InputError, match=f"curves.additive_models: .* has {said}; wanted"):
            check(additive_models=["max", name])
