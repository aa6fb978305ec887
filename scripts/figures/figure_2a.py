"""Draw two motifs by their distance, a column for each model (the paper's Fig. 2 and S2)."""

from collections.abc import Mapping, Sequence

from workflow_lib.errors import InputError
from workflow_lib.execution.job import recorded
from workflow_lib.figures.distance_curves import RATIO, distance_curves, distance_table
from workflow_lib.figures.style import BLUE, GREEN, save
from workflow_lib.tables import read_runs, write_table

# The paper's colours of the moved motifs.
COLOURS = {"Dref": "#E5C100", "Ohler1": BLUE, "Ohler6": GREEN, "control": "#A9A9A9"}


def main(
    spacing: Sequence[str], target: str, fixed: Sequence[str] | None, title: str,
    outputs: Mapping[str, str],
) -> None:  # fmt: skip
    """Draw one target of the tables of the experiment `spacing`."""
    table = read_runs(spacing, dtype={"fixed": str, "slid": str})
    known = list(dict.fromkeys(table["target"]))
    if target not in known:
        raise InputError(f"config, figure_2.target: found {target!r}, wanted {', '.join(known)}")
    missing = sorted(set(fixed or ()) - set(table["fixed"]))
    if missing:
        raise InputError(
            f"config, figure_2.fixed: found {missing[0]!r}, wanted names of marginalisation.motifs"
        )
    of_target = table[table["target"] == target]
    columns = {name: of_target["model"] == name for name in dict.fromkeys(of_target["model"])}
    curves = distance_table(of_target, columns, fixed)
    write_table(curves, outputs["tsv"], float_format="%.6g")
    figure = distance_curves(curves, RATIO, f"{title}: {target}", COLOURS)
    save(figure, outputs["pdf"], outputs["png"])


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            spacing=list(snakemake.input.spacing),
            target=snakemake.params.target,
            fixed=snakemake.params.fixed,
            title=snakemake.params.title,
            outputs=dict(snakemake.output.items()),
        )
