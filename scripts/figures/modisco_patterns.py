"""Draw the patterns that TF-MoDISco found in the attributions of each target."""

from collections.abc import Mapping

from workflow_lib.execution.job import recorded
from workflow_lib.figures.pattern_sheet import pattern_sheet, pattern_table
from workflow_lib.figures.style import save
from workflow_lib.motif import read_meme
from workflow_lib.tables import read_table, write_table


def main(inputs: Mapping[str, str], title: str, pdf: str, png: str, tsv: str) -> None:
    """Draw; `inputs` has meme, patterns, targets and annotation."""
    targets = read_table(inputs["targets"])
    table = pattern_table(read_table(inputs["patterns"]), targets, read_table(inputs["annotation"]))
    write_table(table, tsv, float_format="%.6g")
    logos = {motif.id: motif.probabilities for motif in read_meme(inputs["meme"])}
    save(pattern_sheet(table, logos, title, len(targets)), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        of = snakemake.wildcards
        run = f"{of.model} on {of.dataset}, seed {of.seed}"
        main(
            inputs=dict(snakemake.input.items()),
            title=f"TF-MoDISco on attributions by {of.method}: {run}",
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
