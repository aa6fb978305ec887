"""MoDISco: planted motifs are found, nothing to find is said, one failure stays one."""

import importlib.util
import logging
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workflow_lib.errors import InputError
from workflow_lib.interpret.attribution_file import Group, Header, write
from workflow_lib.motif import Motif, consensus, read_meme, trim, write_meme
from workflow_lib.motifs import jaspar, modisco
from workflow_lib.motifs.modisco import Discovery, Pattern, discover, discover_all, tables
from workflow_lib.motifs.tomtom import annotate, tomtom
from workflow_lib.sequence import encode

RAISING, LOWERING = "MA0148.4", "MA0102.4"  # FOXA1 raises the prediction, CEBPA lowers it
RUN = {"dataset": "toy", "model": "explainn", "seed": "5", "method": "ism"}


@pytest.fixture(scope="module")
def database():
    return jaspar.profiles()


def planted(motifs, n=130, length=200, seed=0):
    """Attributions of noise, and in each sequence one site of each (motif, sign), either strand."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    scores = rng.normal(0, 0.04, (n, 4, length)).astype(np.float32)
    room = length // len(motifs)
    for row in range(n):
        for i, (motif, sign) in enumerate(motifs):
            matrix = motif.probabilities[:, :: (-1) ** rng.integers(2)]
            if not np.array_equal(matrix, motif.probabilities):
                matrix = matrix[::-1]
            site = [rng.choice(4, p=column / column.sum()) for column in matrix.T]
            start = i * room + rng.integers(room - motif.width + 1)
            place = slice(start, start + motif.width)
            codes[row, place] = site
            scores[row, :, place] += sign * 0.2 * np.log2((matrix + 0.01) * 4)
    return scores, codes


def random_part(n=30, length=60, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    return rng.normal(0, 1, (n, 4, length)).astype(np.float32), codes


def raw_pattern(sequence, contributions, n):
    """A pattern as the package gives it: arrays (width, 4)."""
    return SimpleNamespace(
        sequence=np.asarray(sequence, dtype=float),
        contrib_scores=np.asarray(contributions, dtype=float),
        seqlets=[None] * n,
    )


@pytest.fixture
def fake(monkeypatch):
    """Puts a function in the package's place that notes what it is given."""

    def replace(answer=(None, None)):
        calls = []

        def called(scores, letters, max_seqlets):
            calls.append((scores, letters, max_seqlets))
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(modisco, "_tfmodisco", called)
        return calls

    return replace


def matches(pattern, database):
    motif = Motif("x", "", pattern.probabilities, pattern.n_seqlets)
    return set(tomtom([motif], database[0])["profile"])


# --- the package itself ---------------------------------------------------------------------------


@pytest.mark.slow
def test_planted_motifs_are_found_with_their_sign_again_and_again(database):
    by_id = {motif.id: motif for motif in database[0]}
    scores, codes = planted([(trim(by_id[RAISING]), 1), (trim(by_id[LOWERING]), -1)])
    given = scores.copy(), codes.copy()
    modisco.use_threads(1)
    found = discover(scores, codes)
    assert [(p.sign, p.number) for p in found.patterns] == [("pos", 0), ("neg", 0)]
    assert (found.n_sequences, found.note) == (130, "")
    for pattern, wanted in zip(found.patterns, (RAISING, LOWERING)):
        assert wanted in matches(pattern, database)
        assert 20 <= pattern.n_seqlets <= 130
        np.testing.assert_allclose(pattern.probabilities.sum(axis=0), 1)
        # Cut to the core: little more than the planted motif.
        assert 6 <= pattern.probabilities.shape[1] <= 16
    modisco.use_threads(2)
    again = discover(scores, codes)
    assert len(again.patterns) == 2
    for one, other in zip(found.patterns, again.patterns):
        assert np.array_equal(one.probabilities, other.probabilities)
        assert one.n_seqlets == other.n_seqlets
    assert np.array_equal(given[0], scores) and np.array_equal(given[1], codes)


@pytest.mark.slow
def test_short_sequences_have_patterns_and_noise_has_none(database):
    motif = next(motif for motif in database[0] if motif.id == RAISING)
    found = discover(*planted([(trim(motif), 1)], n=300, length=60))
    assert [p.sign for p in found.patterns] == ["pos"]
    assert RAISING in matches(found.patterns[0], database)
    noise = discover(*random_part(200, 200))
    assert noise.patterns == [] and "no 20 seqlets" in noise.note


