"""Encoding, reverse complement and FASTA."""

import gzip

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workflow_lib import one_hot
from workflow_lib.errors import InputError
from workflow_lib.sequence import (
    decode,
    encode,
    encode_all,
    gc_content,
    read_fasta,
    reverse_complement,
)

DNA = st.text(alphabet="ACGTN", min_size=1, max_size=30)


@given(DNA)
def test_decoding_undoes_encoding(sequence):
    assert decode(encode([sequence])) == [sequence]
    assert decode(encode([sequence.lower()])) == [sequence]


@given(DNA)
def test_reverse_complement_twice_is_the_identity(sequence):
    codes = encode([sequence])
    assert (reverse_complement(reverse_complement(codes)) == codes).all()
    on_device = one_hot.reverse_complement(torch.from_numpy(codes))
    assert (on_device.numpy() == reverse_complement(codes)).all()


def test_reverse_complement_of_a_known_sequence():
    assert decode(reverse_complement(encode(["AACGTN"]))) == ["NACGTT"]


def test_one_hot_has_the_order_acgt_and_nothing_for_n():
    expected = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]
    assert one_hot.one_hot(encode(["ACGTN"])).tolist() == [expected]


def test_gc_content_counts_known_bases_only():
    assert gc_content(encode(["GCAT", "GNNN", "NNNN"])).tolist() == [0.5, 1.0, 0.0]


def test_encode_all_counts_other_lengths_or_refuses_them():
    codes, kept = encode_all(["a", "b"], ["ACGT", "ACG"], 4, "file")
    assert codes.shape == (1, 4) and kept.tolist() == [True, False]
    with pytest.raises(InputError, match="'b' 3 bp"):
        encode_all(["a", "b"], ["ACGT", "ACG"], None, "file")
    with pytest.raises(InputError, match="no sequence of 9 bp"):
        encode_all(["a"], ["ACGT"], 9, "file")


def test_fasta_over_several_lines_lower_case_and_gzip(tmp_path):
    text = ">a first\nacg\nTTN\n\n>b\nGG\n"
    plain, zipped = tmp_path / "x.fa", tmp_path / "x.fa.gz"
    plain.write_text(text)
    zipped.write_bytes(gzip.compress(text.encode()))
    assert read_fasta(plain) == (["a", "b"], [b"acgTTN", b"GG"])
    assert read_fasta(zipped) == read_fasta(plain)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found an empty file"),
        ("\n\n", "found an empty file"),
        ("ACGT\n", "line 1: found 'ACGT', wanted '>'"),
        (">\nACGT\n", "line 1: a '>' without an id"),
        (">a\nAC\n>a\nGT\n", "line 3: id 'a' occurs twice"),
        (">a\nACGT\nACXT\n", "line 3, column 3: found 'X'"),
        (">a\n>b\nACGT\n", "'a' has an id but no sequence"),
    ],
)
def test_bad_fasta_names_the_file_and_the_place(tmp_path, text, message):
    path = tmp_path / "bad.fa"
    path.write_text(text)
    with pytest.raises(InputError, match=f"bad.fa.*{message}"):
        read_fasta(path)


def test_truncated_gzip_is_said_to_be_truncated(tmp_path):
    path = tmp_path / "cut.fa.gz"
    whole = gzip.compress(b">a\n" + b"ACGT" * 10_000)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cut.fa.gz.*truncated"):
        read_fasta(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_fasta_or_an_input_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("fuzz") / "x.fa"
    path.write_bytes(raw)
    try:
        ids, sequences = read_fasta(path)
    except InputError:
        return
    assert len(ids) == len(sequences) == len(set(ids))


def test_the_first_letter_that_is_not_dna_is_named():
    with pytest.raises(InputError, match="sequence 2 has 'Z' at position 2"):
        encode(["ACGT", "AZGT"])
    assert np.array_equal(encode(["R"]), [[4]])
