"""The panels of the paper's Figures 3 and S3, for the runs that `figure_3` in the config names.

Requires: dataset.h5ad of data.smk; model.safetensors of train.smk; filters.meme of interpret.smk; motif
databases and motif sets of motifs.smk; motif_scores.tsv, rankings and best motifs of scanning.smk;
benchmark files of train.smk, interpret.smk and motifs.smk; panel() of figures.smk.
Provides: results/discovery_times.tsv, results/assay_scores.tsv; in results/figures/ {panel}.motifs.meme
and .tsv, figure_3a ... figure_3g, figure_s3 (.pdf, .png, .tsv).
"""

from snakemake.settings.types import ExecMode

from workflow_lib.execution.provenance import record_paths

FIGURE_3 = config["figure_3"] or {}


def figure_3_runs():
    """The runs of `figure_3`: one model and seed."""
    if not FIGURE_3:
        return []
    wanted = {"models": [FIGURE_3["model"]], "seeds": [FIGURE_3["seed"]]}
    return selection.matching(ranked_runs(), wanted | {"datasets": FIGURE_3["datasets"]})


def tool_name(method):
    """The name of a model or motif set in figures."""
    if method in config["motif_sets"]:
        return "STREME" if "streme" in config["motif_sets"][method] else method
    return "ExplaiNN" if CATALOGUE["models"][method]["architecture"] == "explainn" else method


def short_name(dataset):
    """The name of a data set in figures: for a member of a family only the member."""
    family = dataset_entry(dataset).get("family")
    return dataset.removeprefix(family.split(expand.MEMBER)[0]) if family else dataset


def receptor_logos(key):
    """The motifs of 3E or S3, one dict each: file, row, column and known profile."""
    baseline, scanned, found = FIGURE_3.get("baseline_motif_set"), set(scanned_sets()), []
    for run in figure_3_runs():
        profile = FIGURE_3[key].get(run.dataset)
        methods = {run.model: (for_runs(f"{RUN}/filters", [run])[0], learned_from(run.dataset))}
        if (run.dataset, baseline) in scanned:
            base = SET.format(dataset=run.dataset, motif_set=baseline)
            methods[baseline] = (base, learned_from(run.dataset, baseline))
        for method, (base, sequences) in methods.items() if profile else []:
            about = {"row": short_name(run.dataset), "column": tool_name(method), "motif": None}
            files = {"path": f"{base}.meme", "ranking": f"{base}.ranking.tsv"}
            found.append(about | files | {"sequences": sequences, "profile": profile})
    return brief(found)


def assay_logos(wildcards=None):
    """The motifs of 3F and 3G: one row per assay, the model's and those of other methods."""
    entry = FIGURE_3.get("assays") or {"shown": []}
    found = []
    for shown in entry["shown"]:
        runs = [run for run in ranked_runs() if run.dataset == shown["dataset"]]
        wanted = {"datasets": ["*"], "models": [FIGURE_3["model"]], "seeds": [FIGURE_3["seed"]]}
        methods = [
            (tool_name(run.model), "explainn", *for_runs(f"{RUN}/filters.best.meme", [run]))
            for run in selection.matching(runs, wanted)
        ]
        for label, motif_set in shown["methods"].items():
            if (shown["dataset"], motif_set) in scanned_sets():
                base = SET.format(dataset=shown["dataset"], motif_set=motif_set)
                methods.append((label, "other", f"{base}.best.meme"))
        for method, kind, path in methods:
            about = {"row": shown["assay"], "column": method, "kind": kind, "path": path}
            found.append(about | {"motif": shown["target"], "profile": entry["profile"]})
    return brief(found)


def logos(wildcards):
    """For `params`: the motifs of a panel of logos."""
    keys = {"figure_3e": "logos", "figure_s3": "receptors"}
    if wildcards.panel == "figure_3g":
        return assay_logos()
    return receptor_logos(keys[wildcards.panel])


FIGURE_3_DATASETS = brief([run.dataset for run in figure_3_runs()])
# The motif set that the model is compared with, if it was scored.
BASELINE = FIGURE_3.get("baseline_motif_set")
if all(motif_set != BASELINE for _, motif_set in scanned_sets()):
    BASELINE = None
FIGURES |= {
    "figure_3a": ("results/figures/figure_3a", figure_3_runs()),
    "figure_3b": ("results/figures/figure_3b", figure_3_runs()),
    "figure_3c": ("results/figures/figure_3c", figure_3_runs()),
    "figure_3d": ("results/figures/figure_3d", figure_3_runs()),
    "figure_3e": ("results/figures/figure_3e", receptor_logos("logos") and figure_3_runs()),
    "figure_3f": ("results/figures/figure_3f", assay_logos() and figure_3_runs()),
    "figure_3g": ("results/figures/figure_3g", assay_logos() and figure_3_runs()),
    "figure_s3": ("results/figures/figure_s3", receptor_logos("receptors") and figure_3_runs()),
}


