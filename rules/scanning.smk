"""Motifs on sequences: how well they predict targets, which ones matter, and where they stand.

Requires: dataset.h5ad of data.smk; filters.meme, filters.tsv, annotation.tsv and
unit_importance.tsv of interpret.smk; motif sets in results/{dataset}/motifs/{motif_set}.meme; what
is ranked (paths_figure_3.smk).
Provides: in results/{dataset}/{model}/seed{seed}/ filters.scores.tsv, filters.ranking.tsv,
filters.best.meme and instances.bed.gz; in results/{dataset}/motifs/ {motif_set}.scores.tsv,
.ranking.tsv and .best.meme; results/motif_scores.tsv.
"""


rule scan:
    """The best hit of each filter's motif in each sequence, and how well it predicts the targets."""
    input:
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        scores="results/{dataset}/{model}/seed{seed}/filters.scores.tsv",
    log:
        "logs/scan/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        settings={k: config["scanning"][k] for k in ("parts", "scoring", "floor")},
        code=code_digest("scan"),
    message:
        "Scanning {wildcards.dataset} with the filters of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../scripts/scan.py"


use rule scan as scan_motif_set with:
    input:
        meme="results/{dataset}/motifs/{motif_set}.meme",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        scores="results/{dataset}/motifs/{motif_set}.scores.tsv",
    log:
        "logs/scan_motif_set/{dataset}/{motif_set}.log",
    message:
        "Scanning {wildcards.dataset} with the motifs of {wildcards.motif_set}"


rule rank_motifs:
    """The filters' motifs by the importance of their units; the best one of each target."""
    input:
        scores="results/{dataset}/{model}/seed{seed}/filters.scores.tsv",
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
    output:
        ranking="results/{dataset}/{model}/seed{seed}/filters.ranking.tsv",
        best="results/{dataset}/{model}/seed{seed}/filters.best.meme",
    log:
        "logs/rank_motifs/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        code=code_digest("rank_motifs"),
    message:
        "Ranking the motifs of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/rank_motifs.py"


use rule rank_motifs as rank_motif_set with:
    input:
        scores="results/{dataset}/motifs/{motif_set}.scores.tsv",
        meme="results/{dataset}/motifs/{motif_set}.meme",
    output:
        ranking="results/{dataset}/motifs/{motif_set}.ranking.tsv",
        best="results/{dataset}/motifs/{motif_set}.best.meme",
    log:
        "logs/rank_motif_set/{dataset}/{motif_set}.log",
    message:
        "Ranking the motifs of {wildcards.motif_set} on {wildcards.dataset}"


rule instances:
    """Where in the genome the filters' sites are, and what each adds to a prediction."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    output:
        instances="results/{dataset}/{model}/seed{seed}/instances.bed.gz",
    log:
        "logs/instances/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/instances/{dataset}/{model}/seed{seed}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(8000),
        runtime=by_attempt(120),
    params:
        settings={
            "inclusive": config["interpretation"]["inclusive"],
            **without_choice("instances"),
        },
        code=code_digest("instances"),
    message:
        "Writing the motif instances of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/instances.py"


rule collect_motif_scores:
    """The rankings of all models and motif sets in one table."""
    input:
        rankings=ranking_paths,
        datasets=ranked_datasets,
    output:
        scores="results/motif_scores.tsv",
    log:
        "logs/collect_motif_scores.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        about=about_rankings,
        code=code_digest("collect_motif_scores"),
    message:
        "Collecting the scores of all motifs"
    script:
        "../scripts/collect_motif_scores.py"
