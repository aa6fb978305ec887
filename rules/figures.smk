"""Figures of any data set and model: each is a rule and an entry in FIGURES.

Requires: dataset.h5ad, targets.tsv and labels.tsv.gz of data.smk; motif databases and modisco/{method}.meme of
motifs.smk; filters.meme of interpret.smk; the tables of train.smk, interpret.smk, motifs.smk,
annotate.smk and compare.smk.
Provides: {pdf,png,tsv} of each figure (the tsv is its source data); FIGURES, panel() and what reads
the sections of the config for the paper's figures.
"""

import fnmatch
from functools import partial

from workflow_lib.config.limits import WELL

# Name -> path without extension, and the runs (with their methods) that it applies to.
FIGURES = {}


def panel(pattern, title, figure=None):
    """The outputs of a figure: PDF, PNG with its entry in the report, and the source data."""
    labels = {"figure": title}
    if "{dataset}" in pattern:
        labels["model"] = "{model}" if "{model}" in pattern else "all"
        labels["seed"] = "{seed}" if "{seed}" in pattern else "all"
    png = report(
        f"{pattern}.png",
        caption=f"../resources/report/{Path(pattern).name}.rst",
        category="{dataset}" if "{dataset}" in pattern else figure,
        labels=labels,
    )
    return {"pdf": f"{pattern}.pdf", "png": png, "tsv": f"{pattern}.tsv"}


def figure_runs(section, *keys, one_seed=False):
    """The runs of the models that keys of a figure's section of the config name, by their order.

    Of all seeds, or of the one that the section names.
    """
    found = []
    for key in keys if section else []:
        names = [section[key]] if isinstance(section[key], str) else section[key] or []
        for name in names:
            wanted = {"datasets": [section["dataset"]], "models": [name]}
            found += selection.matching(RUNS, wanted)
    return [r for r in dict.fromkeys(found) if not one_seed or r.seed == section["seed"]]


def shown_file(section, file, folder=RUN):
    """A file of the run whose units a figure shows; none if that run is not selected."""
    runs = figure_runs(section, "model", one_seed=True)
    return next(iter(for_runs(f"{folder}/{file}", runs)), [])


def sweep_units(section, name):
    """For `params`: the number of units of each model of the sweep, as given or the default."""
    found = {}
    for model in dict.fromkeys(run.model for run in figure_runs(section, "sweep")):
        entry = CATALOGUE["models"][model]
        default = registries.default("model", entry["architecture"], "units")
        units = entry.get("hyperparameters", {}).get("units", default)
        if units in found.values():
            raise WorkflowError(
                f"config, {name}.sweep: two models have {units} units; wanted models that differ "
                "in them"
            )
        found[model] = units
    return found


def runs_with_correlations(runs=RUNS):
    """The runs that fit the correlation of each sequence's values over the targets."""
    return [run for run in runs if dataset_entry(run.dataset)["task"] == "correlation"]


def check_figure_names():
    """Refuse a pattern in `figures` that matches no figure; called after all rules are defined."""
    for pattern in config["figures"]:
        if not fnmatch.filter(FIGURES, pattern):
            raise WorkflowError(
                f"config, figures: no figure is called {pattern!r}; there are: {', '.join(FIGURES)}"
            )


def figure_files(wildcards, patterns=None):
    """The PDF files of figures, by default of those that the config names.

    Members of families (there may be hundreds) get figures of their own only with `member_figures`.
    """
    found, missing = [], []
    for name in selection.matching_names(FIGURES, patterns or config["figures"]):
        path, runs = FIGURES[name]
        missing += [] if runs else [name]
        if "{dataset}" in path and not config["member_figures"]:
            runs = [run for run in runs if "family" not in dataset_entry(run.dataset)]
        found += for_runs(f"{path}.pdf", runs)
    if patterns and not found:
        raise SystemExit(
            f"there is nothing to draw for {', '.join(missing)}: its section of the config is "
            "empty, or `runs` selects none of the runs that it names"
        )
    if missing:
        # Panels of one figure of the paper as one, if none of them is drawn.
        figure_of = {name: re.sub(r"^(figure_s?\d+)[a-z]$", r"\1*", name) for name in FIGURES}
        drawn = {figure_of[name] for name, (_, runs) in FIGURES.items() if runs}
        names = dict.fromkeys(n if figure_of[n] in drawn else figure_of[n] for n in missing)
        logger.info(f"figures left out, since no selected run is for them: {', '.join(names)}")
    return found


