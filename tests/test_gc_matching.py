"""Negative sequences with the %GC of the positive ones."""

import runpy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_lib.data import dataset
from workflow_lib.data.gc_matching import balance, match_gc, match_or_explain, percent_gc
from workflow_lib.errors import InputError
from workflow_lib.sequence import encode

percents = st.lists(st.integers(20, 60), max_size=80).map(np.array)


def test_percent_gc_counts_known_bases_only():
    assert percent_gc(encode(["GGCC", "ATAT", "GANN", "GATN"])).tolist() == [100, 0, 50, 33]


@given(percents, percents, st.integers(0, 5))
def test_both_groups_have_the_same_percents_and_no_more_could_be_kept(wanted, candidates, seed):
    one, other = match_gc(wanted, candidates, seed)
    assert sorted(wanted[one].tolist()) == sorted(candidates[other].tolist())
    for percent in np.union1d(wanted, candidates):
        most = min((wanted == percent).sum(), (candidates == percent).sum())
        assert (wanted[one] == percent).sum() == most
    for rows in (one, other):
        assert (np.diff(rows) > 0).all()


def test_the_seed_decides_which_are_drawn():
    wanted, candidates = np.full(5, 40), np.full(500, 40)
    drawn = [match_gc(wanted, candidates, seed)[1].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_half_of_the_bound_sequences_may_be_lost_and_no_more(caplog):
    caplog.set_level("INFO")
    candidates = np.array([40, 40])
    kept, drawn = match_or_explain(np.array([40, 41, 42, 40]), candidates, 0, "x")
    assert kept.tolist() == [0, 3] and drawn.tolist() == [0, 1]
    assert "2 of 4 bound sequences have no partner" in caplog.text
    with pytest.raises(InputError, match=r"x: 3 of 5 bound .* among 2 \(most of them at 42 %GC\)"):
        match_or_explain(np.array([40, 42, 42, 40, 41]), candidates, 0, "x")


def test_partners_are_a_random_choice_of_their_bin():
    """Every candidate of the bin is drawn with some seed, alone and in groups."""
    wanted, candidates = np.full(3, 40), np.repeat([39, 40, 41], 12)
    for ratio in (1, 2):
        draws = [match_or_explain(wanted, candidates, seed, "x", ratio)[1] for seed in range(40)]
        assert {len(drawn) for drawn in draws} == {3 * ratio}
        assert set(np.concatenate(draws).tolist()) == set(range(12, 24))
        assert len({tuple(drawn) for drawn in draws}) > 30


def data_of(sequences, labels):
    ids = [f"s{i}" for i in range(len(sequences))]
    return dataset.build(ids, encode(sequences), np.array(labels, float)[:, None], ["TF"])


def test_what_is_left_out_is_counted_by_reason():
    sequences = ["GGGG", "GGGG", "AAAA", "CCCC", "GCGC", "CGCG", "ATTT"]
    data = data_of(sequences, [1, 1, 1, 0, 0, 0, 1])
    kept = balance(data, seed=0)
    assert kept.uns["dropped"] == {"bound_without_match": 2, "unbound_not_drawn": 1}
    assert kept.uns["n_read"] == 7 == kept.n_obs + 3
    assert kept.X.sum() == 2
    assert data.uns["dropped"] == {}
    assert list(kept.obs_names) == sorted(kept.obs_names)
    assert list(balance(data).obs_names) == list(kept.obs_names)
    assert percent_gc(kept.obsm["sequence"]).tolist() == [100] * 4


def test_what_cannot_be_balanced_is_refused():
    with pytest.raises(InputError, match="none share a %GC; wanted negatives"):
        balance(data_of(["GGGG", "AAAA"], [1, 0]))
    with pytest.raises(InputError, match="other than 0 and 1"):
        balance(data_of(["GGGG", "AAAA"], [1, np.nan]))
    two = dataset.build(["a"], encode(["ACGT"]), np.ones((1, 2)), ["A", "B"])
    with pytest.raises(InputError, match="found 2 targets"):
        balance(two)


@pytest.mark.parametrize("balanced", [True, False])
def test_a_data_set_that_is_to_be_balanced_is(root, tmp_path, balanced):
    rng = np.random.default_rng(0)
    bases, labels = np.array(list("ACGT")), np.repeat([1, 0], [40, 160])
    rows = [f"s{i}\t{''.join(rng.choice(bases, 10))}\t{y}" for i, y in enumerate(labels)]
    (tmp_path / "t.tsv").write_text("\n".join(["id\tsequence\tTF", *rows]) + "\n")
    entry = {"source": "mine", "parser": "table", "task": "binary", "split": {"method": "random"}}
    entry |= {"balance": {"seed": 0}} if balanced else {}
    names = {"dataset": "dataset.h5ad", "labels": "labels.tsv.gz"}
    outputs = {key: tmp_path / name for key, name in names.items()}
    main = runpy.run_path(str(root / "scripts/prepare.py"))["main"]
    main("mine", {"t.tsv": str(tmp_path / "t.tsv")}, {}, entry, outputs)
    data = dataset.load(outputs["dataset"])
    percent, bound = percent_gc(data.obsm["sequence"]), data.X[:, 0] == 1
    if balanced:
        assert bound.sum() > 30 and sorted(percent[bound]) == sorted(percent[~bound])
    else:
        assert (bound.sum(), data.n_obs) == (40, 200)