# --- nothing to look for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ((np.zeros((30, 4, 60), np.float32), random_part()[1]), "all attributions are zero"),
        (random_part(19), "19 sequences, fewer than 20"),
        (random_part(0), "0 sequences, fewer than 20"),
        (random_part(30, 14), "14 positions, fewer than 15"),
        ((random_part()[0] * np.nan, random_part()[1]), "30 sequences without finite"),
        ((random_part()[0], np.full((30, 60), 4, np.uint8)), "all attributions are zero"),
    ],
)
def test_an_empty_result_has_a_reason(fake, part, says):
    calls = fake()
    found = discover(*part)
    assert found.patterns == [] and says in found.note and not calls
    assert found.n_sequences == len(part[1])


def test_no_patterns_is_a_result_too(fake):
    fake(([], None))
    assert "no patterns" in discover(*random_part()).note


def test_none_at_all_is_too_few_even_where_no_number_is_wanted(fake):
    fake()
    assert "0 sequences" in discover(*random_part(0), min_sequences=0).note


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"window": 0}, "window: found 0"),
        ({"max_seqlets": 0}, "max_seqlets: found 0"),
        ({"trim": 1.5}, "trim: found 1.5"),
    ],
)
def test_settings_out_of_range_are_named(fake, setting, says):
    fake()
    with pytest.raises(InputError, match=says):
        discover(*random_part(), **setting)


# --- what goes in and what comes out --------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "start", "stop"), [(None, 0, 61), (400, 0, 61), (21, 20, 41), (20, 20, 40)]
)
def test_the_window_is_the_middle_of_the_finite_sequences(fake, window, start, stop):
    calls = fake()
    scores, codes = random_part(30, 61)
    scores[3, 1, 30] = np.inf
    codes[0, 30] = 4
    assert "1 sequences without" in discover(scores, codes, window, max_seqlets=500).note
    given, letters, max_seqlets = calls[0]
    kept = np.arange(30) != 3
    assert np.array_equal(given, scores[kept][:, :, start:stop]) and max_seqlets == 500
    assert np.array_equal(letters.argmax(axis=1)[1:], codes[kept][1:, start:stop])
    assert letters[0, :, 30 - start].sum() == 0


def test_a_pattern_is_cut_to_its_core_by_contribution(fake):
    sequence = np.eye(4)[[3, 0, 1, 2, 3, 0]]
    sequence[3] *= 0.5  # half of the seqlets have an N here
    sequence[2] = 0  # all of them have one
    strength = np.array([0.29, -1, 0.1, 0.2, 0.31, 0.2])
    raw = raw_pattern(sequence, np.eye(4)[[3, 0, 1, 2, 3, 0]] * strength[:, None], 25)
    fake(([raw], [raw, raw]))
    found = discover(*random_part())
    assert [(p.sign, p.number) for p in found.patterns] == [("pos", 0), ("neg", 0), ("neg", 1)]
    first = found.patterns[0]
    assert consensus(first.probabilities) == "AnGT" and first.n_seqlets == 25
    assert np.array_equal(first.probabilities[:, 2], [0, 0, 1, 0])
    whole = discover(*random_part(), trim=0).patterns[0].probabilities
    assert consensus(whole) == "TAnGTA"


def test_one_targets_failure_leaves_the_others(monkeypatch, caplog):
    pattern = Pattern("pos", 0, np.eye(4)[:, [0, 1, 2]], 40)

    def sometimes(scores, codes, **settings):
        if len(codes) == 25:
            raise ValueError("zero-size array\nto reduction operation")
        return Discovery([pattern], len(codes))

    monkeypatch.setattr(modisco, "discover", sometimes)
    parts = [(name, *random_part(n)) for name, n in [("A", 24), ("B b", 25), ("C c", 26)]]
    with caplog.at_level(logging.INFO, "workflow_lib"):
        found = discover_all(iter(parts), 3, {})
    assert [len(result.patterns) for result in found.values()] == [1, 0, 1]
    assert "target 3 of 3: C c, 26 sequences, 1 patterns" in caplog.text
    assert "ValueError: zero-size array" in caplog.text
    motifs, patterns, targets = tables(found)
    assert [motif.id for motif in motifs] == ["A.pos_0", "C_c.pos_0"]
    assert list(patterns["target"]) == ["A", "C c"] and list(patterns["n_seqlets"]) == [40, 40]
    assert list(patterns["note"]) == ["narrow: 3 positions"] * 2
    assert list(targets["note"]) == [
        "",
        "MoDISco failed: ValueError: zero-size array to reduction operation",
        "",
    ]
    assert list(targets["n_sequences"]) == [24, 25, 26]


@pytest.mark.parametrize("error", [ImportError("no modiscolite"), InputError("trim: found 2")])
def test_errors_common_to_all_targets_are_raised(fake, error):
    fake(error)
    with pytest.raises(type(error), match=str(error)):
        discover_all([("A", *random_part())], 1, {})


