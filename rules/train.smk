"""Training, published models, prediction and evaluation.

Requires: results/{dataset}/dataset.h5ad and labels.tsv.gz of data.smk; checkpoints of published models;
motifs that filters start from, of initial_filters.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ model.safetensors, history.tsv (of a training),
predictions.tsv.gz and metrics.tsv; results/metrics.tsv.
"""


def starting_motifs(wildcards):
    """The motifs that a model's filters start from, and the order that some are chosen by."""
    source = CATALOGUE["models"][wildcards.model].get("filters_from")
    if source is None:
        return {}
    found = {"matrices": f"results/motifs/{source['set']}.matrices.tsv"}
    if source["order"]:
        found["order"] = f"results/motifs/{source['set']}.order_{source['order']}.tsv"
    return found


rule train:
    """Train one model on one data set from one seed; an interrupted training is continued."""
    input:
        unpack(starting_motifs),
        dataset="results/{dataset}/dataset.h5ad",
    output:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        history="results/{dataset}/{model}/seed{seed}/history.tsv",
    log:
        "logs/train/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/train/{dataset}/{model}/seed{seed}.tsv"
    wildcard_constraints:
        model=one_of(set(CATALOGUE["models"]).difference(PUBLISHED)),
    conda:
        "../envs/python.yaml"
    # On two cores, two trainings in parallel take half the time of two in turn with two threads each.
    # For a single large training: --set-threads train=8.
    threads: 1
    resources:
        # Not a param, so that another device does not retrain a finished model.
        device=config["device"],
        mem_mb=by_attempt(8000),
        runtime=by_attempt(720),
    params:
        model=setting("models/{model}", leave_out=("description", "training")),
        settings=setting("training/{dataset}/{model}"),
        code=code_digest("train"),
    message:
        "Training {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/train.py"


rule import_model:
    """Make the model of a run from a published checkpoint, in place of a training."""
    input:
        dataset="results/{dataset}/dataset.h5ad",
        checkpoint=setting("models/{model}/published/path"),
    output:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
    log:
        "logs/import_model/{dataset}/{model}/seed{seed}.log",
    wildcard_constraints:
        model=one_of(PUBLISHED),
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(4000),
        runtime=by_attempt(10),
    params:
        model=setting("models/{model}", leave_out=("description",)),
        code=code_digest("import_model"),
    message:
        "Importing {wildcards.model} for {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/import_model.py"


rule predict:
    """Predict the held-out sequences, by default averaged over both strands."""
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
    """Score the held-out predictions, with bootstrap intervals."""
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
        # Not used here, but jobs that the cluster profile groups must have the same device.
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


rule correlate_sequences:
    """The correlation of each held-out sequence's predictions and labels over the targets."""
    input:
        predictions="results/{dataset}/{model}/seed{seed}/predictions.tsv.gz",
        labels="results/{dataset}/labels.tsv.gz",
    output:
        correlations="results/{dataset}/{model}/seed{seed}/sequence_correlations.tsv.gz",
    log:
        "logs/correlate_sequences/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(10),
    params:
        code=code_digest("correlate_sequences"),
    message:
        "Correlations of the sequences of {wildcards.dataset}, {wildcards.model}, seed {wildcards.seed}"
    script:
        "../scripts/correlate_sequences.py"


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