LOGOS = {**FIGURE_3.get("logos", {}), **FIGURE_3.get("receptors", {})}
WITHOUT_LOGOS = sorted({name for name in LOGOS if LOGOS[name]} - set(FIGURE_3_DATASETS))
if FIGURE_3_DATASETS and WITHOUT_LOGOS and workflow.exec_mode == ExecMode.DEFAULT:
    logger.warning(f"figure_3: no logos of {', '.join(WITHOUT_LOGOS)}: not scored")


rule figure_3:
    """All panels of Figure 3 and Figure S3."""
    input:
        partial(figure_files, patterns=["figure_3*", "figure_s3"]),
    localrule: True


rule figure_3a:
    """Performance of PWMs by the importance rank of their units."""
    input:
        scores="results/motif_scores.tsv",
    output:
        **panel("results/figures/figure_3a", "3A: PWMs by importance", "Figure 3"),
    log:
        "logs/figure_3a.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=setting("model", within=FIGURE_3),
        seed=setting("seed", within=FIGURE_3),
        datasets=FIGURE_3_DATASETS,
        code=code_digest("figures/figure_3a"),
    message:
        "Drawing Figure 3A"
    script:
        "../scripts/figures/figure_3a.py"


rule figure_3b:
    """Scores of the model's best PWM and of the motif set's, per data set."""
    input:
        scores="results/motif_scores.tsv",
    output:
        **panel("results/figures/figure_3b", "3B: best PWMs", "Figure 3"),
    log:
        "logs/figure_3b.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=setting("model", within=FIGURE_3),
        seed=setting("seed", within=FIGURE_3),
        baseline=BASELINE,
        datasets=FIGURE_3_DATASETS,
        code=code_digest("figures/figure_3b"),
    message:
        "Drawing Figure 3B"
    script:
        "../scripts/figures/figure_3b.py"


rule figure_3c:
    """The difference between these best PWMs, by the size of the data set."""
    input:
        scores="results/motif_scores.tsv",
    output:
        **panel("results/figures/figure_3c", "3C: by data set size", "Figure 3"),
    log:
        "logs/figure_3c.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=setting("model", within=FIGURE_3),
        seed=setting("seed", within=FIGURE_3),
        baseline=BASELINE,
        datasets=FIGURE_3_DATASETS,
        code=code_digest("figures/figure_3c"),
    message:
        "Drawing Figure 3C"
    script:
        "../scripts/figures/figure_3c.py"


def timed_step(rule, run, files, made_by):
    """One row of the table of times: the step, and the files that tell of it."""
    # Filters of models with units, which are those ranked, are read by a rule of their own.
    proxy = rules.filters_and_importances if rule == "filters" else getattr(rules, rule)
    return {
        **{"dataset": run["dataset"], "method": run.get("model") or run["motif_set"]},
        **{"seed": str(run.get("seed", "")), "step": rule},
        "benchmark": str(proxy.benchmark).format(**run),
        "record": record_paths(path.format(**run) for path in proxy.output)[0],
        "sequences": files,
        "made_by": made_by,
    }


def timed_steps(wildcards):
    """For `params`: the timed steps of motif discovery, of models and of STREME."""
    found = []
    for run in ranked_runs():
        if run.model in PUBLISHED:
            continue
        files = learned_from(run.dataset)
        [made_by] = for_runs(f"{RUN}/model.safetensors", [run])
        for step in ("train", "filters"):
            found.append(timed_step(step, run._asdict(), files, made_by))
    for dataset, motif_set in scanned_sets():
        if "streme" in config["motif_sets"][motif_set]:
            run = {"dataset": dataset, "motif_set": motif_set}
            made_by = f"{SET.format(**run)}/machine.txt"
            found.append(timed_step("streme", run, learned_from(dataset, motif_set), made_by))
    return brief(found)


def timed_files(wildcards):
    """The files that the table of times is made of."""
    steps = timed_steps(wildcards)
    return [path for s in steps for path in (s["benchmark"], *s["sequences"], s["made_by"])]


rule collect_times:
    """Collect wall and CPU times of each step of motif discovery."""
    input:
        timed_files,
    output:
        times="results/discovery_times.tsv",
    log:
        "logs/collect_times.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        entries=timed_steps,
        code=code_digest("collect_times"),
    message:
        "Collecting the times of motif discovery"
    script:
        "../scripts/collect_times.py"


