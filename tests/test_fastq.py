"""FASTQ files: whole ones, broken ones, and how much of them is held."""

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_lib.data.fastq import distinct_reads, read_fastq, read_lengths
from workflow_lib.errors import InputError

RECORD = "@ERR1.1 1 length=8\nACGTNacg\n+\nIIIIFF@+\n"


def written(folder, content, name="reads.fastq"):
    """A file of this text; gzip where the name says so."""
    content = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder / name


@pytest.mark.parametrize("name", ["reads.fastq", "reads.fastq.gz"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("rest", ["", "\n", "\n\n\n\n\n"])
def test_reads_are_the_second_line_of_four(tmp_path, name, ends, rest):
    # A quality may begin with any sign, also with '@' and '+'.
    text = RECORD + "@ERR1.2\nTT\n+ERR1.2\n@+\n" + rest
    path = written(tmp_path, text.replace("\n", ends), name)
    assert list(read_fastq(path)) == [
        (b"ERR1.1 1 length=8", b"ACGTNACG"),
        (b"ERR1.2", b"TT"),
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(alphabet="ACGTN", max_size=50), min_size=1, max_size=20))
def test_what_is_written_is_read(tmp_path_factory, sequences):
    text = "".join(f"@r{i}\n{s}\n+\n{'@' * len(s)}\n" for i, s in enumerate(sequences))
    path = written(tmp_path_factory.mktemp("fastq"), text)
    assert [s.decode() for _, s in read_fastq(path)] == sequences


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "found an empty file"),
        ("\n\n", "found an empty file"),
        ("<!DOCTYPE html>\n<html>\n", "found an HTML page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "found a Git-LFS pointer"),
        (">chr1\nACGT\n", "line 1: found '>chr1', wanted '@'"),
        (RECORD + "ACGT\n@x\nAC\n+\nII\n", "line 5: found 'ACGT', wanted '@'"),
        (RECORD + "\n\n\n\n" + RECORD, "line 5: found '', wanted '@'"),
        ("@a\nACGT\nACGT\n+\nIIIIIIII\n", "line 3: found 'ACGT', wanted '\\+'"),
        ("@a\nACGT\n+\nIII\n", "line 4: found a quality of 3 letters, wanted 4"),
        (RECORD + "@b\nACGT\n+\n", "line 5: found 3 of the last read's four lines.*truncated"),
        (RECORD + "@b", "line 5: found 1 of the last read's four lines.*truncated"),
        ("@a\nACxT\n+\nIIII\n", "line 2, column 3: found 'x', wanted a letter of DNA"),
        (RECORD + "@b\nAC T\n+\nIIII\n", "line 6, column 3: found ' ', wanted a letter of DNA"),
    ],
)
def test_what_is_no_fastq_is_explained(tmp_path, content, message):
    with pytest.raises(InputError, match=f"reads.fastq.*{message}"):
        list(read_fastq(written(tmp_path, content)))


def test_a_gzip_file_that_was_cut_is_explained(tmp_path):
    path = written(tmp_path, RECORD * 5000, "reads.fastq.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="reads.fastq.gz: the gzip file is truncated"):
        list(read_fastq(path))


@pytest.mark.slow
def test_of_two_hundred_thousand_reads_a_few_are_held(tmp_path):
    letters = np.frombuffer(b"ACGT", np.uint8)
    block = letters[np.random.default_rng(0).integers(0, 4, (1000, 40))]
    text = b"".join(b"@r\n%s\n+\n%s\n" % (row.tobytes(), b"I" * 40) for row in block)
    path = tmp_path / "reads.fastq.gz"
    with gzip.open(path, "wb", compresslevel=1) as handle:
        for _ in range(200):
            handle.write(text)
    tracemalloc.start()
    counts = read_lengths([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts == {40: 200_000}
    # The text is 17 MB.
    assert peak < 1e6


def test_an_error_on_the_first_line_does_not_read_the_rest(tmp_path):
    path = written(tmp_path, b"no fastq\n" + b"ACGT\n" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(InputError, match="line 1: found 'no fastq'"):
        list(read_fastq(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_distinct_reads_carry_the_number_of_the_first(tmp_path):
    reads = ["AACCA", "AACC", "TTCCT", "GACCG", "GGTTA"]
    first = written(tmp_path, "".join(f"@r\n{s}\n+\n{'I' * len(s)}\n" for s in reads), "a.fastq")
    second = written(tmp_path, "@r\nAGGTA\n+\nIIIII\n@r\nCACAC\n+\nIIIII\n", "b.fastq")
    found, dropped = distinct_reads([first, second], 3, clip_left=1, clip_right=1)
    assert found == {b"ACC": 1, b"TCC": 3, b"GTT": 5, b"GGT": 6, b"ACA": 7}
    assert dropped == {"length": 1, "repeat": 1}


def test_dots_are_unknown_bases_and_reads_may_stand_one_a_line(tmp_path):
    path = written(tmp_path, "@a\nAC.T\n+\nIIII\n")
    assert list(read_fastq(path)) == [(b"a", b"ACNT")]
    path = written(tmp_path, "ACGT\nac.t\n\n")
    assert list(read_fastq(path)) == [(b"", b"ACGT"), (b"", b"ACNT")]
    path = written(tmp_path, "ACGT\n+\nIIII\n")
    with pytest.raises(InputError, match="line 2: found '\\+', wanted one read a line"):
        list(read_fastq(path))
