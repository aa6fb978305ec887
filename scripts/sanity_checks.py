"""Compare attributions with those under random weights, shuffled labels or another seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret import attribution_file
from workflow_lib.interpret.attribution_methods import Options
from workflow_lib.interpret.sanity_checks import randomised, sanity_checks
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device

# Number of training sequences that set the batch-norm statistics of a randomised model.
CALIBRATION = 2000


def main(
    run: Mapping[str, str],
    inputs: dict[str, str], others: dict[str, Sequence[str]], settings: dict[str, Any],
    device: str, output: str,
) -> None:  # fmt: skip
    """Write one row per check and target."""
    chosen, header = choose_device(device), attribution_file.read_header(inputs["scores"])
    same = {key: value for key, value in header.settings.items() if key in Options._fields}
    options = Options(**same, device=chosen)
    training = dataset.part(dataset.load(inputs["dataset"]), "train")
    X = np.asarray(training.obsm["sequence"])[:CALIBRATION]
    model = models.load(inputs["model"])
    changed = {"randomised_weights": [randomised(model, X, options.seed, device=chosen)]}
    changed |= {check: [models.load(path) for path in paths] for check, paths in others.items()}
    table = sanity_checks(
        attribution_file.read(inputs["scores"], settings["most_sequences"]),
        {check: nets for check, nets in changed.items() if nets},
        header.method,
        options,
        settings["most_targets"],
    )
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        given = snakemake.input
        main(
            run=dict(snakemake.wildcards.items()),
            inputs={name: given[name] for name in ("model", "dataset", "scores")},
            others={
                "shuffled_labels": list(given.get("shuffled", [])),
                "other_seed": list(given.get("other_seed", [])),
            },
            settings=dict(snakemake.params.settings),
            device=snakemake.resources.device,
            output=snakemake.output.checks,
        )
