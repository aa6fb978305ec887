"""Draw in how many seeds each binding mode recurs."""

import pandas as pd

from workflow_lib.execution.job import recorded
from workflow_lib.figures.robustness import agreement_table, motif_agreement
from workflow_lib.figures.style import save
from workflow_lib.tables import read_table, write_table


def main(agreement: str, profiles: str, pdf: str, png: str, tsv: str) -> None:
    """Draw the table of one model; `profiles` names the modes that no seed has."""
    # Read as text: a list with one entry would become a number.
    table = read_table(agreement, dtype={"seeds": str, "cluster": str})
    known = pd.read_csv(profiles, sep="\t", dtype=str, keep_default_na=False)
    drawn = agreement_table(table, known)
    write_table(drawn, tsv, float_format="%.6g")
    save(motif_agreement(drawn), pdf, png)


if __name__ == "__main__":
    with recorded(snakemake):
        main(
            agreement=snakemake.input.agreement,
            profiles=snakemake.input.profiles,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            tsv=snakemake.output.tsv,
        )
