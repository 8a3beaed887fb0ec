"""Losses: what they refuse, and laws that need no oracle."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from narae import losses, ops
from narae.engine.jit import jit
from narae.engine.tape import grad

P = np.full((3, 10), 0.1, "float32")
ONE_HOT = np.eye(10, dtype="float32")[[1, 2, 3]]
SPARSE, ONE = "sparse_categorical_crossentropy", "categorical_crossentropy"

BAD = [
    (SPARSE, [1, 2, 10], P, "label 10 is out of range for 10 classes"),
    (SPARSE, [1, -2, 3], P, "label -2 is out of range"),
    (SPARSE, [1.5, 2, 3], P, "not whole numbers"),
    (SPARSE, ONE_HOT, P, "look one-hot: categorical_crossentropy"),
    (SPARSE, [1, 2], P, r"targets of shape \(3,\)"),
    (SPARSE, np.zeros((3, 4)), P, r"targets of shape \(3,\)"),
    (ONE, [1, 2, 3], P, "sparse_categorical_crossentropy .*to_categorical"),
    (ONE, [[1], [2], [3]], P, "sparse_categorical_crossentropy .*to_categorical"),
    (ONE, ONE_HOT[:, :4], P, r"predictions' shape \(3, 10\), got \(3, 4\)"),
    ("categorical_focal_crossentropy", [1, 2, 3], P, "to_categorical"),
    ("categorical_generalized_cross_entropy", [1, 2, 10], P, "label 10 is out of range"),
    ("mean_squared_error", np.zeros((3, 4)), P, r"got shapes \(3, 4\) and \(3, 10\)"),
    ("binary_crossentropy", np.zeros((3, 4)), P, r"got shapes \(3, 4\) and \(3, 10\)"),
    ("hinge", np.zeros((4, 10)), P, r"got shapes \(4, 10\) and \(3, 10\)"),
    ("ctc", [[1, 2, 3]], P[0], r"scores \(batch, time, classes\)"),
    ("ctc", [1, 2, 3], P, r"scores \(batch, time, classes\)"),
]


@pytest.mark.parametrize(("name", "y_true", "y_pred", "message"), BAD)
def test_refuses(name, y_true, y_pred, message):
    kw = {"q": 0.5} if "generalized" in name else {}
    with pytest.raises(ValueError, match=message):
        getattr(losses, name)(np.asarray(y_true), y_pred, **kw)


VALIDATED = [
    ("SparseCategoricalCrossentropy", {}, [1, 2, 10], "label 10 is out of range"),
    (
        "SparseCategoricalCrossentropy",
        {"ignore_class": -1},
        [-1, 2, -3],
        "label -3 is out of range",
    ),
    ("SparseCategoricalCrossentropy", {}, [1, 2, np.nan], "not whole numbers"),
    ("SparseCategoricalCrossentropy", {}, ONE_HOT, "look one-hot"),
    ("CategoricalCrossentropy", {}, [1, 2, 3], "to_categorical"),
    ("CategoricalGeneralizedCrossEntropy", {}, [1, 2, 11], "label 11 is out of range"),
]


@pytest.mark.parametrize(("name", "kw", "y_true", "message"), VALIDATED)
def test_validate_refuses(name, kw, y_true, message):
    loss = getattr(losses, name)(**kw)
    # what compile(loss="...") makes of a name
    by_function = losses.LossFunctionWrapper(loss.fn, **kw)
    for one in (loss, by_function):
        with pytest.raises(ValueError, match=message):
            one.validate(np.asarray(y_true), (2, 10))


@pytest.mark.parametrize(
    ("name", "kw", "y_true"),
    [
        ("SparseCategoricalCrossentropy", {}, [[0], [9], [3]]),
        ("SparseCategoricalCrossentropy", {}, [0.0, 9.0, 3.0]),
        ("SparseCategoricalCrossentropy", {"ignore_class": 255}, [0, 255, 3]),
        ("CategoricalCrossentropy", {}, ONE_HOT),
        ("MeanSquaredError", {}, [[1.0]]),
    ],
)
def test_validate_accepts(name, kw, y_true):
    getattr(losses, name)(**kw).validate(np.asarray(y_true), (None, 10))


def test_ignored_class_may_be_no_class():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    labels = np.array([1, 255, 255], "int32")
    assert loss(labels, P).item() == pytest.approx(np.log(10), rel=1e-5)
    traced = jit(lambda t, p: loss(t, p))(labels, P)
    assert traced.item() == pytest.approx(np.log(10), rel=1e-5)


def test_sparse_equals_one_hot():
    x = np.random.default_rng(0).normal(size=(3, 10)).astype("float32")
    for from_logits, y in ((True, x), (False, np.exp(x))):
        a = losses.SparseCategoricalCrossentropy(from_logits)
        b = losses.CategoricalCrossentropy(from_logits)
        labels = np.array([1, 2, 3])
        np.testing.assert_allclose(a(labels, y).numpy(), b(ONE_HOT, y).numpy(), rtol=1e-6)
        ours = grad(lambda p: a(labels, p))(y).numpy()  # noqa: B023
        np.testing.assert_allclose(ours, grad(lambda p: b(ONE_HOT, p))(y).numpy(), atol=1e-7)  # noqa: B023


@pytest.mark.parametrize("axis", [1, -2])
@pytest.mark.parametrize("from_logits", [True, False])
def test_sparse_classes_on_another_axis(axis, from_logits):
    labels = np.array([[0, 1, 2, 1], [2, 2, 0, 1]], "int32")
    scores = np.random.default_rng(1).random((2, 3, 4)).astype("float32")
    ours = losses.sparse_categorical_crossentropy(labels, scores, from_logits, axis=axis)
    moved = losses.sparse_categorical_crossentropy(labels, np.moveaxis(scores, 1, -1), from_logits)
    np.testing.assert_allclose(ours.numpy(), moved.numpy(), rtol=1e-6)


def test_labels_may_have_a_last_axis_of_one():
    labels = np.array([1, 2, 3])
    for name in (SPARSE, "categorical_generalized_cross_entropy"):
        kw = {"q": 0.5} if "generalized" in name else {}
        flat, column = (getattr(losses, name)(y, P, **kw) for y in (labels, labels[:, None]))
        assert flat.tolist() == column.tolist()


@pytest.mark.parametrize("labels", [[1, 2], [1, 1], [2, 0], [0, 0]])
def test_ctc_sums_over_all_alignments(labels):
    scores = np.random.default_rng(2).normal(size=(4, 3))
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [c for c, _ in itertools.groupby(path) if c != 0]
        if merged == [c for c in labels if c != 0]:
            total += np.prod([p[t, c] for t, c in enumerate(path)])
    assert losses.ctc([labels], scores[None])[0].item() == pytest.approx(-np.log(total), rel=1e-5)


def test_axes_from_a_file():
    loss = losses.Dice(axis=(1, 2))
    assert losses.Dice.from_config({"axis": [1, 2]}).get_config() == loss.get_config()
    again = losses.deserialize(losses.serialize(loss))
    assert again.get_config() == loss.get_config()


def test_logits_far_out_stay_finite():
    scores = np.array([[1e4, -1e4]], "float32")
    for name in ("binary_crossentropy", "categorical_crossentropy"):
        value = getattr(losses, name)([[0.0, 1.0]], scores, from_logits=True).numpy()
        assert np.isfinite(value).all()
        assert value[0] >= 1e4


@pytest.mark.parametrize("bad", [0.0, 1.0, 2.0])
def test_q_is_checked(bad):
    with pytest.raises(ValueError, match="q is between 0 and 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=bad)


def test_names_that_are_none():
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_squared_eror")
    with pytest.raises(ValueError, match="reduction is one of"):
        losses.MeanSquaredError(reduction="average")
    assert losses.get(None) is None


def test_a_loss_of_ones_own():
    class Distance(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.max(ops.abs(y_true - y_pred), axis=-1)

    class Empty(losses.Loss):
        pass

    assert Distance(reduction="sum")([[0.0], [1.0]], [[2.0], [4.0]]).item() == 5.0
    assert Distance(name="d").get_config() == {"name": "d", "reduction": "sum_over_batch_size"}
    with pytest.raises(NotImplementedError, match="call"):
        Empty()([[0.0]], [[1.0]])


def test_a_loss_of_nested_outputs():
    class Both(losses.Loss):
        def call(self, y_true, y_pred):
            return sum(ops.abs(y_true[k] - y_pred[k]) for k in ("a", "b"))

    ones, zeros = np.ones(2, "float32"), np.zeros(2, "float32")
    assert Both()({"a": ones, "b": ones}, {"a": zeros, "b": ones}).item() == 1.0


def test_wrapper_keeps_its_function():
    loss = losses.LossFunctionWrapper(losses.huber, delta=2.0, name="mine")
    again = losses.deserialize(losses.serialize(loss))
    assert again([[0.0]], [[3.0]]).item() == 4.0


def test_tversky_weighs_false_positives_by_alpha_as_the_paper_does():
    """Salehi et al. 2017, eq. 3: TP / (TP + alpha FP + beta FN), summed here by hand."""
    y_true, y_pred = np.array([[1.0, 0, 0, 0]]), np.array([[1.0, 1, 0, 0]])
    for alpha, beta in ((0.2, 0.8), (0.8, 0.2), (0.5, 0.5)):
        true_positives, false_positives, false_negatives = 1.0, 1.0, 0.0
        index = true_positives / (true_positives + alpha * false_positives + beta * false_negatives)
        for loss in (
            losses.Tversky(alpha=alpha, beta=beta)(y_true, y_pred),
            losses.tversky(y_true, y_pred, alpha, beta),
        ):
            # epsilon (1e-7) in the denominator, and float32
            np.testing.assert_allclose(loss.numpy(), 1 - index, atol=3e-7)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
@pytest.mark.parametrize("logits", [False, True])
def test_smoothed_targets_are_a_distribution_along_the_axis(axis, logits):
    """The crossentropy of targets that were smoothed beforehand, with 1/K of the axis's K classes."""
    rng = np.random.default_rng(3)
    y_pred = rng.uniform(0.1, 1.0, (2, 3, 4))
    classes = y_pred.shape[axis]
    labels = np.moveaxis(rng.integers(0, classes, y_pred.shape), axis, -1)[..., 0]
    y_true = np.moveaxis(np.eye(classes)[labels], -1, axis)
    smooth = y_true * 0.7 + 0.3 / classes
    np.testing.assert_allclose(smooth.sum(axis), 1.0)
    for name in ("categorical_crossentropy", "categorical_focal_crossentropy"):
        function = getattr(losses, name)
        options = {"from_logits": logits, "axis": axis}
        ours = function(y_true, y_pred, label_smoothing=0.3, **options)
        np.testing.assert_allclose(
            ours.numpy(), function(smooth, y_pred, **options).numpy(), rtol=1e-6
        )


