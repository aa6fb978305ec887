"""Motifs, MEME files, JASPAR and Tomtom: by property, and against the published tables."""

import memelite
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow_lib.errors import InputError
from workflow_lib.motif import (
    Motif,
    consensus,
    information,
    read_meme,
    reverse_complement,
    trim,
    unique_ids,
    write_meme,
)
from workflow_lib.motifs import jaspar
from workflow_lib.motifs.tomtom import COLUMNS, annotate, compare, q_values, tomtom

GOOD = """MEME version 4

ALPHABET= ACGT

MOTIF m1 first
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0
0.1 0.2 0.3 0.4
1 0 0 0

MOTIF m2
letter-probability matrix: alength= 4 w= 1
0.25 0.25 0.25 0.25
URL http://example.org
"""


BACKGROUND = "Background letter frequencies"


def random_motifs(n: int, seed: int = 0) -> list[Motif]:
    rng = np.random.default_rng(seed)
    return [
        Motif(f"unit{i}", f"name{i}", rng.dirichlet([0.3] * 4, size=rng.integers(5, 20)).T, i)
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def database() -> tuple[list[Motif], pd.DataFrame]:
    return jaspar.profiles()


@pytest.fixture(scope="module")
def reference(shared) -> list[Motif]:
    name = "JASPAR2020_CORE_vertebrates_non-redundant_pfms_meme.txt"
    return read_meme(shared / "reference" / "jaspar" / name)


@pytest.fixture(scope="module")
def filters(shared) -> list[Motif]:
    return read_meme(shared / "reference" / "explainn" / "explainn_filters.meme")


# --- arithmetic ----------------------------------------------------------------------------------


def test_information_of_known_columns():
    columns = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0], [0, 0, 0, 0]]).T
    assert information(columns) == pytest.approx([2, 0, 1, 0])
    assert information(columns[:, :1], [0.125, 0.375, 0.375, 0.125]) == pytest.approx([3])


def test_consensus_shows_what_is_certain():
    columns = np.array([[0.9, 0.1, 0, 0], [0.1, 0.4, 0.3, 0.2], [0.25] * 4, [0, 0, 0, 0]]).T
    assert consensus(columns) == "Acnn"


def test_reverse_complement_twice_is_the_identity_and_once_is_not():
    motif = Motif("m", "", np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]]).T)
    once = reverse_complement(motif)
    assert consensus(once.probabilities) == "GT"
    assert np.array_equal(reverse_complement(once).probabilities, motif.probabilities)


def test_trim_cuts_flanks_and_keeps_the_middle():
    flat, sure = [0.25] * 4, [1.0, 0, 0, 0]
    motif = Motif("m", "", np.array([flat, sure, flat, sure, flat, flat]).T)
    assert consensus(trim(motif).probabilities) == "AnA"
    assert trim(Motif("m", "", np.array([flat, flat]).T)).width == 2


# --- MEME files ----------------------------------------------------------------------------------


def test_written_motifs_read_back_equal(tmp_path):
    motifs = random_motifs(20)
    write_meme(tmp_path / "m.meme", motifs)
    again = read_meme(tmp_path / "m.meme")
    assert [(m.id, m.name, m.n_sites) for m in again] == [(m.id, m.name, m.n_sites) for m in motifs]
    for one, other in zip(motifs, again):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


def test_a_dead_units_motif_can_be_written_read_and_compared(tmp_path, database):
    motifs = [Motif("unit0", "", np.zeros((4, 19)), 0), Motif("unit1", "", np.full((4, 19), 0.25))]
    write_meme(tmp_path / "m.meme", motifs)
    again = read_meme(tmp_path / "m.meme")
    assert information(again[0].probabilities).sum() == 0
    assert [m.n_sites for m in again] == [0, None]
    assert len(tomtom([*motifs, *again], database[0])) == 0


def test_no_motifs_is_a_file_too(tmp_path):
    write_meme(tmp_path / "m.meme", [])
    assert read_meme(tmp_path / "m.meme") == []


