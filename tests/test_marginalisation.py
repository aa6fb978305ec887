"""Patterns in backgrounds: designs, effects and intervals, by hand-made models and tangermeme."""

import itertools
import runpy

import h5py
import numpy as np
import pandas as pd
import pytest
import tangermeme.ersatz
import tangermeme.marginalize
import tangermeme.space
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from workflow_lib import models
from workflow_lib.errors import InputError
from workflow_lib.figures.distance_curves import FEWEST_POSITIVE
from workflow_lib.interpret import experiments, marginalisation_file
from workflow_lib.interpret.backgrounds import KINDS, backgrounds, between_quantiles
from workflow_lib.interpret.embedding import Placed, check_design, embed, outputs
from workflow_lib.interpret.experiments import EXPERIMENTS, Setting, contrasts, words
from workflow_lib.interpret.hdf5 import Header, write_header
from workflow_lib.interpret.marginalisation import (
    all_designs,
    median_interval,
    predicted,
    summary,
    with_mutations,
    without_effect,
)
from workflow_lib.interpret.patterns import (
    Pattern,
    chosen_patterns,
    draws,
    from_consensus,
    from_motif,
    own_patterns,
)
from workflow_lib.models.published import load_published
from workflow_lib.motif import Motif
from workflow_lib.one_hot import one_hot
from workflow_lib.sequence import UNKNOWN, decode, encode, gc_content, reverse_complement

LENGTH = 100
OPTIONS = {
    "single": {"positions": 5}, "copies": {"most": 4, "gap": 3},
    "spacing": {"positions": None, "step": 1}, "pairs": {"gaps": [2, 9]}, "kmers": {"k": 2},
}  # fmt: skip
WORDS = {"red": "AACTATCG", "blue": "ACGGTCAC"}


def hand_made(fc_layers: int) -> torch.nn.Module:
    """An ExplaiNN with one unit for each of WORDS, which only its exact word activates."""
    sizes = {"units": 2, "filter_size": 8, "fc_layers": fc_layers, "fc_nodes": 1, "dropout": 0.0}
    net = models.build("explainn", length=LENGTH, n_targets=1, **sizes).eval()
    net.target_names = ["activity"]
    with torch.no_grad():
        for i, word in enumerate(WORDS.values()):
            # exp(30 x (matches - 8)): 1 for the word, at most 1e-13 else.
            net.conv.weight[i] = 30 * one_hot(encode([word]))[0]
            net.conv.bias[i] = -30 * len(word)
        for layer in net.fc:
            layer.weight.fill_(1.0)
            layer.bias.fill_(0.0)
        net.final.weight[:] = torch.tensor([[2.0, 0.5]])
        net.final.bias.fill_(0.25)
    return net


def setting(net_words=WORDS, n=30, position=None, **options) -> Setting:
    X = backgrounds("uniform", np.empty((0, 0)), n, 0, LENGTH)
    patterns = [from_consensus(name, word) for name, word in net_words.items()]
    return Setting(patterns, X, position, OPTIONS | options)


def table_of(net, experiment: str, of: Setting) -> pd.DataFrame:
    found = contrasts(experiment, of)
    designs = all_designs(found)
    drawn = [draws(pattern, len(of.X), False, 0) for pattern in of.patterns]
    values = dict(zip(designs, outputs(net, of.X, designs, drawn), strict=True))
    return summary(found, values, net.target_names)


@pytest.mark.parametrize("fc_layers", [0, 1, 2])
def test_different_units_add_up_exactly_at_every_distance(fc_layers):
    table = table_of(hand_made(fc_layers), "spacing", setting())
    apart = table[table["fixed"] != table["slid"]]
    assert np.abs(apart["excess"]).max() < 1e-6 and np.abs(apart["ratio"] - 1).max() < 1e-6
    assert len(apart) == 2 * (LENGTH - 3 * 8 + 2)  # wherever the two words do not overlap
    assert (apart["effect"] > 2).all() or fc_layers  # each adds its own part
    assert (apart["positive_sum"] == 1).all()


