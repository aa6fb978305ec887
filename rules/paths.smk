"""Functions that give the rules their inputs, params and targets.

Requires: common.smk.
Provides: one section for each file of rules.
"""

# sources and data sets


def source_names(wildcards):
    """The names of those files in the catalogue."""
    if "from" in of_kind(wildcards.dataset):
        return []
    return catalogue.source_files(of_kind(wildcards.dataset), CATALOGUE["sources"])


def source_paths(wildcards):
    """The files that a data set is made of: downloaded, simulated or the user's own."""
    entry = of_kind(wildcards.dataset)
    if "from" in entry:
        return []
    source = CATALOGUE["sources"][entry["source"]]
    if "simulate" in source:
        return [f"resources/simulated/{entry['source']}/sequences.tsv.gz"]
    return [
        own_file(entry["source"], file) or f"resources/downloads/{entry['source']}/{file}"
        for file in catalogue.source_files(entry, CATALOGUE["sources"])
    ]


def own_file(source, file):
    """The path of a user's file, which has to be there; None for one that is downloaded."""
    path = CATALOGUE["sources"][source]["files"][file].get("path")
    if path and not Path(path).exists():
        raise WorkflowError(
            f"sources.{source}.files.{file}: there is no file {path} (a relative path starts at "
            f"{Path.cwd()}); `files` of a data set says which files of its source it uses"
        )
    return path


def other_datasets(wildcards):
    """The data set that this one is made from, and the one whose held-out sequences it shares."""
    entry = of_kind(wildcards.dataset)
    others = {"made_from": entry.get("from"), "like": entry["split"].get("like")}
    return {key: f"results/{other}/dataset.h5ad" for key, other in others.items() if other}


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


def attributed(method=None):
    """The runs whose predictions are attributed (by one method)."""
    entries = config["attribution"]["runs"]
    chosen = [entry for entry in entries if method is None or method in entry["methods"]]
    return list(dict.fromkeys(run for entry in chosen for run in selection.matching(RUNS, entry)))


def attribution_methods():
    """The methods that any run is attributed by."""
    named = [method for entry in config["attribution"]["runs"] for method in entry["methods"]]
    return [method for method in dict.fromkeys(named) if attributed(method)]


def with_patterns(method):
    """The runs in whose attributions by a method TF-MoDISco looks for motifs."""
    return attributed(method) if method in config["attribution"]["modisco"]["methods"] else []


def checked(method=None):
    """The runs whose attributions (by one method) are compared with those of changed models."""
    entry = config["attribution"]["sanity_checks"]
    methods = [m for m in entry["methods"] if m in attribution_methods() and method in (None, m)]
    runs = [run for m in methods for run in attributed(m)]
    chosen = {"datasets": ["*"], "models": entry["models"]}
    return selection.matching(dict.fromkeys(runs), chosen)


def checked_methods(wildcards):
    """The methods by which a run is checked."""
    run = selection.Run(wildcards.dataset, wildcards.model, int(wildcards.seed))
    methods = config["attribution"]["sanity_checks"]["methods"]
    return [method for method in methods if run in checked(method)]


def chosen_runs(section, runs):
    """Of these runs those that `runs` of a section of the config chooses."""
    entries = config[section]["runs"]
    return list(dict.fromkeys(r for entry in entries for r in selection.matching(runs, entry)))


def nullified():
    """The runs whose filters are taken out one by one."""
    return chosen_runs("nullification", with_filters())


def truth_table(wildcards):
    """What was planted in a simulated data set."""
    return f"resources/simulated/{of_kind(wildcards.dataset)['source']}/truth.tsv"


def changed_models(wildcards):
    """Models that a run's attributions are compared with: of shuffled labels, of another seed.

    The control is of another seed too where there is one: from the same seed both trainings start
    with the same weights.
    """
    run = selection.Run(wildcards.dataset, wildcards.model, int(wildcards.seed))
    shuffled = config["attribution"]["sanity_checks"]["shuffled"].get(run.dataset)
    same = [r for r in RUNS if r[:2] == run[:2] and r != run]
    control = [r for r in RUNS if r[:2] == (shuffled, run.model)]
    control.sort(key=lambda r: r.seed == run.seed)
    return {
        "shuffled": for_runs(f"{RUN}/model.safetensors", control[:1]),
        "other_seed": for_runs(f"{RUN}/model.safetensors", same[:1]),
    }


def checks_of(pattern):
    """Paths of a pattern for each method by which a run is checked."""

    def paths(wildcards):
        known = dict(wildcards.items())
        return [pattern.format(**known, method=method) for method in checked_methods(wildcards)]

    return paths


def attribution_tables():
    """The table of each method and run that is attributed."""
    return [
        path
        for method in attribution_methods()
        for path in for_runs(f"{RUN}/attributions/{method}.tsv", attributed(method))
    ]