def test_published_files_are_read(filters, reference):
    assert [m.id for m in filters] == [f"filter{i}" for i in range(100)]
    assert {m.width for m in filters} == {19} and {m.n_sites for m in filters} == {None}
    assert len(reference) == 746
    assert (reference[0].id, reference[0].name) == ("MA0006.1", "Ahr::Arnt")
    assert reference[0].n_sites == 24 and consensus(reference[0].probabilities) == "tGCGTG"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("MEME version 4", "<!DOCTYPE html>"), "HTML page"),
        (("MEME version 4\n\nALPHABET= ACGT\n", ""), "MEME version"),
        (("ALPHABET= ACGT", "ALPHABET= ACDEFGHIKLMNPQRSTVWY"), "line 3.*protein"),
        (("ALPHABET= ACGT", "ALPHABET= ACGU"), r"line 3.*RNA.*wanted DNA: ALPHABET= ACGT"),
        (("ALPHABET= ACGT", "ALPHABET = ACGU"), "line 3.*RNA"),
        (("ALPHABET= ACGT", 'ALPHABET "DNA with 5mC" DNA-LIKE'), "line 3.*5mC.*another alphabet"),
        (("ALPHABET= ACGT", "ALPHABET\nA\nC\nG\nT\nEND ALPHABET"), "line 3.*another alphabet"),
        (("ALPHABET= ACGT", f"{BACKGROUND}\nA 0.3 C 0.2 G 0.2 U 0.3"), "line 3.*RNA"),
        (("ALPHABET= ACGT", f"{BACKGROUND} (from x):\nA .1 C .1 D .1\nE .1"), "line 3.*another"),
        (("MOTIF m1 first", "MOTIF"), "line 5"),
        (("MOTIF m2", "MOTIF m1"), "line 10.*line 5"),
        (
            ("letter-probability matrix: alength= 4 w= 1\n0.25 0.25 0.25 0.25\n", ""),
            "line 10.*'m2'",
        ),
        (("0.1 0.2 0.3 0.4", "0.1 0.2 0.3 0.6"), "line 7.*sum to 1.2"),
        (("0.1 0.2 0.3 0.4", "0.1 0.2 0.3 0.2"), "line 7.*sum to 0.8"),
        (("0.1 0.2 0.3 0.4", "0.1 0.2 0.7"), "line 7.*four"),
        (("0.1 0.2 0.3 0.4", "0.1 0.2 x 0.4"), "line 7.*four"),
        (("0.1 0.2 0.3 0.4", "nan nan nan nan"), "line 7.*four"),
        (("0.1 0.2 0.3 0.4", "-0.1 0.4 0.3 0.4"), "line 7.*four"),
        (("w= 2", "w= 3"), "line 6.*2 rows.*3"),
        (("w= 2", "w= two"), "line 6.*two"),
        (("nsites= 20", "nsites= inf"), "line 6.*inf"),
        (("alength= 4 w= 2", "alength= 20 w= 2"), "line 6.*20"),
    ],
)
def test_bad_meme_is_named_by_file_and_line(tmp_path, change, says):
    assert change[0] in GOOD
    path = tmp_path / "bad.meme"
    path.write_text(GOOD.replace(*change))
    with pytest.raises(InputError, match=f"(?s)bad.meme.*{says}"):
        read_meme(path)


def test_empty_meme_is_an_error_and_the_good_one_is_not(tmp_path):
    path = tmp_path / "m.meme"
    path.write_text(GOOD)
    assert [(m.id, m.name, m.width, m.n_sites) for m in read_meme(path)] == [
        ("m1", "first", 2, 20),
        ("m2", "", 1, None),
    ]
    path.write_text("")
    with pytest.raises(InputError, match="found an empty file"):
        read_meme(path)


