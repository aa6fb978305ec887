"""Accessibility across cell types from arrays to Figures 4 and 6, on made-up cells."""

import numpy as np
import pandas as pd
import pytest
import yaml
from figure_checks import check_pictures
from running import linked_copy, planned, snakemake

from workflow_lib.motif import Motif, write_meme
from workflow_lib.sequence import encode
from workflow_lib.tables import read_table

pytestmark = pytest.mark.slow
# In the order of the table; the arrays have them by name.
CELLS = {"HSC": "stem", "MEP": "stem", "Mono": "myeloid", "B": "lymphoid", "NK": "lymphoid"}
MOTIFS = {
    "GATA1": ("AGATAAGG", "stem"),
    "CEBPB": ("TTGCGCAA", "myeloid"),
    "ETS1": ("ACCGGAAGT", "lymphoid"),
}
OWN = {"meme": "own.meme"}
SMALL = {"architecture": "explainn", "training": {"max_epochs": 3, "learning_rate": 0.01}}
MODELS = {
    "cells": SMALL | {"hyperparameters": {"units": [3, 6], "fc_layers": 0}},
    "cells_cnn": SMALL | {
        "architecture": "cnn1", "hyperparameters": {"filters": 6, "fc_nodes": 10},
    },
    "cells_free": SMALL | {
        "hyperparameters": {"filter_size": 11, "fc_layers": 0}, "filters_from": OWN,
    },
    "cells_frozen": SMALL | {
        "hyperparameters": {"filter_size": 11, "fc_layers": 0}, "filters_from": OWN,
        "freeze": "weights",
    },
}  # fmt: skip
OVERLAY = {
    "sources": {"cells": {"files": {
        name: {"path": name} for name in ("one_hot_seqs.npy", "cell_type_array.npy")
    }}},
    "datasets": {"cells": {
        "source": "cells", "parser": "ai_tac", "options": {"one_hot_order": "ATGC"},
        "targets_table": "cells.tsv", "task": "correlation", "split": {"method": "random"},
    }},
    "models": MODELS,
    "runs": [{"datasets": ["cells"], "models": ["cells.*", "cells_*"], "seeds": [0]}],
    "interpretation": {"correct": "correlation", "correct_threshold": -0.5},
    "expected_motifs": {"runs": [{"models": ["cells_frozen"]}],
                        "motifs": {"HSC": ["GATA*", "TBX*"]}},
    "figure_4": {"dataset": "cells", "sweep": "cells.*", "model": "cells_frozen",
                 "baseline": "cells_cnn", "motifs": ["GATA", "CEBP"]},
    "figure_6": {"dataset": "cells", "models": ["cells.units6", "cells_free", "cells_frozen"],
                 "free_model": "cells_free", "frozen_model": "cells_frozen",
                 "frozen_profiles": ["GATA1"]},
    "figures": ["figure_4*", "figure_6*", "figure_s4", "sequence_correlations", "weight_heatmap"],
    "interactions": {"runs": []},
    "apply": {},
}  # fmt: skip


def write_cells(place, n=240, length=60):
    """Arrays in AI-TAC's format: each motif opens the cells of a group."""
    rng = np.random.default_rng(0)
    codes, values = rng.integers(0, 4, (n, length)), rng.normal(0, 0.3, (n, len(CELLS)))
    # Few CpG, by which the order of bases is known: CG becomes CA or TG.
    rows, starts = np.nonzero((codes[:, :-1] == 1) & (codes[:, 1:] == 2))
    left = rng.random(len(rows)) < 0.5
    codes[rows[left], starts[left]] = 3
    codes[rows[~left], starts[~left] + 1] = 0
    for word, group in MOTIFS.values():
        for row in np.flatnonzero(rng.random(n) < 0.5):
            start, site = rng.integers(length - len(word)), encode([word])[0]
            site = site if rng.random() < 0.5 else 3 - site[::-1]
            codes[row, start : start + len(word)] = site
            values[row] += 2.0 * np.array([of == group for of in CELLS.values()])
    order = [0, 3, 2, 1]  # A, T, G, C
    np.save(
        place / "one_hot_seqs.npy", np.stack([codes == row for row in order], 1).astype(np.int8)
    )
    by_name = np.argsort(list(CELLS))
    np.save(place / "cell_type_array.npy", values[:, by_name].astype(np.float32))
    table = pd.DataFrame({"target": list(CELLS), "group": list(CELLS.values())})
    table["column"] = np.argsort(by_name)
    table.to_csv(place / "cells.tsv", sep="\t", index=False)
    write_meme(place / "own.meme", [_motif(name, word) for name, (word, _) in MOTIFS.items()])


def _motif(name, word):
    return Motif(name, name, np.where(np.eye(4)[encode([word])[0]].T > 0, 0.91, 0.03))


def test_from_arrays_to_the_panels(checkout, finished, tmp_path):
    place = linked_copy(finished, tmp_path / "run")
    write_cells(place)
    (place / "overlay.yaml").write_text(yaml.safe_dump(OVERLAY))
    config = f"tests/mini/config.yaml {place / 'overlay.yaml'}"
    snakemake(checkout, place, "figures", "interpretation", config=config)
    left = planned(snakemake(checkout, place, "-n", "figures", "interpretation", config=config))
    assert not left, left
    results = place / "results"
    assert read_table(results / "cells/targets.tsv")["target"].tolist() == list(CELLS)
    # One row a held-out region, as numpy has it.
    run = results / "cells/cells_free/seed0"
    correlations = read_table(run / "sequence_correlations.tsv.gz").set_index("id")["pcc"]
    labels = read_table(results / "cells/labels.tsv.gz").set_index("id")[list(CELLS)]
    found = read_table(run / "predictions.tsv.gz").set_index("id").loc[labels.index, list(CELLS)]
    for name in labels.index:
        expected = np.corrcoef(labels.loc[name], found.loc[name])[0, 1]
        assert correlations[name] == pytest.approx(expected, abs=1e-4)
    metrics = read_table(run / "metrics.tsv").set_index(["target", "metric"])["value"]
    assert metrics["mean", "pcc_per_sequence"] == pytest.approx(correlations.mean(), abs=1e-4)
    assert metrics["mean", "well_predicted"] == (correlations >= 0.75).sum()
    expected = read_table(results / "cells/cells_frozen/seed0/expected_motifs.tsv")
    assert expected["expected"].tolist() == ["GATA*", "TBX*"] and expected["of"].min() > 0
    assert expected["n_units"].tolist()[0] >= 1 and expected["n_units"].tolist()[1] == 0
    panels = {path.stem for path in (results / "figures").glob("figure_*.png")}
    assert panels == {f"figure_{name}" for name in ("4a", "4b", "4c", "4d", "4e", "6b", "6c", "s4")}
    assert check_pictures(place) >= 8
