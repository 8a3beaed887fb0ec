"""A row for each metric and each of its options: class, arguments, a maker of (y_true, y_pred)."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(3)
N, D = 8, 4


def same_numbers() -> None:
    """Rows give the same numbers, in whatever order they are asked."""
    global RNG
    RNG = np.random.default_rng(3)


def probabilities(*shape):
    x = RNG.random(shape).astype("float32") + 0.05
    return x / x.sum(-1, keepdims=True)


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def bits(*shape):
    return RNG.integers(0, 2, shape).astype("float32")


def labels(*shape):
    return RNG.integers(0, D, shape).astype("int32")


def one_hot():
    return np.eye(D, dtype="float32")[labels(N)]


def scores(*shape):
    """Scores between the thresholds of 1/(n-1) steps that the tests use."""
    return (RNG.integers(0, 97, shape) / 97 + 0.003).astype("float32")


def binary():
    return bits(N), scores(N)


def table():
    return bits(N, D), scores(N, D)


def regression():
    return floats(N, D), floats(N, D)


def classes():
    return labels(N), labels(N)


def sparse():
    return labels(N), probabilities(N, D)


def dense():
    return one_hot(), probabilities(N, D)


# class name, arguments, a maker of (y_true, y_pred)
CASES = [
    ("Accuracy", {}, classes),
    ("BinaryAccuracy", {}, lambda: (bits(N, 1), scores(N, 1))),
    ("BinaryAccuracy", {"threshold": 0.3}, lambda: (bits(N), scores(N, 1))),
    ("CategoricalAccuracy", {}, dense),
    ("SparseCategoricalAccuracy", {}, sparse),
    ("SparseCategoricalAccuracy", {}, lambda: (labels(N, 3, 1), probabilities(N, 3, D))),
    ("TopKCategoricalAccuracy", {"k": 2}, dense),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 2, "from_sorted_ids": True},
        lambda: (labels(N), np.argsort(RNG.random((N, D)), -1).astype("int32")),
    ),
    ("MeanSquaredError", {}, regression),
    ("RootMeanSquaredError", {}, regression),
    ("MeanAbsoluteError", {}, regression),
    ("MeanAbsolutePercentageError", {}, regression),
    ("MeanSquaredLogarithmicError", {}, lambda: (scores(N, D), scores(N, D))),
    ("LogCoshError", {}, regression),
    ("CosineSimilarity", {}, regression),
    ("CosineSimilarity", {"axis": 1}, regression),
    ("Hinge", {}, lambda: (bits(N, D), floats(N, D))),
    ("SquaredHinge", {}, lambda: (bits(N, D), floats(N, D))),
    ("CategoricalHinge", {}, lambda: (one_hot(), floats(N, D))),
    ("KLDivergence", {}, lambda: (probabilities(N, D), probabilities(N, D))),
    ("Poisson", {}, table),
    ("BinaryCrossentropy", {}, table),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, table),
    ("CategoricalCrossentropy", {}, dense),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, dense),
    ("SparseCategoricalCrossentropy", {}, sparse),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, sparse),
    ("PearsonCorrelation", {}, regression),
    ("PearsonCorrelation", {"axis": 1}, regression),
    ("ConcordanceCorrelation", {}, regression),
    ("R2Score", {}, regression),
    ("R2Score", {"class_aggregation": None}, regression),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, regression),
    ("TruePositives", {}, binary),
    ("TruePositives", {"thresholds": [0.2, 0.6]}, table),
    ("FalsePositives", {}, binary),
    ("TrueNegatives", {"thresholds": 0.4}, binary),
    ("FalseNegatives", {}, binary),
    ("Precision", {}, binary),
    ("Precision", {"thresholds": [0.25, 0.5]}, binary),
    ("Precision", {"thresholds": [0.0, 0.5, 1.0]}, binary),
    ("Precision", {"top_k": 2}, table),
    ("Precision", {"top_k": 2, "class_id": 1}, table),
    ("Recall", {}, binary),
    ("Recall", {"class_id": 2}, table),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, binary),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 20}, binary),
    ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 1}, binary),
    ("PrecisionAtRecall", {"recall": 0.5, "class_id": 1}, table),
    ("RecallAtPrecision", {"precision": 0.6}, binary),
    ("AUC", {}, binary),
    ("AUC", {"curve": "PR"}, binary),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 9}, binary),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 30, "summation_method": "minoring"}, table),
    ("AUC", {"curve": "PR", "summation_method": "majoring", "num_thresholds": 20}, binary),
    ("AUC", {"summation_method": "minoring", "thresholds": [0.2, 0.7, 0.3]}, binary),
    ("AUC", {"multi_label": True}, table),
    (
        "AUC",
        {
            "multi_label": True,
            "curve": "PR",
            "num_labels": D,
            "label_weights": [1.0, 2.0, 0.0, 3.0],
        },
        table,
    ),
    ("AUC", {"label_weights": [1.0, 2.0, 0.0, 3.0]}, table),
    ("AUC", {"from_logits": True}, lambda: (bits(N), floats(N))),
    ("F1Score", {}, dense),
    ("F1Score", {"average": "macro"}, dense),
    ("F1Score", {"average": "micro", "threshold": 0.3}, table),
    ("FBetaScore", {"beta": 2.0, "average": "weighted", "threshold": 0.3}, table),
    ("IoU", {"num_classes": D, "target_class_ids": [0, 2]}, classes),
    ("IoU", {"num_classes": D, "target_class_ids": [0, 2], "ignore_class": 2}, classes),
    ("IoU", {"num_classes": D, "target_class_ids": [1], "dtype": "float32"}, classes),
    ("BinaryIoU", {"threshold": 0.4}, binary),
    ("MeanIoU", {"num_classes": D}, classes),
    ("OneHotIoU", {"num_classes": D, "target_class_ids": [1, 3]}, dense),
    ("OneHotMeanIoU", {"num_classes": D}, dense),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in kw.items())}" for name, kw, _ in CASES]
