"""Data sets made of some targets of another one."""

import numpy as np
import pytest

from workflow_lib.data import dataset
from workflow_lib.data.subset import load_shared, of_targets
from workflow_lib.errors import InputError


@pytest.fixture
def parent():
    X = np.array([[1, 0, np.nan], [np.nan, 1, 0], [0, np.nan, 1]])
    data = dataset.build(["a", "b", "c"], np.eye(3, 5), X, ["AR", "VDR", "SRF"])
    data.obs["chrom"] = ["chr1", "chr2", "chr3"]
    data.obs["split"] = ["train", "validation", "test"]
    data.uns |= {"task": "binary", "source": "mine", "assembly": ""}
    return data


def test_the_targets_asked_for_come_in_that_order_with_their_sequences(parent):
    made = of_targets(parent, ["SRF", "AR"], "parent")
    np.testing.assert_array_equal(made.X, parent.X[:, [2, 0]])
    np.testing.assert_array_equal(made.obsm["sequence"], parent.obsm["sequence"])
    assert list(made.var_names) == ["SRF", "AR"] and list(made.obs["chrom"]) == list(
        parent.obs["chrom"]
    )
    assert "split" not in made.obs and made.uns["n_read"] == 3
    made.X[:] = 0
    assert np.isnan(parent.X).any()  # the parent is everybody's


def test_a_target_that_is_not_there_is_named_with_the_nearest(parent):
    with pytest.raises(InputError, match="parent: it has no target 'VDRR' .did you mean 'VDR'"):
        of_targets(parent, ["VDRR"], "parent")


def test_one_reading_serves_several_data_sets(parent, tmp_path):
    dataset.save(parent, tmp_path / "parent.h5ad")
    assert load_shared(str(tmp_path / "parent.h5ad")) is load_shared(str(tmp_path / "parent.h5ad"))
