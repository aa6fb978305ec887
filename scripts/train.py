"""Train one model on one data set from one seed."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.execution.provenance import of_model
from workflow_lib.initial_filters import of_model_entry
from workflow_lib.tables import write_run_table
from workflow_lib.train import training
from workflow_lib.train.checkpoint import Checkpoint, digest_of, remove_state
from workflow_lib.train.inference import choose_device, describe_device

log = logging.getLogger("workflow_lib.train")
STATE = "training_state.pt"


def main(
    run: Mapping[str, str],
    inputs: Mapping[str, str],
    model: dict[str, Any],
    settings: dict[str, Any],
    code: str,
    device: str,
    outputs: dict[str, str],
) -> None:
    """Build, train and save a model, continuing from the state of an interrupted training.

    `inputs` has the path of the data set, and for a model whose filters start from motifs those of
    their matrices and order.
    """
    data, seed = dataset.load(inputs["dataset"]), int(run["seed"])
    target_names, task = list(data.var_names), data.uns["task"]
    train, validation = (
        training.Examples(*dataset.arrays(data, part)) for part in ("train", "validation")
    )
    # Both parts are copies; the rest of the data set, maybe gigabytes, can leave memory.
    del data
    chosen = choose_device(device)
    log.info("device: %s; seed %d; settings: %s", describe_device(chosen), seed, settings)
    numbers = training.Settings(**{k: v for k, v in settings.items() if k != "preset"})
    start = of_model_entry(model, inputs) if "filters_from" in model else None
    torch.manual_seed(seed)
    net = models.build(
        model["architecture"],
        length=train.X.shape[1],
        n_targets=len(target_names),
        **model.get("hyperparameters", {}) | ({"units": len(start.units)} if start else {}),
    )
    if start:
        net.to(chosen).start_filters(torch.from_numpy(start.weights), model.get("freeze", "none"))
        if model.get("freeze") == "filter":
            net.calibrate(training.batches(train, numbers, chosen))
    metadata = {
        "target_names": target_names,
        "task": task,
        "settings": settings,
        "average_strands": model.get("average_strands", True),
        "seed": seed,
        "data_digest": digest_of(*train, *validation),
        "code_digest": code,
    }
    if start:
        metadata["start_filters"] = start.units.to_dict("list")
    of_start = start.weights if start else None
    digest = digest_of(metadata, model, of_start, chosen.type, torch.__version__)
    state_path = Path(outputs["model"]).with_name(STATE)
    history = training.fit(
        net,
        train,
        validation,
        task,
        numbers,
        device=chosen,
        checkpoint=Checkpoint(state_path, digest),
    )
    if len(history) > 1 and history["best"].iloc[0]:
        log.warning(
            "%s, %s, seed %s: the best of %d epochs is the first: little was learned. A lower "
            "learning_rate, a smaller batch_size or more data may help",
            run["dataset"], run["model"], run["seed"], len(history),
        )  # fmt: skip
    write_run_table(history, run, outputs["history"])
    models.save(net.cpu(), outputs["model"], metadata | of_model(describe_device(chosen)))


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            inputs=dict(snakemake.input.items()),
            model=snakemake.params.model,
            settings=snakemake.params.settings,
            code=snakemake.params.code,
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
    # Only after everything is written, so that a failed write does not lose the training.
    remove_state(Path(snakemake.output.model).with_name(STATE))
