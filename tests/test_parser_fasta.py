"""FASTA files of bound sequences, with unbound ones given, shuffled or drawn."""

import gzip
from collections import Counter

import numpy as np
import pytest

from workflow_lib.data.dropping import drop
from workflow_lib.data.gc_matching import match_or_explain, percent_gc
from workflow_lib.data.splits import SPLITS
from workflow_lib.errors import InputError
from workflow_lib.interpret.instances import regions
from workflow_lib.parsers.fasta import fasta
from workflow_lib.sequence import decode, reverse_complement


def letters(n, length=60, gc=0.5, seed=0):
    """n random sequences of some GC content, as strings."""
    rng = np.random.default_rng(seed)
    each = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    return ["".join(row) for row in rng.choice(list("ACGT"), size=(n, length), p=each)]


def write(folder, name, sequences, prefix="s"):
    text = "".join(f">{prefix}{i} more words\n{s}\n" for i, s in enumerate(sequences))
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.fixture
def files(tmp_path):
    """Bound sequences, unbound ones, and a larger background of another GC content."""
    return {
        "bound.fa": write(tmp_path, "bound.fa", letters(40, gc=0.55), "b"),
        "unbound.fa.gz": write(tmp_path, "unbound.fa.gz", letters(25, seed=1), "u"),
        "background.fa": write(tmp_path, "background.fa", letters(900, gc=0.5, seed=2), "g"),
    }


def rows(data, label):
    """Codes of the sequences with a label."""
    return data.obsm["sequence"][data.X[:, 0] == label]


def adds_up(data):
    return data.n_obs + sum(data.uns["dropped"].values()) == data.uns["n_read"]


def test_bound_and_unbound_files_give_ones_and_zeros(files):
    data = fasta(files, bound="bound.fa", unbound=["unbound.fa.gz"], target="GATA3")
    assert list(data.var_names) == ["GATA3"]
    assert list(data.obs_names) == [f"b{i}" for i in range(40)] + [f"u{i}" for i in range(25)]
    assert data.X[:, 0].tolist() == [1] * 40 + [0] * 25
    assert decode(data.obsm["sequence"]) == letters(40, gc=0.55) + letters(25, seed=1)
    assert data.uns["n_read"] == 65 and sum(data.uns["dropped"].values()) == 0


def test_several_files_stand_one_after_another(files):
    data = fasta(files, bound=["bound.fa", "unbound.fa.gz"], unbound="background.fa")
    assert data.X.sum() == 65 and data.obs_names[40] == "u0"


def test_a_dinucleotide_shuffle_keeps_the_counts_of_pairs_of_letters(files):
    data = fasta(files, bound="bound.fa", negatives="dinucleotide_shuffled")
    assert list(data.obs_names[40:]) == [f"b{i}_shuffled" for i in range(40)]
    for one, other in zip(decode(rows(data, 1)), decode(rows(data, 0)), strict=True):
        assert one != other
        assert Counter(zip(one, one[1:])) == Counter(zip(other, other[1:]))


def test_a_shuffle_keeps_the_counts_of_letters_and_no_more(files):
    data = fasta(files, bound="bound.fa", negatives="shuffled")
    bound, unbound = decode(rows(data, 1)), decode(rows(data, 0))
    assert [Counter(s) for s in bound] == [Counter(s) for s in unbound]
    pairs = [[Counter(zip(s, s[1:])) for s in group] for group in (bound, unbound)]
    assert all(one != other for one, other in zip(*pairs))


def test_background_is_drawn_with_the_gc_of_the_bound_ones(files):
    data = fasta(files, bound="bound.fa", negatives="gc_matched", background="background.fa")
    bound, unbound = (percent_gc(rows(data, label)) for label in (1, 0))
    assert len(bound) > 30 and Counter(bound.tolist()) == Counter(unbound.tolist())
    dropped = data.uns["dropped"]
    assert dropped["bound_without_match"] == 40 - len(bound)
    assert dropped["unbound_not_drawn"] == 900 - len(unbound) and data.uns["n_read"] == 940


