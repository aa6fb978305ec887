"""Every figure that draws names of targets, data sets, models or assays, with any names."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from test_attribution_tracks import track
from test_distance_curves import spacing
from test_figures import (
    comparison_table,
    history_table,
    metrics_table,
    model_tables,
    probabilities,
    recovery_table,
)
from test_interactions import example, listed
from test_logo_grid import cells
from test_mode_counts import model_table
from test_motif_effects import ablated, copies, single
from test_motif_performance import many
from test_nullified_filters import annotation, impacts, importances
from test_pattern_sheet import discovery, drawn
from test_predicted_vs_measured import values
from test_refined_filters import drawn as refined
from test_sequence_figures import STARTS, correlations
from test_size_trends import assays, runs
from test_target_groups import logos as made_logos
from test_target_groups import targets_table
from test_unit_sweep import metrics

from workflow_lib import models
from workflow_lib.figures import (
    assay_bars,
    attribution_tracks,
    dataset_comparison,
    distance_curves,
    grouped_boxes,
    groups,
    importance_boxes,
    interaction_maps,
    logo_grid,
    logos,
    mode_counts,
    model_bars,
    model_scatter,
    motif_effects,
    motif_pairs,
    motif_performance,
    negative_weights,
    nullified_filters,
    performance,
    predicted_vs_measured,
    recovery,
    schematic,
    sequence_correlations,
    size_trends,
    strand_symmetry,
    sweep_with_counts,
    unit_sweep,
    weight_heatmap,
)

# Like ENCODE's or Enformer's, of 40 to 130 letters; some differ only in the middle.
_CELLS = ("skin fibroblast of the abdomen", "CD14-positive monocyte", "smooth muscle cell")
_ENDS = ", female, foreskin, day 5 (replicates pooled, fold change over control, hg38 liftover)"


def long_names(n: int, longest: int = 130) -> list[str]:
    """So many names of 40 letters to `longest`, with spaces or without."""
    names = []
    for i in range(n):
        name = f"DNASE:{_CELLS[i % 3]}, adult, donor {i:03}{_ENDS}, ENCODE4 v{i % 2}, exp"
        name = name[: 40 + (i * 37) % (longest - 39)]
        if f"{i:03}" not in name:
            name = f"{name[:-4]} {i:03}"
        names.append(name.replace(" ", "_") if i % 4 == 3 else name)
    return names


def _named(table: pd.DataFrame, names: Sequence[str], short: str = "TF") -> pd.DataFrame:
    """A table with `TF0`, `TF1` ... replaced by names, in its cells and its columns."""
    new = {f"{short}{i}": name for i, name in enumerate(names)}
    return table.rename(columns=new).replace(new)


def _model(targets: Sequence[str], n_units: int = 20) -> dict[str, pd.DataFrame]:
    tables = model_tables(n_units, len(targets), n_units - 2)
    known = tables["annotation"]  # matches TF0, TF1 ...: of known motifs, not the targets' names
    return {k: _named(v, targets) for k, v in tables.items()} | {"annotation": known}


def _curves(targets: Sequence[str], names: Sequence[str]) -> Figure:
    scores = performance.score_table(_named(metrics_table(len(targets), names), targets))
    line = pd.DataFrame({"recall": [1, 0.5, 0], "precision": [0.1, 0.8, 1]})
    parts = [line.assign(model=m, seed=0, target=t) for m in names for t in targets]
    return performance.precision_recall(pd.concat(parts), scores)


def _groups(targets: Sequence[str]) -> pd.DataFrame:
    """Groups called as long as the targets are."""
    table = targets_table(targets)
    return groups.target_groups(table.assign(group=table["group"].replace(
        dict(zip(table["group"].unique(), targets[::-1]))
    )))  # fmt: skip


def _heatmap(targets: Sequence[str], n_units: int, grouped: bool = False) -> Figure:
    tables = _model(targets, n_units)
    drawn = weight_heatmap.weight_cells(
        tables["weights"], tables["annotation"], tables["importance"],
        groups=_groups(targets) if grouped else None,
    )  # fmt: skip
    counts = (n_units, n_units - 2, 0, len(targets))
    return weight_heatmap.weight_heatmap(drawn, *counts, logos=made_logos(n_units))


def _boxes(targets: Sequence[str], grouped: bool = False) -> Figure | list[Figure]:
    tables = _model(targets)
    importance = tables["importance"].assign(n_sequences=40)
    of_groups = _groups(targets) if grouped else None
    table = importance_boxes.importance_table(importance, tables["annotation"], groups=of_groups)
    return importance_boxes.importance_boxes(table, 20, len(targets))


def _motif(targets: Sequence[str]) -> list[Figure]:
    tables = _model(targets)
    importance = tables["importance"].assign(n_sequences=40)
    annotation = tables["annotation"].assign(name=targets[0])
    table = importance_boxes.motif_unit_table(importance, annotation, targets[0], _groups(targets))
    return grouped_boxes.grouped_boxes(table, f"{targets[0]}: a unit", made_logos(20))


def _counted(names: Sequence[str]) -> Figure:
    sweep, table = {names[0]: 1, names[1]: 300}, metrics(names)
    scores = unit_sweep.unit_sweep_table(table, sweep, names[2:])
    counts = sequence_correlations.well_predicted(correlations(names), 0.75)
    counts = unit_sweep.unit_sweep_table(counts, sweep, names[2:], "well_predicted")
    return sweep_with_counts.sweep_with_counts(scores, counts, "auprc", "sequences, PCC ≥ 0.75")


def _two_models(names: Sequence[str]) -> Figure:
    table = model_scatter.sequence_table(correlations(names), *names)
    return model_scatter.by_sequence(table, "held-out sequences")


def _bars(names: Sequence[str]) -> Figure:
    starts = dict(zip(names, STARTS.values()))
    counts = sequence_correlations.well_predicted(correlations(names), 0.75)
    table = model_bars.model_bars_table(metrics(names), counts, starts, "auprc")
    return model_bars.model_bars(table, "auprc", "held-out sequences with PCC ≥ 0.75")


def _distributions(names: Sequence[str]) -> list[Figure]:
    table = sequence_correlations.distribution_table(correlations(names), 0.75)
    return sequence_correlations.sequence_correlations(table, f"Sequences of {names[0]}", 0.75)


def _sheet(targets: Sequence[str]) -> list[Figure]:
    tables = _model(targets)
    tables["filters"].loc[:3, "n_sites"] = [3, 0, 1, 9]
    table = logos.filter_table(tables["filters"], tables["annotation"], tables["importance"])
    return logos.filter_sheet(table, {i: probabilities("ACGTTTGCATGCAACGT") for i in range(20)})


def recovered(targets: Sequence[str], seeds: Sequence[int] = (0, 1)) -> list[Figure]:
    """Eight planted motifs: found by no filter in one seed, with q values beyond the axis' end."""
    table = pd.concat([recovery_table(seeds)] * 4, ignore_index=True)
    table["motif"] = [f"m{i // 2 % (2 * len(seeds))}{i % 2}" for i in range(len(table))]
    table["targets"] = [",".join(targets[i % len(targets) :][:3]) for i in range(len(table))]
    table.loc[[0, 4], "q_value"] = [1e-30, 1e-17]
    lost = {"recovered": False, "unit": None, "match_name": None, "q_value": np.nan}
    table.loc[2, list(lost)] = list(lost.values())
    table.loc[2, "importance"] = np.nan
    profiles = {"MA0001.1": probabilities("ACCGTTAGCA"), "MA0002.1": probabilities("GGGCAT")}
    filters = {seed: {2: probabilities("CGTTA")} for seed in seeds}
    places = pd.DataFrame(columns=["seed", "unit", "profile", "offset", "orientation"])
    return recovery.recovery_rows(table, recovery.recovered_logos(table, profiles, filters, places))


