"""What a fit holds to between fits: frozen layers, learning rates, compile anew, programs kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import callbacks, layers

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X[:, :1] * 2 + 1


def _model(optimizer: Any = "adam", **options: Any) -> Any:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model


def _changed(model: Any, **options: Any) -> list[bool]:
    """Which of the weights a fit changes."""
    before = model.get_weights()
    model.fit(X, Y, verbose=0, **options)
    return [not np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True)]


def test_the_loss_falls() -> None:
    losses = _model(narae.optimizers.Adam(0.05)).fit(X, Y, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


def test_layers_are_frozen_and_thawed_between_fits() -> None:
    model = _model()
    assert _changed(model) == [True] * 4
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    assert _changed(model) == [False, False, True, True]
    model.layers[0].trainable = True
    model.compile("adam", "mse")
    assert _changed(model) == [True] * 4


def test_a_learning_rate_set_between_fits_holds_at_once() -> None:
    model = _model("sgd")
    assert all(_changed(model))
    programs = len(model._step_programs()._programs)
    model.optimizer.learning_rate = 0.0
    assert not any(_changed(model))
    model.optimizer.learning_rate = 0.1
    assert all(_changed(model))
    assert len(model._step_programs()._programs) == programs  # and compiles nothing anew


def test_weights_set_between_fits_are_those_that_train() -> None:
    model = _model(narae.optimizers.SGD(0.0))
    model.fit(X, Y, verbose=0)
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    loss = model.fit(X, Y, verbose=0, batch_size=50).history["loss"][0]
    hidden = np.maximum(X.sum(axis=1, keepdims=True) + 1, 0)
    assert loss == pytest.approx(np.mean((3 * hidden + 1 - Y) ** 2), rel=1e-5)


def test_one_program_serves_each_shape_of_batch() -> None:
    model = _model()
    model.fit(X, Y, epochs=3, batch_size=16, verbose=0, validation_data=(X, Y))
    kinds = sorted(kind for kind, _ in model._step_programs().items())
    assert kinds == ["test", "test", "train", "train"]  # full batches and the short one


def test_compile_anew_takes_another_loss_and_begins_the_optimizer_anew() -> None:
    model = _model()
    model.fit(X, Y, verbose=0)
    model.compile("adam", "mae", metrics=["mse"])
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mse"]
    assert int(model.optimizer.iterations.numpy()) == 2
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(
        np.abs(model.predict(X, verbose=0) - Y).mean(), rel=1e-5
    )


def test_steps_per_execution_is_a_hint_that_changes_no_number() -> None:
    one, other = _model(), _model(steps_per_execution=4)
    other.set_weights(one.get_weights())
    options = {"epochs": 2, "batch_size": 7, "shuffle": False, "verbose": 0}
    assert one.fit(X, Y, **options).history == other.fit(X, Y, **options).history


@pytest.mark.parametrize("at", ["on_train_batch_end", "on_epoch_end"])
def test_stop_training_stops(at: str) -> None:
    model = _model()

    def stop(number: int, logs: Any) -> None:
        model.stop_training = number == 1

    stopping = callbacks.LambdaCallback(**{at: stop})
    history = model.fit(X, Y, epochs=9, batch_size=10, verbose=0, callbacks=[stopping])
    assert history.epoch == ([0] if at == "on_train_batch_end" else [0, 1])
    steps = 2 if at == "on_train_batch_end" else 10
    assert int(model.optimizer.iterations.numpy()) == steps
    assert len(model.fit(X, Y, epochs=2, verbose=0).epoch) == 2  # the next fit begins anew


def test_no_epochs_train_nothing() -> None:
    model = _model()
    assert not any(_changed(model, epochs=0))
    assert model.history.history == {}


@pytest.mark.parametrize("kind", ["list", "uint8", "float64", "Fortran", "strided", "bool targets"])
def test_arrays_of_all_kinds_give_the_same_numbers(kind: str) -> None:
    data = np.random.default_rng(0).integers(0, 9, (40, 4)).astype("float32")
    targets = (data[:, :1] > 4).astype("float32")
    x: Any = {
        "list": data.tolist(),
        "uint8": data.astype("uint8"),
        "float64": data.astype("float64"),
        "Fortran": np.asfortranarray(data),
        "strided": np.repeat(data, 2, axis=0)[::2],
    }.get(kind, data)
    y = targets.astype(bool) if kind == "bool targets" else targets
    one, other = _model(), _model()
    other.set_weights(one.get_weights())
    options = {"epochs": 2, "batch_size": 9, "verbose": 0}
    narae.utils.set_random_seed(1)
    wanted = one.fit(data, targets, **options).history["loss"]
    narae.utils.set_random_seed(1)
    np.testing.assert_allclose(other.fit(x, y, **options).history["loss"], wanted, rtol=1e-6)


def test_no_penalty_of_a_trace_is_left_behind() -> None:
    class Penalty(narae.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(narae.ops.sum(x))
            return x

    model = narae.Sequential([narae.Input((3,)), Penalty(), narae.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert model.losses == []
    model(x)
    assert [float(loss) for loss in model.losses] == [12.0]


@pytest.mark.parametrize("freq", [0, -1, True, "a", 1.5])
def test_validation_freq_is_a_number_or_a_list(freq: Any) -> None:
    with pytest.raises(ValueError, match="validation_freq is a number of epochs"):
        _model().fit(X, Y, validation_data=(X, Y), validation_freq=freq, verbose=0)
