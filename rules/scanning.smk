"""Motifs as predictors: each motif's best hit scores a sequence; rankings of the motifs.

Requires: dataset.h5ad of data.smk; filters.meme and unit_importance.tsv of interpret.smk; motif sets
of motifs.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ filters.scores.tsv, filters.ranking.tsv and
filters.best.meme; in results/{dataset}/motifs/ {motif_set}.scores.tsv, .ranking.tsv and .best.meme;
results/motif_scores.tsv.
"""

SET = "results/{dataset}/motifs/{motif_set}"


rule scan:
    """Score how well the best hits of each filter's motif predict the targets."""
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
        settings={k: config["scanning"][k] for k in ("splits", "scoring", "floor")},
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
    """Rank the filters' motifs by the importance of their units; choose each target's best one."""
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


def ranked_runs():
    """The runs whose filters are scored as motifs."""
    return chosen_runs("scanning", runs_with_units())


def scanned_sets():
    """The motif sets that are scored, each with its data set."""
    selected = dict.fromkeys(run.dataset for run in RUNS)
    found = {}
    for entry in config["scanning"]["sets"]:
        for dataset in selection.matching_names(selected, entry["datasets"]):
            found |= {(dataset, motif_set): None for motif_set in entry["motif_sets"]}
    return list(found)


def learned_from(dataset, motif_set=None):
    """The files with the sequences that a model or a motif set was learned from; none for known motifs."""
    if motif_set is None:
        return [f"results/{dataset}/dataset.h5ad"]
    entry = config["motif_sets"][motif_set]
    if "streme" in entry:
        base = SET.format(dataset=dataset, motif_set=motif_set)
        return [f"{base}/train.{kind}.fa" for kind in ("bound", "unbound")]
    return learned_from(entry["of"]["dataset"]) if "of" in entry else []


def rankings():
    """The ranking of each model's filters and of each motif set, with what its motifs were learned from."""
    found = {}
    for run in ranked_runs():
        found[f"{RUN}/filters.ranking.tsv".format(**run._asdict())] = learned_from(run.dataset)
    for dataset, motif_set in scanned_sets():
        base = SET.format(dataset=dataset, motif_set=motif_set)
        found[f"{base}.ranking.tsv"] = learned_from(dataset, motif_set)
    return found


rule collect_motif_scores:
    """The rankings of all models and motif sets in one table."""
    input:
        rankings=list(rankings()),
        sequences=sorted({path for paths in rankings().values() for path in paths}),
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
        sequences=brief(list(rankings().values())),
        code=code_digest("collect_motif_scores"),
    message:
        "Collecting the scores of all motifs"
    script:
        "../scripts/collect_motif_scores.py"
