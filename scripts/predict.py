"""Predict the held-out sequences, by default averaged over both strands."""

from collections.abc import Mapping

import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.data.tasks import ranking_scores
from workflow_lib.execution.job import recorded
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device, predict


def main(run: Mapping[str, str], model_path: str, data_path: str, device: str, output: str) -> None:
    """Write one row of logits or values per sequence of the held-out part."""
    data = dataset.load(data_path)
    scored = dataset.part(data, dataset.scored_part(data))
    model = models.load(model_path)
    average = model.metadata.get("average_strands", True)
    values = predict(
        model, scored.obsm["sequence"], device=choose_device(device), both_strands=average
    )
    values = ranking_scores(str(data.uns["task"]), values)
    table = pd.DataFrame(values, index=scored.obs_names, columns=model.target_names)
    table.insert(0, "split", scored.obs["split"].astype(str))
    write_run_table(table, run, output, index_label="id", float_format="%.7g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            model_path=snakemake.input.model,
            data_path=snakemake.input.dataset,
            device=snakemake.resources.device,
            output=snakemake.output.predictions,
        )
