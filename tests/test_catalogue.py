"""The config, written out and checked."""

import copy
import fnmatch
from pathlib import Path

import pytest
import yaml

from workflow_lib.config import catalogue, expand, selection
from workflow_lib.config.source_files import source_files
from workflow_lib.errors import InputError


@pytest.fixture(scope="module")
def shipped(root):
    """The catalogue and selection as they come with the project."""
    merged = {}
    for name in ("datasets", "models", "config"):
        merged |= yaml.safe_load((root / f"config/{name}.yaml").read_text())
    return merged


SCHEMA = Path(__file__).resolve().parent.parent / "config/schemas/config.schema.yaml"


@pytest.fixture(scope="module")
def schema():
    return yaml.safe_load(SCHEMA.read_text())


def resolve(config):
    return catalogue.resolve(config, yaml.safe_load(SCHEMA.read_text()))


@pytest.fixture
def config(shipped):
    return copy.deepcopy(shipped)


def test_the_shipped_config_resolves(config, schema):
    catalogue.check_schema(config, schema)
    found = resolve(config)
    assert selection.Run("tf_binding", "explainn", 2) in found["runs"]
    assert len(found["datasets"]["tf_binding"]["options"]["rows"]) == 163
    assert len(found["datasets"]["tf_binding"]["options"]["targets"]) == 50


def test_the_parts_that_are_read_unless_the_config_says_others(schema):
    sections = schema["properties"]
    found = {
        name: section["properties"]["splits"]["default"]
        for name, section in sections.items()
        if "splits" in section.get("properties", {})
    }
    # Motifs are made without the sequences on which they are scored later; the best one is chosen
    # on the validation part. None: the part that is scored.
    assert found == {
        "interpretation": ["train", "validation"],
        "scanning": ["validation", "test"],
        "instances": ["train", "validation", "test"],
        "attribution": None,
        "interactions": None,
        "nullification": None,
        "ablation": None,
        "marginalisation": ["train"],
    }


def test_the_50_tfs_are_the_papers(config, shared):
    names = (shared / "reference/tf_binding/paper50.txt").read_text().split()
    assert config["datasets"]["tf_binding"]["options"]["targets"] == names


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("rnus",), [], "top level: unknown key 'rnus' .did you mean 'runs'"),
        (("models", "explainn", "trainnig"), {}, "models.explainn: unknown key 'trainnig'"),
        (("device",), "gpu", "device: 'gpu' is not one of"),
        (("datasets", "a b"), {}, "datasets: 'a b' does not match"),
        (("datasets", "a;touch x"), {}, "datasets: 'a;touch x' does not match"),
        (("datasets", "../x"), {}, "datasets: '../x' does not match"),
        (("datasets", "figures"), {}, "datasets"),
        (("runs", 0, "seeds"), ["one"], "runs.0.seeds.0: 'one' is not of type 'integer'"),
        (("runs", 0, "seeds"), [], "runs.0.seeds"),
        (("sources", "x"), {"files": {"a": {"url": "http://x/a", "path": "a"}}}, "sources.x"),
        (("presets", "mine"), {"batch_size": 10}, "presets.mine: 'learning_rate' is a required"),
        (("presets", "paper_methods", "learning_rate"), "1e-3", "write 0.001 or 1.0e-3"),
        (("presets", "paper_methods", "learning_rate"), 0, "presets.paper_methods.learning_rate"),
    ],
)
def test_the_schema_names_place_and_mistake(config, schema, keys, value, message):
    place = config
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(InputError, match=message):
        catalogue.check_schema(config, schema)


def test_words_of_the_command_line_become_values(config, schema):
    config |= {"offline": "true", "mirror": "null", "device": "cpu"}
    config = catalogue.plain_values(config)
    assert (config["offline"], config["mirror"], config["device"]) == (True, None, "cpu")
    catalogue.check_schema(config, schema)


