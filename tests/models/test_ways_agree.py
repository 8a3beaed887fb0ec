"""The ways to run an epoch agree: as one run, batch by batch, and eagerly, under every option and on
every executor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae.engine import config

_rng = np.random.default_rng(0)
X = _rng.normal(size=(22, 4)).astype("float32")
Y = _rng.normal(size=(22, 1)).astype("float32")
W = _rng.uniform(0.5, 2, 22).astype("float32")
CLASSES = np.arange(22) % 3

OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "a short last batch": ({}, {"batch_size": 5}),
    "shuffled": ({}, {"shuffle": True}),
    "batches shuffled": ({}, {"shuffle": "batch"}),
    "sample weights": ({"weighted_metrics": ["mae"]}, {"sample_weight": W}),
    "steps": ({}, {"steps_per_epoch": 2, "epochs": 4}),
    "more steps than data": ({}, {"steps_per_epoch": 9, "epochs": 2}),
    "validation": ({"metrics": ["mae"]}, {"validation_split": 0.3, "validation_freq": [1, 3]}),
    "validation steps": ({}, {"validation_data": (X, Y), "validation_steps": 2}),
    "first epoch": ({}, {"initial_epoch": 1, "steps_per_epoch": 2, "epochs": 3}),
    "executions": ({"steps_per_execution": 2}, {}),
    "executions of steps": ({"steps_per_execution": 2}, {"steps_per_epoch": 3, "epochs": 4}),
    "momentum": ({"optimizer": narae.optimizers.SGD(0.05, momentum=0.9)}, {}),
    "moving averages": ({"optimizer": narae.optimizers.Adam(0.05, use_ema=True)}, {}),
}


class _Batches(narae.callbacks.Callback):
    """Wants each batch, which is then a run of its own."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


def _fitted(compiled: dict[str, Any], fit: dict[str, Any], callbacks: Any, eagerly: bool) -> Any:
    narae.utils.set_random_seed(3)
    model = narae.Sequential(
        [
            narae.Input((4,)),
            narae.layers.Dense(5, activation="tanh", kernel_regularizer="l2"),
            narae.layers.BatchNormalization(),
            narae.layers.Dropout(0.3, seed=1),
            narae.layers.Dense(1),
        ]
    )
    given = {"optimizer": "sgd", "loss": "mse", **compiled}
    if not isinstance(given["optimizer"], str):  # each model has one of its own
        given["optimizer"] = type(given["optimizer"]).from_config(given["optimizer"].get_config())
    model.compile(run_eagerly=eagerly, **given)
    narae.utils.set_random_seed(4)
    options = {"batch_size": 4, "epochs": 3, "verbose": 0, "shuffle": False, **fit}
    history = model.fit(X, Y, callbacks=callbacks, **options).history
    return history, model.get_weights(), model.predict(X, batch_size=5, verbose=0)


def _close(got: Any, want: Any) -> None:
    # float32 sums of at most 22 * 5 terms in another order, over at most 30 steps
    bound = 30 * 110 * np.finfo("float32").eps
    assert list(got[0]) == list(want[0])
    for name in want[0]:
        np.testing.assert_allclose(got[0][name], want[0][name], rtol=bound, err_msg=name)
    for mine, other in zip([*got[1], got[2]], [*want[1], want[2]], strict=True):
        np.testing.assert_allclose(mine, other, rtol=bound, atol=bound)


@pytest.mark.parametrize("row", OPTIONS)
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_one_run_batches_and_eager_steps_agree(row: str, own_executor: str) -> None:
    compiled, fit = OPTIONS[row]
    whole = _fitted(compiled, fit, None, False)
    _close(_fitted(compiled, fit, [_Batches()], False), whole)
    _close(_fitted(compiled, fit, None, True), whole)


@pytest.mark.parametrize("row", ["plain", "steps", "validation"])
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_the_executors_agree(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for executor in ("numpy", "native", "xla"):
        monkeypatch.setattr(config, "_chosen", [executor])
        found.append(_fitted(*OPTIONS[row], None, False))
    _close(found[1], found[0])
    _close(found[2], found[0])


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("weights", [{0: 2.0, 1: 0.5}, {2: 3}])
def test_class_weights_are_sample_weights_by_label(eagerly: bool, weights: Any) -> None:
    def loss(**given: Any) -> Any:
        model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, activation="softmax")])
        model.set_weights([np.linspace(-1, 1, 12).reshape(4, 3), np.zeros(3)])
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=eagerly)
        return model.fit(X, CLASSES, shuffle=False, verbose=0, **given).history["loss"]

    by_label = np.array([weights.get(int(c), 1.0) for c in CLASSES], "float32")
    np.testing.assert_allclose(loss(class_weight=weights), loss(sample_weight=by_label), rtol=1e-6)


LAYOUTS: dict[str, Any] = {
    "transposed": lambda x: narae.ops.swapaxes(narae.ops.swapaxes(x, 0, 1) * 2, 0, 1),
    "backwards": lambda x: narae.ops.flip(x * 2, axis=1),
    "every other": lambda x: (x * 2)[:, ::2],
    "a part": lambda x: (x * 2)[:, 1:2],
    "repeated": lambda x: narae.ops.broadcast_to((x * 2)[:, :1], x.shape),
    "empty": lambda x: x[:, :0] * 2,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_outputs_of_many_batches_are_those_of_each_however_they_lie(
    layout: str, own_executor: str
) -> None:
    inputs = narae.Input((3, 4))
    model = narae.Model(inputs, narae.layers.Lambda(LAYOUTS[layout])(inputs))
    x = np.arange(72.0, dtype="float32").reshape(6, 3, 4)
    got = model.predict(x, batch_size=2, verbose=0)
    np.testing.assert_array_equal(got, model(x).numpy())
