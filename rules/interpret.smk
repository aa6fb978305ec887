"""Interpretation of trained models: filters, importances and attributions.

Requires: dataset.h5ad and the planted motifs of simulations of data.smk; model.safetensors of train.smk;
annotation.tsv of annotate.smk; motif databases of motifs.smk.
Provides: in results/{dataset}/{model}/seed{seed}/ filters.meme, filters.tsv, selection.tsv (numbers
of correctly predicted sequences), output_weights.tsv, unit_importance.tsv, recovery.tsv,
nullification.tsv, instances.bed.gz, attributions/{method}.h5, .tsv and .examples.tsv,
sanity_checks/{method}.tsv, interactions/{method}.h5 and .tsv.
"""


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
    wildcard_constraints:
        model=one_of(name for name, methods in METHODS.items() if "units" not in methods),
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(60),
    params:
        settings={
            key: config["interpretation"][key]
            for key in ("splits", "correct", "correct_threshold", "inclusive", "strands")
        },
        code=code_digest("filters"),
    message:
        "Reading the filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/filters.py"


use rule filters as filters_and_importances with:
    output:
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        selection="results/{dataset}/{model}/seed{seed}/selection.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        weights="results/{dataset}/{model}/seed{seed}/output_weights.tsv",
    wildcard_constraints:
        model=one_of(name for name, methods in METHODS.items() if "units" in methods),
    message:
        "Reading filters and unit importances of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"


def truth_table(wildcards):
    """The table of the motifs planted in a simulated data set."""
    return f"resources/simulated/{dataset_entry(wildcards.dataset)['source']}/truth.tsv"


rule recover:
    """For simulated data: find which planted motifs were recovered, and by which unit."""
    input:
        truth=truth_table,
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        profiles=f"{DATABASE}.tsv",
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


def nullified_runs():
    """The runs whose filters are nullified one by one."""
    return chosen_runs("nullification", runs_with_filters())


rule nullification:
    """Measure how predictions change when one first-layer filter is nullified."""
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
        settings=setting("nullification", within=config, leave_out=("runs",)),
        code=code_digest("nullification"),
    message:
        "Nullifying filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/nullification.py"


rule instances:
    """Find the filters' sites in the genome, and the contribution of each to a prediction."""
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
        inclusive=config["interpretation"]["inclusive"],
        settings=setting("instances", within=config, leave_out=("runs",)),
        code=code_digest("instances"),
    message:
        "Writing the motif instances of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/instances.py"


def attributed_runs(method=None):
    """The runs whose predictions are attributed (by one method)."""
    entries = config["attribution"]["runs"]
    chosen = [entry for entry in entries if method is None or method in entry["methods"]]
    return list(dict.fromkeys(run for entry in chosen for run in selection.matching(RUNS, entry)))


def attribution_methods():
    """The attribution methods that are used for any run."""
    named = [method for entry in config["attribution"]["runs"] for method in entry["methods"]]
    return [method for method in dict.fromkeys(named) if attributed_runs(method)]


def by_method(runs):
    """The runs that a function gives for each attribution method, each with its method."""
    return [selection.MethodRun(*run, m) for m in attribution_methods() for run in runs(m)]


# Settings that only some methods use.
WITH_REFERENCES = ("integrated_gradients", "deep_lift_shap")
SETTINGS_OF_METHODS = {
    "n_references": WITH_REFERENCES,
    "largest_delta": WITH_REFERENCES,
    "steps": ("integrated_gradients",),
}


def attribution_settings(wildcards):
    """The settings that a method uses."""
    unused = [k for k, methods in SETTINGS_OF_METHODS.items() if wildcards.method not in methods]
    others = ("runs", "modisco", "sanity_checks", *unused)
    return setting("attribution", within=config, leave_out=others)(wildcards)


rule attribute:
    """Attribute the predictions for each target to the bases of correctly predicted sequences."""
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
        settings=attribution_settings,
        code=code_digest("attribute"),
    message:
        "Computing attributions of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}, by {wildcards.method} (progress: {log})"
    script:
        "../scripts/attribute.py"


