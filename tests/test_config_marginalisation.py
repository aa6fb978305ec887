"""The section `marginalisation` is held against motifs and sequences before any job runs."""

import pytest

from workflow_lib.config.marginalisation import check_marginalisation
from workflow_lib.config.selection import Run
from workflow_lib.errors import InputError

DATASETS = {"d": {"source": "s", "parser": "table"}, "unknown": {"source": "t", "parser": "table"}}
SOURCES = {"s": {"simulate": {"length": 100}}, "t": {"files": {"x": {"url": "https://x"}}}}
LONG = {"a": "A" * 45, "b": "C" * 50}
RUNS = [Run("d", "m", 0), Run("unknown", "m", 0)]


def section(**changed: object) -> dict:
    default = {
        "runs": [{"datasets": ["*"], "models": ["*"]}], "experiments": ["single", "spacing"],
        "motifs": {"red": "ACGTACGT", "known": {"profile": "MA0139.1"}}, "position": None,
        "backgrounds": {"quantiles": None}, "pairs": {"gaps": [5, 20]}, "kmers": {"k": 6},
    }  # fmt: skip
    spacing = {"positions": None, "step": 1} | changed.pop("spacing", {})
    return {"marginalisation": default | {"spacing": spacing} | changed}


def check(runs=RUNS, **changed: object) -> None:
    check_marginalisation(section(**changed), runs, DATASETS, SOURCES)


def test_what_fits_is_taken():
    check()
    check(position=92, spacing={"positions": [[0, 84]]})
    check(position=40, spacing={"positions": [[0, 32], [48, 92]]})
    check(motifs=None, position=99, spacing={"positions": [[0, 99]]})
    # Not asked for, or its length is known to the job only.
    check(runs=[Run("unknown", "m", 0)], motifs={"long": "A" * 300})
    check_marginalisation(section(runs=[], motifs={"long": "A" * 300}), RUNS, DATASETS, SOURCES)
    # Only what is asked for.
    check(experiments=["single"], position=40, spacing={"positions": [[0, 99]]})
    check(experiments=["kmers"], motifs={"long": "A" * 101}, position=94)
    check(motifs=LONG, experiments=["single", "copies", "context"])
    check(motifs={"a": "A" * 45}, experiments=["pairs"], pairs={"gaps": [0, 10]})
    # The places themselves, not all between them; the middle is at 46 to 54.
    check(spacing={"positions": [[0, 38], [54, 92]]})
    check(spacing={"positions": [[30, 60]], "step": 30})
    check(runs=[Run("unknown", "m", 0)], spacing={"positions": [[0, 99]]})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"motifs": {"long": "A" * 101}},
         "motifs.long: it has 101 bp, the sequences of d 100 bp; wanted a shorter motif"),
        ({"position": 93}, r"position: found 93, where red \(8 bp\) .* at most 92"),
        ({"spacing": {"positions": [[0, 20], [50, 93]]}},
         "spacing.positions: found 93, where red .* 100 bp of d; wanted at most 92"),
        ({"position": 40, "spacing": {"positions": [[0, 33]]}},
         "from 0 to 33 red .* overlaps with red .* at 40; wanted places up to 32 and from 48 on"),
        ({"position": 40, "spacing": {"positions": [[47, 60]]}}, "from 47 to 60 red"),
        ({"spacing": {"positions": [[84, 0]]}}, r"found \[84, 0\], wanted .* the smaller one"),
        ({"runs": [Run("unknown", "m", 0)], "spacing": {"positions": [[84, 0]]}}, "the smaller"),
        ({"spacing": {"positions": [[0, 92]]}},
         "from 0 to 92 red .* overlaps with red .* at 46; wanted places up to 38 and from 54 on"),
        ({"motifs": LONG, "experiments": ["pairs"], "pairs": {"gaps": [7, 0]}},
         r"pairs.gaps: found 7, with which a \(45 bp\) and b \(50 bp\) do not fit into the 100 bp "
         "of d; wanted at most 5"),
        ({"experiments": ["kmers"], "position": 95}, r"position: found 95, where a word \(6 bp\)"),
        ({"experiments": ["context"], "position": 95}, r"position: found 95, where red"),
        ({"backgrounds": {"quantiles": [0.6, 0.6]}}, "found 0.6 and 0.6, wanted the smaller one"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(changed, said):
    with pytest.raises(InputError, match=said):
        check(**changed)


@pytest.mark.parametrize("wrong", ["", "NNN", "ACRT", {"profil": "MA0139.1"}, {}, 12])
def test_motifs_of_another_form_are_refused_by_the_schema(root, wrong):
    import yaml

    from workflow_lib.config.catalogue import check_schema

    schema = yaml.safe_load((root / "config/schemas/config.schema.yaml").read_text())
    only = {
        "type": "object",
        "properties": {"marginalisation": schema["properties"]["marginalisation"]},
    }
    for good in ("ACGNT", {"profile": "MA0139.1"}, {"filter": 3}):
        check_schema(
            {"marginalisation": {"motifs": {"x": good}}}, only | {"$defs": schema["$defs"]}
        )
    with pytest.raises(InputError, match="marginalisation.motifs.x"):
        check_schema(
            {"marginalisation": {"motifs": {"x": wrong}}}, only | {"$defs": schema["$defs"]}
        )
