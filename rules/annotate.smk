"""What motifs resemble: known profiles, and the binding modes that these stand for.

Requires: filters.meme of interpret.smk, modisco/{method}.meme and the motif databases of motifs.smk;
the program tomtom, where the config asks for it.
Provides: in results/{dataset}/{model}/seed{seed}/ annotation.tsv, modisco/{method}.annotation.tsv,
binding_modes/{method}.tsv and .counts.tsv, and from the program tomtom.tsv and
modisco/{method}.tomtom.tsv; results/{dataset}/{model}/motif_agreement.tsv.
"""


rule tomtom:
    """Tomtom, the program: the known motifs that each filter resembles."""
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
    message:
        "Tomtom for {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    # Tomtom refuses a file without motifs, which MoDISco's may be. The last thing that it writes is
    # its own command.
    shell:
        """
        if ! command -v tomtom >/dev/null; then
            echo "error: the program tomtom is not on the PATH; add '--sdm conda' to let snakemake" \
                "install it from envs/meme.yaml, load your site's MEME suite, or choose" \
                "'program: memelite' under 'annotation' in the config" | tee {log:q} >&2
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
        "Tomtom for the patterns of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"


def tomtom_pairs(wildcards):
    """What Tomtom found, where the config wants the program itself."""
    if config["annotation"]["program"] == "memelite":
        return {}
    run = RUN.format(**dict(wildcards.items()))
    if "method" not in wildcards.keys():
        return {"pairs": f"{run}/tomtom.tsv"}
    return {"pairs": f"{run}/modisco/{wildcards.method}.tomtom.tsv"}


rule annotate:
    """Name each filter after the known motifs that it resembles."""
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
        "Naming the filters of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"
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
        "Naming the patterns of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed}"


def annotation_of(wildcards):
    """The annotated motifs of a run: its filters, or the patterns in its attributions."""
    run = RUN.format(**dict(wildcards.items()))
    if wildcards.method == "filters":
        return f"{run}/annotation.tsv"
    return f"{run}/modisco/{wildcards.method}.annotation.tsv"


rule binding_modes:
    """Which binding modes the motifs of a model stand for, and which of the predicted TFs' are there."""
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
    """Which binding modes the filters of a model come back to from other seeds."""
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
        "Comparing the motifs of {wildcards.model} on {wildcards.dataset} over seeds"
    script:
        "../scripts/motif_agreement.py"
