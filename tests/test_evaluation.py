"""Metrics against scikit-learn, weights for bootstrap replicates, degenerate targets, intervals."""

import runpy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from workflow_lib.errors import InputError
from workflow_lib.tables import read_table, write_run_table, write_table
from workflow_lib.train.evaluation import COLUMNS, bootstrap_counts, evaluate, paired_difference
from workflow_lib.train.metrics import METRICS, row_correlations


def simulated(n=400, targets=3, seed=0, rate=0.2):
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, targets)) < rate).astype(np.float32)
    return (rng.normal(size=(n, targets)) + labels).astype(np.float32), labels


def value(table, target, metric, column="value"):
    return table.set_index(["target", "metric"]).loc[(target, metric), column]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 4)), min_size=2, max_size=30
    )
)
def test_ranking_metrics_equal_scikit_learn_with_ties_and_weights(rows):
    scores, labels, weights = (np.array(column, dtype=float) for column in zip(*rows))
    for w in (np.ones(len(rows)), weights):
        positive, negative = w @ labels, w @ (1 - labels)
        found = METRICS["auprc"](scores, labels)(w[:, None])[0]
        if positive > 0:
            assert found == pytest.approx(average_precision_score(labels, scores, sample_weight=w))
        else:
            assert np.isnan(found)
        found = METRICS["auroc"](scores, labels)(w[:, None])[0]
        if positive > 0 and negative > 0:
            assert found == pytest.approx(roc_auc_score(labels, scores, sample_weight=w))
        else:
            assert np.isnan(found)


@pytest.mark.parametrize("metric", METRICS)
def test_a_replicate_is_the_metric_of_the_drawn_sequences(metric):
    predictions, labels = (array[:, 0] for array in simulated(200))
    predictions = predictions.round(1)  # ties
    counts = bootstrap_counts(200, 5, seed=1)
    replicates = METRICS[metric](predictions, labels)(counts.astype(float))
    for draw in range(5):
        drawn = np.repeat(np.arange(200), counts[:, draw])
        alone = METRICS[metric](predictions[drawn], labels[drawn])(np.ones((200, 1)))[0]
        assert replicates[draw] == pytest.approx(alone, rel=1e-9)


def test_values_of_regression():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(300, 4)) + 1000
    predictions = labels + rng.normal(size=(300, 4))
    table = evaluate(predictions, labels, list("abcd"), ("pcc", "pcc_per_sequence", "mse"), 20)
    assert value(table, "b", "pcc") == pytest.approx(
        np.corrcoef(predictions[:, 1], labels[:, 1])[0, 1]
    )
    assert value(table, "c", "mse") == pytest.approx(((predictions - labels)[:, 2] ** 2).mean())
    per_row = [np.corrcoef(p, y)[0, 1] for p, y in zip(predictions, labels)]
    assert value(table, "mean", "pcc_per_sequence") == pytest.approx(np.mean(per_row))
    assert table["n_positive"].isna().all()


def test_unresolved_labels_are_left_out_target_by_target():
    predictions, labels = simulated()
    masked = labels.copy()
    masked[np.random.default_rng(3).random(labels.shape) < 0.4] = np.nan
    table = evaluate(predictions, masked, list("abc"), draws=10)
    for t, name in enumerate("abc"):
        rows = ~np.isnan(masked[:, t])
        expected = average_precision_score(labels[rows, t], predictions[rows, t])
        assert value(table, name, "auprc") == pytest.approx(expected)
        assert value(table, name, "auprc", "n") == rows.sum()
        assert value(table, name, "auprc", "n_positive") == labels[rows, t].sum()
        assert value(table, name, "base_rate") == pytest.approx(labels[rows, t].mean())


def test_targets_without_a_value_say_why_and_leave_the_mean():
    predictions, labels = simulated(targets=5)
    labels[:, 1], labels[:, 2], labels[:, 3] = 0, np.nan, 1
    table = evaluate(predictions, labels, list("abcde"), draws=20)
    assert list(table.columns) == list(COLUMNS)
    assert value(table, "b", "auprc", "note") == "no positives"
    assert value(table, "c", "auprc", "note") == "no resolved labels"
    assert value(table, "d", "auroc", "note") == "no negatives"
    assert value(table, "d", "auprc") == 1
    assert np.isnan(value(table, "b", "auprc")) and np.isnan(value(table, "b", "auprc", "low"))
    finite = [value(table, t, "auroc") for t in "ae"]
    assert value(table, "mean", "auroc") == pytest.approx(np.mean(finite))
    assert value(table, "mean", "auroc", "note") == "3 of 5 targets without a value"


