"""The merged config, the selected runs, and functions that several files of rules use.

Requires: config/datasets.yaml, config/models.yaml, the selection and the schema.
Provides: CATALOGUE (the config with families and sweeps expanded), RUNS, constraints of the wildcards,
and functions that choose runs and give rules their paths, params and resources.
"""

import re
from collections import Counter
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

try:
    import workflow_lib
except ModuleNotFoundError:
    raise WorkflowError(
        "the library workflow_lib does not lie beside the Snakefile: a module's `snakefile:` has to "
        "be the path of a clone of this workflow, not github(...)"
    ) from None

from workflow_lib.config import catalogue, expand, registries, selection
from workflow_lib.config.brief import brief
from workflow_lib.config.names import unknown
from workflow_lib.errors import InputError
from workflow_lib.execution.code_digest import digest

# A selection is merged over the catalogue, also if another workflow uses this one as a module.
merged = {}
for name in ("datasets", "models"):
    update_config(merged, catalogue.read_yaml(workflow.source_path(f"../config/{name}.yaml")))
update_config(merged, catalogue.plain_values(config))
config.update(merged)
try:
    for name in workflow.configfiles:
        catalogue.check_repeated_keys(name)
    catalogue.check_command_line(workflow.config_settings.config_args or [])
    SCHEMA = catalogue.read_yaml(workflow.source_path("../config/schemas/config.schema.yaml"))
    catalogue.check_schema(config, SCHEMA)
    validate(config, "../config/schemas/config.schema.yaml")
    CATALOGUE = catalogue.resolve(config, SCHEMA)
    catalogue.check_users_files(config)
    catalogue.check_mirror(config["mirror"], CATALOGUE["sources"])
except InputError as error:
    raise WorkflowError(str(error)) from None

RUNS = CATALOGUE["runs"]
# The models that are published checkpoints, and the runs that are trained.
PUBLISHED = [name for name, entry in CATALOGUE["models"].items() if "published" in entry]
TRAINED_RUNS = [run for run in RUNS if run.model not in PUBLISHED]
RUN = "results/{dataset}/{model}/seed{seed}"
WITH_METHODS = [*config["attribution"]["runs"], *config["interactions"]["runs"]]
# The known motifs that filters and patterns are compared with.
DATABASE = f"results/motifs/{config['annotation']['database']}"
# Tasks whose targets are labels, scored by AUPRC.
LABELLED = ("binary", "cross_entropy")


def one_of(names):
    """A regular expression that matches exactly these names."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    source=one_of(CATALOGUE["sources"]),
    file=one_of(catalogue.all_files(CATALOGUE["sources"])),
    # Any name, since dataset_entry() knows which exist: a list of hundreds, compiled into the pattern
    # of every output, was a fifth of planning the demo.
    dataset=r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
    model=one_of(CATALOGUE["models"]),
    seed=one_of({str(run.seed) for run in RUNS}),
    database=one_of(config["motif_databases"]),
    method=one_of({"filters"}.union(*(entry["methods"] for entry in WITH_METHODS))),
    applied=one_of(config["apply"]),
    motif_set=one_of(config["motif_sets"]),


def by_attempt(amount):
    """For `resources`: memory or time, multiplied by the number of the attempt."""

    def needed(wildcards, attempt):
        return amount * attempt

    return needed


def dataset_entry(dataset):
    """A data set's entry in the catalogue."""
    if dataset not in CATALOGUE["datasets"]:
        # In functions of rules: from any other error Snakemake makes one with a traceback.
        raise SystemExit(unknown("data set", dataset, CATALOGUE["datasets"]))
    return CATALOGUE["datasets"][dataset]


def for_runs(pattern, runs=RUNS):
    """The paths that a pattern gives for the runs, without repeats."""
    return list(dict.fromkeys(pattern.format(**run._asdict()) for run in runs))


def paths(pattern, runs):
    """For `input`: a pattern's paths for runs, a list or a function of the wildcards."""

    def of_runs(wildcards):
        return for_runs(pattern, runs(wildcards) if callable(runs) else runs)

    return of_runs


@cache
def sharing(*names, trained=False):
    """A function of the wildcards or a run: the runs with the same data set, model or seed, as named.

    With `trained` those of them that have a history of their training.
    """
    by_value = {}
    for run in TRAINED_RUNS if trained else RUNS:
        by_value.setdefault(tuple(str(getattr(run, name)) for name in names), []).append(run)

    def runs(wildcards):
        found = by_value.get(tuple(str(getattr(wildcards, name)) for name in names), [])
        if trained and not found:
            raise SystemExit(
                f"no run of {wildcards.dataset} has a history: its models are published"
            )
        return found

    return runs


METHODS = {
    name: registries.methods("model", entry["architecture"])
    for name, entry in CATALOGUE["models"].items()
}


def runs_with_units(runs=RUNS):
    """The runs of models that are made of units."""
    return [run for run in runs if "units" in METHODS[run.model]]


def runs_with_filters(runs=RUNS):
    """The runs of models whose first layer can be read."""
    return [run for run in runs if "activations" in METHODS[run.model]]


def chosen_runs(section, runs=RUNS):
    """Those of the runs that `runs` in a section of the config selects."""
    entries = config[section]["runs"]
    return list(dict.fromkeys(r for entry in entries for r in selection.matching(runs, entry)))


def setting(path, default=None, within=CATALOGUE, leave_out=()):
    """For `params`: the value at a path like "datasets/{dataset}/task" of the catalogue.

    Of a mapping without the keys to `leave_out`, which the step does not use: a change of a param
    runs it again. Snakemake's own lookup() walks the whole mapping each time: minutes with thousands of jobs.
    """
    keys = path.split("/")

    def value(wildcards):
        found = within
        for key in keys:
            found = (found or {}).get(key.format(**dict(wildcards.items())), default)
        if leave_out:
            found = {key: inner for key, inner in found.items() if key not in leave_out}
        return brief(found)

    return value


def code_digest(script):
    """For `params`: a digest of all code that a script reaches; a change re-runs its rule."""

    def value(wildcards):
        entry = dataset_entry(wildcards.dataset) if "dataset" in wildcards.keys() else {}
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
