"""The files that a data set is made of: of its source, and of other sources (`files_from`)."""

from collections.abc import Mapping
from typing import Any

from workflow_lib.config.names import match
from workflow_lib.errors import InputError

SIMULATED = "sequences.tsv.gz"


def source_files(
    dataset: Mapping[str, Any], sources: Mapping[str, Any], place: str = "data set"
) -> dict[str, str]:
    """Files that a parsed data set uses.

    Parameters
    ----------
    dataset
        Its entry: `source` and `files`, patterns of the files of it that are used (by default all);
        `files_from`, patterns by the name of another source.
    sources
        The written-out sources.
    place
        Where the entry stands in the config, for messages.

    Returns
    -------
    dict
        Name of the file -> its source.

    Raises
    ------
    InputError
        A pattern that no file of the source fits, a name that two sources have.
    """
    used = {dataset["source"]: dataset.get("files", ["*"])}
    places = {dataset["source"]: f"{place}.files"}
    for source, patterns in dataset.get("files_from", {}).items():
        if source in used:
            raise InputError(
                f"config, {place}.files_from: {source!r} is the source of the data set; wanted "
                "another one, and patterns of its own files in `files`"
            )
        used[source], places[source] = patterns, f"{place}.files_from.{source}"
    found: dict[str, str] = {}
    for source, patterns in used.items():
        simulated = "simulate" in sources[source]
        present = [SIMULATED] if simulated else list(sources[source]["files"])
        names = present if simulated else match("file", patterns, present, places[source])
        for name in names:
            if name in found:
                raise InputError(
                    f"config, {places[source]}: {name!r} is a file of {found[name]!r} too; wanted "
                    "names that differ, since a parser knows files by their names"
                )
            found[name] = source
    return found
