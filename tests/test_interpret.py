"""Filters to matrices, correctly predicted sequences, importances: toys and reference data."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from workflow_lib.data import dataset
from workflow_lib.errors import InputError
from workflow_lib.interpret import filters
from workflow_lib.interpret.activations import stream
from workflow_lib.interpret.filters import above, filter_matrices, probabilities
from workflow_lib.interpret.importance import output_weights, unit_importance
from workflow_lib.interpret.sequence_selection import (
    CRITERIA,
    correctly_predicted,
    correctly_predicted_sequences,
)
from workflow_lib.models.explainn import ExplaiNN
from workflow_lib.models.published import load_explainn
from workflow_lib.sequence import encode, reverse_complement
from workflow_lib.train.inference import predict

NAN = np.nan


class Toy(nn.Module):
    """Filters that count matching letters; a unit's output is its highest activation."""

    target_names = ["up", "down"]

    def __init__(self, motifs, padding=0):
        super().__init__()
        self.conv = nn.Conv1d(4, len(motifs), len(motifs[0]), bias=False, padding=padding)
        self.final = nn.Linear(len(motifs), 2)
        self.filter_size = len(motifs[0])
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(5)[encode(motifs).astype(int)][..., :4].mT)
            self.final.weight.copy_(torch.tensor([[2.0], [-1.0]]).expand(2, len(motifs)))

    def activations(self, X):
        return torch.relu(self.conv(X) - self.filter_size + 2)  # 2 for a match, 1 with one mismatch

    def units(self, X):
        return self.activations(X).amax(dim=2)

    def output_weights(self):
        return self.final.weight

    def forward(self, X):
        return self.final(self.units(X))


@pytest.fixture(scope="module")
def golden(shared):
    folder = shared / "reference" / "explainn"
    return load_explainn(folder / "model_epoch_best_4.pth"), np.load(folder / "golden.npz")