def test_a_missing_key_is_named(config, schema):
    del config["datasets"]["tf_binding"]["task"]
    with pytest.raises(InputError, match="datasets.tf_binding: 'task' is a required property"):
        catalogue.check_schema(config, schema)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "tf_bindng"}, "unknown source 'tf_bindng' .did you mean 'tf_binding'"),
        ({"parser": "fasta2"}, "unknown parser 'fasta2'"),
        ({"task": "binry"}, "unknown task 'binry' .did you mean 'binary'"),
        ({"split": {"method": "randm"}}, "unknown split 'randm' .did you mean 'random'"),
        ({"split": {"method": "random", "sed": 1}}, "option of split random 'sed'"),
        ({"split": {"method": "chromosome"}}, "split chromosome needs the option 'validation'"),
        ({"split": {"like": "nothing"}}, "unknown data set 'nothing'"),
        ({"split": {"like": "tf_binding_masked"}}, "has no split of its own"),
        ({"options": {"rows": []}}, "needs the option 'targets'"),
        ({"options": {"rows": [], "targets": [], "lenght": 1}}, "'lenght' .did you mean 'length'"),
        ({"files": ["*.bed"]}, "unknown file '.*bed'"),
    ],
)
def test_names_that_do_not_exist_are_explained(config, change, message):
    config["datasets"]["tf_binding"] |= change
    with pytest.raises(InputError, match=f"config, datasets.tf_binding.*{message}"):
        resolve(config)


def test_unknown_architectures_hyperparameters_and_selections_are_explained(config):
    broken = copy.deepcopy(config)
    broken["models"]["explainn"]["architecture"] = "explain"
    with pytest.raises(InputError, match="unknown architecture 'explain' .did you mean"):
        resolve(broken)
    broken = copy.deepcopy(config)
    broken["models"]["explainn"]["hyperparameters"] = {"unit": 5}
    with pytest.raises(InputError, match="unknown option of model explainn 'unit' .did you mean"):
        resolve(broken)
    broken = copy.deepcopy(config)
    broken["runs"][0]["models"] = ["explain*q"]
    with pytest.raises(InputError, match="runs.0.models.0: unknown model"):
        resolve(broken)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files_from": {"tf_bindng": ["*"]}}, "unknown source 'tf_bindng' .did you mean"),
        ({"files_from": {"tf_binding": ["seq*", "*.bed"]}}, "files_from.tf_binding: .*'.*bed'"),
        ({"files_from": {"dhs_accessibility": ["*"]}}, "files_from: .*is the source of the data"),
        ({"files_from": {"again": ["*"]}}, "'matrix2d.BJ.*' is a file of 'dhs_accessibility' too"),
        ({"task": "regression"}, "the parser dhs_accessibility makes labels"),
    ],
)
def test_files_of_a_second_source_are_checked(config, change, message):
    name = "matrix2d.BJ.ReMap+UniBind.less-sparse.npz"
    config["sources"]["again"] = {"files": {name: {"path": "x"}}}
    config["datasets"]["dhs_accessibility"] |= change
    with pytest.raises(InputError, match=f"config, datasets.dhs_accessibility.*{message}"):
        resolve(config)


def test_a_data_set_may_use_files_of_a_second_source(config, schema):
    found = resolve(config)
    used = source_files(found["datasets"]["dhs_accessibility_22"], found["sources"])
    assert list(used.values()) == ["dhs_accessibility"] * 22 + ["tf_binding"] * 10
    assert used["sequences.200bp.chrX.fa.gz"] == "tf_binding"
    all_used = source_files(found["datasets"]["dhs_accessibility"], found["sources"])
    assert len(all_used) == 52 + 24 and "matrix2d.ReMap.sparse.npz" not in all_used
    simulated = {"source": "tf_binding", "files": ["*.npz"], "files_from": {"simulated": ["*"]}}
    assert list(source_files(simulated, found["sources"]).values()) == ["tf_binding", "simulated"]
    config["datasets"]["tf_binding.{member}"]["files_from"] = {"tf_binding": ["*"]}
    with pytest.raises(InputError, match="datasets.tf_binding.{member}"):
        catalogue.check_schema(config, schema)


