"""From sources to data sets.

Requires: the catalogue's sources and data sets; a mirror or the network.
Provides: results/{dataset}/dataset.h5ad, results/{dataset}/labels.tsv.gz.
"""


rule data:
    """All selected data sets."""
    input:
        for_runs("results/{dataset}/dataset.h5ad"),
    localrule: True


rule download:
    """Bring one file of a source here, from the mirror or from its address."""
    output:
        file="resources/downloads/{source}/{file}",
    log:
        "logs/download/{source}/{file}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    resources:
        # Not params: changing them must not delete and repeat finished downloads.
        mirror=str(config["mirror"] or ""),
        offline=int(config["offline"]),
        mem_mb=500,
        runtime=60,
    params:
        url=setting("sources/{source}/files/{file}/url"),
        sha256=setting("sources/{source}/files/{file}/sha256"),
    message:
        "Bringing {wildcards.file} of {wildcards.source}"
    script:
        "../scripts/download.py"


rule simulate:
    """Draw sequences with planted motifs; the truth is written beside them."""
    input:
        unpack(planted_database),
    output:
        sequences="resources/simulated/{source}/sequences.tsv.gz",
        truth="resources/simulated/{source}/truth.tsv",
        sites="resources/simulated/{source}/sites.tsv.gz",
    log:
        "logs/simulate/{source}.log",
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(1000),
        runtime=by_attempt(10),
    params:
        settings=setting("sources/{source}/simulate"),
        code=code_digest("simulate"),
    message:
        "Simulating {wildcards.source}"
    script:
        "../scripts/simulate.py"


rule prepare:
    """Parse a source's files into a data set, drop what cannot be used, and split it."""
    input:
        unpack(other_datasets),
        files=source_paths,
    output:
        dataset="results/{dataset}/dataset.h5ad",
        labels="results/{dataset}/labels.tsv.gz",
    log:
        "logs/prepare/{dataset}.log",
    benchmark:
        "benchmarks/prepare/{dataset}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=by_attempt(8000),
        runtime=by_attempt(60),
    params:
        names=source_names,
        entry=setting("datasets/{dataset}"),
        code=code_digest("prepare"),
    message:
        "Preparing {wildcards.dataset}"
    script:
        "../scripts/prepare.py"
