"""What remains of training, side by side with Keras: data of all forms, penalties, single batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae

pytestmark = pytest.mark.oracle

_rng = np.random.default_rng(1)
X = _rng.normal(size=(45, 5)).astype("float32")
Y = (X[:, :1] * 2 - X[:, 1:2]).astype("float32")
IMAGES = _rng.normal(size=(45, 9, 8, 2)).astype("float32")
CLASSES = _rng.integers(0, 3, 45)
WEIGHTS = _rng.uniform(0.2, 2, 45).astype("float32")
FIT = {"batch_size": 16, "shuffle": False, "verbose": 0}

Build = Callable[[Any], Any]


def _regression(**options: Any) -> Build:
    def build(keras: Any) -> Any:
        model = keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(6, "relu", kernel_regularizer=keras.regularizers.L1(0.01)),
                keras.layers.ActivityRegularization(l2=0.01),
                keras.layers.Dense(1),
            ]
        )
        model.compile(**{"optimizer": "adam", "loss": "mse", "metrics": ["mae"], **options})
        return model

    return build


def _classes(**options: Any) -> Build:
    def build(keras: Any) -> Any:
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", **options)
        return model

    return build


def _heads(**options: Any) -> Build:
    def build(keras: Any) -> Any:
        i = keras.Input((5,), name="i")
        h = keras.layers.Dense(4, "tanh", name="h")(i)
        a = keras.layers.Dense(1, name="a")(h)
        b = keras.layers.Dense(3, "softmax", name="b")(h)
        model = keras.Model(i, [a, b])
        losses = {"a": "mse", "b": "sparse_categorical_crossentropy"}
        model.compile("rmsprop", **{"loss": losses, **options})
        return model

    return build


def _images(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((9, 8, 2)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(momentum=0.8),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _add_loss(keras: Any) -> Any:
    class Adds(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(0.1 * keras.ops.mean(keras.ops.square(x)))
            return x

    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(4), Adds(), keras.layers.Dense(1)]
    )
    model.compile("adam", "mae")
    return model


def _batches() -> Any:
    while True:
        for start in range(0, 45, 15):
            yield X[start : start + 15], Y[start : start + 15], WEIGHTS[start : start + 15]


def _dataset(keras: Any) -> Any:
    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, i: int) -> Any:
            return X[i * 16 : i * 16 + 16], Y[i * 16 : i * 16 + 16]

    return Batches()


def _pandas() -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(X, columns=list("abcde")), pandas.Series(Y[:, 0])


def _torch() -> Any:
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return torch.utils.data.DataLoader(data, batch_size=16)


Rows = dict[str, tuple[Build, Callable[[Any, Any], Any]]]
FITS: Rows = {
    "penalties": (_regression(), lambda m, k: m.fit(X, Y, epochs=3, **FIT)),
    "images": (  # 20 steps; the validation sees the moving statistics
        _images,
        lambda m, k: m.fit(
            IMAGES,
            CLASSES,
            batch_size=23,
            epochs=10,
            shuffle=False,
            verbose=0,
            validation_data=(IMAGES[::-1].copy(), CLASSES[::-1].copy()),
        ),
    ),
    "add_loss": (_add_loss, lambda m, k: m.fit(X, Y, epochs=3, **FIT)),
    "flat targets": (_regression(), lambda m, k: m.fit(X, Y[:, 0], epochs=2, **FIT)),
    "pandas": (_regression(), lambda m, k: m.fit(*_pandas(), epochs=2, **FIT)),
    "a generator": (
        _regression(weighted_metrics=["mse"]),
        lambda m, k: m.fit(_batches(), steps_per_epoch=4, epochs=3, shuffle=False, verbose=0),
    ),
    "a dataset": (
        _regression(),
        lambda m, k: m.fit(_dataset(k), epochs=2, shuffle=False, verbose=0),
    ),
    "a DataLoader": (
        _regression(),
        lambda m, k: m.fit(_torch(), epochs=2, shuffle=False, verbose=0),
    ),
    "validation steps": (
        _regression(),
        lambda m, k: m.fit(
            X, Y, epochs=2, validation_data=(X, Y, WEIGHTS), validation_steps=2, **FIT
        ),
    ),
    "validation batches": (
        _regression(),
        lambda m, k: m.fit(
            X,
            Y,
            epochs=4,
            validation_data=(X, Y),
            validation_freq=[1, 4],
            validation_batch_size=7,
            **FIT,
        ),
    ),
    "a later start": (_regression(), lambda m, k: m.fit(X, Y, initial_epoch=2, epochs=5, **FIT)),
    "sample weights": (
        _classes(metrics=["accuracy"], weighted_metrics=["accuracy"]),
        lambda m, k: m.fit(X, CLASSES, sample_weight=WEIGHTS, epochs=3, **FIT),
    ),
    "accuracy by its short name": (
        _classes(metrics=["acc", "sparse_top_k_categorical_accuracy"]),
        lambda m, k: m.fit(X, CLASSES, epochs=2, **FIT),
    ),
    "a loss function": (
        _regression(loss=lambda y, p: abs(y - p) ** 3, metrics=[]),
        lambda m, k: m.fit(X, Y, epochs=2, **FIT),
    ),
    "a dict of metrics": (
        _heads(metrics={"a": ["mae", "mse"], "b": ["accuracy"]}, loss_weights={"a": 0.3, "b": 2.0}),
        lambda m, k: m.fit(X, [Y, CLASSES], epochs=3, **FIT),
    ),
    "a weight for each output": (
        _heads(weighted_metrics={"b": ["accuracy"]}),
        lambda m, k: m.fit(
            X, [Y, CLASSES], sample_weight=[WEIGHTS, WEIGHTS[::-1].copy()], epochs=3, **FIT
        ),
    ),
    "one of two outputs": (
        _heads(loss={"a": None, "b": "sparse_categorical_crossentropy"}),
        lambda m, k: m.fit(X, [Y, CLASSES], epochs=2, **FIT),
    ),
    "one loss for both": (
        _heads(loss=["mse", "mse"]),
        lambda m, k: m.fit(X, [Y, np.eye(3, dtype="float32")[CLASSES]], epochs=2, **FIT),
    ),
}


def _same_start(build: Build, keras: Any) -> tuple[Any, Any]:
    theirs, ours = build(keras), build(narae)
    ours.set_weights(theirs.get_weights())
    return theirs, ours


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # of the output without a loss
@pytest.mark.parametrize("row", FITS)
def test_histories(row: str, keras: Any) -> None:
    build, fit = FITS[row]
    theirs, ours = _same_start(build, keras)
    wanted, got = fit(theirs, keras), fit(ours, narae)
    assert got.epoch == wanted.epoch
    assert list(got.history) == list(wanted.history)
    for name, values in wanted.history.items():
        np.testing.assert_allclose(got.history[name], values, rtol=2e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("row", ["penalties", "a dict of metrics"])
def test_evaluate_gives_the_numbers_in_keras_s_order(row: str, keras: Any) -> None:
    theirs, ours = _same_start(FITS[row][0], keras)
    y = Y if row == "penalties" else [Y, CLASSES]
    wanted, got = (m.evaluate(X, y, verbose=0) for m in (theirs, ours))
    np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=1e-6)
    assert ours.metrics_names == theirs.metrics_names


def test_single_batches_in_turn(keras: Any) -> None:
    theirs, ours = _same_start(_regression(weighted_metrics=["mse"]), keras)
    for call in (
        lambda m: m.train_on_batch(X[:9], Y[:9], sample_weight=WEIGHTS[:9]),
        lambda m: m.train_on_batch(X, Y, return_dict=True),
        lambda m: m.test_on_batch(X[:7], Y[:7], sample_weight=WEIGHTS[:7]),
        lambda m: m.test_on_batch(X, Y, return_dict=True),
    ):
        wanted, got = call(theirs), call(ours)
        if isinstance(wanted, dict):
            assert list(got) == list(wanted)
            wanted, got = list(wanted.values()), list(got.values())
        np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=1e-6)


def test_predictions_in_the_model_s_structure(keras: Any) -> None:
    def build(keras: Any) -> Any:
        i = keras.Input((5,), name="i")
        a, b = keras.layers.Dense(2, name="a")(i), keras.layers.Dense(3, name="b")(i)
        return keras.Model(i, {"a": a, "deep": [b, keras.layers.Add(name="c")([b, b])]})

    theirs, ours = _same_start(build, keras)
    for data, options in ((X, {"batch_size": 7}), (X, {"batch_size": 10, "steps": 2})):
        wanted, got = (m.predict(data, verbose=0, **options) for m in (theirs, ours))
        assert type(got) is dict
        assert list(got) == list(wanted)
        for one, other in [(got["a"], wanted["a"]), *zip(got["deep"], wanted["deep"], strict=True)]:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_dropout_keeps_its_share_and_scales_the_rest(keras: Any) -> None:
    def build(keras: Any) -> Any:
        model = keras.Sequential([keras.Input((100,)), keras.layers.Dropout(0.3)])
        model.compile("sgd", "mae", metrics=["mse"])
        return model

    x = np.ones((200, 100), "float32")
    theirs, ours = build(keras), build(narae)
    wanted, got = (
        m.fit(x, np.zeros_like(x), batch_size=50, verbose=0).history for m in (theirs, ours)
    )
    for name, value in (("loss", 1.0), ("mse", 1 / 0.7)):
        assert got[name][0] == pytest.approx(value, rel=0.03)
        assert wanted[name][0] == pytest.approx(value, rel=0.03)
    assert ours.evaluate(x, x, verbose=0) == [0.0, 0.0]


def test_layers_and_weights_are_in_keras_s_order(keras: Any) -> None:
    def build(keras: Any) -> Any:
        dense = keras.layers.Dense
        i, late, unused = (keras.Input((3,), name=n) for n in ("i", "late", "unused"))
        shared = dense(3, name="shared")
        short, deep = dense(2, name="short")(i), shared(shared(dense(3, name="first")(i)))
        joined = keras.layers.Concatenate(name="join")([short, deep, late])
        return keras.Model([i, late, unused], [dense(1, name="out")(joined), short, shared(i)])

    theirs, ours = build(keras), build(narae)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
