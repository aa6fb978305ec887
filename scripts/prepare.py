"""Parse a source's files, drop unusable sequences, split them, and save the data set."""

import inspect
import logging
from typing import Any

import anndata

from workflow_lib.config.targets_table import TargetRow, names_of_columns, read_targets_table
from workflow_lib.data import dataset
from workflow_lib.data.cautions import cautions
from workflow_lib.data.dropping import drop
from workflow_lib.data.gc_matching import balance
from workflow_lib.data.splits import SPLITS
from workflow_lib.data.subset import load_shared, of_targets
from workflow_lib.data.target_checks import check_targets
from workflow_lib.data.targets import order_targets
from workflow_lib.execution.job import recorded
from workflow_lib.parsers import PARSERS
from workflow_lib.tables import write_table

log = logging.getLogger("workflow_lib.prepare")


def parse(
    files: dict[str, str], entry: dict[str, Any], rows: list[TargetRow], table: str | None
) -> anndata.AnnData:
    """What the data set's parser makes of its files; see PARSERS.

    `rows` of the table of targets name the columns of files that do not.
    """
    parser, options = PARSERS[entry["parser"]], dict(entry.get("options", {}))
    accepted = inspect.signature(parser).parameters
    if "most_unknown" in accepted:
        # A parser that draws partners has to know which sequences will be kept.
        options.setdefault("most_unknown", entry.get("drop", {}).get("most_unknown", 0))
    if "names" in accepted:
        options["names"] = names_of_columns(rows, table)
    return parser(files=files, **options)


def main(
    name: str,
    files: dict[str, str],
    others: dict[str, str],
    entry: dict[str, Any],
    outputs: dict[str, str],
) -> None:
    """Run the data set's parser and split; write the data set and held-out labels.

    `others` has the paths of the data sets that this one is made from (`made_from`) or shares its
    split with (`like`), and of its table of targets (`table`).
    """
    table = others.get("table")
    rows = read_targets_table(table) if table else []
    if "made_from" in others:
        log.info("%s: %s of %s", name, ", ".join(entry["targets"]), others["made_from"])
        shared = load_shared(others["made_from"])
        data = of_targets(shared, entry["targets"], others["made_from"])
    else:
        used = ", ".join(files.values()) or "nothing"
        log.info("%s: parser %s reads %s", name, entry["parser"], used)
        data = parse(files, entry, rows, table)
    if table:
        order_targets(data, rows, table)
    for note in data.uns["notes"]:
        log.info("%s", note)
    data = drop(data, **entry.get("drop", {}))
    if "balance" in entry:
        data = balance(data, **entry["balance"])
    options = {k: v for k, v in entry["split"].items() if k not in ("method", "like")}
    if "like" in others:
        parts = SPLITS["like"](data, dataset.load(others["like"]))
    else:
        parts = SPLITS[entry["split"]["method"]](data, **options)
    data.obs["split"] = parts
    if entry.get("shuffle_labels") is not None:
        dataset.shuffle_labels(data, entry["shuffle_labels"])
    data.uns |= {
        "task": entry["task"],
        "source": entry["source"],
    }
    check_targets(data, name)
    dataset.validate(data, name=name, optional_splits=entry.get("optional_splits", ()))
    dataset.save(data, outputs["dataset"])
    write_table(dataset.labels(data), outputs["labels"], index_label="id")
    for caution in cautions(data, entry.get("drop", {})):
        log.warning("%s: %s", name, caution)
    log.info("%s; parts: %s", dataset.counts(data), dataset.part_sizes(data))


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            name=snakemake.wildcards.dataset,
            files=dict(zip(snakemake.params.names, snakemake.input.files, strict=True)),
            others={k: v for k, v in snakemake.input.items() if k != "files" and v},
            entry=snakemake.params.entry,
            outputs=dict(snakemake.output.items()),
        )