def random_codes(n=300, length=60, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def small_model(seed=0):
    torch.manual_seed(seed)
    model = ExplaiNN(60, 2, units=7, filter_size=8, fc_nodes=5)
    with torch.no_grad():
        model.conv.weight.mul_(4)  # so that some filters are specific and others are not
        model.conv.weight[:3].mul_(0.02)
    return model.eval()


def brute_force(model, codes, inclusive=True):
    """The paper's sentence, site by site."""
    with torch.no_grad():
        maps = model.activations(torch.eye(5)[codes.astype(int)][..., :4].mT).numpy()
    size = codes.shape[1] - maps.shape[2] + 1
    counts = np.zeros((maps.shape[1], 4, size), dtype=int)
    n_sites = np.zeros(maps.shape[1], dtype=int)
    for unit in range(maps.shape[1]):
        half = np.float32(maps[:, unit].max()) * np.float32(0.5)
        hit = maps[:, unit] >= half if inclusive else maps[:, unit] > half
        for sequence, position in np.argwhere(hit):
            n_sites[unit] += 1
            for j, letter in enumerate(codes[sequence, position : position + size]):
                if letter < 4:
                    counts[unit, letter, j] += 1
    return counts, n_sites


def test_reference_matrices(golden):
    model, g = golden
    found = filter_matrices(model, g["sequence"][g["correct"]], batch_size=300, inclusive=False)
    # One activation of unit 75 lies within rounding of its threshold.
    others = np.arange(100) != 75
    np.testing.assert_array_equal(found.n_sites[others], g["n_sites"][others])
    np.testing.assert_array_equal(found.n_sequences[others], g["n_sequences"][others])
    assert abs(found.n_sites[75] - g["n_sites"][75]) <= 1
    np.testing.assert_allclose(found.activation_max, g["activation_max"], rtol=1e-5)
    off = np.abs(probabilities(found.counts) - g["pwm"]).max(axis=(1, 2))
    assert off[others].max() < 1e-5 and off[75] < 0.03


def test_reference_selection_and_importances(golden):
    model, g = golden
    logits, labels = predict(model, g["sequence"]), g["label"].astype(np.float32)
    selected = correctly_predicted(logits, labels, "binary", "exact_match")
    np.testing.assert_array_equal(selected.all(axis=1), g["correct"])
    np.testing.assert_array_equal(selected.any(axis=1), g["correct"])
    maximum = above(g["activation_max"])
    table = unit_importance(model, g["sequence"], selected, maximum, g["target"])
    medians = table["importance"].to_numpy().reshape(100, 3)
    others = np.arange(100) != 75
    np.testing.assert_allclose(
        medians[others], g["unit_importance_median"][others], atol=1e-4, rtol=0
    )
    np.testing.assert_allclose(medians[75], g["unit_importance_median"][75], atol=0.01, rtol=0)
    np.testing.assert_array_equal(table["weight"], g["final_weight"].T.ravel())


@pytest.mark.parametrize("many", [-1.0, 0.3, 2.0])
@pytest.mark.parametrize("inclusive", [True, False])
def test_both_ways_of_counting_equal_brute_force(monkeypatch, many, inclusive):
    monkeypatch.setattr(filters, "_MANY", many)
    monkeypatch.setattr(filters, "_SITES_AT_ONCE", 1000)
    model, codes = small_model(), random_codes()
    codes[::7, 20:25] = 4  # stretches of N
    counts, n_sites = brute_force(model, codes, inclusive)
    assert n_sites.max() > 10_000 and n_sites.min() < 500
    found = filter_matrices(model, codes, batch_size=64, inclusive=inclusive)
    np.testing.assert_array_equal(found.n_sites, n_sites)
    np.testing.assert_array_equal(found.counts, counts)


def test_batch_size_changes_nothing():
    model, codes = small_model(), random_codes()
    whole = filter_matrices(model, codes, batch_size=1000)
    for batch_size in (1, 7, 300):
        for a, b in zip(whole, filter_matrices(model, codes, batch_size=batch_size)):
            np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("many", [-1.0, 2.0])
def test_planted_sites_are_found_exactly(monkeypatch, many):
    monkeypatch.setattr(filters, "_MANY", many)  # all by one product, all site by site
    codes = np.zeros((4, 30), dtype=np.uint8)  # poly-A
    codes[0, 3:9] = codes[2, 0:6] = codes[2, 24:30] = encode(["GATTCC"])[0]
    codes[3, 10:16] = encode(["GATTCG"])[0]  # one mismatch: exactly half of the maximum
    model = Toy(["GATTCC", "CGCGCG"])
    found = filter_matrices(model, codes, batch_size=3)
    assert found.n_sites.tolist() == [4, 0] and found.n_sequences.tolist() == [3, 0]
    assert found.activation_max.tolist() == [2, 0]  # a filter that is never active has no sites
    assert found.counts[0, :, 5].tolist() == [0, 3, 1, 0]
    strict = filter_matrices(model, codes, inclusive=False)
    assert strict.n_sites.tolist() == [3, 0] and strict.n_sequences.tolist() == [2, 0]
    for sites, maximum in ((found, found.activation_max), (strict, above(found.activation_max))):
        reached = filters.sequences_with_sites(model, codes, maximum, batch_size=3)
        assert reached.sum(axis=0).tolist() == sites.n_sequences.tolist()
    pwm = probabilities(strict.counts)
    assert (pwm[0].argmax(axis=0) == encode(["GATTCC"])[0]).all() and pwm[0].max(axis=0).min() == 1
    assert (pwm[1] == 0.25).all()


def test_the_width_of_a_filter_follows_from_its_positions_where_the_model_does_not_say_it():
    model, codes = Toy(["GATTCC", "CGCGCG"]), random_codes(50)
    said = filter_matrices(model, codes)
    del model.filter_size
    model.activations = lambda X: torch.relu(model.conv(X) - 4)
    for one, other in zip(said, filter_matrices(model, codes)):
        np.testing.assert_array_equal(one, other)


def test_one_site_is_a_matrix_too():
    counts = np.array([[[1, 0], [0, 0], [0, 0], [0, 0]]])
    assert probabilities(counts)[0].T.tolist() == [[1, 0, 0, 0], [0.25] * 4]


def test_sites_on_the_other_strand_count_in_the_orientation_of_the_filter():
    codes = np.zeros((2, 30), dtype=np.uint8)
    codes[0, 3:9] = encode(["GATTCC"])[0]
    codes[1, 11:17] = reverse_complement(encode(["GATTCC"]))[0]
    model = Toy(["GATTCC"])
    assert filter_matrices(model, codes).n_sites.tolist() == [1]
    for many in (-1.0, 2.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(filters, "_MANY", many)
            found = filter_matrices(model, codes, strands="both")
        assert found.n_sites.tolist() == [2] and found.n_sequences.tolist() == [2]
        assert (found.counts[0].argmax(axis=0) == encode(["GATTCC"])[0]).all()
        assert (found.counts[0].max(axis=0) == 2).all()
    with pytest.raises(InputError, match="'reverse'.*forward or both"):
        filter_matrices(model, codes, strands="reverse")


def test_a_first_layer_that_pads():
    codes = np.zeros((1, 30), dtype=np.uint8)
    codes[0, :5] = encode(["ATTCC"])[0]  # hangs over the start by one: one mismatch
    codes[0, 20:26] = encode(["GATTCC"])[0]
    found = filter_matrices(Toy(["GATTCC"], padding=2), codes)
    assert found.n_sites.tolist() == [2]
    assert found.counts[0].sum(axis=0).tolist() == [1, 2, 2, 2, 2, 2]
    assert (found.counts[0].argmax(axis=0) == encode(["GATTCC"])[0]).all()


def test_no_sequences_give_empty_results():
    model, codes = small_model(), random_codes()[:0]
    found = filter_matrices(model, codes)
    assert found.counts.shape == (7, 4, 8) and found.counts.sum() == found.n_sites.sum() == 0
    assert (probabilities(found.counts) == 0.25).all()
    nothing = np.zeros((300, 2), dtype=bool)
    table = unit_importance(model, random_codes(), nothing, found.activation_max, ["a", "b"])
    assert len(table) == 14 and table["importance"].isna().all() and not table["n_sequences"].any()


def test_the_stream_is_in_order_lazy_and_leaves_the_model_as_it_was():
    model, codes = small_model().train(), random_codes(10)
    running = model.conv_norm.running_mean.clone()
    batches = stream(model, codes, batch_size=4)
    parts = list(batches)
    assert [start for start, _ in parts] == [0, 4, 8] and [len(a) for _, a in parts] == [4, 4, 2]
    assert model.training and torch.equal(model.conv_norm.running_mean, running)
    single = torch.cat([a for _, a in stream(model, codes, batch_size=1)])
    torch.testing.assert_close(torch.cat([a for _, a in parts]), single)
    half_read = stream(model, codes, batch_size=4)
    next(half_read)
    half_read.close()
    assert model.training


def test_never_more_than_one_batch_of_activations_is_alive():
    alive, most = set(), []

    class Watched(Toy):
        def activations(self, X):
            result = super().activations(X)
            assert len(X) <= 16
            alive.add(id(result))
            weakref.finalize(result, alive.discard, id(result))
            most.append(len(alive))
            return result

    for n in (64, 256):
        most.clear()
        filter_matrices(Watched(["GATTCC"]), random_codes(n), batch_size=16)
        assert len(most) == 1 + 2 * n // 16  # the shape, then two passes
        assert max(most) <= 2  # the one in hand and the next


def test_importance_is_the_quantile_of_the_products():
    model, codes = small_model(), random_codes()
    rng = np.random.default_rng(1)
    selected = rng.random((300, 2)) < 0.5
    maximum = filter_matrices(model, codes[selected.any(axis=1)]).activation_max
    table = unit_importance(model, codes, selected, maximum, ["a", "b"], batch_size=50)
    assert not model.training
    x = torch.eye(4)[codes.astype(int)].mT
    with torch.no_grad():
        products = model.contributions(x).numpy()
        reached = (model.activations(x).amax(dim=2) >= torch.tensor(maximum) / 2).numpy()
    rows = iter(table.itertuples())
    for unit in range(7):
        for t, name in enumerate(["a", "b"]):
            row = next(rows)
            values = products[selected[:, t] & reached[:, unit], unit, t]
            assert (row.unit, row.target, row.n_sequences) == (unit, name, len(values))
            expected = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
            found = (row.q05, row.q25, row.importance, row.q75, row.q95)
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_weights_of_correlations_are_relative_to_a_units_mean_over_the_targets():
    model, codes = small_model(), random_codes()
    selected, names = np.ones((300, 2), dtype=bool), ["a", "b"]
    maximum = filter_matrices(model, codes).activation_max
    plain = unit_importance(model, codes, selected, maximum, names)
    raw = output_weights(model, names)[names].to_numpy()
    model.metadata = {"task": "regression"}
    np.testing.assert_array_equal(output_weights(model, names)[names].to_numpy(), raw)
    model.metadata = {"task": "correlation"}
    found = output_weights(model, names)[names].to_numpy()
    np.testing.assert_allclose(found, raw - raw.mean(axis=1, keepdims=True), atol=1e-6)
    importance = unit_importance(model, codes, selected, maximum, names)
    np.testing.assert_allclose(importance["weight"], found.ravel(), atol=1e-6)
    # The median of output x weight, at the other weight.
    expected = plain["importance"] / plain["weight"] * importance["weight"]
    np.testing.assert_allclose(importance["importance"], expected, rtol=1e-4)


def test_output_weights_are_one_row_per_unit():
    table = output_weights(Toy(["GATTCC", "CGCGCG"]))
    assert list(table.columns) == ["unit", "up", "down"]
    assert table["up"].tolist() == [2, 2] and table["unit"].tolist() == [0, 1]


def test_criteria_for_binary_tasks():
    labels = np.array([[1, 0], [1, NAN], [0, 0], [NAN, NAN], [1, 1]], dtype=np.float32)
    logits = np.array([[2, -1], [2, 5], [1, -1], [1, 1], [0, 3]], dtype=np.float32)
    rows = correctly_predicted(logits, labels, "binary", "exact_match")
    assert rows.tolist() == [[True] * 2, [True] * 2, [False] * 2, [False] * 2, [False] * 2]
    own = correctly_predicted(logits, labels, "binary", "true_positive")
    assert own.tolist() == [[True, False], [True, False], [False] * 2, [False] * 2, [True, True]]
    assert correctly_predicted(logits, labels, "binary", "all").all()


def test_criteria_for_regression():
    rows = [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 1, 1, 1, 1], [3, NAN, 1, NAN, 2]]
    labels = np.array(rows, dtype=np.float32)
    rows = [[1, 2, 4, 5, 9], [1, 5, 2, 4, 3], [1, 2, 3, 4, 5], [3, 0, 1, 0, 2]]
    logits = np.array(rows, dtype=np.float32)
    rows = correctly_predicted(logits, labels, "regression", "correlation")
    assert rows[:, 0].tolist() == [True, False, False, True]
    strict = correctly_predicted(logits, labels, "regression", "correlation", threshold=0.99)
    assert strict[:, 2].tolist() == [False, False, False, True]
    labels = np.array([[9.0], [8], [1], [2], [NAN]])
    logits = np.array([[5.0], [1], [6], [2], [9]])
    top = correctly_predicted(logits, labels, "regression", "top_fraction", threshold=0.5)
    assert top[:, 0].tolist() == [True, False, False, False, False]


def test_correlations_have_to_exceed_their_threshold():
    up, noise = np.arange(6.0), np.array([1.0, -1, 0, 0, -1, 1])  # uncorrelated
    for wanted, found in ((0.76, True), (0.74, False)):
        ratio = np.sqrt(1 / wanted**2 - 1) * np.linalg.norm(up - up.mean()) / np.linalg.norm(noise)
        logits = (up + ratio * noise)[None]
        assert np.corrcoef(logits, up)[0, 1] == pytest.approx(wanted)
        rows = correctly_predicted(logits, up[None], "regression", "correlation")
        assert rows.shape == (1, 6) and (rows == found).all()
        lower = correctly_predicted(logits, up[None], "regression", "correlation", 0.0)
        assert lower.all()
    opposite = correctly_predicted(-up[None], up[None], "regression", "correlation", -1)
    assert not opposite.any()
    for threshold in (-1.1, 1):
        with pytest.raises(InputError, match=f"the threshold {threshold}, wanted one from -1 to 1"):
            correctly_predicted(up[None], up[None], "regression", "correlation", threshold)


def test_the_top_fraction_is_of_the_resolved_labels_and_rounds_down():
    values = np.arange(100.0)[:, None]
    assert correctly_predicted(values, values, "regression", "top_fraction").sum() == 5
    labels = values.copy()
    labels[40:] = NAN
    for threshold, n in ((1, 40), (0.5, 20), (0.049, 1), (0.02, 0)):
        top = correctly_predicted(values, labels, "regression", "top_fraction", threshold)
        np.testing.assert_array_equal(np.flatnonzero(top), np.arange(40 - n, 40))
    tied = np.array([[3.0], [5], [5], [1]])
    chosen = correctly_predicted(tied, tied, "regression", "top_fraction", 0.25)
    assert chosen[:, 0].tolist() == [False, True, True, False]
    for threshold in (0, 1.1):
        with pytest.raises(InputError, match=f"found {threshold}, wanted more than 0"):
            correctly_predicted(values, values, "regression", "top_fraction", threshold)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"logits of shape \(3, 1\) for labels of shape \(3, 2\)"):
        correctly_predicted(np.zeros((3, 1)), np.zeros((3, 2)), "binary", "all")


