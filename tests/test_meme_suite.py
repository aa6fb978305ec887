"""STREME's and Tomtom's files: read as they stand, refused where broken; the motifs predict."""

import importlib.util
import math

import numpy as np
import pandas as pd
import pytest
import torch

from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.interpret.filters import filter_matrices, probabilities
from workflow_lib.models import MODELS
from workflow_lib.motif import Motif, read_meme, reverse_complement, write_meme
from workflow_lib.motifs.meme_suite import (
    NOTHING_TO_COMPARE,
    STREME_COLUMNS,
    read_streme,
    read_tomtom,
    two_classes,
    write_fasta,
)
from workflow_lib.motifs.scanning import best_hits
from workflow_lib.motifs.tomtom import COLUMNS, tomtom
from workflow_lib.sequence import decode, encode, read_fasta
from workflow_lib.train.metrics import METRICS
from workflow_lib.train.training import Examples, Settings, fit

TFS = ("FOXA1", "GATA3", "NR2F2", "SPI1")
# AUPRC in held-out sequences, half of them bound, of the best of STREME's motifs: measured .813,
# .792, .822, .923.
FLOORS = {"FOXA1": 0.80, "GATA3": 0.78, "NR2F2": 0.81, "SPI1": 0.91}


@pytest.fixture(scope="module")
def runs(shared):
    """TF -> the folder with its sequences and what STREME found in them."""
    return {tf: shared / "reference" / "streme" / tf for tf in TFS}


@pytest.fixture(scope="module")
def published(shared):
    return shared / "reference" / "explainn" / "MAX_JUND_FOXA1_tomtom.tsv"


@pytest.fixture(scope="module")
def filters(shared):
    return read_meme(shared / "reference" / "explainn" / "explainn_filters.meme")


# --- STREME's output ------------------------------------------------------------------------------

MOTIF = """
MOTIF 1-AC STREME-1
letter-probability matrix: alength= 4 w= 2 nsites= 7 {score}
 0.700000 0.100000 0.100000 0.100000
 0.000000 1.000000 0.000000 0.000000
"""


def streme_text(motifs="", score="S= 1.5e-012"):
    return (
        f"{'*' * 80}\nSTREME - Sensitive, Thorough, Rapid, Enriched Motif Elicitation\n{'*' * 80}\n"
        "MEME version 5.5.8 (Release date: some day)\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
        "Background letter frequencies\nA 0.3 C 0.2 G 0.2 T 0.3 \n"
        f"{motifs.format(score=score)}\n"
        f"{'*' * 80}\nStopped because of this.\n{'*' * 80}\nCOMMAND:\tstreme\nCPU:\t\tsome\n"
        f"FINALTIME:\t1.00 seconds\n{'*' * 80}\n"
    )


@pytest.mark.parametrize("tf", TFS)
def test_real_output_is_read_whole(runs, tf):
    found = read_streme(runs[tf] / "streme.txt")
    assert len(found.motifs) == len(found.table) == 20
    assert list(found.table) == list(STREME_COLUMNS)
    assert list(found.table["motif"]) == [motif.id for motif in found.motifs]
    assert list(found.table["width"]) == [motif.width for motif in found.motifs]
    assert [motif.name for motif in found.motifs] == [f"STREME-{i}" for i in range(1, 21)]
    assert set(found.table["statistic"]) == {"score"}
    # STREME puts the best first.
    assert found.table["log10_value"].is_monotonic_increasing
    assert sum(found.background) == pytest.approx(1, abs=0.01)
    for motif, written in zip(found.motifs, found.table["consensus"]):
        assert motif.id.endswith(f"-{written}") and len(written) == motif.width


def test_numbers_are_those_of_the_file(runs):
    found = read_streme(runs["FOXA1"] / "streme.txt")
    first = found.table.iloc[0]
    assert (first["motif"], first["n_sites"], first["value"]) == ("1-RWGTAAAYAH", 855, "3.3e-165")
    assert first["log10_value"] == pytest.approx(math.log10(3.3) - 165)
    assert found.background == [0.285, 0.215, 0.215, 0.285]
    assert found.motifs[0].probabilities[:, 0] == pytest.approx(
        [0.456273, 0.15346, 0.268912, 0.121355]
    )


