"""What a change of the config runs again: each key has a line for it, and some are planned."""

import pytest
import reruns
import yaml
from running import made_once

TABLE = yaml.safe_load(reruns.TABLE.read_text())
# Keys that change no result, and one of each stage that does; `make reruns` plans the others.
PLANNED = (
    "datasets.*.description", "models.*.description", "models.*.hyperparameters",
    "evaluation.draws", "annotation.q_value", "attribution.steps",
)  # fmt: skip


@pytest.fixture(scope="module")
def pretended(checkout, common):
    return made_once(common / "pretended", lambda place: reruns.pretend(checkout, place))


def test_every_key_of_the_schema_has_a_line():
    schema = yaml.safe_load(reruns.SCHEMA.read_text())
    assert list(TABLE) == list(dict.fromkeys(reruns.keys(schema)))
    for key, entry in TABLE.items():
        assert set(entry) in ({"change", "reruns"}, {"chooses"}), key


def test_descriptions_rerun_nothing():
    silent = [key for key, entry in TABLE.items() if entry.get("reruns") == []]
    for key in TABLE:
        assert key in silent or key.rpartition(".")[2] not in ("description", "assembly")
    assert {"device", "mirror", "offline"} < set(silent)


@pytest.mark.slow
@pytest.mark.parametrize("key", PLANNED)
def test_a_change_reruns_what_the_table_says(checkout, pretended, key):
    assert reruns.reruns(checkout, pretended, TABLE[key]["change"]) == TABLE[key]["reruns"]