@pytest.mark.parametrize("negatives", ["dinucleotide_shuffled", "shuffled", "gc_matched"])
def test_seeds_reproduce_and_differ(files, negatives):
    options = {"bound": "bound.fa", "negatives": negatives}
    if negatives == "gc_matched":
        options["background"] = "background.fa"
    first, again, other = (fasta(files, seed=seed, **options) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.obsm["sequence"], again.obsm["sequence"])
    assert list(first.obs_names) == list(again.obs_names)
    assert decode(rows(first, 0)) != decode(rows(other, 0))


def test_length_keeps_some_and_counts_the_others(tmp_path):
    files = {
        "b": write(tmp_path, "b", [*letters(6, 30), *letters(2, 29)], "b"),
        "u": write(tmp_path, "u", [*letters(3, 31), *letters(5, 30, seed=1)], "u"),
    }
    data = fasta(files, bound="b", unbound="u", length=30)
    assert data.X.sum() == 6 and data.n_obs == 11 and data.uns["dropped"]["length"] == 5
    assert list(data.obs_names[5:7]) == ["b5", "u3"] and adds_up(data)
    shuffled = fasta(files, bound="b", negatives="shuffled", length=30)
    assert shuffled.n_obs == 12 and shuffled.uns["dropped"]["length"] == 2 and adds_up(shuffled)
    with pytest.raises(InputError, match="one length is wanted"):
        fasta(files, bound="b", unbound="u")


def test_an_unbound_sequence_that_is_a_bound_one_on_either_strand_is_left_out(tmp_path):
    bound = write(tmp_path, "b", ["AACCGGGT", "ACGTTTTT"], "b")
    other = write(tmp_path, "u", ["AACCGGGT", "AAAAACGT", "aaaaaagt", "TTTTTTTT"], "u")
    data = fasta({"b": bound, "u": other}, bound="b", unbound="u")
    assert list(data.obs_names) == ["b0", "b1", "u2", "u3"]
    assert data.uns["dropped"]["unbound_as_bound"] == 2 and adds_up(data)


def test_a_shuffle_that_changes_nothing_is_left_out(tmp_path):
    bound = write(tmp_path, "b", ["AAAAAAAA", "ACGTTGCA"], "b")
    data = fasta({"b": bound}, bound="b", negatives="shuffled")
    assert list(data.obs_names) == ["b0", "b1", "b1_shuffled"]
    assert data.uns["dropped"]["unbound_as_bound"] == 1 and adds_up(data)


def test_background_equal_to_a_bound_sequence_is_never_drawn(tmp_path):
    bound = letters(30)
    codes = fasta({"b": write(tmp_path, "b", bound)}, bound="b", negatives="shuffled")
    reverse = decode(reverse_complement(rows(codes, 1)))
    background = [*bound[:10], *reverse[10:20], *letters(400, seed=5)]
    files = {
        "b": write(tmp_path, "b", bound, "b"),
        "g": write(tmp_path, "g", background, "g"),
    }
    data = fasta(files, bound="b", negatives="gc_matched", background="g")
    assert data.uns["dropped"]["unbound_as_bound"] == 20 and adds_up(data)
    assert not set(decode(rows(data, 0))) & {*bound, *reverse}