def test_criteria_that_do_not_fit_are_named_with_those_that_do():
    one = np.zeros((3, 1))
    for task, criterion, problem, wanted in (
        ("binary", "correlation", "does not fit", "exact_match, true_positive, all"),
        ("regression", "exact_match", "does not fit", "correlation, top_fraction, all"),
        ("regression", "best", "is unknown", "correlation, top_fraction, all"),
    ):
        with pytest.raises(InputError, match=f"'{criterion}'.*{problem}.*wanted one of {wanted}"):
            correctly_predicted(one, one, task, criterion)
    with pytest.raises(InputError, match="unknown task"):
        correctly_predicted(one, one, "binry", "all")
    # Over two targets shuffled labels have as many sequences "correct" as true ones.
    for n_targets in (1, 2, 4):
        few = np.zeros((3, n_targets))
        with pytest.raises(InputError, match=f"found {n_targets} targets, wanted 5 or more"):
            correctly_predicted(few, few, "regression", "correlation")
    with pytest.raises(InputError, match="at most 1"):
        correctly_predicted(one, one, "regression", "top_fraction", threshold=5)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_every_criterion_takes_no_sequences(criterion):
    task = "regression" if CRITERIA[criterion].binary is False else "binary"
    nothing = np.zeros((0, 5))
    assert correctly_predicted(nothing, nothing, task, criterion).shape == (0, 5)


