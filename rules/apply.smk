"""Predictions of trained models for the user's own sequences.

Requires: model.safetensors and metrics of train.smk; the FASTA files that the config names.
Provides: in results/{dataset}/{model}/seed{seed}/apply/ {applied}.tsv and
{applied}.contributions.tsv.gz.
"""


def applied_results(wildcards):
    """Predictions of the trained models for the user's FASTA files, and the units' contributions."""
    found = []
    for name, entry in config["apply"].items():
        runs = selection.matching(RUNS, entry)
        found += for_runs(f"{RUN}/apply/{name}.tsv", runs)
        found += for_runs(f"{RUN}/apply/{name}.contributions.tsv.gz", runs_with_units(runs))
    return found


rule apply:
    """Predict a user's sequences with a trained model."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        fasta=setting("apply/{applied}/fasta", within=config),
    output:
        predictions="results/{dataset}/{model}/seed{seed}/apply/{applied}.tsv",
    log:
        "logs/apply/{dataset}/{model}/seed{seed}/{applied}.log",
    conda:
        "../envs/python.yaml"
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        fit=setting("apply/{applied}/fit", within=config),
        short=setting("apply/{applied}/short", within=config),
        code=code_digest("apply"),
    message:
        "Applying {wildcards.model} of {wildcards.dataset}, seed {wildcards.seed}, to {wildcards.applied}"
    script:
        "../scripts/apply.py"


rule contributions:
    """Compute the contribution of each unit to the predictions for a user's sequences."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        fasta=setting("apply/{applied}/fasta", within=config),
    output:
        contributions="results/{dataset}/{model}/seed{seed}/apply/{applied}.contributions.tsv.gz",
    log:
        "logs/contributions/{dataset}/{model}/seed{seed}/{applied}.log",
    conda:
        "../envs/python.yaml"
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        fit=setting("apply/{applied}/fit", within=config),
        short=setting("apply/{applied}/short", within=config),
        code=code_digest("contributions"),
    message:
        "Computing unit contributions of {wildcards.model} of {wildcards.dataset}, seed {wildcards.seed}, on {wildcards.applied}"
    script:
        "../scripts/contributions.py"


rule models:
    """All selected models, trained and scored."""
    input:
        "results/metrics.tsv",
        applied_results,
    localrule: True