rule attribution_examples:
    """Take the attributed sequences with the highest outputs, with what each base contributes."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
        scores="results/{dataset}/{model}/seed{seed}/attributions/{method}.h5",
    output:
        examples="results/{dataset}/{model}/seed{seed}/attributions/{method}.examples.tsv",
    log:
        "logs/attribution_examples/{dataset}/{model}/seed{seed}/{method}.log",
    conda:
        "../envs/python.yaml"
    resources:
        device=config["device"],
        mem_mb=by_attempt(4000),
        runtime=by_attempt(30),
    params:
        settings={"most_targets": 12, "most_examples": 2, "most_positions": 250},
        code=code_digest("attribution_examples"),
    message:
        "Taking examples of attributions by {wildcards.method} of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/attribution_examples.py"


def checked_runs(method=None):
    """The runs whose attributions (by one method) are compared with those of changed models."""
    entry = config["attribution"]["sanity_checks"]
    methods = [m for m in entry["methods"] if m in attribution_methods() and method in (None, m)]
    runs = dict.fromkeys(run for m in methods for run in attributed_runs(m))
    return selection.matching(runs, {"datasets": ["*"], "models": entry["models"]})


def changed_models(wildcards):
    """The models that a run's attributions are compared with: shuffled labels, or another seed.

    The model with shuffled labels has another seed too if there is one: with the same seed, both
    trainings would start from the same weights.
    """
    run = selection.Run(wildcards.dataset, wildcards.model, int(wildcards.seed))
    shuffled = config["attribution"]["sanity_checks"]["shuffled"].get(run.dataset)
    same = [r for r in RUNS if r[:2] == run[:2] and r != run]
    control = [r for r in RUNS if r[:2] == (shuffled, run.model)]
    control.sort(key=lambda r: r.seed == run.seed)
    return {
        "shuffled": for_runs(f"{RUN}/model.safetensors", control[:1]),
        "other_seed": for_runs(f"{RUN}/model.safetensors", same[:1]),
    }


rule sanity_checks:
    """Compare attributions with those under random weights, shuffled labels or another seed."""
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
        settings={
            key: config["attribution"]["sanity_checks"][key]
            for key in ("most_targets", "most_sequences")
        },
        code=code_digest("sanity_checks"),
    message:
        "Checking attributions by {wildcards.method} of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/sanity_checks.py"


# The runs whose bases' interactions are measured, each with each of its methods.
INTERACTIONS = [
    selection.MethodRun(*run, method)
    for entry in config["interactions"]["runs"]
    for method in entry["methods"]
    for run in selection.matching(RUNS, entry)
]
OF_INTEGRATED_HESSIANS = ("n_references", "steps", "softplus_beta", "largest_delta", "seed")


rule interactions:
    """Measure how the effects of two bases depend on each other in chosen sequences."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        scores="results/{dataset}/{model}/seed{seed}/interactions/{method}.h5",
        pairs="results/{dataset}/{model}/seed{seed}/interactions/{method}.tsv",
    log:
        "logs/interactions/{dataset}/{model}/seed{seed}/{method}.log",
    benchmark:
        "benchmarks/interactions/{dataset}/{model}/seed{seed}/{method}.tsv"
    wildcard_constraints:
        method="pairwise_ism",
    conda:
        "../envs/python.yaml"
    threads: 2
    resources:
        device=config["device"],
        mem_mb=by_attempt(8000),
        runtime=by_attempt(240),
    params:
        settings=setting("interactions", within=config, leave_out=("runs", *OF_INTEGRATED_HESSIANS)),
        code=code_digest("interactions"),
    message:
        "Measuring interactions of bases for {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}, by {wildcards.method} (progress: {log})"
    script:
        "../scripts/interactions.py"


use rule interactions as interactions_that_add_up with:
    wildcard_constraints:
        method="integrated_hessians",
    params:
        settings=setting("interactions", within=config, leave_out=("runs",)),
        code=code_digest("interactions"),


def runs_with_several_seeds(runs):
    """The runs of models that are trained from more than one seed."""
    seeds = Counter(run[:2] for run in RUNS)
    return [run for run in runs if seeds[run[:2]] > 1]


def interpretation_results(wildcards):
    """The results of `interpretation`: motifs of filters, importances, and what the config adds."""
    several = runs_with_several_seeds(runs_with_filters())
    found = for_runs(f"{RUN}/binding_modes/filters.tsv", runs_with_filters())
    found += for_runs(f"{RUN}/unit_importance.tsv", runs_with_units())
    found += for_runs("results/{dataset}/{model}/motif_agreement.tsv", several)
    found += for_runs(f"{RUN}/filter_changes.tsv", runs_from_motifs())
    found += for_runs(f"{RUN}/nullification.tsv", nullified_runs())
    found += for_runs(f"{RUN}/instances.bed.gz", chosen_runs("instances", runs_with_units()))
    for experiment in config["marginalisation"]["experiments"]:
        found += for_runs(f"{RUN}/marginalisation/{experiment}.tsv", marginalised_runs(experiment))
    found += for_runs(f"{RUN}/ablation.tsv", ablated_runs())
    found += for_runs(
        f"{RUN}/expected_motifs.tsv", chosen_runs("expected_motifs", runs_with_units())
    )
    found += for_runs(f"{RUN}/attributions/{{method}}.tsv", by_method(attributed_runs))
    found += for_runs(f"{RUN}/binding_modes/{{method}}.tsv", by_method(runs_with_patterns))
    found += for_runs(f"{RUN}/sanity_checks/{{method}}.tsv", by_method(checked_runs))
    found += for_runs(f"{RUN}/interactions/{{method}}.tsv", INTERACTIONS)
    return found + (["results/motif_scores.tsv"] if rankings() else [])


rule interpretation:
    """All selected models, interpreted."""
    input:
        interpretation_results,
    localrule: True
