"""Turn a published checkpoint into a model file, as a training would leave it."""

import logging
from collections.abc import Mapping
from typing import Any

import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.execution.provenance import of_model
from workflow_lib.files import sha256_of
from workflow_lib.models.published import load_published
from workflow_lib.train.inference import describe_device

log = logging.getLogger("workflow_lib.import_model")


def main(
    run: Mapping[str, str],
    data_path: str,
    checkpoint: str,
    model: dict[str, Any],
    code: str,
    output: str,
) -> None:
    """Read the checkpoint as a model of the data set's length and targets, and save it."""
    data, published = dataset.load(data_path), model["published"]
    net = load_published(
        checkpoint,
        published["format"],
        length=data.obsm["sequence"].shape[1],
        target_names=list(data.var_names),
        **model.get("hyperparameters", {}),
    )
    metadata = {
        "target_names": net.target_names,
        "task": data.uns["task"],
        "average_strands": model.get("average_strands", True),
        "seed": int(run["seed"]),
        "published": {
            "file": published["file"],
            "format": published["format"],
            "sha256": sha256_of(checkpoint),
        },
        "code_digest": code,
    }
    models.save(net, output, metadata | of_model(describe_device(torch.device("cpu"))))
    log.info("%s (%s): %s", checkpoint, published["format"], net.hyperparameters)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            data_path=snakemake.input.dataset,
            checkpoint=snakemake.input.checkpoint,
            model=snakemake.params.model,
            code=snakemake.params.code,
            output=snakemake.output.model,
        )
