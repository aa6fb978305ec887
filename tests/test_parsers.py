"""Parsers on small files in the sources' real formats, whole and broken."""

import gzip
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_lib.errors import InputError
from workflow_lib.parsers import PARSERS
from workflow_lib.sequence import decode

ROWS = ["AHR", "AR", "CTCF"]


def write_matrix(folder, matrix, regions, name="matrix.npz"):
    """A TF binding matrix and its FASTA file, as the source has them."""
    np.savez_compressed(folder / name, arr_0=matrix)
    text = "".join(f">{region}\n{sequence}\n" for region, sequence in regions)
    (folder / "chr1.fa.gz").write_bytes(gzip.compress(text.encode()))
    return {name: folder / name, "chr1.fa.gz": folder / "chr1.fa.gz"}


REGIONS = [("2::chr1:10-14", "acgt"), ("0::chr1:20-24", "AANA"), ("1::chrX:5-8", "CCC")]
MATRIX = np.array([[0.0, 1, np.nan], [1, 1, 0], [np.nan, 0, 1]])


def parse_matrix(files, **options):
    given_options = {"rows": ROWS, "targets": ["CTCF", "AHR"], "length": 4} | options
    return PARSERS["tf_binding_matrix"](files=files, **given_options)


def test_matrix_columns_follow_the_ids_and_rows_the_targets(tmp_path):
    data = parse_matrix(write_matrix(tmp_path, MATRIX, REGIONS))
    assert list(data.obs_names) == ["2::chr1:10-14", "0::chr1:20-24"]
    assert list(data.var_names) == ["CTCF", "AHR"]
    np.testing.assert_array_equal(data.X, [[1, np.nan], [np.nan, 0]])
    assert decode(data.obsm["sequence"]) == ["ACGT", "AANA"]
    assert data.obs["start"].tolist() == [10, 20] and data.obs["chrom"].tolist() == ["chr1"] * 2
    assert data.uns["dropped"] == {"length": 1} and data.uns["n_read"] == 3


@pytest.mark.parametrize(
    ("matrix", "options", "message"),
    [
        (MATRIX[:2], {}, "shape .2, 3.; wanted 3 rows"),
        (MATRIX[:, :2], {}, "2 columns, but a FASTA id names column 2"),
        (np.where(MATRIX == 1, 2, MATRIX), {}, "row 1: found the label 2.0|row 3: found the label"),
        (MATRIX, {"targets": ["XYZ"]}, "'XYZ' is not among"),
        (MATRIX, {"targets": []}, "wanted one or more, each once"),
        (MATRIX, {"targets": ["AR", "AR"]}, "wanted one or more, each once"),
        (np.array([["a"] * 3] * 3), {}, "wanted rows of numbers"),
    ],
)
def test_a_matrix_that_does_not_fit_is_explained(tmp_path, matrix, options, message):
    with pytest.raises(InputError, match=message):
        parse_matrix(write_matrix(tmp_path, matrix, REGIONS), **options)


def test_objects_in_a_matrix_are_never_unpickled(tmp_path):
    files = write_matrix(tmp_path, MATRIX, REGIONS)
    np.savez(tmp_path / "matrix.npz", arr_0=np.array([{"a": 1}] * 3, dtype=object))
    with pytest.raises(InputError, match="wanted rows of numbers"):
        parse_matrix(files)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git-LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "HTML page"),
        (b"", "empty"),
    ],
)
def test_what_is_served_in_place_of_a_matrix_is_recognised(tmp_path, content, message):
    files = write_matrix(tmp_path, MATRIX, REGIONS)
    (tmp_path / "matrix.npz").write_bytes(content)
    with pytest.raises(InputError, match=f"matrix.npz.*{message}"):
        parse_matrix(files)


def test_a_matrix_that_was_cut_is_explained(tmp_path):
    files = write_matrix(tmp_path, MATRIX, REGIONS)
    whole = (tmp_path / "matrix.npz").read_bytes()
    (tmp_path / "matrix.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a readable .npz"):
        parse_matrix(files)


