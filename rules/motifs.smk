"""Motif sets that need no model.

Requires: the catalogue's motif databases.
Provides: results/motifs/{database}.meme and .tsv.
"""


rule motif_database:
    """Known motifs of one release, with their families and binding modes."""
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
        mem_mb=1000,
        runtime=10,
    params:
        release=setting("motif_databases/{database}/release", within=config),
        collection=setting("motif_databases/{database}/collection", within=config),
        tax_group=setting("motif_databases/{database}/tax_group", within=config),
        code=code_digest("motif_database"),
    message:
        "Writing the known motifs of {wildcards.database}"
    script:
        "../scripts/motif_database.py"