def values_of(n_targets, n=200):
    """Sequences and values; a model that predicts the values but for the first sequence's."""

    class Composition(nn.Module):
        def forward(self, x):
            return x[:, 0, :n_targets] + 2 * x[:, 1, :n_targets]

    codes = random_codes(n)
    data = dataset.build(
        [f"s{i}" for i in range(n)],
        codes,
        ((codes[:, :n_targets] == 0) + 2.0 * (codes[:, :n_targets] == 1)).astype(np.float32),
        [f"t{t}" for t in range(n_targets)],
    )
    data.uns["task"] = "regression"
    return Composition(), data


def test_a_threshold_counts_where_its_criterion_was_asked_for():
    model, data = values_of(1)
    asked = {"correct": "top_fraction", "correct_threshold": 0.5}
    sizes = {}
    for settings in (asked, {"correct": "auto", "correct_threshold": 0.5}, {"correct": "auto"}):
        chosen = correctly_predicted_sequences(model, data, settings)
        assert chosen.criterion == "top_fraction"
        wanted = correctly_predicted(
            np.asarray(data.X), data.X, "regression", "top_fraction",
            0.5 if settings is asked else None,
        )  # fmt: skip
        np.testing.assert_array_equal(chosen.X, data.obsm["sequence"][wanted[:, 0]])
        assert chosen.selected.shape == (wanted.sum(), 1) and chosen.selected.all()
        sizes[settings is asked] = len(chosen.X)
    assert sizes[True] > sizes[False] > 0


