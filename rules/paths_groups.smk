"""Groups: the jobs of several members of a family in one.

Requires: common.smk; the grouped rules when job_groups() is called.
Provides: SINGLE (data sets that are treated one by one), job_groups().
"""

import os

from snakemake.iocontainers import Wildcards

# Rules whose jobs are grouped, and the wildcards of each beside the data set.
GROUPED = {
    "prepare": [],
    "train": ["model", "seed"],
    "predict": ["model", "seed"],
    "evaluate": ["model", "seed"],
    "filters": ["model", "seed"],
    "unit_importance": ["model", "seed"],
    "annotate": ["model", "seed"],
    "scan": ["model", "seed"],
    "rank_motifs": ["model", "seed"],
}
GROUPS = families.groups(CATALOGUE["datasets"], [run.dataset for run in RUNS], config["group_size"])
SINGLE = one_of(set(CATALOGUE["datasets"]) - {name for group in GROUPS for name in group})


def runs_of_rule(step, datasets):
    """The wildcards of a rule's jobs for some data sets, by what is the same in one group."""
    suited = dict.fromkeys(["filters", "annotate"], with_filters())
    suited |= {"unit_importance": with_units()}
    suited |= dict.fromkeys(["scan", "rank_motifs"], ranked_runs())
    found = {}
    for run in suited.get(step, RUNS):
        if run.dataset in datasets:
            kept = {key: str(value) for key, value in run._asdict().items()}
            key = tuple(kept[name] for name in GROUPED[step])
            wildcards = {name: kept[name] for name in ("dataset", *GROUPED[step])}
            found.setdefault(key, {})[run.dataset] = wildcards
    return {key: list(of_datasets.values()) for key, of_datasets in found.items()}


def given(items, wildcards):
    """What a step gives its script, by name: functions called, wildcards filled in."""
    values = {}
    for name, (start, stop) in items._names.items():
        values[name] = filled(items[start] if stop is None else list(items[start:stop]), wildcards)
    named = [range(i, i + 1 if j is None else j) for i, j in items._names.values()]
    unnamed = set(range(len(items))) - {i for positions in named for i in positions}
    for i in unnamed:
        values |= filled(items[i], wildcards)
    return values


def filled(item, wildcards):
    """A pattern or function of a step for these wildcards."""
    if callable(item):
        return item(wildcards)
    if isinstance(item, str):
        return str(item).format(**dict(wildcards.items()))
    if isinstance(item, list):
        return [filled(inner, wildcards) for inner in item]
    return item


def job_of(step, wildcards):
    """All that the script of a step is given for these wildcards (a mapping)."""
    proxy = getattr(rules, step)
    found = Wildcards(fromdict=wildcards)
    benchmark = proxy.rule.benchmark and filled(str(proxy.benchmark), found)
    return {
        "wildcards": wildcards,
        "input": given(proxy.input, found),
        "output": given(proxy.output, found),
        "params": given(proxy.params, found),
        "log": filled(str(proxy.log[0]), found),
        "benchmark": benchmark or None,
    }


def resources_of(base):
    """What a rule's jobs ask for, with what the command line or a profile says: GPU, partition ...

    Memory and time are those of one job. The members are treated one after the other; families are
    there for many small data sets, and what is finished when the time is over is kept.
    """
    return {
        # Functions of wildcards and attempt stay such.
        name: needed._evaluator if needed.is_evaluable() else needed.value
        for name, needed in base.resources.items()
        if name not in ("_cores", "_nodes", "device")
    }


def job_groups():
    """What the rules of groups.smk are made of, one mapping each."""
    found, names = [], set()
    for step in GROUPED:
        for number, datasets in enumerate(GROUPS, start=1):
            for key, jobs in runs_of_rule(step, datasets).items():
                group = job_group(step, number, key, [job_of(step, job) for job in jobs])
                # Other characters become _: two models may then be called alike.
                while group["name"] in names:
                    group["name"] += "_"
                names.add(group["name"])
                found.append(group)
    return found


def job_group(step, number, key, jobs):
    """One of them: the jobs of a step for a group of data sets, all of one model and seed."""
    base = getattr(rules, step).rule
    place = os.path.join(step, f"group{number}", *key)
    inputs = [value for job in jobs for value in job["input"].values()]
    return {
        "name": re.sub(r"\W", "_", place),
        "rule": step,
        "jobs": jobs,
        "input": inputs,
        "output": [path for job in jobs for path in job["output"].values()],
        # No outputs: those of single jobs have no record of what they were made with, and then
        # Snakemake would look at none.
        "benchmarks": [job["benchmark"] for job in jobs if job["benchmark"]],
        "log": f"logs/grouped/{place}.log",
        "threads": base.resources["_cores"].value,
        "resources": resources_of(base),
        "message": f"{step}: {len(jobs)} data sets in one job (progress: logs/grouped/{place}.log)",
    }
