"""Bring one file of a source here, from the mirror or from its address."""

from workflow_lib import download
from workflow_lib.errors import InputError
from workflow_lib.logs import log_to


def main(mirrored: str | None, url: str, sha256: str | None, offline: bool, output: str) -> None:
    """Copy the mirror's file if there is one; else download."""
    if mirrored:
        download.copy_from_mirror(mirrored, output, sha256)
    elif offline:
        raise InputError(f"offline: true, but {output} is in no mirror and would come from {url}")
    else:
        download.fetch(url, output, sha256)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            mirrored=snakemake.input.get("mirrored"),
            url=snakemake.params.url,
            sha256=snakemake.params.sha256,
            offline=bool(snakemake.resources.offline),
            output=snakemake.output.file,
        )