rule figures:
    """All selected figures."""
    input:
        figure_files,
    localrule: True


FIGURES |= {
    "loss_curves": ("results/{dataset}/figures/loss_curves", TRAINED_RUNS),
    "precision_recall": (
        "results/{dataset}/figures/precision_recall",
        [run for run in RUNS if dataset_entry(run.dataset)["task"] in LABELLED],
    ),
    "weight_heatmap": (f"{RUN}/figures/weight_heatmap", runs_with_units()),
    "filter_sheet": (f"{RUN}/figures/filter_sheet", runs_with_units()),
    "importance_boxes": (f"{RUN}/figures/importance_boxes", runs_with_units()),
    "refined_filters": (f"{RUN}/figures/refined_filters", runs_from_motifs(runs_with_units())),
    "recovered_motifs": (
        "results/{dataset}/{model}/recovered_motifs",
        [
            run
            for run in runs_with_units()
            if "simulate" in CATALOGUE["sources"][dataset_entry(run.dataset)["source"]]
        ],
    ),
    "same_regions": (
        "results/{dataset}/{model}/same_regions",
        [run for run in RUNS if runs_with_same_regions(run)],
    ),
    "recurring_modes": (
        "results/{dataset}/{model}/recurring_modes",
        runs_with_several_seeds(runs_with_filters()),
    ),
    "strand_symmetry": (
        "results/{dataset}/figures/strand_symmetry",
        [run for run in RUNS if strand_runs(run)],
    ),
    "sanity_correlations": (f"{RUN}/figures/sanity_correlations", checked_runs()),
    "modisco_patterns": (
        f"{RUN}/figures/{{method}}/modisco_patterns",
        by_method(runs_with_patterns),
    ),
    "attribution_tracks": (
        f"{RUN}/figures/{{method}}/attribution_tracks",
        by_method(attributed_runs),
    ),
    "interaction_map": (
        f"{RUN}/figures/{{method}}/interaction_map",
        runs_with_filters(INTERACTIONS),
    ),
    "predicted_vs_measured": (
        f"{RUN}/figures/predicted_vs_measured",
        [run for run in RUNS if dataset_entry(run.dataset)["task"] == "regression"],
    ),
    "sequence_correlations": (
        "results/{dataset}/figures/sequence_correlations",
        runs_with_correlations(),
    ),
}


rule loss_curves:
    """Training and validation loss by epoch."""
    input:
        histories=paths(f"{RUN}/history.tsv", sharing("dataset", trained=True)),
    output:
        **panel("results/{dataset}/figures/loss_curves", "Loss curves"),
    log:
        "logs/loss_curves/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/loss_curves"),
    message:
        "Drawing loss curves of {wildcards.dataset}"
    script:
        "../scripts/figures/loss_curves.py"


rule precision_recall:
    """Precision-recall curves, or the scores of many targets."""
    input:
        predictions=paths(f"{RUN}/predictions.tsv.gz", sharing("dataset")),
        metrics=paths(f"{RUN}/metrics.tsv", sharing("dataset")),
        labels="results/{dataset}/labels.tsv.gz",
    output:
        **panel("results/{dataset}/figures/precision_recall", "Precision and recall"),
    log:
        "logs/precision_recall/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        metric="auprc",
        code=code_digest("figures/precision_recall"),
    message:
        "Drawing precision and recall of {wildcards.dataset}"
    script:
        "../scripts/figures/precision_recall.py"


