"""Compare models that treat the two strands differently: scores, training time, motifs."""

import pandas as pd

from workflow_lib.data.tasks import TASKS
from workflow_lib.execution.job import recorded
from workflow_lib.tables import RUN, read_predictions, read_table, write_table
from workflow_lib.train.evaluation import MEAN, evaluate, paired_difference


def summary(history: pd.DataFrame, annotation: pd.DataFrame, modes: pd.DataFrame) -> dict:
    """Training time, and the numbers of annotated filters and of expected binding modes."""
    found = modes["expected"].astype(bool) & (modes["n_motifs"] > 0)
    return {
        "seconds_per_epoch": history["seconds"].mean(),
        "epochs": len(history),
        "seconds": history["seconds"].sum(),
        "annotated_filters": annotation["unit"].nunique(),
        "expected_modes": int(found.sum()),
    }


def main(files: dict[str, list[str]], metric: str, draws: int, outputs: dict) -> None:
    """Write one row per run and one per model, each model compared with the first.

    `files` has predictions, histories, annotations and binding_modes of the same runs in the same
    order, and the one file of labels.
    """
    scores, rows = {}, []
    for i, path in enumerate(files["predictions"]):
        predictions, truth, _, run = read_predictions(path, files["labels"][0])
        scores.setdefault(run["model"], {})[run["seed"]] = predictions.to_numpy()
        found = evaluate(predictions.to_numpy(), truth.to_numpy(), list(truth), (metric,), draws=0)
        value = found.loc[found["target"] == MEAN, "value"].iloc[0]
        names = ("histories", "annotations", "binding_modes")
        tables = [read_table(files[name][i]) for name in names]
        row = run | {"metric": metric, "value": value}
        rows.append(row | summary(*tables))
    table, first, compared = pd.DataFrame(rows), rows[0]["model"], []
    write_table(table, outputs["runs"], float_format="%.6g")
    for model, of_seeds in scores.items():
        found = paired_difference(truth.to_numpy(), of_seeds, scores[first], metric, draws)
        low, high = (found.low, found.high) if model != first else (None, None)
        row = {
            "dataset": rows[0]["dataset"],
            "model": model,
            "reference": first,
            "n_seeds": len(of_seeds),
            "metric": metric,
        }
        row |= {"value": found.a, "difference": found.difference, "low": low, "high": high}
        means = table[table["model"] == model].drop(columns=[*RUN, "metric", "value"])
        compared.append(row | {"n_targets": found.n_targets} | means.mean().to_dict())
    write_table(pd.DataFrame(compared), outputs["comparison"], float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        params, files = snakemake.params, snakemake.input
        main(
            files={name: list(paths) for name, paths in files.items()},
            metric=TASKS[params.task].metrics[0],
            draws=params.draws,
            outputs=dict(snakemake.output.items()),
        )
