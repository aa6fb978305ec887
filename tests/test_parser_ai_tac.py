"""AI-TAC's arrays, whole and broken, and the test of the order of their bases."""

import logging
import pickle  # to write what must never be read
import sys

import numpy as np
import pytest
import yaml
from sklearn.model_selection import train_test_split

from workflow_lib.config.targets_table import names_of_columns, read_targets_table
from workflow_lib.data import dataset
from workflow_lib.data.dropping import drop
from workflow_lib.data.splits import SPLITS
from workflow_lib.data.targets import order_targets, targets
from workflow_lib.errors import InputError
from workflow_lib.parsers import PARSERS
from workflow_lib.parsers.one_hot_order import check_order
from workflow_lib.sequence import decode, encode, read_fasta

SEQUENCES = ["ACGTA", "TTGCA", "GNCAT"]
CELLS = ["B", "T", "NK", "Mo"]
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4) / 8
NAMES = np.array(["chr1:10-15", "chr2:20-25", "chrX:0-5"], dtype="S12")


def one_hot(sequences, order, dtype=np.int8):
    return np.array([[[base == row for base in s] for row in order] for s in sequences], dtype)


@pytest.fixture
def files(tmp_path):
    """The three arrays, and the pickled one beside them that is never opened."""
    arrays = {
        "one_hot_seqs.npy": one_hot(SEQUENCES, "ATGC"),
        "cell_type_array.npy": np.asfortranarray(VALUES),
        "peak_names.npy": NAMES,
    }
    for name, array in arrays.items():
        np.save(tmp_path / name, array)
    np.save(tmp_path / "cell_type_names.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    return {path.name: path for path in sorted(tmp_path.iterdir())}


class Bomb:
    """Raises when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise AssertionError('unpickled')",)


def read(files, **options):
    return PARSERS["ai_tac"](files=files, names=CELLS, **options)


def test_sequences_values_and_regions_are_those_of_the_arrays(files):
    data = read(files)
    assert decode(data.obsm["sequence"]) == SEQUENCES
    np.testing.assert_array_equal(data.X, VALUES)
    assert list(data.var_names) == CELLS and data.obs_names[2] == "chrX:0-5"
    assert list(data.obs["chrom"]) == ["chr1", "chr2", "chrX"]
    assert list(data.obs["start"]) == [10, 20, 0] and list(data.obs["end"]) == [15, 25, 5]
    # Nothing of the files is held on to: they may be deleted.
    for array in (data.X, data.obsm["sequence"]):
        while array is not None:
            assert not isinstance(array, np.memmap)
            array = array.base


@pytest.mark.parametrize("order", ["ACGT", "TGCA", "CATG"])
@pytest.mark.parametrize("dtype", ["i1", "u1", "?", "i8"])
def test_rows_are_the_bases_that_the_option_says(files, order, dtype):
    np.save(files["one_hot_seqs.npy"], one_hot(SEQUENCES, order, dtype))
    assert decode(read(files, one_hot_order=order).obsm["sequence"]) == SEQUENCES
    other = read(files, one_hot_order=order[::-1])
    assert decode(other.obsm["sequence"]) != SEQUENCES


def test_blocks_do_not_change_what_is_read(files, monkeypatch):
    # The package has a function of the module's name.
    monkeypatch.setattr(sys.modules["workflow_lib.parsers.ai_tac"], "_AT_ONCE", 2)
    assert decode(read(files).obsm["sequence"]) == SEQUENCES


def test_unknown_bases_are_dropped_and_counted(files):
    data = drop(read(files))
    assert data.uns["dropped"]["unknown_base"] == 1 and data.n_obs == 2
    assert data.uns["n_read"] == 3
    assert drop(read(files), most_unknown=0.2).n_obs == 3


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["peak_1", "chr1:2-7", "x"], set()),
        (["chr1:10-16", "chr2:20-25", "chrX:0-5"], {"chrom"}),
        (np.array(["chr1:10-15", "chr2:2-7", "chr3:1-6"]), {"chrom", "start", "end"}),
    ],
)
def test_names_that_are_no_regions_are_ids_only(files, names, columns):
    np.save(files["peak_names.npy"], np.array(names, dtype="U12"))
    data = read(files)
    assert set(data.obs) == columns and list(data.obs_names) == list(names)


def test_without_names_regions_are_numbered(files):
    del files["peak_names.npy"]
    assert list(read(files).obs_names) == ["region1", "region2", "region3"]


def broken(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


ONE_HOT = one_hot(SEQUENCES, "ATGC")
BROKEN = {
    "names of objects": ("peak_names.npy", np.array([Bomb()] * 3, dtype=object),
                         r"peak_names.npy: found the type object \(pickled objects.*never opened"),
    "objects": ("one_hot_seqs.npy", np.array([Bomb()] * 3, dtype=object), "type object .pickled"),
    "values of text": ("cell_type_array.npy", VALUES.astype("U5"), "type <U5; wanted numbers"),
    "floats": ("one_hot_seqs.npy", ONE_HOT.astype(float),
               "one_hot_seqs.npy: found the type float64; wanted whole numbers 0 and 1"),
    "last base first": ("one_hot_seqs.npy", ONE_HOT.transpose(0, 2, 1),
                        r"found the shape \(3, 5, 4\); wanted regions x 4 bases x length"),
    "no regions": ("one_hot_seqs.npy", ONE_HOT[:0], r"found the shape \(0, 4, 5\)"),
    "two bases": ("one_hot_seqs.npy", broken(ONE_HOT, (1, 2, 3), 1),
                  r"one_hot_seqs.npy, region 1 \('chr2:20-25'\), position 3 .*: found "
                  r"\[0, 0, 1, 1\]; wanted one 1 and three 0"),
    "a count": ("one_hot_seqs.npy", broken(ONE_HOT, (2, 0, 1), 2), r"region 2 .*\[2, 0, 0, 0\]"),
    "below zero": ("one_hot_seqs.npy", broken(ONE_HOT, (0, 3, 1), -1), r"region 0 .*-1\]"),
    "cells": ("cell_type_array.npy", VALUES[:, :3],
              r"cell_type_array.npy: found the shape \(3, 3\); wanted regions x 4, a column for"),
    "flat": ("cell_type_array.npy", VALUES[0], r"found the shape \(4,\); wanted regions x 4"),
    "values too few": ("cell_type_array.npy", VALUES[:2],
                       "cell_type_array.npy: found 2 regions, but 3 in .*one_hot_seqs.npy"),
    "names too many": ("peak_names.npy", np.append(NAMES, NAMES[:1]),
                       "peak_names.npy: found 4 regions, but 3 in .*one_hot_seqs.npy"),
    "names in a table": ("peak_names.npy", NAMES[:, None], r"found the shape \(3, 1\)"),
    "a name twice": ("peak_names.npy", NAMES[[0, 1, 0]], "the id 'chr1:10-15' occurs twice"),
    "beyond float32": ("cell_type_array.npy", VALUES.astype(float) * 1e300,
                       "'chr1:10-15', target 'T': found .*wanted at most 3.4e38"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_named_with_its_place(files, what):
    name, array, said = BROKEN[what]
    np.save(files[name], array, allow_pickle=True)
    with pytest.raises(InputError, match=said):
        read(files)


def test_files_that_are_none_are_explained(files):
    path = files["one_hot_seqs.npy"]
    whole = path.read_bytes()
    for content, said in [
        (whole[:-5], "found 55 bytes of values, wanted 60 for the shape .3, 4, 5.; .*truncated"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        (pickle.dumps([1]), "the file is not a .npy array"),
        (b"", "the file is not a .npy array"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"one_hot_seqs.npy: {said}|one_hot.*{said}"):
            read(files)
    with pytest.raises(InputError, match="one_hot_order: ACGG; wanted the letters ACGT"):
        read(files, one_hot_order="ACGG")
    del files["one_hot_seqs.npy"]
    with pytest.raises(InputError, match="found no file one_hot_seqs.npy among cell_type_array"):
        read(files)


# The order of the bases


def sample(shared, folder):
    names = {"ai_tac_sample": "ai_tac", "blood_atac": "blood"}
    return (
        {path.name: path for path in (shared / "mirror" / folder).iterdir()},
        names_of_columns(*table_of(names[folder])),
    )


def table_of(name):
    path = f"resources/{name}_cell_types.tsv"
    return read_targets_table(path), path


@pytest.mark.parametrize(("folder", "order"), [("ai_tac_sample", "ATGC"), ("blood_atac", "ACGT")])
def test_the_order_of_real_files_is_found_whatever_is_declared(shared, folder, order):
    files, names = sample(shared, folder)
    data = PARSERS["ai_tac"](files=files, names=names, one_hot_order=order)
    assert f"one_hot_order: {order} fits best: CpG is 0." in data.uns["notes"][0]
    for declared in ("ATGC", "ACGT", "TAGC", "GCAT", "CGTA"):
        if declared == order:
            continue
        with pytest.raises(
            InputError, match=rf"one_hot_order: {declared} CpG .*order: {order}, or"
        ):
            PARSERS["ai_tac"](files=files, names=names, one_hot_order=declared)
    unchecked = {"one_hot_order": "CGTA", "check_order": False}
    assert PARSERS["ai_tac"](files=files, names=names, **unchecked).n_obs == data.n_obs


def test_a_hundred_sequences_never_refuse_the_right_order(shared):
    _, sequences = read_fasta(shared / "mirror/tf_binding/sequences.200bp.chr19.fa.gz")
    codes = encode([one for one in sequences if len(one) == 200])
    rng, confirmed = np.random.default_rng(0), 0
    for _ in range(60):
        chosen = codes[rng.choice(len(codes), 100, replace=False)]
        confirmed += bool(check_order(chosen, "ACGT", "x"))
        swapped = np.array([3, 1, 2, 0, 4], dtype=np.uint8)[chosen]  # A and T, the hardest to tell
        try:
            assert not check_order(swapped, "ACGT", "x")
        except InputError as error:
            assert "wanted one_hot_order: TCGA" in str(error)
            confirmed += 1
    assert confirmed >= 110


def test_the_fly_is_not_refused_for_its_cpg(shared):
    _, sequences = read_fasta(shared / "mirror/deepstarr_distilled/Sequences_Test.fa.gz")
    assert check_order(encode(sequences), "ACGT", "x")


@pytest.mark.parametrize("kind", ["random", "few", "one", "all the same", "unknown"])
def test_where_sequences_do_not_tell_it_is_warned_of(shared, caplog, kind):
    rng = np.random.default_rng(0)
    codes = {
        "random": rng.integers(0, 4, (3000, 100)),
        "few": rng.integers(0, 4, (5, 100)),
        "one": rng.integers(0, 4, (1, 30)),
        "all the same": np.zeros((200, 30)),
        "unknown": np.full((200, 30), 4),
    }[kind].astype(np.uint8)
    with caplog.at_level(logging.WARNING):
        assert check_order(codes, "ATGC", "x.npy") == []
    assert "x.npy: one_hot_order: ATGC could not be confirmed" in caplog.text


# The catalogue's data sets


def test_the_lineages_of_ai_tac_are_those_of_the_paper(shared):
    rows, path = table_of("ai_tac")
    text = (shared / "reference/ai_tac/ai_tac_cell_types.tsv").read_text()
    reference = [line.split("\t") for line in text.splitlines()[1:]]
    by_row = sorted(reference, key=lambda cells: int(cells[4]))
    assert [row.target for row in rows] == [cells[1] for cells in by_row]
    assert [row.group for row in rows] == [cells[3] for cells in by_row]
    assert [row.color for row in rows] == [cells[5] for cells in by_row]
    assert names_of_columns(rows, path) == [cells[1] for cells in reference]
    counts = {group: sum(row.group == group for row in rows) for group in {r.group for r in rows}}
    assert counts == {
        "stem": 5, "B": 18, "abT": 25, "gdT": 7, "innate.lym": 10, "myeloid": 16,
    }  # fmt: skip


def test_the_names_are_those_of_the_pickled_array(shared):
    """Read as text, not unpickled: the names stand in the file in its order."""
    raw = (shared / "mirror/ai_tac_sample/cell_type_names.npy").read_bytes()
    names, place = names_of_columns(*table_of("ai_tac")), 0
    for i, name in enumerate(names):
        place = raw.index(f"task{i}".encode(), place)
        found = raw.index(name.encode(), place)
        assert found - place < 30
        place = found


def test_the_sample_is_read_into_the_figures_order(shared):
    files, names = sample(shared, "ai_tac_sample")
    data = PARSERS["ai_tac"](files=files, names=names)
    values = np.load(files["cell_type_array.npy"])
    order_targets(data, *table_of("ai_tac"))
    assert data.shape == (100, 81) and data.obsm["sequence"].shape == (100, 251)
    assert data.var_names[0] == "LTHSC.34-.BM" and data.var_names[-1] == "DC.pDC.Sp"
    np.testing.assert_array_equal(data.to_df()["LTHSC.34-.BM"], values[:, 26])
    np.testing.assert_array_equal(data.to_df()["proB.FrBC.BM"], values[:, 80])
    assert targets(data.var)["color"].iloc[[0, -1]].tolist() == ["navy", "purple"]


def test_blood_is_split_by_chromosome(shared, root):
    entry = yaml.safe_load((root / "config/datasets.yaml").read_text())["datasets"]["blood_atac"]
    files, names = sample(shared, "blood_atac")
    assert names == np.load(shared / "mirror/blood_atac/cell_type_names.npy").tolist()
    data = PARSERS["ai_tac"](files=files, names=names, **entry["options"])
    options = {key: value for key, value in entry["split"].items() if key != "method"}
    data.obs["split"] = SPLITS["chromosome"](data, **options)
    assert dataset.part_sizes(data) == {"train": 994, "validation": 436, "test": 485}
    assert data.uns["n_read"] == 1915


def test_the_original_split_is_scikit_learns(root):
    datasets = yaml.safe_load((root / "config/datasets.yaml").read_text())["datasets"]
    split, n = datasets["ai_tac"]["split"], 327_927
    data = type("Data", (), {"n_obs": n})
    options = {key: value for key, value in split.items() if key != "method"}
    parts = SPLITS[split["method"]](data, **options)
    _, held_out = train_test_split(np.arange(n), test_size=0.1, random_state=40)
    assert len(held_out) == 32_793 and set(np.flatnonzero(parts == "validation")) == set(held_out)
    assert not (parts == "test").any() and datasets["ai_tac"]["optional_splits"] == ["test"]
