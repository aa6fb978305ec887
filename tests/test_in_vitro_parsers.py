"""Parsers of HT-SELEX, SMiLE-seq and PBM on small files in the assays' real formats."""

import gzip
from collections import Counter

import numpy as np
import pytest
import torch

from workflow_lib.data.dropping import drop
from workflow_lib.data.splits import SPLITS
from workflow_lib.errors import InputError
from workflow_lib.one_hot import one_hot
from workflow_lib.parsers.ht_selex import ht_selex
from workflow_lib.parsers.pbm import pbm
from workflow_lib.parsers.smile_seq import smile_seq
from workflow_lib.sequence import decode, encode

MOTIF = "AGATAA"


def random_reads(n, length, seed, bound=0.5):
    """Random DNA; a fraction carries the motif somewhere."""
    rng = np.random.default_rng(seed)
    reads = ["".join(row) for row in np.array(list("ACGT"))[rng.integers(0, 4, (n, length))]]
    for i in np.flatnonzero(rng.random(n) < bound):
        at = rng.integers(0, length - len(MOTIF) + 1)
        reads[i] = reads[i][:at] + MOTIF + reads[i][at + len(MOTIF) :]
    return reads


def write_fastq(path, reads):
    """A FASTQ file as the archive has them, gzipped where the name says so."""
    text = "".join(
        f"@{path.name}.{i} {i} length={len(read)}\n{read}\n+\n{'I' * len(read)}\n"
        for i, read in enumerate(reads, start=1)
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_cycles(folder, **reads):
    """One file for each of c1=[...], c2=[...]: files and cycles for the parser."""
    files = {f"{k}.fastq.gz": write_fastq(folder / f"{k}.fastq.gz", v) for k, v in reads.items()}
    return files, {name: int(name[1]) for name in files}


def adds_up(data, n_read):
    """Whether every sequence read was kept or counted under a reason."""
    return data.uns["n_read"] == n_read == data.n_obs + sum(data.uns["dropped"].values())


def by_cycle(data):
    """Cycle -> the sequences kept for it."""
    sequences = np.array(decode(data.obsm["sequence"]))
    return {name: list(sequences[data.X[:, i] == 1]) for i, name in enumerate(data.var_names)}


# ---------------------------------------------------------------- HT-SELEX
C1 = ["AAAA", "AAAC", "AAAA", "GGGG", "ACG"]
C2 = ["AAAC", "CCCC", "CCCA", "CCCC", "CCCC"]
C3 = ["GGGG", "CCCC", "TTTT", "NTTT", "TTTTT"]


@pytest.mark.parametrize(
    ("repeats", "kept", "dropped"),
    [
        (
            "latest",
            [["AAAA"], ["AAAC", "CCCA"], ["GGGG", "CCCC", "TTTT", "NTTT"]],
            {"length": 2, "repeat": 3, "earlier_cycle": 3},
        ),
        (
            "drop",
            [["AAAA"], ["CCCA"], ["TTTT", "NTTT"]],
            {"length": 2, "repeat": 3, "several_cycles": 6},
        ),
        (
            "keep",
            [["AAAA", "AAAC", "GGGG"], ["AAAC", "CCCC", "CCCA"], ["GGGG", "CCCC", "TTTT", "NTTT"]],
            {"length": 2, "repeat": 3},
        ),
    ],
)
def test_reads_of_several_cycles(tmp_path, repeats, kept, dropped):
    # The order of the files does not decide which cycle is the latest.
    files, cycles = write_cycles(tmp_path, c1=C1, c3=C3, c2=C2)
    data = ht_selex(files, cycles, repeats=repeats)
    assert by_cycle(data) == dict(zip(["cycle1", "cycle2", "cycle3"], kept))
    assert data.uns["dropped"] == dropped and adds_up(data, 15)
    assert (data.X.sum(axis=1) == 1).all() and data.X.dtype == np.float32
    assert data.obs_names.is_unique


def test_an_id_is_a_reads_number_in_its_cycle(tmp_path):
    files, cycles = write_cycles(tmp_path, c1=C1, c2=C2, c3=C3)
    data = ht_selex(files, cycles)
    sequences = decode(data.obsm["sequence"])
    for name, sequence in zip(data.obs_names, sequences):
        cycle, number = name.split("_")
        assert {"cycle1": C1, "cycle2": C2, "cycle3": C3}[cycle][int(number) - 1] == sequence


def test_two_files_of_one_cycle_are_one_class(tmp_path):
    files, cycles = write_cycles(tmp_path, c1=C1, c2=C2, c3=C3)
    together = ht_selex(files, {**cycles, "c3.fastq.gz": 2})
    assert list(together.var_names) == ["cycle1", "cycle2"]
    assert set(by_cycle(together)["cycle2"]) >= {"AAAC", "CCCC", "CCCA", "TTTT"}
    # Of CCCC in both files one stays, in addition to the repeats within each.
    assert together.uns["dropped"]["repeat"] == 4 and adds_up(together, 15)


def test_the_default_length_is_the_first_files_most_common(tmp_path):
    files, cycles = write_cycles(tmp_path, c1=["AAAAA", "CCC", "CCG"], c2=["GGG", "GGGGG", "TTTTT"])
    data = ht_selex(files, cycles)
    assert by_cycle(data) == {"cycle1": ["CCC", "CCG"], "cycle2": ["GGG"]}
    longer = ht_selex(files, cycles, length=5)
    assert by_cycle(longer) == {"cycle1": ["AAAAA"], "cycle2": ["GGGGG", "TTTTT"]}
    assert longer.uns["dropped"]["length"] == 3 and adds_up(longer, 6)


def test_most_reads_are_drawn_from_each_cycle_by_the_seed(tmp_path):
    reads = {f"c{c}": random_reads(300 * c, 20, seed=c) for c in (1, 2, 3)}
    files, cycles = write_cycles(tmp_path, **reads)
    data = ht_selex(files, cycles, most_reads=400, seed=1)
    assert data.X.sum(axis=0).tolist() == [300, 400, 400]
    assert data.uns["dropped"]["not_drawn"] == 200 + 500 and adds_up(data, 1800)
    again = ht_selex(files, cycles, most_reads=400, seed=1)
    assert list(again.obs_names) == list(data.obs_names)
    other = ht_selex(files, cycles, most_reads=400, seed=2)
    assert set(other.obs_names) != set(data.obs_names)
    # A draw from two cycles is the draw from three, without the third.
    two = ht_selex(*write_cycles(tmp_path, c2=reads["c2"], c3=reads["c3"]), most_reads=400, seed=1)
    assert list(two.obs_names) == list(data.obs_names[300:])
    # It is a sample of the whole file, not its head.
    numbers = np.array([int(i.split("_")[1]) for i in data.obs_names if i.startswith("cycle3")])
    assert 380 < numbers.mean() < 520 and (np.diff(numbers) > 0).all()


def test_reads_with_unknown_bases_are_counted_where_all_are(tmp_path):
    data = drop(ht_selex(*write_cycles(tmp_path, c1=C1, c2=C2, c3=C3)))
    assert data.uns["dropped"]["unknown_base"] == 1 and adds_up(data, 15)


def test_cycles_split_with_their_proportions(tmp_path):
    reads = {f"c{c}": random_reads(200 * c, 20, seed=c, bound=c / 4) for c in (1, 2, 3, 4)}
    data = ht_selex(*write_cycles(tmp_path, **reads))
    parts = SPLITS["stratified"](data, fractions=(0.8, 0.2, 0.0), seed=0)
    for part, fraction in (("train", 0.8), ("validation", 0.2)):
        np.testing.assert_allclose(
            data.X[parts == part].sum(axis=0), fraction * data.X.sum(axis=0), atol=1.5
        )
    with_motif = {k: np.mean([MOTIF in s for s in v]) for k, v in by_cycle(data).items()}
    assert sorted(with_motif, key=with_motif.get) == ["cycle1", "cycle2", "cycle3", "cycle4"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cycles": {"c1.fastq.gz": 1}}, "no cycle for 'c2.fastq.gz'"),
        (
            {"cycles": {"c1.fastq.gz": 1, "c2.fastq.gz": 2, "c3.fq": 3}},
            "no file 'c3.fq'; the files are c1.fastq.gz, c2.fastq.gz",
        ),
        (
            {"cycles": {"c1.fastq.gz": 1, "c2.fastq.gz": "two"}},
            "'c2.fastq.gz': found 'two', wanted a whole number",
        ),
        ({"cycles": {"c1.fastq.gz": 1, "c2.fastq.gz": 1}}, r"cycles \[1\], wanted two or more"),
        ({"repeats": "first"}, "repeats 'first', wanted one of latest, drop, keep"),
        ({"most_reads": 0}, "most_reads 0, wanted 1 or more"),
        ({"length": 7}, r"c1.fastq.gz: no read of cycle 1 is left; wanted reads of 7 bp"),
        ({"files": {}, "cycles": {}}, r"cycles \[\], wanted two or more"),
    ],
)
def test_cycles_that_do_not_fit_are_explained(tmp_path, changed, message):
    files, cycles = write_cycles(tmp_path, c1=["ACGT"], c2=["CCGT"])
    with pytest.raises(InputError, match=message):
        ht_selex(**({"files": files, "cycles": cycles} | changed))


