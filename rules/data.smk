"""Downloads, simulations and data sets.

Requires: the catalogue's sources and data sets; a mirror or the network; motif databases of motifs.smk
for simulations.
Provides: resources/downloads/{source}/{file}; resources/simulated/{source}/ (sequences, planted motifs
and their sites); results/{dataset}/dataset.h5ad, labels.tsv.gz and targets.tsv.
"""

from workflow_lib.config.source_files import source_files
from workflow_lib.config.targets_table import names_of_columns, read_targets_table


rule data:
    """All selected data sets."""
    input:
        for_runs("results/{dataset}/dataset.h5ad"),
    localrule: True


def address(wildcards):
    """Where a file is downloaded from; an error, before any job runs, if `offline` forbids that."""
    here = f"{wildcards.source}/{wildcards.file}"
    places = [Path("resources/downloads", here), Path(config["mirror"] or "", here)]
    if config["offline"] and not any(place.is_file() for place in places):
        where = f"{places[1]} is not there" if config["mirror"] else "there is no mirror"
        raise SystemExit(
            f"config, offline: {places[0]} is not fetched yet, and {where}; wanted a `mirror` that "
            f"holds {here}, or one run with internet: snakemake --cores 1 --until download"
        )
    return setting("sources/{source}/files/{file}/url")(wildcards)


rule download:
    """Copy one file of a source from the mirror, or download it."""
    output:
        file="resources/downloads/{source}/{file}",
    log:
        "logs/download/{source}/{file}.log",
    # Before hours of training: a file that is nowhere should be known at once.
    priority: 10
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
        url=address,
        sha256=setting("sources/{source}/files/{file}/sha256"),
    message:
        "Downloading {wildcards.file} of {wildcards.source}"
    script:
        "../scripts/download.py"


def planted_database(wildcards):
    """The motifs that a simulation plants."""
    name = CATALOGUE["sources"][wildcards.source]["simulate"]["database"]
    return {"meme": f"results/motifs/{name}.meme", "profiles": f"results/motifs/{name}.tsv"}


rule simulate:
    """Simulate sequences with planted motifs, and record what was planted where."""
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


def used_files(wildcards):
    """The files that a data set is parsed from, name -> source."""
    entry = dataset_entry(wildcards.dataset)
    return {} if "from" in entry else source_files(entry, CATALOGUE["sources"])


def source_names(wildcards):
    """The names of these files."""
    return brief(list(used_files(wildcards)))


def source_paths(wildcards):
    """The paths of these files: downloaded, simulated, or the user's own, which must exist."""
    found = []
    for name, source in used_files(wildcards).items():
        entry = CATALOGUE["sources"][source]
        path = entry.get("files", {}).get(name, {}).get("path")
        # Also where a data set is there: it may be of other settings than the present ones.
        if path and not Path(path).exists():
            raise SystemExit(
                f"sources.{source}.files.{name}: there is no file {path} (a relative path starts "
                f"at {Path.cwd()}); `files` of a data set says which files of its source it uses"
            )
        folder = "simulated" if "simulate" in entry else "downloads"
        found.append(path or f"resources/{folder}/{source}/{name}")
    return found


def targets_table(wildcards):
    """The table of a data set's targets, if it has one; read here to know mistakes before any job."""
    entry = dataset_entry(wildcards.dataset)
    path = entry.get("targets_table")
    if not path:
        return []
    # The catalogue's own tables lie in the clone, wherever snakemake was started.
    places = [path, str(Path(workflow_lib.__file__).resolve().parents[1] / path)]
    found = next((place for place in places if Path(place).exists()), None)
    if found is None:
        raise SystemExit(
            f"datasets.{wildcards.dataset}.targets_table: there is no file {path} (a relative path "
            f"starts at {Path.cwd()}, or at the folder of the workflow)"
        )
    try:
        rows = read_targets_table(found)
        if "names" in registries.parameters("parser", entry.get("parser", "table"))[0]:
            names_of_columns(rows, found)
    except InputError as error:
        raise SystemExit(f"datasets.{wildcards.dataset}.targets_table: {error}") from None
    return found


def table_as_prepared(wildcards):
    """The same table; not a newer one: of its contents only the order of the targets matters."""
    found = targets_table(wildcards)
    return ancient(found) if found else []


def target_order(wildcards):
    """For `params`: the targets in the table's order, with their columns."""
    found = targets_table(wildcards)
    return brief([[r.target, r.column] for r in read_targets_table(found)] if found else [])


def other_datasets(wildcards):
    """The data set that this one is made from, and the one whose held-out sequences it shares."""
    entry = dataset_entry(wildcards.dataset)
    others = {"made_from": entry.get("from"), "like": entry["split"].get("like")}
    return {key: f"results/{other}/dataset.h5ad" for key, other in others.items() if other}


rule prepare:
    """Parse a source's files into a data set, drop unusable sequences, and split it."""
    input:
        unpack(other_datasets),
        files=source_paths,
        table=table_as_prepared,
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
        targets=target_order,
        entry=setting(
            "datasets/{dataset}",
            leave_out=(
                *("description", "assembly", "training", "family"),
                *("files", "files_from", "targets_table"),
            ),
        ),
        code=code_digest("prepare"),
    message:
        "Preparing {wildcards.dataset}"
    script:
        "../scripts/prepare.py"


rule targets:
    """The targets in their order, with the groups and colours that figures use."""
    input:
        dataset="results/{dataset}/dataset.h5ad",
        table=targets_table,
    output:
        targets="results/{dataset}/targets.tsv",
    log:
        "logs/targets/{dataset}.log",
    localrule: True
    conda:
        "../envs/python.yaml"
    params:
        code=code_digest("targets"),
    message:
        "Writing the targets of {wildcards.dataset}"
    script:
        "../scripts/targets.py"
