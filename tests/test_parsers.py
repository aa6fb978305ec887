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
        ("", "found an empty file"),
        ("id,sequence,t\na,ACGT,1\n", "no column 'sequence'.*`separator: ','`"),
        ("ID\tSeq\tt\na\tACGTACGT\t1\n", "no column 'sequence'.*columns: {sequence: 'Seq'}"),
        ("ACGTACGT\t1\nACGTACGA\t1\n", "no column 'sequence'.*`header: .sequence, signal.`"),
        (
            "loc\tt\nchr1:10-20\t1\n",
            "no column 'sequence'.*`columns: {region: 'loc'}` and `genome`",
        ),
        ("\tid\tsequence\tt\n0\ta\tACGT\t1\n", r"column 1 has no name.*to_csv\(index=False\)"),
        ("id\tsequence\tt\t\na\tACGT\t1\t\nb\tACGA\t1\t7\n", "column 4 has no name"),
        ("id\tsequence\tt\n\n\na\tACGT\t1\na\tACGA\t0\n", "line 5: id 'a' occurs twice"),
        ("id\tsequence\tt\na\tACGT\t1e40\n", "mine.tsv, line 2, column 't': found '1e40'.*3.4e38"),
        ("id\tsequence\tt\na\tACGT\t-inf\n", "line 2, column 't': found '-inf'"),
        (
            "id\tsequence\tchrom\tstart\tend\tt\na\tACGT\tc\t5\t10\t1\nb\tACGT\tc\t5\t9\t1\n",
            "region c:5-10 of a sequence of 4 bp",
        ),
        ("id\tregion\tt\na\tchr1:1-5\t1\n", "the option `genome`"),
        ("id\tsequence\tt\tu\na\tACGT\t1\t2\nb\tACGA\t1\n", "line 3: found 3 cells, wanted 4"),
        ("id\tregion\tchrom\tt\na\tchr1:1-5\tchr2\t1\n", "region and chrom; wanted one"),
        ("id\tsequence\tstrand\tt\na\tACGT\tminus\t1\n", "column 'strand': found 'minus'"),
        ("index\tid\tsequence\tt\n0\ta\tACGT\t1\n1\tb\tACGA\t1\n", "column 1 is called 'index'"),
        ("\n\n# a comment\nid\tsequence\tt\n\na\tACGT\tx\n", "line 6, column 't': found 'x'"),
        ("id\tsequence\n", "no sequences"),
        ("id\tsequence\na\tACGT\n", "no target column"),
        ("id\tsequence\tt\na\tACGT\t1\na\tACGA\t0\n", "line 3: id 'a' occurs twice"),
        ("id\tsequence\tt\na\tACGT\tyes\n", "mine.tsv, line 2, column 't': found 'yes'"),
        ("id\tsequence\tt\na\tACGT\t1\nb\tAC\t1\n", "'b' 2 bp; one length is wanted"),
        ("id\tsequence\tt\na\tAC-T\t1\n", "sequence 'a' has '-' at position 3"),
        ("id\tsequence\tt\na\t\t1\n", "line 2: no sequence"),
        ("id\tsequence\tt\tt\na\tACGT\t1\t1\n", "'t' occurs twice"),
        ("id\tsequence\tstart\tt\na\tACGT\t\t1\n", "column 'start': found '', wanted a position"),
        ("id\tsequence\tstart\tt\na\tACGT\t3.7\t1\n", "'3.7', wanted a position"),
        ("id\tsequence\tmean\na\tACGT\t3.7\n", "a target is called 'mean'"),
        ("id\tsequence\tany\tb\na\tACGT\t3.7\t1\n", "a target is called 'any'"),
        (
            "id\tsequence\tsplit\tt\na\tACGT\tfold1\t1\n",
            "line 2, column 'split': found 'fold1', wanted one of train, validation, test",
        ),
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
    with pytest.raises(InputError, match="mine.tsv.gz: the gzip file is truncated"):
        PARSERS["table"](files={"mine.tsv.gz": tmp_path / "mine.tsv.gz"})


