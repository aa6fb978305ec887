"""Take the attributed sequences with the highest outputs, with what each base contributes."""

from collections.abc import Mapping

import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret import attribution_file
from workflow_lib.interpret.attribution_examples import Options, examples
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device


def main(
    run: Mapping[str, str],
    inputs: Mapping[str, str],
    settings: Mapping[str, int],
    device: str,
    output: str,
) -> None:
    """Write one row per base of each example; `inputs` has model, dataset and scores."""
    header = attribution_file.read_header(inputs["scores"])
    both = header.settings["both_strands"]
    options = Options(**settings, both_strands=both, device=choose_device(device))
    model, data = models.load(inputs["model"]), dataset.load(inputs["dataset"])
    table = examples(model, data, attribution_file.read(inputs["scores"]), options)
    write_run_table(table, run, output, float_format="%.6g")


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            inputs={name: snakemake.input[name] for name in ("model", "dataset", "scores")},
            settings=dict(snakemake.params.settings),
            device=snakemake.resources.device,
            output=snakemake.output.examples,
        )
