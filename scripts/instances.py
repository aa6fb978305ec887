"""Find the sites of a model's filters in a data set, and write them as genomic regions."""

import logging
from typing import Any

import numpy as np
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret.instances import Options, instances, regions, unit_names, write_bed
from workflow_lib.tables import read_table
from workflow_lib.train.inference import choose_device

log = logging.getLogger("workflow_lib.instances")


def main(
    model_path: str,
    data_path: str,
    tables: tuple[str, str],
    settings: dict[str, Any],
    device: str,
    output: str,
) -> None:
    """Write a BED file; `tables` are those of the filters and of their annotation."""
    model, part = models.load(model_path), dataset.load(data_path)
    part = dataset.part(part, *settings["splits"])
    if "end" in part.obs:  # shuffles stand nowhere in the genome
        part = part[(part.obs["end"] >= 0).to_numpy()]
    filters, annotation = (read_table(path) for path in tables)
    maximum = filters["activation_max"].to_numpy(dtype=np.float32)
    chosen = {name: settings[name] for name in ("targets", "strands", "inclusive")}
    options = Options(**chosen, device=choose_device(device))
    names = unit_names(len(filters), annotation)
    codes = np.asarray(part.obsm["sequence"])
    found = instances(model, codes, regions(part), maximum, names, options)
    n_instances = write_bed(found, output)
    log.info("%d instances in %d sequences", n_instances, part.n_obs)


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            model_path=snakemake.input.model,
            data_path=snakemake.input.dataset,
            tables=(snakemake.input.filters, snakemake.input.annotation),
            settings=snakemake.params.settings | {"inclusive": snakemake.params.inclusive},
            device=snakemake.resources.device,
            output=snakemake.output.instances,
        )
