"""Functions that give motif sets and the panels of Figure 3 their inputs and params.

Requires: common.smk, paths.smk.
Provides: STREME_SETS, OTHER_SETS; what is scanned and collected; the runs and paths of `figure_3`.
"""

STREME_SETS = one_of(n for n, entry in config["motif_sets"].items() if "streme" in entry)
OTHER_SETS = one_of(n for n, entry in config["motif_sets"].items() if "streme" not in entry)
FIGURE_3 = config["figure_3"] or {}
SET = "results/{dataset}/motifs/{motif_set}"

# motif sets and scanning


def motif_source(wildcards):
    """What a motif set is made of: known profiles, a file of the user's, the filters of a run."""
    entry = config["motif_sets"][wildcards.motif_set]
    if "database" in entry:
        return f"results/motifs/{entry['database']}.meme"
    if "of" in entry:
        run = selection.Run(**entry["of"])
        if run not in ALL_RUNS:
            raise WorkflowError(
                f"motif_sets.{wildcards.motif_set}.of: {run.model} on {run.dataset}, seed "
                f"{run.seed}, is not among the selected `runs`"
            )
        return f"{RUN}/filters.meme".format(**run._asdict())
    return entry["meme"]


def ranked_runs():
    """The runs whose filters are scored as motifs."""
    return chosen_runs("scanning", with_units())


def scanned_sets():
    """The motif sets that are scored, each with its data set."""
    selected = dict.fromkeys(run.dataset for run in RUNS)
    found = {}
    for entry in config["scanning"]["sets"]:
        for dataset in selection.matching_names(selected, entry["datasets"]):
            found |= {(dataset, motif_set): None for motif_set in entry["motif_sets"]}
    return list(found)


def of_set(pattern, dataset, motif_set):
    """A path of a motif set."""
    return f"{SET}{pattern}".format(dataset=dataset, motif_set=motif_set)


def rankings():
    """What is collected: data set, method, seed (empty for motif sets) and the ranking's path."""
    of_runs = [(*run, *for_runs(f"{RUN}/filters.ranking.tsv", [run])) for run in ranked_runs()]
    of_sets = [(*pair, "", of_set(".ranking.tsv", *pair)) for pair in scanned_sets()]
    return of_runs + of_sets


def ranking_paths(wildcards):
    """The ranking of each model and motif set."""
    return [path for *_, path in rankings()]


def ranked_datasets(wildcards):
    """The data set of each ranking, in the same order."""
    return [f"results/{dataset}/dataset.h5ad" for dataset, *_ in rankings()]


def about_rankings(wildcards):
    """For `params`: what each ranking is of, in the same order."""
    return [dict(zip(("dataset", "method", "seed"), map(str, row))) for row in rankings()]


def motif_results():
    """What `scanning` and `instances` ask for."""
    paths = for_runs(f"{RUN}/instances.bed.gz", chosen_runs("instances", with_units()))
    return paths + (["results/motif_scores.tsv"] if rankings() else [])


# times


def time_entry(dataset, method, seed, step, sequences, made_by):
    """A row of the table of times: which files it is made of."""
    proxy = getattr(rules, step)
    known = {"dataset": dataset, "model": method, "motif_set": method, "seed": seed}
    return {
        "dataset": dataset,
        "method": method,
        "seed": str(seed),
        "step": step,
        "threads": proxy.rule.resources["_cores"].value,
        "benchmark": str(proxy.benchmark).format(**known),
        "sequences": sequences,
        "made_by": made_by,
    }


def discovery_steps():
    """Each step that finding motifs took, of models and of STREME."""
    entries = []
    for run in ranked_runs():
        base = RUN.format(**run._asdict())
        files = ([f"results/{run.dataset}/dataset.h5ad"], f"{base}/model.safetensors")
        for step in ("train", "filters", "unit_importance"):
            entries.append(time_entry(*run, step, *files))
    for dataset, motif_set in scanned_sets():
        if "streme" in config["motif_sets"][motif_set]:
            folder = of_set("", dataset, motif_set)
            given = [f"{folder}/train.{kind}.fa" for kind in ("bound", "unbound")]
            machine = f"{folder}/machine.txt"
            entries.append(time_entry(dataset, motif_set, "", "streme", given, machine))
    return entries


def discovery_files(wildcards):
    """The files that the table of times is made of."""
    return [
        path
        for entry in discovery_steps()
        for path in (entry["benchmark"], *entry["sequences"], entry["made_by"])
    ]


def discovery_entries(wildcards):
    """For `params`: the rows of the table of times."""
    return discovery_steps()


# Figure 3


def figure_3_runs():
    """The runs of `figure_3`: one model and seed."""
    if not FIGURE_3:
        return []
    wanted = {"models": [FIGURE_3["model"]], "seeds": [FIGURE_3["seed"]]}
    return selection.matching(ranked_runs(), wanted | {"datasets": FIGURE_3["datasets"]})


def figure_3_datasets(wildcards):
    """For `params`: their data sets."""
    return [run.dataset for run in figure_3_runs()]


def figure_3_setting(key):
    """For `params`: what the config says."""

    def value(wildcards):
        return FIGURE_3[key]

    return value


def figure_3_compared(wildcards):
    """For `params`: the motif set that the model is compared with, where it was scored at all."""
    name = FIGURE_3["compared"]
    return name if any(motif_set == name for _, motif_set in scanned_sets()) else None


