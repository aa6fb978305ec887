"""The overview page: what was run, with data sets, scores, settings and versions.

Requires: results of data.smk, train.smk and interpret.smk.
Provides: results/overview.html, results/config.yaml.
"""

# The data sets that selected ones are made from.
BASES = dict.fromkeys(CATALOGUE["datasets"][run.dataset].get("from") for run in RUNS)


rule overview:
    """Write the overview page, with dropped sequences, devices, versions and the merged config."""
    input:
        datasets=for_runs("results/{dataset}/dataset.h5ad"),
        bases=[f"results/{base}/dataset.h5ad" for base in BASES if base],
        models=for_runs(f"{RUN}/model.safetensors"),
        histories=for_runs(f"{RUN}/history.tsv", TRAINED_RUNS),
        selections=for_runs(f"{RUN}/selection.tsv", runs_with_filters()),
        attributions=for_runs(f"{RUN}/attributions/{{method}}.tsv", by_method(attributed_runs)),
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
        config=brief(dict(config)),
        code=code_digest("overview"),
    message:
        "Writing the overview page"
    script:
        "../scripts/overview.py"
