"""Training gives Keras's histories: the same weights in, the same numbers and names out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae

_rng = np.random.default_rng(0)
X = _rng.normal(size=(50, 6)).astype("float32")
CLASSES = _rng.integers(0, 3, 50)
REAL = _rng.normal(size=(50, 1)).astype("float32")
BINARY = _rng.integers(0, 2, (50, 1)).astype("float32")
WEIGHTS = _rng.uniform(0.5, 2, 50).astype("float32")


def _stack(
    units: int, activation: Any, loss: str, metrics: Any, **options: Any
) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        hidden = keras.layers.Dense(8, activation="tanh", kernel_regularizer="l2")
        model = keras.Sequential(
            [keras.Input((6,)), hidden, keras.layers.Dense(units, activation=activation)]
        )
        model.compile("rmsprop", loss, metrics=metrics, **options)
        return model

    return build


def _heads(structure: type) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        i = keras.Input((6,), name="i")
        h = keras.layers.Dense(5, activation="relu")(i)
        a = keras.layers.Dense(1, name="a")(h)
        b = keras.layers.Dense(3, activation="softmax", name="b")(h)
        if structure is dict:
            model = keras.Model(i, {"a": a, "b": b})
            loss: Any = {"a": "mse", "b": "sparse_categorical_crossentropy"}
            model.compile("adam", loss=loss, metrics={"b": "accuracy"})
        else:
            model = keras.Model(i, [a, b])
            loss = ["mse", "sparse_categorical_crossentropy"]
            model.compile(
                "adam", loss=loss, loss_weights=[1.0, 0.5], metrics=[["mae"], ["accuracy"]]
            )
        return model

    return build


def _two_inputs(keras: Any) -> Any:
    i, j = keras.Input((6,), name="p"), keras.Input((6,), name="q")
    layers = keras.layers
    together = layers.Concatenate()([i, j])
    total = layers.Add()([layers.Dense(4)(i), layers.Dense(4)(j)])
    out = layers.Dense(1)(layers.Multiply()([total, layers.Dense(4)(together)]))
    model = keras.Model({"p": i, "q": j}, out)
    model.compile("sgd", "mse")
    return model


def _subclass(keras: Any) -> Any:
    class Two(keras.Model):
        def __init__(this) -> None:
            super().__init__()
            this.first = keras.layers.Dense(4, activation="relu")
            this.second = keras.layers.Dense(1)

        def call(this, x: Any, training: bool = False) -> Any:
            return this.second(this.first(x))

    model = Two()
    model.compile("adam", "mse", metrics=["mae"])
    model(X[:2])
    return model


def _fit(y: Any, x: Any = X, **options: Any) -> Callable[[Any], dict[str, Any]]:
    options = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0, **options}
    return lambda model: model.fit(x, y, **options).history


ROWS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sparse": (
        _stack(3, "softmax", "sparse_categorical_crossentropy", ["accuracy"]),
        _fit(CLASSES),
    ),
    "one-hot": (
        _stack(3, "softmax", "categorical_crossentropy", ["accuracy", "mse"]),
        _fit(np.eye(3, dtype="float32")[CLASSES]),
    ),
    "binary": (_stack(1, "sigmoid", "binary_crossentropy", ["accuracy", "AUC"]), _fit(BINARY)),
    "split": (_stack(1, None, "mse", ["mae", "mse"]), _fit(REAL, validation_split=0.3)),
    "weights": (
        _stack(1, None, "mse", ["mae"]),
        _fit(REAL, validation_data=(X[:10], REAL[:10]), validation_freq=2, sample_weight=WEIGHTS),
    ),
    "class weights": (
        _stack(
            3,
            "softmax",
            "sparse_categorical_crossentropy",
            ["accuracy"],
            weighted_metrics=["accuracy"],
        ),
        _fit(CLASSES, class_weight={0: 1.0, 1: 2.0, 2: 0.5}),
    ),
    "steps": (_stack(1, None, "huber", []), _fit(REAL, steps_per_epoch=2)),
    "two outputs": (_heads(list), _fit([REAL, CLASSES])),
    "named outputs": (
        _heads(dict),
        _fit({"a": REAL, "b": CLASSES}, validation_data=(X, {"a": REAL, "b": CLASSES})),
    ),
    "two inputs": (_two_inputs, _fit(REAL, {"p": X, "q": 2 * X})),
    "subclass": (_subclass, _fit(REAL)),
}


def _same_start(build: Callable[[Any], Any], keras: Any) -> tuple[Any, Any]:
    theirs, ours = build(keras), build(narae)
    ours.set_weights(theirs.get_weights())
    return theirs, ours


@pytest.mark.oracle
@pytest.mark.parametrize("row", ROWS)
def test_fit_gives_keras_s_history(row: str, keras: Any) -> None:
    build, fit = ROWS[row]
    theirs, ours = _same_start(build, keras)
    wanted, got = fit(theirs), fit(ours)
    assert list(got) == list(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(got[name], values, rtol=2e-5, atol=1e-6, err_msg=name)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)


@pytest.mark.oracle
def test_evaluate_predict_and_single_batches_give_keras_s_numbers(keras: Any) -> None:
    theirs, ours = _same_start(_stack(1, None, "mse", ["mae"]), keras)
    for model_call in (
        lambda m: m.evaluate(X, REAL, verbose=0),
        lambda m: list(m.evaluate(X, REAL, verbose=0, return_dict=True).items()),
        lambda m: m.predict(X, batch_size=16, verbose=0),
        lambda m: m.train_on_batch(X, REAL),
        lambda m: m.test_on_batch(X, REAL),
        lambda m: m.predict_on_batch(X),
    ):
        wanted, got = model_call(theirs), model_call(ours)
        if isinstance(wanted, list) and wanted and isinstance(wanted[0], tuple):
            assert [k for k, _ in got] == [k for k, _ in wanted]
            wanted, got = [v for _, v in wanted], [v for _, v in got]
        np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("row", ["sparse", "weights", "two outputs"])
def test_an_eager_fit_gives_the_compiled_fit_s_numbers(row: str) -> None:
    build, fit = ROWS[row]
    compiled, eager = build(narae), build(narae)
    eager.set_weights(compiled.get_weights())
    eager.run_eagerly = True
    wanted, got = fit(compiled), fit(eager)
    for name, values in wanted.items():
        np.testing.assert_allclose(got[name], values, rtol=1e-5, atol=1e-7, err_msg=name)


def _names_after_compile(keras: Any) -> list[str]:
    keras.backend.clear_session(free_memory=False)
    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["precision", "auc", "mae"])
    model.fit(X, BINARY, verbose=0)
    again = keras.metrics.Precision()
    model.compile("sgd", "binary_crossentropy", metrics=[again, "recall"])
    return [*model.fit(X, BINARY, verbose=0).history, keras.metrics.AUC().name]


def test_names_of_metrics_count_each_metric_once(keras: Any) -> None:
    """A notebook's second model logs "precision_1" in Keras, and so it does here."""
    assert _names_after_compile(narae) == _names_after_compile(keras)


def _logs_of_the_end(keras: Any) -> list[list[str]]:
    model = _stack(1, "sigmoid", "binary_crossentropy", ["mae"])(keras)
    seen: list[list[str]] = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(sorted(logs)),
        on_train_end=lambda logs: seen.append(sorted(logs)),
    )
    rate = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = model.fit(X, BINARY, epochs=2, verbose=0, callbacks=[rate, watch])
    return [*seen, sorted(history.history)]


def test_what_callbacks_add_to_the_logs_is_not_among_those_of_the_end(keras: Any) -> None:
    assert _logs_of_the_end(narae) == _logs_of_the_end(keras)


def _told(keras: Any) -> list[str]:
    model = keras.Sequential([keras.layers.Dense(1, activation="softmax")])
    model.compile("sgd", "binary_crossentropy")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.fit(X, BINARY, verbose=0)
        keras.ops.softmax(np.ones((2, 3), "float32"))
    return [w.category.__name__ for w in told if "softmax" in str(w.message)][:1]


def test_a_softmax_of_one_unit_is_told(keras: Any) -> None:
    assert _told(narae) == _told(keras) == ["UserWarning"]
