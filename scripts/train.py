"""Train one model on one data set from one seed."""

import logging
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workflow_lib import dataset, models, training
from workflow_lib.checkpoint import Checkpoint, digest_of, remove_state
from workflow_lib.files import write_table
from workflow_lib.inference import choose_device, describe_device
from workflow_lib.logs import log_to
from workflow_lib.tasks import TASKS

log = logging.getLogger("workflow_lib.train")


def main(
    data_path: str,
    model: dict[str, Any],
    settings: dict[str, Any],
    seed: int,
    code: str,
    device: str,
    outputs: dict[str, str],
) -> None:
    """Build, fit and save; the state of an interrupted run beside the model is continued."""
    data = dataset.load(data_path)
    train, validation = (
        training.Examples(part.obsm["sequence"], part.X)
        for part in (dataset.part(data, "train"), dataset.part(data, "validation"))
    )
    if TASKS[data.uns["task"]].binary:
        warn_of_few(train.targets, list(data.var_names), settings["batch_size"])
    chosen = choose_device(device)
    log.info("device: %s; seed %d; settings: %s", describe_device(chosen), seed, settings)
    torch.manual_seed(seed)
    net = models.build(
        model["architecture"],
        length=train.X.shape[1],
        n_targets=data.n_vars,
        **model.get("hyperparameters", {}),
    )
    metadata = {
        "target_names": list(data.var_names),
        "task": data.uns["task"],
        "settings": settings,
        "average_strands": model.get("average_strands", True),
        "seed": seed,
        "data_digest": digest_of(*train, *validation),
        "code_digest": code,
    }
    digest = digest_of(metadata, model, chosen.type, torch.__version__)
    state_path = Path(outputs["model"]).with_name("training_state.pt")
    numbers = {k: v for k, v in settings.items() if k != "preset"}
    history = training.fit(
        net,
        train,
        validation,
        data.uns["task"],
        training.Settings(**numbers),
        device=chosen,
        checkpoint=Checkpoint(state_path, digest),
    )
    write_table(history, outputs["history"])
    models.save(net.cpu(), outputs["model"], metadata | provenance(chosen))
    remove_state(state_path)


def warn_of_few(labels: np.ndarray, names: list[str], batch_size: int) -> None:
    """Say which targets have fewer positives than a batch has sequences."""
    positives = (labels == 1).sum(axis=0)
    few = [f"{name} ({n})" for name, n in zip(names, positives) if n < batch_size]
    if few:
        log.warning(
            "fewer training sequences bound than a batch has (%d), little can be learned: %s",
            batch_size,
            ", ".join(few),
        )


def provenance(device: torch.device) -> dict[str, Any]:
    """Where and with what a model was trained; shown in the report."""
    return {
        "device": describe_device(device),
        "machine": platform.platform(),
        "versions": {name: version(name) for name in ("torch", "numpy", "anndata", "snakemake")},
    }


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with log_to(snakemake.log[0]):
        main(
            data_path=snakemake.input.dataset,
            model=snakemake.params.model,
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
