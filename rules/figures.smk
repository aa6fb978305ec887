"""Figures: each is a script that reads tables and draws, one rule, and one line in FIGURES.

Requires: the tables of train.smk and interpret.smk.
Provides: {pdf,png,tsv} of each figure (the tsv is what is drawn), results/overview.html.
"""

SCORED = [run for run in RUNS if of_kind(run.dataset)["task"] in LABELLED]
COMPARED = [run for run in RUNS if runs_with_same_regions(run)]
OF_DATASET = "results/{dataset}/figures"

# Name -> path without its ending, and the runs that it applies to.
FIGURES = {
    "loss_curves": ("results/{dataset}/figures/loss_curves", RUNS),
    "precision_recall": ("results/{dataset}/figures/precision_recall", SCORED),
    "weight_heatmap": (f"{RUN}/figures/weight_heatmap", with_units()),
    "filter_sheet": (f"{RUN}/figures/filter_sheet", with_units()),
    "importance_boxes": (f"{RUN}/figures/importance_boxes", with_units()),
    "recovered_motifs": (
        "results/{dataset}/{model}/recovered_motifs",
        with_units(simulated()),
    ),
    "same_regions": ("results/{dataset}/{model}/same_regions", COMPARED),
    "recurring_modes": ("results/{dataset}/{model}/recurring_modes", several_seeds(with_filters())),
    "strand_symmetry": (
        "results/{dataset}/figures/strand_symmetry",
        [run for run in RUNS if strand_runs(run.dataset)],
    ),
    "sanity_correlations": (f"{RUN}/figures/sanity_correlations", checked()),
    "figure_1a": (f"{OF_DATASET}/figure_1a", figure_1_runs("model", one_seed=True)),
    "figure_1b": (f"{OF_DATASET}/figure_1b", figure_1_runs("sweep")),
    "figure_1c": (f"{OF_DATASET}/figure_1c", figure_1_runs("model") and figure_1_runs("compared")),
    "figure_1d": (f"{OF_DATASET}/figure_1d", figure_1_runs("sweep")),
    "figure_1e": (f"{OF_DATASET}/figure_1e", figure_1_runs("model")),
    "figure_1f": (f"{OF_DATASET}/figure_1f", figure_1_runs("model", one_seed=True)),
    "figure_1g": (f"{OF_DATASET}/figure_1g", figure_1_runs("model", one_seed=True)),
    "figure_s1": (f"{OF_DATASET}/figure_s1", figure_1_runs("model", one_seed=True)),
    "figure_3a": ("results/figures/figure_3a", figure_3_runs()),
    "figure_3b": ("results/figures/figure_3b", figure_3_runs()),
    "figure_3c": ("results/figures/figure_3c", figure_3_runs()),
    "figure_3d": ("results/figures/figure_3d", figure_3_runs()),
    "figure_3e": ("results/figures/figure_3e", drawn_logos("figure_3e")),
    "figure_3f": ("results/figures/figure_3f", scored_assays()),
    "figure_3g": ("results/figures/figure_3g", drawn_logos("figure_3g")),
    "figure_s3": ("results/figures/figure_s3", drawn_logos("figure_s3")),
}


rule figures:
    """All selected figures."""
    input:
        figure_files(),
    localrule: True


rule overview:
    """One page that says what was run, with drop counts, devices, versions and the merged config."""
    input:
        datasets=for_runs("results/{dataset}/dataset.h5ad"),
        models=for_runs(f"{RUN}/model.safetensors"),
        histories=for_runs(f"{RUN}/history.tsv"),
        selections=for_runs(f"{RUN}/selection.tsv", with_filters()),
        attributions=attribution_tables(),
        metrics="results/metrics.tsv",
        template=workflow.source_path("../resources/report/overview.html.jinja"),
    output:
        page=report(
            "results/overview.html",
            caption="../resources/report/overview.rst",
            category="What was run",
        ),
        config="results/config.yaml",
    log:
        "logs/overview.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        config=config_text,
        code=code_digest("overview"),
    message:
        "Writing what was run"
    script:
        "../scripts/overview.py"