def test_a_cycle_whose_reads_all_recur_later_is_an_error(tmp_path):
    files, cycles = write_cycles(tmp_path, c1=["ACGT"], c2=["ACGT", "CCGT"])
    with pytest.raises(InputError, match="no read of cycle 1 is left.*`repeats`"):
        ht_selex(files, cycles)


# ---------------------------------------------------------------- SMiLE-seq
def smile_file(folder, inserts, name="SRR1.fastq.gz"):
    """Reads of 7 bp bar code, the insert and 64 bp adapter."""
    rng = np.random.default_rng(9)
    adapter = "".join(rng.choice(list("ACGT"), 64))
    reads = ["".join(rng.choice(list("ACGT"), 7)) + insert + adapter for insert in inserts]
    return {name: write_fastq(folder / name, reads)}


def test_inserts_are_clipped_and_each_has_a_shuffle(tmp_path):
    inserts = random_reads(500, 30, seed=0)
    data = smile_seq(smile_file(tmp_path, inserts + inserts[:20]))
    reads = data.X[:, 0] == 1
    sequences = np.array(decode(data.obsm["sequence"]))
    assert list(data.var_names) == ["bound"] and list(sequences[reads]) == inserts
    assert list(data.obs_names[:2]) == ["read_000001", "read_000002"]
    assert data.uns["dropped"] == {"too_short": 0, "length": 0, "repeat": 20, "shuffle_is_read": 0}
    assert adds_up(data, 520 + 500) and (~reads).sum() == 500
    of_read = dict(zip(data.obs_names, sequences))
    for name in data.obs_names[~reads]:
        shuffle, read = of_read[name], of_read[name.replace("shuffled", "read")]
        assert pairs(shuffle) == pairs(read)
    # What a motif finder shall see: the motif is in the reads, and mostly gone from the shuffles.
    has_motif = np.array([MOTIF in s for s in sequences])
    assert has_motif[reads].mean() > 0.45 and has_motif[~reads].mean() < 0.1


