"""From sources to data sets.

Requires: the catalogue's sources and data sets; a mirror or the network.
Provides: results/{dataset}/dataset.h5ad, results/{dataset}/labels.tsv.gz.
"""

if config["mirror"] and not Path(config["mirror"]).is_dir():
    raise WorkflowError(
        f"mirror: {config['mirror']} is not a folder (a relative path starts at {Path.cwd()})"
    )


def mirrored(wildcards):
    """The mirror's copy of a source's file, if there is a mirror and it has it."""
    path = Path(config["mirror"] or "", wildcards.source, wildcards.file)
    return {"mirrored": str(path)} if config["mirror"] and path.is_file() else {}


def source_paths(wildcards):
    """The files that a data set is made of: downloaded, simulated or the user's own."""
    entry = of_kind(wildcards.dataset)
    source = CATALOGUE["sources"][entry["source"]]
    if "simulate" in source:
        return [f"resources/simulated/{entry['source']}/sequences.tsv.gz"]
    return [
        source["files"][file].get("path") or f"resources/downloads/{entry['source']}/{file}"
        for file in catalogue.source_files(entry, CATALOGUE["sources"])
    ]


def source_names(wildcards):
    """The names of those files in the catalogue."""
    return catalogue.source_files(of_kind(wildcards.dataset), CATALOGUE["sources"])


def split_like(wildcards):
    """The data set whose held-out sequences this one shares, if it declares one."""
    other = of_kind(wildcards.dataset)["split"].get("like")
    return {"like": f"results/{other}/dataset.h5ad"} if other else {}


rule data:
    """All selected data sets."""
    input:
        for_runs("results/{dataset}/dataset.h5ad"),
    localrule: True


rule download:
    """Bring one file of a source here, from the mirror or from its address."""
    input:
        unpack(mirrored),
    output:
        file="resources/downloads/{source}/{file}",
    log:
        "logs/download/{source}/{file}.log",
    params:
        url=lookup(dpath="sources/{source}/files/{file}/url", within=CATALOGUE),
        sha256=lookup(dpath="sources/{source}/files/{file}/sha256", within=CATALOGUE, default=None),
    resources:
        # Not a param: switching it must not repeat finished downloads.
        offline=int(config["offline"]),
        mem_mb=500,
        runtime=60,
    localrule: True
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/download.py"


rule simulate:
    """Draw sequences with planted motifs; the truth is written beside them."""
    input:
        meme=f"results/motifs/{config['annotation']['database']}.meme",
        profiles=f"results/motifs/{config['annotation']['database']}.tsv",
    output:
        sequences="resources/simulated/{source}/sequences.tsv.gz",
        truth="resources/simulated/{source}/truth.tsv",
        sites="resources/simulated/{source}/sites.tsv.gz",
    log:
        "logs/simulate/{source}.log",
    params:
        settings=lookup(dpath="sources/{source}/simulate", within=CATALOGUE),
        code=code_digest("simulate"),
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/simulate.py"


rule prepare:
    """Parse a source's files into a data set, drop what cannot be used, and split it."""
    input:
        unpack(split_like),
        files=source_paths,
    output:
        dataset="results/{dataset}/dataset.h5ad",
        labels="results/{dataset}/labels.tsv.gz",
    log:
        "logs/prepare/{dataset}.log",
    benchmark:
        "benchmarks/prepare/{dataset}.tsv"
    params:
        names=source_names,
        entry=lookup(dpath="datasets/{dataset}", within=CATALOGUE),
        code=code_digest("prepare"),
    resources:
        mem_mb=4000,
        runtime=60,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/prepare.py"
