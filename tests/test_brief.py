"""Params that messages show in short."""

import json
import pickle
import subprocess
import sys

import yaml
from hypothesis import given
from hypothesis import strategies as st

from workflow_lib.config.brief import brief

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=60,
)
LONG = {"targets": [f"target{i}" for i in range(200)], "n": 3}


@given(VALUES)
def test_a_script_gets_the_same_plain_value(value):
    got = pickle.loads(pickle.dumps(brief(value)))  # noqa: S301 - as Snakemake hands params on
    assert got == value and type(got) is type(value)
    assert json.dumps(got) == json.dumps(value)


@given(VALUES, VALUES)
def test_what_is_shown_is_short_and_tells_values_apart(one, other):
    for value in (one, other):
        if isinstance(value, dict | list):
            assert len(repr(brief(value))) <= 300
            assert len(repr(value)) > 300 or repr(brief(value)) == repr(value)
    assert (repr(brief(one)) == repr(brief(other))) == (repr(one) == repr(other))


def test_a_long_value_is_used_as_before(root):
    assert brief(LONG) == LONG and brief(LONG)["targets"][3] == "target3"
    assert list(brief(LONG["targets"])) == LONG["targets"]
    assert yaml.safe_load(yaml.safe_dump(dict(brief(LONG)))) == LONG
    # The same in every process, as it is compared with what an earlier one recorded.
    code = f"from workflow_lib.config.brief import brief; print(brief({LONG}))"
    said = subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True)
    assert said.strip() == repr(brief(LONG)) == str(brief(LONG))
