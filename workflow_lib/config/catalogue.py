"""Resolving the config: families and sweeps expanded, settings merged, everything checked.

Pure functions over plain mappings, without torch, so that planning a run is quick. The catalogue
defines what is available (sources, data sets, presets, models); `runs` selects what to do.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from workflow_lib.config.architecture import check_values
from workflow_lib.config.criteria import check_criteria, check_scored_sequences
from workflow_lib.config.expand import expand_datasets, expand_models, expand_sources
from workflow_lib.config.filters_from import (
    check_filter_rate,
    check_filters_from,
    with_filter_set,
)
from workflow_lib.config.lengths import check_lengths
from workflow_lib.config.limits import check_fractions
from workflow_lib.config.marginalisation import check_marginalisation
from workflow_lib.config.names import known, nearest
from workflow_lib.config.published import check_published, with_path
from workflow_lib.config.registries import check_options, parameters
from workflow_lib.config.selection import check_names, select
from workflow_lib.config.source_files import source_files
from workflow_lib.errors import InputError
from workflow_lib.files import refuse_no_text

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a PyYAML that was built without libyaml
    from yaml import SafeLoader as Loader

# Parsers whose targets are 0 and 1 by construction.
_LABELS_ONLY = ("bed", "dhs_accessibility", "fasta", "ht_selex", "smile_seq", "tf_binding_matrix")


def read_yaml(path: str) -> dict[str, Any]:
    """The content of a YAML file, read by libyaml where PyYAML has it: ten times faster."""
    with open(path, encoding="utf-8") as lines:
        return yaml.load(lines, Loader)


def check_repeated_keys(path: str) -> None:
    """Refuse a YAML file in which a key stands twice: readers keep the last one without a word.

    Raises
    ------
    InputError
        Names the key and both lines.
    """
    with open(path, encoding="utf-8") as lines:
        root = yaml.compose(lines, Loader)
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if str(key.value) in seen and key.value != "<<":
                    raise InputError(
                        f"{path}, line {line}: the key {key.value!r} stands in line "
                        f"{seen[str(key.value)]} too; wanted it once"
                    )
                seen[str(key.value)] = line
                nodes.append(value)


def check_users_files(config: Mapping[str, Any]) -> None:
    """Refuse a path of the user's that is there, but is no text: a folder, a Git-LFS pointer ...

    Whether a file is there at all is known when a rule needs it.

    Raises
    ------
    InputError
        Names the key, the path and what is there.
    """
    paths = {f"apply.{name}.fasta": entry["fasta"] for name, entry in config["apply"].items()}
    for name, entry in config["motif_sets"].items():
        paths[f"motif_sets.{name}.meme"] = entry.get("meme")
    for name, entry in config.get("models", {}).items():
        paths[f"models.{name}.filters_from.meme"] = entry.get("filters_from", {}).get("meme")
    for name, entry in config["sources"].items():
        for file, about in entry.get("files", {}).items():
            paths[f"sources.{name}.files.{file}"] = (about or {}).get("path")
    for place, path in paths.items():
        # Arrays of numpy are no text.
        array = (path or "").endswith((".npz", ".npy"))
        if path and Path(path).exists() and (Path(path).is_dir() or not array):
            _at(place, refuse_no_text, path)


def check_mirror(mirror: str | None, sources: Iterable[str]) -> None:
    """Refuse a mirror from which no file would be taken: its folders are called like sources.

    Raises
    ------
    InputError
        It is no folder, or holds none of a source; if its parent does, that one is named.
    """
    if not mirror:
        return
    place, names = Path(mirror), list(sources)
    if not place.is_dir():
        raise InputError(
            f"mirror: {mirror} is not a folder (a relative path starts at {Path.cwd()})"
        )
    if not any((place / name).is_dir() for name in names):
        parent = place.resolve().parent
        hint = f"; did you mean {parent}?" if place.resolve().name in names else ""
        raise InputError(
            f"mirror: {mirror} holds no folder of a source; wanted SOURCE/FILE, for example "
            f"{place / names[0]}{hint}"
        )


def plain_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """Values of `--config offline=true mirror=null`, which Snakemake passes on as text."""
    words = {"true": True, "false": False, "null": None, "none": None}
    return {
        key: words.get(value.lower(), value) if isinstance(value, str) else value
        for key, value in config.items()
    }


def check_command_line(given: Iterable[str]) -> None:
    """Refuse `--config` values that Snakemake does not quote safely for cluster jobs.

    Snakemake puts each value into the job's command line as Python's `repr` writes it: in double
    quotes if it holds a single quote, and within double quotes a shell runs `$( )`.

    Parameters
    ----------
    given
        `key=value`, as given after `--config`.

    Raises
    ------
    InputError
        For the first value with a single quote.
    """
    for text in given:
        if "'" in text:
            raise InputError(
                f"--config {text}: found a single quote, which Snakemake does not pass to jobs "
                "safely; write it into a file for --configfile"
            )


def check_schema(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check the config against its JSON schema.

    Raises
    ------
    InputError
        Names the place, what was found and what was expected; for a misspelt key the nearest
        known one.
    """
    validator = jsonschema.Draft202012Validator(schema)
    errors = list(validator.iter_errors(config))
    if not errors:
        return
    # What holds for any text (allOf of the whole schema) is said of what is right otherwise.
    own = [error for error in errors if error.absolute_schema_path[0] != "allOf"]
    error = jsonschema.exceptions.best_match(own or errors)
    place = ".".join(str(p) for p in error.absolute_path) or "top level"
    if error.validator == "additionalProperties":
        present = error.schema.get("properties", {})
        wrong = sorted(set(error.instance) - set(present))[0]
        raise InputError(
            f"config, {place}: unknown key {wrong!r}{nearest(wrong, present)}; "
            f"known here: {', '.join(sorted(present))}"
        )
    hint = ""
    if error.validator == "enum":
        hint = nearest(str(error.instance), map(str, error.validator_value))
    if error.validator == "type" and re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", str(error.instance)):
        hint = " (YAML reads a number like 1e-3 as text; write 0.001 or 1.0e-3)"
    if error.validator == "pattern" and "description" in error.schema:
        hint = f"; wanted {error.schema['description']}"
    raise InputError(f"config, {place}: {error.message}{hint}")