@pytest.mark.parametrize("columns", [[0.333, 0.333, 0.333, 0], [0.33, 0.33, 0.33, 0.1]])
def test_rounded_rows_are_divided_by_their_sum(tmp_path, columns):
    path = tmp_path / "m.meme"
    path.write_text(GOOD.replace("0.1 0.2 0.3 0.4", " ".join(f"{value:.2f}" for value in columns)))
    first = read_meme(path)[0].probabilities
    rounded = np.round(columns, 2)
    np.testing.assert_allclose(first[:, 0], rounded / rounded.sum(), rtol=1e-12)
    assert np.array_equal(first[:, 1], [1, 0, 0, 0])


@pytest.mark.parametrize(
    "header",
    [
        "ALPHABET = ACGT",
        "alphabet=acgt",
        "ALPHABET= A C G T",
        f"{BACKGROUND} (from unknown source):\n\nA 0.25 C 0.25\nG 0.25 T 0.25",
        "strands: + -",
    ],
)
def test_dna_may_be_said_in_several_ways(tmp_path, header):
    path = tmp_path / "m.meme"
    path.write_text(GOOD.replace("ALPHABET= ACGT", header))
    assert [m.id for m in read_meme(path)] == ["m1", "m2"]


@pytest.mark.parametrize(
    ("title", "id_", "name"),
    [
        # As MEME 5, 4.11 and older ones write titles.
        ("MOTIF GGGCG MEME-1\twidth =  99  sites = 18  E-value = 1.2e-003", "GGGCG", "MEME-1"),
        ("MOTIF  1 MEME\twidth =   99   sites =  18", "1", "MEME"),
        ("MOTIF  1\twidth =   99   sites =  18   llr = 173", "1", ""),
        ("MOTIF m1 CTCF (human) w= 99", "m1", "CTCF (human)"),
        ("MOTIF m1 w=99", "m1", ""),
        # Names that only look similar.
        ("MOTIF m1 width_=_99", "m1", "width_=_99"),
        ("MOTIF w=99 raw = 5", "w=99", "raw = 5"),
        ("MOTIF letter-probability matrix: w= 99", "letter-probability", "matrix:"),
    ],
)  # fmt: skip
def test_widths_in_titles_are_neither_names_nor_widths(tmp_path, title, id_, name):
    path = tmp_path / "m.meme"
    path.write_text(GOOD.replace("MOTIF m1 first", title))
    motif = read_meme(path)[0]
    assert (motif.id, motif.name, motif.width) == (id_, name, 2)


def test_ids_that_no_reader_could_tell_apart_are_not_written(tmp_path):
    one = random_motifs(1)[0]
    for motifs in ([one, one], [Motif("a b", "", one.probabilities)]):
        with pytest.raises(InputError, match="unique ids"):
            write_meme(tmp_path / "m.meme", motifs)
    assert list(tmp_path.iterdir()) == []


PIECES = st.sampled_from(
    [*GOOD.splitlines(), "", "MOTIF", "0.5 0.5 0 0", "w= 2", "1e999 0 0 0", "---"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.lists(PIECES, max_size=15).map("\n".join), st.text(max_size=80)), st.booleans())
def test_malformed_meme_never_raises_anything_else(tmp_path, text, headed):
    path = tmp_path / "m.meme"
    path.write_bytes((("MEME version 4\n" if headed else "") + text).encode("utf-8", "replace"))
    try:
        motifs = read_meme(path)
    except InputError:
        return
    assert len({m.id for m in motifs}) == len(motifs)
    assert all(np.allclose(m.probabilities.sum(axis=0), 1, atol=1e-5) for m in motifs)


# --- JASPAR --------------------------------------------------------------------------------------


def test_jaspar_is_the_published_file(database, reference):
    motifs, table = database
    assert list(table["profile"]) == [m.id for m in motifs]
    assert list(table["name"]) == [m.name for m in motifs]
    published = {m.id: m for m in reference}
    assert set(published) == {m.id for m in motifs}
    for motif in motifs:
        assert motif.name == published[motif.id].name
        np.testing.assert_allclose(
            motif.probabilities, published[motif.id].probabilities, atol=1e-6, err_msg=motif.id
        )