def test_no_variance_is_no_correlation():
    rng = np.random.default_rng(0)
    labels, predictions = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    labels[:, 0], predictions[:, 1], predictions[:, 2] = 0.3, 0.1, 0.1
    predictions[9, 2] = 0.2
    labels[7], predictions[8] = 0.3, 0.1
    table = evaluate(predictions, labels, list("abc"), ("pcc", "pcc_per_sequence"))
    assert value(table, "a", "pcc", "note") == "the labels do not vary"
    assert value(table, "b", "pcc", "note") == "the predictions do not vary"
    # Sequence 9 is missing from about 200 / e of the samples.
    assert value(table, "c", "pcc", "note").startswith("interval without")
    assert np.isfinite(value(table, "c", "pcc", "low"))
    assert value(table, "mean", "pcc_per_sequence", "n") == 48
    assert value(table, "mean", "pcc_per_sequence", "note") == (
        "1 sequences left out: the labels do not vary; "
        "1 sequences left out: the predictions do not vary; "
        "a correlation over 3 targets means little"
    )


def test_how_many_sequences_are_predicted_well():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(400, 8))
    predictions = labels + rng.normal(size=(400, 8)) * rng.choice([0.3, 2], (400, 1))
    labels[5], predictions[6], labels[7, 1:] = 2.0, 1.0, np.nan
    names = list("abcdefgh")
    table = evaluate(predictions, labels, names, ("pcc_per_sequence", "well_predicted"), 200)
    rows = [np.corrcoef(*pair)[0, 1] for pair in zip(predictions[8:], labels[8:], strict=True)]
    rows += [np.corrcoef(*pair)[0, 1] for pair in zip(predictions[:5], labels[:5], strict=True)]
    (row,) = table[table["metric"] == "well_predicted"].itertuples()
    assert row.value == (np.array(rows) >= 0.75).sum() and row.n == 397
    # As the standard deviation of a binomial count has it.
    share = row.value / row.n
    expected = 3.92 * np.sqrt(row.n * share * (1 - share))
    assert row.low < row.value < row.high
    assert row.high - row.low == pytest.approx(expected, rel=0.25)
    assert row.note == "; ".join(
        f"1 sequences left out: {reason}"
        for reason in (
            "the labels do not vary",
            "the predictions do not vary",
            "fewer than two labels",
        )
    )


def test_correlations_depend_on_neither_unit_nor_origin_and_stay_within_1():
    rng = np.random.default_rng(0)
    one = np.ones((20, 1))
    for _ in range(100):
        x, y = rng.normal(size=(2, 20))
        expected = np.corrcoef(x, y)[0, 1]
        for a, b in ((1e-9, 1e9), (1e9, 1e-9), (-1, 1)):
            found = METRICS["pcc"](a * x, b * y)(one)[0]
            assert found == pytest.approx(np.sign(a) * expected, rel=1e-9)
        assert METRICS["pcc"](x + 1e8, y - 1e8)(one)[0] == pytest.approx(expected, abs=1e-6)
        # Exact correlations would be 1.0000000000000002 now and then.
        for sign in (1, -1):
            found = [METRICS["pcc"](x, 3.7 * sign * x)(one)[0]]
            found += list(row_correlations(np.array([x, y]), 3.7 * sign * np.array([x, y])))
            assert found == pytest.approx([sign] * 3) and max(np.abs(found)) <= 1


def test_replicates_of_equal_values_have_no_correlation_whatever_the_rounding():
    """0.1 has no exact mean: variances of equal values come out as 1e-17 or so, not as 0."""
    rng = np.random.default_rng(0)
    for n in range(5, 60):
        varying, equal = rng.normal(size=n), np.full(n, 0.1)
        equal[0] = 0.3
        weights = np.ones((n, 2))
        weights[0, 1] = 0
        for pair in ((varying, equal), (equal, varying)):
            found = METRICS["pcc"](*pair)(weights)
            assert np.isfinite(found[0]) and np.isnan(found[1])
        labels = np.array([np.where(equal == 0.3, np.nan, equal)])
        assert np.isnan(row_correlations(varying[None], labels)).all()


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 0), (3, 1)])
def test_tiny_input_does_not_crash(shape):
    names = [f"t{t}" for t in range(shape[1])]
    for metrics in (("auprc", "auroc", "base_rate"), ("pcc", "pcc_per_sequence", "mse")):
        table = evaluate(np.zeros(shape), np.zeros(shape), names, metrics, draws=5)
        assert (table["note"] != "").any() or shape[1] == 0