def test_sequences_with_an_n_are_not_matched_and_classes_stay_equal(tmp_path):
    bound, background = letters(30), letters(400, seed=5)
    bound[3] = "N" + bound[3][1:]
    background[7] = "NN" + background[7][2:]
    files = {
        "b": write(tmp_path, "b", bound, "b"),
        "g": write(tmp_path, "g", background, "g"),
    }
    data = fasta(files, bound="b", negatives="gc_matched", background="g")
    assert data.uns["dropped"]["n_in_sequence"] == 2 and adds_up(data)
    kept = drop(data)  # what the workflow does next finds nothing more
    assert kept.n_obs == data.n_obs and adds_up(kept)
    assert kept.X.mean() == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "wanted one of the two"),
        ({"unbound": "unbound.fa.gz", "negatives": "shuffled"}, "wanted one of the two"),
        ({"negatives": "shufled"}, "did you mean 'shuffled'"),
        ({"negatives": "gc_matched"}, "background: found None"),
        ({"negatives": "shuffled", "background": "background.fa"}, "nothing else takes one"),
        ({"unbound": "unbound.fa"}, "option unbound: no file 'unbound.fa'.*uses .*unbound.fa.gz"),
        ({"bound": ["bound.fa"] * 2, "negatives": "shuffled"}, "wanted each file once"),
        ({"unbound": "bound.fa"}, "the id 'b0' occurs in .*bound.fa too"),
        ({"negatives": "shuffled", "length": 61}, "no sequence of 61 bp; they have 60 to 60"),
        ({"unbound": "unbound.fa.gz", "target": "split"}, "rename it"),
    ],
)
def test_options_that_do_not_go_together_are_explained(files, options, message):
    with pytest.raises(InputError, match=message):
        fasta(files, **{"bound": "bound.fa"} | options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found an empty file"),
        (b"<!doctype html><p>not found", "HTML page"),
        (b">a\nACGJ\n", "line 2, column 4: found 'J'"),
        (gzip.compress(b">a\nACGT\n", mtime=0)[:-9], "truncated or damaged"),
    ],
    ids=["empty", "web page", "letter", "truncated"],
)
def test_broken_files_are_named(files, tmp_path, content, message):
    (tmp_path / "bound.fa").write_bytes(content)
    with pytest.raises(InputError, match=f"bound.fa.*{message}"):
        fasta(files, bound="bound.fa", unbound="unbound.fa.gz")


def test_too_few_partners_are_an_error_that_says_so(tmp_path):
    files = {
        "b": write(tmp_path, "b", letters(60, gc=0.8), "b"),
        "g": write(tmp_path, "g", letters(60, gc=0.2, seed=1), "g"),
    }
    with pytest.raises(InputError, match="of 60 bound sequences have no unbound one of their %GC"):
        fasta(files, bound="b", negatives="gc_matched", background="g")


def test_no_unbound_sequence_left_is_an_error(tmp_path):
    files = {"b": write(tmp_path, "b", ["ACGT"], "b"), "u": write(tmp_path, "u", ["ACGT"], "u")}
    with pytest.raises(InputError, match="no unbound sequence is left.*'unbound_as_bound': 1"):
        fasta(files, bound="b", unbound="u")