def pairs(sequence):
    """Counts of dinucleotides."""
    return Counter(sequence[i : i + 2] for i in range(len(sequence) - 1))


def test_the_seed_decides_on_the_shuffles_only(tmp_path):
    files = smile_file(tmp_path, random_reads(50, 30, seed=0))
    first, same, other = (smile_seq(files, seed=s).obsm["sequence"] for s in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    np.testing.assert_array_equal(first[:50], other[:50])
    assert (first[50:] != other[50:]).any(axis=1).mean() > 0.9


def test_short_and_odd_reads_are_counted(tmp_path):
    files = {"a.fastq": write_fastq(tmp_path / "a.fastq", ["ACGTACGT", "AACCGGTA", "AC", "ACGT"])}
    more = ["GATCAGG", "TTTTNTTT", "TTTTNTTT", "ACG"]
    files["b.fastq"] = write_fastq(tmp_path / "b.fastq", more)
    data = smile_seq(files, clip_left=1, clip_right=2, target="gata3")
    names = [name for name in data.obs_names if name.startswith("read")]
    assert names == ["read_000001", "read_000002", "read_000006"]
    assert decode(data.obsm["sequence"][:3]) == ["CGTAC", "ACCGG", "TTTNT"]
    dropped = data.uns["dropped"]
    # Too short: AC and ACG; other lengths: ACGT and GATCAGG.
    assert (dropped["too_short"], dropped["length"], dropped["repeat"]) == (2, 2, 1)
    # The shuffle of the third is itself, as its N stays where it is.
    assert adds_up(data, 8 + 3)
    kept = drop(data)
    assert kept.uns["dropped"]["unknown_base"] == 1 and adds_up(kept, 8 + 3)
    assert not any("N" in s for s in decode(kept.obsm["sequence"]))


def test_reads_with_an_n_have_shuffles_with_an_n(tmp_path):
    reads = [f"ACGTCANGT{read}" for read in random_reads(40, 30, seed=0)]
    files = {"a.fastq": write_fastq(tmp_path / "a.fastq", reads)}
    data = smile_seq(files, clip_left=0, clip_right=0)
    known = (data.obsm["sequence"] < 4).all(axis=1)
    assert not known.any() and data.X.mean() == 0.5
    assert drop(data, most_unknown=0.1).X.mean() == 0.5


def test_a_shuffle_is_no_read_on_either_strand(tmp_path):
    # The first read's one other shuffle is the second's other strand; one letter alone has none;
    # the shuffles of the last are itself and one that is no read.
    reads = ["ACATA", "TGTAT", "GGGGG", "CACTC"]
    path = write_fastq(tmp_path / "a.fastq", reads)
    numbers = set()
    for seed in range(10):
        data = smile_seq({"a.fastq": path}, clip_left=0, clip_right=0, seed=seed)
        numbers |= {name for name in data.obs_names if name.startswith("shuffled")}
        assert data.uns["dropped"]["shuffle_is_read"] >= 3 and adds_up(data, 4 + 4)
        assert decode(data.obsm["sequence"])[:4] == reads
    assert numbers == {"shuffled_000004"}


@pytest.mark.parametrize(
    ("reads", "options", "message"),
    [
        (["ACGT", "ACGTA"], {}, "reads have 4 to 5 bp, wanted 72 or more"),
        (["ACGT"], {"clip_left": -1}, "clip_left -1.*wanted one file or more, and clips of 0"),
        (
            ["A" * 80],
            {"length": 30},
            "no read of 30 bp .*7 . 64 bp; most are of 9 bp",
        ),
        (["ACXT"], {}, "line 2, column 3: found 'X'"),
    ],
)
def test_smile_reads_that_do_not_fit_are_explained(tmp_path, reads, options, message):
    with pytest.raises(InputError, match=message):
        smile_seq({"a.fastq": write_fastq(tmp_path / "a.fastq", reads)}, **options)


# ---------------------------------------------------------------- PBM
LINKER = "CCTGTGTGAAATTGTTATCCGCTCT"
HEADER = (
    "#id_spot\trow\tcol\tcontrol\tid_probe\tpbm_sequence\tlinker_sequence\t"
    "mean_signal_intensity\tmean_background_intensity\tflag\n"
)


def write_array(path, n, seed, *, header=False, missing=()):
    """An array of n probes (35 bp and the linker); probes with the motif are bright.

    Returns its probes and intensities (NaN where missing).
    """
    rng = np.random.default_rng(seed)
    probes = random_reads(n, 35, seed)
    bright = np.array([MOTIF in probe for probe in probes])
    values = np.round(np.exp(rng.normal(7, 0.5, n) + 2 * bright), 3)
    values[list(missing)] = np.nan
    shown = ["" if np.isnan(v) else str(v) for v in values]
    if header:
        lines = [
            f"{i}\t1\t{i}\tFALSE\tp{i // 2 if i < 4 else i}\t{p}\t{LINKER}\t{v}\t10.5\t0\n"
            for i, (p, v) in enumerate(zip(probes, shown))
        ]
        text = HEADER + "".join(lines)
    else:
        text = "".join(f"{v}\t{p}{LINKER}\n" for p, v in zip(probes, shown))
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return [probe + LINKER for probe in probes], values


PARTS = {"Gata3_v1_deBruijn.txt": "train", "Gata3_v2.tsv.gz": "validation"}


@pytest.fixture
def arrays(tmp_path):
    """Both formats side by side: files, probes and intensities of each."""
    first, second = (tmp_path / name for name in PARTS)
    one = write_array(first, 400, seed=1, missing=(3, 7))
    two = write_array(second, 300, seed=2, header=True)
    return {first.name: first, second.name: second}, one, two


def test_probes_of_both_formats_with_their_part(arrays):
    files, (probes_1, values_1), (probes_2, _) = arrays
    data = pbm(files, PARTS)
    there = ~np.isnan(values_1)
    expected = [p for p, keep in zip(probes_1, there) if keep] + probes_2
    assert decode(data.obsm["sequence"]) == expected
    assert data.uns["dropped"] == {"no_intensity": 2, "length": 0} and adds_up(data, 700)
    assert data.obs["split"].tolist() == ["train"] * 398 + ["validation"] * 300
    np.testing.assert_array_equal(SPLITS["source"](data), data.obs["split"])
    assert list(data.var_names) == ["intensity"]
    # A probe's number is its line; probes that stand on an array twice are told apart.
    assert list(data.obs_names[:4]) == [f"Gata3_v1_deBruijn_{i}" for i in (1, 2, 3, 5)]
    assert list(data.obs_names[398:403]) == [f"Gata3_v2_{i}" for i in ("p0_1", "p0_2", "p1_3")] + [
        "Gata3_v2_p1_4",
        "Gata3_v2_p4",
    ]


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("n_quantiles", [10, 1000])
def test_intensities_keep_their_order_within_each_array(arrays, distribution, n_quantiles):
    files, (_, values_1), (_, values_2) = arrays
    data = pbm(files, PARTS, distribution=distribution, n_quantiles=n_quantiles)
    for part, values in (("train", values_1), ("validation", values_2)):
        raw, new = values[~np.isnan(values)], data.X[data.obs["split"] == part, 0]
        order = np.argsort(raw, kind="stable")
        assert (np.diff(new[order]) >= 0).all()
        assert (new[raw == raw.max()] == new.max()).all()
        if n_quantiles == 1000 and distribution == "uniform":
            # As many quantiles as probes: the rank itself.
            expected = np.argsort(order) / (len(raw) - 1)
            np.testing.assert_allclose(new, expected, atol=2 / len(raw))
            assert (new.min(), new.max()) == (0, 1)
        if distribution == "normal":
            assert abs(np.median(new)) < 0.2 and new.min() < -2 < 2 < new.max()


def test_each_array_is_transformed_by_itself(arrays, tmp_path):
    files, _, _ = arrays
    alone = pbm({"Gata3_v2.tsv.gz": files["Gata3_v2.tsv.gz"]}, {"Gata3_v2.tsv.gz": "validation"})
    both = pbm(files, PARTS)
    np.testing.assert_array_equal(both.X[398:], alone.X)


def test_bound_probes_are_bright(arrays):
    files, _, _ = arrays
    data = pbm(files, PARTS)
    has_motif = torch.nn.functional.conv1d(
        one_hot(data.obsm["sequence"]), one_hot(encode([MOTIF]))
    ).amax(dim=(1, 2)) == len(MOTIF)
    assert data.X[has_motif.numpy()].mean() > 0.7 > 0.3 > data.X[~has_motif.numpy()].mean()


def test_white_space_of_any_kind_and_no_parts_of_a_split(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1.5 ACGTACGT\n2.5 ACGTACGA\n")
    data = pbm({"a.txt": path})
    assert decode(data.obsm["sequence"]) == ["ACGTACGT", "ACGTACGA"] and list(data.obs) == []


def test_the_linker_can_be_left_off(tmp_path):
    path = tmp_path / "a.tsv"
    probes, _ = write_array(path, 20, seed=0, header=True)
    data = pbm({"a.tsv": path}, {"a.tsv": "train"}, linker=False, target="signal")
    assert decode(data.obsm["sequence"]) == [probe[:35] for probe in probes]
    assert list(data.var_names) == ["signal"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found an empty file"),
        (HEADER, "no probes in it"),
        ("<!DOCTYPE html>\n", "found an HTML page"),
        (
            "id_probe\tpbm_sequence\tsignal\na\tACGT\t1\n",
            "line 1: no column linker_sequence, mean_signal_intensity; found 'id_probe', "
            "'pbm_sequence', 'signal'; wanted a header with id_probe, pbm_sequence, "
            "linker_sequence, mean_signal_intensity, or no header",
        ),
        ("bright\tACGT\n", "line 1: found the intensity 'bright', wanted a number"),
        ("1.5\tACGT\ninf\tACGT\n", "line 2: found the intensity 'inf', wanted a number"),
        ("1.5\tACGT\n\n2.5\n", "line 3: found 1 cells, wanted 2"),
        ("1.5\tACGT\n2.5\tACG\n", "'a_1' is 4 bp long but 'a_2' 3 bp"),
        ("1.5\tACGT\n2.5\tACXT\n", "'a_2' has 'X' at position 3"),
        ("NaN\tACGT\n\tACGT\n", "no sequences in it"),
    ],
)
def test_tables_that_are_no_arrays_are_explained(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match=f"a.txt.*{message}"):
        pbm({"a.txt": tmp_path / "a.txt"}, {"a.txt": "train"})


def test_probes_of_another_length_can_be_left_out(tmp_path):
    (tmp_path / "a.txt").write_text("1.5\tACGT\n9\tACG\n2.5\tACCT\n")
    data = pbm({"a.txt": tmp_path / "a.txt"}, {"a.txt": "train"}, length=4)
    assert list(data.obs_names) == ["a_1", "a_3"] and data.X[:, 0].tolist() == [0, 1]
    assert data.uns["dropped"] == {"no_intensity": 0, "length": 1} and adds_up(data, 3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"splits": {"b.txt": "train"}},
            "no part for 'a.txt'; the files are a.txt, `splits` has b",
        ),
        ({"splits": {"a.txt": "train", "b.txt": "test"}}, "no file 'b.txt'"),
        ({"splits": {"a.txt": "training"}}, "found 'training', wanted one of train, validation"),
        ({"distribution": "gamma"}, "distribution 'gamma'.*wanted uniform or normal"),
        ({"n_quantiles": 1}, "n_quantiles 1; wanted uniform or normal, and 2 or more"),
        ({"files": {}, "splits": {}}, "the source has no files"),
    ],
)
def test_array_options_that_do_not_fit_are_explained(tmp_path, changed, message):
    (tmp_path / "a.txt").write_text("1.5\tACGT\n")
    with pytest.raises(InputError, match=message):
        pbm(**({"files": {"a.txt": tmp_path / "a.txt"}, "splits": {"a.txt": "train"}} | changed))
