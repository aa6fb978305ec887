"""Compute the importance of each unit for each target; write the final layer's weights."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret.filters import above
from workflow_lib.interpret.importance import output_weights, unit_importance
from workflow_lib.interpret.sequence_selection import correctly_predicted_sequences
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device


def main(
    run: Mapping[str, str],
    model_path: str,
    data_path: str,
    filters: str,
    settings: dict[str, Any],
    device: str,
    outputs: dict[str, str],
) -> None:
    """Write quantiles of unit output x weight (long) and the weights (wide)."""
    model, chosen = models.load(model_path), choose_device(device)
    part = dataset.part(dataset.load(data_path), *settings["splits"])
    X, selected = correctly_predicted_sequences(model, part, settings, chosen)
    maximum = pd.read_csv(filters, sep="\t")["activation_max"].to_numpy()
    if not settings["inclusive"]:
        maximum = above(maximum)
    options = {"device": chosen, "strands": settings["strands"]}
    table = unit_importance(model, X, selected, maximum, model.target_names, **options)
    for name, written in {"importance": table, "weights": output_weights(model)}.items():
        write_run_table(written, run, outputs[name], float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            model_path=snakemake.input.model,
            data_path=snakemake.input.dataset,
            filters=snakemake.input.filters,
            settings=snakemake.params.settings,
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
