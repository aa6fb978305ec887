"""Attribute each target's predictions to the bases of correctly predicted sequences."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret import attribution_file
from workflow_lib.interpret.attribute import (
    SUMMARY_COLUMNS,
    attribute_each,
    attributed_sequences,
    summary_row,
)
from workflow_lib.interpret.attribution_methods import Options
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device, describe_device

log = logging.getLogger("workflow_lib.attribute")


def main(
    run: Mapping[str, str],
    model_path: str, data_path: str, method: str, settings: dict[str, Any], device: str,
    outputs: dict[str, str],
) -> None:  # fmt: skip
    """Write the attributions of each target (HDF5) and a table that summarises them."""
    model, chosen_device = models.load(model_path), choose_device(device)
    data = dataset.load(data_path)
    part = dataset.part(data, *(settings["splits"] or [dataset.scored_part(data)]))
    chosen = attributed_sequences(model, part, settings, chosen_device)
    log.info("%d targets, by %s, on %s", len(chosen), method, describe_device(chosen_device))
    used = {key: value for key, value in settings.items() if key in Options._fields}
    rows = []

    def groups():
        options = Options(**used, device=chosen_device)
        for group, found in attribute_each(model, part, chosen, method, options):
            rows.append(summary_row(group, found, settings.get("largest_delta", 0.1)))
            yield group

    about = (model.metadata["architecture"], method, model.target_names, settings)
    attribution_file.write(outputs["scores"], attribution_file.Header(*about), groups())
    table = pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))
    for kind in ("large convergence deltas", "no correctly predicted sequence"):
        n = int(table["note"].str.startswith(kind).sum())
        if n:
            where = f"{run['model']} on {run['dataset']}, seed {run['seed']}, {method}"
            log.warning("%s: %s for %d of %d targets", where, kind, n, len(table))
    write_run_table(table, run, outputs["summary"], float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            model_path=snakemake.input.model,
            data_path=snakemake.input.dataset,
            method=snakemake.wildcards.method,
            settings=dict(snakemake.params.settings),
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
