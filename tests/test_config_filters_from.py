"""Models whose filters start from motifs, as the config says them."""

import copy

import pytest
import yaml

from workflow_lib.config import catalogue
from workflow_lib.config.filters_from import check_start, filter_sets
from workflow_lib.errors import InputError


@pytest.fixture(scope="module")
def shipped(root):
    merged = {}
    for name in ("datasets", "models", "config"):
        merged |= yaml.safe_load((root / f"config/{name}.yaml").read_text())
    return merged


@pytest.fixture(scope="module")
def schema(root):
    return yaml.safe_load((root / "config/schemas/config.schema.yaml").read_text())


@pytest.fixture
def resolve(shipped, schema, tmp_path):
    (tmp_path / "own.meme").write_text("MEME version 4\n\nMOTIF a\nMOTIF b\nMOTIF c\n")
    (tmp_path / "empty.meme").write_text("MEME version 4\n")

    def resolved(**entry):
        config = copy.deepcopy(shipped)
        source = entry.get("filters_from", {})
        if "meme" in source:
            source["meme"] = str(tmp_path / source["meme"])
        config["models"]["mine"] = {"architecture": "explainn"} | entry
        config["runs"] = [{"datasets": ["tf_binding"], "models": ["mine"], "seeds": [0]}]
        config["figure_1"] = config["figure_3"] = None
        catalogue.check_schema(config, schema)
        return catalogue.resolve(config, schema)

    return resolved


JASPAR = {"database": "jaspar2020"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"filters_from": JASPAR, "architecture": "danq"}, "is 'danq'; wanted explainn"),
        ({"filters_from": {"database": "jaspr2020"}}, "unknown motif database 'jaspr2020'"),
        ({"filters_from": {}}, "models.mine.filters_from"),
        ({"filters_from": JASPAR | {"meme": "own.meme"}}, "models.mine.filters_from"),
        ({"filters_from": JASPAR | {"order": "farthest"}}, "'farthest' is not one of"),
        ({"filters_from": JASPAR | {"n": 0}}, "filters_from.n: 0 is less than"),
        ({"freeze": "weights"}, "without `filters_from` the filters are random"),
        ({"filters_from": JASPAR, "freeze": "all"}, "'all' is not one of"),
        (
            {"filters_from": JASPAR | {"order": "published", "both_strands": False}},
            "chooses among single strands itself",
        ),
        (
            {"filters_from": JASPAR | {"n": 30}, "hyperparameters": {"units": 30}},
            "units: found 30, but filters_from gives 60 filters",
        ),
        (
            {
                "filters_from": JASPAR | {"n": 30, "order": "published"},
                "hyperparameters": {"units": 60},
            },
            "units: found 60, but filters_from gives 30 filters",
        ),
        (
            {"filters_from": {"meme": "own.meme"}, "hyperparameters": {"units": 5}},
            "units: found 5, but filters_from gives 6 filters",
        ),
        ({"filters_from": {"meme": "own.meme", "n": 4}}, "n: found 4, but .* has 3 motifs"),
        (
            {"filters_from": {"meme": "own.meme", "n": 7, "order": "published"}},
            "n: found 7, but .* has 3 motifs; wanted at most 6",
        ),
        ({"filters_from": {"meme": "empty.meme"}}, "has no motifs in it"),
        (
            {"filters_from": JASPAR, "published": {"file": "x.pth", "format": "explainn"}},
            "both `published` and `filters_from`",
        ),
        (
            {"filters_from": JASPAR, "freeze": "weights", "training": {"filter_lr": 0.1}},
            "frozen filters do not learn",
        ),
        ({"architecture": "cnn1", "training": {"filter_lr": 0.1}}, "is 'cnn1'; wanted explainn"),
        ({"training": {"filter_lr": 0}}, "filter_lr"),
    ],
)
def test_what_cannot_be_is_refused_when_planned(resolve, entry, message):
    with pytest.raises(InputError, match=message):
        resolve(**entry)


def test_an_entry_is_written_out_with_the_name_of_its_set(resolve):
    found = resolve(filters_from=JASPAR | {"n": 30}, hyperparameters={"units": 60})
    assert found["models"]["mine"]["filters_from"] == {
        "database": "jaspar2020", "set": "jaspar2020", "order": None, "n": 30,
        "both_strands": True, "filter_size": 19,
    }  # fmt: skip
    own = resolve(filters_from={"meme": "own.meme", "n": 6, "order": "published"},
                  hyperparameters={"filter_size": 11})  # fmt: skip
    source = own["models"]["mine"]["filters_from"]
    assert source["filter_size"] == 11 and source["set"].startswith("own.")
    assert set(filter_sets(own["models"])) == {"jaspar2020", source["set"]}
    assert filter_sets(own["models"])[source["set"]] == {"meme": source["meme"]}


def test_a_missing_file_of_motifs_is_left_to_the_plan_and_a_folder_refused(resolve, tmp_path):
    resolve(filters_from={"meme": "missing.meme"})
    config = {"apply": {}, "motif_sets": {}, "sources": {}}
    models = {"mine": {"filters_from": {"meme": str(tmp_path)}}}
    with pytest.raises(InputError, match="models.mine.filters_from.meme: .* found a folder"):
        catalogue.check_users_files(config | {"models": models})


def test_the_shipped_models_are_those_of_the_paper(shipped):
    models = shipped["models"]
    free = ["explainn_jaspar", *(f"explainn_jaspar_{n}" for n in (300, 500, 750, 1000))]
    for name in free:
        frozen = models[f"{name}_frozen"]
        assert frozen["freeze"] == "weights" and "freeze" not in models[name]
        assert frozen["filters_from"] == models[name]["filters_from"]
        assert models[name]["hyperparameters"] == {"filter_size": 19}
        n = name.removeprefix("explainn_jaspar").strip("_")
        assert models[name]["filters_from"].get("n") == (int(n) if n else None)
    assert models["explainn_jaspar_small_steps"]["training"] == {"filter_lr": 0.1}


def test_a_figure_of_refined_filters_wants_filters_that_started_from_motifs():
    models = {"random": {}, "free": {"filters_from": {}}, "frozen": {"freeze": "weights"}}
    models["free"]["filters_from"] = models["frozen"]["filters_from"] = {"set": "jaspar"}
    check_start(models, None, "x")
    check_start(models, "free", "x")
    check_start(models, "frozen", "x", frozen=True)
    with pytest.raises(InputError, match="figure_6.free_model: the filters of random start at"):
        check_start(models, "random", "figure_6.free_model")
    with pytest.raises(InputError, match="figure_6.frozen_model: the filters of free are trained"):
        check_start(models, "free", "figure_6.frozen_model", frozen=True)