def test_ids_that_jaspar_does_not_have_are_refused_with_their_key():
    known = {"a": {"profile": "MA0139.1"}, "b": "ACGT", "c": {"filter": 3}}
    jaspar.check_profiles(known, "marginalisation.motifs")
    with pytest.raises(InputError, match=r"config, m.d: JASPAR has no profile 'MA9999.1' in any"):
        jaspar.check_profiles(known | {"d": {"profile": "MA9999.1"}}, "m")


def test_families_stand_in_for_clusters_and_a_file_replaces_them(database, shared):
    table = database[1].set_index("profile")
    assert table.loc["MA0148.4", "cluster"] == table.loc["MA0148.4", "family"]
    assert (table["cluster"] != "").all()
    clusters = jaspar.read_clusters(shared / "mirror" / "jaspar" / "leaf_to_cluster.tab")
    clustered = jaspar.profiles(clusters=clusters)[1].set_index("profile")
    assert clustered.loc["MA1101.2", "cluster"] == "1"
    assert clustered["cluster"].nunique() == 111 and set(clusters) == set(table.index)


@pytest.mark.parametrize(
    "wrong", [{"release": "JASPAR1999"}, {"collection": "NO"}, {"tax_group": "x"}]
)
def test_unknown_jaspar_is_an_error(wrong, capsys):
    with pytest.raises(InputError, match=next(iter(wrong.values()))):
        jaspar.profiles(**wrong)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found an empty file"),
        ("<html>\n", "found an HTML page"),
        ("JASPAR_m1_MA0001_1\t1\nMA0002.1 2\n", "line 2"),
        ("JASPAR_m1_MA0001_1\t1\nMA0001.1\t2\n", "line 2.*MA0001.1"),
    ],
)
def test_bad_cluster_files(tmp_path, text, says):
    path = tmp_path / "clusters.tab"
    path.write_text(text)
    with pytest.raises(InputError, match=f"clusters.tab.*{says}"):
        jaspar.read_clusters(path)


# --- Tomtom --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(shared) -> pd.DataFrame:
    path = shared / "reference" / "explainn" / "MAX_JUND_FOXA1_tomtom.tsv"
    return pd.read_csv(path, sep="\t", comment="#")


def test_pairs_and_numbers_are_memes(filters, reference, published):
    found = tomtom(filters, reference)
    expected = published[published["q-value"] <= 0.05]
    theirs = set(zip(expected["Query_ID"], expected["Target_ID"]))
    ours = set(zip(found["unit"], found["profile"]))
    assert len(theirs & ours) / len(theirs | ours) >= 0.97
    both = published.merge(found, left_on=["Query_ID", "Target_ID"], right_on=["unit", "profile"])
    assert len(both) > 590
    assert (both["Optimal_offset"] == both["offset"]).mean() > 0.99
    assert (both["Overlap"] == both["overlap"]).mean() > 0.99
    # The rest are motifs like AP-1's, whose two strands are equally good.
    assert (both["Orientation"] == both["orientation"]).mean() > 0.96
    for name, column in [("p-value", "p_value"), ("E-value", "e_value"), ("q-value", "q_value")]:
        assert np.log10(both[name] / both[column]).abs().median() < 0.05
    assert np.allclose(found["e_value"], found["p_value"] * 746)


def test_a_profile_finds_itself_on_either_strand(database):
    motifs, table = database
    queries = [m for m in motifs if m.id in ("MA0139.1", "MA0138.2")]
    turned = [reverse_complement(m) for m in queries]
    for given_as, strand in ((queries, "+"), (turned, "-")):
        pairs = annotate(tomtom(given_as, motifs), table)
        best = pairs.drop_duplicates("unit")
        assert list(best["profile"]) == [m.id for m in queries] == list(best["unit"])
        assert list(best["name"]) == [m.name for m in queries]
        assert set(best["orientation"]) == {strand} and set(best["offset"]) == {0}
        assert list(best["overlap"]) == [m.width for m in queries]