def test_files_whose_columns_have_no_names_need_a_table(config):
    del config["datasets"]["blood_atac"]["targets_table"]
    with pytest.raises(
        InputError, match="datasets.blood_atac: .*ai_tac do not name.*targets_table"
    ):
        resolve(config)


@pytest.mark.parametrize("name", ["a b.npz", "+a.npz", "a+b/c", "a+b\n", "a;b"])
def test_names_of_files_may_hold_a_plus_and_little_else(config, schema, name):
    files = {"matrix+x.npz": {"path": "x"}}
    config["sources"]["mine"] = {"files": files}
    catalogue.check_schema(config, schema)
    files[name] = {"path": "x"}
    with pytest.raises(InputError, match="sources.mine.files: .*wanted a name"):
        catalogue.check_schema(config, schema)


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("annotation",), {"database": "jaspr2020"}, "unknown motif database 'jaspr2020' .did you"),
        (
            ("apply",),
            {"x": {"fasta": "x", "models": ["explian"]}},
            "apply.x.models.0: unknown model",
        ),
        (("preset",), "paper", "preset: unknown preset"),
        (("models", "explainn", "hyperparameters"), {"units": ["../x"]}, "is not a valid name"),
        (
            ("models", "explainn.units5"),
            {"architecture": "explainn"},
            "'explainn.units5' is defined twice",
        ),
        (("sources", "simulated", "simulate", "database"), "x", "simulate.database: unknown motif"),
    ],
)
def test_other_names_that_do_not_exist_are_explained(config, keys, value, message):
    config["models"]["explainn"]["hyperparameters"] = {"units": [5]}
    config["figure_3"] = None
    place = config
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    config["runs"] = [{"datasets": ["tf_binding"], "models": ["explainn*"], "seeds": [0]}]
    with pytest.raises(InputError, match=message):
        resolve(config)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peaks": "p", "genome": 3}, "my.options.genome: found 3, wanted str"),
        ({"peaks": ["p", 1], "genome": "g"}, "my.options.peaks: found .'p', 1., wanted"),
        ({"peaks": "p", "genome": "g", "length": "30"}, "found '30', wanted int"),
        ({"peaks": "p", "genome": "g", "length": True}, "found True, wanted int"),
    ],
)
def test_options_of_another_type_are_refused(config, options, message):
    mine = {"source": "tf_binding", "parser": "bed", "options": options, "task": "binary"}
    config["datasets"]["my"] = mine | {"split": {"method": "random"}}
    with pytest.raises(InputError, match=message):
        resolve(config)


def test_hyperparameters_of_another_type_are_refused(config):
    config["models"]["explainn"]["hyperparameters"] = {"units": "many"}
    with pytest.raises(InputError, match="models.explainn.units: found 'many', wanted int"):
        resolve(config)
    config["models"]["explainn"]["hyperparameters"] = {"units": 10, "dropout": 0}
    resolve(config)  # a whole number is a number


def test_a_family_is_written_out(config):
    config["figure_3"] = None
    entry = copy.deepcopy(config["datasets"]["tf_binding"])
    entry["members"] = ["CTCF", "MAX"]
    entry["options"]["targets"] = ["{member}"]
    config["datasets"]["tf_binding.{member}"] = entry
    config["runs"] = [{"datasets": ["tf_binding.*"], "models": ["*"], "seeds": [0]}]
    found = resolve(config)
    assert found["datasets"]["tf_binding.MAX"]["options"]["targets"] == ["MAX"]
    assert "members" not in found["datasets"]["tf_binding.CTCF"]
    assert {run.dataset for run in found["runs"]} == {"tf_binding.CTCF", "tf_binding.MAX"}
    with pytest.raises(InputError, match="needs {member}"):
        expand.expand_datasets({"x": {"members": ["a"]}})


