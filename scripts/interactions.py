"""Measure how the effects of two bases depend on each other in chosen sequences."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret import interaction_file
from workflow_lib.interpret.hdf5 import Header
from workflow_lib.interpret.integrated_hessians import HessianOptions
from workflow_lib.interpret.interactions import (
    TABLE_COLUMNS,
    chosen_sequences,
    interact_each,
    pair_rows,
)
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device, describe_device

log = logging.getLogger("workflow_lib.interactions")


def main(
    run: Mapping[str, str],
    model_path: str, data_path: str, method: str, settings: dict[str, Any], device: str,
    outputs: dict[str, str],
) -> None:  # fmt: skip
    """Write the interactions of each sequence (HDF5) and a table of the strongest pairs."""
    model, chosen_device = models.load(model_path), choose_device(device)
    data = dataset.load(data_path)
    part = dataset.part(data, *(settings["splits"] or [dataset.scored_part(data)]))
    chosen = chosen_sequences(model, part, settings, chosen_device)
    log.info("%d sequences, by %s, on %s", len(chosen), method, describe_device(chosen_device))
    used = {key: value for key, value in settings.items() if key in HessianOptions._fields}
    tables = [pd.DataFrame(columns=list(TABLE_COLUMNS))]

    def examples():
        options = HessianOptions(**used, device=chosen_device)
        for example in interact_each(model, part, chosen, method, options):
            tables.append(pair_rows(model, example, settings["most_pairs"]))
            yield example

    about = (model.metadata["architecture"], method, model.target_names, settings)
    interaction_file.write(outputs["scores"], Header(*about), examples())
    table = pd.concat(tables[1:] or tables, ignore_index=True)
    limit = settings.get("largest_delta", np.inf) * table["difference"].abs()
    large = table[table["delta"].abs() > limit]["id"].nunique()
    if large:
        where = f"{run['model']} on {run['dataset']}, seed {run['seed']}, {method}"
        log.warning("%s: large convergence deltas for %d sequences", where, large)
    write_run_table(table, run, outputs["pairs"], float_format="%.6g")


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
