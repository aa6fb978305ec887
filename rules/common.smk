"""Config, names and targets.

Requires: the merged config.
Provides: CATALOGUE (the config written out), wildcard constraints, functions that give paths.
"""

import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from workflow_lib import catalogue, code
from workflow_lib.errors import InputError

try:
    with open(workflow.source_path("../config/schemas/config.schema.yaml")) as schema:
        catalogue.check_schema(config, yaml.safe_load(schema))
    validate(config, "../config/schemas/config.schema.yaml")
    CATALOGUE = catalogue.resolve(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

RUNS = CATALOGUE["runs"]
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
    applied=one_of(config["apply"]),


def for_runs(pattern, runs=RUNS):
    """Paths of a pattern, filled in for each selected run, without repeats."""
    return list(dict.fromkeys(pattern.format(**run._asdict()) for run in runs))


def with_units(runs=RUNS):
    """The runs of models that are made of units."""
    return [
        run
        for run in runs
        if "units" in code.methods("model", CATALOGUE["models"][run.model]["architecture"])
    ]


def of_kind(dataset):
    """A data set's entry in the catalogue."""
    return CATALOGUE["datasets"][dataset]


def simulated(runs=RUNS):
    """The runs on data sets whose truth is known."""
    return [run for run in runs if "simulate" in CATALOGUE["sources"][of_kind(run.dataset)["source"]]]


def code_digest(script):
    """For `params`: a digest of all logic that a script reaches; a change re-runs its rule."""

    def digest(wildcards):
        entry = of_kind(wildcards.dataset) if "dataset" in wildcards.keys() else {}
        model = CATALOGUE["models"].get(wildcards.get("model"), {})
        return code.digest(
            f"scripts/{script}.py",
            model=model.get("architecture"),
            parser=entry.get("parser"),
            task=entry.get("task"),
            split=entry.get("split", {}).get("method", "like") if entry else None,
        )

    return digest


def interpretation_results():
    """What `interpretation` asks for: every model of units, interpreted."""
    return for_runs(f"{RUN}/annotation.tsv", with_units()) + for_runs(
        f"{RUN}/unit_importance.tsv", with_units()
    )


def applied_results():
    """Predictions of the trained models for the user's FASTA files."""
    return [
        f"{path}/apply/{name}.tsv"
        for name, entry in config["apply"].items()
        for path in for_runs(RUN, catalogue.matching(RUNS, entry))
    ]