def test_a_data_set_made_from_another_has_its_source(config, schema):
    datasets = resolve(config)["datasets"]
    member = datasets["tf_binding.NKX3-1"]
    assert member["targets"] == ["NKX3-1"] and member["from"] == "tf_binding_matrix"
    assert member["source"] == "tf_binding" and member["assembly"] == "hg38"
    assert len([n for n in datasets if n.startswith("tf_binding.")]) == 163
    mixed = {"from": "tf_binding", "source": "tf_binding", "targets": ["AR"], "task": "binary"}
    config["datasets"]["mixed"] = mixed | {"split": {"method": "random"}}
    with pytest.raises(InputError, match="datasets.mixed"):
        catalogue.check_schema(config, schema)


def test_a_data_set_is_made_from_one_that_is_there_and_parsed(config):
    family = config["datasets"]["tf_binding.{member}"]
    family["from"] = "tf_bindng_matrix"
    with pytest.raises(InputError, match="did you mean 'tf_binding_matrix'"):
        resolve(config)
    family["from"] = "tf_binding.AR"
    with pytest.raises(InputError, match="is itself made from another data set"):
        resolve(config)


def test_a_sweep_makes_one_model_of_each_value(config):
    config["models"]["explainn"]["hyperparameters"] = {"units": [1, 5], "filter_size": 11}
    found = expand.expand_models(config["models"])
    assert found["explainn.units5"]["hyperparameters"] == {"units": 5, "filter_size": 11}
    assert "explainn" not in found and "explainn.units1" in found


def test_training_settings_take_preset_then_data_set_then_model(config):
    dataset = {"training": {"batch_size": 7, "learning_rate": 1.0}}
    model = {"training": {"learning_rate": 2.0, "preset": "paper_notebooks"}}
    found = catalogue.training_settings(config, dataset, model)
    assert found["preset"] == "paper_notebooks" and found["patience"] is None
    assert (found["batch_size"], found["learning_rate"]) == (7, 2.0)


def test_runs_are_products_without_repeats(config):
    config["runs"] = [
        {"datasets": ["tf_binding*ed"], "models": ["explainn"], "seeds": [0, 1]},
        {"datasets": ["tf_binding_masked"], "models": ["explainn"], "seeds": [1, 2]},
    ]
    runs = selection.select(config, config["datasets"], config["models"])
    assert len(runs) == len(set(runs)) == 5


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"figure_1": {"dataset": "tf_bind", "model": "explainn"}}, "figure_1.dataset.*tf_bind'"),
        (
            {"figure_1": {"dataset": "tf_binding", "model": "danq", "sweep": "danq"}},
            "figure_1.sweep: .danq. .danq. has no units",
        ),
        ({"attribution": {"runs": [{"methods": ["ism"], "models": ["dang"]}]}}, "'danq'"),
        ({"nullification": {"runs": [{"datasets": ["tf_bindin"]}]}}, "nullification.runs.0"),
        (
            {"attribution": {"sanity_checks": {"shuffled": {"tf_binding": "tf_shuffled"}}}},
            "sanity_checks.shuffled.tf_binding: .*tf_shuffled",
        ),
        ({"strand_symmetry": ["explain"]}, "strand_symmetry.*'explainn'"),
    ],
)
def test_choices_are_checked_before_anything_runs(config, section, message):
    resolve(config)
    with pytest.raises(InputError, match=message):
        resolve(config | section)


