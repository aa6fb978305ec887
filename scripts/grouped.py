"""Run another rule's script for several members of a family, in one process."""

from pathlib import Path
from typing import Any

from workflow_lib.grouped import run_all
from workflow_lib.logs import log_to


def main(script: Path, jobs: list[dict[str, Any]], threads: int, resources: dict[str, Any]) -> None:
    """See `workflow_lib.grouped`."""
    run_all(script, jobs, threads, resources)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            # Snakemake runs a copy of this file, whose __file__ is the original's.
            script=Path(__file__).with_name(f"{snakemake.params.rule}.py"),
            jobs=snakemake.params.jobs,
            threads=snakemake.threads,
            resources={"device": snakemake.resources.device},
        )
