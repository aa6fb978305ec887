"""Bringing sequences of any length to the length of a model."""

import pytest

from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.sequence import decode
from workflow_lib.train.apply import fit_length


def test_exact_takes_only_the_models_length():
    assert decode(fit_length(["a"], [b"ACGT"], 4)[1]) == ["ACGT"]
    with pytest.raises(InputError, match="'b' is 5 bp long, the model takes 4 bp; `fit: centre`"):
        fit_length(["a", "b"], [b"ACGT", b"ACGTA"], 4)


@pytest.mark.parametrize("fit", ["exact", "centre", "tile"])
def test_too_short_is_always_an_error(fit):
    with pytest.raises(InputError, match="'a' is 3 bp long, the model takes 4 bp$"):
        fit_length(["a"], [b"ACG"], 4, fit)


def test_centre_cuts_the_same_from_both_sides():
    assert decode(fit_length(["a"], [b"TTACGTTT"], 4, "centre")[1]) == ["ACGT"]


def test_tiles_cover_every_base_and_end_flush():
    names, codes = fit_length(["a", "b"], [b"AAAACCCCGG", b"TTTT"], 4, "tile")
    assert names == ["a:0-4", "a:4-8", "a:6-10", "b"]
    assert decode(codes) == ["AAAA", "CCCC", "CCGG", "TTTT"]


def test_letters_that_are_not_dna_name_the_sequence():
    with pytest.raises(InputError, match="sequence 'b' has '!'"):
        fit_length(["a", "b"], [b"ACGT", b"AC!T"], 4)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(OSError, match="disk full"), atomic(tmp_path / "x") as temporary:
        temporary.write_text("half")
        raise OSError("disk full")
    assert list(tmp_path.iterdir()) == []
    with atomic(tmp_path / "x") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "x").read_text() == "whole"