def test_an_address_with_file_is_that_of_each_file_without_an_own_one():
    files = {"a.gz": {"sha256": "1"}, "b": None, "c": {"path": "x"}, "d": {"url": "http://y/d"}}
    found = expand.expand_sources({"s": {"url": "http://x/{file}.zip", "files": files}})
    assert found == {
        "s": {
            "files": {
                "a.gz": {"url": "http://x/a.gz.zip", "sha256": "1"},
                "b": {"url": "http://x/b.zip"},
                "c": {"path": "x"},
                "d": {"url": "http://y/d"},
            }
        }
    }
    only_mirrored = {"s": {"files": {"a": {"sha256": "1"}}}}
    assert expand.expand_sources(only_mirrored) == only_mirrored
    with pytest.raises(InputError, match="sources.s.files.a: found neither `url` nor `path`"):
        expand.expand_sources({"s": {"files": {"a": {}}}})


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ("interpretation", {"interpret_on": ["train"]}, "splits"),
        ("interpretation", {"correct": "all_targets"}, "exact_match"),
        ("attribution", {"correct": "bound_target"}, "true_positive"),
        ("scanning", {"parts": ["validation"]}, "splits"),
        ("figure_1", {"baselines": []}, "baseline_models"),
        ("figure_1", {"compared": []}, "other_models"),
        ("figure_1", {"nullified": "danq"}, "nullified_model"),
        ("figure_1", {"negative": ["CTCF"]}, "negative_weight_targets"),
        ("figure_3", {"compared": "streme"}, "baseline_motif_set"),
        ("figure_3", {"database": "jaspar2020"}, "motif_database"),
    ],
)
def test_a_key_or_value_of_an_older_config_is_told_its_new_name(config, schema, section, old, new):
    config[section] = config.get(section, {}) | old
    with pytest.raises(InputError, match=f"it is called '{new}' now"):
        catalogue.check_schema(config, schema)


def test_an_option_of_an_older_config_is_told_its_new_name(config):
    options = config["datasets"]["gata3_pbm"]["options"]
    options["parts"] = options.pop("splits")
    with pytest.raises(InputError, match="it is called 'splits' now"):
        resolve(config)


@pytest.mark.parametrize(
    "keys", [("datasets", "tf_binding", "description"), ("figure_1", "target")]
)
def test_text_that_pages_would_read_as_markup_is_refused(config, schema, keys):
    place = config
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = "a </script><b> c"
    with pytest.raises(InputError, match=f"{'.'.join(keys)}: .*wanted text without <"):
        catalogue.check_schema(config, schema)


def test_seeds_choose_among_the_selected_runs():
    runs = [selection.Run("a", "m", seed) for seed in range(3)]
    entry = {"datasets": ["*"], "models": ["m"]}
    assert selection.matching(runs, entry | {"seeds": None}) == runs
    assert selection.matching(runs, entry | {"seeds": [1, 7]}) == [runs[1]]


def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path, root):
    path = tmp_path / "mine.yaml"
    path.write_text("a: 1\nb:\n  - {x: 1}\n  - c: 1\n    d: 2\n    c: 3\n")
    with pytest.raises(InputError, match="mine.yaml, line 6: the key 'c' stands in line 4 too"):
        catalogue.check_repeated_keys(path)
    path.write_text('{"a": {"b": 1, "b": 2}}')
    with pytest.raises(InputError, match="the key 'b'"):
        catalogue.check_repeated_keys(path)
    for path in [*(root / "config").glob("*.yaml"), *(root / "tests/mini").glob("*.yaml")]:
        catalogue.check_repeated_keys(path)


@pytest.mark.parametrize("place", ["source", "apply", "motif set"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "a folder"),
        ("version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        ("<!DOCTYPE html>", "HTML page"),
    ],
)
def test_what_is_in_place_of_a_users_file_is_said_before_anything_runs(
    tmp_path, place, content, message
):
    path = tmp_path / "data.fa"
    path.mkdir() if content is None else path.write_text(content)
    config = {"apply": {}, "motif_sets": {}, "sources": {}}
    if place == "source":
        config["sources"] = {"mine": {"files": {"data.fa": {"path": str(path)}, "x": None}}}
    elif place == "apply":
        config["apply"] = {"mine": {"fasta": str(path)}}
    else:
        config["motif_sets"] = {"mine": {"meme": str(path)}, "other": {"of": {}}}
    with pytest.raises(InputError, match=f"mine.*data.fa: found .*{message}"):
        catalogue.check_users_files(config)
    path.rmdir() if content is None else path.write_text(">a\nACGT\n")
    catalogue.check_users_files(config)