def test_the_maximum_of_a_whole_map_saturates_for_two_copies_of_a_motif():
    table = table_of(hand_made(0), "spacing", setting())
    same = table[(table["fixed"] == "red") & (table["slid"] == "red")]
    # b = bias + both units at 0; A = b + 2: A / (2 A - b), whatever the distance.
    b, a = 0.25, 2.25
    assert np.abs(same["ratio"] - a / (2 * a - b)).max() < 1e-6
    assert np.abs(same["excess"] - (a - (2 * a - b))).max() < 1e-6


@pytest.mark.parametrize("shift", [0.0, -1.0, -30.0])
def test_where_outputs_are_negative_the_excess_says_what_the_ratio_turns_around(shift):
    rng = np.random.default_rng(0)
    at = Placed(0, 10), Placed(1, 40)
    b = rng.normal(shift, 0.5, (400, 1))
    alone = [b + 0.5, b + 0.25]
    found = {(): b, at[:1]: alone[0], at[1:]: alone[1], at: sum(alone) - b + 0.3}
    contrast = experiments.Contrast({}, at, (at[:1], at[1:]))
    (row,) = summary([contrast], found, ["y"]).itertuples()
    assert row.excess == row.excess_low == row.excess_high == pytest.approx(0.3)
    positive = (b + 0.75 > 0).mean()
    assert row.positive_sum == pytest.approx(positive)
    # Synergy is a ratio above 1 where the sum is positive, and one below 1 where it is not.
    assert {0.0: positive > 0.9 and row.ratio > 1, -1.0: 0.2 < positive < 0.5,
            -30.0: positive == 0 and row.ratio < 1}[shift]  # fmt: skip


def test_two_copies_add_up_where_each_has_a_pooling_window_of_its_own():
    table = table_of(hand_made(1), "copies", setting(copies={"most": 3, "gap": 10}))
    red = table[table["motif"] == "red"].set_index("copies")
    assert np.allclose(red["excess"], 0, atol=1e-5)
    assert np.allclose(red["effect"], red.loc[1, "effect"] * red.index.to_numpy(), atol=1e-5)


def trained_like(n_targets=2, length=LENGTH) -> torch.nn.Module:
    torch.manual_seed(0)
    net = models.build("cnn1", length=length, n_targets=n_targets, filters=8, fc_nodes=12)
    for _ in range(3):  # until batch norm has its statistics
        net.train()(torch.rand(16, 4, length))
    net.target_names = ["x", "y"][:n_targets]
    return net.eval()


def test_effects_are_tangermemes_marginalisation():
    net, of = trained_like(), setting(n=9)
    position = of.start(0)
    values = dict(zip([(), (Placed(0, position),)], outputs(
        net, of.X, [(), (Placed(0, position),)], [draws(of.patterns[0], 9, False, 0)] * 2,
    ), strict=True))  # fmt: skip
    before, after = tangermeme.marginalize.marginalize(
        net, one_hot(of.X), WORDS["red"], start=position, device="cpu"
    )
    assert np.allclose(values[()], before, atol=1e-6)
    assert np.allclose(values[(Placed(0, position),)], after, atol=1e-6)
    table = table_of(net, "single", of)
    here = (table["motif"] == "red") & table["central"] & (table["strand"] == "+")
    row = table[here & (table["target"] == "x")]
    assert row["effect"].iloc[0] == pytest.approx(float((after - before)[:, 0].median()), abs=1e-6)


def test_pairs_at_a_distance_are_tangermemes_space():
    net, of = trained_like(), setting(n=7)
    gap, first = 9, 30
    design = (Placed(0, first), Placed(1, first + 8 + gap))
    (found,) = outputs(net, of.X, [design], [draws(p, 7, False, 0) for p in of.patterns])
    _, spaced = tangermeme.space.space(
        net, one_hot(of.X), list(WORDS.values()), [[gap]], start=first, device="cpu"
    )
    assert np.allclose(found, np.asarray(spaced)[:, 0], atol=1e-6)


