"""Predict a user's sequences with a trained model, with the contribution of each unit."""

import logging

import numpy as np
import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.apply import fit_length
from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.inference import UnitOutputs, choose_device, predict
from workflow_lib.logs import log_to
from workflow_lib.sequence import UNKNOWN, read_fasta
from workflow_lib.tasks import TASKS

log = logging.getLogger("workflow_lib.apply")


def main(model_path: str, fasta: str, fit: str, device: str, outputs: dict[str, str]) -> None:
    """Write predictions (both strands averaged) and unit contributions (idem), long tables."""
    model = models.load(model_path)
    try:
        ids, codes = fit_length(*read_fasta(fasta), model.length, fit)
    except InputError as error:
        raise InputError(f"{fasta}: {error}") from error
    unknown = (codes >= UNKNOWN).any(axis=1)
    log.info("%d sequences; %d with unknown bases, which count as nothing", len(ids), unknown.sum())
    chosen = choose_device(device)
    logits = predict(model, codes, device=chosen, both_strands=True)
    activation = TASKS[model.metadata["task"]].activation
    table = pd.DataFrame(
        {
            "id": np.repeat(ids, len(model.target_names)),
            "target": np.tile(model.target_names, len(ids)),
            "logit": logits.ravel(),
            "prediction": activation(torch.from_numpy(logits)).numpy().ravel(),
        }
    )
    with atomic(outputs["predictions"]) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
    units = predict(UnitOutputs(model), codes, device=chosen, both_strands=True)
    weights = model.output_weights().detach().cpu().numpy()
    # One row per sequence and target; its units and the bias sum to the logit.
    contributions = (units[:, None, :] * weights[None]).reshape(-1, units.shape[1])
    wide = pd.DataFrame(contributions, columns=[f"unit{u}" for u in range(units.shape[1])])
    wide.insert(0, "bias", np.tile(model.final.bias.detach().cpu().numpy(), len(ids)))
    wide.insert(0, "target", table["target"])
    wide.insert(0, "id", table["id"])
    with atomic(outputs["contributions"]) as temporary:
        wide.to_csv(temporary, sep="\t", index=False, float_format="%.5g")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            model_path=snakemake.input.model,
            fasta=snakemake.input.fasta,
            fit=snakemake.params.fit,
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
