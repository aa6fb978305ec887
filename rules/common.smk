"""Config, names and targets.

Requires: the merged config.
Provides: CATALOGUE (the config written out), wildcard constraints, functions that give paths,
params and resources.
"""

import re
from collections import Counter
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from workflow_lib.config import catalogue, expand, registries, selection
from workflow_lib.errors import InputError
from workflow_lib.execution.code_digest import digest
from workflow_lib.report.markup import without_markup

config.update(catalogue.plain_values(config))
try:
    catalogue.check_command_line(workflow.config_settings.config_args or [])
    with open(workflow.source_path("../config/schemas/config.schema.yaml")) as schema:
        catalogue.check_schema(config, yaml.safe_load(schema))
    validate(config, "../config/schemas/config.schema.yaml")
    CATALOGUE = catalogue.resolve(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

if config["mirror"] and not Path(config["mirror"]).is_dir():
    raise WorkflowError(
        f"mirror: {config['mirror']} is not a folder (a relative path starts at {Path.cwd()})"
    )

RUNS = CATALOGUE["runs"]
ALL_RUNS = set(RUNS)
# Tasks whose targets are labels, scored by AUPRC.
LABELLED = ("binary", "cross_entropy")
RUN = "results/{dataset}/{model}/seed{seed}"


def one_of(names):
    """A regular expression that matches just these names."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    source=one_of(CATALOGUE["sources"]),
    file=one_of(catalogue.all_files(CATALOGUE["sources"])),
    dataset=one_of(CATALOGUE["datasets"]),
    model=one_of(CATALOGUE["models"]),
    seed=one_of({str(run.seed) for run in RUNS}),
    database=one_of(config["motif_databases"]),
    method=one_of({"filters"}.union(*(e["methods"] for e in config["attribution"]["runs"]))),
    applied=one_of(config["apply"]),
    motif_set=one_of(config["motif_sets"]),


def by_attempt(amount):
    """For `resources`: so much memory or time; a job that is submitted again gets more of it."""

    def needed(wildcards, attempt):
        return amount * attempt

    return needed


def for_runs(pattern, runs=RUNS):
    """Paths of a pattern, filled in for each selected run, without repeats."""
    return list(dict.fromkeys(pattern.format(**run._asdict()) for run in runs))


def with_method(name, runs):
    """The runs of models whose architecture has a method."""
    has = {
        model: name in registries.methods("model", entry["architecture"])
        for model, entry in CATALOGUE["models"].items()
    }
    return [run for run in runs if has[run.model]]


def with_units(runs=RUNS):
    """The runs of models that are made of units."""
    return with_method("units", runs)


def with_filters(runs=RUNS):
    """The runs of models whose first layer can be read."""
    return with_method("activations", runs)


def of_kind(dataset):
    """A data set's entry in the catalogue."""
    return CATALOGUE["datasets"][dataset]


def simulated(runs=RUNS):
    """The runs on data sets whose truth is known."""
    return [
        run for run in runs if "simulate" in CATALOGUE["sources"][of_kind(run.dataset)["source"]]
    ]


def setting(path, default=None, within=CATALOGUE):
    """For `params`: the value at a path like "datasets/{dataset}/task" of the catalogue.

    Snakemake's own lookup() walks the whole mapping each time: minutes with thousands of jobs.
    """
    keys = path.split("/")

    def value(wildcards):
        found = within
        for key in keys:
            found = found.get(key.format(**dict(wildcards.items())), default)
        return found

    return value


def code_digest(script):
    """For `params`: a digest of all logic that a script reaches; a change re-runs its rule."""

    def value(wildcards):
        entry = of_kind(wildcards.dataset) if "dataset" in wildcards.keys() else {}
        model = CATALOGUE["models"].get(wildcards.get("model"), {})
        return digest(
            f"scripts/{script}.py",
            model=model.get("architecture"),
            # A data set made from another one has no parser.
            parser=entry.get("parser", "") if entry else None,
            task=entry.get("task"),
            loss=entry.get("task"),
            split=entry.get("split", {}).get("method", "like") if entry else None,
        )

    return value
