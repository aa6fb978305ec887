"""Simulated data with known truth: motifs planted in random sequences determine the labels.

A sequence is positive for a target if it carries a site of at least one of the target's causal
motifs. Motifs may be shared by targets; decoys are planted regardless of labels. Sites are drawn
letter by letter from the motif's matrix, so that some are weak, like real ones.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_lib.data.planting import background, place_sites, planting_rates, write_sites
from workflow_lib.errors import InputError
from workflow_lib.motif import Motif


@dataclass(frozen=True)
class Settings:
    """What to simulate; each field is a key in the config.

    Attributes
    ----------
    targets
        Target -> {motifs: ids or unique names of profiles, fraction: share of positives}.
    decoys
        Motifs that are planted and predict nothing.
    decoy_fraction
        Share of the sequences that carry a given decoy.
    n_sequences, length
        Size of the data.
    gc
        GC content of the background.
    cpg
        Observed / expected CpG of the background: 1 draws its letters independently (order 0),
        less depletes CpG as in vertebrate genomes (order 1).
    sites_per_sequence
        Smallest and largest number of sites of a motif in a sequence that carries it.
    label_noise
        Probability of a label to be flipped.
    seed
        Of everything random here.
    """

    targets: Mapping[str, Mapping]
    decoys: Sequence[str] = ()
    decoy_fraction: float = 0.1
    n_sequences: int = 10_000
    length: int = 100
    gc: float = 0.45
    cpg: float = 1.0
    sites_per_sequence: Sequence[int] = field(default=(1, 2))
    label_noise: float = 0.0
    seed: int = 0


class Simulation(NamedTuple):
    """Simulated data and its truth.

    Attributes
    ----------
    codes, labels
        uint8 (n, length) and float32 (n, targets), 0 or 1.
    ids, targets
        Names of the sequences and of the targets.
    truth
        One row per motif: motif (as the settings call it), profile, name, cluster, role (`causal`
        or `decoy`), targets (comma list), n_planted (sites).
    sites
        One row per planted site: id, profile, start, end (from 0, end excluded), strand.
    """

    codes: np.ndarray
    labels: np.ndarray
    ids: list[str]
    targets: list[str]
    truth: pd.DataFrame
    sites: pd.DataFrame


def simulate(settings: Mapping, motifs: Sequence[Motif], database: pd.DataFrame) -> Simulation:
    """Simulate sequences and labels.

    Parameters
    ----------
    settings
        Keys and values of `Settings`; only `targets` is required.
    motifs, database
        Known motifs and their table (profile, name, cluster ...), see `workflow_lib.motifs.jaspar`.

    Returns
    -------
    Simulation
        Equal settings give equal data.

    Raises
    ------
    InputError
        Unknown or missing settings, values out of range, motifs that the database lacks or has
        under one name twice, a motif both causal and decoy or wider than the sequences.
    """
    chosen = _checked(settings)
    causal = list(dict.fromkeys(m for spec in chosen.targets.values() for m in spec["motifs"]))
    words = [*causal, *chosen.decoys]
    planted = [_find(word, motifs) for word in words]
    _check_motifs(chosen, words, planted)
    uses = np.array([[w in s["motifs"] for w in words] for s in chosen.targets.values()])
    fractions = [spec["fraction"] for spec in chosen.targets.values()]
    rates = planting_rates(uses, np.array(fractions, dtype=float), chosen.decoy_fraction)

    rng = np.random.default_rng(chosen.seed)
    codes = background(rng, chosen.n_sequences, chosen.length, chosen.gc, chosen.cpg)
    widths = np.array([motif.width for motif in planted])
    sites = place_sites(rng, codes.shape, rates, widths, chosen.sites_per_sequence)
    write_sites(rng, codes, sites, planted)
    carries = np.zeros((chosen.n_sequences, len(words)), dtype=bool)
    carries[sites["sequence"], sites["motif"]] = True
    labels = (carries[:, None, :] & uses).any(axis=2)
    labels ^= rng.random(labels.shape) < chosen.label_noise
    ids = [f"sequence{i}" for i in range(chosen.n_sequences)]
    return Simulation(
        codes,
        labels.astype(np.float32),
        ids,
        list(chosen.targets),
        _truth(words, planted, uses, list(chosen.targets), sites, database),
        _site_table(ids, planted, sites),
    )


def _truth(
    words: Sequence[str],
    motifs: Sequence[Motif],
    uses: np.ndarray,
    targets: Sequence[str],
    sites: Mapping[str, np.ndarray],
    database: pd.DataFrame,
) -> pd.DataFrame:
    cluster = database.set_index("profile")["cluster"]
    users = [[target for target, used in zip(targets, column) if used] for column in uses.T]
    return pd.DataFrame(
        {
            "motif": list(words),
            "profile": [motif.id for motif in motifs],
            "name": [motif.name for motif in motifs],
            "cluster": [cluster.get(motif.id) for motif in motifs],
            "role": ["causal" if names else "decoy" for names in users],
            "targets": [",".join(names) for names in users],
            "n_planted": np.bincount(sites["motif"], minlength=len(words)),
        }
    )


def _site_table(
    ids: Sequence[str], motifs: Sequence[Motif], sites: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    widths = np.array([motif.width for motif in motifs])
    return pd.DataFrame(
        {
            "id": np.array(ids, dtype=object)[sites["sequence"]],
            "profile": np.array([motif.id for motif in motifs], dtype=object)[sites["motif"]],
            "start": sites["start"],
            "end": sites["start"] + widths[sites["motif"]],
            "strand": np.where(sites["forward"], "+", "-"),
        }
    )


def _find(word: str, motifs: Sequence[Motif]) -> Motif:
    found = [m for m in motifs if m.id == word] or [m for m in motifs if m.name == word]
    if len(found) != 1:
        listed = f" ({', '.join(m.id for m in found)})" if found else ""
        raise InputError(
            f"simulated motif {word!r}: {len(found)} profiles have this id or name{listed}, "
            f"wanted one"
        )
    return found[0]


def _check_motifs(settings: Settings, words: Sequence[str], planted: Sequence[Motif]) -> None:
    ids = [motif.id for motif in planted]
    for word, motif in zip(words, planted):
        if ids.count(motif.id) > 1:
            raise InputError(f"simulated motif {word!r} is named twice; a decoy cannot be causal")
        if motif.width > settings.length:
            raise InputError(
                f"simulated motif {word!r} is {motif.width} bp wide, the sequences "
                f"{settings.length} bp; wanted longer sequences"
            )


def _checked(settings: Mapping) -> Settings:
    known = [entry.name for entry in dataclasses.fields(Settings)]
    for key in settings:
        if key not in known:
            raise InputError(f"simulation: setting {key!r} is not known; wanted {', '.join(known)}")
    if not isinstance(settings.get("targets"), Mapping) or not settings["targets"]:
        raise InputError("simulation: targets are missing; wanted {name: {motifs: [], fraction: }}")
    chosen = Settings(**settings)
    for name, spec in chosen.targets.items():
        if not spec.get("motifs") or not 0 < spec.get("fraction", 0) < 1:
            raise InputError(
                f"simulation: target {name!r} is {dict(spec)}, "
                f"wanted motifs (a list) and fraction (in 0 to 1)"
            )
    low, high = chosen.sites_per_sequence
    wanted = {
        "n_sequences": chosen.n_sequences >= 1,
        "length": chosen.length >= 1,
        "gc": 0 < chosen.gc < 1,
        "cpg": 0 <= chosen.cpg <= 1,
        "decoy_fraction": 0 <= chosen.decoy_fraction <= 1,
        "sites_per_sequence": 1 <= low <= high,
        "label_noise": 0 <= chosen.label_noise < 0.5,
    }
    for key, good in wanted.items():
        if not good:
            raise InputError(f"simulation: {key} is {getattr(chosen, key)}, which is out of range")
    return chosen


def recovery(
    truth: pd.DataFrame,
    annotation: pd.DataFrame,
    importance: pd.DataFrame,
    database: pd.DataFrame,
) -> pd.DataFrame:
    """Which planted motifs a trained model recovered.

    A motif is recovered if a unit's filter matches its profile or one of the same cluster. Of
    several such units one is reported: preferably one with an importance other than 0, then a match
    of the profile itself, then the smallest q-value.

    Parameters
    ----------
    truth
        From `simulate`.
    annotation
        Tomtom's matches (unit, profile, q_value).
    importance
        Unit importances (unit, target, importance), see `unit_importance.tsv`.
    database
        Profiles with name and cluster; the definition of a cluster.

    Returns
    -------
    DataFrame
        One row per planted motif: motif, profile, name, role, targets, recovered, unit,
        match (profile), match_name, q_value, importance (largest absolute one of that unit over
        the targets; missing where no unit matches).
    """
    known = database.drop_duplicates("profile").set_index("profile")
    cluster = annotation["profile"].map(known["cluster"])
    largest = importance["importance"].abs().groupby(importance["unit"]).max()
    silent = ~(annotation["unit"].map(largest) > 0)
    rows = []
    for planted in truth.itertuples():
        exact = annotation["profile"] == planted.profile
        alike = exact | (cluster == known["cluster"].get(planted.profile))
        hits = annotation.assign(other=~exact, silent=silent)[alike]
        hits = hits.sort_values(["silent", "other", "q_value"], kind="stable")
        best = next(hits.itertuples(), None)
        row = {
            key: getattr(planted, key) for key in ["motif", "profile", "name", "role", "targets"]
        }
        row |= {"recovered": best is not None, "unit": None, "match": None}
        row |= {"match_name": None, "q_value": np.nan, "importance": np.nan}
        if best is not None:
            row |= {"unit": best.unit, "match": best.profile, "q_value": best.q_value}
            row |= {"match_name": known["name"].get(best.profile)}
            row |= {"importance": float(np.nan_to_num(largest.get(best.unit, 0.0)))}
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype({"unit": "Int64"}) if annotation["unit"].dtype.kind == "i" else table
