"""TF-MoDISco's patterns as a figure: which are drawn, what is said of them, pages that fit."""

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_texts
from test_robustness import load_script, outputs

from workflow_lib.figures import pages, pattern_sheet, style
from workflow_lib.motif import write_meme
from workflow_lib.motifs.modisco import PATTERN_COLUMNS, TARGET_COLUMNS, Discovery, Pattern, tables
from workflow_lib.tables import write_run_table

RUN = {"dataset": "tfs", "model": "explainn", "seed": "0", "method": "ism"}
LONG = "a_target_with_a_long_name " * 5  # 130 letters
MATCH = ["unit", "profile", "name", "q_value"]


def discovery(n_pos: int, n_neg: int = 0, note: str = "", width: int = 8) -> Discovery:
    """Patterns with fewer and fewer seqlets, as `discover` gives them."""
    rng = np.random.default_rng(0)
    patterns = [
        Pattern(sign, i, rng.dirichlet(np.full(4, 0.1), width).T, 1000 - 10 * i)
        for sign, n in (("pos", n_pos), ("neg", n_neg))
        for i in range(n)
    ]
    return Discovery(patterns, 500, note)


def drawn(found, annotation=None, title="TF-MoDISco: x on y") -> tuple[pd.DataFrame, list]:
    motifs, patterns, targets = tables(found)
    # As they are read from files, where an empty note is missing.
    targets = targets.assign(note=targets["note"].where(targets["note"] != ""))
    annotation = pd.DataFrame(columns=MATCH) if annotation is None else annotation
    table = pattern_sheet.pattern_table(patterns, targets, annotation)
    logos = {motif.id: motif.probabilities for motif in motifs}
    return table, pattern_sheet.pattern_sheet(table, logos, title, len(targets))


def check_pages(figures) -> str:
    for figure in figures:
        width, height = figure.get_size_inches()
        assert height <= 1.2501 * width
    return "\n".join(check_texts(figure) for figure in figures)


def test_the_patterns_with_the_most_seqlets_of_each_target_and_sign():
    found = {"none": discovery(0, note="7 sequences, fewer than 20"), "b": discovery(23, 1)}
    table, figures = drawn(found | {"a": discovery(0, 3)})
    of_b = table[(table["target"] == "b") & (table["sign"] == "pos")]
    assert of_b["n_seqlets"].tolist() == list(range(1000, 920, -10))
    assert (of_b["n_patterns"] == 23).all() and (of_b["n_sequences"] == 500).all()
    # Targets in their order, positive patterns first, those without patterns last.
    assert list(dict.fromkeys(zip(table["target"], table["sign"].fillna("")))) == [
        ("b", "pos"), ("b", "neg"), ("a", "neg"), ("none", ""),
    ]  # fmt: skip
    said = check_pages(figures)
    assert "8 of 23 patterns that raise the prediction; 500 sequences" in said
    assert "1 pattern that lowers the prediction" in said and "3 patterns that lower" in said
    assert "no patterns: 7 sequences, fewer than 20" in said and "1,000 seqlets" in said
    logos = [ax for figure in figures for ax in figure.axes]
    assert len(logos) == table["unit"].notna().sum() == 12


def test_a_pattern_has_its_best_match():
    rows = [("a.pos_1", "MA1", "GATA1", 1e-3), ("a.pos_1", "MA2", "GATA4", 2e-9)]
    rows.append(("a.neg_0", "MA3", "REST", 0.02))
    table, figures = drawn({"a": discovery(2, 1)}, pd.DataFrame(rows, columns=MATCH))
    assert table.set_index("unit")["profile"].to_dict() == {
        "a.pos_0": np.nan, "a.pos_1": "MA2", "a.neg_0": "MA3",
    }  # fmt: skip
    said = check_pages(figures)
    assert "GATA4" in said and "q = 2e-09" in said and "GATA1" not in said
    assert said.count("no known motif") == 1


def test_many_targets_with_long_names_and_wide_patterns_stay_readable():
    found = {f"{i} {LONG}": discovery(6, 5 * (i % 2), LONG, 1 + i) for i in range(40)}
    names = pd.DataFrame({"unit": [f"{i}_{'_'.join(LONG.split())}.pos_0" for i in range(40)]})
    match = names.assign(profile="MA1", name="NR1H4::RXRA(var.2)::" * 5, q_value=1e-300)
    table, figures = drawn(found, match)
    assert table["target"].nunique() == 30 and (table["n_patterns"].dropna() >= 5).all()
    assert table.groupby(["target", "sign"]).size().max() == 4
    said = check_pages(figures)
    assert "30 of 40 targets are drawn" in " ".join(said.split())
    assert f"Page 2 of {len(figures)}" in " ".join(said.split())
    # Nothing of a long name is lost.
    assert "".join(said.split()).count("".join(LONG.split())) >= 30


@pytest.mark.parametrize("note", ["", "no patterns: no 20 seqlets resemble each other", "x" * 200])
def test_a_run_without_patterns_says_so(note):
    _, (figure,) = drawn({LONG: discovery(0, note=note), "b": discovery(0, note=note)})
    said = " ".join(check_pages([figure]).split())
    assert "There are no patterns. 2 targets:" in said and said.count("no patterns") == 1


def test_no_target_at_all_is_a_picture_too():
    _, (figure,) = drawn({})
    assert "There are no patterns" in check_pages([figure])


def test_the_script_reads_what_the_steps_write(root, tmp_path):
    motifs, patterns, targets = tables({"a b": discovery(3), "7": discovery(0, note="few")})
    paths = {name: str(tmp_path / name) for name in ("meme", "patterns", "targets", "annotation")}
    write_meme(paths["meme"], motifs)
    write_run_table(patterns, RUN, paths["patterns"])
    write_run_table(targets, RUN, paths["targets"])
    write_run_table(pd.DataFrame(columns=MATCH), RUN, paths["annotation"])
    script = load_script(root, "figures/modisco_patterns")
    script.main(paths, "title", **outputs(tmp_path))
    table = pd.read_csv(tmp_path / "figure.tsv", sep="\t")
    assert table["unit"].tolist()[:3] == ["a_b.pos_0", "a_b.pos_1", "a_b.pos_2"] and len(table) == 4
    # Files without a row have no types.
    write_meme(paths["meme"], [])
    write_run_table(pd.DataFrame(columns=PATTERN_COLUMNS), RUN, paths["patterns"])
    for rows in (targets.assign(n_patterns=0), pd.DataFrame(columns=TARGET_COLUMNS)):
        write_run_table(rows, RUN, paths["targets"])
        script.main(paths, "title", **outputs(tmp_path))
        assert len(pd.read_csv(tmp_path / "figure.tsv", sep="\t")) == len(rows)


@pytest.mark.parametrize("text", ["W" * 130, LONG, "a", "", "x" + " y" * 300, "0.62 to −0.7"])
@pytest.mark.parametrize("room", [12, 40, 179])
def test_lines_of_a_sentence_fit_and_lose_nothing(text, room):
    lines = pages.in_lines(text, room)
    assert style.text_width(lines) <= room
    assert "".join("".join(lines).split()) == "".join(text.split())
    # As long as they can be: with the next word a line would not fit.
    if LONG != text and " " in text:
        firsts = [line.split()[0] for line in lines[1:]]
        longer = [f"{line} {word}{word}" for line, word in zip(lines, firsts)]
        assert all(style.text_width([line]) > 0.9 * room for line in longer)