def test_motifs_survive_being_written(runs, tmp_path):
    found = read_streme(runs["SPI1"] / "streme.txt")
    write_meme(tmp_path / "motifs.meme", found.motifs, found.background)
    again = read_meme(tmp_path / "motifs.meme")
    assert [(m.id, m.name, m.n_sites) for m in again] == [
        (m.id, m.name, m.n_sites) for m in found.motifs
    ]
    for one, other in zip(again, found.motifs):
        assert np.allclose(one.probabilities, other.probabilities, atol=1e-6)
    assert "A 0.257 C 0.243 G 0.243 T 0.257" in (tmp_path / "motifs.meme").read_text()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_output_is_refused(runs, tmp_path, kept):
    text = (runs["GATA3"] / "streme.txt").read_text()
    path = tmp_path / "streme.txt"
    path.write_text(text[: int(kept * text.index("FINALTIME"))])
    with pytest.raises(InputError, match="streme.txt.*ends at line [0-9]+ without FINALTIME"):
        read_streme(path)


def test_nothing_found_is_an_empty_set(tmp_path):
    path = tmp_path / "streme.txt"
    path.write_text(streme_text())
    found = read_streme(path)
    assert found.motifs == [] and found.background == [0.3, 0.2, 0.2, 0.3]
    assert len(found.table) == 0 and list(found.table) == list(STREME_COLUMNS)
    write_meme(tmp_path / "none.meme", found.motifs, found.background)
    assert read_meme(tmp_path / "none.meme") == []


@pytest.mark.parametrize(
    ("score", "statistic", "logarithm"),
    [
        ("S= 1.5e-4012", "score", math.log10(1.5) - 4012),  # no float is so small
        ("P= 2.0e-003", "p_value", math.log10(2) - 3),
        ("E= 1.0e+001", "e_value", 1),
        ("S= 0.5", "score", math.log10(0.5)),
    ],
)
def test_each_kind_of_score(tmp_path, score, statistic, logarithm):
    path = tmp_path / "streme.txt"
    path.write_text(streme_text(MOTIF, score))
    row = read_streme(path).table.iloc[0]
    assert (row["statistic"], row["value"]) == (statistic, score[3:])
    assert row["log10_value"] == pytest.approx(logarithm)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found an empty file"),
        ("<!doctype html><p>404", "HTML page"),
        ("MEME version 4\n\nALPHABET= ACGT\n", "wanted the text output of STREME"),
        (streme_text(MOTIF, score="E= good"), "1-AC.*wanted a score"),
        (streme_text(MOTIF).replace(" 0.700000", " 0.900000"), "sum to 1.2"),
        (streme_text(MOTIF).replace("A 0.3 C", "a 0.3 c"), "background"),
    ],
)
def test_files_that_are_no_streme_output(tmp_path, text, says):
    path = tmp_path / "streme.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=f"streme.txt.*{says}"):
        read_streme(path)


# --- Tomtom's output ------------------------------------------------------------------------------


def test_the_published_table_says_what_memelite_says(shared, published, filters):
    known = read_meme(
        shared / "reference" / "jaspar" / "JASPAR2020_CORE_vertebrates_non-redundant_pfms_meme.txt"
    )
    theirs, ours = read_tomtom(published, filters), tomtom(filters, known)
    assert list(theirs) == list(ours) == COLUMNS and (theirs.dtypes == ours.dtypes).all()
    close = theirs[theirs["q_value"] <= 0.05]
    pairs = [set(zip(table["unit"], table["profile"])) for table in (close, ours)]
    assert len(pairs[0] & pairs[1]) / len(pairs[0] | pairs[1]) >= 0.97
    both = theirs.merge(ours, on=["unit", "profile"])
    assert len(both) > 590
    for name in ("offset", "overlap"):
        assert (both[f"{name}_x"] == both[f"{name}_y"]).mean() > 0.99
    # So many are not 0 that the other sign would show.
    assert (both["offset_x"] == -both["offset_y"]).mean() < 0.2
    assert (both["orientation_x"] == both["orientation_y"]).mean() > 0.96