rule loss_curves:
    """Training and validation loss by epoch."""
    input:
        histories=of_dataset(f"{RUN}/history.tsv"),
    output:
        pdf="results/{dataset}/figures/loss_curves.pdf",
        png=report(
            "results/{dataset}/figures/loss_curves.png",
            caption="../resources/report/loss_curves.rst",
            category="{dataset}",
            labels={"figure": "Loss curves", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/loss_curves.tsv",
    log:
        "logs/loss_curves/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        models=models_of,
        seeds=seeds_of,
        code=code_digest("figures/loss_curves"),
    message:
        "Drawing loss curves of {wildcards.dataset}"
    script:
        "../scripts/figures/loss_curves.py"


rule precision_recall:
    """How well each target is predicted."""
    input:
        predictions=of_dataset(f"{RUN}/predictions.tsv.gz"),
        metrics=of_dataset(f"{RUN}/metrics.tsv"),
        labels="results/{dataset}/labels.tsv.gz",
    output:
        pdf="results/{dataset}/figures/precision_recall.pdf",
        png=report(
            "results/{dataset}/figures/precision_recall.png",
            caption="../resources/report/precision_recall.rst",
            category="{dataset}",
            labels={"figure": "Precision and recall", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/precision_recall.tsv",
    log:
        "logs/precision_recall/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        models=models_of,
        seeds=seeds_of,
        metric="auprc",
        code=code_digest("figures/precision_recall"),
    message:
        "Drawing precision recall of {wildcards.dataset}"
    script:
        "../scripts/figures/precision_recall.py"


rule weight_heatmap:
    """Final weights of the annotated units (the paper's Figure 1F)."""
    input:
        weights="results/{dataset}/{model}/seed{seed}/output_weights.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        pdf="results/{dataset}/{model}/seed{seed}/figures/weight_heatmap.pdf",
        png=report(
            "results/{dataset}/{model}/seed{seed}/figures/weight_heatmap.png",
            caption="../resources/report/weight_heatmap.rst",
            category="{dataset}",
            labels={"figure": "Weights (1F)", "model": "{model}", "seed": "{seed}"},
        ),
        tsv="results/{dataset}/{model}/seed{seed}/figures/weight_heatmap.tsv",
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
    """Logos of all filters with what is known of each."""
    input:
        meme="results/{dataset}/{model}/seed{seed}/filters.meme",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        filters="results/{dataset}/{model}/seed{seed}/filters.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
    output:
        pdf="results/{dataset}/{model}/seed{seed}/figures/filter_sheet.pdf",
        png=report(
            "results/{dataset}/{model}/seed{seed}/figures/filter_sheet.png",
            caption="../resources/report/filter_sheet.rst",
            category="{dataset}",
            labels={"figure": "Filters", "model": "{model}", "seed": "{seed}"},
        ),
        tsv="results/{dataset}/{model}/seed{seed}/figures/filter_sheet.tsv",
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
    """Importances of the leading units over the targets."""
    input:
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    output:
        pdf="results/{dataset}/{model}/seed{seed}/figures/importance_boxes.pdf",
        png=report(
            "results/{dataset}/{model}/seed{seed}/figures/importance_boxes.png",
            caption="../resources/report/importance_boxes.rst",
            category="{dataset}",
            labels={"figure": "Unit importances", "model": "{model}", "seed": "{seed}"},
        ),
        tsv="results/{dataset}/{model}/seed{seed}/figures/importance_boxes.tsv",
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


rule recovered_motifs:
    """Planted motifs beside the filters that found them."""
    input:
        profiles=f"results/motifs/{config['annotation']['database']}.meme",
        recovery=of_model(f"{RUN}/recovery.tsv"),
        annotation=of_model(f"{RUN}/annotation.tsv"),
        meme=of_model(f"{RUN}/filters.meme"),
    output:
        pdf="results/{dataset}/{model}/recovered_motifs.pdf",
        png=report(
            "results/{dataset}/{model}/recovered_motifs.png",
            caption="../resources/report/recovered_motifs.rst",
            category="{dataset}",
            labels={"figure": "Planted motifs recovered", "model": "{model}", "seed": "all"},
        ),
        tsv=report(
            "results/{dataset}/{model}/recovered_motifs.tsv",
            caption="../resources/report/recovered_motifs.rst",
            category="{dataset}",
            labels={"figure": "Recovery table", "model": "{model}", "seed": "all"},
        ),
    log:
        "logs/recovered_motifs/{dataset}/{model}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        seeds=seeds_of,
        q_value=config["annotation"]["q_value"],
        code=code_digest("figures/recovered_motifs"),
    message:
        "Drawing recovered motifs of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/figures/recovered_motifs.py"


rule same_regions:
    """Two data sets with the same held-out sequences, compared."""
    input:
        comparison="results/{dataset}/{model}/comparison.tsv",
        dataset_a=other_dataset_file,
        dataset_b="results/{dataset}/dataset.h5ad",
    output:
        pdf="results/{dataset}/{model}/same_regions.pdf",
        png=report(
            "results/{dataset}/{model}/same_regions.png",
            caption="../resources/report/same_regions.rst",
            category="{dataset}",
            labels={"figure": "Against the other data set", "model": "{model}", "seed": "all"},
        ),
        tsv="results/{dataset}/{model}/same_regions.tsv",
    log:
        "logs/same_regions/{dataset}/{model}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        label_a=other_dataset,
        label_b="{dataset}",
        code=code_digest("figures/same_regions"),
    message:
        "Drawing same regions of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/figures/same_regions.py"


rule strand_symmetry:
    """Ways to treat the strands: scores, training time, motifs."""
    input:
        comparison="results/{dataset}/strand_comparison.tsv",
        runs="results/{dataset}/strand_comparison.runs.tsv",
    output:
        pdf="results/{dataset}/figures/strand_symmetry.pdf",
        png=report(
            "results/{dataset}/figures/strand_symmetry.png",
            caption="../resources/report/strand_symmetry.rst",
            category="{dataset}",
            labels={"figure": "Strand symmetry", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/strand_symmetry.tsv",
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
    """Binding modes by the number of seeds that come back to them."""
    input:
        agreement="results/{dataset}/{model}/motif_agreement.tsv",
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        pdf="results/{dataset}/{model}/recurring_modes.pdf",
        png=report(
            "results/{dataset}/{model}/recurring_modes.png",
            caption="../resources/report/recurring_modes.rst",
            category="{dataset}",
            labels={"figure": "Motifs over seeds", "model": "{model}", "seed": "all"},
        ),
        tsv="results/{dataset}/{model}/recurring_modes.tsv",
    log:
        "logs/recurring_modes/{dataset}/{model}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/recurring_modes"),
    message:
        "Drawing recurring motifs of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/figures/recurring_modes.py"


rule sanity_correlations:
    """Attributions beside those of changed models."""
    input:
        checks=checks_of(f"{RUN}/sanity_checks/{{method}}.tsv"),
    output:
        pdf="results/{dataset}/{model}/seed{seed}/figures/sanity_correlations.pdf",
        png=report(
            "results/{dataset}/{model}/seed{seed}/figures/sanity_correlations.png",
            caption="../resources/report/sanity_correlations.rst",
            category="{dataset}",
            labels={"figure": "Sanity checks", "model": "{model}", "seed": "{seed}"},
        ),
        tsv="results/{dataset}/{model}/seed{seed}/figures/sanity_correlations.tsv",
    log:
        "logs/sanity_correlations/{dataset}/{model}/seed{seed}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        methods=checked_methods,
        code=code_digest("figures/sanity_correlations"),
    message:
        "Drawing sanity checks of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/figures/sanity_correlations.py"
