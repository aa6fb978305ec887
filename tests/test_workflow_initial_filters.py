"""Models whose filters start from known motifs, on the mini project."""

import numpy as np
import pytest
import yaml
from figure_checks import check_pictures
from running import linked_copy, planned, snakemake

from workflow_lib import models
from workflow_lib.initial_filters import read_matrices, starting_filters, units_of
from workflow_lib.motif import Motif, write_meme
from workflow_lib.tables import read_table

pytestmark = pytest.mark.slow
JASPAR = {"database": "jaspar2020_families", "order": "published", "n": 12}
SMALL = {"architecture": "explainn", "training": {"max_epochs": 2, "learning_rate": 0.01}}
OVERLAY = {
    "models": {
        "from_jaspar": SMALL | {
            "hyperparameters": {"fc_nodes": 5}, "filters_from": JASPAR, "freeze": "weights",
        },
        "from_own": SMALL | {
            "hyperparameters": {"filter_size": 9, "fc_layers": 0, "strands": "shared"},
            "filters_from": {"meme": "own.meme", "both_strands": False}, "freeze": "filter",
        },
    },
    "runs": [{"datasets": ["mini"], "models": ["from_jaspar", "from_own"], "seeds": [0]}],
    "figures": ["refined_filters"],
    "interactions": {"runs": []},
    "apply": {},
}  # fmt: skip


def test_from_motifs_to_what_became_of_them(checkout, finished, tmp_path):
    place = linked_copy(finished, tmp_path / "run")
    rng = np.random.default_rng(0)
    write_meme(
        place / "own.meme",
        [Motif(f"own{i}", f"mine{i}", rng.dirichlet(np.ones(4) / 3, 6 + i).T) for i in range(5)],
    )
    (place / "overlay.yaml").write_text(yaml.safe_dump(OVERLAY))
    config = f"tests/mini/config.yaml {place / 'overlay.yaml'}"
    base = [f"results/mini/{model}/seed0" for model in ("from_jaspar", "from_own")]
    wanted = [f"{run}/figures/refined_filters.pdf" for run in base]
    snakemake(checkout, place, *wanted, config=config)
    assert not planned(snakemake(checkout, place, "-n", *wanted, config=config))
    motifs = place / "results/motifs"
    matrices = [motifs / "jaspar2020_families.matrices.tsv", *motifs.glob("own.*.matrices.tsv")]
    for run, path, (n, size) in zip(base, matrices, ((12, 19), (5, 9))):
        model = models.load(place / run / "model.safetensors")
        assert model.hyperparameters["units"] == n
        start = starting_filters(read_matrices(path), units_of(model.metadata), size)
        assert np.array_equal(model.conv.weight.detach().numpy(), start.weights)
        changes = read_table(place / run / "filter_changes.tsv")
        assert changes["unit"].tolist() == list(range(n)) and (changes["cosine"] > 0.999999).all()
        assert changes["start"].tolist() == start.units["profile"].tolist()
        assert set(changes["strand"]) == ({"+", "-"} if n == 12 else {"+"})
    order = read_table(place / "results/motifs/jaspar2020_families.order_published.tsv")
    assert (
        read_table(place / base[0] / "filter_changes.tsv")["start"].tolist()
        == order["profile"][:12].tolist()
    )
    assert check_pictures(place) >= 2
