"""What motifs do to a model's outputs: put into backgrounds, and taken out of real sequences.

Requires: dataset.h5ad of data.smk; model.safetensors of train.smk; filters.meme and filters.tsv of
interpret.smk; annotation.tsv of annotate.smk; FIGURES and panel() of figures.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ marginalisation/{experiment}.h5 and .tsv,
ablation.tsv, figures/motif_effects and figures/motif_spacing (.pdf, .png, .tsv).
"""

from workflow_lib.motifs.jaspar import check_profiles

try:
    check_profiles(config["marginalisation"]["motifs"] or {}, "marginalisation.motifs")
except InputError as error:
    raise WorkflowError(str(error)) from None

# What each experiment uses of the section `marginalisation`, besides what all of them use.
OF_MOTIFS = ("motifs", "most_motifs", "sampled")
USED_BY_EXPERIMENTS = {
    "single": (*OF_MOTIFS, "position", "single"),
    "copies": (*OF_MOTIFS, "copies"),
    "spacing": (*OF_MOTIFS, "position", "spacing"),
    "pairs": (*OF_MOTIFS, "pairs"),
    "context": (*OF_MOTIFS, "position"),
    "kmers": ("position", "kmers"),
}


wildcard_constraints:
    experiment=one_of(USED_BY_EXPERIMENTS),


def marginalised_runs(*experiments):
    """The runs for which these experiments are made; without any, for which some are."""
    chosen = set(experiments) <= set(config["marginalisation"]["experiments"])
    return chosen_runs("marginalisation", runs_with_filters()) if chosen else []


def motifs_of_the_run(wildcards):
    """The run's filters and their annotation, where the motifs are those of the run itself."""
    named = config["marginalisation"]["motifs"]
    of_filters = named is None or any("filter" in entry for entry in named.values())
    if wildcards.experiment == "kmers" or not of_filters:
        return {}
    files = {"meme": "filters.meme"} | ({"annotation": "annotation.tsv"} if named is None else {})
    return {name: f"{RUN}/{file}".format(**wildcards) for name, file in files.items()}


def marginalisation_settings(wildcards):
    """The settings that an experiment uses."""
    used = USED_BY_EXPERIMENTS[wildcards.experiment]
    of_others = set().union(*USED_BY_EXPERIMENTS.values()).difference(used)
    left_out = {"runs", "experiments", *of_others}
    return setting("marginalisation", within=config, leave_out=left_out)(wildcards)


rule marginalise:
    """Put motifs into many backgrounds, and measure what they do to the outputs."""
    input:
        unpack(motifs_of_the_run),
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        values="results/{dataset}/{model}/seed{seed}/marginalisation/{experiment}.h5",
        summary="results/{dataset}/{model}/seed{seed}/marginalisation/{experiment}.tsv",
    log:
        "logs/marginalise/{dataset}/{model}/seed{seed}/{experiment}.log",
    benchmark:
        "benchmarks/marginalise/{dataset}/{model}/seed{seed}/{experiment}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(120),
    params:
        settings=marginalisation_settings,
        code=code_digest("marginalise"),
    message:
        "Marginalising motifs ({wildcards.experiment}) with {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/marginalise.py"


def ablated_runs():
    """The runs whose filters' sites are shuffled."""
    return chosen_runs("ablation", runs_with_filters())


rule ablate:
    """Shuffle all sites of a filter at once in real sequences, and measure what the outputs lose."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    output:
        ablation="results/{dataset}/{model}/seed{seed}/ablation.tsv",
    log:
        "logs/ablate/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/ablate/{dataset}/{model}/seed{seed}.tsv"
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(120),
    params:
        settings=setting("ablation", within=config, leave_out=("runs",)),
        sites={key: config["interpretation"][key] for key in ("inclusive", "strands")},
        code=code_digest("ablate"),
    message:
        "Shuffling motif sites for {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/ablate.py"


FIGURES |= {
    "motif_effects": (f"{RUN}/figures/motif_effects", marginalised_runs("single")),
    "motif_spacing": (f"{RUN}/figures/motif_spacing", marginalised_runs("spacing")),
}


def effects_of_motifs(wildcards):
    """What the figure of motif effects shows of a run: single motifs, copies, ablations."""
    run = selection.Run(wildcards.dataset, wildcards.model, int(wildcards.seed))
    tables = {"single": "marginalisation/single.tsv"}
    if run in marginalised_runs("copies"):
        tables["copies"] = "marginalisation/copies.tsv"
    if run in ablated_runs():
        tables["ablation"] = "ablation.tsv"
    return {name: f"{RUN}/{file}".format(**wildcards) for name, file in tables.items()}


rule motif_effects:
    """Effects of single motifs and of their copies on each target."""
    input:
        unpack(effects_of_motifs),
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/motif_effects", "Motif effects"),
    log:
        "logs/motif_effects/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/motif_effects"),
    message:
        "Drawing motif effects of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/motif_effects.py"


rule motif_spacing:
    """Effects of pairs of motifs by their distance."""
    input:
        spacing="results/{dataset}/{model}/seed{seed}/marginalisation/spacing.tsv",
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/motif_spacing", "Motif spacing"),
    log:
        "logs/motif_spacing/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/motif_spacing"),
    message:
        "Drawing motif spacing of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/motif_spacing.py"
