"""The panels of the paper's Figures 1 and S1, for the models that `figure_1` in the config names.

Requires: model.safetensors and metrics of train.smk; filters.tsv, weights, importances and
nullification of interpret.smk; annotation and binding modes of annotate.smk; motif databases of
motifs.smk; panel() and weight_heatmap of figures.smk.
Provides: results/figures/figure_1a ... figure_1g, figure_s1 (.pdf, .png, .tsv).
"""

FIGURE_1 = config["figure_1"] or {}
figure_1_runs = partial(figure_runs, FIGURE_1)
figure_1_file = partial(shown_file, FIGURE_1)

FIGURES |= {
    "figure_1a": ("results/figures/figure_1a", figure_1_runs("model", one_seed=True)),
    "figure_1b": ("results/figures/figure_1b", figure_1_runs("sweep")),
    "figure_1c": (
        "results/figures/figure_1c",
        figure_1_runs("model") and figure_1_runs("other_models"),
    ),
    "figure_1d": ("results/figures/figure_1d", figure_1_runs("sweep")),
    "figure_1e": ("results/figures/figure_1e", figure_1_runs("model")),
    "figure_1f": ("results/figures/figure_1f", figure_1_runs("model", one_seed=True)),
    "figure_1g": ("results/figures/figure_1g", figure_1_runs("model", one_seed=True)),
    "figure_s1": ("results/figures/figure_s1", figure_1_runs("model", one_seed=True)),
}


rule figure_1:
    """All panels of Figure 1 and Figure S1."""
    input:
        partial(figure_files, patterns=["figure_1*", "figure_s1"]),
    localrule: True


rule figure_1a:
    """The architecture, drawn from the settings of the trained model."""
    input:
        model=figure_1_file("model.safetensors"),
    output:
        **panel("results/figures/figure_1a", "1A: architecture", "Figure 1"),
    log:
        "logs/figure_1a.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/figure_1a"),
    message:
        "Drawing Figure 1A"
    script:
        "../scripts/figures/figure_1a.py"


rule figure_1b:
    """Performance by number of units, with other models as lines."""
    input:
        metrics=for_runs(f"{RUN}/metrics.tsv", figure_1_runs("sweep", "baseline_models")),
    output:
        **panel("results/figures/figure_1b", "1B: performance by units", "Figure 1"),
    log:
        "logs/figure_1b.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        units=sweep_units(FIGURE_1, "figure_1"),
        task=setting(f"datasets/{FIGURE_1.get('dataset')}/task"),
        code=code_digest("figures/figure_1b"),
    message:
        "Drawing Figure 1B"
    script:
        "../scripts/figures/figure_1b.py"


rule figure_1c:
    """Scores of the model against those of other models, per target."""
    input:
        metrics=for_runs(f"{RUN}/metrics.tsv", figure_1_runs("model", "other_models")),
    output:
        **panel("results/figures/figure_1c", "1C: target by target", "Figure 1"),
    log:
        "logs/figure_1c.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=setting("model", within=FIGURE_1),
        # For the caption.
        others=list(dict.fromkeys(run.model for run in figure_1_runs("other_models"))),
        task=setting(f"datasets/{FIGURE_1.get('dataset')}/task"),
        code=code_digest("figures/figure_1c"),
    message:
        "Drawing Figure 1C"
    script:
        "../scripts/figures/figure_1c.py"


rule figure_1d:
    """Binding modes found, by number of units."""
    input:
        counts=for_runs(f"{RUN}/binding_modes/filters.counts.tsv", figure_1_runs("sweep")),
    output:
        **panel("results/figures/figure_1d", "1D: binding modes by units", "Figure 1"),
    log:
        "logs/figure_1d.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        units=sweep_units(FIGURE_1, "figure_1"),
        code=code_digest("figures/figure_1d"),
    message:
        "Drawing Figure 1D"
    script:
        "../scripts/figures/figure_1d.py"


def mode_counts(wildcards):
    """The counts of binding modes in filters and patterns of the models in Figure 1E."""
    found = []
    for run in figure_1_runs("interpreted_models", "model"):
        methods = [m for m in attribution_methods() if run in runs_with_patterns(m)]
        for method in ["filters", *methods]:
            found += for_runs(f"{RUN}/binding_modes/{method}.counts.tsv", [run])
    return found


rule figure_1e:
    """Binding modes found, by model and method."""
    input:
        counts=mode_counts,
    output:
        **panel("results/figures/figure_1e", "1E: binding modes by method", "Figure 1"),
    log:
        "logs/figure_1e.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/figure_1e"),
    message:
        "Drawing Figure 1E"
    script:
        "../scripts/figures/figure_1e.py"


use rule weight_heatmap as figure_1f with:
    input:
        weights=figure_1_file("output_weights.tsv"),
        annotation=figure_1_file("annotation.tsv"),
        filters=figure_1_file("filters.tsv"),
        importance=figure_1_file("unit_importance.tsv"),
        profiles=f"{DATABASE}.tsv",
        targets=figure_1_file("targets.tsv", "results/{dataset}"),
        meme=figure_1_file("filters.meme"),
    output:
        **panel("results/figures/figure_1f", "1F: weights", "Figure 1"),
    log:
        "logs/figure_1f.log",
    message:
        "Drawing Figure 1F"


def nullified_filters(wildcards):
    """The input of the lower half of 1G, if that run is selected and its filters are nullified."""
    runs = [
        run for run in figure_1_runs("nullified_model", one_seed=True) if run in nullified_runs()
    ][:1]
    names = {"nullification": "nullification.tsv", "filter_annotation": "annotation.tsv"}
    return {name: path for name, file in names.items() for path in for_runs(f"{RUN}/{file}", runs)}


rule figure_1g:
    """Importances of one TF's unit, and the impact of nullifying its filters in a CNN."""
    input:
        unpack(nullified_filters),
        importance=figure_1_file("unit_importance.tsv"),
        annotation=figure_1_file("annotation.tsv"),
        profiles=f"{DATABASE}.tsv",
    output:
        **panel("results/figures/figure_1g", "1G: one TF's unit and filters", "Figure 1"),
    log:
        "logs/figure_1g.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        target=setting("target", within=FIGURE_1),
        unit_model=setting("model", within=FIGURE_1),
        filter_model=setting("nullified_model", within=FIGURE_1),
        code=code_digest("figures/figure_1g"),
    message:
        "Drawing Figure 1G"
    script:
        "../scripts/figures/figure_1g.py"


rule figure_s1:
    """Importances of the units whose weight for their own TF is negative."""
    input:
        importance=figure_1_file("unit_importance.tsv"),
        annotation=figure_1_file("annotation.tsv"),
        profiles=f"{DATABASE}.tsv",
    output:
        **panel("results/figures/figure_s1", "S1: negative weights", "Figure 1"),
    log:
        "logs/figure_s1.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        targets=setting("negative_weight_targets", within=FIGURE_1),
        code=code_digest("figures/figure_s1"),
    message:
        "Drawing Figure S1"
    script:
        "../scripts/figures/figure_s1.py"