@pytest.mark.parametrize("ratio", [1, 2, 5])
def test_each_bound_sequence_gets_so_many_partners_in_its_bin(ratio):
    rng = np.random.default_rng(0)
    wanted, candidates = rng.integers(45, 56, size=300), rng.integers(40, 60, size=2000)
    kept, drawn = match_or_explain(wanted, candidates, 1, "x", ratio)
    counts = [np.bincount(g, minlength=101) for g in (wanted[kept], candidates[drawn])]
    np.testing.assert_array_equal(counts[0] * ratio, counts[1])
    full = [np.bincount(g, minlength=101) for g in (wanted, candidates)]
    np.testing.assert_array_equal(counts[0], np.minimum(full[0], full[1] // ratio))
    assert len(set(drawn)) == len(drawn) and (np.diff(drawn) > 0).all()


def regions_fasta(folder, titles, length=60):
    path = folder / "regions.fa"
    texts = letters(len(titles), length)
    path.write_text("".join(f">{t}\n{s}\n" for t, s in zip(titles, texts)))
    return {"regions.fa": path}


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("chr{0}:{1}-{2}", 0),  # bedtools getfasta
        ("peak{0}::chr{0}:{1}-{2}", 0),  # bedtools getfasta -name+
        ("chr{0}:{1}-{2}(-)", 0),  # bedtools getfasta -s
        ("chr{0}:{1}-{2} and words", 0),
        ("chr{0}:{1}-{2}", 1),  # samtools faidx counts from 1
    ],
)
def test_ids_that_are_regions_give_places_and_splits_by_chromosome(tmp_path, form, start):
    places = [(c, 1000 * i + start, 1000 * i + 60) for i, c in enumerate([1, 2, 3, 1], start=1)]
    files = regions_fasta(tmp_path, [form.format(*place) for place in places])
    data = fasta(files, bound="regions.fa", negatives="dinucleotide_shuffled")
    bound = data[data.X[:, 0] == 1].obs
    assert bound["chrom"].tolist() == [f"chr{c}" for c, *_ in places]
    assert bound["start"].tolist() == [first - start for _, first, _ in places]
    assert ((bound["end"] - bound["start"]) == 60).all()
    assert set(bound["strand"]) == {"-" if "(-)" in form else "."}
    shuffles = data[data.X[:, 0] == 0].obs
    # Held out with their sequences, but nowhere in the genome.
    assert shuffles["chrom"].tolist() == bound["chrom"].tolist()
    assert set(shuffles["start"]) == set(shuffles["end"]) == {-1}
    parts = SPLITS["chromosome"](data, validation=["chr2"], test=["chr3"])
    assert parts.tolist() == 2 * ["train", "validation", "test", "train"]
    data.uns["task"] = "binary"
    found = regions(data)
    assert found["chrom"].tolist()[:4] == bound["chrom"].tolist()
    assert found["chrom"].tolist()[4:] == data.obs_names[4:].tolist()
    assert found["start"].tolist()[4:] == [0] * 4


def test_ids_that_only_look_like_regions_are_names(tmp_path):
    files = regions_fasta(tmp_path, ["chr1:100-160", "chr1:300-999"])
    data = fasta(files, bound="regions.fa", negatives="shuffled")
    assert list(data.obs) == ["chrom"] and "only the chromosomes" in data.uns["notes"][0]
    files = regions_fasta(tmp_path, ["chr1:100-160", "other"])
    data = fasta(files, bound="regions.fa", negatives="shuffled")
    assert list(data.obs) == [] and "only 2 of 4 ids" in data.uns["notes"][0]


def test_regions_follow_sequences_that_are_cut(tmp_path):
    files = regions_fasta(tmp_path, ["chr1:100-160", "chr1:200-260(-)"])
    data = fasta(files, bound="regions.fa", negatives="shuffled", length=41, fit="centre")
    assert data.obs["start"].tolist()[:2] == [109, 210] and data.obsm["sequence"].shape[1] == 41


def test_titles_whose_first_words_are_equal_are_ids_as_a_whole(tmp_path):
    files = regions_fasta(tmp_path, ["FOXA1 _ 1", "FOXA1 _ 10", "CTCF"])
    data = fasta(files, bound="regions.fa", negatives="shuffled")
    assert data.obs_names[:3].tolist() == ["FOXA1___1", "FOXA1___10", "CTCF"]


def test_sequences_with_few_n_are_kept_where_the_config_says_so(files, tmp_path):
    masked = [text[:5] + "N" * (i % 12) + text[5 + i % 12 :] for i, text in enumerate(letters(60))]
    files["bound.fa"] = write(tmp_path, "bound.fa", masked, "b")
    options = {"bound": "bound.fa", "negatives": "gc_matched", "background": "background.fa"}
    strict, some = fasta(files, **options), fasta(files, **options, most_unknown=0.1)
    few = [text.count("N") <= 6 for text in masked]
    assert strict.uns["dropped"]["n_in_sequence"] == 55 and some.uns["dropped"][
        "n_in_sequence"
    ] == few.count(False)
    kept = drop(some, most_unknown=0.1)
    assert kept.n_obs == some.n_obs and kept.X.mean() == 0.5 and adds_up(kept)
    assert (kept.obsm["sequence"] == 4).any() and drop(some).n_obs < some.n_obs
