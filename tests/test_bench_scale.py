"""The whole matrix that the benchmark makes of a part of it."""

import numpy as np
from bench_scale import BETWEEN_COPIES, write_whole_matrix
from test_parsers import MATRIX, REGIONS, parse_matrix, write_matrix

from workflow_lib.sequence import decode


def test_every_copy_of_a_region_has_its_labels_letters_and_own_place(tmp_path):
    source, whole = tmp_path / "source", tmp_path / "whole"
    source.mkdir()
    whole.mkdir()
    # A column without a region, as the mirror's matrix has most of.
    write_matrix(source, np.insert(MATRIX, 1, np.nan, axis=1), _moved(REGIONS))
    write_whole_matrix(source, whole, n_regions=7)
    files = {path.name: path for path in whole.iterdir()}
    assert np.load(files["matrix.npz"])["arr_0"].shape == (3, 7)
    data = parse_matrix(files)
    assert data.uns["n_read"] == 7 and data.uns["dropped"] == {"length": 2}
    assert data.obs_names[:2].tolist() == ["0::chr1:10-14", "1::chr1:20-24"]
    assert data.obs_names[4] == f"6::chr1:{10 + 2 * BETWEEN_COPIES}-{14 + 2 * BETWEEN_COPIES}"
    assert decode(data.obsm["sequence"]) == ["ACGT", "AANA", "ACGT", "AANA", "ACGT"]
    np.testing.assert_array_equal(
        data.X, [[1, np.nan], [np.nan, 0], [1, np.nan], [np.nan, 0], [1, np.nan]]
    )


def _moved(regions):
    """The regions, their columns counted with the one put in at 1."""
    split = [(*name.split("::"), letters) for name, letters in regions]
    return [(f"{int(i) + (int(i) > 0)}::{place}", letters) for i, place, letters in split]
