"""Annotation of motifs: the known profiles that they resemble, and the binding modes of these.

Requires: model.safetensors of train.smk; filters.meme of interpret.smk; modisco/{method}.meme and the
motif databases of motifs.smk; the program tomtom, if the config chooses it.
Provides: in results/{dataset}/{model}/seed{seed}/ annotation.tsv, modisco/{method}.annotation.tsv,
binding_modes/{method}.tsv and .counts.tsv, and from the program tomtom.tsv and
modisco/{method}.tomtom.tsv; expected_motifs.tsv; results/{dataset}/{model}/motif_agreement.tsv.
"""


rule tomtom:
    """Run the program Tomtom: which known motifs each filter resembles."""
    input:
        filters="results/{dataset}/{model}/seed{seed}/filters.meme",
        database=f"{DATABASE}.meme",
    output:
        pairs="results/{dataset}/{model}/seed{seed}/tomtom.tsv",
    log:
        "logs/tomtom/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "benchmarks/tomtom/{dataset}/{model}/seed{seed}.tsv"
    conda:
        "../envs/meme.yaml"
    threads: 1
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(60),
    params:
        q_value=config["annotation"]["q_value"],
        program=partial(check_meme_suite, program="tomtom", installed=BY_CONDA),
    message:
        "Running Tomtom on the filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    # Tomtom fails on a file without motifs, and TF-MoDISco may find none. Tomtom writes its own command
    # last: without that line the output is incomplete.
    shell:
        """
        if ! command -v tomtom >/dev/null; then
            echo "error: tomtom is not on the PATH; wanted that of the MEME suite, version 5 or newer:" \
                "add '--sdm conda', load your site's MEME suite, or choose 'program: memelite'" \
                "under 'annotation' in the config" | tee {log:q} >&2
            exit 1
        fi
        if ! grep -q '^MOTIF' {input.filters:q}; then
            echo "# tomtom: there were no motifs to compare" >{output.pairs:q}
            exit 0
        fi
        tomtom \
            -text \
            -dist ed \
            -min-overlap 1 \
            -thresh {params.q_value:q} \
            {input.filters:q} \
            {input.database:q} \
            >{output.pairs:q} \
            2>{log:q}
        if ! grep -q '^# tomtom' {output.pairs:q}; then
            echo "error: Tomtom's output is not whole" | tee -a {log:q} >&2
            exit 1
        fi
        """


use rule tomtom as tomtom_patterns with:
    input:
        filters="results/{dataset}/{model}/seed{seed}/modisco/{method}.meme",
        database=f"{DATABASE}.meme",
    output:
        pairs="results/{dataset}/{model}/seed{seed}/modisco/{method}.tomtom.tsv",
    log:
        "logs/tomtom_patterns/{dataset}/{model}/seed{seed}/{method}.log",
    benchmark:
        "benchmarks/tomtom_patterns/{dataset}/{model}/seed{seed}/{method}.tsv"
    message:
        "Running Tomtom on the patterns of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"


def tomtom_pairs(wildcards):
    """The matches that the program Tomtom found, if the config chooses it."""
    if config["annotation"]["program"] == "memelite":
        return {}
    run = RUN.format(**dict(wildcards.items()))
    if "method" not in wildcards.keys():
        return {"pairs": f"{run}/tomtom.tsv"}
    return {"pairs": f"{run}/modisco/{wildcards.method}.tomtom.tsv"}


rule annotate:
    """Annotate each filter with the known motifs that it resembles."""
    input:
        unpack(tomtom_pairs),
        filters="results/{dataset}/{model}/seed{seed}/filters.meme",
        database=f"{DATABASE}.meme",
        profiles=f"{DATABASE}.tsv",
    output:
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
    log:
        "logs/annotate/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(20),
    params:
        q_value=config["annotation"]["q_value"],
        code=code_digest("annotate"),
    message:
        "Annotating the filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/annotate.py"


use rule annotate as annotate_patterns with:
    input:
        unpack(tomtom_pairs),
        filters="results/{dataset}/{model}/seed{seed}/modisco/{method}.meme",
        database=f"{DATABASE}.meme",
        profiles=f"{DATABASE}.tsv",
    output:
        annotation="results/{dataset}/{model}/seed{seed}/modisco/{method}.annotation.tsv",
    log:
        "logs/annotate_patterns/{dataset}/{model}/seed{seed}/{method}.log",
    message:
        "Annotating the patterns of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"


def annotation_of(wildcards):
    """The annotation of a run's filters, or of the patterns in its attributions."""
    run = RUN.format(**dict(wildcards.items()))
    if wildcards.method == "filters":
        return f"{run}/annotation.tsv"
    return f"{run}/modisco/{wildcards.method}.annotation.tsv"


rule binding_modes:
    """Count the binding modes of a model's motifs: those of the predicted TFs, and others."""
    input:
        model="results/{dataset}/{model}/seed{seed}/model.safetensors",
        annotation=annotation_of,
        profiles=f"{DATABASE}.tsv",
    output:
        modes="results/{dataset}/{model}/seed{seed}/binding_modes/{method}.tsv",
        counts="results/{dataset}/{model}/seed{seed}/binding_modes/{method}.counts.tsv",
    log:
        "logs/binding_modes/{dataset}/{model}/seed{seed}/{method}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        which=config["binding_modes"]["matches"],
        code=code_digest("binding_modes"),
    message:
        "Counting binding modes of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} ({wildcards.method})"
    script:
        "../scripts/binding_modes.py"


rule motif_agreement:
    """Count in how many seeds of a model each binding mode recurs among the filters."""
    input:
        models=paths(f"{RUN}/model.safetensors", sharing("dataset", "model")),
        annotations=paths(f"{RUN}/annotation.tsv", sharing("dataset", "model")),
        profiles=f"{DATABASE}.tsv",
    output:
        agreement="results/{dataset}/{model}/motif_agreement.tsv",
    log:
        "logs/motif_agreement/{dataset}/{model}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        which=config["binding_modes"]["matches"],
        code=code_digest("motif_agreement"),
    message:
        "Comparing the motifs of {wildcards.model} on {wildcards.dataset} across seeds"
    script:
        "../scripts/motif_agreement.py"


rule expected_motifs:
    """Whether a model found the motifs that its targets are known for."""
    input:
        annotation="results/{dataset}/{model}/seed{seed}/annotation.tsv",
        importance="results/{dataset}/{model}/seed{seed}/unit_importance.tsv",
    output:
        expected="results/{dataset}/{model}/seed{seed}/expected_motifs.tsv",
    log:
        "logs/expected_motifs/{dataset}/{model}/seed{seed}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        expected=config["expected_motifs"]["motifs"],
        code=code_digest("expected_motifs"),
    message:
        "Looking for the expected motifs in {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/expected_motifs.py"
