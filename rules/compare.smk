"""Comparisons of models.

Requires: labels.tsv.gz of data.smk; predictions.tsv.gz and history.tsv of train.smk; annotation.tsv
and binding modes of annotate.smk.
Provides: results/{dataset}/{model}/comparison.tsv; results/{dataset}/strand_comparison.tsv and
.runs.tsv.
"""


def runs_with_same_regions(run):
    """Runs of the same model and seed on the data set whose split this run's data set shares."""
    like = dataset_entry(run.dataset)["split"].get("like")
    other = run._replace(dataset=like)
    tasks = {dataset_entry(name)["task"] for name in (like, run.dataset) if name}
    return sharing("dataset", "model", "seed")(other) if like and tasks == {"binary"} else []


def compared_runs(wildcards):
    """Labels, and predictions of the models of a data set and of the one whose split it shares."""
    of_this = [r for r in sharing("dataset", "model")(wildcards) if runs_with_same_regions(r)]
    of_other = [other for run in of_this for other in runs_with_same_regions(run)]
    return {
        "labels": for_runs("results/{dataset}/labels.tsv.gz", of_other),
        "of_other": for_runs(f"{RUN}/predictions.tsv.gz", of_other),
        "of_this": for_runs(f"{RUN}/predictions.tsv.gz", of_this),
    }


rule compare_on_same_regions:
    """Compare the models of two data sets on the held-out sequences that both share."""
    input:
        unpack(compared_runs),
    output:
        comparison="results/{dataset}/{model}/comparison.tsv",
    log:
        "logs/compare_on_same_regions/{dataset}/{model}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        draws=config["evaluation"]["draws"],
        code=code_digest("compare_on_same_regions"),
    message:
        "Comparing {wildcards.dataset} with the data set whose split it shares ({wildcards.model})"
    script:
        "../scripts/compare_on_same_regions.py"


def strand_runs(wildcards):
    """The runs of a data set with models of `strand_symmetry`; none if these are fewer than two."""
    readable = runs_with_filters(sharing("dataset")(wildcards))
    found = [run for name in config["strand_symmetry"] for run in readable if run.model == name]
    return found if len({run.model for run in found}) > 1 else []


rule strand_comparison:
    """Compare models that treat the strands differently: scores, training time and motifs."""
    input:
        labels=["results/{dataset}/labels.tsv.gz"],
        predictions=paths(f"{RUN}/predictions.tsv.gz", strand_runs),
        histories=paths(f"{RUN}/history.tsv", strand_runs),
        annotations=paths(f"{RUN}/annotation.tsv", strand_runs),
        binding_modes=paths(f"{RUN}/binding_modes/filters.tsv", strand_runs),
    output:
        comparison="results/{dataset}/strand_comparison.tsv",
        runs="results/{dataset}/strand_comparison.runs.tsv",
    log:
        "logs/strand_comparison/{dataset}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        task=setting("datasets/{dataset}/task"),
        draws=config["evaluation"]["draws"],
        code=code_digest("strand_comparison"),
    message:
        "Comparing models that treat the strands differently on {wildcards.dataset}"
    script:
        "../scripts/strand_comparison.py"
