"""What a trained model has learned.

Requires: model.safetensors and dataset.h5ad; the JASPAR profiles of motifs.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ filters.meme, filters.tsv, selection.tsv (how many
sequences were interpreted), annotation.tsv, output_weights.tsv, unit_importance.tsv, recovery.tsv,
nullification.tsv, attributions/{method}.h5 and .tsv, sanity_checks/{method}.tsv.
"""


rule interpretation:
    """All selected models, interpreted."""
    input:
        interpretation_results(),
    localrule: True


rule filters:
    """Turn each filter of a model's first layer into a position weight matrix."""
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
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
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
    benchmark:
        "benchmarks/unit_importance/{dataset}/{model}/seed{seed}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
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
        unpack(tomtom_pairs),
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
        mem_mb=by_attempt(2000),
        runtime=by_attempt(20),
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
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        code=code_digest("recover"),
    message:
        "Looking for the planted motifs in {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/recover.py"


rule nullification:
    """What the predictions lose when one first-layer filter is taken out."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    output:
        nullification="results/{dataset}/{model}/seed{seed}/nullification.tsv",
    log:
        "logs/nullification/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/nullification/{dataset}/{model}/seed{seed}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(120),
    params:
        settings=without_choice("nullification"),
        code=code_digest("nullification"),
    message:
        "Taking out filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/nullification.py"


rule attribute:
    """Which letters of correctly predicted sequences speak for each target."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        scores="results/{dataset}/{model}/seed{seed}/attributions/{method}.h5",
        summary="results/{dataset}/{model}/seed{seed}/attributions/{method}.tsv",
    log:
        "logs/attribute/{dataset}/{model}/seed{seed}/{method}.log",
    benchmark:
        "benchmarks/attribute/{dataset}/{model}/seed{seed}/{method}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(8000),
        runtime=by_attempt(240),
    params:
        settings=without_choice("attribution"),
        code=code_digest("attribute"),
    message:
        "Attributing {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}, by {wildcards.method} (progress: {log})"
    script:
        "../scripts/attribute.py"


rule sanity_checks:
    """Are attributions those of what was learned? The same ones of changed models."""
    input:
        unpack(changed_models),
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
        scores="results/{dataset}/{model}/seed{seed}/attributions/{method}.h5",
    output:
        checks="results/{dataset}/{model}/seed{seed}/sanity_checks/{method}.tsv",
    log:
        "logs/sanity_checks/{dataset}/{model}/seed{seed}/{method}.log",
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(8000),
        runtime=by_attempt(120),
    params:
        settings=sanity_settings(),
        code=code_digest("sanity_checks"),
    message:
        "Checking attributions by {wildcards.method} of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/sanity_checks.py"
