"""Data and arguments that do not fit, beside those of test_messages: every place that takes them."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers

_rng = np.random.default_rng(0)
X = _rng.normal(size=(30, 4)).astype("float32")
Y = _rng.integers(0, 3, 30)


def _classes() -> Any:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _heads(**options: Any) -> Any:
    i = narae.Input((4,), name="i")
    model = narae.Model(i, [layers.Dense(1, name="a")(i), layers.Dense(3, name="b")(i)])
    model.compile("sgd", **{"loss": {"a": "mse", "b": "mse"}, **options})
    return model


ONE, THREE = X[:, :1], X[:, :3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _classes().fit(X, Y, batch_size=-1, verbose=0), "batch_size is a whole number"),
        (lambda: _classes().fit(X, Y, batch_size=2.5, verbose=0), "batch_size is a whole number"),
        (lambda: _classes().fit(X, Y, batch_size=True, verbose=0), "batch_size is a whole number"),
        (lambda: _classes().fit(X, Y, epochs=1.5, verbose=0), "epochs is a whole number"),
        (lambda: _classes().fit(X, Y, epochs=True, verbose=0), "epochs is a whole number"),
        (lambda: _classes().fit(X, Y, initial_epoch=-1, verbose=0), "initial_epoch is a whole"),
        (lambda: _classes().fit(X, Y, steps_per_epoch=0, verbose=0), "steps"),
        (lambda: _classes().fit(X, Y, validation_split=-0.5, verbose=0), "a share between 0 and 1"),
        (lambda: _classes().fit(X, Y, validation_split=1.0, verbose=0), "a share between 0 and 1"),
        (lambda: _classes().fit(X, Y, validation_split=0.99, verbose=0), "leaves 0 to train"),
        (
            lambda: _classes().fit(X, Y, validation_data=(X, Y, Y, Y), verbose=0),
            "validation_data is (x,), (x, y), (x, y, sample_weight)",
        ),
        (
            lambda: _classes().fit(X, Y, shuffle=np.array([1, 2]), verbose=0),
            "shuffle is True, False",
        ),
        (
            lambda: _classes().fit(X, Y, validation_data=(X,), verbose=0),
            "got no y",
        ),
        (
            lambda: _classes().fit(X, Y, validation_data=(X, Y), validation_freq=0, verbose=0),
            "validation_freq",
        ),
        (
            lambda: _classes().fit(X, Y, validation_data=(X, Y[:9]), verbose=0),
            "x has 30, y has 9",
        ),
        (
            lambda: _classes().fit(X, Y, validation_data=(X, Y + 1), verbose=0),
            "label 3 is out of range for 3 classes",
        ),
        (lambda: _classes().evaluate(X, Y + 7, verbose=0), "label 9 is out of range"),
        (lambda: _classes().test_on_batch(X, Y - 1), "label -1 is out of range"),
        (lambda: _classes().train_on_batch(X, Y + 2), "label 4 is out of range"),
        (
            lambda: _classes().fit(iter([(X, Y + 1)]), shuffle=False, verbose=0),
            "label 3 is out of range",
        ),
        (lambda: _classes().predict(X[:, :3], verbose=0), "got shape (30, 3)"),
        (lambda: _classes().predict(X[:0], verbose=0), "there are no samples"),
        (lambda: _classes().predict(X, verbose="loud"), "verbose is 0"),
        (lambda: _classes().predict_on_batch(X[0]), "(None, 4)"),
        (lambda: _classes().fit(X, Y, sample_weight=np.ones(7), verbose=0), "sample_weight has 7"),
        (
            lambda: _classes().fit(
                X, Y, sample_weight=np.ones(30), class_weight={0: 1.0, 1: 1, 2: 1}, verbose=0
            ),
            "class_weight and sample_weight cannot both be given",
        ),
        (lambda: _classes().fit(iter([]), shuffle=False, verbose=0), "no batch"),
        (
            lambda: _classes().fit(iter([(X, Y)]), Y, shuffle=False, verbose=0),
            "y is not passed beside it",
        ),
        (
            lambda: _classes().fit(iter([(X, Y, Y, Y)]), shuffle=False, verbose=0),
            "(x, y, sample_weight)",
        ),
        (lambda: _classes().fit(3, Y, verbose=0), "x"),
        (lambda: _classes().fit(None, Y, verbose=0), "x"),
        (
            lambda: _heads().fit(X, ONE, verbose=0),
            "the 2 output(s) are [(30, 1), (30, 3)], named ['a', 'b']",
        ),
        (
            lambda: _heads().fit(X, {"c": ONE, "d": THREE}, verbose=0),
            "named ['a', 'b']",
        ),
        (lambda: _heads(loss={"a": "mse", "z": "mse"}).fit(X, [ONE, THREE]), "names ['a', 'z']"),
        (lambda: _heads(loss=["mse"]).fit(X, [ONE, THREE], verbose=0), "1 entries"),
        (
            lambda: _heads(metrics={"z": ["mae"]}).fit(X, [ONE, THREE], verbose=0),
            "compile(metrics=...) names ['z']",
        ),
        (lambda: _heads(metrics=["mae"]).fit(X, [ONE, THREE], verbose=0), "list for each output"),
        (lambda: _heads(loss=None).fit(X, verbose=0), "there is no loss to compute"),
        (lambda: _heads(loss_weights=[1.0]).fit(X, [ONE, THREE], verbose=0), "loss_weights"),
        (lambda: _heads(steps_per_execution=0), "steps_per_execution is a whole number"),
        (lambda: _heads(loss={"a": "mse", "b": "msle_"}), "Did you mean 'msle'"),
        (
            lambda: _heads().evaluate(X, [ONE, THREE], verbose=0, steeps=3),
            "steeps. Did you mean 'steps'",
        ),
        (lambda: narae.Sequential([layers.Dense(1)]).evaluate(X, Y), "call `compile()` before"),
        (lambda: narae.Sequential([layers.Dense(1)]).train_on_batch(X, Y), "call `compile()` b"),
    ],
)
def test_what_does_not_fit_is_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("argument", ["x", "y", "sample_weight", "validation_data"])
@pytest.mark.parametrize("kind", [dict, list])
def test_data_that_holds_itself_is_told(argument: str, kind: Any) -> None:
    own: Any = {} if kind is dict else []
    own.update(a=own) if kind is dict else own.append(own)
    with pytest.raises(RecursionError, match="holds itself"):
        _classes().fit(**{"x": X, "y": Y, "verbose": 0, argument: own})


def test_validation_data_of_x_alone() -> None:
    i = narae.Input((4,))
    model = narae.Model(i, layers.ActivityRegularization(l2=1.0)(layers.Dense(1)(i)))
    model.compile("sgd")
    assert list(model.fit(X, validation_data=(X,), verbose=0).history) == ["loss", "val_loss"]


def test_a_model_that_was_told_is_as_it_was_before() -> None:
    model = _classes()
    before = model.get_weights()
    for bad in (lambda: model.fit(X, Y + 1, verbose=0), lambda: model.fit(X[:, :2], Y, verbose=0)):
        with pytest.raises(ValueError):
            bad()
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


def test_one_mask_of_labels_is_none_of_their_business() -> None:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", narae.losses.SparseCategoricalCrossentropy(ignore_class=-1))
    labels = Y.copy()
    labels[:5] = -1
    assert np.isfinite(model.fit(X, labels, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("eager", [False, True])
def test_nan_is_told_at_each_fit_once(eager: bool) -> None:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=eager)
    data = X.copy()
    data[12] = np.nan
    for _ in range(2):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            model.fit(data, ONE, epochs=2, batch_size=5, verbose=0, shuffle=False)
        assert [w.category for w in seen] == [RuntimeWarning]
        assert "epoch 1, step" in str(seen[0].message)
        assert seen[0].filename == __file__


class _Epochs(narae.callbacks.Callback):
    count = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.count += 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ((np.ones((8, 2), "float32"), np.ones(8)), r"got shape \(8, 2\)"),
        ((np.ones((8, 3), "float32"), np.ones(7)), "x has 8, y has 7"),
        ((np.ones((8, 3), "float32"), np.full(8, 5)), "label 5 is out of range"),
        (np.ones((8, 3), "float32"), "got no y"),
    ],
)
@pytest.mark.parametrize("freq", [1, 2])
def test_wrong_validation_data_is_told_before_training_and_named(
    data: Any, told: str, freq: int
) -> None:
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    epochs = _Epochs()
    with pytest.raises(ValueError, match=rf"^validation_data: .*{told}"):
        model.fit(
            np.ones((8, 3), "float32"),
            np.zeros(8, int),
            epochs=2,
            validation_data=data,
            validation_freq=freq,
            callbacks=[epochs],
            verbose=0,
        )
    assert epochs.count == 0


def test_an_error_has_the_shapes_of_the_data_and_not_of_a_batch_alone() -> None:
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"the data: x \(50, 4\), y \(50, 1\); in batches of 32"):
        model.fit(np.ones((50, 4)), np.ones((50, 1)), verbose=0)


@pytest.mark.parametrize(
    "bad",
    [{"optimizer": "nope"}, {"loss_weights": "a"}, {"metrics": "mae"}, {"loss": "nope"}],
)
def test_a_failing_compile_leaves_the_one_before(bad: Any) -> None:
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)])
    model.compile("adam", "mae", metrics=["mse"])
    wanted = model.evaluate(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    with pytest.raises(ValueError):
        model.compile(**{"optimizer": "sgd", "loss": "mse", **bad})
    assert (model.optimizer.name, model.loss) == ("adam", "mae")
    assert model.evaluate(np.ones((4, 3)), np.ones((4, 1)), verbose=0) == wanted


def test_masked_values_are_not_data() -> None:
    model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
    masked = np.ma.masked_array(x, x > 0)
    for call in (
        lambda: model.fit(masked, y, verbose=0),
        lambda: model.fit(x, y, validation_data=(masked, y), verbose=0),
        lambda: model.fit(x, np.ma.masked_array(y, y > 0), verbose=0),
        lambda: model.fit(x, y, sample_weight=np.ma.masked_array(y, y > 0), verbose=0),
        lambda: model.predict(masked, verbose=0),
        lambda: model.fit(iter([(masked, y)]), shuffle=False, verbose=0),
    ):
        with pytest.raises(ValueError, match="is a masked array of shape"):
            call()
    model.fit(np.ma.masked_array(x), y, verbose=0)  # none is masked
