"""The panels of the paper's Figure 1 and Figure S1, from what `figure_1` in the config names.

Requires: metrics of train.smk, importances and nullification of interpret.smk, modes of motifs.smk;
FIGURES and weight_heatmap of figures.smk.
Provides: results/{dataset}/figures/figure_1a ... figure_1g, figure_s1 (.pdf, .png, .tsv).
"""


rule figure_1:
    """All panels of Figure 1 and Figure S1."""
    input:
        figure_1_files,
    localrule: True


rule figure_1a:
    """The architecture, drawn from the model's own settings."""
    input:
        model=figure_1_path(f"{RUN}/model.safetensors"),
    output:
        pdf="results/{dataset}/figures/figure_1a.pdf",
        png=report(
            "results/{dataset}/figures/figure_1a.png",
            caption="../resources/report/figure_1a.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1A: architecture", "model": "", "seed": ""},
        ),
        tsv="results/{dataset}/figures/figure_1a.tsv",
    log:
        "logs/figure_1a/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/figure_1a"),
    message:
        "Drawing Figure 1A of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_1a.py"


rule figure_1b:
    """Performance by number of units, other models as lines."""
    input:
        metrics=figure_1_paths(f"{RUN}/metrics.tsv", "sweep", "baselines"),
    output:
        pdf="results/{dataset}/figures/figure_1b.pdf",
        png=report(
            "results/{dataset}/figures/figure_1b.png",
            caption="../resources/report/figure_1b.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1B: performance by units", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/figure_1b.tsv",
    log:
        "logs/figure_1b/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        models=figure_1_values("model", "sweep"),
        units=figure_1_values("units", "sweep"),
        baselines=figure_1_names("baselines"),
        metric=main_metric,
        code=code_digest("figures/figure_1b"),
    message:
        "Drawing Figure 1B of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_1b.py"


rule figure_1c:
    """The model against others, target by target."""
    input:
        metrics=figure_1_paths(f"{RUN}/metrics.tsv", "model", "compared"),
    output:
        pdf="results/{dataset}/figures/figure_1c.pdf",
        png=report(
            "results/{dataset}/figures/figure_1c.png",
            caption="../resources/report/figure_1c.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1C: target by target", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/figure_1c.tsv",
    log:
        "logs/figure_1c/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=figure_1_setting("model"),
        others=figure_1_names("compared"),
        metric=main_metric,
        code=code_digest("figures/figure_1c"),
    message:
        "Drawing Figure 1C of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_1c.py"


rule figure_1d:
    """Binding modes found, by number of units."""
    input:
        modes=figure_1_paths(f"{RUN}/binding_modes/filters.tsv", "sweep"),
    output:
        pdf="results/{dataset}/figures/figure_1d.pdf",
        png=report(
            "results/{dataset}/figures/figure_1d.png",
            caption="../resources/report/figure_1d.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1D: binding modes by units", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/figure_1d.tsv",
    log:
        "logs/figure_1d/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        models=figure_1_values("model", "sweep"),
        seeds=figure_1_values("seed", "sweep"),
        units=figure_1_values("units", "sweep"),
        code=code_digest("figures/figure_1d"),
    message:
        "Drawing Figure 1D of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_1d.py"


rule figure_1e:
    """Binding modes found, by model and method."""
    input:
        modes=mode_tables("path"),
    output:
        pdf="results/{dataset}/figures/figure_1e.pdf",
        png=report(
            "results/{dataset}/figures/figure_1e.png",
            caption="../resources/report/figure_1e.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1E: binding modes by method", "model": "all", "seed": "all"},
        ),
        tsv="results/{dataset}/figures/figure_1e.tsv",
    log:
        "logs/figure_1e/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        models=mode_tables("model"),
        methods=mode_tables("method"),
        seeds=mode_tables("seed"),
        code=code_digest("figures/figure_1e"),
    message:
        "Drawing Figure 1E of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_1e.py"


use rule weight_heatmap as figure_1f with:
    input:
        weights=figure_1_path(f"{RUN}/output_weights.tsv"),
        annotation=figure_1_path(f"{RUN}/annotation.tsv"),
        filters=figure_1_path(f"{RUN}/filters.tsv"),
        importance=figure_1_path(f"{RUN}/unit_importance.tsv"),
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        pdf="results/{dataset}/figures/figure_1f.pdf",
        png=report(
            "results/{dataset}/figures/figure_1f.png",
            caption="../resources/report/figure_1f.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1F: weights", "model": "", "seed": ""},
        ),
        tsv="results/{dataset}/figures/figure_1f.tsv",
    log:
        "logs/figure_1f/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    message:
        "Drawing Figure 1F of {wildcards.dataset}"


rule figure_1g:
    """Importances of the unit of one TF, and what its filters in a CNN are worth."""
    input:
        unpack(nullified_filters),
        importance=figure_1_path(f"{RUN}/unit_importance.tsv"),
        annotation=figure_1_path(f"{RUN}/annotation.tsv"),
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        pdf="results/{dataset}/figures/figure_1g.pdf",
        png=report(
            "results/{dataset}/figures/figure_1g.png",
            caption="../resources/report/figure_1g.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "1G: one TF's unit and filters", "model": "", "seed": ""},
        ),
        tsv="results/{dataset}/figures/figure_1g.tsv",
    log:
        "logs/figure_1g/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        target=figure_1_text("target"),
        unit_model=figure_1_setting("model"),
        filter_model=figure_1_setting("nullified"),
        code=code_digest("figures/figure_1g"),
    message:
        "Drawing Figure 1G of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_1g.py"


rule figure_s1:
    """Importances of the units whose weight for their own TF is negative."""
    input:
        importance=figure_1_path(f"{RUN}/unit_importance.tsv"),
        annotation=figure_1_path(f"{RUN}/annotation.tsv"),
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        pdf="results/{dataset}/figures/figure_s1.pdf",
        png=report(
            "results/{dataset}/figures/figure_s1.png",
            caption="../resources/report/figure_s1.rst",
            category="{dataset}",
            subcategory="Figure 1",
            labels={"figure": "S1: negative weights", "model": "", "seed": ""},
        ),
        tsv="results/{dataset}/figures/figure_s1.tsv",
    log:
        "logs/figure_s1/{dataset}.log",
    wildcard_constraints:
        dataset=FIGURE_1_DATASET,
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        targets=figure_1_text("negative"),
        code=code_digest("figures/figure_s1"),
    message:
        "Drawing Figure S1 of {wildcards.dataset}"
    script:
        "../scripts/figures/figure_s1.py"
