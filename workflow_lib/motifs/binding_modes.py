"""Binding modes: which clusters of JASPAR profiles a model's motifs belong to.

Paper, Methods, "Interpretability with ExplaiNN", and Fig. 1D and E: motifs are given the cluster of
the profiles that they resemble, and the distinct clusters are counted, inside and outside of the
clusters of the predicted TFs.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from workflow_lib.errors import InputError

WHICH = ("best", "all")
COLUMNS = ["cluster", "names", "n_motifs", "expected", "targets"]
AGREEMENT_COLUMNS = ["cluster", "names", "expected", "n_seeds", "n_runs", "seeds", "n_filters"]


def expected_modes(target_names: Iterable[str], profiles: pd.DataFrame) -> dict[str, list[str]]:
    """The clusters that each predicted TF's own profiles lie in.

    A profile is a TF's own if it carries the TF's name, in any case, alone or as one half of a
    heterodimer (`MAX::MYC` is one of MAX and of MYC), whichever variant it is (`JUN(var.2)`). The
    paper does not say how it counts heterodimers: it gives 33 modes for its 50 TFs, which have 34
    with heterodimers and 30 without. They count here: some TFs bind mainly as heterodimers.

    Parameters
    ----------
    target_names
        Names of TFs, or of anything else.
    profiles
        Columns name and cluster (see `workflow_lib.motifs.jaspar`).

    Returns
    -------
    dict
        Target -> its clusters, sorted; none for targets without a TF's profile (cell types).
    """
    clusters: dict[str, set[str]] = {}
    for name, cluster in zip(profiles["name"], profiles["cluster"]):
        for tf in _tfs(name):
            clusters.setdefault(tf, set()).add(cluster)
    found = ((target, clusters.get(target.upper(), ())) for target in target_names)
    return {target: sorted(own, key=_natural) for target, own in found}


def _tfs(name: str) -> list[str]:
    """The TFs that a profile's name holds, in capitals."""
    return re.sub(r"\(var\.[0-9]+\)", "", name).upper().split("::")


def _natural(cluster: str) -> list[tuple[int, str]]:
    """A key that sorts numbers as numbers (2 before 10), words after them."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", cluster)
    return [(int(piece) if piece.isdigit() else 10**9, piece) for piece in pieces]


def binding_modes(
    annotation: pd.DataFrame,
    profiles: pd.DataFrame,
    target_names: Sequence[str],
    which: str = "best",
) -> pd.DataFrame:
    """The binding modes that motifs were annotated with, and those expected for the targets.

    Parameters
    ----------
    annotation
        Columns unit, name, cluster, p_value (see `workflow_lib.motifs.tomtom.annotate`). A pair
        whose profile has no cluster does not count.
    profiles
        As `expected_modes` takes them.
    target_names
        What the model predicts.
    which
        `best`: a motif counts for the cluster of its best match; `all`: for each cluster that it
        has a match in.

    Returns
    -------
    DataFrame
        One row per mode, those of most motifs first, expected ones that were not found
        (`n_motifs` 0) last. Columns: cluster; names (of the profiles of that cluster that motifs
        were annotated with); n_motifs; expected (bool: a mode of one of the targets); targets
        (those that it is a mode of). Names and targets are joined by commas.

    Raises
    ------
    InputError
        An unknown value of `which`.
    """
    if which not in WHICH:
        raise InputError(f"binding_modes, which: found {which!r}, wanted {' or '.join(WHICH)}")
    targets: dict[str, list[str]] = {}
    for target, clusters in expected_modes(target_names, profiles).items():
        for cluster in clusters:
            targets.setdefault(cluster, []).append(target)
    pairs = annotation[annotation["cluster"].fillna("") != ""]
    if which == "best":
        by_p = pairs.sort_values("p_value", key=pd.to_numeric, kind="stable")
        pairs = by_p.drop_duplicates("unit").sort_index()
    rows, groups = [], dict(list(pairs.groupby("cluster")))
    for cluster in {**groups, **targets}:
        found = groups.get(cluster, pairs[:0])
        names = ",".join(dict.fromkeys(found["name"]))
        own = targets.get(cluster, [])
        rows.append([cluster, names, found["unit"].nunique(), bool(own), ",".join(own)])
    rows.sort(key=lambda row: (-row[2], _natural(row[0])))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n_motifs": int, "expected": bool})


def count_modes(modes: pd.DataFrame) -> pd.DataFrame:
    """How many binding modes were found.

    Parameters
    ----------
    modes
        From `binding_modes`.

    Returns
    -------
    DataFrame
        One row: expected (modes of the predicted TFs that were found), other (further ones), all
        (both), n_expected (modes that the predicted TFs have).
    """
    expected, found = modes["expected"].astype(bool), modes["n_motifs"] > 0
    n, other = int((found & expected).sum()), int((found & ~expected).sum())
    counts = {"expected": n, "other": other, "all": n + other, "n_expected": int(expected.sum())}
    return pd.DataFrame([counts])


def motif_agreement(
    annotations: Mapping[int, pd.DataFrame],
    profiles: pd.DataFrame,
    target_names: Sequence[str],
    which: str = "best",
) -> pd.DataFrame:
    """The binding modes of one model on one data set, and in how many seeds each is found.

    Parameters
    ----------
    annotations
        Seed -> its annotated motifs, see `binding_modes`. A seed without any still counts as a run.
    profiles, target_names, which
        See `binding_modes`.

    Returns
    -------
    DataFrame
        One row per mode, those of most seeds first, then those of most filters. Columns: cluster;
        names (of the profiles, over all seeds); expected (a mode of one of the targets); n_seeds;
        n_runs (all seeds); seeds (joined by commas); n_filters (mean over the seeds that have the
        mode; NaN for expected modes that no seed has).
    """
    modes = [
        binding_modes(annotations[seed], profiles, target_names, which).assign(seed=seed)
        for seed in sorted(annotations)
    ]
    if not modes:
        return pd.DataFrame(columns=AGREEMENT_COLUMNS)
    rows = []
    for cluster, of_mode in pd.concat(modes).groupby("cluster", sort=False):
        found = of_mode[of_mode["n_motifs"] > 0]
        names = dict.fromkeys(name for cell in found["names"] for name in cell.split(","))
        rows.append(
            {
                "cluster": cluster,
                "names": ",".join(names),
                "expected": bool(of_mode["expected"].iloc[0]),
                "n_seeds": len(found),
                "n_runs": len(annotations),
                "seeds": ",".join(str(seed) for seed in found["seed"]),
                "n_filters": found["n_motifs"].mean() if len(found) else np.nan,
            }
        )
    table = pd.DataFrame(rows, columns=AGREEMENT_COLUMNS)
    # Stable: equal ones stay in the order of the first seeds' tables.
    return table.sort_values(
        ["n_seeds", "n_filters"], ascending=False, kind="stable", ignore_index=True
    )
