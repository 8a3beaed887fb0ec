"""What a model's compiled evaluation says is what the loss or metric itself says."""

from __future__ import annotations

import numpy as np
import pytest

from narae import Sequential, layers, losses, metrics
from narae.engine import config

RNG = np.random.default_rng(4)
N, D = 10, 4
P = RNG.uniform(0.1, 0.9, (N, D)).astype("float32")
LABELS = RNG.integers(0, D, N).astype("int32")
ONE_HOT = np.eye(D, dtype="float32")[LABELS]
BITS = RNG.integers(0, 2, (N, D)).astype("float32")

# losses of rows, whose means over batches are those of all rows
LOSSES = {
    "BinaryCrossentropy": (BITS, {"label_smoothing": 0.2}),
    "BinaryFocalCrossentropy": (BITS, {"apply_class_balancing": True}),
    "CategoricalCrossentropy": (ONE_HOT, {"label_smoothing": 0.1}),
    "CategoricalFocalCrossentropy": (ONE_HOT, {}),
    "CategoricalGeneralizedCrossEntropy": (LABELS, {}),
    "CategoricalHinge": (ONE_HOT, {}),
    "CosineSimilarity": (BITS, {}),
    "Dice": (BITS, {"axis": 1}),
    "Hinge": (BITS, {}),
    "Huber": (BITS, {"delta": 0.25}),
    "KLDivergence": (P[::-1].copy(), {}),
    "LogCosh": (BITS, {}),
    "MeanAbsoluteError": (BITS, {}),
    "MeanAbsolutePercentageError": (P[::-1].copy(), {}),
    "MeanSquaredError": (BITS, {}),
    "MeanSquaredLogarithmicError": (BITS, {}),
    "Poisson": (BITS, {}),
    "SparseCategoricalCrossentropy": (LABELS, {"ignore_class": None}),
    "SquaredHinge": (BITS, {}),
    "Tversky": (BITS, {"axis": 1, "alpha": 0.2, "beta": 0.8}),
}
METRICS = [
    metrics.AUC(num_thresholds=20),
    metrics.AUC(curve="PR", multi_label=True, num_labels=D, name="by_label"),
    metrics.BinaryAccuracy(threshold=0.4),
    metrics.CategoricalAccuracy(),
    metrics.FBetaScore(average="weighted", beta=2.0, threshold=0.4),
    metrics.Precision(class_id=1),
    metrics.Recall(top_k=2),
    metrics.R2Score("variance_weighted_average"),
    metrics.RootMeanSquaredError(),
    metrics.TopKCategoricalAccuracy(k=2),
    metrics.SensitivityAtSpecificity(0.5, num_thresholds=20),
    metrics.OneHotMeanIoU(D),
]
EXECUTORS = ["native", pytest.param("numpy", marks=pytest.mark.slow)]


def _model() -> Sequential:
    return Sequential([layers.Input((D,)), layers.Activation("linear")])


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_evaluated_is_the_loss(monkeypatch, executor, name):
    monkeypatch.setattr(config, "_chosen", [executor])
    y, options = LOSSES[name]
    loss = getattr(losses, name)(**options)
    model = _model()
    model.compile(loss=loss)
    # batches of 4, 4 and 2: their means are weighted by their rows
    found = model.evaluate(P, y, batch_size=4, verbose=0)
    np.testing.assert_allclose(found, loss(y, P).numpy(), rtol=N * D * 2.0**-23, atol=1e-6)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_metrics_evaluated_are_the_metrics(monkeypatch, executor):
    monkeypatch.setattr(config, "_chosen", [executor])
    model = _model()
    model.compile(loss="mse", metrics=[type(m).from_config(m.get_config()) for m in METRICS])
    found = model.evaluate(P, ONE_HOT, batch_size=4, verbose=0, return_dict=True)
    for metric in METRICS:
        metric.reset_state()
        expected = metric(ONE_HOT, P).numpy()
        np.testing.assert_allclose(found[metric.name], expected, rtol=1e-5, atol=1e-6)