rule weight_heatmap:
    """Output weights of the annotated units."""
    input:
        weights="results/{dataset}/{model}/seed{seed}/output_weights.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        profiles=f"{DATABASE}.tsv",
        targets="results/{dataset}/targets.tsv",
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/weight_heatmap", "Output weights"),
    log:
        "logs/weight_heatmap/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        # The paper's colour limits.
        limit=0.5,
        code=code_digest("figures/weight_heatmap"),
    message:
        "Drawing weight heatmap of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/weight_heatmap.py"


rule filter_sheet:
    """Logos of all filters with their annotation and importance."""
    input:
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/filter_sheet", "Filters"),
    log:
        "logs/filter_sheet/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/filter_sheet"),
    message:
        "Drawing filter sheet of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/filter_sheet.py"


rule importance_boxes:
    """Importances of the most important units, by target."""
    input:
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        targets="results/{dataset}/targets.tsv",
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/importance_boxes", "Unit importances"),
    log:
        "logs/importance_boxes/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/importance_boxes"),
    message:
        "Drawing importance boxes of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/importance_boxes.py"


rule refined_filters:
    """Filters that started from known motifs, before and after training, with their importances."""
    input:
        unpack(starting_motifs),
        targets="results/{dataset}/targets.tsv",
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        changes="results/{dataset}/{model}/seed{seed}/filter_changes.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/refined_filters", "Refined filters"),
    log:
        "logs/refined_filters/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        profiles=config["refined_filters"]["profiles"],
        most=config["refined_filters"]["most"],
        code=code_digest("figures/refined_filters"),
    message:
        "Drawing refined filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/refined_filters.py"


rule recovered_motifs:
    """Planted motifs next to the filters that recovered them."""
    input:
        profiles=f"{DATABASE}.meme",
        recovery=paths(f"{RUN}/recovery.tsv", sharing("dataset", "model")),
        annotation=paths(f"{RUN}/annotation.tsv", sharing("dataset", "model")),
        meme=paths(f"{RUN}/filters.meme", sharing("dataset", "model")),
    output:
        **panel("results/{dataset}/{model}/recovered_motifs", "Planted motifs recovered"),
    log:
        "logs/recovered_motifs/{dataset}/{model}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        q_value=config["annotation"]["q_value"],
        code=code_digest("figures/recovered_motifs"),
    message:
        "Drawing recovered motifs of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/figures/recovered_motifs.py"


rule same_regions:
    """Scores of the models of two data sets on the held-out sequences that both share."""
    input:
        unpack(other_datasets),
        comparison="results/{dataset}/{model}/comparison.tsv",
        dataset="results/{dataset}/dataset.h5ad",
    output:
        **panel("results/{dataset}/{model}/same_regions", "Against the other data set"),
    log:
        "logs/same_regions/{dataset}/{model}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        label_a=setting("datasets/{dataset}/split/like"),
        label_b="{dataset}",
        code=code_digest("figures/same_regions"),
    message:
        "Drawing scores on the same regions of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/figures/same_regions.py"


rule strand_symmetry:
    """Scores, training time and motifs of models that treat the strands differently."""
    input:
        comparison="results/{dataset}/strand_comparison.tsv",
        runs="results/{dataset}/strand_comparison.runs.tsv",
    output:
        **panel("results/{dataset}/figures/strand_symmetry", "Strand symmetry"),
    log:
        "logs/strand_symmetry/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/strand_symmetry"),
    message:
        "Drawing strand symmetry of {wildcards.dataset}"
    script:
        "../scripts/figures/strand_symmetry.py"


rule recurring_modes:
    """Binding modes by the number of seeds in which they recur."""
    input:
        agreement="results/{dataset}/{model}/motif_agreement.tsv",
        profiles=f"{DATABASE}.tsv",
    output:
        **panel("results/{dataset}/{model}/recurring_modes", "Motifs over seeds"),
    log:
        "logs/recurring_modes/{dataset}/{model}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/recurring_modes"),
    message:
        "Drawing recurring binding modes of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/figures/recurring_modes.py"


def sanity_tables(wildcards):
    """The sanity checks of each method of a run."""
    run = (wildcards.dataset, wildcards.model, int(wildcards.seed))
    checked = [checked for checked in by_method(checked_runs) if checked[:3] == run]
    return for_runs(f"{RUN}/sanity_checks/{{method}}.tsv", checked)