def test_p_values_are_memelites_for_two_strands(database):
    motifs = database[0][:40]
    queries = [Motif("q", "", motifs[i].probabilities[:, 1:]) for i in (3, 20)]
    found = compare(queries, motifs)
    both = [m.probabilities for m in motifs]
    both += [m.probabilities[::-1, ::-1] for m in motifs]
    p, _, offset, overlap, _ = memelite.tomtom(
        [m.probabilities for m in queries], both, reverse_complement=False, n_jobs=1
    )
    assert found.p_value.shape == (2, 80)
    np.testing.assert_allclose(found.p_value, 1 - (1 - p) ** 2, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(found.offset, offset)
    np.testing.assert_array_equal(found.overlap, overlap)


def test_offset_overlap_and_strand_of_a_part_of_a_profile(database):
    motifs = database[0]
    whole = next(m for m in motifs if m.width >= 14 and information(m.probabilities).min() > 0.3)
    for start in (0, 2):
        part = Motif("part", "", whole.probabilities[:, start : start + 10])
        for query, orientation in ((part, "+"), (reverse_complement(part), "-")):
            pairs = tomtom([query], motifs, 1.0).set_index("profile")
            pair = pairs.loc[whole.id]
            assert pair["orientation"] == orientation and pair["overlap"] == 10
            # Of the query relative to the strand of the target that fits.
            assert pair["offset"] == (start if orientation == "+" else whole.width - start - 10)
            assert pair["e_value"] == pytest.approx(pair["p_value"] * len(motifs))
            assert pairs["q_value"].is_monotonic_increasing


def test_flat_queries_have_no_pairs_and_the_others_keep_their_names(database):
    motifs = database[0]
    flat = np.full((4, 8), 0.25)
    weak = flat.copy()
    weak[:2] = [[0.3], [0.2]]  # 0.06 bits in all
    queries = [
        Motif("unit4", "", motifs[3].probabilities),
        Motif("unit2", "", flat),
        Motif("unit9", "", motifs[60].probabilities),
        Motif("unit1", "", weak),
    ]
    pairs = tomtom(queries, motifs, 1.0)
    assert pairs.groupby("unit", sort=False).size().to_dict() == dict.fromkeys(
        (4, 9, 1), len(motifs)
    )
    best = pairs.drop_duplicates("unit").set_index("unit")["profile"]
    assert best[4] == motifs[3].id and best[9] == motifs[60].id
    few = tomtom(queries, motifs)
    expected = pairs[pairs["q_value"] <= 0.05].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, expected)
    limit = pairs["q_value"].iloc[3]
    assert (tomtom(queries[:1], motifs, limit)["q_value"] == limit).any()  # `<=`


def test_q_values_are_memes_recipe_step_by_step():
    """The share of true nulls at the lambda whose expected bootstrap error is least."""
    rng = np.random.default_rng(0)
    chosen = set()
    for power in (0.5, 0.8, 1, 1, 1, 1, 1, 1, 1.2, 1.5, 2, 3):
        m = 200
        p = rng.random(m) ** power  # fewer null the larger it is
        p[0] = 0.25  # one of the lambdas: not beyond it
        # The smallest estimate is that of the first lambda, or of the last.
        p[1:20] = {0.5: 0.001, 1.5: 0.4975}.get(power, p[1:20])
        lambdas = [0.005 * k for k in range(1, 101)]
        beyond = [sum(value > one for value in p) / m for one in lambdas]
        estimates = [b / (1 - one) for b, one in zip(beyond, lambdas)]
        errors = [
            b * (1 - b) / 1000 / (1 - one) ** 2 + (e - min(estimates)) ** 2
            for b, one, e in zip(beyond, lambdas, estimates)
        ]
        chosen.add(errors.index(min(errors)))
        null = min(1, estimates[errors.index(min(errors))])
        order = sorted(range(m), key=lambda i: p[i])
        expected, least = np.empty(m), 1.0
        for rank in range(m, 0, -1):
            i = order[rank - 1]
            least = min(least, null * m * p[i] / rank)
            expected[i] = least
        np.testing.assert_allclose(q_values(p), expected, rtol=1e-9)
    assert {0, 99} < chosen  # both ends of the grid count


