"""Panels B and C of the paper's Figure 6, and S4, for the models that `figure_6` in the config names.

Requires: targets.tsv of data.smk; metrics.tsv and sequence_correlations.tsv.gz of train.smk; filter_changes.tsv
of initial_filters.smk; filters.meme and unit_importance.tsv of interpret.smk; panel(), figure_runs() and
refined_filters of figures.smk.
Provides: results/figures/figure_6b, figure_6c and figure_s4 (.pdf, .png, .tsv).
"""

from workflow_lib.config.filters_from import check_start

FIGURE_6 = config["figure_6"] or {}

try:
    check_start(CATALOGUE["models"], FIGURE_6.get("free_model"), "figure_6.free_model")
    check_start(CATALOGUE["models"], FIGURE_6.get("frozen_model"), "figure_6.frozen_model", True)
except InputError as error:
    raise WorkflowError(str(error)) from None

figure_6_runs = partial(figure_runs, FIGURE_6)

FIGURES |= {
    "figure_6b": ("results/figures/figure_6b", figure_6_runs("models")),
    "figure_6c": ("results/figures/figure_6c", figure_6_runs("free_model", one_seed=True)),
    "figure_s4": ("results/figures/figure_s4", figure_6_runs("frozen_model", one_seed=True)),
}


rule figure_6:
    """All panels of Figure 6."""
    input:
        partial(figure_files, patterns=["figure_6*", "figure_s4"]),
    localrule: True


def first_layers():
    """For `params`: how the first layer of each model starts, and whether it stays so."""
    found = {}
    for name in dict.fromkeys(run.model for run in figure_6_runs("models")):
        entry = CATALOGUE["models"][name]
        start = "profiles" if entry.get("filters_from") else "random"
        frozen = entry.get("freeze", "none") != "none"
        # How the filters of a published model started is not known.
        ours = "units" in METHODS[name] and "published" not in entry
        found[name] = [start if ours else "other", frozen]
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


def refined_files(key):
    """What is read of a run whose filters started from motifs."""
    files = {
        "targets": "results/{dataset}/targets.tsv",
        "model": f"{RUN}/model.safetensors",
        "meme": f"{RUN}/filters.meme",
        "changes": f"{RUN}/filter_changes.tsv",
        "importance": f"{RUN}/unit_importance.tsv",
    }
    for run in figure_6_runs(key, one_seed=True):
        return starting_motifs(run) | {name: for_runs(p, [run])[0] for name, p in files.items()}
    return {}


use rule refined_filters as figure_6c with:
    input:
        **refined_files("free_model"),
    output:
        **panel("results/figures/figure_6c", "6C: refined filters", "Figure 6"),
    log:
        "logs/figure_6c.log",
    params:
        profiles=setting("free_profiles", within=FIGURE_6),
        most=config["refined_filters"]["most"],
        code=code_digest("figures/refined_filters"),
    message:
        "Drawing Figure 6C"


use rule refined_filters as figure_s4 with:
    input:
        **refined_files("frozen_model"),
    output:
        **panel("results/figures/figure_s4", "S4: frozen filters", "Figure 6"),
    log:
        "logs/figure_s4.log",
    params:
        profiles=setting("frozen_profiles", within=FIGURE_6),
        most=config["refined_filters"]["most"],
        code=code_digest("figures/refined_filters"),
    message:
        "Drawing Figure S4"
