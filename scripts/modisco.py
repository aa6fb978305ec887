"""Cluster the attributions of each target into motifs (TF-MoDISco)."""

from collections.abc import Mapping
from typing import Any

from workflow_lib.execution.job import recorded
from workflow_lib.interpret.attribution_file import read
from workflow_lib.motif import write_meme
from workflow_lib.motifs.modisco import discover_all, tables, use_threads
from workflow_lib.tables import write_run_table


def main(
    run: Mapping[str, str], attributions: str, settings: dict[str, Any], outputs: dict[str, str]
) -> None:
    """Write the motifs as MEME, a table of them, and a table of the targets."""
    n_targets = sum(1 for _ in read(attributions, most=0))
    parts = ((group.target, group.scores, group.codes) for group in read(attributions))
    motifs, patterns, targets = tables(discover_all(parts, n_targets, settings))
    write_meme(outputs["meme"], motifs)
    write_run_table(patterns, run, outputs["patterns"])
    write_run_table(targets, run, outputs["targets"])


if __name__ == "__main__":
    with recorded(snakemake):
        use_threads(snakemake.threads)
        main(
            run=dict(snakemake.wildcards.items()),
            attributions=snakemake.input.attributions,
            settings=dict(snakemake.params.settings),
            outputs=dict(snakemake.output.items()),
        )