def test_one_target_without_a_right_sequence_selects_nothing():
    """For one target, exact_match and true_positive would differ in the unbound sequences only."""
    codes = random_codes(20)
    data = dataset.build([f"s{i}" for i in range(20)], codes, np.ones((20, 1)), ["TF"])
    data.uns["task"] = "binary"

    class Never(nn.Module):
        def forward(self, x):
            return x[:, 0, :1] - 5

    chosen = correctly_predicted_sequences(Never(), data, {"correct": "auto"})
    assert chosen.criterion == "exact_match" and len(chosen.X) == 0


@pytest.mark.parametrize(
    ("task", "n_targets", "criterion"),
    [
        ("regression", 1, "top_fraction"),
        ("regression", 2, "top_fraction"),
        ("regression", 4, "top_fraction"),
        ("regression", 5, "correlation"),
        ("binary", 1, "exact_match"),
        ("binary", 30, "true_positive"),
    ],
)
def test_the_automatic_criterion_means_something(task, n_targets, criterion, caplog):
    class Half(torch.nn.Module):
        """Predicts the first half of the labels, whose sequences begin with them."""

        def forward(self, x):
            return 4 * x[:, 0, :n_targets] - 2

    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (400, 40)).astype(np.uint8)
    labels = (codes[:, :n_targets] == 0).astype(np.float32)
    if n_targets > 5:
        labels[:, -1] = 1 - labels[:, -1]  # so no sequence is right for all targets
    data = dataset.build([f"s{i}" for i in range(400)], codes, labels, map(str, range(n_targets)))
    data.uns["task"] = task
    chosen = correctly_predicted_sequences(Half(), data, {"correct": "auto"})
    assert chosen.criterion == criterion
    assert len(chosen.X) == chosen.selected.any(axis=1).sum()
    assert ("no sequence is correctly predicted for all" in caplog.text) == (n_targets == 30)
    if n_targets == 30:
        assert chosen.selected[:, :-1].any() and not chosen.selected[:, -1].any()
