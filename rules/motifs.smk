"""Motif sets that need no model.

Requires: the catalogue's motif databases.
Provides: results/motifs/{database}.meme and .tsv.
"""


def cluster_file(wildcards):
    """The table of binding modes that the config names, if it names one."""
    clusters = config["motif_databases"][wildcards.database].get("clusters")
    if not clusters or not config["annotation"]["clusters"]:
        return {}
    return {"clusters": f"resources/downloads/{clusters['source']}/{clusters['file']}"}


rule motif_database:
    """Known motifs of one release, with their families and binding modes."""
    input:
        unpack(cluster_file),
    output:
        meme="results/motifs/{database}.meme",
        profiles="results/motifs/{database}.tsv",
    log:
        "logs/motif_database/{database}.log",
    params:
        release=lookup(dpath="motif_databases/{database}/release", within=config),
        collection=lookup(dpath="motif_databases/{database}/collection", within=config),
        tax_group=lookup(dpath="motif_databases/{database}/tax_group", within=config),
        code=code_digest("motif_database"),
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../envs/python.yaml"
    script:
        "../scripts/motif_database.py"
