"""Draw the output weights of the annotated units: a clustered heatmap, or bars of one target."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.groups import target_groups
from workflow_lib.figures.style import save
from workflow_lib.figures.weight_heatmap import colour_limit, weight_cells, weight_heatmap
from workflow_lib.interpret.units import unit_matrices
from workflow_lib.motifs.binding_modes import expected_modes
from workflow_lib.tables import read_table, without_run, write_table


def main(tables: dict[str, str], limit: float, pdf: str, png: str, tsv: str) -> None:
    """Draw the figure.

    `tables` has the paths of weights, annotation, filters and importance, and maybe of profiles,
    targets (with their groups) and meme (the logos beside targets with groups).
    """
    weights, annotation, filters, importance = (
        without_run(read_table(tables[name]))
        for name in ("weights", "annotation", "filters", "importance")
    )
    modes = None
    if tables.get("profiles"):
        profiles = pd.read_csv(tables["profiles"], sep="\t", dtype=str, keep_default_na=False)
        modes = expected_modes(list(weights.columns[1:]), profiles)
    limit = colour_limit(weights, limit)
    groups = target_groups(read_table(tables["targets"])) if tables.get("targets") else None
    cells = weight_cells(weights, annotation, importance, limit, modes, groups)
    write_table(cells, tsv, float_format="%.6g")
    figure = weight_heatmap(
        cells,
        n_units=len(weights),
        n_annotated=annotation["unit"].nunique(),
        n_silent=int((filters["n_sites"] == 0).sum()),
        n_targets=weights.shape[1] - 1,
        limit=limit,
        logos=unit_matrices(tables["meme"]) if tables.get("meme") else None,
    )
    save(figure, pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            tables=dict(snakemake.input.items()),
            limit=snakemake.params.limit,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
