"""What layers refuse: the message says what came, what was expected and the likely fix; Keras refuses it too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.alike import alike

import narae
from narae import layers

X = np.arange(6, dtype="float32").reshape(2, 3)


def _built(k: Any, *args: Any, **kwargs: Any) -> Any:
    layer = k.layers.Dense(2, *args, **kwargs)
    layer(X)
    return layer


def _adds_late(k: Any) -> Any:
    class Late(k.layers.Layer):
        def call(self, x: Any) -> Any:
            self.w = self.add_weight(shape=(1,), name="w")
            return x

    return Late()(X)


def _holds_late(k: Any) -> Any:
    class Late(k.layers.Layer):
        def call(self, x: Any) -> Any:
            self.dense = k.layers.Dense(2)
            return self.dense(x)

    return Late()(X)


def _no_init(k: Any) -> Any:
    class NoInit(k.layers.Layer):
        def __init__(self) -> None:
            self.dense = k.layers.Dense(2)

    return NoInit()(X)


def _odd_config(k: Any) -> Any:
    class Odd(k.layers.Layer):
        def __init__(self, thing: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    return Odd(object()).get_config()


def _fixed_name(k: Any) -> Any:
    class Fixed(k.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="fixed")

    return Fixed.from_config(Fixed().get_config())


def _slash(k: Any) -> Any:
    class Slash(k.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(1,), name="a/b")

    return Slash().build((2, 3))


# what is done -> the error's class and a part of its message
REFUSED: list[tuple[Any, type[Exception], str]] = [
    *(
        (lambda k, units=units: k.layers.Dense(units), ValueError, f"`units`, got {units}")
        for units in (0, -1, 1.5, None)
    ),
    (lambda k: k.layers.Dense(2, foo=1), ValueError, "unknown arguments: foo"),
    (lambda k: k.layers.Dense(2, activation="rleu"), ValueError, "Did you mean 'relu'"),
    (lambda k: k.layers.Dense(2, kernel_initializer="nope"), ValueError, "'nope'"),
    (lambda k: k.layers.Dense(1, name="a/b"), ValueError, "a string without '/', got 'a/b'"),
    (lambda k: k.layers.Dense(1, name=3), ValueError, "a string without '/', got 3"),
    (lambda k: k.layers.Dense(1, dtype="flot32"), ValueError, "flot32"),
    (lambda k: _built(k)(np.ones((2, 4), "float32")), ValueError, r"length 3, got shape \(2, 4\)"),
    (lambda k: k.layers.Dense(2)(np.ones(3, "float32")), ValueError, "a batch axis missing"),
    (lambda k: k.layers.Dense(2)(k.Input((None,))), ValueError, r"Input\(shape=\(n,\)\) names it"),
    (lambda k: k.layers.Dense(2)([[1.0, 2.0]]), ValueError, "convert it with np.array"),
    (lambda k: k.layers.Dense(2)(["a", "b"]), ValueError, "takes tensors, got"),
    (lambda k: k.layers.Dense(2)(np.array(["a", "b"])), ValueError, "encode strings as integers"),
    (lambda k: k.layers.Dropout(0.5)(X, True), ValueError, "pass it by its name"),
    (lambda k: k.layers.Dense(2).count_params(), ValueError, "before it is built"),
    (lambda k: _built(k).set_weights([X.T]), ValueError, "has 2 weights and was given 1"),
    (lambda k: _built(k).set_weights([X, X[0]]), ValueError, r"shape \(3, 2\), the value given"),
    (lambda k: setattr(_built(k), "more", k.layers.Dense(3)), ValueError, "comes too late"),
    (_adds_late, ValueError, "comes too late"),
    (_holds_late, ValueError, "comes too late"),
    (_odd_config, NotImplementedError, "define get_config"),
    (_fixed_name, TypeError, "could not be made from its config"),
    (_slash, ValueError, "a string without '/'"),
    (lambda k: k.layers.Layer()(X), NotImplementedError, "has no `call`"),
    (lambda k: k.layers.Activation("nope"), ValueError, "'nope'"),
    (lambda k: k.layers.ReLU(max_value=-1.0), ValueError, "is not negative, got -1"),
    (lambda k: k.layers.ReLU(negative_slope=-1.0), ValueError, "is not negative"),
    (lambda k: k.layers.ReLU(threshold=-1.0), ValueError, "is not negative"),
    (lambda k: k.layers.LeakyReLU(None), ValueError, "is a number, got None"),
    (lambda k: k.layers.PReLU()(k.Input((None, 4))), ValueError, "needs a known shape"),
    (lambda k: k.layers.Reshape((4,))(X), ValueError, r"cannot make \(4,\)"),
    (lambda k: k.layers.Reshape((-1, -1))(X), ValueError, "one -1 at most"),
    (lambda k: k.layers.Permute((0, 1)), ValueError, "each axis from 1 once"),
    (lambda k: k.layers.Permute((1, 2))(X), ValueError, "ndim=3"),
    (lambda k: k.layers.RepeatVector("a"), TypeError, "a whole number, got 'a'"),
    (lambda k: k.layers.RepeatVector(2)(np.ones((2, 3, 4))), ValueError, "ndim=2"),
    (lambda k: k.layers.Dropout(1.5), ValueError, r"in \[0, 1\], got 1.5"),
    (lambda k: k.layers.SpatialDropout2D(0.5)(X), ValueError, "ndim=4"),
    (lambda k: k.layers.GaussianNoise(-1), ValueError, "at least 0, got -1"),
    (lambda k: k.layers.GaussianDropout(2), ValueError, r"in \[0, 1\]"),
    (lambda k: k.layers.AlphaDropout(-0.1), ValueError, r"in \[0, 1\]"),
    (lambda k: k.layers.Add()(X), ValueError, "takes a list of inputs"),
    (lambda k: k.layers.Add()([X, X[:, :2]]), ValueError, r"shapes \(2, 3\), \(2, 2\)"),
    (lambda k: k.layers.Subtract()([X, X, X]), ValueError, "takes two inputs, got 3"),
    (lambda k: k.layers.Concatenate(axis=0)([X, X[:, :2]]), ValueError, "agree elsewhere"),
    (lambda k: k.layers.Concatenate()(X), ValueError, "takes a list of inputs"),
    (lambda k: k.layers.Dot(axes=1)([X, X[:, :2]]), ValueError, "lengths differ"),
    (lambda k: k.layers.Dot(axes=1)([X, X, X]), ValueError, "takes two inputs, got 3"),
    (lambda k: k.layers.Dot(axes=0)([X, X]), ValueError, "keeps the batch axis 0 apart"),
    (lambda k: k.layers.Dot(axes="a"), TypeError, "an axis or two of them"),
    (
        lambda k: k.layers.EinsumDense("ab,bc->ac", 3, bias_axes="z")(X),
        ValueError,
        r"\['z'\] are not in the output",
    ),
    (lambda k: k.layers.EinsumDense("ab,bc", 3)(X), ValueError, "takes an equation like"),
    (lambda k: k.layers.Normalization(mean=1.0), ValueError, "both mean and variance"),
    (lambda k: k.layers.Normalization()(k.Input((None,))), ValueError, "lengths are unknown"),
]


@pytest.mark.parametrize(("code", "kind", "message"), REFUSED)
def test_the_message_says_why(code: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        code(narae)


@pytest.mark.oracle
def test_keras_refuses_the_same(keras: Any) -> None:
    for code, _, _ in REFUSED:
        alike(code, keras)


def test_more_is_refused_than_keras_refuses() -> None:
    with pytest.raises(RuntimeError, match="super"):
        _no_init(narae)
    with pytest.raises(ValueError, match="cannot adapt"):
        narae.layers.Normalization(mean=1.0, variance=1.0).adapt(X)
    with pytest.raises(ValueError, match="takes inputs of rank 3"):
        narae.layers.EinsumDense("abc,cd->abd", (3, 4))(X)
    with pytest.raises(ValueError, match="is not in narae"):
        narae.layers.Dense(2, lora_rank=2)
    with pytest.raises(ValueError, match="takes a list of inputs"):
        narae.layers.Add()([])
    with pytest.raises(TypeError, match="takes a function"):
        narae.layers.Lambda(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: narae.Sequential([narae.Input((5, 3)), layers.LSTM(4), layers.GRU(4)]),
            "return_sequences=True in a recurrent layer before it",
        ),
        (lambda: layers.LSTM(3, return_sequence=True), "Did you mean 'return_sequences'"),
        (lambda: layers.Dense(3, actvation="relu"), "Did you mean 'activation'"),
        (lambda: layers.Dense(3)(np.ones(4, "float32")), "a batch axis missing"),
    ],
)
def test_the_likely_slip_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
