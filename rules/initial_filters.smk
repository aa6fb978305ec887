"""Filters that start from known motifs: the motifs, their order, and what became of them.

Requires: model.safetensors of train.smk; filters.meme of interpret.smk; annotation.tsv of annotate.smk;
{database}.meme of motifs.smk.
Provides: results/motifs/{filter_set}.matrices.tsv, .tomtom.h5 and .order_{order}.tsv;
results/{dataset}/{model}/seed{seed}/filter_changes.tsv.
"""

from workflow_lib.config.filters_from import filter_sets, models_from_motifs

FILTER_SETS = filter_sets(CATALOGUE["models"])
FROM_MOTIFS = models_from_motifs(CATALOGUE["models"])
# Those of users, the others are JASPAR's.
OWN_SETS = {name: entry for name, entry in FILTER_SETS.items() if "meme" in entry}


wildcard_constraints:
    filter_set=one_of(FILTER_SETS),
    order="published|max_min",


rule motif_matrices:
    """The matrices of a set of motifs, as they are known: JASPAR's counts, or the user's file."""
    input:
        unpack(setting("{filter_set}", {}, within=OWN_SETS)),
    output:
        matrices="results/motifs/{filter_set}.matrices.tsv",
    log:
        "logs/motif_matrices/{filter_set}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        # The clusters are of annotations.
        entry=setting("{filter_set}", {}, config["motif_databases"], leave_out=("clusters",)),
        code=code_digest("motif_matrices"),
    message:
        "Writing the matrices of {wildcards.filter_set}"
    script:
        "../scripts/motif_matrices.py"


rule motif_similarities:
    """Tomtom of all motifs of a set against all."""
    input:
        matrices="results/motifs/{filter_set}.matrices.tsv",
    output:
        tomtom="results/motifs/{filter_set}.tomtom.h5",
    log:
        "logs/motif_similarities/{filter_set}.log",
    benchmark:
        "benchmarks/motif_similarities/{filter_set}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(20),
    params:
        code=code_digest("motif_similarities"),
    message:
        "Comparing the motifs of {wildcards.filter_set} with each other"
    script:
        "../scripts/motif_similarities.py"


rule motif_order:
    """Order the motifs of a set so that the first ones are little redundant."""
    input:
        tomtom="results/motifs/{filter_set}.tomtom.h5",
    output:
        order="results/motifs/{filter_set}.order_{order}.tsv",
    log:
        "logs/motif_order/{filter_set}.{order}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        code=code_digest("motif_order"),
    message:
        "Ordering the motifs of {wildcards.filter_set} ({wildcards.order})"
    script:
        "../scripts/motif_order.py"


def runs_from_motifs(runs=RUNS):
    """The runs of models whose filters start from known motifs."""
    return [run for run in runs if run.model in FROM_MOTIFS]


def set_searched(wildcards):
    """The motifs that a model's filters start from, as a MEME file."""
    source = CATALOGUE["models"][wildcards.model]["filters_from"]
    return source.get("meme") or f"results/motifs/{source['database']}.meme"


rule filter_changes:
    """What training made of each filter: how far it is from the motif that it started from."""
    input:
        unpack(starting_motifs),
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        filters="results/{dataset}/{model}/seed{seed}/filters.meme",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        searched=set_searched,
    output:
        changes="results/{dataset}/{model}/seed{seed}/filter_changes.tsv",
    log:
        "logs/filter_changes/{dataset}/{model}/seed{seed}.log",
    wildcard_constraints:
        model=one_of(FROM_MOTIFS),
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(20),
    params:
        q_value=config["annotation"]["q_value"],
        code=code_digest("filter_changes"),
    message:
        "Comparing filters with the motifs that they started from: {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/filter_changes.py"
