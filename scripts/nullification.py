"""Measure how predictions change when one first-layer filter is nullified."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret.activations import map_shape
from workflow_lib.interpret.nullification import chosen_filters, chosen_sequences, nullification
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device, describe_device

log = logging.getLogger("workflow_lib.nullification")


def main(
    run: Mapping[str, str],
    model_path: str,
    data_path: str,
    annotation: str,
    settings: dict[str, Any],
    device: str,
    output: str,
) -> None:
    """Write quantiles of each filter's impact on each target."""
    model, chosen = models.load(model_path), choose_device(device)
    data = dataset.load(data_path)
    part = dataset.part(data, *(settings["splits"] or [dataset.scored_part(data)]))
    X, selected = chosen_sequences(model, part, settings, chosen)
    n_filters, _ = map_shape(model, model.length, chosen)
    pairs = pd.read_csv(annotation, sep="\t", dtype=str, keep_default_na=False)
    filters = chosen_filters(pairs, settings["filters"], n_filters)
    log.info(
        "%d of %d filters (%s), %d sequences of %d targets, at %s; on %s",
        len(filters), n_filters, settings["filters"], len(X), int(selected.any(axis=0).sum()),
        settings["replace"], describe_device(chosen),
    )  # fmt: skip
    table = nullification(model, X, selected, filters, settings["replace"], device=chosen)
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            model_path=snakemake.input.model,
            data_path=snakemake.input.dataset,
            annotation=snakemake.input.annotation,
            settings=snakemake.params.settings,
            device=snakemake.resources.device,
            output=snakemake.output.nullification,
        )
