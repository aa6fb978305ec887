"""Motifs find their place beside a reference; how much of it they cover is counted."""

import importlib.util
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_lib.errors import InputError
from workflow_lib.motif import Motif, consensus, read_meme, reverse_complement, write_meme
from workflow_lib.motifs import jaspar
from workflow_lib.motifs.alignment import (
    COLUMNS,
    TEXT,
    Entry,
    align,
    align_entries,
    choose,
    informative,
    matched,
    place,
    place_filter,
    reference_motifs,
)
from workflow_lib.motifs.tomtom import tomtom
from workflow_lib.tables import read_table, write_run_table


def spelled(word: str, sharp: float = 0.97, id_: str = "m") -> Motif:
    matrix = np.full((4, len(word)), (1 - sharp) / 3)
    for i, letter in enumerate(word):
        matrix[:, i] = 0.25 if letter == "N" else matrix[:, i]
        if letter != "N":
            matrix["ACGT".index(letter), i] = sharp
    return Motif(id_, "", matrix)


def random_motif(rng: np.random.Generator, width: int) -> Motif:
    return Motif("m", "", rng.dirichlet([0.3] * 4, size=width).T)


def padded(motif: Motif, left: int, right: int) -> Motif:
    sides = np.full((4, left), 0.25), np.full((4, right), 0.25)
    return replace(motif, probabilities=np.hstack([sides[0], motif.probabilities, sides[1]]))


@pytest.fixture(scope="module")
def known() -> list[Motif]:
    return jaspar.profiles()[0]


@pytest.fixture(scope="module")
def androgen(known) -> Motif:
    return next(motif for motif in known if motif.id == "MA0007.3")


def half(motif: Motif) -> Motif:
    """The left half of AR's palindrome, GGGAACA."""
    return replace(motif, id="half", probabilities=motif.probabilities[:, :8])


# Where a motif lies


