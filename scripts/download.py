"""Copy one file of a source from the mirror, or download it."""

from pathlib import Path

from workflow_lib.data import download
from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded


def main(
    url: str | None, sha256: str | None, mirrored: Path | None, offline: bool, output: str
) -> None:
    """Copy the mirror's file if it exists; else download it. Without `url` only a mirror has it."""
    if mirrored and mirrored.is_file():
        download.copy_from_mirror(mirrored, output, sha256)
        return
    looked = f"{mirrored} is not there" if mirrored else "there is no mirror"
    if url is None:
        raise InputError(
            f"{Path(output).name}: this file has no address, it is only in a mirror, but {looked}; "
            "wanted `mirror: DIR` with DIR/SOURCE/FILE"
        )
    if offline:
        raise InputError(f"offline: true, but {looked}, and {output} would come from {url}")
    try:
        download.fetch(url, output, sha256)
    except InputError as error:
        raise InputError(f"{error}; {looked}") from error


if __name__ == "__main__":
    with recorded(snakemake):
        mirror, wildcards = snakemake.resources.mirror, snakemake.wildcards
        main(
            url=snakemake.params.url,
            sha256=snakemake.params.sha256,
            mirrored=Path(mirror, wildcards.source, wildcards.file) if mirror else None,
            offline=bool(snakemake.resources.offline),
            output=snakemake.output.file,
        )
