"""Predict a user's sequences with a trained model, in the same way as the held-out ones."""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.execution.job import recorded
from workflow_lib.sequence import UNKNOWN
from workflow_lib.tables import write_run_table
from workflow_lib.train.apply import read_fitting
from workflow_lib.train.inference import choose_device, predict
from workflow_lib.train.losses import LOSSES

log = logging.getLogger("workflow_lib.apply")


def main(
    run: Mapping[str, str],
    model_path: str,
    fasta: str,
    fit: str,
    short: str,
    device: str,
    output: str,
) -> None:
    """Write one row per sequence and target."""
    model = models.load(model_path)
    ids, codes = read_fitting(fasta, model.length, fit, short)
    unknown = (codes >= UNKNOWN).any(axis=1)
    log.info("%d sequences; %d with unknown bases, which count as nothing", len(ids), unknown.sum())
    chosen = choose_device(device)
    logits = predict(
        model, codes, device=chosen, both_strands=model.metadata.get("average_strands", True)
    )
    activation = LOSSES[model.metadata["task"]].activation
    table = pd.DataFrame(
        {
            "id": np.repeat(ids, len(model.target_names)),
            "target": np.tile(model.target_names, len(ids)),
            "logit": logits.ravel(),
            "prediction": activation(torch.from_numpy(logits)).numpy().ravel(),
        }
    )
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            model_path=snakemake.input.model,
            fasta=snakemake.input.fasta,
            fit=snakemake.params.fit,
            short=snakemake.params.short,
            device=snakemake.resources.device,
            output=snakemake.output.predictions,
        )