def test_row_correlations_use_resolved_labels_only():
    labels = np.array([[1.0, 2.0, np.nan, 4.0], [np.nan, np.nan, 1.0, np.nan], [1, 1, 1, 1]])
    predictions = np.array([[1.0, 3.0, 99.0, 2.0], [1, 2, 3, 4], [1, 2, 3, 4]])
    found = row_correlations(predictions, labels)
    assert found[0] == pytest.approx(np.corrcoef([1, 3, 2], [1, 2, 4])[0, 1])
    assert np.isnan(found[1:]).all()


def test_the_seed_fixes_the_interval_and_the_value_lies_in_it():
    predictions, labels = simulated()
    first, again, other = (evaluate(predictions, labels, list("abc"), seed=s) for s in (0, 0, 1))
    assert first.equals(again)
    assert not first["low"].equals(other["low"])
    assert ((first["low"] <= first["value"]) & (first["value"] <= first["high"])).all()
    assert (first["low"] < first["high"]).all()


def drawn_one_by_one(statistic, n, draws, seed):
    """The basic bootstrap interval of a statistic of row numbers, straight from its definition."""
    counts = bootstrap_counts(n, draws, seed)
    rows = [np.repeat(np.arange(n), counts[:, draw]) for draw in range(draws)]
    lowest, highest = np.quantile([statistic(drawn) for drawn in rows], [0.025, 0.975])
    value = statistic(np.arange(n))
    return value, 2 * value - highest, 2 * value - lowest


def test_intervals_are_the_basic_bootstrap_of_the_same_samples_for_targets_and_their_mean():
    predictions, labels = simulated(300)
    table = evaluate(predictions, labels, list("abc"), ("auroc", "base_rate", "mse"), 40, seed=3)
    errors = (predictions.astype(float) - labels) ** 2
    for target, metric, statistic in (
        ("b", "auroc", lambda rows: roc_auc_score(labels[rows, 1], predictions[rows, 1])),
        ("c", "base_rate", lambda rows: labels[rows, 2].mean(dtype=float)),
        ("mean", "base_rate", lambda rows: labels[rows].mean(dtype=float)),
        ("mean", "mse", lambda rows: errors[rows].mean()),
    ):
        found = [value(table, target, metric, column) for column in ("value", "low", "high")]
        assert found == pytest.approx(drawn_one_by_one(statistic, 300, 40, 3), rel=1e-6)


def test_the_difference_has_the_basic_bootstrap_interval_of_paired_samples():
    predictions, labels = simulated(300)
    other = predictions[:, ::-1]

    def statistic(rows):
        return np.mean((predictions[rows] - labels[rows]) ** 2, dtype=float) - np.mean(
            (other[rows] - labels[rows]) ** 2, dtype=float
        )

    found = paired_difference(labels, predictions, other, "mse", draws=40, seed=3)
    expected = drawn_one_by_one(statistic, 300, 40, 3)
    assert (found.difference, found.low, found.high) == pytest.approx(expected, rel=1e-5)
    assert found.difference == found.a - found.b


def test_without_being_asked_200_samples_of_seed_0_are_drawn():
    predictions, labels = simulated(60)
    asked = evaluate(predictions, labels, list("abc"), draws=200, seed=0)
    assert evaluate(predictions, labels, list("abc")).equals(asked)
    both = labels, predictions, -predictions
    assert paired_difference(*both) == paired_difference(*both, draws=200, seed=0)


def test_each_sample_draws_as_many_as_there_are_and_each_sequence_equally_often():
    counts = bootstrap_counts(20, 2000, seed=0)
    assert counts.shape == (20, 2000) and (counts.sum(axis=0) == 20).all()
    assert np.abs(counts.mean(axis=1) - 1).max() < 0.1  # standard error .02
    assert bootstrap_counts(0, 3, seed=0).shape == (0, 3)


