"""Put motifs into many backgrounds, and measure what they do to a model's outputs."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret import experiments, marginalisation_file
from workflow_lib.interpret.attribute import matching_targets
from workflow_lib.interpret.backgrounds import backgrounds, between_quantiles
from workflow_lib.interpret.hdf5 import Header
from workflow_lib.interpret.marginalisation import (
    all_designs,
    predicted,
    summary,
    with_mutations,
    without_effect,
)
from workflow_lib.interpret.patterns import Pattern, chosen_patterns, draws, own_patterns
from workflow_lib.motif import Motif, read_meme
from workflow_lib.motifs.jaspar import profile
from workflow_lib.tables import read_table, write_run_table
from workflow_lib.train.inference import choose_device, describe_device

log = logging.getLogger("workflow_lib.marginalise")


def patterns_of(
    experiment: str, settings: Mapping[str, Any], filters: Sequence[Motif], annotation: str | None
) -> list[Pattern]:
    """All words, the motifs that the config names, or the run's best annotated filters."""
    if experiment == "kmers":
        return experiments.words(settings["kmers"]["k"])
    if settings["motifs"] is None:
        return own_patterns(filters, read_table(annotation), settings["most_motifs"])
    ids = [entry["profile"] for entry in settings["motifs"].values() if "profile" in entry]
    return chosen_patterns(settings["motifs"], filters, {name: profile(name) for name in ids})


def drawn_backgrounds(
    model: torch.nn.Module, X: np.ndarray, settings: Mapping[str, Any], targets: Sequence[int],
    device: torch.device,
) -> np.ndarray:  # fmt: skip
    """The backgrounds that `backgrounds` in the config describes."""
    about = settings["backgrounds"]
    kind, n, seed = (about[key] for key in ("kind", "n", "seed"))
    if about["quantiles"] is None:
        return backgrounds(kind, X, n, seed, model.length)

    def draw(n: int, number: int) -> np.ndarray:
        return backgrounds(kind, X, n, seed + 1_000_003 * number, model.length)

    options = {"device": device, "both_strands": settings["both_strands"]}
    return between_quantiles(model, draw, n, about["quantiles"], targets, **options)


def main(
    run: Mapping[str, str], inputs: Mapping[str, str], experiment: str, settings: dict[str, Any],
    device: str, outputs: Mapping[str, str],
) -> None:  # fmt: skip
    """Write the output for each background (HDF5), and a table of effects with intervals."""
    model, chosen_device = models.load(inputs["model"]), choose_device(device)
    part = dataset.part(dataset.load(inputs["dataset"]), *settings["splits"])
    targets = matching_targets(settings["targets"], model.target_names)
    names = [model.target_names[i] for i in targets]
    of_data = np.asarray(part.obsm["sequence"])
    X = drawn_backgrounds(model, of_data, settings, targets, chosen_device)
    filters = read_meme(inputs["meme"]) if "meme" in inputs else []
    patterns = patterns_of(experiment, settings, filters, inputs.get("annotation"))
    if not patterns:
        log.warning("none of the filters resembles a known motif: name some in `motifs`")
    given = experiments.Setting(patterns, X, settings.get("position"), settings)
    contrasts = experiments.contrasts(experiment, given)
    designs = all_designs(contrasts)
    seed, sampled = settings["backgrounds"]["seed"], settings.get("sampled", False)
    drawn = [draws(pattern, len(X), sampled, seed) for pattern in patterns]
    log.info(
        "%s: %d motifs in %d backgrounds (%s), %d targets, on %s", experiment, len(patterns),
        len(X), settings["backgrounds"]["kind"], len(names), describe_device(chosen_device),
    )  # fmt: skip
    options = {"device": chosen_device, "both_strands": settings["both_strands"]}
    found = predicted(model, X, designs, drawn, **options)
    header = Header(model.metadata["architecture"], experiment, names, settings)
    about = (header, [pattern.name for pattern in patterns], X, drawn, designs)
    of_targets = (values[:, targets] for values in found)
    marginalisation_file.write(outputs["values"], *about, of_targets)
    with marginalisation_file.opened(outputs["values"]) as values:
        table = summary(contrasts, values, names)
    if experiment == "kmers":
        table = with_mutations(table)
    for target in without_effect(table):
        log.warning("no motif has an effect on %s (experiment %s)", target, experiment)
    write_run_table(table, run, outputs["summary"], float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run={k: v for k, v in snakemake.wildcards.items() if k != "experiment"},
            inputs={name: path for name, path in snakemake.input.items() if path},
            experiment=snakemake.wildcards.experiment,
            settings=dict(snakemake.params.settings),
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