def test_a_damaged_gzip_table_is_explained(tmp_path):
    packed = bytearray(gzip.compress(b"id\tsequence\tt\n" + b"".join(
        f"s{i}\t{'ACGT' * 10}\t{i}\n".encode() for i in range(5000))))  # fmt: skip
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "mine.tsv.gz").write_bytes(packed)
    with pytest.raises(InputError, match="mine.tsv.gz: the gzip file is truncated or damaged"):
        PARSERS["table"](files={"mine.tsv.gz": tmp_path / "mine.tsv.gz"})


def parse_table(folder, text, **options):
    return PARSERS["table"](files=write_table(folder, text), **options)


def test_a_column_without_name_and_values_is_no_target(tmp_path):
    data = parse_table(tmp_path, "id\tsequence\tt\tX\tX.1\t\na\tACGT\t1\t2\t3\t\n")
    assert list(data.var_names) == ["t", "X", "X.1"]


def test_columns_without_a_name_are_left_out_where_the_targets_are_named(tmp_path):
    text = "\tid\tsequence\tt\tUnnamed: 4\n0\ta\tACGT\t1\t7\n"
    for broken in (text, text[1:].replace("0\ta", "a")):
        with pytest.raises(InputError, match="has values such as '.'"):
            parse_table(tmp_path, broken)
        assert list(parse_table(tmp_path, broken, targets=["t"]).var_names) == ["t"]


def test_tables_that_r_writes_are_read_or_explained(tmp_path):
    data = parse_table(tmp_path, '"id"\t"sequence"\t"t x"\n"a"\t"ACGT"\t1\n')
    assert list(data.obs_names) == ["a"] and list(data.var_names) == ["t x"]
    stray = parse_table(tmp_path, 'id\tsequence\tt\n5" probe\tACGT\t1\n"b\tACGA\t0\n')
    assert list(stray.obs_names) == ['5" probe', '"b']
    rows = '"id"\t"sequence"\t"t"\n"1"\t"a"\t"ACGT"\t1\n'
    for options in ({}, {"targets": ["t"]}):
        with pytest.raises(InputError, match="row.names = FALSE"):
            parse_table(tmp_path, rows, **options)
    some = parse_table(tmp_path, 'id\tsequence\t"t x"\na\tACGT\t1\n')
    assert list(some.var_names) == ["t x"]
    trailing = parse_table(tmp_path, "id\tsequence\tt\na\tACGT\t1\t\nb\tACGA\t0\t\n")
    assert list(trailing.var_names) == ["t"]


@pytest.mark.parametrize(
    ("strand", "sequence"),
    [("-", "GTTA"), ("-1", "GTTA"), ("+", "TAAC"), ("1", "TAAC"), ("*", "TAAC")],
)
@pytest.mark.parametrize("form", ["region", "columns"])
def test_regions_on_either_strand_are_cut_as_they_are_read(tmp_path, form, strand, sequence):
    (tmp_path / "g.fa").write_text(">chr1\nGGTAACGG\n")
    text = f"region\tstrand\tt\nchr1:2-6\t{strand}\t1\n"
    if form == "columns":
        text = f"chrom\tstart\tend\tstrand\tt\nchr1\t2\t6\t{strand}\t1\n"
    files = write_table(tmp_path, text) | {"g.fa": tmp_path / "g.fa"}
    assert decode(PARSERS["table"](files=files, genome="g.fa").obsm["sequence"]) == [sequence]
    wrong = write_table(tmp_path, text.replace("2-6", "6-2").replace("2\t6", "6\t6"))
    with pytest.raises(
        InputError, match="mine.tsv, line 2: found start 6 and end . wanted|end 6, w|end 2"
    ):
        PARSERS["table"](files=wrong | {"g.fa": tmp_path / "g.fa"}, genome="g.fa")


