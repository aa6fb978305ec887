"""Peaks and a genome: windows, overlaps, negatives, and what is wrong with users' files."""

import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_lib.data.dropping import drop
from workflow_lib.data.gc_matching import percent_gc
from workflow_lib.data.genome import open_genome, sequences
from workflow_lib.data.regions import (
    overlaps,
    random_windows,
    read_bed,
    resize,
)
from workflow_lib.errors import InputError
from workflow_lib.parsers.bed import bed
from workflow_lib.sequence import decode

MOTIF = "TTAGATAAGG"
N_STRETCH = (20_000, 24_000)


def make_genome():
    """Three chromosomes of about 60 kb: GC goes up and down, some in lower case, a stretch of N."""
    rng = np.random.default_rng(0)
    genome = {}
    for i, size in enumerate((60_000, 60_011, 59_900)):
        gc = 0.5 + 0.15 * np.sin(np.arange(size) / 3000 + i)
        strong, first = rng.random(size) < gc, rng.random(size) < 0.5
        letters = np.where(strong, np.where(first, "C", "G"), np.where(first, "A", "T"))
        letters[5000:9000] = np.char.lower(letters[5000:9000])
        genome[f"chr{i + 1}"] = letters
    genome["chr2"][slice(*N_STRETCH)] = "N"
    return genome


def make_peaks(genome, n=90):
    """Peaks of many widths with a motif at the summit, apart from the stretch of N."""
    rng = np.random.default_rng(1)
    peaks = []
    for _ in range(n):
        chrom = f"chr{rng.integers(1, 4)}"
        start, width = int(rng.integers(500, 58_000)), int(rng.integers(120, 900))
        if chrom == "chr2" and start < N_STRETCH[1] + 500 and start + width > N_STRETCH[0] - 500:
            continue
        summit = int(rng.integers(20, width - 20))
        genome[chrom][start + summit - 5 : start + summit + 5] = list(MOTIF)
        peaks.append((chrom, start, start + width, summit))
    return peaks


def fasta_text(genome, width=60):
    lines = []
    for name, letters in genome.items():
        text = "".join(letters)
        lines += [f">{name} some words", *(text[i : i + width] for i in range(0, len(text), width))]
    return "\n".join(lines) + "\n"


def narrow_peak(peaks):
    rows = [f"{c}\t{s}\t{e}\tp\t0\t.\t1.5\t-1\t-1\t{summit}" for c, s, e, summit in peaks]
    return "# a comment\ntrack name=x\nbrowser position chr1\n\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def world():
    """Genome (name -> letters), peaks, blacklist and candidate regions."""
    genome = make_genome()
    peaks = make_peaks(genome)
    rng = np.random.default_rng(2)
    starts = rng.integers(0, 59_000, size=3000)
    chroms = rng.integers(1, 4, size=3000)
    regions = [(f"chr{c}", int(s), int(s + w)) for c, s, w in zip(chroms, starts, 150 + starts % 9)]
    # One lies on a peak, the others anywhere.
    blacklist = [(peaks[0][0], peaks[0][1] + 10, peaks[0][1] + 600), ("chr1", 30_000, 33_000)]
    return {
        "genome": {name: "".join(letters) for name, letters in genome.items()},
        "peaks": peaks,
        "blacklist": blacklist,
        "regions": regions,
    }


@pytest.fixture
def files(tmp_path, world):
    """Those as files."""
    (tmp_path / "genome.fa").write_text(fasta_text(world["genome"]))
    zipped = gzip.compress(narrow_peak(world["peaks"]).encode())
    (tmp_path / "peaks.narrowPeak.gz").write_bytes(zipped)
    for name in ("blacklist", "regions"):
        text = "".join(f"{c}\t{s}\t{e}\n" for c, s, e in world[name])
        (tmp_path / f"{name}.bed").write_text(text)
    names = ("genome.fa", "peaks.narrowPeak.gz", "blacklist.bed", "regions.bed")
    return {name: tmp_path / name for name in names}