def test_intervals_end_where_the_metric_does():
    """Of tiny test sets some intervals would reach beyond."""
    ends = {metric: [] for metric in METRICS}
    for seed in range(30):
        predictions, labels = simulated(8, targets=2, seed=seed, rate=0.1 + 0.8 * (seed % 2))
        predictions[0] *= 100  # one error above all others
        for metric in METRICS:
            table = evaluate(predictions, labels, list("ab"), (metric,), draws=40, seed=seed)
            ends[metric] += [table["low"].min(), table["high"].max()]
    lowest = {metric: np.nanmin(values) for metric, values in ends.items()}
    highest = {metric: np.nanmax(values) for metric, values in ends.items()}
    assert lowest == {"auprc": 0, "auroc": 0, "base_rate": 0, "pcc": -1, "mse": 0}
    assert highest.pop("mse") > 1
    assert highest == {"auprc": 1, "auroc": 1, "base_rate": 1, "pcc": 1}


def test_the_means_row_counts_sequences_with_any_label():
    predictions, labels = simulated(50)
    labels[:, 2] = 0
    labels[:20, 0] = labels[:10, 1:] = np.nan
    labels[15, 1:] = [1, 0]
    table = evaluate(predictions, labels, list("abc"), ("auprc",), draws=3)
    assert value(table, "mean", "auprc", "n") == 40
    positive = (labels == 1).any(axis=1).sum()
    assert value(table, "mean", "auprc", "n_positive") == positive > (labels[:, 0] == 1).sum()


def test_correlations_over_five_targets_are_no_cause_for_caution():
    for targets, note in (
        (4, "a correlation over 4 targets means little"),
        (5, ""),
    ):
        predictions, labels = simulated(30, targets, rate=0.5)
        labels += predictions
        names = [f"t{t}" for t in range(targets)]
        (row,) = evaluate(predictions, labels, names, ("pcc_per_sequence",), 0).itertuples()
        assert (row.target, row.n, row.note) == ("mean", 30, note)
        assert np.isnan(row.low) and np.isnan(row.high)


def test_the_difference_of_correlations_per_sequence_is_over_all_targets():
    predictions, labels = simulated(40, targets=6)
    labels += np.random.default_rng(1).normal(size=labels.shape)
    found = paired_difference(labels, predictions, labels, "pcc_per_sequence", draws=20)
    assert found.n_targets == 6
    assert found.b == pytest.approx(1)
    assert found.a == pytest.approx(row_correlations(predictions, labels).mean())


def test_samples_in_which_a_target_has_no_value_count_for_neither_side():
    """One positive: a third of the samples lack it, and say nothing of the difference."""
    predictions, labels = simulated(30, targets=1)
    labels[:] = 0
    labels[3] = 1
    for seed in range(8):  # the last sample has the positive, or not
        found = paired_difference(labels, predictions, predictions + 1, draws=50, seed=seed)
        assert (found.difference, found.low, found.high, found.n_targets) == (0, 0, 0, 1)
    table = evaluate(predictions, labels, ["a"], ("auprc",), draws=50)
    lost = int((bootstrap_counts(30, 50, 0)[3] == 0).sum())
    note = f"interval without {lost} of 50 samples (no value)"
    assert lost and list(table["note"]) == [note, note]


def test_chunks_of_draws_change_nothing(monkeypatch):
    predictions, labels = simulated(100)
    whole = evaluate(predictions, labels, list("abc"), draws=30)
    monkeypatch.setattr("workflow_lib.train.evaluation._CHUNK_BYTES", 8 * 100 * 7)
    in_chunks = evaluate(predictions, labels, list("abc"), draws=30)
    np.testing.assert_allclose(whole["low"], in_chunks["low"], rtol=1e-12)


def test_targets_share_the_draws():
    """The mean of copies of a target has its interval; that of independent ones a narrower one."""
    predictions, labels = simulated(targets=8)
    same = np.repeat([[0]], 8, axis=1)[0]
    copies = evaluate(predictions[:, same], labels[:, same], list("abcdefgh"), ("auprc",))
    assert value(copies, "mean", "auprc", "low") == pytest.approx(
        value(copies, "a", "auprc", "low")
    )
    table = evaluate(predictions, labels, list("abcdefgh"), ("auprc",))
    width = table["high"] - table["low"]
    assert width.iloc[-1] < 0.6 * width.iloc[:-1].mean()


@pytest.mark.parametrize("metric", ["auprc", "auroc"])
def test_the_interval_holds_the_truth_most_of_the_time(metric):
    predictions, labels = simulated(200_000, targets=4, rate=0.03)
    truth = value(evaluate(predictions, labels, list("abcd"), (metric,), draws=0), "mean", metric)
    held = 0
    for seed in range(60):
        table = evaluate(*simulated(1000, 4, 100 + seed, 0.03), list("abcd"), (metric,), 200, seed)
        held += value(table, "mean", metric, "low") <= truth <= value(table, "mean", metric, "high")
    assert held >= 51  # 57 expected; plain percentiles hold it about 40 times for auprc