def test_a_table_with_a_byte_order_mark_and_other_line_ends(tmp_path):
    plain = parse_table(tmp_path, "id\tsequence\tt\na\tACGT\t1\n")
    for text in ("\ufeffid\tsequence\tt\r\na\tACGT\t1\r\n", "id\tsequence\tt\n\na\tACGT\t1"):
        (tmp_path / "mine.tsv").write_bytes(text.encode())
        again = PARSERS["table"](files={"mine.tsv": tmp_path / "mine.tsv"})
        assert list(again.obs_names) == ["a"] and list(again.var_names) == list(plain.var_names)


def test_tables_of_other_forms_are_read_by_options(tmp_path):
    text = "Seq,chromosome,set,signal 1,other\nACGT,chr1,Train,2,3\nACGA,chr2,Val,4,5\n"
    data = parse_table(
        tmp_path,
        text,
        separator=",",
        columns={"sequence": "Seq", "chrom": "chromosome", "split": "set", "one": "signal 1"},
    )
    assert list(data.var_names) == ["one", "other"] and list(data.obs["chrom"]) == ["chr1", "chr2"]
    assert list(data.obs["split"]) == ["train", "validation"]
    assert list(data.obs_names) == ["row_000001", "row_000002"]
    assert "no column id" in data.uns["notes"][0]
    bare = parse_table(tmp_path, "ACGT 1\nACGA 2\n", separator=" ", header=["sequence", "y"])
    assert list(bare.var_names) == ["y"] and bare.X[:, 0].tolist() == [1, 2]
    with pytest.raises(InputError, match="option columns: no column 'seq'; found .'Seq'"):
        parse_table(tmp_path, text, separator=",", columns={"sequence": "seq"})


def test_parts_are_read_in_the_words_of_authors(tmp_path):
    words = {
        "train": ("train", "Training"),
        "validation": ("validation", "val", "valid", "dev"),
        "test": ("test", "testing"),
    }
    rows = [f"ACGT\t{word}\t1" for of_part in words.values() for word in of_part]
    data = parse_table(tmp_path, "\n".join(["sequence\tsplit\tt", *rows]) + "\n")
    assert list(data.obs["split"]) == [part for part, of in words.items() for _ in of]


def test_sequences_of_regions_are_cut_from_a_genome(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\nACGTTGCAAC\n>chr2\nGGGGCCTA\n")
    text = "loc\tt\nchr1:2-6\t1\nchr2:4-8(-)\t0\nchrUn:1-5\t1\nchr2:6-10\t1\n"
    files = write_table(tmp_path, text) | {"g.fa": tmp_path / "g.fa"}
    data = PARSERS["table"](files=files, genome="g.fa", columns={"region": "loc"})
    assert decode(data.obsm["sequence"]) == ["GTTG", "TAGG"]
    assert data.obs["start"].tolist() == [2, 4] and data.X[:, 0].tolist() == [1, 0]
    dropped = {"unknown_chromosome": 1, "beyond_chromosome_end": 1, "length": 0}
    assert data.uns["dropped"] == dropped and data.uns["n_read"] == 4


def test_other_lengths_are_cut_or_filled_up_and_regions_follow(tmp_path):
    text = (
        "id\tsequence\tchrom\tstart\tend\tstrand\tt\n"
        "a\tAACGTT\tc\t10\t16\t+\t1\nb\tACGTC\tc\t10\t15\t-\t1\nc\tGG\tc\t10\t12\t+\t1\n"
    )
    data = parse_table(tmp_path, text, length=4, fit="centre")
    assert decode(data.obsm["sequence"]) == ["ACGT", "ACGT", "NGGN"]
    assert data.obs["start"].tolist() == [11, 11, 9]
    assert data.obs["end"].tolist() == [15, 15, 13]
    assert parse_table(tmp_path, text, length=6).uns["dropped"] == {"length": 2}
    # Counted from 1 with the end included, as samtools does.
    shifted = text.replace("\t10\t", "\t11\t")
    again = parse_table(tmp_path, shifted, length=4, fit="centre")
    assert again.obs["start"].tolist() == [11, 11, 9]