def training_settings(
    config: Mapping[str, Any], dataset: Mapping[str, Any], model: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings of one training: preset < data set < model; `preset` names the one in use.

    The task gives the loss. To compare two learning rates on one data set, define two models.
    """
    layers = [dataset.get("training", {}), model.get("training", {})]
    preset = config["preset"]
    for layer in layers:
        preset = layer.get("preset", preset)
    merged = dict(config["presets"][preset])
    for layer in layers:
        merged |= {key: value for key, value in layer.items() if key != "preset"}
    return {"preset": preset, **merged}


def all_files(sources: Mapping[str, Any]) -> set[str]:
    """Names of the files of all sources."""
    return {file for source in sources.values() for file in source.get("files", {})}


def resolve(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The whole config, written out and checked.

    Parameters
    ----------
    config
        The merged config, with the schema's defaults.
    schema
        Says which strings are names, see `selection.check_names`.

    Returns
    -------
    dict
        `sources`, `datasets` and `models` by full name, `runs` (list of Run), and `training`:
        data set -> model -> settings for every run of a model that is trained.

    Raises
    ------
    InputError
        Unknown names (with the nearest known one), unknown or missing options of a parser, split
        or architecture.
    """
    written_out = {
        "sources": expand_sources(config["sources"]),
        "datasets": expand_datasets(config["datasets"]),
        "models": expand_models(config["models"]),
    }
    check_names({**config, **written_out}, schema)
    for name, entry in written_out["datasets"].items():
        _check_dataset(name, entry, written_out["datasets"], written_out["sources"])
    for name, entry in written_out["models"].items():
        options = entry.get("hyperparameters", {})
        check_options("model", entry["architecture"], options, f"models.{name}")
        _at(f"models.{name}.hyperparameters", check_values, entry["architecture"], options)
    _check_motifs(config, written_out)
    runs = select(config, written_out["datasets"], written_out["models"])
    check_criteria(config, runs, written_out["datasets"])
    check_scored_sequences(config)
    check_lengths(runs, written_out["datasets"], written_out["models"], written_out["sources"])
    check_marginalisation(config, runs, written_out["datasets"], written_out["sources"])
    check_published(config, written_out, runs)
    sources, models = written_out["sources"], written_out["models"]
    check_filters_from(models)
    written_out["models"] = {
        name: with_filter_set(with_path(entry, sources)) for name, entry in models.items()
    }
    training: dict[str, dict[str, Any]] = {}
    for dataset, model, _ in runs:
        layers = written_out["datasets"][dataset], written_out["models"][model]
        if "published" in layers[1]:
            continue
        settings = training_settings(config, *layers)
        check_filter_rate(f"models.{model} on {dataset}", layers[1], settings)
        training.setdefault(dataset, {})[model] = settings
    return written_out | {"runs": runs, "training": training}


def _at(place: str, check: Callable[..., object], *values: object) -> None:
    """Call a check, and say where in the config it failed."""
    try:
        check(*values)
    except InputError as error:
        raise InputError(f"config, {place}: {error}") from None


def _check_motifs(config: Mapping[str, Any], written_out: Mapping[str, Any]) -> None:
    for name, entry in config["motif_databases"].items():
        clusters = entry.get("clusters")
        if clusters:
            present = written_out["sources"][clusters["source"]].get("files", {})
            known("file", clusters["file"], present, f"motif_databases.{name}.clusters.file")
    for name in config.get("motif_sets", {}):
        # Tables of scores have one column for both.
        if name in written_out["models"]:
            raise InputError(
                f"config, motif_sets.{name}: a model is called so too; wanted another name"
            )


def _check_dataset(
    name: str, entry: Mapping[str, Any], datasets: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    place = f"datasets.{name}"
    if "parser" in entry:
        check_options("parser", entry["parser"], entry.get("options", {}), f"{place}.options")
        source_files(entry, sources, place)
        if "names" in parameters("parser", entry["parser"])[0] and "targets_table" not in entry:
            raise InputError(
                f"config, {place}: the files of the parser {entry['parser']} do not name their "
                "targets; wanted `targets_table`, a table with the columns target and column"
            )
    parser = entry.get("parser") or datasets[entry["from"]]["parser"]
    if entry["task"] == "regression" and parser in _LABELS_ONLY:
        raise InputError(
            f"config, {place}.task: the parser {parser} makes labels 0 and 1, which regression "
            "would fit as values; wanted task: binary, or a table with values"
        )
    split = entry["split"]
    if "like" not in split:
        options = {key: value for key, value in split.items() if key != "method"}
        check_options("split", split["method"], options, f"{place}.split")
        if "fractions" in options:
            _at(f"{place}.split", check_fractions, options["fractions"])
    elif "like" in datasets[split["like"]]["split"] or split["like"] == name:
        raise InputError(f"config, {place}.split.like: {split['like']!r} has no split of its own")