def test_every_pair_of_the_published_table_is_read(published, filters):
    raw = pd.read_csv(published, sep="\t", comment="#", float_precision="round_trip")
    found = read_tomtom(published)
    assert len(found) == len(raw) == 2437
    raw = raw.sort_values(["Query_ID", "p-value"], kind="stable").reset_index(drop=True)
    found = found.sort_values(["unit", "p_value"], kind="stable").reset_index(drop=True)
    names = {"Target_ID": "profile", "Optimal_offset": "offset", "E-value": "e_value"}
    names |= {"q-value": "q_value", "Overlap": "overlap", "Orientation": "orientation"}
    for theirs, ours in names.items():
        assert raw[theirs].equals(found[ours]), ours
    # In the order of the motifs that were compared, best first.
    ordered = read_tomtom(published, filters[::-1])
    ids = [motif.id for motif in filters[::-1]]
    assert list(ordered["unit"].unique()) == [name for name in ids if name in set(found["unit"])]
    assert all(group["p_value"].is_monotonic_increasing for _, group in ordered.groupby("unit"))


HEAD = "\t".join(
    "Query_ID Target_ID Optimal_offset p-value E-value q-value Overlap Query_consensus "
    "Target_consensus Orientation\n".split(" ")
)
TAIL = "\n# Tomtom (Motif Comparison Tool): Version 5.5.8\n# tomtom -text a b\n"


def row(query, p="1e-5"):
    return f"{query}\tMA0001.1\t-2\t{p}\t0.01\t0.02\t7\tACGTACG\tACGTACG\t-\n"


def test_units_are_numbers_and_flat_ones_have_no_pairs(tmp_path):
    path = tmp_path / "tomtom.tsv"
    path.write_text(HEAD + row("unit10") + row("unit2", "1e-7") + row("unit2", "1e-9") + TAIL)
    sharp = np.eye(4)
    queries = [Motif("unit2", "", sharp), Motif("unit7", "", sharp), Motif("unit10", "", sharp)]
    found = read_tomtom(path, queries)
    assert list(found["unit"]) == [2, 2, 10] and found["unit"].dtype.kind == "i"
    assert list(found["p_value"]) == [1e-9, 1e-7, 1e-5] and set(found["offset"]) == {-2}
    flat = Motif("unit2", "", np.full((4, 8), 0.25))
    assert list(read_tomtom(path, [flat, *queries[1:]])["unit"]) == [10]
    named = Motif("FOXA1", "", sharp)
    assert list(read_tomtom(path, [*queries, named])["unit"]) == ["unit2", "unit2", "unit10"]
    with pytest.raises(InputError, match="unit10.*none of the 2 motifs"):
        read_tomtom(path, queries[:2])


@pytest.mark.parametrize("text", [HEAD + TAIL, NOTHING_TO_COMPARE + "\n"])
def test_no_pairs_are_an_empty_table(tmp_path, text):
    path = tmp_path / "tomtom.tsv"
    path.write_text(text)
    flat = [Motif("unit0", "", np.full((4, 8), 0.25))]
    found, expected = read_tomtom(path, flat), tomtom(flat, [Motif("MA1", "", np.eye(4))])
    assert len(found) == 0 and list(found) == list(expected)
    assert (found.dtypes == expected.dtypes).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found an empty file"),
        ("unit\tprofile\n", "wanted the text output of Tomtom"),
        (HEAD + row("unit1"), "ends at line 2 without Tomtom's command"),
        (HEAD + row("unit1")[:30] + TAIL, "line 2: found 'unit1"),
        (HEAD + row("unit1") + row("unit2", "small") + TAIL, "line 3: found 'unit2"),
        (HEAD + row("unit1").replace("-\n", "?\n") + TAIL, "line 2: found 'unit1"),
    ],
)
def test_files_that_are_no_tomtom_output(tmp_path, text, says):
    path = tmp_path / "tomtom.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=f"tomtom.tsv.*{says}"):
        read_tomtom(path)