@given(st.integers(0, 2**32 - 1), st.integers(-6, 6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_shifted_and_turned_motif_is_found_again(seed, shift, turned):
    rng = np.random.default_rng(seed)
    # Both are windows of one random stretch, the motif's `shift` to the right; 12 columns common.
    stretch = random_motif(rng, 30).probabilities
    reference = Motif("r", "", stretch[:, 6:24])
    motif = Motif("m", "", stretch[:, 6 + shift : 24 + shift])
    found = align(reverse_complement(motif) if turned else motif, reference)
    assert (found.offset, found.orientation) == (shift, "-" if turned else "+")


@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.integers(1, 25))
@settings(max_examples=40, deadline=None)
def test_a_turned_motif_lies_as_far_from_the_other_end(seed, width, wide):
    rng = np.random.default_rng(seed)
    motif, reference = random_motif(rng, width), random_motif(rng, wide)
    found = align(motif, reference)
    mirrored = align(motif, reverse_complement(reference))
    assert mirrored.similarity == pytest.approx(found.similarity)
    assert mirrored.offset == wide - width - found.offset
    assert {mirrored.orientation, found.orientation} == {"+", "-"}
    assert 1 - width <= found.offset < wide and -1 <= found.similarity <= 1 + 1e-9
    turned = reverse_complement(motif) if found.orientation == "-" else motif
    # What was found needs no more turning and stays where it is.
    assert align(turned, reference)[:2] == (found.offset, "+")


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_flanks_without_information_change_nothing(seed, left, right):
    rng = np.random.default_rng(seed)
    motif, reference = random_motif(rng, 9), random_motif(rng, 12)
    plain = align(motif, reference)
    moved = align(padded(motif, left, right), reference)
    before = left if plain.orientation == "+" else right  # turned, the right flank comes first
    assert moved.orientation == plain.orientation and moved.offset == plain.offset - before
    assert moved.similarity == pytest.approx(plain.similarity)
    assert align(motif, padded(reference, left, right)).offset == plain.offset + left


def test_a_motif_is_like_itself_and_a_palindrome_stays_on_its_strand():
    palindrome = spelled("GGTCANNNTGACC")
    assert align(palindrome, palindrome) == (0, "+", pytest.approx(1), 1.0)
    assert align(reverse_complement(palindrome), palindrome)[:2] == (0, "+")


def test_one_sharp_column_outweighs_faint_ones():
    """A faint tail that agrees fully elsewhere does not drag the motif from its core."""
    tail = np.array([0.28, 0.24, 0.24, 0.24])
    core = spelled("GATAAG").probabilities
    motif = Motif("m", "", np.hstack([core, np.tile(tail[:, None], 8)]))
    reference = Motif("r", "", np.hstack([np.tile(tail[:, None], 8), core]))
    assert align(motif, reference).offset == 8


def test_flat_motifs_and_single_columns_are_placed():
    flat = Motif("f", "", np.full((4, 7), 0.25))
    assert align(flat, spelled("GATA")) == (0, "+", 0.0, 1.0)
    assert align(spelled("GATA"), flat) == (0, "+", 0.0, 1.0)
    assert align(spelled("T"), spelled("GAC"))[:2] == (1, "-")


def test_place_takes_tomtoms_alignment_where_the_two_match(known, androgen):
    motif = reverse_complement(half(androgen))
    found = place(motif, androgen, known, 0.05)
    pairs = tomtom([motif], known, 1.0).set_index("profile")
    row = pairs.loc[androgen.id]
    start, turned = place_filter(row["offset"], row["orientation"], motif.width, androgen.width)
    assert found.q_value == row["q_value"] <= 0.05
    assert (found.offset, found.orientation) == (start, "-" if turned else "+")
    assert found.similarity == pytest.approx(align(motif, androgen).similarity, abs=0.1)


def test_a_motif_unlike_the_reference_is_placed_all_the_same(known, androgen):
    motif = spelled("GGGGCGGGGC", id_="unit1")
    found = place(motif, androgen, known, 0.05)
    assert 0.05 < found.q_value <= 1
    assert found[:3] == align(motif, androgen)[:3]


def test_the_threshold_says_whether_the_two_match(known, androgen):
    motif = spelled("CCATATAAGG")
    found = place(motif, androgen, known, 0.05)
    assert found[:3] == align(motif, androgen)[:3]
    row = tomtom([motif], known, 1.0).set_index("profile").loc[androgen.id]
    start, turned = place_filter(row["offset"], row["orientation"], motif.width, androgen.width)
    taken = place(motif, androgen, known, 1.0)
    assert (taken.offset, taken.orientation) == (start, "-" if turned else "+")
    assert taken[:2] != found[:2] and taken.q_value == found.q_value


def test_a_reference_that_the_database_lacks_is_compared_too(known, androgen):
    others = [motif for motif in known if motif.id != androgen.id]
    assert place(androgen, androgen, others, 0.05)[:2] == (0, "+")
    assert place(androgen, androgen, others, 0.05).q_value < 1e-10


def test_tomtom_and_align_agree_on_the_published_filters(shared, known):
    """Filters lie beside the profile that they match best where Tomtom lays them."""
    filters = {m.id: m for m in read_meme(shared / "reference/explainn/explainn_filters.meme")}
    profiles = {motif.id: motif for motif in known}
    best = tomtom(list(filters.values()), known, 0.05).drop_duplicates("unit")
    same = []
    for row in best.itertuples():
        motif, profile = filters[row.unit], profiles[row.profile]
        widths = (motif.width, profile.width)
        start, turned = place_filter(row.offset, row.orientation, *widths)
        same.append(align(motif, profile)[:2] == (start, "-" if turned else "+"))
    assert len(same) >= 25 and np.mean(same) >= 0.95


# How much of the reference it covers


def test_informative_counts_columns_of_half_a_bit():
    even = [0.25] * 4
    half_bit = [0.625, 0.125, 0.125, 0.125]  # .451 bits
    two_letters = [0.5, 0.5, 0, 0]  # 1 bit
    matrix = np.array([even, half_bit, two_letters, [1, 0, 0, 0]]).T
    assert informative(Motif("m", "", matrix)) == 2


@pytest.mark.parametrize(
    "word, offset, share",
    [
        ("GGTCANNNTGACC", 0, 1.0),
        ("GGTCA", 0, 0.5),
        ("TGACC", 8, 0.5),
        ("GGTCA", 1, 0.1),  # GTCAN: of GGTC only G is G
        ("GGTCA", 13, 0.0),
        ("NNGGTCANNN", -2, 0.5),
        ("CCAGT", 0, 0.0),
    ],
)
def test_share_of_the_reference_that_is_covered(word, offset, share):
    assert matched(spelled(word), spelled("GGTCANNNTGACC"), offset) == pytest.approx(share)


def test_faint_letters_do_not_count_as_matched():
    reference = spelled("GGTCA")
    assert matched(spelled("GGTCA", sharp=0.45), reference, 0) == 0
    assert matched(spelled("GGTCA", sharp=0.75), reference, 0) == 1
    assert matched(reference, spelled("GGTCA", sharp=0.45), 0) == 0  # nothing informative in it


def test_half_a_palindrome_covers_half_of_the_androgen_receptors_profile(known, androgen):
    assert consensus(androgen.probabilities) == "GGGaACAcgGTGTaCCc"
    assert informative(androgen) == 10
    for motif, share in ((androgen, 1.0), (half(androgen), 0.5)):
        for turned in (motif, reverse_complement(motif)):
            found = place(turned, androgen, known, 0.05)
            laid = reverse_complement(turned) if found.orientation == "-" else turned
            assert matched(laid, androgen, found.offset) == share


# Tables and files


def test_the_table_has_a_reference_and_its_entries_for_each_row(known, androgen):
    vdr = next(motif for motif in known if motif.id == "MA0693.2")
    turned = replace(reverse_complement(half(androgen)), name="unit 4", n_sites=77)
    entries = [
        Entry("V D R", "STREME", None),
        Entry("AR", "ExplaiNN", turned),
        Entry("V D R", "ExplaiNN", replace(vdr, id="unit1", name="")),
    ]
    motifs, table = align_entries(entries, {"AR": androgen, "V D R": vdr}, known, "JASPAR", 0.05)
    assert list(table) == COLUMNS
    assert list(zip(table["row"], table["column"])) == [
        ("AR", "JASPAR"), ("AR", "ExplaiNN"),
        ("V D R", "JASPAR"), ("V D R", "STREME"), ("V D R", "ExplaiNN"),
    ]  # fmt: skip
    assert [motif.id for motif in motifs] == [
        "AR|JASPAR", "AR|ExplaiNN", "V_D_R|JASPAR", "V_D_R|ExplaiNN",
    ]  # fmt: skip
    absent = table.iloc[3]
    assert absent["motif"] == "" and pd.isna(absent["offset"]) and absent["q_value"] == 1
    assert (table["matched"] == [1.0, 0.5, 1.0, 0.0, 1.0]).all()
    assert table["name"].tolist() == ["Ar", "unit 4", "VDR", "", "unit1"]
    # The motif stands there on its reference's strand: half the profile, wherever it fits best.
    half_site, offset = motifs[1], table["offset"][1]
    assert table["orientation"][1] == "-" and half_site.n_sites == table["n_sites"][1] == 77
    assert np.array_equal(half_site.probabilities, androgen.probabilities[:, offset : offset + 8])


def test_wrong_entries_are_reported(androgen):
    entry = Entry("AR", "STREME", None)
    with pytest.raises(InputError, match="row 'VDR'.*no reference.*AR"):
        align_entries([Entry("VDR", "STREME", None)], {"AR": androgen}, None, "JASPAR", 0.05)
    with pytest.raises(InputError, match="filled twice"):
        align_entries([entry, entry], {"AR": androgen}, None, "JASPAR", 0.05)
    with pytest.raises(InputError, match="column 'STREME': the cell is filled twice"):
        align_entries([entry], {"AR": androgen}, None, "STREME", 0.05)


def test_unknown_profiles_and_motifs_are_reported(known):
    with pytest.raises(InputError, match="db.meme.*'MA0693.1'.*'VDR'.*MA0693.2"):
        reference_motifs({"VDR": "MA0693.1"}, known, "db.meme")
    with pytest.raises(InputError, match="nor another version"):
        reference_motifs({"X": "MA9999.1"}, known, "db.meme")
    with pytest.raises(InputError, match="set.meme: no motif 'unit7'; it has 1.* m"):
        choose([spelled("GATA")], "unit7", "set.meme")
    assert choose([], "unit7", "set.meme") is None
    assert choose([spelled("A"), spelled("C", id_="b")], "b", "").id == "b"
    assert choose([spelled("A"), spelled("C", id_="b")], None, "").id == "m"


@pytest.fixture
def script(root):
    spec = importlib.util.spec_from_file_location("script", root / "scripts/align_motifs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_script_writes_motifs_and_table(script, tmp_path, known, androgen):
    files = {name: str(tmp_path / f"{name}.meme") for name in ("db", "best", "none")}
    write_meme(files["db"], known)
    best = replace(reverse_complement(half(androgen)), id="AR", name="unit3")
    write_meme(files["best"], [spelled("GATA", id_="GATA3"), best])
    write_meme(files["none"], [])
    entries = [
        {"path": files["best"], "row": "AR", "column": "ExplaiNN", "motif": "AR"},
        {"path": files["none"], "row": "AR", "column": "STREME", "motif": None},
    ]
    entries = [entry | {"profile": "MA0007.3"} for entry in entries]
    outputs = {"meme": str(tmp_path / "out.meme"), "table": str(tmp_path / "out.tsv")}
    script.main(entries, files["db"], "JASPAR", 0.05, outputs)
    table = read_table(outputs["table"], dtype=TEXT)
    assert table["column"].tolist() == ["JASPAR", "ExplaiNN", "STREME"]
    assert table["motif"].isna().tolist() == [False, False, True]
    assert table["name"][1] == "unit3" and table["matched"].tolist() == [1, 0.5, 0]
    written = {motif.id: motif for motif in read_meme(outputs["meme"])}
    assert list(written) == ["AR|JASPAR", "AR|ExplaiNN"]
    start = int(table["offset"][1])
    there = androgen.probabilities[:, start : start + 8]
    assert written["AR|ExplaiNN"].probabilities == pytest.approx(there, abs=1e-5)


@pytest.mark.parametrize(("q_value", "matched"), [(0.05, [1, 1]), (1e-60, [1, 0.2])])
def test_script_takes_the_motif_that_resembles_the_profile_of_its_row(
    script, tmp_path, known, androgen, q_value, matched
):
    """By the ranking another motif is best, but the row is of the androgen receptor."""
    files = {name: str(tmp_path / name) for name in ("db.meme", "set.meme", "ranking.tsv")}
    write_meme(files["db.meme"], known)
    write_meme(files["set.meme"], [spelled("GATAAGATAA", id_="7"), replace(androgen, id="8")])
    ranking = {"motif": ["7", "8"], "validation": [0.9, 0.6], "best": [True, False]}
    run = {"dataset": "receptors.AR", "motif_set": "streme"}
    write_run_table(pd.DataFrame(ranking), run, files["ranking.tsv"])
    entry = {"path": files["set.meme"], "ranking": files["ranking.tsv"], "motif": None}
    entry |= {"row": "AR", "column": "STREME", "profile": "MA0007.3"}
    outputs = {"meme": str(tmp_path / "out.meme"), "table": str(tmp_path / "out.tsv")}
    script.main([entry], files["db.meme"], "JASPAR", q_value, outputs)
    table = read_table(outputs["table"], dtype=TEXT)
    assert table["row"].tolist() == ["AR", "AR"]
    assert table["motif"].tolist() == ["AR|JASPAR", "AR|STREME"]
    # The androgen receptor's where its q-value is small enough, else the best of the ranking.
    assert table["matched"].tolist() == matched
