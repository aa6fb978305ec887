"""Accessibility of DHSs in cell types: matrices of each, and the FASTA files of another source."""

import gzip
import resource
import subprocess
import sys

import numpy as np
import pytest
import yaml

from workflow_lib.config.targets_table import read_targets_table
from workflow_lib.data.cautions import cautions
from workflow_lib.data.dropping import drop
from workflow_lib.errors import InputError
from workflow_lib.parsers import PARSERS
from workflow_lib.sequence import decode

# Of each DHS: id, letters, in which of the cells A, B, C it is open.
DHSS = [
    ("3::chr1:10-14", "ACGT", "A"), ("0::chr1:20-24", "TTGC", "AC"), ("1::chr2:5-9", "GGGA", ""),
    ("5::chr2:30-34", "ACNT", "B"), ("2::chr3:7-11", "CCCC", "ABC"), ("4::chr3:40-43", "ACG", "C"),
    ("6::chrX:1-5", "tttt", "BC"),
]  # fmt: skip
FILES = {"chr1.fa.gz": DHSS[:2], "chr2.fa": DHSS[2:4], "chr3.fa": DHSS[4:]}
N_TFS = 3


def matrix_name(cell):
    return f"matrix2d.{cell}.ReMap+UniBind.less-sparse.npz"


@pytest.fixture
def files(tmp_path):
    """FASTA files and, with three TFs each, the matrices of the cells C, A and B."""
    rng = np.random.default_rng(0)
    for cell in "CAB":
        matrix = np.full((7, N_TFS), np.nan)
        for name, _, cells in DHSS:
            if cell in cells:
                row = int(name.split("::")[0])
                matrix[row, rng.integers(N_TFS)] = rng.integers(2)
        np.savez_compressed(tmp_path / matrix_name(cell), arr_0=matrix)
    for name, dhss in FILES.items():
        text = "".join(f">{one}\n{letters}\n" for one, letters, _ in dhss).encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    return {name: tmp_path / name for name in [*map(matrix_name, "CAB"), *FILES]}


def read(files, **options):
    return PARSERS["dhs_accessibility"](files=files, **{"length": 4} | options)


def change(files, cell, **arrays):
    np.savez_compressed(files[matrix_name(cell)], **arrays)


def expected(names):
    """Accessibility in C, A, B of these DHSs."""
    cells = {name: cells for name, _, cells in DHSS}
    return [[float(cell in cells[name]) for cell in "CAB"] for name in names]


def test_a_dhs_is_open_where_its_row_holds_a_number(files):
    data = read(files)
    kept = [DHSS[i][0] for i in (0, 1, 2, 4, 6)]
    assert list(data.obs_names) == kept and list(data.var_names) == ["C", "A", "B"]
    np.testing.assert_array_equal(data.X, expected(kept))
    assert decode(data.obsm["sequence"]) == ["ACGT", "TTGC", "GGGA", "CCCC", "TTTT"]
    assert list(data.obs["chrom"].astype(str)) == ["chr1", "chr1", "chr2", "chr3", "chrX"]
    assert list(data.obs["start"]) == [10, 20, 5, 7, 1]
    assert data.uns["dropped"] == {
        "length": 1, "unknown_base": 1, "closed_everywhere": 0, "open_everywhere": 0,
        "not_drawn": 0,
    }  # fmt: skip
    assert data.uns["n_read"] == 7


@pytest.mark.parametrize("block", [1, 60, 2**24])
def test_blocks_of_rows_do_not_change_what_is_read(files, block, monkeypatch):
    module = sys.modules["workflow_lib.parsers.dhs_accessibility"]
    monkeypatch.setattr(module, "_BLOCK", block)
    np.testing.assert_array_equal(read(files).X, expected(read(files).obs_names))


def test_dhss_that_do_not_vary_are_left_out_by_reason(files):
    data = read(files, only_variable=True)
    assert list(data.obs_names) == [DHSS[i][0] for i in (0, 1, 6)]
    np.testing.assert_array_equal(data.X, expected(data.obs_names))
    counts = {"closed_everywhere": 1, "open_everywhere": 1, "unknown_base": 1, "length": 1}
    assert data.uns["dropped"] == counts | {"not_drawn": 0} and data.uns["n_read"] == 7
    # With fewer cells another one is open in all of them.
    del files[matrix_name("A")]
    assert list(read(files, only_variable=True).obs_names) == [DHSS[1][0]]


def test_a_draw_keeps_the_order_and_depends_on_its_seed(files):
    found = set()
    for seed in range(12):
        data = read(files, max_sequences=2, seed=seed, only_variable=True)
        assert data.n_obs == 2 and data.uns["dropped"]["not_drawn"] == 1
        assert data.uns["n_read"] == 7
        np.testing.assert_array_equal(data.X, expected(data.obs_names))
        letters = {name: letters.upper() for name, letters, _ in DHSS}
        assert decode(data.obsm["sequence"]) == [letters[name] for name in data.obs_names]
        places = [[name for name, *_ in DHSS].index(name) for name in data.obs_names]
        assert places == sorted(places)
        found.add(tuple(data.obs_names))
        again = read(files, max_sequences=2, seed=seed, only_variable=True)
        assert list(again.obs_names) == list(data.obs_names)
    assert len(found) == 3  # each pair of the three
    assert read(files, max_sequences=100).n_obs == 5


def test_unknown_bases_may_be_kept(files):
    data = read(files, most_unknown=0.25)
    assert DHSS[3][0] in data.obs_names and data.uns["dropped"]["unknown_base"] == 0
    assert drop(read(files)).uns["dropped"]["unknown_base"] == 1  # counted once


