"""DeepSTARR's six files, whole and broken."""

import gzip

import numpy as np
import pytest

from workflow_lib.data import dataset
from workflow_lib.data.dropping import drop
from workflow_lib.data.splits import SPLITS
from workflow_lib.errors import InputError
from workflow_lib.parsers import PARSERS
from workflow_lib.sequence import decode

HEADER = "Dev_log2_enrichment\tHk_log2_enrichment\tDev_log2_enrichment_scaled"
# (id, sequence, Dev, Hk) of each part; the second one of Train is the first one's other strand.
RECORDS = {
    "Train": [
        ("chr2L_101_108_dev", "ACGTTGCA", 1.5, -0.25),
        ("chr2L_101_108_dev", "TGCAACGT", 1.5, -0.25),
        ("chr3R_5_12_hk", "nACGTACG", 0.0, 3.0),
        ("chrX_1_8_random", "ggggcccc", -2.0, 0.125),
    ],
    "Val": [("chr2R_301_308_dev", "TTTTACGT", 0.5, 0.75)],
    "Test": [("chr2R_401_408_hk", "CCCCACGT", -1.0, 1e-1)],
}


@pytest.fixture
def files(tmp_path):
    """The six files in their format: FASTA of several lines, tables with a further column."""
    made = {}
    for part, records in RECORDS.items():
        fasta, table = f"Sequences_{part}.fa", f"Sequences_activity_{part}.txt"
        text = "".join(f">{one}\n{letters[:5]}\n{letters[5:]}\n" for one, letters, *_ in records)
        (tmp_path / fasta).write_text(text)
        rows = [f"{dev}\t{hk}\t0" for *_, dev, hk in records]
        (tmp_path / table).write_text("\n".join([HEADER, *rows]) + "\n")
        made |= {name: tmp_path / name for name in (fasta, table)}
    return made


def read(files):
    return PARSERS["deepstarr"](files=files)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_sequences_activities_and_parts_come_in_the_order_of_the_files(files):
    data = read(dict(reversed(files.items())))
    records = [record for part in RECORDS.values() for record in part]
    assert decode(data.obsm["sequence"]) == [letters.upper() for _, letters, *_ in records]
    np.testing.assert_array_equal(data.X, np.float32([record[2:] for record in records]))
    assert list(data.var_names) == ["Dev", "Hk"]
    parts = ["train"] * 4 + ["validation", "test"]
    assert list(data.obs["split"]) == list(SPLITS["source"](data)) == parts
    assert data.uns["n_read"] == 6 and not data.uns["dropped"]


def test_regions_are_those_of_the_ids_on_the_strand_that_was_read(files):
    obs = read(files).obs
    assert list(obs.index[:2]) == ["chr2L_101_108_dev", "chr2L_101_108_dev.2"]
    assert list(obs["chrom"]) == ["chr2L", "chr2L", "chr3R", "chrX", "chr2R", "chr2R"]
    assert list(obs["start"]) == [100, 100, 4, 0, 300, 400]
    assert (obs["end"] - obs["start"] == 8).all()
    assert list(obs["strand"]) == ["+", "-", "+", "+", "+", "+"]


def test_ids_that_are_no_regions_are_kept_as_they_are(files):
    change(files["Sequences_Test.fa"], "chr2R_401_408_hk", "planted_7")
    data = read(files)
    assert set(data.obs) == {"split"} and data.obs_names[5] == "planted_7"
    assert "planted_7" in data.uns["notes"][0]


def test_regions_of_another_length_leave_only_the_chromosomes(files):
    change(files["Sequences_Val.fa"], "chr2R_301_308", "chr2R_301_309")
    data = read(files)
    assert set(data.obs) == {"chrom", "split"} and "chr2R_301_309" in data.uns["notes"][0]


def test_unknown_bases_are_dropped_and_counted(files):
    data = drop(read(files))
    assert data.uns["dropped"] == {"unknown_base": 1, "unresolved": 0}
    assert "chr3R_5_12_hk" not in data.obs_names and data.n_obs == 5 and data.uns["n_read"] == 6


def test_gzip_is_read_under_its_own_name(files, tmp_path):
    plain = read(files)
    for name in list(files):
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(files.pop(name).read_bytes()))
        files[path.name] = path
    packed = read(files)
    assert packed.obs.equals(plain.obs) and (packed.X == plain.X).all()
    assert (packed.obsm["sequence"] == plain.obsm["sequence"]).all()


