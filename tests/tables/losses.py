"""A row for each loss and each of its options: class, arguments, y_true, y_pred."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(7)
N, D = 6, 4


def probabilities(*shape):
    x = RNG.random(shape).astype("float32") + 0.05
    return x / x.sum(-1, keepdims=True)


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


LABELS = RNG.integers(0, D, N).astype("int32")
ONE_HOT = np.eye(D, dtype="float32")[LABELS]
BITS = RNG.integers(0, 2, (N, D)).astype("float32")
P = probabilities(N, D)
X, Y = floats(N, D), floats(N, D)
UNIT = X / np.linalg.norm(X, axis=-1, keepdims=True)
POSITIVE = RNG.random((N, D)).astype("float32") + 0.1

# class name, arguments, targets, predictions
CASES = [
    ("MeanSquaredError", {}, Y, X),
    ("MeanAbsoluteError", {}, Y, X),
    ("MeanAbsolutePercentageError", {}, Y, X),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, P),
    ("CosineSimilarity", {}, Y, X),
    ("CosineSimilarity", {"axis": 0}, Y, X),
    ("Huber", {}, Y, 2 * X),
    ("Huber", {"delta": 0.5}, Y, X),
    ("LogCosh", {}, Y, 3 * X),
    ("Poisson", {}, POSITIVE, P),
    ("KLDivergence", {}, probabilities(N, D), P),
    ("Hinge", {}, BITS, X),
    ("Hinge", {}, 2 * BITS - 1, X),
    ("SquaredHinge", {}, BITS, X),
    ("CategoricalHinge", {}, ONE_HOT, X),
    ("BinaryCrossentropy", {}, BITS, P),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BITS, 3 * X),
    ("BinaryCrossentropy", {"axis": 0}, BITS, P),
    ("BinaryFocalCrossentropy", {}, BITS, P),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1.5}, BITS, P),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, BITS, X),
    ("CategoricalCrossentropy", {}, ONE_HOT, POSITIVE),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, 3 * X),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, P),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, POSITIVE),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "alpha": 0.5, "gamma": 1.0}, ONE_HOT, X),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, P),
    ("SparseCategoricalCrossentropy", {}, LABELS, POSITIVE),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS[:, None], 3 * X),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, LABELS, P),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, np.where(LABELS == 2, -1, LABELS), P),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 3}, LABELS, X),
    ("CategoricalGeneralizedCrossEntropy", {}, LABELS, P),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, LABELS, P),
    ("Dice", {}, BITS, P),
    ("Dice", {"axis": 1}, BITS, P),
    ("Tversky", {"alpha": 0.4, "beta": 0.4}, BITS, P),
    ("Tversky", {"axis": 0}, BITS, P),
    ("Circle", {}, LABELS, UNIT),
    ("Circle", {"gamma": 20.0, "margin": 0.2, "remove_diagonal": False}, LABELS, UNIT),
    ("CTC", {}, np.array([[1, 2, 0], [3, 0, 0]], "int32"), floats(2, 5, D)),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in kw.items())}" for name, kw, *_ in CASES]