def test_pairs_come_best_first_with_unit_numbers(database):
    motifs, _ = database
    queries = [Motif(f"unit{7 - i}", "", motifs[40 * i].probabilities) for i in range(5)]
    pairs = tomtom(queries, motifs)
    assert list(pairs) == COLUMNS and pairs["unit"].dtype.kind == "i"
    assert list(pairs["unit"].unique()) == [7, 6, 5, 4, 3]
    assert all(group["p_value"].is_monotonic_increasing for _, group in pairs.groupby("unit"))
    assert pairs["q_value"].max() <= 0.05
    assert len(tomtom(queries[:1], motifs, q_threshold=1)) == len(motifs)


def test_without_pairs_the_table_is_empty_and_well_formed(database):
    motifs, table = database
    flat = Motif("unit0", "", np.full((4, 19), 0.25))
    full = tomtom([Motif("unit0", "", motifs[0].probabilities)], motifs)
    for queries in ([], [flat]):
        empty = tomtom(queries, motifs)
        assert len(empty) == 0 and (empty.dtypes == full.dtypes).all()
        assert list(annotate(empty, table)) == list(annotate(full, table))
    columns = ["unit", "profile", "name", "cluster", "family", *COLUMNS[2:]]
    assert list(annotate(full, table)) == columns and COLUMNS[2] == "p_value"
    with pytest.raises(InputError, match="no target"):
        tomtom([flat], [])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_q_values_grow_with_p_and_stay_between_0_and_1(p):
    p = np.array(p)
    q = q_values(p)
    assert np.all(np.diff(q[np.argsort(p, kind="stable")]) >= 0)
    assert np.all((q >= 0) & (q <= 1))
    assert len(set(q[p == p[0]])) == 1


def test_q_values_of_uniform_p_are_large_and_of_signal_small():
    uniform = (np.arange(1000) + 0.5) / 1000
    assert q_values(uniform).min() > 0.4
    mixed = np.concatenate([np.full(50, 1e-8), uniform])
    assert q_values(mixed)[:50].max() < 1e-6
    assert q_values(np.array([])).shape == (0,)


@pytest.mark.parametrize("null", [0.2, 0.5, 1.0])
def test_q_values_are_of_the_share_of_motifs_that_resemble_nothing(null):
    n = int(1000 * null)
    p = np.concatenate([np.full(1000 - n, 1e-9), (np.arange(n) + 0.5) / n])
    # The largest p-value has all motifs before it: its q-value is the share that is taken for null.
    assert q_values(p)[-1] == pytest.approx(null, abs=0.03)


def test_further_profiles_come_from_other_releases(database):
    motifs, table = jaspar.profiles(also=["MA0037.4", "MA0139.1"])
    assert len(motifs) == len(database[0]) + 1  # CTCF's is there already
    assert table.set_index("profile")["name"]["MA0037.4"].upper() == "GATA3"
    assert [motif.id for motif in motifs] == sorted(motif.id for motif in motifs)
    with pytest.raises(InputError, match="no profile 'MA9999.9' in any release"):
        jaspar.profiles(also=["MA9999.9"])


def test_ids_made_of_names_are_unique():
    names = ["T cell", "T_cell", "T  cell", "T_cell_2", "T/cell"]
    assert unique_ids(names) == ["T_cell", "T_cell_3", "T_cell_4", "T_cell_2", "T/cell"]
    assert unique_ids(["a", "b"]) == ["a", "b"]