def test_a_target_without_a_value_on_one_side_counts_on_neither():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(40, 3))
    predictions = labels + rng.normal(size=(40, 3))
    lacking = predictions.copy()
    lacking[:, 1] = 0.5
    expected = np.mean([np.corrcoef(predictions[:, t], labels[:, t])[0, 1] for t in (0, 2)])
    for sides in ((predictions, lacking), (lacking, predictions)):
        found = paired_difference(labels, *sides, "pcc", draws=10)
        assert found.n_targets == 2
        assert (found.a, found.b) == pytest.approx((expected, expected))
        assert (found.difference, found.low, found.high) == (0, 0, 0)


def test_wrong_input_is_named():
    predictions, labels = simulated()
    with pytest.raises(InputError, match="3 target"):
        evaluate(predictions, labels, ["a"])
    with pytest.raises(InputError, match="unknown metric 'aucpr'.*auprc"):
        evaluate(predictions, labels, list("abc"), ("aucpr",))
    with pytest.raises(InputError, match="labels hold 2"):
        evaluate(predictions, labels * 2, list("abc"))
    with pytest.raises(InputError, match="1 of 1200 predictions are not finite"):
        evaluate(np.where(np.arange(1200).reshape(400, 3) == 7, np.nan, predictions), labels, "abc")
    with pytest.raises(InputError, match="shape"):
        evaluate(predictions[:, :2], labels, list("abc"))


def test_paired_difference_is_narrower_than_the_two_intervals():
    predictions, labels = simulated(2000)
    noise = np.random.default_rng(5).normal(size=labels.shape)
    worse = predictions + 0.3 * noise
    found = paired_difference(labels, predictions, worse)
    tables = [evaluate(p, labels, list("abc"), ("auprc",)) for p in (predictions, worse)]
    alone = [value(table, "mean", "auprc") for table in tables]
    assert found.difference == pytest.approx(alone[0] - alone[1])
    assert 0 < found.low < found.difference < found.high
    width = value(tables[0], "mean", "auprc", "high") - value(tables[0], "mean", "auprc", "low")
    assert found.high - found.low < 0.7 * width
    swapped = paired_difference(labels, worse, predictions)
    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.low == pytest.approx(-found.high)


def test_paired_difference_of_several_seeds_averages_the_scores():
    predictions, labels = simulated()
    runs = {0: predictions, 1: predictions[::-1].copy()}
    found = paired_difference(labels, runs, predictions)
    alone = [evaluate(p, labels, list("abc"), ("auprc",), 0) for p in runs.values()]
    expected = np.mean([value(table, "mean", "auprc") for table in alone])
    assert found.a == pytest.approx(expected)
    assert found.n_targets == 3
    same = paired_difference(labels, predictions, {0: predictions, 1: predictions})
    assert (same.difference, same.low, same.high) == (0, 0, 0)


def test_the_interval_of_a_difference_covers_training_seeds_too():
    predictions, labels = simulated(4000)
    noise = np.random.default_rng(1).normal(size=(2, *labels.shape))
    # Scores that differ by much more between seeds than between samples of so many sequences.
    runs = {seed: predictions + 0.8 * seed * noise[0] for seed in range(3)}
    alone = [paired_difference(labels, p, predictions) for p in runs.values()]
    found = paired_difference(labels, runs, predictions)
    half = stats.t.ppf(0.975, 2) * stats.sem([one.a for one in alone])
    over_sequences = max(one.high - one.low for one in alone) / 2
    assert half < (found.high - found.low) / 2 < half + over_sequences
    # Of two seeds it is their range, of one nothing.
    two = paired_difference(labels, {0: runs[0], 1: runs[2]}, predictions)
    half = (alone[0].a - alone[2].a) / 2
    assert half < (two.high - two.low) / 2 < half + over_sequences


def test_the_same_seeds_on_both_sides_are_compared_with_each_other():
    predictions, labels = simulated(4000)
    noise = np.random.default_rng(1).normal(size=(2, *labels.shape))
    runs = {seed: predictions + 0.8 * seed * noise[0] for seed in range(3)}
    worse = {seed: runs[seed] + 0.3 * noise[1] for seed in (2, 0, 1)}  # in another order
    paired = paired_difference(labels, runs, worse)
    others = paired_difference(labels, runs, {seed + 1: p for seed, p in worse.items()})
    # What one seed gains varies little; what another seed's model has varies as both sides do.
    assert paired.difference == pytest.approx(others.difference)
    assert paired.high - paired.low < 0.3 * (others.high - others.low)


