"""Turn each filter into a position weight matrix, and measure the importance of each unit."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch

from workflow_lib import models
from workflow_lib.data import dataset
from workflow_lib.execution.job import recorded
from workflow_lib.interpret.activations import read_strands
from workflow_lib.interpret.filters import FilterMatrices, above, filter_matrices, probabilities
from workflow_lib.interpret.importance import output_weights, unit_importance
from workflow_lib.interpret.sequence_selection import correctly_predicted_sequences
from workflow_lib.motif import Motif, consensus, information, write_meme
from workflow_lib.tables import write_run_table
from workflow_lib.train.inference import choose_device

log = logging.getLogger("workflow_lib.filters")
# Motifs of so few sequences say little.
FEW = 50


def main(
    run: Mapping[str, str],
    model_path: str,
    data_path: str,
    settings: dict[str, Any],
    device: str,
    outputs: dict[str, str],
) -> None:
    """Write the matrices as MEME, and a table of what they were made of.

    Of a model that is made of units also write quantiles of unit output x weight (long), and the
    final layer's weights (wide).
    """
    model, chosen = models.load(model_path), choose_device(device)
    part = dataset.part(dataset.load(data_path), *settings["splits"])
    X, selected, criterion = correctly_predicted_sequences(model, part, settings, chosen)
    counts = pd.DataFrame(
        {"target": model.target_names, "n": part.n_obs, "n_selected": selected.sum(axis=0)}
    )
    counts.loc[len(counts)] = ["any", part.n_obs, len(X)]
    strands = read_strands(model, settings["strands"])
    about = {"criterion": criterion, "strands": strands}
    write_run_table(counts.assign(**about), run, outputs["selection"])
    warn(run, settings["splits"], len(X), part.n_obs, criterion)
    options = {"inclusive": settings["inclusive"], "strands": strands}
    found = filter_matrices(model, X, device=chosen, **options)
    motifs = [
        Motif(f"unit{unit}", "", matrix, int(n))
        for unit, (matrix, n) in enumerate(zip(probabilities(found.counts), found.n_sites))
    ]
    write_meme(outputs["meme"], motifs)
    table = filter_table(found, motifs)
    write_run_table(table, run, outputs["filters"])
    if "importance" in outputs:
        # At the same threshold as a later step that reads it from the table.
        maximum = table["activation_max"].astype(float).to_numpy()
        if not settings["inclusive"]:
            maximum = above(maximum)
        options = {"device": chosen, "strands": settings["strands"]}
        importance = unit_importance(model, X, selected, maximum, model.target_names, **options)
        write_run_table(importance, run, outputs["importance"], float_format="%.6g")
        write_run_table(output_weights(model), run, outputs["weights"], float_format="%.6g")


def warn(
    run: Mapping[str, str], splits: Sequence[str], n_used: int, n: int, criterion: str
) -> None:
    """Warn of filters from sequences that are scored too, or from few of the n sequences."""
    name = f"{run['dataset']}, {run['model']}, seed {run['seed']}"
    if "test" in splits:
        log.warning(
            "%s: filters and importances are read from the test part (allow_scored_sequences), on "
            "which models and motifs are scored: the motifs' scores there are too good",
            name,
        )
    if n_used < FEW:
        log.warning(
            "%s: %d of %d sequences are correctly predicted (%s), of whose sites the filters' "
            "motifs are made. Look at metrics.tsv: a model that learned nothing shows nothing; "
            "else choose another interpretation.correct (true_positive, top_fraction ...)",
            name, n_used, n, criterion,
        )  # fmt: skip


def filter_table(found: FilterMatrices, motifs: Sequence[Motif]) -> pd.DataFrame:
    """What each filter's matrix was made of: filters.tsv."""
    return pd.DataFrame(
        {
            "unit": range(len(motifs)),
            # Nine digits preserve a float32 exactly, and with it the threshold.
            "activation_max": [f"{value:.9g}" for value in found.activation_max],
            "n_sites": found.n_sites,
            "n_sequences": found.n_sequences,
            "information": [information(motif.probabilities).sum().round(3) for motif in motifs],
            "consensus": [consensus(motif.probabilities) for motif in motifs],
        }
    )


if __name__ == "__main__":
    torch.set_num_threads(snakemake.threads)
    with recorded(snakemake):
        main(
            run=dict(snakemake.wildcards.items()),
            model_path=snakemake.input.model,
            data_path=snakemake.input.dataset,
            settings=snakemake.params.settings,
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
        )