@pytest.mark.parametrize(
    ("fractions", "right"),
    [
        ([0.8, 0.1, 0.1], True), ([0.9, 0.1, 0], True), ([0.8, 0.1, 0.2], False),
        ([0.8, 0.2], False), ([1, 0, 0], False), ([0.8, 0.3, -0.1], False),
        ([80, 10, 10], False), ([0, 0.5, 0.5], False),
    ],
)  # fmt: skip
def test_fractions_that_are_none_are_refused_at_planning(config, fractions, right):
    config["datasets"]["tf_binding"]["split"] = {"method": "random", "fractions": fractions}
    if right:
        resolve(config)
        return
    with pytest.raises(InputError, match=r"datasets.tf_binding.split: split: fractions .*sum to 1"):
        resolve(config)


@pytest.mark.parametrize(
    ("architecture", "options", "message"),
    [
        ("explainn", {"units": 0}, "units is 0; wanted more than 0"),
        ("explainn", {"units": "many"}, "found 'many', wanted int"),
        ("explainn", {"dropout": 1}, "dropout is 1; wanted from 0 to less than 1"),
        ("explainn", {"fc_layers": 9}, "fc_layers is 9; wanted from 0 to 8"),
        ("explainn", {"strands": "both"}, "strands is both; wanted forward or shared"),
        ("explainn", {"non_negative": 1}, "found 1, wanted bool"),
        ("danq", {"lstm_dropout": -0.1}, "lstm_dropout is -0.1"),
        ("cnn1exp", {"filters": 1.5}, "found 1.5, wanted int"),
        ("explainn", {"units": [5, -5]}, "models.mine.units-5.*is not a valid|units is -5"),
    ],
)
def test_hyperparameters_out_of_range_are_refused_at_planning(
    config, architecture, options, message
):
    config["models"]["mine"] = {"architecture": architecture, "hyperparameters": options}
    with pytest.raises(InputError, match=message):
        resolve(config)


@pytest.mark.parametrize("parser", ["bed", "fasta"])
def test_labels_are_not_fitted_as_values(config, parser):
    options = {"bed": {"peaks": "p", "genome": "g"}, "fasta": {"bound": "p", "negatives": "x"}}
    config["sources"]["mine"] = {"files": {"p": {"path": "p"}, "g": {"path": "g"}}}
    config["datasets"]["mine"] = {
        "source": "mine", "parser": parser, "options": options[parser], "task": "regression",
        "split": {"method": "random"},
    }  # fmt: skip
    with pytest.raises(InputError, match=f"datasets.mine.task: the parser {parser} makes labels"):
        resolve(config)
    config["datasets"]["mine"]["task"] = "binary"
    config["datasets"]["child"] = {
        "from": "mine", "targets": ["bound"], "task": "regression", "split": {"method": "random"},
    }  # fmt: skip
    with pytest.raises(InputError, match=f"datasets.child.task: the parser {parser} makes labels"):
        resolve(config)


@pytest.mark.parametrize("splits", [["test"], ["train", "test"]])
def test_filters_are_read_from_the_test_part_only_where_that_is_asked_for(config, splits):
    config["interpretation"] = {"splits": splits}
    with pytest.raises(InputError, match=r"interpretation\.splits: found .*test; wanted train"):
        resolve(config)
    config["interpretation"]["allow_scored_sequences"] = True
    resolve(config)


def test_the_sweep_of_figure_1_has_the_papers_numbers_of_units(config):
    models = resolve(config)["models"]
    units = [entry["hyperparameters"]["units"] for name, entry in models.items()
             if fnmatch.fnmatch(name, config["figure_1"]["sweep"])]  # fmt: skip
    assert units == [1, *range(5, 201, 5), 300]  # 41 as in the paper's Figure 1B, and its largest


