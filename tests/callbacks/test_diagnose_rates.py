"""Diagnose names a learning rate that is too high, for every optimizer, and no healthy one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, optimizers
from narae.callbacks import Diagnose
from narae.diagnose.rates import SYMPTOM, constant_loss, too_high

# optimizer -> rates that learn, rates that are too high
GRID: dict[str, tuple[Callable[[float], Any], tuple[float, ...], tuple[float, ...]]] = {
    "sgd": (optimizers.SGD, (0.01, 0.1, 0.5), (10, 1000)),
    "momentum": (lambda r: optimizers.SGD(r, momentum=0.9), (0.01, 0.05), (3, 100)),
    "rmsprop": (optimizers.RMSprop, (1e-4, 1e-3), (0.1, 10)),
    "adam": (optimizers.Adam, (1e-4, 1e-3, 3e-3), (10,)),
    "adagrad": (optimizers.Adagrad, (0.001, 0.05), (100,)),
    "adadelta": (optimizers.Adadelta, (1.0,), (1000,)),
    "lion": (optimizers.Lion, (1e-4,), (1,)),
    "nadam": (optimizers.Nadam, (1e-3,), (3,)),
}
NETWORKS: dict[str, Callable[[], list[Any]]] = {
    "none": list,
    "relu": lambda: [layers.Dense(64, "relu"), layers.Dropout(0.3)],
    "tanh": lambda: [layers.Dense(32, "tanh"), layers.Dense(32, "tanh")],
}
ROWS = [
    (name, rate, network, high)
    for name, (_, healthy, wild) in GRID.items()
    for rates, high in ((healthy, False), (wild, True))
    for i, rate in enumerate(rates)
    for network in (list(NETWORKS)[i % 3], list(NETWORKS)[(i + 1) % 3])
]


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    from narae.datasets import mnist

    (x, y), _ = mnist.load_data()
    return x[:1500].reshape(-1, 784).astype("float32") / 255, y[:1500]


@pytest.mark.parametrize(("name", "rate", "network", "high"), ROWS)
def test_too_high_a_rate_is_named_and_no_other(
    digits: Any, name: str, rate: float, network: str, high: bool
) -> None:
    narae.utils.set_random_seed(1)
    stack = [*NETWORKS[network](), layers.Dense(10, "softmax")]
    model = narae.Sequential([narae.Input((784,)), *stack])
    model.compile(GRID[name][0](rate), "sparse_categorical_crossentropy")
    doctor = Diagnose(verbose=0)
    model.fit(*digits, epochs=2, batch_size=64, verbose=0, callbacks=[doctor])
    named = {finding.symptom for finding in doctor.findings}
    if high:
        assert SYMPTOM in named
        assert "a loss that does not move" not in named  # told once, by its cause
    else:
        assert named == set()


def test_a_regression_that_begins_far_away_is_no_jump() -> None:
    assert too_high([9000.0, 4000.0, 900.0], 4.0, bounded=False) is None
    assert too_high([9000.0, 90.0, 900.0], 4.0, bounded=False)
    assert (
        too_high([3.0, 0.001, 0.003], 4.0, bounded=False) is None
    )  # small losses jump by themselves
    assert too_high([20.0], 2.3, bounded=True, scaled=False) is None  # the data explains that


def test_constant_losses_are_those_of_the_best_constant_answer() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    shares = np.bincount(labels) / 200
    targets = rng.normal(size=(200, 1)) + 5
    cases: list[tuple[str, np.ndarray, Any]] = [
        ("sparse_categorical_crossentropy", labels, np.tile(shares, (200, 1))),
        ("categorical_crossentropy", np.eye(3)[labels], np.tile(shares, (200, 1))),
        ("binary_crossentropy", (labels > 0)[:, None], np.full((200, 1), 1 - shares[0])),
        ("mean_squared_error", targets, np.full((200, 1), targets.mean())),
        ("mean_absolute_error", targets, np.full((200, 1), np.median(targets))),
    ]
    for name, y, answer in cases:
        expected = float(np.mean(np.asarray(narae.losses.get(name)(y.astype("float32"), answer))))
        assert constant_loss(y, name) == pytest.approx(expected, rel=1e-4), name
    assert constant_loss(labels, "hinge") is None
