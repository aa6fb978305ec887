"""Motifs without a model: found by STREME, or taken from elsewhere; and Tomtom, the program.

Requires: results/{dataset}/dataset.h5ad; config["motif_sets"], STREME_SETS, OTHER_SETS
and motif_source() of paths_figure_3.smk; the motif databases of motifs.smk and filters.meme of
interpret.smk; the programs streme and tomtom, where a selection uses them.
Provides: results/{dataset}/motifs/{motif_set}.meme, for STREME's sets also .tsv and in a folder of
that name train.bound.fa, train.unbound.fa, streme.txt, machine.txt; tomtom.tsv in
results/{dataset}/{model}/seed{seed}/, modisco/{method}.tomtom.tsv there.
"""


rule sequences_to_fasta:
    """The bound and the unbound sequences of the training part, for STREME."""
    input:
        dataset="results/{dataset}/dataset.h5ad",
    output:
        bound="results/{dataset}/motifs/{motif_set}/train.bound.fa",
        unbound="results/{dataset}/motifs/{motif_set}/train.unbound.fa",
    log:
        "logs/sequences_to_fasta/{dataset}/{motif_set}.log",
    wildcard_constraints:
        motif_set=STREME_SETS,
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(4000),
        runtime=by_attempt(20),
    params:
        part="train",
        target=setting("motif_sets/{motif_set}/streme/target", within=config),
        most_sequences=setting("motif_sets/{motif_set}/streme/most_sequences", within=config),
        seed=setting("motif_sets/{motif_set}/streme/seed", within=config),
        code=code_digest("sequences_to_fasta"),
    message:
        "Writing the sequences of {wildcards.dataset} for {wildcards.motif_set}"
    script:
        "../scripts/sequences_to_fasta.py"


rule streme:
    """STREME: motifs that the bound sequences have more often than the unbound ones."""
    input:
        bound="results/{dataset}/motifs/{motif_set}/train.bound.fa",
        unbound="results/{dataset}/motifs/{motif_set}/train.unbound.fa",
    output:
        streme="results/{dataset}/motifs/{motif_set}/streme.txt",
        machine="results/{dataset}/motifs/{motif_set}/machine.txt",
    log:
        "logs/streme/{dataset}/{motif_set}.log",
    benchmark:
        "benchmarks/streme/{dataset}/{motif_set}.tsv"
    wildcard_constraints:
        motif_set=STREME_SETS,
    conda:
        "../envs/meme.yaml"
    threads: 1
    resources:
        mem_mb=by_attempt(4000),
        runtime=by_attempt(720),
    params:
        hofract=setting("motif_sets/{motif_set}/streme/hofract", within=config),
        maxw=setting("motif_sets/{motif_set}/streme/maxw", within=config),
        nmotifs=setting("motif_sets/{motif_set}/streme/nmotifs", within=config),
    message:
        "STREME on {wildcards.dataset} for {wildcards.motif_set} (progress: {log})"
    # The machine is noted for comparisons of times. FINALTIME is the last thing that STREME writes:
    # without it the output is not whole (a full disk, say).
    shell:
        """
        if ! command -v streme >/dev/null; then
            echo "error: the program streme is not on the PATH; add '--sdm conda' to let snakemake" \
                "install it from envs/meme.yaml, or load your site's MEME suite" | tee {log:q} >&2
            exit 1
        fi
        cpu=$(grep -m 1 '^model name' /proc/cpuinfo 2>/dev/null | sed 's/^[^:]*: *//' \
            || sysctl -n machdep.cpu.brand_string 2>/dev/null \
            || true)
        echo "$(uname -srm), ${{cpu:-unknown CPU}}" >{output.machine:q}
        streme \
            --p {input.bound:q} \
            --n {input.unbound:q} \
            --dna \
            --hofract {params.hofract:q} \
            --maxw {params.maxw:q} \
            --nmotifs {params.nmotifs:q} \
            --text \
            >{output.streme:q} \
            2>{log:q}
        if ! grep -q '^FINALTIME' {output.streme:q}; then
            echo "error: STREME's output is not whole" | tee -a {log:q} >&2
            exit 1
        fi
        """


rule streme_motifs:
    """STREME's motifs as a MEME file, and a table of their scores."""
    input:
        streme="results/{dataset}/motifs/{motif_set}/streme.txt",
    output:
        meme="results/{dataset}/motifs/{motif_set}.meme",
        motifs="results/{dataset}/motifs/{motif_set}.tsv",
    log:
        "logs/streme_motifs/{dataset}/{motif_set}.log",
    wildcard_constraints:
        motif_set=STREME_SETS,
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        code=code_digest("streme_motifs"),
    message:
        "Reading STREME's motifs of {wildcards.dataset} ({wildcards.motif_set})"
    script:
        "../scripts/streme_motifs.py"


rule motif_set:
    """Motifs that exist already: known profiles, a file of the user's, the filters of a run."""
    input:
        motifs=motif_source,
    output:
        meme="results/{dataset}/motifs/{motif_set}.meme",
    log:
        "logs/motif_set/{dataset}/{motif_set}.log",
    wildcard_constraints:
        motif_set=OTHER_SETS,
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        profiles=setting("motif_sets/{motif_set}/profiles", within=config),
        code=code_digest("motif_set"),
    message:
        "Taking the motifs {wildcards.motif_set} for {wildcards.dataset}"
    script:
        "../scripts/motif_set.py"


rule tomtom:
    """Tomtom, the program: the known motifs that each filter resembles."""
    input:
        filters="results/{dataset}/{model}/seed{seed}/filters.meme",
        database=f"results/motifs/{config['annotation']['database']}.meme",
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
        database=f"results/motifs/{config['annotation']['database']}.meme",
    output:
        pairs="results/{dataset}/{model}/seed{seed}/modisco/{method}.tomtom.tsv",
    log:
        "logs/tomtom_patterns/{dataset}/{model}/seed{seed}/{method}.log",
    benchmark:
        "benchmarks/tomtom_patterns/{dataset}/{model}/seed{seed}/{method}.tsv"
    message:
        "Tomtom for the patterns of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
