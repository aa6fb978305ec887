"""The panels of the paper's Figure 3 and Figure S3, from what `figure_3` in the config names.

Requires: rankings and best motifs of scanning.smk; benchmark files of train.smk, interpret.smk and
discovery.smk; FIGURES of figures.smk.
Provides: results/discovery_times.tsv, results/assay_scores.tsv, {panel}.motifs.meme and .tsv and
figure_3a ... figure_3g, figure_s3 (.pdf, .png, .tsv) in results/figures/.
"""


rule figure_3:
    """All panels of Figure 3 and Figure S3."""
    input:
        figure_3_files,
    localrule: True


rule collect_times:
    """Wall and CPU seconds of each step that finding motifs took."""
    input:
        discovery_files,
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
        entries=discovery_entries,
        code=code_digest("collect_times"),
    message:
        "Collecting the times of motif discovery"
    script:
        "../scripts/collect_times.py"


rule score_assays:
    """The best motif of each assay and method, on the held-out sequences of one data set."""
    input:
        motifs=assay_files,
        dataset=scored_dataset,
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
        entries=assay_about,
        about=assay_settings,
        code=code_digest("score_assays"),
    message:
        "Scoring the motifs of all assays"
    script:
        "../scripts/score_assays.py"


rule align_motifs:
    """Motifs laid beside the known profile of their row."""
    input:
        motifs=logo_files,
        rankings=logo_rankings,
        database=logo_database,
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
        entries=logo_about,
        references=logo_references,
        reference_label="JASPAR",
        code=code_digest("align_motifs"),
    message:
        "Aligning the motifs of {wildcards.panel}"
    script:
        "../scripts/align_motifs.py"


rule figure_3a:
    """How well PWMs do, by the importance of their units."""
    input:
        scores="results/motif_scores.tsv",
    output:
        pdf="results/figures/figure_3a.pdf",
        png=report(
            "results/figures/figure_3a.png",
            caption="../resources/report/figure_3a.rst",
            category="Figure 3",
            labels={"figure": "3A: PWMs by importance"},
        ),
        tsv="results/figures/figure_3a.tsv",
    log:
        "logs/figure_3a.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=figure_3_setting("model"),
        seed=figure_3_setting("seed"),
        datasets=figure_3_datasets,
        code=code_digest("figures/figure_3a"),
    message:
        "Drawing Figure 3A"
    script:
        "../scripts/figures/figure_3a.py"


rule figure_3b:
    """The best PWM of each data set, against the compared motif set."""
    input:
        scores="results/motif_scores.tsv",
    output:
        pdf="results/figures/figure_3b.pdf",
        png=report(
            "results/figures/figure_3b.png",
            caption="../resources/report/figure_3b.rst",
            category="Figure 3",
            labels={"figure": "3B: best PWMs"},
        ),
        tsv="results/figures/figure_3b.tsv",
    log:
        "logs/figure_3b.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=figure_3_setting("model"),
        seed=figure_3_setting("seed"),
        compared=figure_3_compared,
        datasets=figure_3_datasets,
        code=code_digest("figures/figure_3b"),
    message:
        "Drawing Figure 3B"
    script:
        "../scripts/figures/figure_3b.py"


rule figure_3c:
    """That difference, by the size of the data set."""
    input:
        scores="results/motif_scores.tsv",
    output:
        pdf="results/figures/figure_3c.pdf",
        png=report(
            "results/figures/figure_3c.png",
            caption="../resources/report/figure_3c.rst",
            category="Figure 3",
            labels={"figure": "3C: by data set size"},
        ),
        tsv="results/figures/figure_3c.tsv",
    log:
        "logs/figure_3c.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=figure_3_setting("model"),
        seed=figure_3_setting("seed"),
        compared=figure_3_compared,
        datasets=figure_3_datasets,
        code=code_digest("figures/figure_3c"),
    message:
        "Drawing Figure 3C"
    script:
        "../scripts/figures/figure_3c.py"


rule figure_3d:
    """How long motif discovery takes."""
    input:
        times="results/discovery_times.tsv",
    output:
        pdf="results/figures/figure_3d.pdf",
        png=report(
            "results/figures/figure_3d.png",
            caption="../resources/report/figure_3d.rst",
            category="Figure 3",
            labels={"figure": "3D: time"},
        ),
        tsv="results/figures/figure_3d.tsv",
    log:
        "logs/figure_3d.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        model=figure_3_setting("model"),
        seed=figure_3_setting("seed"),
        compared=figure_3_compared,
        datasets=figure_3_datasets,
        code=code_digest("figures/figure_3d"),
    message:
        "Drawing Figure 3D"
    script:
        "../scripts/figures/figure_3d.py"


rule figure_3e:
    """Logos of chosen TFs beside their known profiles."""
    input:
        table="results/figures/figure_3e.motifs.tsv",
        meme="results/figures/figure_3e.motifs.meme",
    output:
        pdf="results/figures/figure_3e.pdf",
        png=report(
            "results/figures/figure_3e.png",
            caption="../resources/report/figure_3e.rst",
            category="Figure 3",
            labels={"figure": "3E: logos"},
        ),
        tsv="results/figures/figure_3e.tsv",
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


rule figure_3f:
    """The best PWMs of one TF over assays and methods."""
    input:
        scores="results/assay_scores.tsv",
    output:
        pdf="results/figures/figure_3f.pdf",
        png=report(
            "results/figures/figure_3f.png",
            caption="../resources/report/figure_3f.rst",
            category="Figure 3",
            labels={"figure": "3F: assays"},
        ),
        tsv="results/figures/figure_3f.tsv",
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
    """Logos of one TF over assays and methods."""
    input:
        table="results/figures/figure_3g.motifs.tsv",
        meme="results/figures/figure_3g.motifs.meme",
    output:
        pdf="results/figures/figure_3g.pdf",
        png=report(
            "results/figures/figure_3g.png",
            caption="../resources/report/figure_3g.rst",
            category="Figure 3",
            labels={"figure": "3G: logos over assays"},
        ),
        tsv="results/figures/figure_3g.tsv",
    log:
        "logs/figure_3g.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        reference_label="JASPAR",
        model_label=model_label,
        code=code_digest("figures/figure_3g"),
    message:
        "Drawing Figure 3G"
    script:
        "../scripts/figures/figure_3g.py"


use rule figure_3e as figure_s3 with:
    input:
        table="results/figures/figure_s3.motifs.tsv",
        meme="results/figures/figure_s3.motifs.meme",
    output:
        pdf="results/figures/figure_s3.pdf",
        png=report(
            "results/figures/figure_s3.png",
            caption="../resources/report/figure_s3.rst",
            category="Figure 3",
            labels={"figure": "S3: nuclear receptors"},
        ),
        tsv="results/figures/figure_s3.tsv",
    log:
        "logs/figure_s3.log",
    message:
        "Drawing Figure S3"
