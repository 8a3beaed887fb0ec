"""compile_inference: what it answers is what the model predicted when it was frozen."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae as keras
from narae import layers, ops

RNG = np.random.default_rng(3)


def _stirred(model: Any) -> Any:
    """A model whose weights, statistics too, are as after some training."""
    for variable in model.variables:
        if "float" in variable.dtype:
            variable.assign(RNG.uniform(0.2, 1.2, variable.shape))
    return model


def _normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype("float32")


def _convolutional() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.DepthwiseConv2D(3, use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, use_bias=False),
            layers.BatchNormalization(center=False),
            layers.Rescaling(0.5, 1.0),
        ]
    )


def _branches() -> Any:
    """Whose convolution is read twice, before and after it is normalized."""
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(3, 1)(x)
    z = layers.BatchNormalization()(y)
    return keras.Model(x, layers.Add()([y, z]))


def _several() -> Any:
    a, b = keras.Input((3,), name="a"), keras.Input((4,), dtype="int32", name="b")
    words = layers.Embedding(9, 3, mask_zero=True)(b)
    last = layers.LSTM(3)(words)
    return keras.Model({"a": a, "b": b}, {"sum": layers.Add()([a, last]), "last": last})


def _encoder() -> Any:
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(11, 8)(tokens)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return keras.Model(tokens, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(x)))


class _Subclass(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.norm, self.out = (
            layers.Dense(6),
            layers.BatchNormalization(),
            layers.Dense(2),
        )

    def call(self, x: Any, training: bool = False) -> Any:
        return self.out(ops.tanh(2 * self.norm(self.hidden(x), training=training) - 1))


def _tokens(batch: int) -> np.ndarray:
    return RNG.integers(0, 9, (batch, 4)).astype("int32")


CASES: dict[str, tuple[Callable[[], Any], Callable[[int], Any]]] = {
    "convolutional": (_convolutional, lambda n: _normal(n, 8, 8, 3)),
    "branches": (_branches, lambda n: _normal(n, 6, 6, 2)),
    "several, masked": (_several, lambda n: {"a": _normal(n, 3), "b": _tokens(n)}),
    "encoder": (_encoder, lambda n: RNG.integers(0, 11, (n, 6)).astype("int32")),
    "subclass": (_Subclass, lambda n: _normal(n, 5)),
    "bidirectional": (
        lambda: keras.Sequential([keras.Input((5, 3)), layers.Bidirectional(layers.GRU(4))]),
        lambda n: _normal(n, 5, 3),
    ),
    "float64": (
        lambda: keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="float64")]),
        lambda n: RNG.normal(size=(n, 3)),
    ),
    "mixed": (
        lambda: keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="mixed_bfloat16")]),
        lambda n: _normal(n, 3),
    ),
}


def _close(got: Any, wanted: Any) -> None:
    flat, expected = keras.tree.flatten(got), keras.tree.flatten(wanted)
    assert len(flat) == len(expected)
    for a, b in zip(flat, expected, strict=True):
        assert isinstance(a, np.ndarray)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        # a scale that moves into the weights rounds each product once more: some ulp of the largest terms
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * float(np.abs(b).max()))


@pytest.mark.parametrize("case", CASES)
def test_answers_are_the_predictions_of_then(case: str) -> None:
    make, samples = CASES[case]
    model, x, one = make(), samples(7), samples(1)
    model.predict_on_batch(x)
    _stirred(model)
    wanted, alone = model.predict_on_batch(x), model.predict_on_batch(one)
    frozen = keras.compile_inference(model, x, batch_sizes=(1, 7))
    assert len(frozen.shapes) == 2
    for other in (frozen, pickle.loads(pickle.dumps(frozen)), copy.deepcopy(frozen)):
        _close(other(x), wanted)
    for variable in model.trainable_variables:
        variable.assign(variable + 1)
    _close(frozen(one), alone)
    _close(frozen(x), wanted)
    assert len(frozen.shapes) == 2


@pytest.mark.parametrize("name", ["numpy", "xla"])
def test_other_executors(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "xla":
        pytest.importorskip("jax")
    model = _stirred(_convolutional())
    x = _normal(3, 8, 8, 3)
    wanted = model.predict_on_batch(x)
    monkeypatch.setenv("NARAE_EXECUTOR", name)
    frozen = keras.compile_inference(model)
    monkeypatch.undo()
    _close(frozen(x), wanted)
    assert frozen.executor == name


def test_scales_and_shifts_go_into_the_products() -> None:
    frozen = keras.compile_inference(_stirred(_convolutional()))
    names = [row.operations for row in frozen.explain_plan().rows]
    assert not any("multiply" in row for row in names), names
    assert names[0] == ("conv", "add", "relu")


def test_a_product_read_twice_is_computed_once() -> None:
    frozen = keras.compile_inference(_stirred(_branches()))
    names = [name for row in frozen.explain_plan().rows for name in row.operations]
    assert names.count("conv") == 1


def test_scales_that_are_not_finite_stay_where_they_are() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.BatchNormalization()])
    model.layers[1].gamma.assign([np.inf, 1.0])
    x = np.zeros((1, 2), "float32")
    np.testing.assert_array_equal(
        np.isnan(keras.compile_inference(model)(x)), np.isnan(model.predict_on_batch(x))
    )


def test_answers_are_the_callers_own() -> None:
    frozen = keras.compile_inference(_stirred(_branches()))
    first = frozen(_normal(1, 6, 6, 2))
    kept = first.copy()
    frozen(_normal(1, 6, 6, 2))
    np.testing.assert_array_equal(first, kept)


def test_threads_ask_at_once() -> None:
    model = _stirred(_encoder())
    frozen = keras.compile_inference(model)
    asked = [RNG.integers(0, 11, (1 + i % 3, 6)).astype("int32") for i in range(24)]
    wanted = [model.predict_on_batch(x) for x in asked]
    found: dict[int, Any] = {}

    def ask(start: int) -> None:
        for i in range(start, len(asked), 4):
            found[i] = frozen(asked[i])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, answer in enumerate(wanted):
        _close(found[i], answer)


def test_what_it_says_of_itself() -> None:
    frozen = keras.compile_inference(_branches(), batch_sizes=[1, 4])
    assert "numbers" in repr(frozen)
    assert frozen.shapes == [(1, 6, 6, 2), (4, 6, 6, 2)]
    weights = sum(4 * v.size for v in frozen.model.variables)
    assert weights <= frozen.memory <= 64 * weights + (64 << 10)


def _eagerly() -> Any:
    model = _branches()
    model.compile(run_eagerly=True)
    return model


class _Counting(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight(shape=(), name="calls")

    def call(self, x: Any) -> Any:
        self.count.assign_add(1)
        return x


@pytest.mark.parametrize(
    ("make", "kwargs", "said"),
    [
        (lambda: keras.Sequential([layers.Dense(2)]), {}, "not built"),
        (_eagerly, {}, "eagerly"),
        (
            lambda: keras.Sequential([keras.Input((3, 2), 1), layers.LSTM(3, stateful=True)]),
            {},
            "stateful",
        ),
        (lambda: keras.Sequential([keras.Input((3,)), _Counting()]), {}, "calls"),
        (_branches, {"batch_sizes": 0}, "from 1 on"),
        (
            lambda: keras.Sequential([keras.Input((None, 3)), layers.LSTM(2)]),
            {"batch_sizes": 2},
            "example",
        ),
    ],
)
def test_what_cannot_be_frozen(make: Any, kwargs: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        keras.compile_inference(make(), **kwargs)


def test_no_model() -> None:
    with pytest.raises(TypeError, match="takes a model"):
        keras.compile_inference(lambda x: x)


@pytest.mark.parametrize("x", [np.zeros((1, 6, 6, 3)), np.array([["a"]])])
def test_inputs_that_do_not_fit(x: np.ndarray) -> None:
    frozen = keras.compile_inference(_branches())
    with pytest.raises(ValueError, match="takes"):
        frozen(x)


def test_a_model_that_an_example_builds() -> None:
    x = _normal(2, 5)
    model = _Subclass()
    frozen = keras.compile_inference(model, x)
    _close(frozen(x), model.predict_on_batch(x))
