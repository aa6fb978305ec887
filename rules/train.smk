"""Training, prediction and evaluation.

Requires: results/{dataset}/dataset.h5ad and labels.tsv.gz.
Provides: in results/{dataset}/{model}/seed{seed}/ model.safetensors, history.tsv, predictions.tsv.gz,
metrics.tsv, apply/{applied}.tsv; results/metrics.tsv; results/{dataset}/{model}/comparison.tsv.
"""


def runs_with_same_regions(run):
    """Runs of the same model and seed on the data set whose split this run's data set shares."""
    like = of_kind(run.dataset)["split"].get("like")
    return [other for other in RUNS if other == run._replace(dataset=like)]


def compared_runs(wildcards):
    """For a data set with another one's split: predictions of the models trained on both."""
    same = (wildcards.dataset, wildcards.model)
    of_this = [run for run in RUNS if run[:2] == same and runs_with_same_regions(run)]
    of_other = [other for run in of_this for other in runs_with_same_regions(run)]
    return {
        "labels": for_runs("results/{dataset}/labels.tsv.gz", of_other),
        "of_other": for_runs(f"{RUN}/predictions.tsv.gz", of_other),
        "of_this": for_runs(f"{RUN}/predictions.tsv.gz", of_this),
    }


rule models:
    """All selected models, trained and scored."""
    input:
        "results/metrics.tsv",
        applied_results(),
    localrule: True


rule train:
    """Train one model on one data set from one seed; an interrupted training is continued."""
    input:
        dataset="results/{dataset}/dataset.h5ad",
    output:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        history="results/{dataset}/{model}/seed{seed}/history.tsv",
    log:
        "logs/train/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/train/{dataset}/{model}/seed{seed}.tsv"
    params:
        model=lookup(dpath="models/{model}", within=CATALOGUE),
        settings=lookup(dpath="training/{dataset}/{model}", within=CATALOGUE),
        code=code_digest("train"),
    threads: 2
    resources:
        # Not a param: a model trained elsewhere is not trained again.
        device=config["device"],
        mem_mb=8000,
        runtime=720,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/train.py"


rule predict:
    """Predict the held-out sequences, both strands averaged."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        predictions="results/{dataset}/{model}/seed{seed}/predictions.tsv.gz",
    log:
        "logs/predict/{dataset}/{model}/seed{seed}.log",
    params:
        code=code_digest("predict"),
    resources:
        device=config["device"],
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/predict.py"


rule evaluate:
    """Score the predictions, with bootstrap intervals."""
    input:
        predictions="results/{dataset}/{model}/seed{seed}/predictions.tsv.gz",
        labels="results/{dataset}/labels.tsv.gz",
    output:
        metrics="results/{dataset}/{model}/seed{seed}/metrics.tsv",
    log:
        "logs/evaluate/{dataset}/{model}/seed{seed}.log",
    params:
        task=lookup(dpath="datasets/{dataset}/task", within=CATALOGUE),
        draws=lookup(dpath="evaluation/draws", within=config),
        code=code_digest("evaluate"),
    resources:
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/evaluate.py"


rule collect_metrics:
    """The metrics of all runs in one long table."""
    input:
        metrics=for_runs(f"{RUN}/metrics.tsv"),
    output:
        metrics="results/metrics.tsv",
    log:
        "logs/collect_metrics.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/collect_metrics.py"


rule compare_on_same_regions:
    """Two data sets with the same held-out sequences: which one trains the better model?"""
    input:
        unpack(compared_runs),
    output:
        comparison="results/{dataset}/{model}/comparison.tsv",
    log:
        "logs/compare_on_same_regions/{dataset}/{model}.log",
    params:
        draws=lookup(dpath="evaluation/draws", within=config),
        code=code_digest("compare_on_same_regions"),
    resources:
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/compare_on_same_regions.py"


rule apply:
    """Predict a user's sequences with a trained model, and say what each unit contributes."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        fasta=lookup(dpath="apply/{applied}/fasta", within=config),
    output:
        predictions="results/{dataset}/{model}/seed{seed}/apply/{applied}.tsv",
        contributions="results/{dataset}/{model}/seed{seed}/apply/{applied}.contributions.tsv.gz",
    log:
        "logs/apply/{dataset}/{model}/seed{seed}/{applied}.log",
    params:
        fit=lookup(dpath="apply/{applied}/fit", within=config),
        code=code_digest("apply"),
    resources:
        device=config["device"],
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/apply.py"
