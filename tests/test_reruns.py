"""What a change of the config runs again: each key has a line for it, and some are planned."""

import json

import pytest
import reruns
import yaml
from running import linked_copy, snakemake

TABLE = yaml.safe_load(reruns.TABLE.read_text())
# Some of those that concern the mini project; `make reruns` plans them all, on every rule.
PLANNED = (
    "datasets.*.description", "sources.*.simulate.seed", "evaluation.draws",
    "interpretation.inclusive", "annotation.q_value", "apply.*.short",
)  # fmt: skip


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


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A finished mini project to plan in, and its rules."""
    folder = linked_copy(finished, tmp_path_factory.mktemp("reruns") / "run")
    records = [json.loads(path.read_text()) for path in folder.rglob("provenance/*.json")]
    return folder, {record["rule"] for record in records}


@pytest.mark.slow
@pytest.mark.parametrize("key", PLANNED)
def test_a_change_reruns_what_the_table_says(checkout, run, key):
    folder, rules = run
    overlay = folder / "change.yaml"
    overlay.write_text(yaml.safe_dump(TABLE[key]["change"]))
    done = snakemake(checkout, folder, "-n", config=f"tests/mini/config.yaml {overlay}")
    assert reruns.rerun_by_itself(done) == sorted(set(TABLE[key]["reruns"]) & rules)
