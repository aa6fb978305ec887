"""Compute the contribution of each unit to each prediction for a user's sequences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.execution.job import recorded
from workflow_lib.files import atomic, gzip_text
from workflow_lib.tables import RUN, write_rows
from workflow_lib.train.apply import read_fitting
from workflow_lib.train.inference import UnitOutputs, choose_device, predict

ROWS_AT_ONCE = 2000


def main(
    run: Mapping[str, str],
    model_path: str,
    fasta: str,
    fit: str,
    short: str,
    device: str,
    output: str,
) -> None:
    """Write one row per sequence and target: bias and unit contributions, which sum to the logit.

    Unit outputs are averaged over both strands if the predictions are. Rows are written in chunks,
    since sequences x targets x units may not fit in memory.
    """
    model = models.load(model_path)
    ids, codes = read_fitting(fasta, model.length, fit, short)
    weights = model.output_weights().detach().numpy()  # (targets, units)
    bias = model.final.bias.detach().numpy()
    chosen, net = choose_device(device), UnitOutputs(model)
    average = model.metadata.get("average_strands", True)
    with atomic(output) as temporary, gzip_text(temporary) as handle:
        for start in range(0, len(ids), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            units = predict(net, codes[rows], device=chosen, both_strands=average)
            parts = (units[:, None, :] * weights).reshape(-1, units.shape[1])
            table = pd.DataFrame(parts, columns=[f"unit{u}" for u in range(units.shape[1])])
            table.insert(0, "bias", np.tile(bias, len(units)))
            table.insert(0, "target", np.tile(model.target_names, len(units)))
            table.insert(0, "id", np.repeat(ids[rows], len(model.target_names)))
            for position, name in enumerate(RUN):
                table.insert(position, name, run[name])
            write_rows(table, handle, header=start == 0, float_format="%.5g")


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
            output=snakemake.output.contributions,
        )