@pytest.mark.parametrize(
    "section", ["interpretation", "attribution", "interactions", "nullification"]
)
@pytest.mark.parametrize(
    ("settings", "task", "message"),
    [
        ({"correct": "top_fraction"}, "binary", "'top_fraction' does not fit the task 'binary'"),
        ({"correct": "correlation"}, "cross_entropy", "'correlation' does not fit the task"),
        ({"correct": "exact_match"}, "regression", "'exact_match' does not fit.*top_fraction or"),
        (
            {"correct": "correlation"},
            "regression",
            "'correlation' over the 1 targets of .*wanted 5",
        ),
        ({"correct": "auto", "correct_threshold": 0.75}, "binary", "correct_threshold: the criter"),
        ({"correct": "all"}, "regression", ""),
        ({"correct": "true_positive"}, "binary", ""),
        ({"correct": "top_fraction", "correct_threshold": 0.2}, "regression", ""),
    ],
)
def test_criteria_that_do_not_fit_are_refused_at_planning(config, section, settings, task, message):
    config["runs"] = [{"datasets": ["mine"], "models": ["explainn"], "seeds": [0]}]
    config["sources"]["mine"] = {"files": {"p": {"path": "p"}}}
    config["datasets"]["mine"] = {
        "source": "mine", "parser": "table", "options": {"targets": ["t"]}, "task": task,
        "split": {"method": "random"},
    }  # fmt: skip
    runs = {} if section == "interpretation" else {"runs": [{"datasets": ["*"], "models": ["*"]}]}
    for name in ("attribution", "nullification", "scanning", "figure_1", "figure_3"):
        config.pop(name, None)
    config[section] = settings | runs
    if not message:
        resolve(config)
        return
    with pytest.raises(
        InputError, match=f"config, {section}.correct.*{message}|{section}.{message}"
    ):
        resolve(config)


def test_deepstarr_has_its_authors_settings_and_its_copy_says_what_its_labels_are(config):
    run = {"datasets": ["deepstarr"], "models": ["deepstarr", "explainn_deepstarr*"], "seeds": [0]}
    config["runs"] = [run]
    found = resolve(config)
    training, entries = found["training"]["deepstarr"], found["models"]
    theirs = {"learning_rate": 0.002, "batch_size": 128, "max_epochs": 100, "patience": 10}
    assert theirs.items() <= training["deepstarr"].items()
    notebooks = {"learning_rate": 0.001, "batch_size": 128, "max_epochs": 15, "patience": None}
    assert notebooks.items() <= training["explainn_deepstarr_notebooks"].items()
    for name in ("deepstarr", "explainn_deepstarr_notebooks"):
        assert not training[name]["both_strands"] and not entries[name]["average_strands"]
    assert training["explainn_deepstarr"]["preset"] == "paper_methods"
    sizes = {name: entries[name]["hyperparameters"] for name in training if name != "deepstarr"}
    assert {name: h["filter_size"] for name, h in sizes.items()} == {
        "explainn_deepstarr": 19, "explainn_deepstarr_notebooks": 20, "explainn_deepstarr_max": 19,
    }  # fmt: skip
    assert {h["units"] for h in sizes.values()} == {300}
    assert sizes["explainn_deepstarr_max"]["fc_layers"] == 0
    said = config["datasets"]["deepstarr_distilled"]["description"]
    assert "predictions of a trained DeepSTARR, not measurements" in said
    files = found["sources"]["deepstarr_distilled"]["files"].values()
    assert len(files) == 6 and all(set(about) == {"sha256"} for about in files)


def test_a_mirror_one_level_too_deep_is_told_its_parent(tmp_path):
    (tmp_path / "tf_binding").mkdir()
    catalogue.check_mirror(None, ["tf_binding"])
    catalogue.check_mirror(str(tmp_path), ["jaspar", "tf_binding"])
    for mirror, said in [
        (tmp_path / "tf_binding", f"wanted SOURCE/FILE.*did you mean {tmp_path}?"),
        (tmp_path / "none", "is not a folder"),
    ]:
        with pytest.raises(InputError, match=said):
            catalogue.check_mirror(str(mirror), ["jaspar", "tf_binding"])
    with pytest.raises(InputError, match="holds no folder of a source"):
        catalogue.check_mirror(str(tmp_path), ["jaspar"])
