"""Training, prediction and evaluation.

Requires: results/{dataset}/dataset.h5ad and labels.tsv.gz.
Provides: in results/{dataset}/{model}/seed{seed}/ model.safetensors, history.tsv, predictions.tsv.gz,
metrics.tsv, apply/{applied}.tsv; results/metrics.tsv; results/{dataset}/{model}/comparison.tsv;
results/{dataset}/strand_comparison.tsv and .runs.tsv.
"""


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
    conda:
        "../envs/python.yaml"
    # Two trainings side by side on two cores take half the time of one after another on both; for a
    # single large one: --set-threads train=8.
    threads: 1
    resources:
        # Not a param: a model trained elsewhere is not trained again.
        device=config["device"],
        mem_mb=by_attempt(8000),
        runtime=by_attempt(720),
    params:
        model=setting("models/{model}"),
        settings=setting("training/{dataset}/{model}"),
        code=code_digest("train"),
    message:
        "Training {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
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
    conda:
        "../envs/python.yaml"
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        code=code_digest("predict"),
    message:
        "Predicting {wildcards.dataset} with {wildcards.model}, seed {wildcards.seed}"
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
    conda:
        "../envs/python.yaml"
    resources:
        # Not used here; the jobs that the cluster profile groups have to agree on it.
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        task=setting("datasets/{dataset}/task"),
        draws=config["evaluation"]["draws"],
        code=code_digest("evaluate"),
    message:
        "Scoring {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
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
    message:
        "Collecting the metrics"
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


rule strand_comparison:
    """Models that treat the strands differently: scores, time and motifs."""
    input:
        labels=["results/{dataset}/labels.tsv.gz"],
        predictions=of_strand_runs(f"{RUN}/predictions.tsv.gz"),
        histories=of_strand_runs(f"{RUN}/history.tsv"),
        annotations=of_strand_runs(f"{RUN}/annotation.tsv"),
        binding_modes=of_strand_runs(f"{RUN}/binding_modes/filters.tsv"),
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
        models=strand_runs_param("model"),
        seeds=strand_runs_param("seed"),
        metric=main_metric,
        draws=config["evaluation"]["draws"],
        code=code_digest("strand_comparison"),
    message:
        "Comparing ways to treat the strands on {wildcards.dataset}"
    script:
        "../scripts/strand_comparison.py"


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
        code=code_digest("apply"),
    message:
        "Applying {wildcards.model} of {wildcards.dataset}, seed {wildcards.seed}, to {wildcards.applied}"
    script:
        "../scripts/apply.py"


rule contributions:
    """What each unit adds to the predictions for a user's sequences."""
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
        code=code_digest("contributions"),
    message:
        "Taking apart {wildcards.model} of {wildcards.dataset}, seed {wildcards.seed}, on {wildcards.applied}"
    script:
        "../scripts/contributions.py"
