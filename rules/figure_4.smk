"""The panels of the paper's Figure 4, for the models that `figure_4` in the config names.

Requires: targets.tsv of data.smk; metrics.tsv and sequence_correlations.tsv.gz of train.smk; filters,
weights and importances of interpret.smk; annotation of annotate.smk; motif databases of motifs.smk;
panel(), figure_runs() and weight_heatmap of figures.smk.
Provides: results/figures/figure_4a ... figure_4e (.pdf, .png, .tsv).
"""

FIGURE_4 = config["figure_4"] or {}
FIGURE_4_MOTIFS = FIGURE_4.get("motifs", [])

figure_4_runs = partial(figure_runs, FIGURE_4)
figure_4_file = partial(shown_file, FIGURE_4)

FIGURES |= {
    "figure_4a": ("results/figures/figure_4a", figure_4_runs("sweep")),
    "figure_4b": (
        "results/figures/figure_4b",
        figure_4_runs("model", one_seed=True)
        and runs_with_correlations(figure_4_runs("baseline", one_seed=True)),
    ),
    "figure_4c": ("results/figures/figure_4c", figure_4_runs("model", one_seed=True)),
    "figure_4d": (
        "results/figures/figure_4d",
        figure_4_runs("model", one_seed=True) if FIGURE_4_MOTIFS[:1] else [],
    ),
    "figure_4e": (
        "results/figures/figure_4e",
        figure_4_runs("model", one_seed=True) if FIGURE_4_MOTIFS[1:2] else [],
    ),
}


rule figure_4:
    """All panels of Figure 4."""
    input:
        partial(figure_files, patterns=["figure_4*"]),
    localrule: True


rule figure_4a:
    """Performance and well-predicted sequences by number of units."""
    input:
        metrics=for_runs(f"{RUN}/metrics.tsv", figure_4_runs("sweep", "baseline")),
        correlations=for_runs(
            f"{RUN}/sequence_correlations.tsv.gz",
            runs_with_correlations(figure_4_runs("sweep", "baseline")),
        ),
    output:
        **panel("results/figures/figure_4a", "4A: performance by units", "Figure 4"),
    log:
        "logs/figure_4a.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        units=sweep_units(FIGURE_4, "figure_4"),
        metric=setting("metric", within=FIGURE_4),
        task=setting(f"datasets/{FIGURE_4.get('dataset')}/task"),
        threshold=setting("threshold", within=FIGURE_4),
        code=code_digest("figures/figure_4a"),
    message:
        "Drawing Figure 4A"
    script:
        "../scripts/figures/figure_4a.py"


rule figure_4b:
    """Correlations of the model against those of the baseline, per sequence."""
    input:
        correlations=for_runs(
            f"{RUN}/sequence_correlations.tsv.gz",
            figure_4_runs("model", "baseline", one_seed=True),
        ),
    output:
        **panel("results/figures/figure_4b", "4B: sequence by sequence", "Figure 4"),
    log:
        "logs/figure_4b.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=setting("model", within=FIGURE_4),
        other=setting("baseline", within=FIGURE_4),
        code=code_digest("figures/figure_4b"),
    message:
        "Drawing Figure 4B"
    script:
        "../scripts/figures/figure_4b.py"


use rule weight_heatmap as figure_4c with:
    input:
        weights=figure_4_file("output_weights.tsv"),
        annotation=figure_4_file("annotation.tsv"),
        filters=figure_4_file("filters.tsv"),
        importance=figure_4_file("unit_importance.tsv"),
        profiles=f"{DATABASE}.tsv",
        targets=figure_4_file("targets.tsv", "results/{dataset}"),
        meme=figure_4_file("filters.meme"),
    output:
        **panel("results/figures/figure_4c", "4C: weights", "Figure 4"),
    log:
        "logs/figure_4c.log",
    message:
        "Drawing Figure 4C"


rule figure_4d:
    """Importances of the first motif's unit for each target."""
    input:
        importance=figure_4_file("unit_importance.tsv"),
        annotation=figure_4_file("annotation.tsv"),
        targets=figure_4_file("targets.tsv", "results/{dataset}"),
        meme=figure_4_file("filters.meme"),
    output:
        **panel("results/figures/figure_4d", "4D: importances of a motif", "Figure 4"),
    log:
        "logs/figure_4d.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        motif="".join(FIGURE_4_MOTIFS[:1]),
        code=code_digest("figures/figure_4d"),
    message:
        "Drawing Figure 4D"
    script:
        "../scripts/figures/figure_4d.py"


use rule figure_4d as figure_4e with:
    output:
        **panel("results/figures/figure_4e", "4E: importances of a motif", "Figure 4"),
    log:
        "logs/figure_4e.log",
    params:
        motif="".join(FIGURE_4_MOTIFS[1:2]),
        code=code_digest("figures/figure_4d"),
    message:
        "Drawing Figure 4E"
