"""Functions that give the rules their inputs, params and targets.

Requires: common.smk.
Provides: one section for each file of rules.
"""

# sources and data sets


def source_names(wildcards):
    """The names of those files in the catalogue."""
    return catalogue.source_files(of_kind(wildcards.dataset), CATALOGUE["sources"])


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


def split_like(wildcards):
    """The data set whose held-out sequences this one shares, if it declares one."""
    other = of_kind(wildcards.dataset)["split"].get("like")
    return {"like": f"results/{other}/dataset.h5ad"} if other else {}


def planted_database(wildcards):
    """The motifs that a simulation plants."""
    name = CATALOGUE["sources"][wildcards.source]["simulate"]["database"]
    return {"meme": f"results/motifs/{name}.meme", "profiles": f"results/motifs/{name}.tsv"}


# training


def runs_with_same_regions(run):
    """Runs of the same model and seed on the data set whose split this run's data set shares."""
    like = of_kind(run.dataset)["split"].get("like")
    other = run._replace(dataset=like)
    both_binary = like and of_kind(like)["task"] == of_kind(run.dataset)["task"] == "binary"
    return [other] if both_binary and other in ALL_RUNS else []


def compared_runs(wildcards):
    """For a data set with another one's split: predictions of the models trained on both."""
    same = (wildcards.dataset, wildcards.model)
    of_this = [run for run in RUNS if run[:2] == same and runs_with_same_regions(run)]
    of_other = [other for run in of_this for other in runs_with_same_regions(run)]
    return {
        "labels": for_runs("results/{dataset}/labels.tsv.gz", of_other),
        "of_other": for_runs(f"{RUN}/predictions.tsv.gz", of_other),
        "of_this": for_runs(f"{RUN}/predictions.tsv.gz", of_this),
    }


# interpretation


def truth_table(wildcards):
    """What was planted in a simulated data set."""
    return f"resources/simulated/{of_kind(wildcards.dataset)['source']}/truth.tsv"


# motifs


def cluster_file(wildcards):
    """The table of binding modes that the config names, if it names one."""
    clusters = config["motif_databases"][wildcards.database].get("clusters")
    if not clusters:
        return {}
    return {"clusters": f"resources/downloads/{clusters['source']}/{clusters['file']}"}


# figures


def figure_files():
    """The PDF files of the selected figures."""
    unknown = set(config["figures"]) - set(FIGURES)
    if unknown:
        raise WorkflowError(
            f"config, figures: unknown {sorted(unknown)}; there are: {', '.join(FIGURES)}"
        )
    chosen = [FIGURES[name] for name in config["figures"]]
    return [path for pattern, runs in chosen for path in for_runs(f"{pattern}.pdf", runs)]


def of_model(pattern):
    """Paths of a pattern for all seeds of a model on a data set."""

    def paths(wildcards):
        same = (wildcards.dataset, wildcards.model)
        return for_runs(pattern, [run for run in RUNS if run[:2] == same])

    return paths


def seeds_of(wildcards):
    """The seed of each run on a data set, or of each run of one model on it."""
    model = wildcards.get("model")
    runs = [run for run in RUNS if run.dataset == wildcards.dataset]
    return [run.seed for run in runs if model in (None, run.model)]


def other_dataset_file(wildcards):
    """That data set's file."""
    return f"results/{other_dataset(wildcards)}/dataset.h5ad"


def of_dataset(pattern):
    """Paths of a pattern for all runs on a data set."""

    def paths(wildcards):
        return for_runs(pattern, [run for run in RUNS if run.dataset == wildcards.dataset])

    return paths


def models_of(wildcards):
    """The model of each run on a data set."""
    return [run.model for run in RUNS if run.dataset == wildcards.dataset]


def other_dataset(wildcards):
    """The data set whose held-out sequences this one shares."""
    return of_kind(wildcards.dataset)["split"]["like"]


# targets


def interpretation_results():
    """What `interpretation` asks for: every model of units, interpreted."""
    return for_runs(f"{RUN}/annotation.tsv", with_units()) + for_runs(
        f"{RUN}/unit_importance.tsv", with_units()
    )


def applied_results():
    """Predictions of the trained models for the user's FASTA files, taken apart where they can be."""
    paths = []
    for name, entry in config["apply"].items():
        runs = catalogue.matching(RUNS, entry)
        paths += for_runs(f"{RUN}/apply/{name}.tsv", runs)
        paths += for_runs(f"{RUN}/apply/{name}.contributions.tsv.gz", with_units(runs))
    return paths
