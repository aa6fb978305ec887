"""What a trained model has learned.

Requires: model.safetensors and dataset.h5ad; the JASPAR profiles of motifs.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ filters.meme, filters.tsv, annotation.tsv,
output_weights.tsv, unit_importance.tsv, recovery.tsv.
"""


def truth_table(wildcards):
    """What was planted in a simulated data set."""
    return f"resources/simulated/{of_kind(wildcards.dataset)['source']}/truth.tsv"


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
    log:
        "logs/filters/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/filters/{dataset}/{model}/seed{seed}.tsv"
    params:
        settings=lookup(dpath="interpretation", within=config),
        code=code_digest("filters"),
    threads: 2
    resources:
        device=config["device"],
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
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
    params:
        settings=lookup(dpath="interpretation", within=config),
        code=code_digest("unit_importance"),
    threads: 2
    resources:
        device=config["device"],
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
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
    params:
        q_value=lookup(dpath="annotation/q_value", within=config),
        code=code_digest("annotate"),
    resources:
        mem_mb=2000,
        runtime=20,
    conda:
        "../envs/python.yaml"
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
    params:
        code=code_digest("recover"),
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/recover.py"
