"""Compare models that treat the two strands differently: scores, training time, motifs."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.tables import read_predictions, read_table, write_table
from workflow_lib.train.evaluation import MEAN, evaluate, paired_difference


def summary(history: pd.DataFrame, annotation: pd.DataFrame, modes: pd.DataFrame) -> dict:
    """What training took, and how much of what was learned is known."""
    found = modes["expected"].astype(bool) & (modes["n_motifs"] > 0)
    return {
        "seconds_per_epoch": history["seconds"].mean(),
        "epochs": len(history),
        "seconds": history["seconds"].sum(),
        "annotated_filters": annotation["unit"].nunique(),
        "expected_modes": int(found.sum()),
    }


def main(runs: list, files: dict[str, list[str]], metric: str, draws: int, outputs: dict) -> None:
    """Write one row per run and one per model, each model against the first.

    `runs` are (model, seed); `files` has in their order predictions, histories, annotations and
    binding_modes, and the one file of labels.
    """
    scores, rows = {}, []
    for i, (model, seed) in enumerate(runs):
        predictions, truth, _ = read_predictions(files["predictions"][i], files["labels"][0])
        scores.setdefault(model, []).append(predictions.to_numpy())
        found = evaluate(predictions.to_numpy(), truth.to_numpy(), list(truth), (metric,), draws=0)
        value = found.loc[found["target"] == MEAN, "value"].iloc[0]
        names = ("histories", "annotations", "binding_modes")
        tables = [read_table(files[name][i]) for name in names]
        row = {"model": model, "seed": seed, "metric": metric, "value": value}
        rows.append(row | summary(*tables))
    table, first, compared = pd.DataFrame(rows), runs[0][0], []
    write_table(table, outputs["runs"], float_format="%.6g")
    for model, arrays in scores.items():
        found = paired_difference(truth.to_numpy(), arrays, scores[first], metric, draws)
        low, high = (found.low, found.high) if model != first else (None, None)
        row = {"model": model, "reference": first, "n_seeds": len(arrays), "metric": metric}
        row |= {"value": found.a, "difference": found.difference, "low": low, "high": high}
        means = table[table["model"] == model].drop(columns=["model", "seed", "metric", "value"])
        compared.append(row | {"n_targets": found.n_targets} | means.mean().to_dict())
    write_table(pd.DataFrame(compared), outputs["comparison"], float_format="%.6g")


if __name__ == "__main__":
    with recorded(snakemake):
        params, files = snakemake.params, snakemake.input
        main(
            runs=list(zip(params.models, map(str, params.seeds), strict=True)),
            files={name: list(paths) for name, paths in files.items()},
            metric=params.metric,
            draws=params.draws,
            outputs=dict(snakemake.output.items()),
        )
