"""What a trained model has learned.

Requires: model.safetensors and dataset.h5ad; the JASPAR profiles of motifs.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ filters.meme, filters.tsv, selection.tsv (how many
sequences were interpreted), annotation.tsv,
output_weights.tsv, unit_importance.tsv, recovery.tsv.
"""


rule interpretation:
    """All selected models, interpreted."""
    input:
        interpretation_results(),
    localrule: True


rule filters:
    """Turn each unit's filter into a position weight matrix."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        selection="results/{dataset}/{model}/seed{seed}/selection.tsv",
    log:
        "logs/filters/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/filters/{dataset}/{model}/seed{seed}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=4000,
        runtime=60,
    params:
        settings=config["interpretation"],
        code=code_digest("filters"),
    message:
        "Reading the filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/filters.py"


rule unit_importance:
    """Unit output times final weight, per unit and target: the importance of each unit."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
    output:
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        weights="results/{dataset}/{model}/seed{seed}/output_weights.tsv",
    log:
        "logs/unit_importance/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=4000,
        runtime=60,
    params:
        settings=config["interpretation"],
        code=code_digest("unit_importance"),
    message:
        "Measuring unit importances of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/unit_importance.py"


rule annotate:
    """Name each filter after the known motifs that it resembles."""
    input:
        filters="results/{dataset}/{model}/seed{seed}/filters.meme",
        database=f"results/motifs/{config['annotation']['database']}.meme",
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    log:
        "logs/annotate/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        q_value=config["annotation"]["q_value"],
        code=code_digest("annotate"),
    message:
        "Naming the filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/annotate.py"


rule recover:
    """Where the truth is known: which planted motifs were found, and by which unit."""
    input:
        truth=truth_table,
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        recovery="results/{dataset}/{model}/seed{seed}/recovery.tsv",
    log:
        "logs/recover/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_digest("recover"),
    message:
        "Looking for the planted motifs in {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/recover.py"
