"""Functions that give the panels of Figure 1 their inputs and params, from `figure_1` in the config.

Requires: common.smk, paths.smk; FIGURES of figures.smk when figure_1_files() is called.
Provides: the runs that each key names, and paths and values of these.
"""

FIGURE_1_DATASET = one_of({config["figure_1"]["dataset"]} if config["figure_1"] else set())


def figure_1_runs(*keys, one_seed=False):
    """The runs of the models that keys of `figure_1` name (or a pattern there); of one seed."""
    entry = config["figure_1"] or {}
    runs = []
    for key in keys if entry else []:
        names = [entry[key]] if isinstance(entry[key], str) else entry[key]
        for name in names:
            wanted = {"datasets": [entry["dataset"]], "models": [name]}
            runs += selection.matching(RUNS, wanted)
    return [run for run in dict.fromkeys(runs) if not one_seed or run.seed == entry["seed"]]


def nullified_filters(wildcards):
    """The lower half of 1G, where that run is there and its filters are taken out."""
    runs = [run for run in figure_1_runs("nullified", one_seed=True) if run in nullified()]
    names = {"nullification": "nullification.tsv", "filter_annotation": "annotation.tsv"}
    return {
        name: path for name, file in names.items() for path in for_runs(f"{RUN}/{file}", runs[:1])
    }


def figure_1_setting(key):
    """For `params`: what the config says."""

    def value(wildcards):
        return config["figure_1"][key]

    return value


def figure_1_text(key):
    """For `params`: names of targets, which may be any text; reports show all params."""

    def value(wildcards):
        return without_markup(config["figure_1"][key])

    return value


def figure_1_paths(pattern, *keys):
    """Paths of a pattern for those runs."""

    def paths(wildcards):
        return for_runs(pattern, figure_1_runs(*keys))

    return paths


def figure_1_path(pattern, key="model"):
    """That path for the one run of the chosen seed."""

    def path(wildcards):
        return for_runs(pattern, figure_1_runs(key, one_seed=True))[0]

    return path


def figure_1_values(field, *keys):
    """For `params`: of each of those runs the model, the seed or the number of units."""

    def values(wildcards):
        runs = figure_1_runs(*keys)
        if field == "units":
            return [units_of(run.model) for run in runs]
        return [getattr(run, field) for run in runs]

    return values


def figure_1_names(*keys):
    """For `params`: the models of those runs, in the order of the config."""

    def names(wildcards):
        return list(dict.fromkeys(run.model for run in figure_1_runs(*keys)))

    return names


def units_of(model):
    """Its number of units: as the config gives it, else the architecture's default."""
    entry = CATALOGUE["models"][model]
    given = entry.get("hyperparameters", {})
    return given.get("units", registries.default("model", entry["architecture"], "units"))


def mode_tables(field):
    """Of each table of binding modes in Figure 1E its path, model, method or seed."""

    def values(wildcards):
        found = []
        for run in figure_1_runs("interpreted", "model"):
            methods = [m for m in attribution_methods() if run in with_patterns(m)]
            for method in ["filters", *methods]:
                path = f"{RUN}/binding_modes/{{method}}.tsv".format(**run._asdict(), method=method)
                found.append({"path": path, "method": method, **run._asdict()})
        return [entry[field] for entry in found]

    return values


def figure_1_files(wildcards):
    """The PDF files of its panels; those whose runs are not selected are left out, and named."""
    return panel_files("1", "figure_1")


def panel_files(number, key):
    """The PDF files of a figure's panels."""
    panels = {name: FIGURES[name] for name in FIGURES if re.match(f"figure_s?{number}", name)}
    missing = [name for name, (_, runs) in panels.items() if not runs]
    if len(missing) == len(panels):
        raise WorkflowError(
            f"{key} draws nothing: `{key}` in the config is empty, or none of the runs that it "
            "names (data set, models, seed) is selected by `runs`"
        )
    if missing:
        logger.warning(f"{key}: left out for want of their runs: {', '.join(missing)}")
    return [path for pattern, runs in panels.values() for path in for_runs(f"{pattern}.pdf", runs)]