PEAKS = {"peaks": "peaks.narrowPeak.gz", "genome": "genome.fa"}
FULL = {**PEAKS, "blacklist": "blacklist.bed"}
SOURCES = pytest.mark.parametrize("source", [{}, {"regions": "regions.bed"}], ids=["genome", "bed"])


def parse(files, **options):
    """Read, and check what holds of every data set of this parser."""
    data = bed(files, **FULL | options)
    assert data.n_obs + sum(data.uns["dropped"].values()) == data.uns["n_read"]
    return data


def table(intervals):
    return pd.DataFrame([i[:3] for i in intervals], columns=["chrom", "start", "end"])


def touches(one, others):
    return any(o[0] == one[0] and o[1] < one[2] and one[1] < o[2] for o in others)


def windows_of(data, label):
    chosen = data.obs[data.X[:, 0] == label]
    return list(zip(chosen["chrom"], chosen["start"], chosen["end"]))


@SOURCES
@pytest.mark.parametrize("length", [200, 201])
def test_letters_are_the_genomes_and_windows_lie_around_summits(files, world, source, length):
    data = parse(files, length=length, **source)
    for one, (i, row) in zip(decode(data.obsm["sequence"]), data.obs.iterrows(), strict=True):
        assert one == world["genome"][row["chrom"]][row["start"] : row["end"]].upper()
        assert i == f"{row['chrom']}:{row['start']}-{row['end']}" and row["strand"] == "."
    summits = {(c, s + summit) for c, s, _, summit in world["peaks"]}
    found = {(c, s + length // 2) for c, s, _ in windows_of(data, 1)}
    assert len(found) > 60 and found <= summits
    bound = [s for s, label in zip(decode(data.obsm["sequence"]), data.X[:, 0]) if label]
    assert all(s[length // 2 - 5 : length // 2 + 5] == MOTIF for s in bound)


def test_windows_lie_around_middles_where_asked(files, world):
    data = parse(files, centre="middle")
    middles = {(c, (s + e) // 2 - 100) for c, s, e, _ in world["peaks"]}
    assert {(c, s) for c, s, _ in windows_of(data, 1)} <= middles


def test_peaks_are_counted_by_the_first_reason_that_applies(files, world):
    extra = [
        *world["peaks"],
        ("chrUn", 5, 900, 3),  # the genome lacks it
        ("chr1", 0, 400, 30),  # its window starts before the chromosome
        ("chr3", 59_600, 59_900, 250),  # its window ends after it
        world["peaks"][5],  # the same again
        ("chr2", 19_500, 20_500, 450),  # its window reaches into the Ns
    ]
    files["peaks.narrowPeak.gz"].write_text(narrow_peak(extra))
    data = parse(files, regions="regions.bed")
    windows = [(c, s + summit - 100, s + summit + 100) for c, s, _, summit in world["peaks"]]
    blacklisted = sum(touches(w, world["blacklist"]) for w in windows)
    dropped = data.uns["dropped"]
    assert blacklisted > 0 and dropped["blacklisted"] == blacklisted
    assert dropped["unknown_chromosome"] == 1 and dropped["beyond_chromosome_end"] == 2
    assert dropped["same_window"] == 1 and dropped["n_in_sequence"] == 1
    assert data.uns["n_read"] == len(extra) + len(world["regions"])
    left = len(world["peaks"]) - blacklisted
    assert data.X.sum() == left - dropped["bound_without_match"]


def test_regions_are_counted_by_brute_force(files, world):
    data = parse(files, regions="regions.bed")
    sizes = {name: len(letters) for name, letters in world["genome"].items()}
    around = [(c, s + summit - 100, s + summit + 100) for c, s, _, summit in world["peaks"]]
    count, seen = Counter(), set()
    for chrom, start, end in world["regions"]:
        first = (start + end) // 2 - 100
        window = (chrom, first, first + 200)
        if first < 0 or window[2] > sizes[chrom]:
            count["beyond_chromosome_end"] += 1
        elif touches(window, world["blacklist"]):
            count["blacklisted"] += 1
        elif window in seen:
            count["same_window"] += 1
        elif touches(window, world["peaks"]) or touches(window, around):
            count["overlaps_peak"] += 1
        elif "N" in world["genome"][chrom][first : first + 200]:
            count["n_in_sequence"] += 1
        else:
            count["usable"] += 1
        seen.add(window)
    usable = count.pop("usable")
    dropped = data.uns["dropped"]
    assert {key: dropped[f"region_{key}"] for key in count} == count and len(count) == 5
    assert dropped["unbound_not_drawn"] == usable - (data.X == 0).sum()


@SOURCES
@pytest.mark.parametrize("ratio", [1, 3])
def test_negatives_touch_no_peak_and_share_its_gc(files, world, source, ratio):
    data = parse(files, ratio=ratio, **source)
    around = [(c, s + summit - 100, s + summit + 100) for c, s, _, summit in world["peaks"]]
    unbound = windows_of(data, 0)
    for window in unbound:
        assert not touches(window, [*world["peaks"], *around, *world["blacklist"]])
    assert len(set(unbound)) == len(unbound)
    gc = percent_gc(data.obsm["sequence"])
    bins = [np.bincount(gc[data.X[:, 0] == label], minlength=101) for label in (1, 0)]
    np.testing.assert_array_equal(bins[0] * ratio, bins[1])
    assert drop(data).n_obs == data.n_obs


def test_negatives_come_from_chromosomes_with_peaks(files, world):
    chosen = [peak for peak in world["peaks"] if peak[0] == "chr3"]
    files["peaks.narrowPeak.gz"].write_text(narrow_peak(chosen))
    assert set(parse(files).obs["chrom"]) == {"chr3"}


@SOURCES
def test_without_a_blacklist_nothing_is_blacklisted(files, world, source):
    data = bed(files, **PEAKS, **source)
    windows = [(c, s + summit - 100, s + summit + 100) for c, s, _, summit in world["peaks"]]
    assert data.uns["dropped"]["blacklisted"] == 0
    assert data.X.sum() + data.uns["dropped"]["bound_without_match"] == len(set(windows))
    assert any(touches(window, world["blacklist"]) for window in windows_of(data, 1))


@SOURCES
def test_seeds_reproduce_and_differ(files, source):
    first, again, other = (parse(files, seed=seed, **source) for seed in (0, 0, 1))
    assert list(first.obs_names) == list(again.obs_names) != list(other.obs_names)
    np.testing.assert_array_equal(first.obsm["sequence"], again.obsm["sequence"])


def test_remap_files_have_their_summit_in_column_7(files, world):
    rows = [
        f"{c}\t{s}\t{e}\tGATA3:liver\t3\t.\t{s + summit}\t{s + summit + 1}\t0,0,0"
        for c, s, e, summit in world["peaks"]
    ]
    data = parse(files)
    files["peaks.narrowPeak.gz"].write_text("\n".join(rows))
    assert list(parse(files, centre="thick_start").obs_names) == list(data.obs_names)


def test_lines_without_a_summit_take_the_middle(tmp_path):
    path = tmp_path / "p.bed"
    path.write_text(
        "chr1\t100\t300\nchr1 100 301\nchr1\t0\t9\tp\t0\t.\t1\t1\t1\t-1\r\n"
        "chr1\t10\t90\tp\t0\t.\t1\t1\t1\t7\nchr1\t0\t80\tp\t0\t.\t0\t80\t0\t1\t80,\t0,\n"
    )
    read = read_bed(path, "summit")
    assert read["centre"].tolist() == [200, 200, 4, 17, 40]  # the last one is BED12
    assert read["line"].tolist() == [1, 2, 3, 4, 5]
    assert resize(read, 200)["start"].tolist()[:2] == [100, 100]


NARROW = "chr1\t10\t90\tp\t0\t{strand}\t1.5\t2\t3\t{summit}"


@pytest.mark.parametrize(
    ("line", "centre"),
    [
        (NARROW + "\t", 17),
        (NARROW + "\t7\t8.5", 17),  # IDR
        (NARROW + "\t0.2\tchr1\t5\t100\tq\t0\t.\t1\t2\t3\t11", 17),  # intersect -wa -wb
        (NARROW + "\t1", 17),  # intersect -c
        (NARROW + "\t80,\t0,", 17),  # 7 blocks would be listed
        ("chr1\t10\t90\tp\t0\t+\tchr1\t20\t80\tq\t0\t+", 50),  # intersect -wa -wb of BED6
        ("chr1\t10\t90\tp\t0\t+\tchr1\t20\t80\tq", 50),
        ("chr1\t10\t90\tp\t0\t+\t10\t90\t255,0,0\t3", 50),  # BED9, intersect -c
        (NARROW.replace("1.5", "NA") + "\t1", 17),
        (NARROW.replace("{summit}", "{summit}.0"), 17),
        (NARROW.replace("{summit}", "NA"), 50),
        ("chr1\t10\t90\tp\t0\t+\t10\t90\t0\t2\t20,30\t0,50,", 50),  # BED12
        ("chr1\t10\t90\tp\t0\t+\t10\t90\t255,0,0\t2\t20,30\t0,50", 50),
    ],
)
@pytest.mark.parametrize("strand", ["+", "-", ".", "*"])
def test_column_10_is_the_summit_wherever_a_line_is_narrowpeak(tmp_path, line, centre, strand):
    path = tmp_path / "p.bed"
    path.write_text(line.format(strand=strand, summit=7) + "\n")
    assert read_bed(path, "summit")[["centre", "summit"]].values.tolist() == [
        [centre, centre == 17]
    ]


def test_windows_and_notes_are_the_same_whatever_follows_narrowpeak(files, world):
    plain = parse(files)
    text = narrow_peak(world["peaks"])
    for added in ("\t5\t0.1", "\t"):
        longer = "\n".join(line + added * ("\tp\t" in line) for line in text.split("\n"))
        files["peaks.narrowPeak.gz"].write_text(longer)
        again = parse(files)
        assert list(again.obs_names) == list(plain.obs_names)
        n = len(world["peaks"])
        assert f"windows of peaks: {n} around their summit, column 10" in again.uns["notes"][0]
    files["peaks.narrowPeak.gz"].write_text(text + "chr1\t900\t1100\n")
    note = f"windows of peaks: {n} around their summit, column 10, 1 around their middle"
    assert note in parse(files).uns["notes"][0]


def test_a_byte_order_mark_is_no_part_of_the_first_chromosome(files, world):
    plain = parse(files)
    for head in ("", "# made by a spreadsheet\n", "track name=x\n"):
        text = "\ufeff" + head + narrow_peak(world["peaks"])
        files["peaks.narrowPeak.gz"].write_text(text, encoding="utf-8")
        assert list(parse(files).obs_names) == list(plain.obs_names)


def test_a_few_peaks_beyond_their_chromosome_are_dropped_and_never_drawn(files, world, caplog):
    peaks = narrow_peak(world["peaks"])
    before = parse(files).uns["dropped"]["beyond_chromosome_end"]
    files["peaks.narrowPeak.gz"].write_text(peaks + "chr2\t55000\t60041\n")
    data = parse(files)
    assert data.uns["dropped"]["beyond_chromosome_end"] == before + 1
    assert "1 of" in caplog.text and "chr2:55000-60041" in caplog.text
    assert not any(touches(w, [("chr2", 55_000, 60_041)]) for w in windows_of(data, 0))
    assert data.n_obs + sum(data.uns["dropped"].values()) == data.uns["n_read"]


def test_peaks_before_a_chromosome_or_without_bases_are_counted(files, world):
    plain = parse(files)
    text = narrow_peak(world["peaks"]) + "chr1\t-5\t90\nchr1\t700\t700\n"
    files["peaks.narrowPeak.gz"].write_text(text)
    data = parse(files)
    assert list(data.obs_names[data.X[:, 0] == 1]) == list(plain.obs_names[plain.X[:, 0] == 1])
    assert data.uns["dropped"]["no_base"] == 1
    before = plain.uns["dropped"]["beyond_chromosome_end"]
    assert data.uns["dropped"]["beyond_chromosome_end"] == before + 1
    assert data.n_obs + sum(data.uns["dropped"].values()) == data.uns["n_read"]


def test_windows_with_few_n_are_kept_where_asked(files, world):
    start = N_STRETCH[0] - 700
    text = narrow_peak([*world["peaks"], ("chr2", start, start + 1000, 650)])
    files["peaks.narrowPeak.gz"].write_text(text)
    strict, some = parse(files), parse(files, most_unknown=0.5)
    n = [(data.obsm["sequence"] == 4).mean(axis=1).max() for data in (strict, some)]
    assert n[0] == 0 < n[1] <= 0.5
    left_out = [data.uns["dropped"]["n_in_sequence"] for data in (strict, some)]
    assert left_out[0] > left_out[1] and drop(some, most_unknown=0.5).n_obs == some.n_obs


def test_several_targets_have_labels_of_their_own_peaks(files, world, tmp_path):
    first, second = world["peaks"][:60], world["peaks"][40:]
    for name, peaks in (("a.bed", first), ("b.bed", second)):
        (tmp_path / name).write_text(narrow_peak(peaks))
    given = files | {"a.bed": tmp_path / "a.bed", "b.bed": tmp_path / "b.bed"}
    data = bed(given, peaks={"liver": "a.bed", "blood": ["b.bed"]}, genome="genome.fa")
    assert list(data.var_names) == ["liver", "blood"]
    windows = zip(data.obs["chrom"], data.obs["start"], data.obs["end"])
    for window, labels in zip(windows, data.X):
        for label, peaks in zip(labels, (first, second)):
            centres = [(c, s + summit, s + summit + 1) for c, s, _, summit in peaks]
            wanted = 1 if touches(window, centres) else np.nan if touches(window, peaks) else 0
            np.testing.assert_equal(float(label), float(wanted))
    assert {(1, 0), (0, 1), (1, 1), (0, 0)} <= {tuple(row) for row in data.X}
    pooled = bed(given, peaks=["a.bed", "b.bed"], genome="genome.fa")
    assert (
        list(pooled.var_names) == ["bound"] and "are one target, bound" in pooled.uns["notes"][-1]
    )


def test_windows_as_long_as_their_intervals_are_the_intervals(tmp_path):
    for length in (200, 201):
        (tmp_path / "p.bed").write_text(f"chr1\t77\t{77 + length}\nchr1\t78\t{78 + length}\n")
        read = read_bed(tmp_path / "p.bed")
        assert resize(read, length)[["start", "end"]].equals(read[["start", "end"]])


@pytest.mark.parametrize(
    ("line", "centre", "message"),
    [
        ("chr1\t10", "summit", "found 'chr1..10', wanted chromosome, start and end"),
        ("chrom\tstart\tend", "summit", "found 'chrom..start..end', wanted chromosome, start"),
        ("chr1\t10.5\t20", "middle", "found 'chr1..10.5..20', wanted chromosome, start"),
        ("chr1\t20\t10", "middle", "found start 20 and end 10"),
        ("chr1\t1\t20\tp\t0\t.\t1\t1\t1\tx", "summit", "found 'x' in column 10"),
        ("chr1\t1\t20\tp\t0\t.\t1\t1\t1\t19", "summit", "column 10 is 19, which is no summit"),
        ("chr1\t1\t20", "thick_start", "found nothing in column 7, wanted the summit"),
        ("chr1\t1\t20\tp\t0\t.\t1\t20", "thick_start", "column 7 is 1, which is no summit"),
        ("chr1\t1\t20\tp\t0\t.\t.\t.", "thick_start", "found '.' in column 7"),
    ],
)
def test_a_line_that_is_not_bed_is_named(tmp_path, line, centre, message):
    path = tmp_path / "p.bed"
    path.write_text(f"#chrom\tstart\tend\n{line}\n")
    with pytest.raises(InputError, match=f"p.bed, line 2: {message}"):
        read_bed(path, centre)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"# nothing\n", "no intervals"),
        (b"<!DOCTYPE html><p>gone", "found an HTML page"),
        (gzip.compress(b"chr1\t1\t2\n", mtime=0)[:-9], "truncated or damaged"),
    ],
    ids=["empty", "comments", "web page", "truncated"],
)
def test_a_file_that_is_not_bed_is_named(files, content, message):
    files["peaks.narrowPeak.gz"].write_bytes(content)
    with pytest.raises(InputError, match=f"peaks.narrowPeak.gz.*{message}"):
        parse(files)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peaks": "peaks.bed"}, "option peaks: no file 'peaks.bed'"),
        ({"peaks": []}, "option peaks: found 0 files"),
        ({"genome": ["genome.fa", "regions.bed"]}, "option genome: found 2 files, wanted one"),
        ({"length": 0}, "option length: found 0"),
        ({"ratio": 0.5}, "option ratio: found 0.5"),
        ({"centre": "midle"}, "did you mean 'middle'"),
        ({"length": 60_000}, "no peak is left.*'beyond_chromosome_end'"),
        ({"genome": "regions.bed"}, "regions.bed, line 1: not a FASTA file"),
    ],
)
def test_wrong_options_are_explained(files, options, message):
    with pytest.raises(InputError, match=message):
        parse(files, **options)


@pytest.mark.parametrize("name", ["peaks.narrowPeak.gz", "blacklist.bed", "regions.bed"])
def test_signs_of_another_assembly_are_errors(files, name):
    options = {"regions": "regions.bed"}
    files[name].write_text("1\t100\t300\n2\t100\t300\n")
    with pytest.raises(InputError, match=rf"{name}: none of .*\(1, 2, ...\) .*\(chr1, chr2, chr3"):
        parse(files, **options)
    files[name].write_text("chr1\t100\t300\nchr2\t60000\t60012\nchr2\t90000\t90012\n")
    message = f"{name}: 2 of 3 .* line 2: chr2:60000-60012, where chr2 is 60011 bp.*same assembly"
    with pytest.raises(InputError, match=message):
        parse(files, **options)


def test_peaks_without_partners_are_an_error_that_says_so(files):
    files["regions.bed"].write_text("chr1\t100\t300\nchr3\t200\t400\n")
    with pytest.raises(InputError, match="peaks.narrowPeak.gz: .* no unbound one of their %GC"):
        parse(files, regions="regions.bed")


def test_the_index_is_left_beside_the_genome_and_follows_it(files, world):
    genome, index = files["genome.fa"], Path(f"{files['genome.fa']}.fai")
    first = parse(files)
    written = index.stat()
    assert list(genome.parent.glob(".writing*")) == []
    parse(files)
    assert index.stat().st_mtime_ns == written.st_mtime_ns  # used, not built again
    genome.write_text(fasta_text(world["genome"], width=50))
    os.utime(genome, (written.st_mtime + 9, written.st_mtime + 9))
    again = parse(files)
    np.testing.assert_array_equal(first.obsm["sequence"], again.obsm["sequence"])
    assert index.read_text().split("\t")[3] == "50"


def test_a_genome_whose_index_cannot_be_written_is_read_all_the_same(files, tmp_path):
    # A name so long that none can be made beside it for a file that is being written. (To forbid
    # writing in the folder would not stop root, whom tests in containers run as.)
    long = tmp_path / ("g" * 240 + ".fa")
    files["genome.fa"].rename(long)
    data = bed(files | {"genome.fa": long}, **FULL)
    assert data.n_obs > 100 and not list(tmp_path.glob("*.fai"))


def test_a_genome_packed_with_bgzip_gives_the_same(files, world):
    from Bio.bgzf import BgzfWriter

    plain = parse(files)
    packed = files["genome.fa"].with_suffix(".fa.gz")
    with BgzfWriter(str(packed)) as handle:
        handle.write(fasta_text(world["genome"]).encode())
    for _ in range(2):  # without and with an index
        again = parse(files | {"genome.fa": packed})
        np.testing.assert_array_equal(plain.obsm["sequence"], again.obsm["sequence"])
    assert Path(f"{packed}.gzi").is_file() and Path(f"{packed}.fai").is_file()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("g.fa.gz", gzip.compress(b">chr1\nACGT\n", mtime=0), "plain gzip.*gunzip .*g.fa.gz; bgz"),
        ("g.fa.gz", b">chr1\nACGT\n", "no bgzip within, wanted a name that does not"),
        ("g.fa", b"", "found an empty file"),
        ("g.fa", b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        ("g.fa", b">chr1\nACGT\nAC\nACGT\n", "line 4: it follows a line of another length .line 3"),
        ("g.fa", b">chr1\nACGT\n>chr1\nACGT\n", "line 3: 'chr1' occurs twice"),
    ],
    ids=["gzip", "name", "empty", "pointer", "lines", "twice"],
)
def test_a_genome_that_cannot_be_read_is_explained(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message), open_genome(tmp_path / name):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]  # no index of it stays


