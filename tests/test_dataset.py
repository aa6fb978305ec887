"""The on-disk data set, what is dropped, and the splits."""

import gc
import weakref

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_lib.data import dataset, splits
from workflow_lib.data.dropping import drop
from workflow_lib.data.target_checks import check_targets
from workflow_lib.errors import InputError
from workflow_lib.sequence import encode


def make(n=40, n_targets=2, seed=0, **columns):
    """A data set of random sequences and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (n, n_targets)).astype(np.float32)
    codes = rng.integers(0, 4, (n, 12)).astype(np.uint8)
    obs = pd.DataFrame(columns) if columns else None
    names = [f"t{i}" for i in range(n_targets)]
    data = dataset.build([f"s{i}" for i in range(n)], codes, labels, names, obs=obs)
    data.uns |= {"task": "binary", "source": "made up"}
    return data


def test_saved_data_set_is_plain_anndata_and_comes_back_whole(tmp_path):
    data = make()
    data.X[3, 1] = np.nan
    data.obs["split"] = splits.random(data)
    dataset.save(data, tmp_path / "x.h5ad")
    back = anndata.read_h5ad(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(back.X, data.X)
    np.testing.assert_array_equal(back.obsm["sequence"], data.obsm["sequence"])
    assert back.obsm["sequence"].dtype == np.uint8 and back.X.dtype == np.float32
    assert back.uns["task"] == "binary" and back.uns["n_read"] == 40
    assert list(dataset.load(tmp_path / "x.h5ad").obs_names) == list(data.obs_names)


def test_shuffled_labels_stay_within_their_part():
    data, parts = make(60), np.repeat(["train", "validation", "test"], 20)
    data.obs["split"] = pd.Categorical(parts)
    before = np.arange(120, dtype=np.float32).reshape(60, 2)  # so that each row can be told
    for seed in (1, 2):
        data.X = before.copy()
        dataset.shuffle_labels(data, seed)
        for part in dataset.PARTS:
            found, rows = data.X[parts == part], before[parts == part]
            assert sorted(map(tuple, found)) == sorted(map(tuple, rows)) and (found != rows).any()
        assert data.uns["shuffled_labels"] == seed
    dataset.shuffle_labels(data, 1)
    assert (data.obsm["sequence"] == make(60).obsm["sequence"]).all()


@given(st.integers(0, 1000))
def test_kept_and_dropped_always_add_up(seed):
    rng = np.random.default_rng(seed)
    data = make(seed=seed)
    data.X[rng.random(data.shape) < 0.5] = np.nan
    data.obsm["sequence"][rng.random(data.n_obs) < 0.2, 0] = 4
    kept = drop(data, min_resolved="all", duplicates="drop")
    assert kept.n_obs + sum(kept.uns["dropped"].values()) == kept.uns["n_read"] == 40
    assert not np.isnan(kept.X).any() and (kept.obsm["sequence"] < 4).all()


def test_each_reason_is_counted_once():
    codes = encode(["AACC", "AACC", "GGTT", "NACC", "NACC", "ACAC"])
    labels = np.array([[1], [0], [1], [np.nan], [1], [np.nan]])
    kept = drop(dataset.build("abcdef", codes, labels, ["t"]), duplicates="drop")
    # b repeats a; c is a's reverse complement; d and e have an N; f is unresolved.
    assert list(kept.obs_names) == ["a"]
    assert kept.uns["dropped"] == {"unknown_base": 2, "unresolved": 1, "duplicate": 2}


@pytest.mark.parametrize(
    ("ids", "names", "message"),
    [("aa", "t", "id 'a' occurs twice"), ("ab", "tt", "do not fit"), ("abc", "t", "do not fit")],
)
def test_data_that_do_not_fit_are_refused(ids, names, message):
    with pytest.raises(InputError, match=message):
        dataset.build(ids, encode(["AC", "GT"]), np.zeros((2, 1)), names)


@pytest.mark.parametrize("value", [1e40, -1e40, np.inf])
def test_values_beyond_float32_are_refused_by_name(value):
    labels = np.array([[1.0, np.nan], [value, 2.0]])
    with pytest.raises(InputError, match="'b', target 't': found .*, wanted at most 3.4e38"):
        dataset.build("ab", encode(["AC", "GT"]), labels, "tu")
    labels[1, 0] = np.nan
    assert np.isnan(dataset.build("ab", encode(["AC", "GT"]), labels, "tu").X[1, 0])


@pytest.mark.parametrize("name", ["any", "mean", "unit", "", " ", "A ", "a\tb", "a\nb"])
def test_names_that_tables_use_or_cannot_hold_are_refused(name):
    with pytest.raises(InputError, match="tables of results use or cannot hold"):
        dataset.build("ab", encode(["AC", "GT"]), np.zeros((2, 1)), [name])


def test_nothing_left_says_what_was_dropped():
    data = make(10)
    data.X[:] = np.nan
    with pytest.raises(InputError, match="no sequence is left: 10 read, 0 kept, dropped: 10 unres"):
        drop(data)


def test_labels_of_a_binary_task_are_0_1_or_nothing():
    data = make()
    data.X[2, 1] = 0.5
    with pytest.raises(InputError, match="'s2', target 't1': found 0.5"):
        check_targets(data, "x")


def test_random_split_is_that_of_scikit_learn_and_reproducible():
    from sklearn.model_selection import train_test_split

    data = make(200)
    parts = splits.random(data, seed=3)
    train, rest = train_test_split(np.arange(200), test_size=0.2, random_state=3)
    validation, test = train_test_split(rest, test_size=0.5, random_state=3)
    for name, rows in {"train": train, "validation": validation, "test": test}.items():
        assert set(np.flatnonzero(parts == name)) == set(rows)
    assert (splits.random(data, seed=3) == parts).all()
    assert (splits.random(data, seed=4) != parts).any()


def test_stratified_split_keeps_the_proportion():
    data = make(400, n_targets=1)
    data.X[:, 0] = np.arange(400) < 100
    parts = splits.stratified(data)
    for part in dataset.PARTS:
        assert data.X[parts == part, 0].mean() == pytest.approx(0.25)
    with pytest.raises(InputError, match="one target or one-hot"):
        splits.stratified(make(40, n_targets=3))


def test_split_by_chromosome():
    data = make(4, chrom=["chr1", "chr2", "chr3", "chr1"])
    parts = splits.chromosome(data, validation=["chr2"], test=["chr3"])
    assert parts.tolist() == ["train", "validation", "test", "train"]
    with pytest.raises(InputError, match="chr9"):
        splits.chromosome(data, validation=["chr9"])
    with pytest.raises(InputError, match="gives none"):
        splits.chromosome(make(), validation=["chr2"])


def test_split_like_another_holds_out_exactly_the_same_sequences():
    small, large = make(40), make(60)
    small.obs["split"] = splits.random(small)
    parts = pd.Series(splits.like(large, small), index=large.obs_names)
    for part in ("validation", "test"):
        assert set(parts[parts == part].index) == set(small.obs_names[small.obs["split"] == part])
    with pytest.raises(InputError, match="held-out sequences"):
        splits.like(small[:5], small)


def test_an_empty_part_is_an_error_unless_declared():
    data = make(20)
    data.obs["split"] = splits.random(data, fractions=(0.8, 0.2, 0))
    with pytest.raises(InputError, match="test part empty"):
        dataset.validate(data, name="x")
    dataset.validate(data, name="x", optional_splits=["test"])
    assert dataset.scored_part(data) == "validation"


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5), (0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (0.9, 0, 0.1)]
)
def test_impossible_fractions_are_refused(fractions):
    with pytest.raises(InputError, match="fractions"):
        splits.random(make(), fractions=fractions)


def test_a_parts_arrays_are_its_rows_and_hold_nothing_else_in_memory():
    data = make()
    data.obs["split"] = splits.random(data)
    expected = dataset.part(data, "validation")
    codes, targets = dataset.arrays(data, "validation")
    np.testing.assert_array_equal(codes, expected.obsm["sequence"])
    np.testing.assert_array_equal(targets, expected.X)
    alive = weakref.ref(data)
    del data, expected
    gc.collect()
    assert alive() is None


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / "x.h5ad").write_text("<html>")
    with pytest.raises(InputError, match="x.h5ad: not a readable"):
        dataset.load(tmp_path / "x.h5ad")