rule sanity_correlations:
    """Correlations of attributions with those of randomised or retrained models."""
    input:
        checks=sanity_tables,
    output:
        **panel("results/{dataset}/{model}/seed{seed}/figures/sanity_correlations", "Sanity checks"),
    log:
        "logs/sanity_correlations/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/sanity_correlations"),
    message:
        "Drawing sanity checks of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/sanity_correlations.py"


rule modisco_patterns:
    """Logos of the patterns that TF-MoDISco found, by target and sign."""
    input:
        meme="results/{dataset}/{model}/seed{seed}/modisco/{method}.meme",
        patterns="results/{dataset}/{model}/seed{seed}/modisco/{method}.tsv",
        targets="results/{dataset}/{model}/seed{seed}/modisco/{method}.targets.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/modisco/{method}.annotation.tsv",
    output:
        **panel(
            "results/{dataset}/{model}/seed{seed}/figures/{method}/modisco_patterns",
            "Patterns, {method}",
        ),
    log:
        "logs/modisco_patterns/{dataset}/{model}/seed{seed}/{method}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/modisco_patterns"),
    message:
        "Drawing patterns by {wildcards.method} of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/modisco_patterns.py"


rule attribution_tracks:
    """Example sequences with letters as high as their contributions."""
    input:
        examples="results/{dataset}/{model}/seed{seed}/attributions/{method}.examples.tsv",
        summary="results/{dataset}/{model}/seed{seed}/attributions/{method}.tsv",
    output:
        **panel(
            "results/{dataset}/{model}/seed{seed}/figures/{method}/attribution_tracks",
            "Attributions, {method}",
        ),
    log:
        "logs/attribution_tracks/{dataset}/{model}/seed{seed}/{method}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        task=setting("datasets/{dataset}/task"),
        code=code_digest("figures/attribution_tracks"),
    message:
        "Drawing attributions by {wildcards.method} of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/attribution_tracks.py"


rule interaction_map:
    """How the effects of each two positions depend on each other, beside each base's own."""
    input:
        scores="results/{dataset}/{model}/seed{seed}/interactions/{method}.h5",
        pairs="results/{dataset}/{model}/seed{seed}/interactions/{method}.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    output:
        **panel(
            "results/{dataset}/{model}/seed{seed}/figures/{method}/interaction_map",
            "Interactions, {method}",
        ),
    log:
        "logs/interaction_map/{dataset}/{model}/seed{seed}/{method}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        limits={"most_targets": 12, "most_positions": 100},
        task=setting("datasets/{dataset}/task"),
        code=code_digest("figures/interaction_map"),
    message:
        "Drawing interactions by {wildcards.method} of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/interaction_map.py"


rule predicted_vs_measured:
    """Predictions of held-out sequences against measurements, for data sets of values."""
    input:
        predictions="results/{dataset}/{model}/seed{seed}/predictions.tsv.gz",
        labels="results/{dataset}/labels.tsv.gz",
        metrics="results/{dataset}/{model}/seed{seed}/metrics.tsv",
    output:
        **panel(
            "results/{dataset}/{model}/seed{seed}/figures/predicted_vs_measured",
            "Predicted against measured",
        ),
    log:
        "logs/predicted_vs_measured/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/predicted_vs_measured"),
    message:
        "Drawing predictions against measurements of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/predicted_vs_measured.py"


rule sequence_correlations:
    """How well the targets of each held-out sequence are predicted, for each model."""
    input:
        correlations=paths(f"{RUN}/sequence_correlations.tsv.gz", sharing("dataset")),
    output:
        **panel("results/{dataset}/figures/sequence_correlations", "Correlations of sequences"),
    log:
        "logs/sequence_correlations/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        threshold=WELL,
        code=code_digest("figures/sequence_correlations"),
    message:
        "Drawing correlations of the sequences of {wildcards.dataset}"
    script:
        "../scripts/figures/sequence_correlations.py"