@given(st.data())
def test_embedding_changes_nothing_but_the_patterns_places(data):
    n, length = data.draw(st.integers(1, 4)), data.draw(st.integers(12, 20))
    X = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 4, (n, length), np.uint8)
    starts = data.draw(st.sampled_from([(0, 5), (1, length - 5), (length - 10, length - 5)]))
    strands = data.draw(st.sampled_from(list(itertools.product("+-", repeat=2))))
    words = ["ACGTN", "GGNTC"]
    drawn = [np.repeat(encode([word]), n, axis=0) for word in words]
    made = embed(X, [Placed(i, *p) for i, p in enumerate(zip(starts, strands))], drawn)
    complement = str.maketrans("ACGTN", "TGCAN")
    for before, after in zip(decode(X), decode(made), strict=True):
        for start, strand, word in zip(starts, strands, words, strict=True):
            word = word if strand == "+" else word[::-1].translate(complement)
            place = slice(start, start + 5)
            wanted = "".join(w if w != "N" else b for w, b in zip(word, before[place]))
            assert after[place] == wanted
            before = before[:start] + wanted + before[start + 5 :]
        assert before == after


def test_designs_are_predicted_once_and_in_order_whatever_the_batches():
    net, of = trained_like(), setting(n=11)
    designs = all_designs(contrasts("pairs", of))
    assert designs[0] == () and len(set(designs)) == len(designs)
    drawn = [draws(p, 11, False, 0) for p in of.patterns]
    found = [np.stack(list(outputs(net, of.X, designs, drawn, size))) for size in (1, 7, 64)]
    assert found[0].shape == (len(designs), 11, 2)
    assert np.allclose(found[0], found[1], atol=1e-5) and np.allclose(found[1], found[2], atol=1e-5)


def test_of_many_patterns_only_those_of_a_design_are_read():
    """Else the time for all words of k letters grows with the square of their number."""
    read = []

    class Drawn(list):
        def __getitem__(self, i):
            read.append(i)
            return super().__getitem__(i)

        def __iter__(self):
            raise AssertionError("all patterns were read")

    of = setting({w.name: w.name for w in words(2)}, 5)
    designs = all_designs(contrasts("kmers", of))
    drawn = Drawn(draws(p, 5, True, 0) for p in of.patterns)
    found = list(outputs(trained_like(), of.X, designs, drawn, 2))
    assert sorted(read) == sorted(3 * list(range(16)))  # three batches of 2, 2 and 1
    plain = list(outputs(trained_like(), of.X, designs, list.copy(drawn), 64))
    assert np.allclose(found, plain, atol=1e-5)


