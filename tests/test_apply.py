"""Bringing sequences of any length to the length of a model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_lib.errors import InputError
from workflow_lib.files import atomic
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import decode
from workflow_lib.train.apply import fit_length


def test_exact_takes_only_the_models_length():
    assert decode(fit_length(["a"], [b"ACGT"], 4)[1]) == ["ACGT"]
    with pytest.raises(InputError, match="'b' is 5 bp long, the model takes 4 bp; `fit: centre`"):
        fit_length(["a", "b"], [b"ACGT", b"ACGTA"], 4)


@pytest.mark.parametrize("fit", ["exact", "centre", "tile"])
def test_too_short_is_an_error_that_names_the_ways_out(fit):
    says = "'a' is 3 bp long, the model takes 4 bp; `short: pad` would .* `short: skip` leave it"
    with pytest.raises(InputError, match=says):
        fit_length(["a"], [b"ACG"], 4, fit)


@pytest.mark.parametrize("fit", ["exact", "centre", "tile"])
@pytest.mark.parametrize(
    ("short", "done", "wanted"),
    [
        ("pad", "filled up with N on both sides", ["NACGTN", "NNAGNN", "NNNCNN", "ACGTAC"]),
        ("skip", "left out", ["ACGTAC"]),
    ],
)
def test_shorter_ones_are_padded_or_skipped_and_counted(caplog, fit, short, done, wanted):
    sequences = [b"ACGT", b"AG", b"C", b"ACGTAC"]
    with caplog.at_level("WARNING"):
        names, codes = fit_length(list("abcd"), sequences, 6, fit, short)
    assert decode(codes) == wanted and names == list("abcd")[-len(wanted) :]
    assert caplog.messages == [
        f"3 of 4 sequences are shorter than the model's 6 bp and were {done}"
    ]
    # What is not known is nothing in the one-hot; the known part is as it was.
    X = one_hot(codes)
    assert X.sum() == sum(len(s.replace("N", "")) for s in wanted)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 12))
def test_whatever_the_lengths_all_bases_are_there_once_or_counted(sizes, length):
    ids = [f"s{i}" for i in range(len(sizes))]
    sequences = [bytes(np.random.default_rng(n).choice([*b"ACGT"], n).tolist()) for n in sizes]
    names, codes = fit_length(ids, sequences, length, "tile", "pad")
    assert codes.shape == (len(names), length) and len(set(names)) == len(names)
    text = dict(zip(names, decode(codes)))
    for name, sequence in zip(ids, sequences):
        if len(sequence) < length:
            assert text[name].strip("N") == sequence.decode()
            left, right = (len(part) for part in text[name].split(sequence.decode(), 1))
            assert 0 <= left - right <= 1  # as in training
    kept = [size for size in sizes if size >= length]
    if not kept:
        with pytest.raises(InputError, match=f"all {len(sizes)} sequences are shorter"):
            fit_length(ids, sequences, length, "tile", "skip")
    else:
        _, fewer = fit_length(ids, sequences, length, "tile", "skip")
        assert decode(fewer) == [t for n, t in text.items() if "N" not in t]


def test_longer_ones_are_an_error_where_only_shorter_ones_may_be():
    with pytest.raises(InputError, match="'b' is 5 bp long.*`fit: centre`"):
        fit_length(["a", "b"], [b"ACG", b"ACGTA"], 4, "exact", "pad")


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
