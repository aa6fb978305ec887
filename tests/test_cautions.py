"""What a person is warned of before a data set is trained on, and where it is said."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from workflow_lib.data import dataset
from workflow_lib.data.cautions import cautions
from workflow_lib.data.dropping import drop, strand_digests
from workflow_lib.execution.job import recorded
from workflow_lib.report import overview
from workflow_lib.sequence import reverse_complement


def make(n=400, task="binary", n_unknown=0, dropped=None):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, 30)).astype(np.uint8)
    codes[:n_unknown, 3] = 4
    labels = np.tile([[1.0, 0.0], [0.0, 1.0]], (n // 2, 1))
    data = dataset.build([f"s{i}" for i in range(n)], codes, labels, ["a", "b"], dropped=dropped)
    data.uns |= {"task": task, "source": "x"}
    data.obs["split"] = np.repeat(["train", "validation", "test"], [n - 120, 60, 60])
    return data


def test_nothing_is_said_of_good_data():
    assert cautions(make(), {}) == []
    assert (
        cautions(make(dropped={"unbound_not_drawn": 9000, "region_overlaps_peak": 9000}), {}) == []
    )


def test_many_dropped_sequences_are_said_with_the_way_out():
    few, many = drop(make(n_unknown=40)), drop(make(n_unknown=80))
    assert cautions(few, {}) == []
    (said,) = cautions(many, {})
    assert said.startswith("20 % of the sequences that were read are dropped (80 unknown_base)")
    assert "`drop: {most_unknown: 0.1}`" in said
    assert drop(make(n_unknown=80), most_unknown=0.04).n_obs == 400
    assert drop(make(n_unknown=80), most_unknown=0.03).n_obs == 320
    meant = make(dropped={"unresolved": 9000})
    assert cautions(meant, {"min_resolved": "all"}) == [] != cautions(meant, {})


@pytest.mark.parametrize(("task", "what"), [("binary", "positive"), ("regression", "measured")])
def test_few_positives_and_few_scored_sequences_are_said(task, what):
    data = make(task=task)
    data.X[:, 1] = np.nan
    data.X[:49, 1] = 1
    assert f"fewer than 50 {what} training sequences: b (49)" in cautions(data, {})
    data.X[49, 1] = 1
    assert cautions(data, {}) == []
    data.X[:, 0] = np.nan
    assert cautions(data, {}) == ["no label at all: a"]
    data = make(task=task)
    data.obs["split"] = np.repeat(["train", "validation", "test"], [291, 60, 49])
    assert cautions(data, {}) == ["only 49 sequences are in the test part"]


def test_sequences_of_two_parts_are_said_whatever_their_strand():
    data = make()
    codes = data.obsm["sequence"]
    codes[-3:-1] = codes[:2]
    codes[-1] = reverse_complement(codes[2])
    codes[300] = codes[5]
    found = cautions(data, {})
    assert [text.partition(" are in")[0] for text in found] == [
        "1 of the 60 validation sequences",
        "3 of the 60 test sequences",
    ]
    assert cautions(drop(data, duplicates="drop"), {}) == []


def test_regions_that_lie_on_training_regions_are_said():
    data = make()
    data.obs["chrom"], data.obs["start"] = "chr1", np.arange(400) * 100
    data.obs.loc[data.obs_names[-2:], "start"] = [14, 120]  # on the first by half; by a third
    data.obs["end"] = data.obs["start"] + 30
    (said,) = cautions(data, {})
    assert said.startswith("1 of the 60 test regions lie by half or more on regions of the train")
    data.obs.loc[data.obs_names[-2:], ["start", "end"]] = -1  # shuffles stand nowhere
    assert cautions(data, {}) == []


def test_digests_are_equal_for_equal_sequences_on_either_strand_only():
    codes = np.random.default_rng(1).integers(0, 5, (40_000, 9)).astype(np.uint8)
    keys = [min(one.tobytes(), reverse_complement(one).tobytes()) for one in codes]
    _, numbers = np.unique(keys, return_inverse=True)
    _, ours = np.unique(strand_digests(codes), return_inverse=True)
    assert len(set(zip(numbers, ours))) == len(set(numbers)) == len(set(ours))


class Named(dict):
    """As Snakemake's named lists."""

    __getattr__ = dict.__getitem__

    def __iter__(self):
        return iter(self.values())


def test_warnings_are_in_the_log_on_the_terminal_and_in_the_record(tmp_path, capsys):
    output = tmp_path / "out.txt"
    job = SimpleNamespace(
        rule="x", params=Named(), wildcards=Named(), input=Named(), output=Named(out=str(output)),
        resources=Named(), threads=1, log=[str(tmp_path / "x.log")],
    )  # fmt: skip
    with recorded(job) as log:
        log.info("nothing")
        log.warning("half of %s is gone", "it")
        output.write_text("x")
    assert capsys.readouterr().err == f"warning: half of it is gone (log: {job.log[0]})\n"
    assert "half of it is gone" in (tmp_path / "x.log").read_text()
    record = json.loads((tmp_path / "provenance" / "out.txt.json").read_text())
    assert record["warnings"] == ["half of it is gone"]
    assert overview.warnings_of([str(output), str(output)]) == ["half of it is gone"]
    assert overview.warnings_of([str(tmp_path / "other.txt"), str(tmp_path / "no/x.txt")]) == []