def test_progress_is_in_the_log(caplog):
    of = setting(n=3)
    designs = all_designs(contrasts("single", of))
    drawn = [draws(p, 3, False, 0) for p in of.patterns]
    with caplog.at_level("INFO"):
        assert len(list(predicted(trained_like(), of.X, designs, drawn))) == len(designs)
    assert f"{len(designs)} of {len(designs)} designs in 3 backgrounds" in caplog.text


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_holds_its_patterns_against_their_sum(experiment):
    of = setting(n=10) if experiment != "kmers" else setting({w.name: w.name for w in words(2)}, 10)
    table, net = table_of(trained_like(1), experiment, of), trained_like(1)
    found = contrasts(experiment, of)
    assert len(table) == len(found)
    drawn = [draws(pattern, 10, False, 0) for pattern in of.patterns]
    background = net(one_hot(of.X)).detach().numpy()[:, 0]
    for contrast, row in list(zip(found, table.itertuples(), strict=True))[:: len(found) // 9 + 1]:
        kept = slice(None) if contrast.rows is None else contrast.rows
        of_design = [
            net(one_hot(embed(of.X, design, drawn))).detach().numpy()[kept, 0]
            for design in (contrast.whole, *contrast.parts)
        ]
        assert row.effect == pytest.approx(np.median(of_design[0] - background[kept]), abs=1e-5)
        assert row.n_backgrounds == len(of_design[0])
        if contrast.parts:
            expected = sum(of_design[1:]) - (len(contrast.parts) - 1) * background[kept]
            assert row.excess == pytest.approx(np.median(of_design[0] - expected), abs=1e-5)
            assert row.ratio == pytest.approx(np.median(of_design[0] / expected), rel=1e-3)
        else:
            assert "excess" not in table


def test_orders_orientations_and_groups_are_complete():
    pairs = pd.DataFrame([c.labels for c in contrasts("pairs", setting())])
    assert len(pairs.drop_duplicates()) == 2 * 2 * 2 * 2 * 2
    single = pd.DataFrame([c.labels for c in contrasts("single", setting(position=7))])
    assert set(single.loc[single["central"], "start"]) == {7}
    assert single["start"].max() == LENGTH - 8 and single["start"].min() == 0
    of = setting(n=23)
    groups = [c.rows for c in contrasts("context", of)][:5]
    assert np.stack(groups).sum(axis=0).tolist() == [1] * 23
    share = gc_content(of.X)
    assert all(share[a].max() <= share[b].min() for a, b in itertools.pairwise(groups))
    assert len(words(3)) == len({w.name for w in words(3)}) == 64


def test_the_moved_motif_takes_the_places_that_the_config_names():
    wanted = {"positions": [[0, 20], [70, 80]], "step": 5}
    found = contrasts("spacing", setting(position=40, spacing=wanted))
    assert {c.labels["position"] for c in found} == {0, 5, 10, 15, 20, 70, 75, 80}
    assert {(c.labels["fixed_start"], c.labels["fixed_end"]) for c in found} == {(40, 48)}
    every = contrasts("spacing", setting(position=40, spacing={"positions": None, "step": 4}))
    places = {c.labels["position"] for c in every}
    # Nearest places are always among them.
    assert {32, 48} <= places and min(places) == 0 and not set(range(33, 48)) & places


def test_copies_that_do_not_fit_are_said(caplog):
    found = contrasts("copies", setting({"long": "A" * 30, "red": WORDS["red"]}))
    assert [c.labels["copies"] for c in found] == [1, 2, 3, 1, 2, 3, 4]
    assert "of 4 copies of long (30 bp, 3 bp apart) 3 fit into 100 bp" in caplog.text
    assert "red" not in caplog.text


@pytest.mark.parametrize("n", [1, 2, 5, 6, 9, 60, 100])
def test_intervals_of_medians_cover_as_order_statistics_do(n):
    values = np.random.default_rng(0).normal(size=(n, 3))
    median, low, high = median_interval(values)
    assert np.allclose(median, np.median(values, axis=0)) and low.shape == high.shape == (3,)
    assert np.isnan([low, high]).all() == np.isnan([low, high]).any() == (n < 6)
    if n < 6:  # their range covers the median with 1 - 2 / 2^n
        assert 2 * 0.5**n > 0.05
        return
    rank = int((np.sort(values, axis=0) < low).sum(axis=0)[0])  # values below the lower end
    assert (np.sort(values, axis=0)[n - 1 - rank] == high).all()
    missed = 2 * binom.cdf(rank, n, 0.5)
    assert missed <= 0.05
    assert 2 * binom.cdf(rank + 1, n, 0.5) > 0.05  # no narrower one would do


@pytest.mark.parametrize("kind", KINDS)
def test_backgrounds_have_the_composition_that_they_are_drawn_for(kind):
    rng = np.random.default_rng(1)
    share = rng.uniform(0.2, 0.8, (50, 1))
    is_gc = rng.random((50, 200)) < share
    X = np.where(is_gc, rng.integers(1, 3, (50, 200)), rng.integers(0, 2, (50, 200)) * 3)
    X[:, 10], X[0, 3] = 2, UNKNOWN
    X = X.astype(np.uint8)
    made = backgrounds(kind, X, 120, 3, 200)
    assert made.shape == (120, 200) and made.max() < UNKNOWN
    assert (backgrounds(kind, X, 120, 3, 200) == made).all()
    assert (backgrounds(kind, X, 120, 4, 200) != made).any()
    assert len(np.unique(made, axis=0)) == 120
    spread = gc_content(made).std()
    assert (spread > 0.1) == (kind in ("shuffled", "gc"))
    assert ((made[:, 10] == 2).all()) == (kind == "profile")
    if kind == "shuffled":
        pairs = {
            tuple(np.bincount(4 * row[:-1] + row[1:], minlength=16)) for row in X[1:].astype(int)
        }
        assert {
            tuple(np.bincount(4 * r[:-1] + r[1:], minlength=16)) for r in made.astype(int)
        } <= pairs


@pytest.mark.parametrize("both_strands", [False, True])
def test_backgrounds_can_be_those_that_are_predicted_between_two_quantiles(both_strands):
    net, numbers = trained_like(), []

    def draw(n, number):
        numbers.append(number)
        return backgrounds("uniform", np.empty((0, 0)), n, number, LENGTH)

    def asked(x):
        read = [x, reverse_complement(x)] if both_strands else [x]
        return np.mean([net(one_hot(strand)).detach().numpy()[:, 1] for strand in read], axis=0)

    kept = between_quantiles(net, draw, 150, [0.4, 0.6], [1], both_strands=both_strands)
    values, first = asked(kept), asked(draw(150, 0))
    assert len(kept) == 150 and len(set(numbers)) > 3
    low, high = np.quantile(first, [0.4, 0.6])
    assert (values >= low - 1e-6).all() and (values <= high + 1e-6).all()
    with pytest.raises(InputError, match="wanted 150"):
        between_quantiles(net, lambda n, number: draw(n, 0), 150, [0.5, 0.5], [1])


def test_backgrounds_are_chosen_on_the_strands_that_effects_are_measured_on(root):
    drawn = runpy.run_path(str(root / "scripts/marginalise.py"))["drawn_backgrounds"]
    net, of_data = trained_like(), np.empty((0, LENGTH), np.uint8)
    about = {"kind": "uniform", "n": 50, "seed": 3, "quantiles": [0.3, 0.5]}

    def draw(n, number):
        return backgrounds("uniform", of_data, n, 3 + 1_000_003 * number, LENGTH)

    made = [drawn(net, of_data, {"backgrounds": about, "both_strands": both}, [0], "cpu")
            for both in (False, True)]  # fmt: skip
    for both, X in enumerate(made):
        wanted = between_quantiles(net, draw, 50, [0.3, 0.5], [0], both_strands=bool(both))
        assert (X == wanted).all()
    assert (made[0] != made[1]).any()


def test_patterns_are_consensus_sequences_draws_and_filters():
    rare = np.array([[0.7, 0.0], [0.1, 0.0], [0.1, 0.5], [0.1, 0.5]])
    pattern = Pattern("rare", rare)
    assert (draws(pattern, 3, False, 0) == [0, 2]).all()
    many = draws(pattern, 4000, True, 0)
    seen = np.stack([(many == base).mean(axis=0) for base in range(4)])
    assert np.allclose(seen, rare, atol=0.04)
    assert (draws(pattern, 5, True, 1) != draws(pattern, 5, True, 0)).any()
    gapped = from_consensus("gapped", "acNNg")
    assert draws(gapped, 1, True, 0).tolist() == [[0, 1, UNKNOWN, UNKNOWN, 2]]
    flat, strong = np.full((4, 1), 0.25), np.eye(4)[:, [3, 1]]
    motif = Motif("unit0", "", np.hstack([flat, strong, flat]), 5)
    assert from_motif("m", motif).width == 2
    empty = Motif("unit1", "", np.full((4, 3), 0.25), 0)
    known = {"MA0001.1": motif}
    named = {"a": "ACGT", "b": {"profile": "MA0001.1"}, "c": {"filter": 0}}
    found = chosen_patterns(named, [motif, empty], known)
    assert [(p.name, p.width) for p in found] == [("a", 4), ("b", 2), ("c", 2)]
    assert [p.unit for p in found] == [None, None, 0]
    of = Setting(found, np.zeros((2, 20), np.uint8), None, OPTIONS)
    units = {c.labels["motif"]: c.labels["unit"] for c in contrasts("single", of)}
    assert units == {"a": None, "b": None, "c": 0}
    for wrong, said in [
        ({"filter": 1}, "has no sites"), ({"filter": 7}, "unit0 to unit1"),
        ("ACRT", "wanted a sequence of A, C, G and T"), ("NNN", "wanted a sequence"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=said):
            chosen_patterns({"mine": wrong}, [motif, empty], known)


def test_own_patterns_are_the_best_annotated_filters_one_of_each_mode():
    strong = np.repeat(np.eye(4), 2, axis=1)
    filters = [Motif(f"unit{i}", "", strong, 9) for i in range(4)]
    annotation = pd.DataFrame({
        "unit": [0, 2, 2, 3], "name": ["FOS", "JUN", "CTCF", "CTCF"],
        "q_value": [1e-3, 1e-5, 1e-4, 1e-9], "cluster": ["1", "1", "2", "2"],
    })  # fmt: skip
    found = own_patterns(filters, annotation, 5)
    assert [p.name for p in found] == ["CTCF (unit3)", "JUN/CTCF (unit2)"]
    assert [p.unit for p in found] == [3, 2]
    assert len(own_patterns(filters, annotation, 1)) == 1


def test_what_does_not_fit_is_refused_by_name():
    names, widths = ["red", "blue"], [8, 8]
    for design, said in [
        ((Placed(0, 95),), "red .8 bp. at 95 does not fit into sequences of 100 bp.* from 0 to 92"),
        ((Placed(1, -1),), "blue .* at -1"),
        ((Placed(0, 10), Placed(1, 17)), "red at 10 .8 bp. and blue at 17 overlap; .* from 18 on"),
    ]:
        with pytest.raises(InputError, match=said):
            check_design(design, names, widths, LENGTH)
    check_design((Placed(0, 10), Placed(1, 18)), names, widths, LENGTH)
    with pytest.raises(InputError, match="the motif long has 101 bp, the sequences have 100 bp"):
        contrasts("single", setting({"long": "A" * 101}))
    close = {"positions": [[38, 38]], "step": 1}
    with pytest.raises(InputError, match="experiment spacing: the motifs red at 38"):
        contrasts("spacing", setting(position=40, spacing=close))
    with pytest.raises(InputError, match="of 1 is without N; wanted"):
        backgrounds("shuffled", np.full((1, 9), UNKNOWN, np.uint8), 2, 0, 9)
    with pytest.raises(InputError, match="found 'flat', wanted uniform"):
        backgrounds("flat", np.zeros((1, 9), np.uint8), 2, 0, 9)


def test_the_best_word_of_each_target_is_mutated_letter_by_letter():
    every = [word.name for word in words(3)]
    effects = {
        "x": [w.count("G") + 0.1 * (w[0] == "T") for w in every],
        "y": [-w.count("C") - 0.1 * w.count("G") - 0.01 * w.count("T") for w in every],
    }
    rows = [(w, t, effects[t][i]) for i, w in enumerate(every) for t in ("x", "y")]
    table = with_mutations(pd.DataFrame(rows, columns=["kmer", "target", "effect"]))
    assert table.groupby("target")["best"].first().to_dict() == {"x": "GGG", "y": "AAA"}
    for _, of_target in table.groupby("target"):
        assert sorted(of_target["rank"]) == list(range(1, 65))
        ranked = of_target.sort_values("rank")
        assert ranked["effect"].is_monotonic_decreasing
        once = of_target[of_target["mutations"] == 1]
        assert (
            len(once) == 9 and of_target.loc[of_target["mutations"] != 1, "mutated_to"].isna().all()
        )
        for row in once.itertuples():
            word = list(row.best)
            word[row.mutated_position] = row.mutated_to
            assert "".join(word) == row.kmer != row.best


def test_targets_that_no_motif_moves_are_named():
    table = pd.DataFrame({"target": ["x", "y"] * 2, "effect": [1.0, 1e-5, -3.0, -2e-4]})
    assert without_effect(table) == ["y"]
    assert without_effect(table.assign(effect=0.0)) == ["x", "y"]


def test_the_file_gives_back_every_design(tmp_path):
    net, of = trained_like(), setting(n=6)
    designs = all_designs(contrasts("pairs", of))
    drawn = [draws(of.patterns[0], 6, False, 0), np.arange(48, dtype=np.uint8).reshape(6, 8) % 3]
    found = list(outputs(net, of.X, designs, drawn))
    header = Header("cnn1", "pairs", ["x", "y"], {"n": 6})
    about = (header, list(WORDS), of.X, drawn, designs)
    marginalisation_file.write(tmp_path / "f.h5", *about, iter(found))
    with marginalisation_file.opened(tmp_path / "f.h5") as values:
        assert list(values) == designs and values.header == header
        assert all((values[d] == f).all() for d, f in zip(designs, found, strict=True))
    with h5py.File(tmp_path / "f.h5") as file:
        assert file["drawn/0"].shape == (1, 8) and file["drawn/1"].shape == (6, 8)
        assert (file["backgrounds"][:] == of.X).all()
        assert list(file["motifs"].asstr()) == list(WORDS)
    (tmp_path / "text.h5").write_text("no")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        write_header(file, header)
    for name, said in [
        ("text.h5", "not an HDF5 file"), ("none.h5", "no such file of a marginalisation"),
        ("other.h5", "not a file of a marginalisation; it lacks the dataset 'outputs'"),
    ]:  # fmt: skip
        with (
            pytest.raises(InputError, match=said),
            marginalisation_file.opened(tmp_path / name),
        ):
            pass


def test_experiments_are_the_ones_that_the_schema_and_the_rules_know(root):
    import yaml

    schema = yaml.safe_load((root / "config/schemas/config.schema.yaml").read_text())
    known = schema["properties"]["marginalisation"]["properties"]
    assert known["experiments"]["items"]["enum"] == list(EXPERIMENTS)
    assert set(known["backgrounds"]["properties"]["kind"]["enum"]) == set(KINDS)
    assert all(f'"{name}": (' in (root / "rules/marginalisation.smk").read_text()
               for name in experiments.EXPERIMENTS)  # fmt: skip


NETS = {"keras": "pytorch_weights.pth", "torch": "retrained_pytorch.pth"}
MOTIFS = {
    "Dref": "AACTATCGATAG", "Ohler1": "ACGGTCACACTG", "Ohler6": "AAAAATACCAAA", "control": "GGGCT",
}  # fmt: skip


@pytest.fixture(scope="module", params=NETS)
def golden(request, shared):
    """A published DeepSTARR, what it gave for motifs in given backgrounds, and these."""
    folder, kind = shared / "reference/deepstarr", request.param
    form = {"keras": "deepstarr_keras", "torch": "deepstarr_pytorch"}[kind]
    net = load_published(folder / NETS[kind], form, length=249, target_names=["Dev", "Hk"])
    X = encode((folder / "backgrounds.txt").read_text().split())
    patterns = [from_consensus(name, word) for name, word in MOTIFS.items()]
    alone = np.load(folder / f"single_{kind}.npz")
    return net, Setting(patterns, X, 125, OPTIONS), alone, folder / f"distance_{kind}.tsv"


def test_single_motifs_in_given_backgrounds_have_the_published_networks_effects(golden):
    net, of, alone, _ = golden
    designs = [(), *((Placed(i, 125),) for i in range(4))]
    drawn = [draws(pattern, len(of.X), False, 0) for pattern in of.patterns]
    found = list(outputs(net, of.X, designs, drawn))
    for values, name in zip(found, ["b", *(f"A_{name}" for name in MOTIFS)], strict=True):
        assert np.abs(values - alone[name]).max() < 1e-3


@pytest.mark.slow
def test_curves_over_distances_in_given_backgrounds_are_the_published_networks(golden):
    net, of, _, path = golden
    wanted = pd.read_csv(path, sep="\t")
    # Every fifth of the published places: the whole analysis takes a minute.
    wanted = wanted[wanted["position"].isin(sorted(set(wanted["position"]))[::5])]
    places = [[p, p] for p in sorted(set(wanted["position"]))]
    options = OPTIONS | {"spacing": {"positions": places, "step": 1}}
    table = table_of(net, "spacing", of._replace(options=options))
    found = table.pivot(index=["fixed", "slid", "position"], columns="target")
    for row in wanted.itertuples():
        ours = found.loc[(row.fixed, row.slid, row.position)]
        assert ours["ratio", "Dev"] == pytest.approx(row.median_dev, abs=1e-3)
        assert ours["ratio", "Hk"] == pytest.approx(row.median_hk, abs=1e-3)
        assert ours["excess", "Hk"] == pytest.approx(row.median_excess_hk, abs=1e-3)
    assert len(wanted) == len(table) / 2 > 50
    # The published network's outputs are often negative: for some pairs the ratio says nothing.
    assert table["positive_sum"].min() < FEWEST_POSITIVE < table["positive_sum"].max()
