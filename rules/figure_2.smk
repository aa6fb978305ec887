"""The panels of the paper's Figures 2 and S2, for the models that `figure_2` in the config names.

Requires: marginalisation/spacing.tsv of marginalisation.smk; panel() of figures.smk.
Provides: results/figures/figure_2a and figure_s2 (.pdf, .png, .tsv).
"""

from workflow_lib.config.distance_curves import check_distance_curves

FIGURE_2 = config["figure_2"] or {}

try:
    if FIGURE_2:
        check_distance_curves(FIGURE_2, "figure_2", CATALOGUE, config["marginalisation"])
except InputError as error:
    raise WorkflowError(str(error)) from None


def figure_2_runs(key):
    """The runs of the models that a key of `figure_2` names, of the seed that is shown."""
    wanted = {"datasets": [FIGURE_2.get("dataset", "")], "models": FIGURE_2.get(key) or []}
    runs = [run for run in marginalised_runs("spacing") if run.seed == FIGURE_2.get("seed")]
    # In the order of the config, from left to right.
    named = [selection.matching(runs, wanted | {"models": [name]}) for name in wanted["models"]]
    return list(dict.fromkeys(run for found in named for run in found))


FIGURES |= {
    "figure_2a": ("results/figures/figure_2a", figure_2_runs("models")),
    "figure_s2": ("results/figures/figure_s2", figure_2_runs("additive_models")),
}


rule figure_2:
    """All panels of Figure 2 and Figure S2."""
    input:
        partial(figure_files, patterns=["figure_2*", "figure_s2"]),
    localrule: True


rule figure_2a:
    """Two motifs by their distance, in networks with and without interactions."""
    input:
        spacing=for_runs(f"{RUN}/marginalisation/spacing.tsv", figure_2_runs("models")),
    output:
        **panel("results/figures/figure_2a", "2: motifs by distance", "Figure 2"),
    log:
        "logs/figure_2a.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        target=setting("target", within=FIGURE_2),
        fixed=setting("fixed", within=FIGURE_2),
        title="Two motifs by their distance",
        code=code_digest("figures/figure_2a"),
    message:
        "Drawing Figure 2"
    script:
        "../scripts/figures/figure_2a.py"


use rule figure_2a as figure_s2 with:
    input:
        spacing=for_runs(f"{RUN}/marginalisation/spacing.tsv", figure_2_runs("additive_models")),
    output:
        **panel("results/figures/figure_s2", "S2: motifs by distance, whole maximum", "Figure 2"),
    log:
        "logs/figure_s2.log",
    params:
        target=setting("target", within=FIGURE_2),
        fixed=setting("fixed", within=FIGURE_2),
        title="Two motifs by their distance, units that take the maximum of their whole map",
        code=code_digest("figures/figure_2a"),
    message:
        "Drawing Figure S2"
