"""Models that are published checkpoints: what a plan can know of them, without torch."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from workflow_lib.config.names import known
from workflow_lib.errors import InputError

# Format of a checkpoint -> the architecture that it is of.
FORMATS = {
    "explainn": "explainn",
    "deepstarr_keras": "deepstarr",
    "deepstarr_pytorch": "deepstarr",
}


def check_published(
    config: Mapping[str, Any], written_out: Mapping[str, Any], runs: Iterable[tuple[str, str, int]]
) -> None:
    """Refuse what a published model cannot have or be used for.

    Parameters
    ----------
    config
        The merged config.
    written_out
        Its `sources` and `models` by full name.
    runs
        Selected runs (data set, model, seed).

    Raises
    ------
    InputError
        Another architecture than that of the format, settings of a training, an unknown file of a
        source, several seeds, a comparison of training times.
    """
    models = {name: e for name, e in written_out["models"].items() if "published" in e}
    for name, entry in models.items():
        _check_entry(f"models.{name}", entry, written_out["sources"])
    seeds = Counter((dataset, model) for dataset, model, _ in runs if model in models)
    for (dataset, model), n in seeds.items():
        if n > 1:
            raise InputError(
                f"config, runs: found {n} seeds of {model} on {dataset}; wanted one: the model is "
                "published, and the same for every seed"
            )
    for name in config.get("strand_symmetry", ()):
        if name in models:
            raise InputError(
                f"config, strand_symmetry: {name!r} is published; wanted models that are trained "
                "here, since their times of training are compared"
            )


def with_path(entry: Mapping[str, Any], sources: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's entry, its `published` with the `path` where its checkpoint is or will be."""
    if "published" not in entry:
        return entry
    published = entry["published"]
    path, source = published["file"], published.get("source")
    if source is not None:
        about = sources[source].get("files", {}).get(path, {})
        path = about.get("path") or f"resources/downloads/{source}/{path}"
    return {**entry, "published": {**published, "path": path}}


def _check_entry(place: str, entry: Mapping[str, Any], sources: Mapping[str, Any]) -> None:
    published = entry["published"]
    wanted = FORMATS[published["format"]]
    if entry["architecture"] != wanted:
        raise InputError(
            f"config, {place}.architecture: found {entry['architecture']!r}, wanted {wanted!r}, of "
            f"which a checkpoint of the format {published['format']!r} is"
        )
    if "training" in entry:
        raise InputError(
            f"config, {place}.training: the model is published and not trained; wanted one of "
            "`training` and `published`"
        )
    if "source" in published:
        files = sources[published["source"]].get("files", {})
        known("file", published["file"], files, f"{place}.published.file")
