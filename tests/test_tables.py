"""Writing tables."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workflow_lib.tables import read_table, write_table

TINY = [0.0, -0.0, 5e-324, -5e-324, -1e-10, 1.0, np.nan, np.inf]


@settings(max_examples=100, deadline=None)
@given(
    arrays(st.sampled_from([np.float32, np.float64]), (4, 3), elements=st.sampled_from(TINY)),
    st.sampled_from([None, "%.4g", "%.6g"]),
)
def test_a_zero_has_no_sign_and_all_else_is_as_pandas_writes_it(tmp_path_factory, values, form):
    table = pd.DataFrame(values, columns=["a", "b", "a"], index=[f"-0.{i}" for i in range(4)])
    table.insert(0, "name", "-0")
    path = tmp_path_factory.getbasetemp() / "table.tsv"
    write_table(table, path, index_label="id", float_format=form)
    text = table.to_csv(sep="\t", index_label="id", float_format=form)
    zero = "-0" if form else "-0.0"
    lines = [line.split("\t") for line in text.splitlines()]
    wanted = [[*line[:2], *(zero[1:] if c == zero else c for c in line[2:])] for line in lines]
    assert [line.split("\t") for line in path.read_text().splitlines()] == wanted
    # What was given is left as it was.
    assert np.array_equal(np.signbit(table.iloc[:, 1:]), np.signbit(values))


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
def test_a_table_comes_back_with_its_types(tmp_path, name):
    table = pd.DataFrame({"target": ["NA", "007"], "x": [1.5, -0.0], "n": [1, 2]})
    write_table(table, tmp_path / name)
    again = read_table(tmp_path / name)
    pd.testing.assert_frame_equal(again, table)
    raw = (tmp_path / name).read_bytes()
    text = gzip.decompress(raw) if name.endswith("gz") else raw
    assert text == b"target\tx\tn\nNA\t1.5\t1\n007\t0.0\t2\n"
