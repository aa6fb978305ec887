"""Draw precision-recall curves of a few targets, or the scores of many."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve

from workflow_lib.execution.job import recorded
from workflow_lib.figures import performance
from workflow_lib.figures.style import save
from workflow_lib.tables import read_predictions, read_table, write_table

POINTS = 300  # per curve: more cannot be told apart in print


def curves(run: tuple[str, str], predictions: pd.DataFrame, labels: pd.DataFrame) -> list:
    """One table per target with positives; computed here, as no other step needs the points."""
    tables = []
    for target in labels:
        known = labels[target].notna()
        truth = labels.loc[known, target].to_numpy()
        if 0 < truth.sum() < len(truth):
            scores = predictions.loc[known, target].to_numpy()
            precision, recall, _ = precision_recall_curve(truth, scores)
            few = np.unique(np.linspace(0, len(recall) - 1, POINTS).astype(int))
            names = dict(zip(("model", "seed", "target"), (*run, target), strict=True))
            points = {"recall": recall[few], "precision": precision[few]}
            tables.append(pd.DataFrame(names | points))
    return tables


def main(runs: dict, labels: str, metrics: list[str], metric: str, outputs: dict) -> None:
    """Draw; `runs` has (model, seed) -> predictions."""
    scores = pd.concat([read_table(path) for path in metrics], ignore_index=True)
    label = f"{metric.replace('_', ' ').upper()} ({scores['split'].iloc[0]} sequences)"
    table = performance.score_table(scores, metric)
    if metric == "auprc" and table["target"].nunique() <= performance.MOST_CURVES + 1:
        read = [(run, *read_predictions(path, labels)[:2]) for run, path in runs.items()]
        parts = [part for each in read for part in curves(*each)]
        points = pd.concat(parts) if parts else pd.DataFrame()
        figure, drawn = performance.precision_recall(points, table), points
    else:
        figure, drawn = performance.target_scores(table, label), table
    write_table(drawn, outputs["tsv"], float_format="%.6g")
    save(figure, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        keys = zip(snakemake.params.models, snakemake.params.seeds, strict=True)
        runs = dict(zip(keys, snakemake.input.predictions, strict=True))
        metrics, labels = list(snakemake.input.metrics), snakemake.input.labels
        main(runs, labels, metrics, snakemake.params.metric, dict(snakemake.output.items()))