def several_seeds(runs):
    """The runs of models that are trained from more than one seed."""
    seeds = Counter(run[:2] for run in RUNS)
    return [run for run in runs if seeds[run[:2]] > 1]


def without_choice(section):
    """A section's settings without those that only say which runs it is for."""
    choice = ("runs", "modisco", "sanity_checks")
    return {key: value for key, value in config[section].items() if key not in choice}


def sanity_settings():
    """How much is checked."""
    entry = config["attribution"]["sanity_checks"]
    return {key: entry[key] for key in ("most_targets", "most_sequences")}


# motifs


def tomtom_pairs(wildcards):
    """What Tomtom found, where the config wants the program itself."""
    if config["annotation"]["program"] == "memelite":
        return {}
    run = RUN.format(**dict(wildcards.items()))
    if "method" not in wildcards.keys():
        return {"pairs": f"{run}/tomtom.tsv"}
    return {"pairs": f"{run}/modisco/{wildcards.method}.tomtom.tsv"}


def annotation_of(wildcards):
    """The annotated motifs of a run: its filters, or the patterns in its attributions."""
    run = RUN.format(**dict(wildcards.items()))
    if wildcards.method == "filters":
        return f"{run}/annotation.tsv"
    return f"{run}/modisco/{wildcards.method}.annotation.tsv"


def chosen_profiles(wildcards):
    """For `params`: which profiles a motif database has."""
    entry = config["motif_databases"][wildcards.database]
    return {key: value for key, value in entry.items() if key != "clusters"}


def cluster_file(wildcards):
    """The table of binding modes that the config names, if it names one."""
    clusters = config["motif_databases"][wildcards.database].get("clusters")
    if not clusters:
        return {}
    return {"clusters": f"resources/downloads/{clusters['source']}/{clusters['file']}"}


# comparing models


def main_metric(wildcards):
    """The score that models of a data set are compared by."""
    return "auprc" if of_kind(wildcards.dataset)["task"] in LABELLED else "pcc"


def strand_models(dataset):
    """The models of `strand_symmetry` that are trained on a data set, as the config has them."""
    trained = {run.model for run in with_filters() if run.dataset == dataset}
    return [model for model in config["strand_symmetry"] if model in trained]


def strand_runs(dataset):
    """Their runs; none where fewer than two of the models are there."""
    chosen = strand_models(dataset)
    runs = [run for model in chosen for run in RUNS if run[:2] == (dataset, model)]
    return runs if len(chosen) > 1 else []


def of_strand_runs(pattern):
    """Paths of a pattern for these runs."""

    def paths(wildcards):
        return for_runs(pattern, strand_runs(wildcards.dataset))

    return paths


def strand_runs_param(field):
    """For `params`: the model or the seed of each of these runs."""

    def values(wildcards):
        return [getattr(run, field) for run in strand_runs(wildcards.dataset)]

    return values


# figures


def figure_files():
    """The PDF files of the selected figures."""
    unknown = set(config["figures"]) - set(FIGURES)
    if unknown:
        raise WorkflowError(
            f"config, figures: unknown {sorted(unknown)}; there are: {', '.join(FIGURES)}"
        )
    chosen = [FIGURES[name] for name in config["figures"]]
    return [
        path
        for pattern, runs in chosen
        for path in for_runs(f"{pattern}.pdf", shown(runs, pattern))
    ]


def shown(runs, pattern):
    """The runs of a figure, without members of families (there may be hundreds) unless asked for.

    A figure of all members at once has no data set in its path: then any run will do.
    """
    if config["member_figures"] or "{dataset}" not in pattern:
        return runs
    return [run for run in runs if "family" not in of_kind(run.dataset)]


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


def config_text(wildcards):
    """For `params`: the whole config as JSON without markup, since reports show all params."""
    return without_markup(config)


# targets


def interpretation_results():
    """What `interpretation` asks for: filters as motifs, importances, and what the config adds."""
    paths = for_runs(f"{RUN}/binding_modes/filters.tsv", with_filters())
    paths += for_runs(f"{RUN}/unit_importance.tsv", with_units())
    paths += for_runs(
        "results/{dataset}/{model}/motif_agreement.tsv", several_seeds(with_filters())
    )
    paths += for_runs(f"{RUN}/nullification.tsv", nullified())
    paths += attribution_tables()
    for method in attribution_methods():
        paths += for_runs(f"{RUN}/binding_modes/{method}.tsv", with_patterns(method))
        paths += for_runs(f"{RUN}/sanity_checks/{method}.tsv", checked(method))
    return paths + motif_results()


def applied_results():
    """Predictions of the trained models for the user's FASTA files, taken apart where they can be."""
    paths = []
    for name, entry in config["apply"].items():
        runs = selection.matching(RUNS, entry)
        paths += for_runs(f"{RUN}/apply/{name}.tsv", runs)
        paths += for_runs(f"{RUN}/apply/{name}.contributions.tsv.gz", with_units(runs))
    return paths