def test_what_was_meant_to_be_left_out_is_not_warned_of(files):
    data = read(files, only_variable=True, max_sequences=2)
    data.uns |= {
        "task": "binary",
        "dropped": data.uns["dropped"] | {"length": 0, "unknown_base": 0},
    }
    data.obs["split"] = ["train", "validation"]
    assert not [said for said in cautions(data, {}) if "dropped" in said]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((7, 2), dtype=int), "found int64 of the shape .7, 2.*wanted rows of floats"),
        (np.zeros(7), r"found float64 of the shape \(7,\)"),
        (np.zeros((7, 0)), r"of the shape \(7, 0\)"),
        (np.asfortranarray(np.zeros((7, 2))), "Fortran order: True"),
        (np.zeros((8, 2)), "found 8 rows, but 7 in .*matrix2d.C.*; wanted the same DHSs"),
        (np.full((7, 2), 0.5), r"row 0 .counted from 0.: found 0.5, wanted 0, 1 or NaN"),
        (np.array([[np.nan, 0]] * 4 + [[1, 7], [0, 0], [0, 0]]), "row 4 .*found 7.0"),
    ],
)
def test_a_matrix_that_does_not_fit_is_explained(files, array, message):
    change(files, "A", arr_0=array)
    with pytest.raises(InputError, match=f"matrix2d.A.ReMap.*{message}"):
        read(files)


def test_matrices_that_are_none_are_explained(files):
    path = files[matrix_name("A")]
    whole = path.read_bytes()
    for content, said in [
        (whole[:-40], "not a readable .npz with arr_0"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        (b"", "empty"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"matrix2d.A.*{said}"):
            read(files)
    change(files, "A", other=np.zeros((7, 2)))
    with pytest.raises(InputError, match="not a readable .npz with arr_0"):
        read(files)
    np.savez(path, arr_0=np.array([{}] * 7, dtype=object))
    with pytest.raises(InputError, match="found object of the shape"):
        read(files)


def test_an_id_beyond_the_matrix_is_named(files):
    for cell in "CAB":
        change(files, cell, arr_0=np.zeros((6, 1)))
    with pytest.raises(InputError, match="chr3.fa: '6::chrX:1-5' names a row .*of 6 rows"):
        read(files)


def test_other_files_are_refused(files, tmp_path):
    with pytest.raises(InputError, match="found 0 .npz and 3 FASTA files; wanted at least one"):
        read({name: path for name, path in files.items() if "npz" not in name})
    with pytest.raises(InputError, match="found 3 .npz and 0 FASTA.*files_from"):
        read({name: path for name, path in files.items() if "npz" in name})
    with pytest.raises(InputError, match="found the file labels.npz; wanted one matrix2d.CELL"):
        read(files | {"labels.npz": tmp_path})
    with pytest.raises(InputError, match="matrix2d.A.npz, the second one of 'A'"):
        read(files | {"matrix2d.A.npz": tmp_path})
    with pytest.raises(InputError, match="max_sequences is 0; wanted >= 1"):
        read(files, max_sequences=0)
    files["chr2.fa"].write_text(">seq1\nACGT\n")
    with pytest.raises(InputError, match="FASTA id 'seq1': wanted IDX::chrom:start-end"):
        read(files)


def test_nothing_left_is_said_with_the_reasons(files):
    for cell in "CAB":
        change(files, cell, arr_0=np.full((7, 1), np.nan))
    with pytest.raises(InputError, match="no DHS is left; dropped: .*'closed_everywhere': 5"):
        read(files, only_variable=True)


def test_the_catalogue_has_a_tissue_for_each_cell(root):
    config = yaml.safe_load((root / "config/datasets.yaml").read_text())
    names = config["sources"]["dhs_accessibility"]["files"]
    cells = [name.split(".")[1] for name in names]
    rows = read_targets_table(root / "resources/dhs_cell_types.tsv")
    assert len(cells) == 52 and sorted(row.target for row in rows) == sorted(cells)
    assert all(row.group and row.color for row in rows)
    assert len({(row.group, row.color) for row in rows}) == len({row.group for row in rows}) == 12


def _mirrored(shared):
    folders = [shared / "mirror/dhs_accessibility", shared / "mirror/tf_binding"]
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    return {p.name: str(p) for p in paths if p.name.startswith("seq") or "UniBind" in p.name}


def test_real_matrices_agree_with_what_they_hold(shared):
    files = _mirrored(shared)
    chosen = [name for name in files if "HepG2" in name or "K562" in name or "chr21" in name]
    given = {"most_unknown": 1.0, "length": 200}
    data = PARSERS["dhs_accessibility"](files={n: files[n] for n in chosen}, **given)
    rows = [int(name.split("::")[0]) for name in data.obs_names]
    for name in chosen[:2]:
        matrix = np.load(files[name])["arr_0"]
        cell = name.split(".")[1]
        np.testing.assert_array_equal(data.to_df()[cell], ~np.isnan(matrix[rows, 0]))
    assert 0.05 < data.X.mean() < 0.5 and data.n_obs == 23_015


@pytest.mark.slow
def test_300_000_regions_take_less_than_two_gigabytes(root, shared):
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from workflow_lib.parsers import PARSERS\n"
        f"data = PARSERS['dhs_accessibility'](files={_mirrored(shared)!r}, max_sequences=300000)\n"
        "assert data.shape == (300000, 22)\n"
        "assert data.uns['n_read'] == 426037 and data.uns['dropped']['unknown_base'] == 8"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2e6  # kB