# --- two classes of sequences ---------------------------------------------------------------------


def made(targets, task, names=None):
    targets = np.asarray(targets, dtype=float)
    codes = np.random.default_rng(0).integers(0, 4, (len(targets), 12)).astype(np.uint8)
    names = names or [f"t{i}" for i in range(targets.shape[1])]
    data = dataset.build([f"s{i}" for i in range(len(targets))], codes, targets, names)
    data.uns["task"] = task
    return data


def test_bound_unbound_and_dropped_are_all_there_is():
    labels = np.random.default_rng(1).choice([0, 1, np.nan], (200, 3), p=[0.5, 0.3, 0.2])
    data = made(labels, "binary")
    for j, most in ((0, None), (1, 40), (2, 1)):
        found = two_classes(data, f"t{j}", most)
        assert (labels[found.bound, j] == 1).all() and (labels[found.unbound, j] == 0).all()
        assert len(found.bound) + len(found.unbound) + sum(found.dropped.values()) == 200
        assert found.dropped["unresolved"] == np.isnan(labels[:, j]).sum()
        for rows, label in ((found.bound, 1), (found.unbound, 0)):
            assert len(rows) == min((labels[:, j] == label).sum(), most or 200)
            assert (np.diff(rows) > 0).all()


def test_the_seed_decides_who_is_drawn():
    data = made(np.tile([[0], [1]], (100, 1)), "binary")
    one, same, other = (two_classes(data, most=30, seed=seed) for seed in (0, 0, 1))
    assert (one.bound == same.bound).all() and (one.unbound == same.unbound).all()
    assert len(set(one.bound) & set(other.bound)) < 30


def test_the_last_class_is_compared_with_the_first():
    cycle = np.tile([0, 1, 2], 10)
    data = made(np.eye(3)[cycle], "cross_entropy", ["cycle0", "cycle1", "cycle2"])
    found = two_classes(data)
    assert set(cycle[found.bound]) == {2} and set(cycle[found.unbound]) == {0}
    assert found.dropped == {"unresolved": 0, "other_class": 10, "not_drawn": 0}
    assert set(cycle[two_classes(data, "cycle1").bound]) == {1}
    with pytest.raises(InputError, match="'cycle0' is the class that others are compared with"):
        two_classes(data, "cycle0")


@pytest.mark.parametrize(
    ("targets", "task", "target", "says"),
    [
        ([[0.3], [2.0]], "regression", None, "two classes.*'regression'"),
        ([[0, 1], [1, 0]], "binary", None, "2 targets.*option `target`"),
        ([[0, 1], [1, 0]], "binary", "t_1", "no target 't_1' .did you mean 't1'"),
        ([[0], [0]], "binary", None, "'t0': of 2 sequences none is bound"),
        ([[1], [np.nan]], "binary", None, r"none is unbound \(1 unresolved\)"),
    ],
)
def test_what_streme_cannot_be_given(targets, task, target, says):
    with pytest.raises(InputError, match=says):
        two_classes(made(targets, task), target)


def test_fasta_comes_back_as_it_was(tmp_path):
    codes = np.random.default_rng(0).integers(0, 5, (30, 17)).astype(np.uint8)
    names = [f"{i}::chr1:{i}-{i + 17}" for i in range(29)] + ["white space here"]
    write_fasta(tmp_path / "a.fa", names, codes)
    ids, sequences = read_fasta(tmp_path / "a.fa")
    assert ids == [*names[:29], "white_space_here"]
    assert [s.decode() for s in sequences] == decode(codes)


# --- motif sets from motifs that exist ------------------------------------------------------------