@pytest.mark.parametrize("column", ["id", "region"])
def test_a_column_of_ids_has_to_be_in_the_same_order(files, column):
    table = files["Sequences_activity_Train.txt"]
    head, *rows = table.read_text().splitlines()
    ids = [one for one, *_ in RECORDS["Train"]]
    for names, fits in ((ids, True), ([*ids[:2], *ids[:1:-1]], False)):
        lines = [f"{column}\t{head}", *(f"{one}\t{row}" for one, row in zip(names, rows))]
        table.write_text("\n".join(lines))
        if fits:
            np.testing.assert_array_equal(read(files).X[:, 0], [1.5, 1.5, 0, -2, 0.5, -1])
            continue
        wanted = r"Train.txt, row 3: found the id 'chrX_1_8_random'.*'chr3R_5_12_hk'.*line 7 of"
        with pytest.raises(InputError, match=wanted):
            read(files)


# What is written in place of what, in which file; what the error says.
BROKEN = {
    "no such column": (
        "Sequences_activity_Val.txt", "Hk_log2_enrichment", "Hk_log2",
        r"activity_Val.txt, line 1: found no column Hk_log2_enrichment; .*'Hk_log2'",
    ),
    "a row too many": (
        "Sequences_activity_Test.txt", "-1.0\t0.1\t0\n", "-1.0\t0.1\t0\n" * 2,
        r"activity_Test.txt: found 2 rows for the 1 sequences of .*Sequences_Test.fa",
    ),
    "a sequence too many": (
        "Sequences_Val.fa", ">chr2R", ">more\nACGTACGT\n>chr2R",
        r"activity_Val.txt: found 1 rows for the 2 sequences of",
    ),
    "no rows": ("Sequences_activity_Val.txt", "0.5\t0.75\t0\n", "", "a header and no rows"),
    "a cell too few": (
        "Sequences_activity_Train.txt", "0.0\t3.0\t0", "0.0\t3.0",
        r"activity_Train.txt, line 4: found 2 cells, wanted 3",
    ),
    "no number": (
        "Sequences_activity_Train.txt", "-2.0", "high",
        r"Train.txt, line 5, Dev_log2_enrichment: found 'high', wanted a number",
    ),
    "not finite": ("Sequences_activity_Test.txt", "0.1", "inf", r"line 2, Hk_log2.*found 'inf'"),
    "nothing": ("Sequences_activity_Test.txt", "0.1", "", r"line 2, Hk_log2.*found ''"),
    "another length": (
        "Sequences_Test.fa", "CCCCA", "CCCC",
        r"Sequences_Test.fa, line 1: 'chr2R_401_408_hk' is 7 bp long; wanted 8 bp",
    ),
    "a letter": ("Sequences_Val.fa", "TTTTA", "TTTJA", "'chr2R_301_308_dev' has 'J' at position 4"),
    "no id": ("Sequences_Val.fa", ">chr2R_301_308_dev", ">", "Val.fa, line 1: a '>' without an id"),
    "no sequence": ("Sequences_Val.fa", "TTTTA\nCGT\n", "", r"Val.fa, line 1: found no sequence"),
    "text first": ("Sequences_Val.fa", ">chr2R", "ACGT\n>chr2R", r"Val.fa, line 1: found 'ACGT'"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_named_with_its_place(files, what):
    name, old, new, said = BROKEN[what]
    change(files[name], old, new)
    with pytest.raises(InputError, match=said):
        read(files)


@pytest.mark.parametrize("name", ["Sequences_Train.fa", "Sequences_activity_Train.txt"])
def test_empty_and_missing_files_are_named(files, name):
    path = files[name]
    path.write_text("")
    with pytest.raises(InputError, match=f"{name}: found an empty file"):
        read(files)
    del files[name]
    with pytest.raises(InputError, match=f"found no file {name} among .*; wanted {name} or"):
        read(files)


def test_a_file_that_is_there_twice_is_refused(files):
    files["Sequences_Val.fa.gz"] = files["Sequences_Val.fa"]
    with pytest.raises(InputError, match="found Sequences_Val.fa and Sequences_Val.fa.gz"):
        read(files)


def test_the_distilled_files_are_read_whole(shared):
    folder = shared / "mirror/deepstarr_distilled"
    data = read({path.name: path for path in folder.iterdir()})
    assert data.obsm["sequence"].shape == (10_000, 249) and data.shape == (10_000, 2)
    sizes = dataset.part_sizes(data)
    assert sizes == {"train": 8000, "validation": 1000, "test": 1000}
    np.testing.assert_array_equal(
        data.X[-1000:][:2], np.float32([[0.1443, 1.0488], [-0.7118, -0.5538]])
    )
