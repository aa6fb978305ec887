"""Exclusive classes: their loss, and what is ranked and decided."""

import numpy as np
import pytest
import torch

from workflow_lib.data import dataset
from workflow_lib.data.dropping import drop
from workflow_lib.data.target_checks import check_targets
from workflow_lib.data.tasks import decision_scores, ranking_scores
from workflow_lib.errors import InputError
from workflow_lib.interpret.sequence_selection import correctly_predicted
from workflow_lib.train.losses import LOSSES

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(50, 4)).astype(np.float32)
CLASSES = RNG.integers(0, 4, 50)
ONE_HOT = np.eye(4, dtype=np.float32)[CLASSES]


def test_cross_entropy_is_that_of_the_class_numbers_and_leaves_out_unresolved_rows():
    loss = LOSSES["cross_entropy"].function
    expected = torch.nn.functional.cross_entropy(
        torch.from_numpy(LOGITS), torch.from_numpy(CLASSES)
    )
    assert loss(torch.from_numpy(LOGITS), torch.from_numpy(ONE_HOT)).item() == pytest.approx(
        expected.item(), rel=1e-6
    )
    holes = ONE_HOT.copy()
    holes[10:] = np.nan
    first = loss(torch.from_numpy(LOGITS[:10]), torch.from_numpy(ONE_HOT[:10]))
    assert loss(torch.from_numpy(LOGITS), torch.from_numpy(holes)).item() == pytest.approx(
        first.item(), rel=1e-6
    )


def test_ranking_scores_rank_sequences_as_their_probabilities_do():
    shifted = LOGITS + RNG.normal(size=(50, 1)).astype(np.float32) * 10  # means nothing
    probabilities = torch.softmax(torch.from_numpy(shifted), dim=1).numpy()
    ranked = ranking_scores("cross_entropy", shifted)
    assert ranked.dtype == np.float32
    np.testing.assert_allclose(np.exp(ranked), probabilities, rtol=1e-4)
    np.testing.assert_allclose(ranking_scores("cross_entropy", LOGITS), ranked, atol=1e-4)
    assert ranking_scores("binary", LOGITS) is LOGITS


def test_predictions_of_exclusive_classes_add_up_to_one_in_each_sequence():
    predicted = LOSSES["cross_entropy"].activation(torch.from_numpy(LOGITS)).numpy()
    np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        predicted, np.exp(ranking_scores("cross_entropy", LOGITS)), rtol=1e-4
    )


def test_only_the_likeliest_class_has_a_decision_score_above_0():
    yes = decision_scores("cross_entropy", LOGITS) > 0
    assert (yes.sum(axis=1) == 1).all()
    assert (yes.argmax(axis=1) == LOGITS.argmax(axis=1)).all()
    assert decision_scores("binary", LOGITS) is LOGITS
    tied = decision_scores("cross_entropy", np.zeros((1, 3)))
    assert not (tied > 0).any()  # no class wins a tie


def test_a_class_is_right_where_it_is_the_likeliest():
    right = correctly_predicted(LOGITS, ONE_HOT, "cross_entropy", "exact_match")
    assert (right[:, 0] == (LOGITS.argmax(axis=1) == CLASSES)).all()
    bound = correctly_predicted(LOGITS, ONE_HOT, "cross_entropy", "true_positive")
    assert (bound == (right & (ONE_HOT == 1))).all()


def test_the_correlation_loss_is_one_minus_each_rows_pearson_correlation():
    loss = LOSSES["correlation"].function
    labels = RNG.normal(size=(50, 4)).astype(np.float32)
    rows = [np.corrcoef(p, y)[0, 1] for p, y in zip(LOGITS, labels, strict=True)]
    outputs, targets = torch.from_numpy(LOGITS), torch.from_numpy(labels)
    expected = 1 - np.mean(rows)
    assert loss(outputs, targets).item() == pytest.approx(expected, rel=1e-5)
    # Neither the origin nor the unit of a sequence's values matters.
    moved = outputs * (1 + torch.rand(50, 1)) + torch.randn(50, 1)
    assert loss(moved, targets).item() == pytest.approx(expected, rel=1e-4)
    for unit in (1e-8, 1e8):
        assert loss(outputs, targets * unit).item() == pytest.approx(expected, rel=1e-4)
    # A label that is missing is left out of its row, a row without variance of the mean.
    labels[3, 1], labels[7] = np.nan, 0.5
    rows[3] = np.corrcoef(LOGITS[3, [0, 2, 3]], labels[3, [0, 2, 3]])[0, 1]
    expected = 1 - np.mean(np.delete(rows, 7))
    outputs.requires_grad_()
    value = loss(outputs, torch.from_numpy(labels))
    assert value.item() == pytest.approx(expected, rel=1e-5)
    (gradient,) = torch.autograd.grad(value, outputs)
    assert (gradient[7] == 0).all() and gradient[3, 1] == 0 and gradient.isfinite().all()
    assert (np.delete(gradient.numpy(), 7, axis=0) != 0).any(axis=1).all()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            np.ones((3, 5)) * [[1], [2], [3]],
            "3 of 3 sequences have one value .*'a'.*constant: drop",
        ),
        ([[0, 0, 0, 0, 1], [1, 1, np.nan, 1, 1], [0, 1, 0, 1, 0]], "1 of 3 .*'b'"),
        ([[0, 0, 0, 1], [1, 0, 0, 1], [0, 1, 0, 1]], "found 4 targets .* wanted 5 or more"),
    ],
)
def test_a_correlation_needs_values_that_vary_over_enough_targets(values, said):
    values = np.array(values, dtype=float)
    names = [f"t{i}" for i in range(values.shape[1])]
    data = dataset.build(["a", "b", "c"], np.zeros((3, 4)), values, names)
    data.uns["task"] = "correlation"
    with pytest.raises(InputError, match=said):
        check_targets(data, "mine")
    if "'b'" in said:
        kept = drop(data, constant="drop")
        kept.uns["task"] = "correlation"
        check_targets(kept, "mine")
        assert list(kept.obs_names) == ["a", "c"] and kept.uns["dropped"]["constant"] == 1


def test_every_sequence_needs_exactly_one_class():
    X = np.eye(3)[[0, 1, 2]]
    X[1] = [1, 1, 0]
    data = dataset.build(["a", "b", "c"], np.zeros((3, 4)), X, ["one", "two", "three"])
    data.uns["task"] = "cross_entropy"
    with pytest.raises(InputError, match="'b': found 2 classes, wanted exactly one"):
        check_targets(data, "mine")
