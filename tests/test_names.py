"""Names of any length in figures: in their room, distinct, and readable in every figure."""

import re

import pytest
from figure_checks import check_texts
from figure_gallery import gallery, long_names
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from workflow_lib.figures.names import fitted, legend_columns
from workflow_lib.figures.style import MAX_PROPORTION, message, settle, style, text_width

SLOW = pytest.mark.slow
LETTERS = st.text("abcABC019 _-:,.;/()+", min_size=1, max_size=130).map(str.strip).filter(bool)


# The text of a name


@given(st.lists(LETTERS, min_size=1, max_size=12), st.sampled_from([14, 30, 60]), st.integers(1, 3))
def test_names_stay_in_their_room_and_distinct(names, room, lines):
    drawn = fitted(names, room, lines)
    assert set(drawn) == set(names)
    joined = [" ".join(text.split()) for text in drawn.values()]
    plain = [" ".join(name.split()) for name in drawn]
    assert len(set(joined)) >= len(set(plain))
    for name, text in drawn.items():
        assert text.count("\n") < lines and text_width(text.split("\n")) <= room + 1e-6
        if text_width([name]) <= room:
            assert text == name or list(drawn.values()).count(name) == 1


def test_both_ends_of_a_name_are_kept_and_lines_end_between_words():
    name = "DNASE:skin fibroblast of the abdomen, adult, 97 years"
    assert re.fullmatch("DNASE:skin.*….* years", fitted([name], 36)[name])
    assert fitted([name], 30, 3)[name] == "DNASE:skin fibroblast of the\nabdomen, adult, 97 years"
    assert fitted(["short"], 30)["short"] == "short" and fitted([], 30) == {}


def test_names_that_differ_only_in_the_middle_show_where_they_differ():
    names = [f"ENCODE_{'x' * 40}_donor_{i}_{'y' * 60}_replicate" for i in ("1", "2", "17")]
    for name, text in fitted(names, 30).items():
        assert re.search(r"\d+", name)[0] in text


def test_bold_and_large_text_gets_less():
    name = "a name of some forty letters, or more yet"
    assert len(fitted([name], 30, size=7, weight="bold")[name]) < len(fitted([name], 30)[name])


def test_a_legend_has_as_many_columns_as_fit():
    assert [legend_columns([name], 100) for name in ("a", "b" * 30, "c" * 300)] == [9, 2, 1]


def test_a_long_message_is_wrapped():
    check_texts(message(f"Nothing to draw for {'x' * 130}, {'y ' * 200}."))


# The figures


def drawn_pages(draw) -> list[Figure]:
    pages = draw()
    pages = [pages] if isinstance(pages, Figure) else pages
    with style():
        for page in pages:
            settle(page)
    return pages


KINDS = {
    "short": (lambda n: [f"TARGET{i}" for i in range(n)], 6),
    "long": (long_names, 6),
    "many": (long_names, 60),
    "one": (long_names, 1),
}


# Names of data sets and models hold neither spaces nor colons.
MODELS = [re.sub(r"[^\w.-]", "_", name) for name in long_names(9)]


# Scripts whose figures draw no such name: numbers of units, methods, binding modes.
NAMELESS = {"figure_1d", "sanity_correlations", "recurring_modes"}


def test_every_figure_script_is_drawn_here(root):
    scripts = {path.stem for path in (root / "scripts/figures").glob("*.py")}
    assert scripts - NAMELESS == {name.split(",")[0] for name in gallery(long_names(6), MODELS)}


@pytest.mark.parametrize("name", gallery(long_names(6), MODELS))
@pytest.mark.parametrize(
    "kind", ["long", *(pytest.param(k, marks=SLOW) for k in KINDS if k != "long")]
)
def test_every_name_can_be_read_on_a_page_that_fits_on_a_screen(kind, name):
    names, n = KINDS[kind]
    for page in drawn_pages(gallery(names(n), MODELS if names is long_names else names(9))[name]):
        check_texts(page)
        width, height = page.get_size_inches()
        assert height <= MAX_PROPORTION * width


def test_long_names_have_40_to_130_letters_and_differ():
    names = long_names(60)
    assert len(set(names)) == 60 and {40, 130} <= {*map(len, names), 40, 130}
    assert min(map(len, names)) >= 40 and max(map(len, names)) <= 130 and max(map(len, names)) > 100