def test_ids_of_another_form_are_explained(tmp_path):
    with pytest.raises(InputError, match="'seq1': wanted IDX::chrom"):
        parse_matrix(write_matrix(tmp_path, MATRIX, [("seq1", "ACGT")]))


def write_table(folder, text):
    (folder / "mine.tsv").write_text(text)
    return {"mine.tsv": folder / "mine.tsv"}


def test_table_with_regions_split_and_unresolved_targets(tmp_path):
    text = (
        "id\tsequence\tchrom\tstart\tend\tsplit\tbound\tsignal\n"
        "a\tACGT\tchr1\t5\t9\ttrain\t1\t2.5\n"
        "b\tacga\tchr2\t7\t11\ttest\t\t-1e-3\n"
    )
    data = PARSERS["table"](files=write_table(tmp_path, text))
    np.testing.assert_allclose(data.X, [[1, 2.5], [np.nan, -1e-3]])
    assert list(data.var_names) == ["bound", "signal"] and data.obs["end"].tolist() == [9, 11]
    assert data.obs["split"].tolist() == ["train", "test"]
    chosen = PARSERS["table"](files=write_table(tmp_path, text), targets=["signal"])
    assert list(chosen.var_names) == ["signal"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a tab-separated table.*empty"),
        ("id,sequence,t\na,ACGT,1\n", "no column 'id'"),
        ("id\tsequence\n", "no sequences"),
        ("id\tsequence\na\tACGT\n", "no target column"),
        ("id\tsequence\tt\na\tACGT\t1\na\tACGA\t0\n", "line 3: id 'a' occurs twice"),
        ("id\tsequence\tt\na\tACGT\tyes\n", "'a', column 't': found 'yes'"),
        ("id\tsequence\tt\na\tACGT\t1\nb\tAC\t1\n", "'b' 2 bp; one length is wanted"),
        ("id\tsequence\tt\na\tAC-T\t1\n", "sequence 'a' has '-' at position 3"),
        ("id\tsequence\tt\na\t\t1\n", "line 2: no sequence"),
        ("id\tsequence\tt\tt\na\tACGT\t1\t1\n", "'t' occurs twice"),
        ("id\tsequence\tstart\tt\na\tACGT\t\t1\n", "column 'start': found '', wanted a position"),
        ("id\tsequence\tstart\tt\na\tACGT\t3.7\t1\n", "'3.7', wanted a position"),
        ("id\tsequence\tmean\na\tACGT\t3.7\n", "a target is called 'mean'"),
        ("id\tsequence\tsplit\tt\na\tACGT\tvalid\t1\n", "column split has 'valid'"),
        ("id\tsequence\tt\na\tACGT\t1\t2\t3\n", "line 2: more cells than the header's 3"),
    ],
)
def test_bad_tables_are_explained(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        PARSERS["table"](files=write_table(tmp_path, text))


@settings(max_examples=200)
@given(st.text(alphabet="idsequncACGTN\t\n10.x-\"' ", max_size=120), st.booleans())
def test_any_text_is_a_table_or_an_input_error(tmp_path_factory, text, with_header):
    header = "id\tsequence\tt\n" if with_header else ""
    files = write_table(tmp_path_factory.mktemp("fuzz"), header + text)
    try:
        data = PARSERS["table"](files=files)
    except InputError:
        return
    assert data.n_obs + sum(data.uns["dropped"].values()) == data.uns["n_read"]


def test_truncated_gzip_table_is_explained(tmp_path):
    out = io.BytesIO()
    with gzip.open(out, "wt") as handle:
        handle.write("id\tsequence\tt\n" + "".join(f"s{i}\tACGT\t1\n" for i in range(5000)))
    (tmp_path / "mine.tsv.gz").write_bytes(out.getvalue()[:-2000])
    with pytest.raises(InputError, match="mine.tsv.gz: not a tab-separated table"):
        PARSERS["table"](files={"mine.tsv.gz": tmp_path / "mine.tsv.gz"})
