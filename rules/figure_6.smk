"""Panel B of the paper's Figure 6, for the models that `figure_6` in the config names.

Requires: metrics.tsv and sequence_correlations.tsv.gz of train.smk; panel() and figure_runs() of
figures.smk.
Provides: results/figures/figure_6b (.pdf, .png, .tsv).
"""

FIGURE_6 = config["figure_6"] or {}

figure_6_runs = partial(figure_runs, FIGURE_6)

FIGURES |= {"figure_6b": ("results/figures/figure_6b", figure_6_runs("models"))}


rule figure_6:
    """All panels of Figure 6."""
    input:
        partial(figure_files, patterns=["figure_6*"]),
    localrule: True


def first_layers():
    """For `params`: how the first layer of each model starts, and whether it stays so."""
    found = {}
    for name in dict.fromkeys(run.model for run in figure_6_runs("models")):
        entry = CATALOGUE["models"][name]
        start = "profiles" if entry.get("filters_from") else "random"
        frozen = entry.get("freeze", "none") != "none"
        found[name] = [start if "units" in METHODS[name] else "other", frozen]
    return found


rule figure_6b:
    """Models whose filters start at random or from known profiles, free or frozen."""
    input:
        metrics=for_runs(f"{RUN}/metrics.tsv", figure_6_runs("models")),
        correlations=for_runs(
            f"{RUN}/sequence_correlations.tsv.gz",
            runs_with_correlations(figure_6_runs("models")),
        ),
    output:
        **panel("results/figures/figure_6b", "6B: filters that start from motifs", "Figure 6"),
    log:
        "logs/figure_6b.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        starts=first_layers(),
        metric=setting("metric", within=FIGURE_6),
        task=setting(f"datasets/{FIGURE_6.get('dataset')}/task"),
        threshold=setting("threshold", within=FIGURE_6),
        code=code_digest("figures/figure_6b"),
    message:
        "Drawing Figure 6B"
    script:
        "../scripts/figures/figure_6b.py"