def _regions(targets: Sequence[str], names: Sequence[str]) -> Figure:
    table = _named(comparison_table(len(targets)), targets)
    return dataset_comparison.same_regions(table, *names[:2], 22158, 162600)


def _strands(names: Sequence[str]) -> Figure:
    columns = ("seconds_per_epoch", "seconds", "annotated_filters", "expected_modes")
    values = dict(zip(columns, (2.0, 60.0, 20.0, 5.0)))
    rows = [{"metric": "auprc", "model": name, "value": 0.5} | values for name in names]
    of_models = pd.DataFrame(rows).assign(difference=0.1, low=0.05, high=0.2)
    table = strand_symmetry.strand_symmetry_table(of_models, pd.DataFrame(rows).assign(seed=0))
    return strand_symmetry.strand_symmetry(table)


def _schematic(targets: Sequence[str]) -> Figure:
    model = models.build("explainn", length=60, n_targets=1, units=1, fc_nodes=1)
    header = {"architecture": "explainn", "length": 60, "target_names": list(targets)}
    return schematic.schematic(header | {"hyperparameters": model.hyperparameters | {"units": 9}})


def _scatter(targets: Sequence[str], names: Sequence[str]) -> Figure:
    scores = _named(metrics(names, n_targets=len(targets)), targets)
    return model_scatter.pairwise(model_scatter.pairwise_table(scores, names[0], names[1:]))


