"""Draw the importances of a motif's unit for each target (the paper's Fig. 4D and 4E)."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.grouped_boxes import grouped_boxes
from workflow_lib.figures.groups import target_groups, without_groups
from workflow_lib.figures.importance_boxes import motif_unit_table
from workflow_lib.figures.style import GREEN, message, save
from workflow_lib.interpret.units import unit_matrices
from workflow_lib.tables import read_table, write_table


def main(tables: Mapping[str, str], motif: str, outputs: Mapping[str, str]) -> None:
    """Draw; `tables` has the paths of importance, annotation, targets and meme."""
    targets, annotation = read_table(tables["targets"]), read_table(tables["annotation"])
    groups = target_groups(targets)
    if groups is None:
        groups = without_groups(targets["target"], GREEN)
    table = motif_unit_table(read_table(tables["importance"]), annotation, motif, groups)
    write_table(table, outputs["tsv"], float_format="%.6g")
    if table.empty:
        names = ", ".join(sorted(annotation["name"].astype(str).unique())) or "none"
        figures = [message(f"No unit with an importance matches {motif}. Annotated: {names}")]
    else:
        n = int(table["n_matching"].iloc[0])
        which = "the only unit that matches" if n == 1 else f"one of {n} units that match"
        title = f"{motif}: {which}, as best match and by importance"
        figures = grouped_boxes(table, title, unit_matrices(tables["meme"]))
    save(figures, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            tables=dict(snakemake.input.items()),
            motif=snakemake.params.motif,
            outputs=dict(snakemake.output.items()),
        )