rule figure_3d:
    """Time of motif discovery by the size of the data set."""
    input:
        times="results/discovery_times.tsv",
    output:
        **panel("results/figures/figure_3d", "3D: time", "Figure 3"),
    log:
        "logs/figure_3d.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=setting("model", within=FIGURE_3),
        seed=setting("seed", within=FIGURE_3),
        baseline=BASELINE,
        datasets=FIGURE_3_DATASETS,
        code=code_digest("figures/figure_3d"),
    message:
        "Drawing Figure 3D"
    script:
        "../scripts/figures/figure_3d.py"


def logo_inputs(wildcards):
    """The motif files of a panel of logos, the rankings that choose among them, the known motifs."""
    entries = logos(wildcards)
    database = FIGURE_3["motif_database"] or config["annotation"]["database"]
    return {
        "motifs": [entry["path"] for entry in entries],
        "rankings": [entry["ranking"] for entry in entries if "ranking" in entry],
        "sequences": [path for entry in entries for path in entry.get("sequences", [])],
        "database": f"results/motifs/{database}.meme",
    }


rule align_motifs:
    """Align motifs with the known profile of their row."""
    input:
        unpack(logo_inputs),
    output:
        meme="results/figures/{panel}.motifs.meme",
        table="results/figures/{panel}.motifs.tsv",
    log:
        "logs/align_motifs/{panel}.log",
    wildcard_constraints:
        panel="figure_3e|figure_3g|figure_s3",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(20),
    params:
        entries=logos,
        reference_label="JASPAR",
        q_value=config["annotation"]["q_value"],
        code=code_digest("align_motifs"),
    message:
        "Aligning the motifs of {wildcards.panel}"
    script:
        "../scripts/align_motifs.py"


rule figure_3e:
    """Logos of the motifs of chosen TFs, next to their known profiles."""
    input:
        table="results/figures/figure_3e.motifs.tsv",
        meme="results/figures/figure_3e.motifs.meme",
    output:
        **panel("results/figures/figure_3e", "3E: logos", "Figure 3"),
    log:
        "logs/figure_3e.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        reference_label="JASPAR",
        code=code_digest("figures/figure_3e"),
    message:
        "Drawing Figure 3E"
    script:
        "../scripts/figures/figure_3e.py"


use rule figure_3e as figure_s3 with:
    input:
        table="results/figures/figure_s3.motifs.tsv",
        meme="results/figures/figure_s3.motifs.meme",
    output:
        **panel("results/figures/figure_s3", "S3: nuclear receptors", "Figure 3"),
    log:
        "logs/figure_s3.log",
    message:
        "Drawing Figure S3"


def assay_inputs(wildcards):
    """The motifs of all assays, and the data set on whose held-out sequences they are scored."""
    scored_on = FIGURE_3["assays"]["scored_on"]
    motifs = [entry["path"] for entry in assay_logos()]
    return {"motifs": motifs, "dataset": f"results/{scored_on}/dataset.h5ad"}


rule score_assays:
    """Score the best motif of each assay and method on the held-out sequences of one data set."""
    input:
        unpack(assay_inputs),
    output:
        scores="results/assay_scores.tsv",
    log:
        "logs/score_assays.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(20),
    params:
        entries=assay_logos,
        scoring=config["scanning"]["scoring"],
        floor=config["scanning"]["floor"],
        draws=config["evaluation"]["draws"],
        scored_on=FIGURE_3.get("assays") and short_name(FIGURE_3["assays"]["scored_on"]),
        code=code_digest("score_assays"),
    message:
        "Scoring the motifs of all assays"
    script:
        "../scripts/score_assays.py"


rule figure_3f:
    """Scores of the best PWMs of one TF, by assay and method."""
    input:
        scores="results/assay_scores.tsv",
    output:
        **panel("results/figures/figure_3f", "3F: assays", "Figure 3"),
    log:
        "logs/figure_3f.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("figures/figure_3f"),
    message:
        "Drawing Figure 3F"
    script:
        "../scripts/figures/figure_3f.py"


rule figure_3g:
    """Logos of the motifs of one TF, by assay and method."""
    input:
        table="results/figures/figure_3g.motifs.tsv",
        meme="results/figures/figure_3g.motifs.meme",
    output:
        **panel("results/figures/figure_3g", "3G: logos over assays", "Figure 3"),
    log:
        "logs/figure_3g.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        reference_label="JASPAR",
        model_label=FIGURE_3 and tool_name(FIGURE_3["model"]),
        code=code_digest("figures/figure_3g"),
    message:
        "Drawing Figure 3G"
    script:
        "../scripts/figures/figure_3g.py"