def tool_name(method):
    """A method as a figure calls it."""
    if method in config["motif_sets"]:
        return "STREME" if "streme" in config["motif_sets"][method] else method
    entry = CATALOGUE["models"][method]
    return "ExplaiNN" if entry["architecture"] == "explainn" else method


def logo_entries(panel):
    """The motifs of a panel of logos: path of its MEME file, row, column, motif in it, label."""
    if panel == "figure_3g":
        return assay_entries()
    profiles = FIGURE_3["logos" if panel == "figure_3e" else "receptors"]
    found = []
    for run in figure_3_runs():
        if profiles.get(run.dataset) is None:
            continue
        methods = {run.model: for_runs(f"{RUN}/filters", [run])[0]}
        if (run.dataset, FIGURE_3["compared"]) in scanned_sets():
            methods[FIGURE_3["compared"]] = of_set("", run.dataset, FIGURE_3["compared"])
        for method, base in methods.items():
            about = {"row": short_name(run.dataset), "column": tool_name(method), "motif": None}
            paths = {"path": f"{base}.meme", "ranking": f"{base}.ranking.tsv"}
            found.append(about | paths | {"profile": profiles[run.dataset]})
    return found


def short_name(dataset):
    """A data set as a figure calls it: a member of a family by itself."""
    family = of_kind(dataset).get("family")
    return dataset.removeprefix(family.split(expand.MEMBER)[0]) if family else dataset


def assay_entries():
    """The motifs of 3F and 3G: one row per assay, the model's and those of other methods."""
    entry = FIGURE_3["assays"] or {"shown": []}
    found = []
    for shown in entry["shown"]:
        runs = [run for run in ranked_runs() if run.dataset == shown["dataset"]]
        wanted = {"datasets": ["*"], "models": [FIGURE_3["model"]], "seeds": [FIGURE_3["seed"]]}
        methods = [
            (tool_name(run.model), "explainn", f"{RUN}/filters.best.meme".format(**run._asdict()))
            for run in selection.matching(runs, wanted)
        ]
        for label, motif_set in shown["methods"].items():
            if (shown["dataset"], motif_set) in scanned_sets():
                methods.append((label, "other", of_set(".best.meme", shown["dataset"], motif_set)))
        for method, kind, path in methods:
            about = {"row": shown["assay"], "column": method, "kind": kind, "path": path}
            found.append(about | {"motif": shown["target"], "profile": entry["profile"]})
    return found


def figure_3_panels():
    """The panels of logos, those for which there are motifs."""
    panels = ["figure_3e", "figure_s3", "figure_3g"] if FIGURE_3 else []
    return [panel for panel in panels if logo_entries(panel)]


def drawn_logos(panel):
    """For FIGURES: runs if a panel of logos has motifs."""
    return figure_3_runs() if panel in figure_3_panels() else []


def scored_assays():
    """For FIGURES: runs if 3F has motifs."""
    return figure_3_runs() if figure_3_runs() and assay_entries() else []


def logo_files(wildcards):
    """The MEME files of a panel of logos."""
    return [entry["path"] for entry in logo_entries(wildcards.panel)]


def logo_rankings(wildcards):
    """The rankings by which motifs are chosen among those of a file."""
    return [entry["ranking"] for entry in logo_entries(wildcards.panel) if "ranking" in entry]


def logo_about(wildcards):
    """For `params`: row, column, motif and ranking of each of them."""
    return [
        {key: entry.get(key) for key in ("row", "column", "motif", "ranking")}
        for entry in logo_entries(wildcards.panel)
    ]


def logo_references(wildcards):
    """For `params`: the profile of each row."""
    return {entry["row"]: entry["profile"] for entry in logo_entries(wildcards.panel)}


def logo_database(wildcards):
    """The database that these profiles are from."""
    return f"results/motifs/{FIGURE_3['database'] or config['annotation']['database']}.meme"


def model_label(wildcards):
    """For `params`: the model as the panels of logos call it."""
    return tool_name(FIGURE_3["model"])


def assay_files(wildcards):
    """The MEME files of 3F."""
    return [entry["path"] for entry in assay_entries()]


def assay_about(wildcards):
    """For `params`: assay, method, kind and target of each of them."""
    keys = {"assay": "row", "method": "column", "kind": "kind", "target": "motif"}
    return [{new: entry[old] for new, old in keys.items()} for entry in assay_entries()]


def scored_dataset(wildcards):
    """The data set on whose held-out sequences the motifs of all assays are scored."""
    return f"results/{FIGURE_3['assays']['scored_on']}/dataset.h5ad"


def assay_settings(wildcards):
    """For `params`: how they are scored."""
    return {
        "scanning": {key: config["scanning"][key] for key in ("scoring", "floor")},
        "draws": config["evaluation"]["draws"],
        "scored_on": short_name(FIGURE_3["assays"]["scored_on"]),
    }


def figure_3_files(wildcards):
    """The PDF files of its panels; those that have nothing to draw are left out, and named."""
    drawn = {run.dataset for run in figure_3_runs()}
    profiles = FIGURE_3.get("receptors", {}) | FIGURE_3.get("logos", {})
    named = {name for name, profile in profiles.items() if profile}
    if named - drawn:
        logger.warning(f"figure_3: no logos of {', '.join(sorted(named - drawn))}: not scored")
    return panel_files("3", "figure_3")
