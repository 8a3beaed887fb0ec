"""Masked steps count in no metric: while training as in `evaluate`, compiled and eagerly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers

_rng = np.random.default_rng(0)
X = _rng.normal(size=(6, 5, 3)).astype("float32")
X[:, 3:] = 0
X[2, 1:] = 0
Y = _rng.normal(size=(6, 5, 2)).astype("float32")
KEPT = X.any(-1)
STEPS = _rng.uniform(0.5, 2, (6, 5)).astype("float32")


@pytest.mark.parametrize("weights", [None, STEPS], ids=["plain", "weights of steps"])
@pytest.mark.parametrize("eagerly", [False, True])
def test_metrics_are_of_the_steps_that_are_kept(eagerly: bool, weights: Any) -> None:
    model = narae.Sequential([narae.Input((5, 3)), layers.Masking(), layers.Dense(2)])
    optimizer = narae.optimizers.SGD(0.0)
    metrics = {"metrics": ["mae"], "weighted_metrics": ["mse"]}
    model.compile(optimizer, "mse", run_eagerly=eagerly, **metrics)
    found = model.fit(X, Y, sample_weight=weights, batch_size=6, verbose=0).history
    tested = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
    off = np.asarray(model(X)) - Y
    weight = np.ones((6, 5)) if weights is None else weights
    want = {
        "mae": np.abs(off).mean(-1)[KEPT].mean(),
        "mse": np.average((off**2).mean(-1)[KEPT], weights=weight[KEPT]),
    }
    for name, value in want.items():
        assert found[name][0] == pytest.approx(value, rel=1e-5)
        assert tested[name] == pytest.approx(value, rel=1e-5)
    assert found["loss"][0] == pytest.approx(tested["loss"], rel=1e-5)
