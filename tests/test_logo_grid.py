"""Grids of aligned logos: every size can be read, and stands where the table says."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from matplotlib.figure import Figure

from workflow_lib.errors import InputError
from workflow_lib.figures.logo_grid import logo_grid, method_columns
from workflow_lib.motif import Motif, reverse_complement, write_meme
from workflow_lib.motifs.alignment import Entry, align_entries
from workflow_lib.tables import write_table

SEED = 5


def random_motif(rng: np.random.Generator, width: int, id_: str) -> Motif:
    return Motif(id_, id_, rng.dirichlet([0.15] * 4, size=width).T, 1200)


def cells(n_rows: int, methods: list[str], width: int = 10, absent: tuple = ()) -> tuple:
    """A table and its motifs: each method finds half of the reference, turned; some nothing."""
    rng = np.random.default_rng(SEED)
    references = {f"TF{i}": random_motif(rng, width, f"MA{i:04}.1") for i in range(n_rows)}
    entries = []
    for i, (row, reference) in enumerate(references.items()):
        for j, method in enumerate(methods):
            half = reference.probabilities[:, : max(1, width // 2)]
            motif = reverse_complement(Motif(f"unit{j}", "", half, 40))
            entries.append(Entry(row, method, None if (i, j) in absent else motif))
    motifs, table = align_entries(entries, references, None, "JASPAR", 0.05)
    return table, {motif.id: motif.probabilities for motif in motifs}


def spans(figure: Figure) -> list[tuple[float, float, float]]:
    """Left edge and width of each logo in mm, and mm per position."""
    wide = figure.get_size_inches()[0] * 25.4
    places = [(ax.get_position(), ax.get_xlim()) for ax in figure.axes]
    return [(p.x0 * wide, p.width * wide, p.width * wide / (b - a)) for p, (a, b) in places]


def letters(figure: Figure) -> list[list[tuple[float, float]]]:
    """Per logo, left and right ends of what is drawn in it, in positions of the reference."""
    found = []
    for ax in figure.axes:
        # The last patch is the shaded extent of the reference.
        ends = [patch.get_path().get_extents() for patch in ax.patches[:-1]]
        found.append((min(e.x0 for e in ends), max(e.x1 for e in ends)))
    return found


# Sizes


@pytest.mark.parametrize(
    "n_rows, methods, width",
    [
        (1, ["ExplaiNN"], 10),
        (3, ["ExplaiNN", "STREME"], 15),
        (3, ["ExplaiNN", "STREME", "a method with a very long name"], 30),
        (12, ["ExplaiNN", "STREME"], 8),
        (1, ["ExplaiNN", "STREME"], 1),
    ],
)
def test_grids_of_all_sizes_can_be_read(n_rows, methods, width):
    table, motifs = cells(n_rows, methods, width, absent=((0, 0),))
    pages = logo_grid(table, motifs)
    said = "\n".join(check_texts(page) for page in pages)
    assert len(pages) == -(-n_rows // 10)
    assert sum(len(page.axes) for page in pages) == n_rows * (len(methods) + 1) - 1
    assert said.count("reference positions") == n_rows * len(methods) - 1
    assert all(f"TF{i}\n" in said + "\n" and f"MA{i:04}.1" in said for i in range(n_rows))
    assert said.count("none") == 1 and said.count("–") == 1
    assert ("page 1 of 2" in said) == (n_rows > 10)


def test_letters_stay_readable_up_to_25_positions_in_three_columns():
    table, motifs = cells(2, ["ExplaiNN", "STREME"], 25)
    figure = logo_grid(table, motifs)[0]
    assert all(scale >= 2 for _, _, scale in spans(figure))


def test_long_names_are_cut_and_absent_motifs_leave_their_place():
    table, motifs = cells(2, ["ExplaiNN", "STREME"], 6, absent=((1, 0), (1, 1)))
    table["row"] = table["row"].str.replace("TF0", "A factor whose name nobody could remember")
    table["name"] = table["name"].str.replace("unit0", "a_motif_whose_name_nobody_could_remember")
    said = check_texts(logo_grid(table, motifs)[0])
    assert "…" in said and said.count("none") == 2 and "q = 1" in said


def test_each_method_says_how_many_motifs_it_gave_from_how_many_sequences():
    table, motifs = cells(2, ["ExplaiNN", "STREME"], 12)
    given = {"JASPAR": (np.nan, np.nan), "ExplaiNN": (100, 70_000), "STREME": (20, 4000)}
    numbers = np.array([given[column] for column in table["column"]])
    table = table.assign(n_motifs=numbers[:, 0], n_train=numbers[:, 1])
    table.loc[table["motif"] == "TF1|STREME", "n_train"] = 900
    said = check_texts(logo_grid(table, motifs)[0])
    assert "100 motifs, 70,000 sequences" in said
    assert "20 motifs, 900 to 4,000 sequences" in said
    # Known motifs were learned from none; numbers that do not fit are left out, not cut.
    known = table.assign(n_train=np.nan, n_motifs=1)
    assert "1 motif\n" in check_texts(logo_grid(known, motifs)[0]) + "\n"
    long = table.assign(n_train=range(10**11, 10**11 + len(table)))
    said = check_texts(logo_grid(long, motifs)[0])
    assert "sequences" not in said and "…" not in said


def test_a_table_without_motifs_is_said():
    table, _ = cells(1, [])
    assert "No motifs" in check_texts(logo_grid(table.iloc[:0], {})[0])
    nothing = table.assign(motif="", offset=pd.NA)
    assert check_texts(logo_grid(nothing, {})[0]).count("none") == 1


# Alignment


def test_logos_of_a_row_have_one_scale_and_the_same_positions():
    table, motifs = cells(2, ["ExplaiNN", "STREME"], 12)
    figure = logo_grid(table, motifs)[0]
    limits = [ax.get_xlim() for ax in figure.axes]
    places = spans(figure)
    for row in (0, 1):
        assert len(set(limits[3 * row : 3 * row + 3])) == 1
        assert np.ptp([scale for _, _, scale in places[3 * row : 3 * row + 3]]) < 1e-9
        assert places[row * 3][0] < places[row * 3 + 1][0] < places[row * 3 + 2][0]


def test_letters_stand_where_the_table_says():
    reference = Motif("MA1.1", "X", np.eye(4)[:, [0, 0, 1, 0, 2, 0, 0, 2, 1, 1]])
    part = Motif("unit1", "", reference.probabilities[:, 3:7])
    flank = np.full((4, 3), 0.25)
    wide = Motif("w", "", np.hstack([flank, reference.probabilities[:, 2:], flank]))
    entries = [Entry("X", "a", reverse_complement(part)), Entry("X", "b", wide)]
    motifs, table = align_entries(entries, {"X": reference}, None, "JASPAR", 0.05)
    assert table["offset"].tolist() == [0, 3, -1]
    figure = logo_grid(table, {motif.id: motif.probabilities for motif in motifs})[0]
    drawn = letters(figure)
    # Letters fill their position from -.5 to +.5; flanks without information are not drawn.
    assert drawn[0] == pytest.approx((-0.5, 9.5), abs=0.1)
    assert drawn[1] == pytest.approx((2.5, 6.5), abs=0.1)
    assert drawn[2] == pytest.approx((1.5, 9.5), abs=0.1)
    assert {ax.get_xlim() for ax in figure.axes} == {(-0.5, 9.5)}
    for ax in figure.axes:
        extent = ax.patches[-1].get_extents().transformed(ax.transData.inverted())
        assert (extent.x0, extent.x1) == pytest.approx((-0.5, 9.5))
        assert ax.get_ylim()[1] >= 2


def test_caption_counts_positions_of_the_reference():
    reference = Motif("MA1.1", "X", np.eye(4)[:, [0, 1, 2, 3, 0, 1]])
    half = Motif("unit1", "", reference.probabilities[:, :3])
    motifs, table = align_entries([Entry("X", "a", half)], {"X": reference}, None, "JASPAR", 0.05)
    said = check_texts(logo_grid(table, {m.id: m.probabilities for m in motifs})[0])
    assert "unit1 · q = 1\n3 of 6 reference positions; 3 informative" in said
    assert "X\n6 informative positions" in said


# One reference above several assays


def assays(absent: tuple[str, ...] = (), left_out: tuple[str, ...] = ()) -> tuple:
    rng = np.random.default_rng(SEED)
    reference = random_motif(rng, 11, "MA0037.4")
    methods = {"ChIP-seq": "STREME", "HT-SELEX": "Autoseed", "PBM": "Seed-and-Wobble"}
    entries = []
    for row, method in methods.items():
        motif = Motif("m", f"motif_of_{method}", reference.probabilities[:, 2:9])
        entries.append(Entry(row, "ExplaiNN", reverse_complement(motif)))
        if method not in left_out:
            entries.append(Entry(row, method, None if method in absent else motif))
    rows = {"JASPAR": reference} | dict.fromkeys(methods, reference)
    motifs, table = align_entries(entries, rows, None, "JASPAR", 0.05)
    return table, motifs


def test_methods_of_assays_share_a_column():
    table, _ = assays()
    shared = method_columns(table, ("JASPAR", "ExplaiNN"), "assay-specific method")
    own = shared[shared["column"] == "assay-specific method"]
    assert own["method"].tolist() == ["STREME", "Autoseed", "Seed-and-Wobble"]
    assert own["row"].tolist() == ["ChIP-seq", "HT-SELEX", "PBM"]
    assert (shared.drop(own.index)["method"] == "").all()
    twice = pd.concat([table, table[table["column"] == "STREME"].assign(column="HMM")])
    titles = method_columns(twice, ("JASPAR", "ExplaiNN"), "other")
    found = titles[titles["row"] == "ChIP-seq"].set_index("method")["column"]
    assert found["STREME"] == "other" and found["HMM"] == "other 2"


def test_one_reference_stands_above_all_assays():
    table, motifs = assays(absent=("Autoseed",), left_out=("Seed-and-Wobble",))
    shared = method_columns(table, ("JASPAR", "ExplaiNN"), "assay-specific method")
    pages = logo_grid(shared, {m.id: m.probabilities for m in motifs}, reference_on_top=True)
    said = check_texts(pages[0])
    assert "Autoseed · none" in said and "not given" in said
    assert "STREME · motif_of_STREME" in said
    # Above each of the two columns, and no row of its own in which nothing is compared.
    assert said.count("MA0037.4") == 2 and said.count("informative positions") == 1
    assert len(pages[0].axes) == 2 + 3 + 1
    assert len({ax.get_xlim() for ax in pages[0].axes}) == 1


def test_several_references_cannot_stand_above():
    table, motifs = cells(2, ["ExplaiNN"])
    with pytest.raises(InputError, match="found: MA0000.1, MA0001.1"):
        logo_grid(table, motifs, reference_on_top=True)
    rest = table[table["column"] != "JASPAR"]
    with pytest.raises(InputError, match="found: none"):
        logo_grid(rest, motifs, reference_on_top=True)


# Scripts


def run_script(root, folder, name: str, table: pd.DataFrame, motifs: list[Motif], **params):
    spec = importlib.util.spec_from_file_location(name, root / f"scripts/figures/{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    write_table(table, folder / "table.tsv")
    write_meme(folder / "motifs.meme", motifs)
    outputs = {kind: str(folder / f"{name}.{kind}") for kind in ("pdf", "png", "tsv")}
    paths = str(folder / "table.tsv"), str(folder / "motifs.meme")
    script.main(*paths, reference_label="JASPAR", outputs=outputs, **params)
    assert (folder / f"{name}.png").stat().st_size > 5000
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    return pd.read_csv(outputs["tsv"], sep="\t", keep_default_na=False)


def test_source_data_are_the_aligned_motifs(root, tmp_path):
    rng = np.random.default_rng(SEED)
    # A factor called NA, and names of motifs that look like numbers.
    reference = random_motif(rng, 8, "MA0001.1")
    entries = [
        Entry("NA", "ExplaiNN", Motif("1", "1e5", reference.probabilities[:, 1:])),
        Entry("NA", "STREME", None),
    ]
    motifs, table = align_entries(entries, {"NA": reference}, None, "JASPAR", 0.05)
    source = run_script(root, tmp_path, "figure_3e", table, motifs)
    assert source["row"].tolist() == ["NA"] * 3 and source["name"].tolist()[1:] == ["1e5", ""]
    assert source["motif"].tolist() == ["NA|JASPAR", "NA|ExplaiNN", ""]


def test_source_data_of_the_assays_name_the_methods(root, tmp_path):
    table, motifs = assays(absent=("Autoseed",))
    source = run_script(root, tmp_path, "figure_3g", table, motifs, model_label="ExplaiNN")
    own = source[source["column"] == "assay-specific method"]
    assert own["method"].tolist() == ["STREME", "Autoseed", "Seed-and-Wobble"]