def test_ctc_sums_over_all_alignments_with_the_blank_among_the_labels():
    """By enumeration: the labels' sequence with optional blanks between, each state held for a while."""
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(1, 5, 3))
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    for labels in ([1, 2, 0, 2], [1, 0], [2, 2], [0, 1, 1]):
        length = sum(label != 0 for label in labels)
        states = [0]
        for label in labels[:length]:
            states += [label, 0]
        ends = [len(states) - 1, len(states) - 2]
        total = 0.0
        for path in itertools.product(range(len(states)), repeat=5):
            steps_fit = all(
                0 <= b - a <= 1 or (b - a == 2 and b % 2 == 1 and states[a] != states[b])
                for a, b in itertools.pairwise(path)
            )
            if path[0] in (0, 1) and path[-1] in ends and steps_fit:
                total += np.prod([p[0, t, states[s]] for t, s in enumerate(path)])
        ours = losses.ctc(np.array([labels]), scores.astype("float32"))
        np.testing.assert_allclose(ours.numpy(), [-np.log(total)], rtol=1e-5)


def test_ctc_of_half_precision_is_computed_wider():
    labels = np.array([[1, 2, 2, 1]])
    scores = np.zeros((1, 6, 3), "float16")
    wide = losses.ctc(labels, scores.astype("float32")).numpy()
    half = losses.ctc(labels, scores)
    assert half.dtype == "float32"
    np.testing.assert_array_equal(half.numpy(), wide)