def test_an_index_of_another_file_is_noticed(files):
    with open_genome(files["genome.fa"]):
        pass
    files["genome.fa"].write_text(">chr1\nACGT\n")
    os.utime(files["genome.fa"], (1, 1))  # as if it were older than its index
    with open_genome(files["genome.fa"]) as genome:
        assert {name: genome[name][:] for name in genome.keys()} == {"chr1": "ACGT"}


INTERVALS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 60), st.integers(1, 25)), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(INTERVALS, INTERVALS)
def test_overlaps_are_those_of_a_loop_over_all_pairs(ones, others):
    ones, others = ([(c, s, s + n) for c, s, n in group] for group in (ones, others))
    expected = [touches(one, others) for one in ones]
    regions = table(ones).set_axis(range(7, 7 + len(ones)))  # the rows' names do not matter
    assert overlaps(regions, table(others)).tolist() == expected


def test_windows_read_together_or_alone_have_the_same_letters(files, world):
    rng = np.random.default_rng(0)
    sizes = {name: len(letters) for name, letters in world["genome"].items()}
    windows = random_windows(sizes, 500, 37, rng)
    with open_genome(files["genome.fa"]) as genome:
        together = decode(sequences(genome, windows))
        alone = [decode(sequences(genome, windows.iloc[[i]]))[0] for i in range(20)]
    places = zip(windows["chrom"], windows["start"], windows["end"])
    assert together == [world["genome"][c][s:e].upper() for c, s, e in places]
    assert together[:20] == alone


def test_random_windows_are_everywhere_equally_likely():
    drawn = random_windows({"a": 14, "b": 6, "c": 4}, 12_000, 5, np.random.default_rng(0))
    counts = drawn.value_counts(["chrom", "start"])
    assert len(counts) == 12 and set(drawn["chrom"]) == {"a", "b"}
    assert (drawn["end"] - drawn["start"] == 5).all() and counts.between(850, 1150).all()
    with pytest.raises(InputError, match="no chromosome is 5 bp long; the longest is 4"):
        random_windows({"c": 4}, 1, 5, np.random.default_rng(0))
