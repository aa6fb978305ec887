"""The JASPAR database of known motifs, from the copy within pyjaspar (no network)."""

import os
import re
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError
from workflow_lib.files import lines
from workflow_lib.motif import Motif
from workflow_lib.sequence import ALPHABET

# Counts in a column from which rounding them to whole ones changes little.
_MANY = 100


def profiles(
    release: str = "JASPAR2020",
    collection: str = "CORE",
    tax_group: str = "vertebrates",
    clusters: Mapping[str, str] | None = None,
    also: Sequence[str] = (),
) -> tuple[list[Motif], pd.DataFrame]:
    """The latest version of each profile of a JASPAR release.

    Parameters
    ----------
    release, collection, tax_group
        As JASPAR names them.
    clusters
        Profile id -> cluster (binding mode), see `read_clusters`. Without it a profile's cluster
        is its TF family. A profile that has neither is a cluster of its own.
    also
        Ids of further profiles (`MA0037.4`), from whichever release has them.

    Returns
    -------
    motifs, table
        Sorted by id; the table has columns profile, name, family, class, cluster. Families and
        classes of a dimer are joined by `::` as its name is, once each.

    Raises
    ------
    InputError
        A release, collection, group or further profile that JASPAR does not have.
    """
    found = _found(release, collection, tax_group, also)
    table = pd.DataFrame(
        {
            "profile": [profile.matrix_id for profile in found],
            "name": [profile.name for profile in found],
            "family": ["::".join(dict.fromkeys(profile.tf_family or ())) for profile in found],
            "class": ["::".join(dict.fromkeys(profile.tf_class or ())) for profile in found],
        }
    )
    own = table["family"].where(table["family"] != "", table["profile"])
    if clusters is not None:
        own = table["profile"].map(clusters).fillna(table["profile"])
    return [_from_counts(profile) for profile in found], table.assign(cluster=own)


def count_matrices(
    release: str = "JASPAR2020",
    collection: str = "CORE",
    tax_group: str = "vertebrates",
    also: Sequence[str] = (),
) -> list[Motif]:
    """The same profiles with whole counts in place of probabilities, as in JASPAR's own files.

    The package's copy has fractions in a few of them (MA1153.1); counts of columns that sum to less
    than 100 stay as they are, since rounding would change such a profile.
    """
    motifs = []
    for found in _found(release, collection, tax_group, also):
        counts = _counts(found)
        whole = np.round(counts) if counts.sum(axis=0).min() >= _MANY else counts
        motifs.append(Motif(found.matrix_id, found.name, whole, round(counts[:, 0].sum())))
    return motifs


def _found(release: str, collection: str, tax_group: str, also: Sequence[str]) -> list:
    """Profiles as JASPAR's package gives them, sorted by id; errors as in `profiles`."""
    # Imported here: its Biopython takes longer to load than everything else that reads motifs.
    from pyjaspar import jaspardb

    known = sorted(jaspardb().get_releases())
    if release not in known:
        raise InputError(
            f"JASPAR release {release!r} is not known; wanted one of {', '.join(known)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Zero motifs returned": an error below
        found = jaspardb(release=release).fetch_motifs(collection=collection, tax_group=[tax_group])
    if not found:
        raise InputError(
            f"{release} has no profiles in collection {collection!r}, group {tax_group!r}; "
            f"wanted for example 'CORE', 'vertebrates'"
        )
    present = {profile.matrix_id for profile in found}
    found += [_further(name) for name in also if name not in present]
    return sorted(found, key=lambda profile: profile.matrix_id)


def profile(name: str) -> Motif:
    """A profile by its id (`MA0139.1`), of the newest release that has it.

    Raises
    ------
    InputError
        No release has it.
    """
    return _from_counts(_further(name))


def check_profiles(motifs: Mapping[str, object], place: str) -> None:
    """Refuse ids that JASPAR does not have.

    Parameters
    ----------
    motifs
        Name -> `{profile: ID}`, or another way to give a motif, which is left alone.
    place
        Where they stand in the config.

    Raises
    ------
    InputError
        Names the key and the id.
    """
    for name, entry in motifs.items():
        if isinstance(entry, Mapping) and "profile" in entry:
            try:
                profile(entry["profile"])
            except InputError as error:
                raise InputError(f"config, {place}.{name}: {error}") from None


def _further(name: str) -> object:
    """As in `profile`, as JASPAR's package gives it."""
    from pyjaspar import jaspardb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Failed to fetch": an error below
        for release in sorted(jaspardb().get_releases(), reverse=True):
            found = jaspardb(release=release).fetch_motif_by_id(name)
            if found is not None:
                return found
    raise InputError(f"JASPAR has no profile {name!r} in any release; wanted an id like MA0037.4")


def _from_counts(profile: object) -> Motif:
    counts = _counts(profile)
    return Motif(
        profile.matrix_id, profile.name, counts / counts.sum(axis=0), round(counts[:, 0].sum())
    )


def _counts(profile: object) -> np.ndarray:
    return np.array([profile.counts[letter] for letter in ALPHABET], dtype=float)


def read_clusters(path: str | os.PathLike) -> dict[str, str]:
    """Read JASPAR's clusters of profiles (`leaf_to_cluster.tab`).

    Each line holds a profile and its cluster, divided by a tab. A profile is written
    `JASPAR_2020_vertebrates_m29_MA1101_2` or plainly `MA1101.2`.

    Returns
    -------
    dict
        Profile id (`MA1101.2`) -> cluster, both as text.

    Raises
    ------
    InputError
        An empty file, lines of another shape, a profile in two clusters; it names file and line.
    """
    clusters: dict[str, str] = {}
    for number, raw in enumerate(lines(path), 1):
        text = raw.decode(errors="replace").rstrip()
        if not text:
            continue
        match = re.fullmatch(r"(?:\S*_)?([A-Z]+[0-9]+)[._]([0-9]+)\t(\S+)", text)
        if match is None:
            raise InputError(
                f"{path}, line {number}: found {text[:60]!r}, "
                f"wanted a profile (..._MA1101_2), a tab and its cluster"
            )
        profile, cluster = f"{match[1]}.{match[2]}", match[3]
        if clusters.setdefault(profile, cluster) != cluster:
            raise InputError(
                f"{path}, line {number}: {profile} is in cluster {cluster} here and in "
                f"{clusters[profile]} above; wanted one cluster per profile"
            )
    if not clusters:
        raise InputError(f"{path}: no lines in it; wanted profiles and their clusters")
    return clusters
