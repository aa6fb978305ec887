"""Known motifs, motifs in attributions, and the binding modes that motifs stand for.

Requires: the catalogue's motif databases; filters and attributions of interpret.smk.
Provides: results/motifs/{database}.meme and .tsv; in results/{dataset}/{model}/seed{seed}/
modisco/{method}.meme, .tsv, .targets.tsv and .annotation.tsv, binding_modes/{method}.tsv;
results/{dataset}/{model}/motif_agreement.tsv.
"""


rule motif_database:
    """Known motifs of one release, with their families and binding modes."""
    input:
        unpack(cluster_file),
    output:
        meme="results/motifs/{database}.meme",
        profiles="results/motifs/{database}.tsv",
    log:
        "logs/motif_database/{database}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        chosen=chosen_profiles,
        code=code_digest("motif_database"),
    message:
        "Writing the known motifs of {wildcards.database}"
    script:
        "../scripts/motif_database.py"


rule modisco:
    """TF-MoDISco: motifs that recur in the attributions of each target."""
    input:
        attributions="results/{dataset}/{model}/seed{seed}/attributions/{method}.h5",
    output:
        meme="results/{dataset}/{model}/seed{seed}/modisco/{method}.meme",
        patterns="results/{dataset}/{model}/seed{seed}/modisco/{method}.tsv",
        targets="results/{dataset}/{model}/seed{seed}/modisco/{method}.targets.tsv",
    log:
        "logs/modisco/{dataset}/{model}/seed{seed}/{method}.log",
    benchmark:
        "benchmarks/modisco/{dataset}/{model}/seed{seed}/{method}.tsv"
    conda:
        "../envs/modisco.yaml"
    threads: 2
    resources:
        mem_mb=by_attempt(8000),
        runtime=by_attempt(240),
    params:
        settings={k: v for k, v in config["attribution"]["modisco"].items() if k != "methods"},
        code=code_digest("modisco"),
    message:
        "Looking for motifs in attributions of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/modisco.py"


use rule annotate as annotate_patterns with:
    input:
        unpack(tomtom_pairs),
        filters="results/{dataset}/{model}/seed{seed}/modisco/{method}.meme",
        database=f"results/motifs/{config['annotation']['database']}.meme",
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        annotation="results/{dataset}/{model}/seed{seed}/modisco/{method}.annotation.tsv",
    log:
        "logs/annotate_patterns/{dataset}/{model}/seed{seed}/{method}.log",
    message:
        "Naming the patterns of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"


rule binding_modes:
    """Which binding modes the motifs of a model stand for, and which of the predicted TFs' are there."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        annotation=annotation_of,
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        modes="results/{dataset}/{model}/seed{seed}/binding_modes/{method}.tsv",
    log:
        "logs/binding_modes/{dataset}/{model}/seed{seed}/{method}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        which=config["binding_modes"]["matches"],
        code=code_digest("binding_modes"),
    message:
        "Counting binding modes of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} ({wildcards.method})"
    script:
        "../scripts/binding_modes.py"


rule motif_agreement:
    """Which binding modes the filters of a model come back to from other seeds."""
    input:
        models=of_model(f"{RUN}/model.safetensors"),
        annotations=of_model(f"{RUN}/annotation.tsv"),
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        agreement="results/{dataset}/{model}/motif_agreement.tsv",
    log:
        "logs/motif_agreement/{dataset}/{model}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        seeds=seeds_of,
        which=config["binding_modes"]["matches"],
        code=code_digest("motif_agreement"),
    message:
        "Comparing the motifs of {wildcards.model} on {wildcards.dataset} over seeds"
    script:
        "../scripts/motif_agreement.py"