@pytest.fixture(scope="module")
def motif_set(root):
    spec = importlib.util.spec_from_file_location("motif_set", root / "scripts" / "motif_set.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_profiles_are_chosen_by_id_and_by_name(motif_set):
    known = [Motif(id, name, np.eye(4)) for id, name in
             (("MA0491.2", "JUND"), ("MA0148.4", "FOXA1"), ("MA0492.1", "JUND"))]  # fmt: skip
    for wanted, expected in [
        (["FOXA1"], ["MA0148.4"]),
        (["MA0492.1", "FOXA1"], ["MA0492.1", "MA0148.4"]),
        (["JUND", "MA0491.2"], ["MA0491.2", "MA0492.1"]),
    ]:
        assert [m.id for m in motif_set.chosen(known, wanted, "a.meme")] == expected
    with pytest.raises(InputError, match="a.meme: .*'FOXA2' .did you mean 'FOXA1'"):
        motif_set.chosen(known, ["JUND", "FOXA2"], "a.meme")


def test_a_set_is_all_of_a_file_or_what_is_wanted(motif_set, tmp_path):
    source, output = tmp_path / "source.meme", tmp_path / "set.meme"
    write_meme(source, [Motif("a", "A", np.eye(4)), Motif("b", "", np.eye(4)[::-1])])
    motif_set.main(source, None, "mine", output)
    assert [m.id for m in read_meme(output)] == ["a", "b"]
    motif_set.main(source, ["b"], "mine", output)
    assert [m.id for m in read_meme(output)] == ["b"]
    write_meme(source, [])
    with pytest.raises(InputError, match="motif_sets.mine: .*source.meme has no motifs"):
        motif_set.main(source, None, "mine", output)


# --- do the motifs predict? -----------------------------------------------------------------------


def labelled(folder, part):
    """Codes and labels of a part: bound, then unbound."""
    codes = [
        encode(read_fasta(folder / f"{part}.{kind}.fa.gz")[1]) for kind in ("bound", "unbound")
    ]
    labels = np.repeat([1.0, 0.0], [len(group) for group in codes])
    return np.concatenate(codes), labels.astype(np.float32)


def scores(motifs, codes, labels):
    """AUPRC of the best hits of each motif."""
    ones = np.ones((len(labels), 1))
    return [METRICS["auprc"](hits, labels)(ones).item() for hits in best_hits(motifs, codes).T]


@pytest.mark.parametrize("tf", TFS)
def test_stremes_motifs_predict_held_out_sequences(runs, tf):
    motifs = read_streme(runs[tf] / "streme.txt").motifs
    codes, labels = labelled(runs[tf], "test")
    found = scores(motifs, codes, labels)
    assert np.argmax(found) == 0 and found[0] > FLOORS[tf]
    assert found[0] > max(found[1:]) + 0.1
    # Both strands are read.
    turned = scores([reverse_complement(motifs[0])], codes, labels)
    assert turned[0] == pytest.approx(found[0], abs=1e-6)


@pytest.mark.slow
def test_filters_of_a_small_model_beside_streme(runs):
    """From 2,000 sequences STREME's motif of SPI1 is the better one, but the filter comes near.

    SPI1's signal is the strongest of the four. For FOXA1 and GATA3 so small a model, on so few
    sequences, learns no motif to speak of (best filters .50 to .66, STREME's .81 and .79).
    """
    codes, labels = labelled(runs["SPI1"], "train")
    order = np.random.default_rng(0).permutation(len(codes))
    validation, train = order[:200], order[200:]
    torch.manual_seed(0)
    model = MODELS["explainn"](length=200, n_targets=1, units=10)
    parts = [Examples(codes[rows], labels[rows, None]) for rows in (train, validation)]
    fit(model, *parts, "binary", Settings(max_epochs=7))
    matrices = probabilities(filter_matrices(model, codes[train]).counts)
    filters = [Motif(f"unit{i}", "", matrix) for i, matrix in enumerate(matrices)]
    streme = read_streme(runs["SPI1"] / "streme.txt").motifs
    test = {}
    for name, motifs in (("filters", filters), ("streme", streme)):
        chosen = int(np.argmax(scores(motifs, codes[validation], labels[validation])))
        test[name] = scores([motifs[chosen]], *labelled(runs["SPI1"], "test"))[0]
    assert test["streme"] > 0.91 and test["filters"] > 0.8