def test_paired_difference_leaves_out_targets_without_a_value():
    predictions, labels = simulated()
    labels[:, 0] = 0
    assert paired_difference(labels, predictions, -predictions).n_targets == 2
    with pytest.raises(InputError, match="no predictions"):
        paired_difference(labels, {}, predictions)


# The scripts


@pytest.fixture
def files(root, tmp_path):
    """Labels, and predictions of two models, of which `good` is much better; AUPRC by target."""
    values, labels = simulated(300, 2)
    labels[::7, 0] = np.nan
    ids, names = [f"s{i}" for i in range(300)], ["red", "blue"]
    table = pd.DataFrame(labels, ids, names)
    table.insert(0, "split", "test")
    write_table(table, tmp_path / "labels.tsv.gz", index_label="id")
    scores = {}
    for name, noise in (("good", 0.0), ("poor", 2.0)):
        noisy = values + noise * np.random.default_rng(1).normal(size=values.shape)
        table = pd.DataFrame(noisy, ids, names).sample(frac=1, random_state=0)
        run = {"dataset": "toy", "model": name, "seed": "0"}
        write_run_table(table.assign(other=0.0), run, tmp_path / name, index_label="id")
        known = [~np.isnan(column) for column in labels.T]
        scores[name] = np.array(
            [average_precision_score(labels[k, t], noisy[k, t]) for t, k in enumerate(known)]
        )
    return tmp_path, scores, np.nansum(labels, axis=0)


def test_a_data_set_is_compared_with_the_one_whose_sequences_it_shares(root, files):
    folder, scores, positives = files
    main = runpy.run_path(str(root / "scripts/compare_on_same_regions.py"))["main"]
    run, labels = {"dataset": "this", "model": "m"}, folder / "labels.tsv.gz"
    for this, other in (("good", "poor"), ("poor", "good")):
        main(run, [folder / other], [folder / this], labels, 50, folder / "comparison.tsv")
        table = read_table(folder / "comparison.tsv").set_index("target")
        assert list(table.index) == ["mean", "red", "blue"]
        # a: the other data set, b: this one.
        for side, model in (("auprc_a", other), ("auprc_b", this)):
            np.testing.assert_allclose(table[side].iloc[1:], scores[model], atol=1e-5)
        np.testing.assert_allclose(
            table["difference"], table["auprc_b"] - table["auprc_a"], atol=1e-5
        )
        assert (table["low"] > 0).all() if this == "good" else (table["high"] < 0).all()
        assert list(table["n_positive"]) == [positives.sum(), *positives]


def test_ways_to_treat_the_strands_are_compared_with_the_first(root, files):
    folder, scores, _ = files
    for name, table in {
        "history": {"epoch": [1, 2], "seconds": [3.0, 5.0]},
        "annotation": {"unit": [0, 0, 4], "name": "X"},
        "modes": {"expected": [True, True, False], "n_motifs": [0, 2, 3]},
    }.items():
        write_table(pd.DataFrame(table), folder / name)
    given = {
        "labels": [folder / "labels.tsv.gz"],
        "predictions": [folder / "poor", folder / "good"],
    }
    tables = {"histories": "history", "annotations": "annotation", "binding_modes": "modes"}
    given |= {key: [folder / name] * 2 for key, name in tables.items()}
    outputs = {name: folder / f"{name}.tsv" for name in ("comparison", "runs")}
    main = runpy.run_path(str(root / "scripts/strand_comparison.py"))["main"]
    main(given, "auprc", 50, outputs)
    first, second = read_table(outputs["comparison"]).to_dict("records")
    for row, model in ((first, "poor"), (second, "good")):
        assert (row["model"], row["reference"]) == (model, "poor")
        assert row["value"] == pytest.approx(scores[model].mean(), abs=1e-5)
        about = {"seconds_per_epoch": 4, "epochs": 2, "seconds": 8, "annotated_filters": 2}
        assert about | {"expected_modes": 1} == {k: row[k] for k in (*about, "expected_modes")}
    gained = scores["good"].mean() - scores["poor"].mean()
    assert first["difference"] == 0 and second["difference"] == pytest.approx(gained, abs=1e-5)
    assert 0 < second["low"] < second["difference"] < second["high"]
