"""Sources of motifs: databases, STREME, attributions, the user's files, and filters of a run.

Requires: the catalogue's motif databases and motif sets; dataset.h5ad and downloads of data.smk;
filters.meme and attributions of interpret.smk; the program streme, if a selection uses it.
Provides: results/motifs/{database}.meme and .tsv; in results/{dataset}/{model}/seed{seed}/
modisco/{method}.meme, .tsv and .targets.tsv; results/{dataset}/motifs/{motif_set}.meme, for STREME's
sets also .tsv and in a folder of that name train.bound.fa, train.unbound.fa, streme.txt, machine.txt.
"""

from functools import partial
from importlib.metadata import distributions

from snakemake.settings.types import DeploymentMethod

from workflow_lib.execution.programs import check_meme_suite

BY_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
STREME_SETS = one_of(n for n, entry in config["motif_sets"].items() if "streme" in entry)
OTHER_SETS = one_of(n for n, entry in config["motif_sets"].items() if "streme" not in entry)


def cluster_file(wildcards):
    """The table of binding modes that the config names, if it names one."""
    clusters = config["motif_databases"][wildcards.database].get("clusters")
    if not clusters:
        return {}
    return {"clusters": f"resources/downloads/{clusters['source']}/{clusters['file']}"}


rule motif_database:
    """Known motifs of one JASPAR release, with their TF families and binding modes."""
    input:
        unpack(cluster_file),
    output:
        meme="results/motifs/{database}.meme",
        profiles="results/motifs/{database}.tsv",
    log:
        "logs/motif_database/{database}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        entry=setting("{database}", within=config["motif_databases"]),
        code=code_digest("motif_database"),
    message:
        "Writing the known motifs of {wildcards.database}"
    script:
        "../scripts/motif_database.py"


def runs_with_patterns(method):
    """The runs whose attributions by a method TF-MoDISco searches for motifs."""
    return attributed_runs(method) if method in config["attribution"]["modisco"]["methods"] else []


def modisco_settings(wildcards):
    """The settings of TF-MoDISco; an error, before any job runs, if it is not installed.

    Not an input function: where one fails, Snakemake keeps results that it would have to make again.
    """
    if not BY_CONDA and not any(distributions(name="modisco-lite")):
        raise SystemExit(
            "TF-MoDISco is not installed: run `make venv-modisco`, or let snakemake install it "
            "with `--sdm conda`"
        )
    return {k: v for k, v in config["attribution"]["modisco"].items() if k != "methods"}


rule modisco:
    """TF-MoDISco: motifs that recur in the attributions of each target."""
    input:
        attributions="results/{dataset}/{model}/seed{seed}/attributions/{method}.h5",
    output:
        meme="results/{dataset}/{model}/seed{seed}/modisco/{method}.meme",
        patterns="results/{dataset}/{model}/seed{seed}/modisco/{method}.tsv",
        targets="results/{dataset}/{model}/seed{seed}/modisco/{method}.targets.tsv",
    log:
        "logs/modisco/{dataset}/{model}/seed{seed}/{method}.log",
    benchmark:
        "benchmarks/modisco/{dataset}/{model}/seed{seed}/{method}.tsv"
    conda:
        "../envs/modisco.yaml"
    threads: 2
    resources:
        mem_mb=by_attempt(8000),
        runtime=by_attempt(240),
    params:
        settings=modisco_settings,
        code=code_digest("modisco"),
    message:
        "Running TF-MoDISco on attributions of {wildcards.model} on {wildcards.dataset}, seed {wildcards.seed} (progress: {log})"
    script:
        "../scripts/modisco.py"


rule sequences_to_fasta:
    """Write the positive (bound) and negative (unbound) training sequences for STREME."""
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
    """STREME: motifs enriched in the positive over the negative sequences."""
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
        program=partial(check_meme_suite, program="streme", installed=BY_CONDA),
    message:
        "Running STREME on {wildcards.dataset} for {wildcards.motif_set} (progress: {log})"
    # The machine is recorded for comparisons of times. STREME writes FINALTIME last: without it the
    # output is incomplete (a full disk, say).
    shell:
        """
        if ! command -v streme >/dev/null; then
            echo "error: streme is not on the PATH; wanted that of the MEME suite, version 5 or newer:" \
                "add '--sdm conda', or load your site's MEME suite" | tee {log:q} >&2
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


def motif_source(wildcards):
    """The file with the motifs of a set: known profiles, the user's file, or a run's filters."""
    entry = config["motif_sets"][wildcards.motif_set]
    if "database" in entry:
        return f"results/motifs/{entry['database']}.meme"
    if "of" in entry:
        run = selection.Run(**entry["of"])
        if run not in set(RUNS):
            raise SystemExit(
                f"motif_sets.{wildcards.motif_set}.of: {run.model} on {run.dataset}, seed "
                f"{run.seed}, is not among the selected `runs`"
            )
        return for_runs(f"{RUN}/filters.meme", [run])[0]
    return entry["meme"]


rule motif_set:
    """Make a motif set from known profiles, a user's file or the filters of a run."""
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
        "Writing the motif set {wildcards.motif_set} for {wildcards.dataset}"
    script:
        "../scripts/motif_set.py"
