"""Draw precision-recall curves of a few targets, or the scores of many."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve

from workflow_lib.execution.job import recorded
from workflow_lib.figures import performance
from workflow_lib.figures.style import save
from workflow_lib.tables import Scored, read_predictions, read_runs, write_table

POINTS = 300  # per curve: more cannot be told apart in print


def curves(scored: Scored) -> list[pd.DataFrame]:
    """One table per target with positives; computed here, as no other step needs the points."""
    tables = []
    for target in scored.labels:
        known = scored.labels[target].notna()
        truth = scored.labels.loc[known, target].to_numpy()
        if 0 < truth.sum() < len(truth):
            scores = scored.predictions.loc[known, target].to_numpy()
            precision, recall, _ = precision_recall_curve(truth, scores)
            few = np.unique(np.linspace(0, len(recall) - 1, POINTS).astype(int))
            names = {"model": scored.run["model"], "seed": scored.run["seed"], "target": target}
            points = {"recall": recall[few], "precision": precision[few]}
            tables.append(pd.DataFrame(names | points))
    return tables


def main(
    predictions: list[str], labels: str, metrics: list[str], metric: str, outputs: dict
) -> None:
    """Draw; `predictions` and `metrics` are tables of runs."""
    scores = read_runs(metrics)
    label = f"{metric.replace('_', ' ').upper()} ({scores['split'].iloc[0]} sequences)"
    table = performance.score_table(scores, metric)
    if metric == "auprc" and table["target"].nunique() <= performance.MOST_CURVES + 1:
        parts = [part for path in predictions for part in curves(read_predictions(path, labels))]
        points = pd.concat(parts) if parts else pd.DataFrame()
        figure, drawn = performance.precision_recall(points, table), points
    else:
        figure, drawn = performance.target_scores(table, label), table
    write_table(drawn, outputs["tsv"], float_format="%.6g")
    save(figure, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            predictions=list(snakemake.input.predictions),
            labels=snakemake.input.labels,
            metrics=list(snakemake.input.metrics),
            metric=snakemake.params.metric,
            outputs=dict(snakemake.output.items()),
        )