def test_targets_whose_names_differ_only_in_spaces_have_motifs_of_their_own():
    found = {
        name: Discovery([Pattern("pos", 0, np.eye(4), 30)], 30) for name in ("NK T", "NK_T", "B")
    }
    assert [m.id for m in tables(found)[0]] == ["NK_T.pos_0", "NK_T_2.pos_0", "B.pos_0"]


# --- the script, and Tomtom on what it writes -----------------------------------------------------


def write_attributions(path, parts):
    groups = (
        Group(number, name, 99, 50, list("i" * len(codes)), codes, scores, np.zeros(len(codes)))
        for number, (name, scores, codes) in enumerate(parts)
    )
    write(path, Header("explainn", "ism", [name for name, *_ in parts], {}), groups)


def run(script, root, *args, **kwargs):
    spec = importlib.util.spec_from_file_location(script, root / "scripts" / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(*args, **kwargs)


def annotated(root, folder, database):
    """What the workflow does with the motifs: the script that names filters names them."""
    write_meme(folder / "db.meme", database[0])
    database[1].to_csv(folder / "db.tsv", sep="\t", index=False)
    names = (str(folder / name) for name in ("m.meme", "db.meme", "db.tsv"))
    run("annotate", root, RUN, *names, q_value=0.05, output=str(folder / "a.tsv"))
    return pd.read_csv(folder / "a.tsv", sep="\t", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("found_any", [True, False])
def test_script_writes_motifs_and_tables_also_without_any(
    root, tmp_path, fake, database, found_any
):
    profile = next(motif for motif in database[0] if motif.id == RAISING).probabilities.T
    raw = raw_pattern(profile, profile - 0.25, 33)
    fake(([raw], None) if found_any else (None, None))
    parts = [(f"T{i}", *random_part(30)) for i in range(11)]
    parts[2] = ("GATA3", *random_part(0))
    write_attributions(tmp_path / "a.h5", parts)
    names = {"meme": "m.meme", "patterns": "m.tsv", "targets": "m.targets.tsv"}
    outputs = {key: str(tmp_path / name) for key, name in names.items()}
    run("modisco", root, RUN, str(tmp_path / "a.h5"), {"min_sequences": 25}, outputs)
    patterns = pd.read_csv(outputs["patterns"], sep="\t", keep_default_na=False)
    targets = pd.read_csv(outputs["targets"], sep="\t", keep_default_na=False)
    assert list(patterns) == [*RUN, *modisco.PATTERN_COLUMNS]
    assert list(targets) == [*RUN, *modisco.TARGET_COLUMNS]
    for table in (patterns, targets):
        assert table[list(RUN)].astype(str).to_dict("records") == [RUN] * len(table)
    # In the targets' order, 10 after 9, the one without sequences too.
    assert list(targets["target"]) == [name for name, *_ in parts]
    assert targets["note"][2] == "0 sequences, fewer than 25"
    motifs = read_meme(outputs["meme"])
    expected = [f"{name}.pos_0" for name, *_ in parts if name != "GATA3"] if found_any else []
    assert [motif.id for motif in motifs] == list(patterns["unit"]) == expected
    assert {motif.n_sites for motif in motifs} <= {33}
    named = annotated(root, tmp_path, database)
    assert set(named["unit"]) == set(expected)
    assert list(named)[:4] == list(RUN) and set(named["seed"]) <= {"5"}
    if found_any:
        assert named.loc[named["unit"] == "T10.pos_0", "profile"].iloc[0] == RAISING


@pytest.mark.parametrize("width", [1, 4, 50])
def test_tomtom_takes_a_motif_of_any_width_with_any_name(database, width):
    best = encode(["CACGTGAC" * 10])[0][:width]
    motif = Motif("GATA3.pos_0", "", np.eye(4)[:, best], 30)
    # Beside another one: memelite is compiled once more for a query of a single column.
    other = Motif("GATA3.pos_1", "", np.eye(4), 30)
    pairs = annotate(tomtom([motif, other], database[0], q_threshold=1), database[1])
    assert len(pairs) == 2 * len(database[0])
    pairs = pairs[pairs["unit"] == "GATA3.pos_0"]
    assert len(pairs) == len(database[0])
    assert pairs["p_value"].between(0, 1).all()
    assert pairs["overlap"].max() <= width


def test_tomtom_passes_over_flat_motifs_and_takes_none(database):
    flat = Motif("GATA3.pos_0", "", np.full((4, 12), 0.25), 30)
    known = next(motif for motif in database[0] if motif.id == RAISING)
    same = Motif("GATA3.neg_0", "", known.probabilities, 30)
    pairs = annotate(tomtom([flat, same], database[0]), database[1])
    assert set(pairs["unit"]) == {"GATA3.neg_0"} and pairs["profile"][0] == RAISING
    for queries in ([], [flat]):
        empty = annotate(tomtom(queries, database[0]), database[1])
        assert len(empty) == 0 and list(empty) == list(pairs)