def _sweep(names: Sequence[str]) -> Figure:
    sweep = {f"explainn.units{n}": n for n in (1, 10, 100)}
    return unit_sweep.unit_sweep(
        unit_sweep.unit_sweep_table(metrics([*sweep, *names]), sweep, names)
    )


def _nullified(targets: Sequence[str], names: Sequence[str], n_filters: int) -> Figure:
    values = [list(np.linspace(1, -0.5, len(targets)) * (i + 1)) for i in range(n_filters)]
    units, filters = importances({3: values[0]}, targets=targets), dict(enumerate(values))
    table = nullified_filters.unit_and_filters_table(
        units, annotation({3: "9"}), impacts(filters, targets),
        annotation(dict.fromkeys(filters, "9")), targets[0], ["9"],
    )  # fmt: skip
    return nullified_filters.unit_and_filters(table, targets[0], tuple(names[:2]))


def _negative(targets: Sequence[str]) -> Figure:
    values = {unit: list(np.linspace(-1, 1, len(targets))) for unit in range(9)}
    table = importances(values, targets=targets)
    of_units = annotation(dict.fromkeys(range(9), "9"))
    modes = dict.fromkeys(targets[:-1], ["9"]) | {targets[-1]: ["77"]}
    table = negative_weights.negative_units_table(table, of_units, modes)
    return negative_weights.negative_units(table, targets)


def _pairs(names: Sequence[str]) -> pd.DataFrame:
    scores, datasets = many(len(names) - 2, n_units=12)
    new = {f"family.TF{i}": name for i, name in enumerate(names[2:])}
    new |= {"explainn": names[0], "streme": names[1]}
    scores = scores.assign(
        dataset=scores["dataset"].replace(new), method=scores["method"].replace(new)
    )
    datasets = [new[name] for name in datasets]
    return motif_pairs.pairs_table(scores, names[0], 0, names[1], datasets)


def _ranks(names: Sequence[str]) -> Figure:
    scores, datasets = many(3, n_units=12)
    scores = scores.assign(method=scores["method"].replace({"explainn": names[0]}))
    return motif_performance.rank_performance(
        motif_performance.rank_table(scores, names[0], 0, datasets)
    )


def _times(names: Sequence[str]) -> Figure:
    new = {"explainn": names[0], "streme": names[1]}
    table = size_trends.times_table(
        runs(names[2:], cpu=1.9, seeds=(0,)).replace(new), names[0], 0, names[1], names[2:]
    )
    return size_trends.times_by_size(table)


def _grid(names: Sequence[str], on_top: bool) -> list[Figure]:
    table, motifs = cells(1 if on_top else 3, list(names[:2]), 12, absent=((0, 0),))
    table = table.assign(n_motifs=range(95, 95 + len(table)), n_train=100_000)
    return logo_grid.logo_grid(_named(table, names), motifs, reference_on_top=on_top)


def _patterns(targets: Sequence[str], names: Sequence[str]) -> list[Figure]:
    found = {t: discovery(6, i % 3, t * (i % 2), 8 + i % 40) for i, t in enumerate(targets)}
    return drawn(found, title=f"{names[0]} on {names[1]}")[1]


def _tracks(targets: Sequence[str], names: Sequence[str]) -> list[Figure]:
    parts = [track(target, 300, 1, id=target) for target in targets]
    used = pd.DataFrame({"target": targets, "n_used": 500})
    title = f"{names[0]} on {names[1]}"
    return attribution_tracks.attribution_tracks(pd.concat(parts), used, title, "binary")


def _maps(targets: Sequence[str], names: Sequence[str]) -> list[Figure]:
    made = [example(130, i, target)._replace(id=target) for i, target in enumerate(targets[:4])]
    pairs = pd.concat([listed(10, target) for target in targets[:4]])
    table = interaction_maps.map_table(made, 12, 100)
    title = f"{names[0]} on {names[1]}"
    return interaction_maps.interaction_maps(table, pairs, {3: [targets[0]]}, title, "binary")


