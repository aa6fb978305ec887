"""Which unit found the motif that a target is known for, and how much it counts."""

import pandas as pd
import pytest

from workflow_lib.errors import InputError
from workflow_lib.motifs.expected import COLUMNS, expected_units

ANNOTATION = pd.DataFrame(
    [
        (0, "GATA1::TAL1", 1e-4),
        (0, "GATA2", 1e-6),
        (2, "Gata4", 1e-9),
        (3, "SPI1", 1e-5),
        (3, None, 1e-9),
        (4, "HNF4A(var.2)", 1e-3),
    ],
    columns=["unit", "name", "q_value"],
)
IMPORTANCE = pd.DataFrame(
    {
        "unit": [0, 1, 2, 3, 4] * 2,
        "target": ["K562"] * 5 + ["B cell"] * 5,
        "importance": [2.0, 3.0, 0.5, -1.0, None, 0.1, 0.1, 0.7, None, 0.2],
    }
)


def test_the_most_important_unit_of_those_that_resemble_a_motif():
    expected = {"K562": ["GATA*", "TAL1", "SPI1"], "B cell": ["gata*", "SPI1", "EBF1"]}
    table = expected_units(expected, ANNOTATION, IMPORTANCE)
    assert tuple(table) == COLUMNS
    gata, tal, spi, gata_b, spi_b, ebf = table.itertuples(index=False)
    # Unit 2 fits GATA better, unit 0 counts more for K562; of its names the best-fitting one.
    assert gata == ("K562", "GATA*", 2, 0, "GATA2", 1e-6, 2.0, 2, 4)
    # A part of a dimer.
    assert tal[2:5] == (1, 0, "GATA1::TAL1") and tal.q_value == 1e-4
    assert spi[3:] == (3, "SPI1", 1e-5, -1.0, 4, 4)
    assert gata_b[3:] == (2, "Gata4", 1e-9, 0.7, 1, 4)
    # A unit that is active in no sequence of a target has no rank there; a motif, no unit.
    assert spi_b.n_units == 1 and pd.isna(spi_b.unit) and pd.isna(spi_b.rank)
    assert ebf.n_units == 0 and pd.isna(ebf.importance) and ebf.of == 4


def test_a_variant_of_a_motif_is_that_motif():
    (row,) = expected_units({"B cell": ["HNF4A"]}, ANNOTATION, IMPORTANCE).itertuples()
    assert (row.n_units, row.unit, row.name) == (1, 4, "HNF4A(var.2)")


def test_a_target_that_the_model_does_not_have():
    with pytest.raises(InputError, match=r"expected_motifs.motifs: .*'K526'.*did you mean 'K562'"):
        expected_units({"K526": ["GATA*"]}, ANNOTATION, IMPORTANCE)
