"""Measure what a model's outputs lose when a filter's sites are shuffled."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret.ablation import ablation, find_sites
from workflow_lib.interpret.activations import read_strands
from workflow_lib.interpret.nullification import chosen_filters, chosen_sequences
from workflow_lib.interpret.units import unit_label, unit_names
from workflow_lib.tables import read_table, write_run_table
from workflow_lib.train.inference import choose_device, describe_device

log = logging.getLogger("workflow_lib.ablate")


def main(
    run: Mapping[str, str], inputs: Mapping[str, str], settings: dict[str, Any], device: str,
    output: str,
) -> None:  # fmt: skip
    """Write what all sites of each filter together are worth to each target."""
    model, chosen = models.load(inputs["model"]), choose_device(device)
    data = dataset.load(inputs["dataset"])
    part = dataset.part(data, *(settings["splits"] or [dataset.scored_part(data)]))
    X, selected = chosen_sequences(model, part, settings, chosen)
    maximum = read_table(inputs["filters"])["activation_max"].to_numpy(dtype=np.float32)
    annotation = read_table(inputs["annotation"])
    filters = chosen_filters(annotation.astype({"unit": str}), settings["filters"], len(maximum))
    strands = read_strands(model, settings["strands"])
    log.info(
        "%d filters (%s, strands: %s), %d sequences of %d targets, %d shuffles of each site; on %s",
        len(filters), settings["filters"], strands, len(X), int(selected.any(axis=0).sum()),
        settings["draws"], describe_device(chosen),
    )  # fmt: skip
    of_filters = {unit: maximum[unit] for unit in filters}
    sites = find_sites(model, X, of_filters, strands, settings["inclusive"], chosen)
    table = ablation(model, X, selected, sites, settings["draws"], settings["seed"], chosen)
    names = unit_names(annotation, 2)
    table.insert(0, "motif", [unit_label(unit, names) for unit in table["unit"]])
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            inputs=dict(snakemake.input.items()),
            settings=snakemake.params.settings | snakemake.params.sites,
            device=snakemake.resources.device,
            output=snakemake.output.ablation,
        )
