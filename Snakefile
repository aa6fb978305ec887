"""The ExplaiNN workflow: interpretable neural networks for DNA, from data sets to motifs and figures."""

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.current_basedir}/config/config.yaml"


report: "resources/report/workflow.rst"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/apply.smk"
include: "rules/interpret.smk"
include: "rules/motifs.smk"
include: "rules/annotate.smk"
include: "rules/initial_filters.smk"
include: "rules/scanning.smk"
include: "rules/compare.smk"
include: "rules/figures.smk"
include: "rules/marginalisation.smk"
include: "rules/figure_1.smk"
include: "rules/figure_2.smk"
include: "rules/figure_3.smk"
include: "rules/figure_4.smk"
include: "rules/figure_6.smk"
include: "rules/report.smk"
include: "rules/cluster.smk"


check_figure_names()


rule all:
    default_target: True
    input:
        "results/overview.html",
        "results/metrics.tsv",
        interpretation_results,
        applied_results,
        figure_files,
    localrule: True