def _measured(targets: Sequence[str], names: Sequence[str]) -> list[Figure]:
    scores = _named(metrics_table(len(targets)), targets).assign(metric="pcc", n=9)
    table = predicted_vs_measured.scatter_table(*values(9, targets), scores)
    title = f"{names[0]} on {names[1]}"
    return predicted_vs_measured.predicted_vs_measured(table, scores, title, len(targets))


def _effects(targets: Sequence[str], names: Sequence[str]) -> list[Figure]:
    parts = [make(names[:6], targets) for make in (single, copies, ablated)]
    title = f"{names[0]} on {names[1]}"
    return motif_effects.motif_effects(motif_effects.effects_table(*parts), title, len(targets))


def _spacing(
    targets: Sequence[str],
    names: Sequence[str],
    axis: distance_curves.Axis = distance_curves.EXCESS,
) -> Figure:
    table = spacing(names[:4], targets[:3])
    shown = {t: table["target"] == t for t in distance_curves.most_affected(table, 3)}
    curves = distance_curves.distance_table(table, shown)
    title = f"{names[0]} on {names[1]}"
    return distance_curves.distance_curves(curves, axis, title, {})


def gallery(
    targets: Sequence[str], names: Sequence[str]
) -> dict[str, Callable[[], Figure | list[Figure]]]:
    """Figure -> what draws it; `names` are those of data sets, models and methods (six or more)."""
    history = history_table(names[:4])
    scores = performance.score_table(_named(metrics_table(len(targets), names[:3]), targets))
    return {
        "loss_curves": lambda: performance.loss_curves(history),
        "precision_recall": lambda: _curves(targets[:12], names[:3]),
        "precision_recall, many targets": lambda: performance.target_scores(scores),
        "weight_heatmap": lambda: _heatmap(targets, 12),
        "weight_heatmap, few targets": lambda: _heatmap(targets[:3], 60),
        "weight_heatmap, one target": lambda: _heatmap(targets[:1], 50),
        "weight_heatmap, groups": lambda: _heatmap(targets, 60, grouped=len(targets) > 1),
        "importance_boxes": lambda: _boxes(targets),
        "importance_boxes, groups": lambda: _boxes(targets, grouped=True),
        "filter_sheet": lambda: _sheet(targets),
        "recovered_motifs": lambda: recovered(targets),
        "refined_filters": lambda: refined(targets, names=names[:2])[1],
        "refined_filters, groups": lambda: refined(targets, 5, names=names[:2])[1],
        "modisco_patterns": lambda: _patterns(targets, names),
        "attribution_tracks": lambda: _tracks(targets, names),
        "interaction_map": lambda: _maps(targets, names),
        "predicted_vs_measured": lambda: _measured(targets, names),
        "motif_effects": lambda: _effects(targets, names),
        "motif_spacing": lambda: _spacing(targets, names),
        "recovered_motifs, many seeds": lambda: recovered(targets, range(20)),
        "same_regions": lambda: _regions(targets, names),
        "strand_symmetry": lambda: _strands(names[:4]),
        "figure_1a": lambda: _schematic(targets),
        "figure_1b": lambda: _sweep(names[:4]),
        "figure_1c": lambda: _scatter(targets, names[:3]),
        "figure_1e": lambda: mode_counts.modes_by_model(model_table(names[:4], ["filters", "ism"])),
        "figure_1g": lambda: _nullified(targets, names, 8),
        "figure_1g, many filters": lambda: _nullified(targets[:3], names, 30),
        "figure_4a": lambda: _counted(names[:5]),
        "figure_4b": lambda: _two_models(names[:2]),
        "figure_4d": lambda: _motif(targets),
        "figure_6b": lambda: _bars(names[:4]),
        "sequence_correlations": lambda: _distributions(names),
        "figure_s1": lambda: _negative(targets[:5]),
        "figure_2a": lambda: _spacing(targets, names, distance_curves.RATIO),
        "figure_3a": lambda: _ranks(names),
        "figure_3b": lambda: motif_pairs.best_against(_pairs(names)),
        "figure_3c": lambda: size_trends.difference_by_size(size_trends.size_table(_pairs(names))),
        "figure_3d": lambda: _times(names),
        "figure_3e": lambda: _grid(names, on_top=False),
        "figure_3g": lambda: _grid(names, on_top=True),
        "figure_3f": lambda: assay_bars.assay_bars(
            assay_bars.assay_table(assays(dict(zip(names[:4], names[2:]))))
        ),
    }
