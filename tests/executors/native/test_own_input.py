"""A large array of the caller's is read where it lies, in the place of a program's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae as keras
from narae import layers, ops
from narae.engine import config
from narae.engine.compiled import compile_function
from narae.executors.native import tuning
from narae.executors.native.jit import bounds
from narae.graph.ir import Spec

pytestmark = pytest.mark.skipif(bounds.enabled(), reason="checked kernels know their own arrays")


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_chosen", ["native"])
    monkeypatch.setattr(tuning, "OWN_FROM", 1)


def _recurrent(units: int) -> Callable[[Any], Any]:
    keras.utils.set_random_seed(2)
    layer = layers.Bidirectional(layers.LSTM(units, return_sequences=True))
    layer.build((None, 20, 24))
    return layer


WEIGHTS = np.random.default_rng(1).normal(size=(24, 31)).astype("float32")
CASES: dict[str, Callable[[Any], Any]] = {
    "product": lambda x: ops.relu(x @ WEIGHTS),
    "chain": lambda x: ops.tanh(x) * 2 + x[:1],
    "sums": lambda x: (ops.sum(x, axis=0), ops.max(x, axis=(1, 2))),
    "moved": lambda x: ops.concatenate([x[::-1], ops.transpose(x, (0, 1, 2))], axis=1),
    "recurrent": _recurrent(5),
    "recurrent, wide": _recurrent(40),
    "attention": lambda x: ops.dot_product_attention(*[x[:, :, None]] * 3),
    "convolution": lambda x: ops.conv(x, WEIGHTS[:, None].reshape(1, 24, 31), padding="same"),
    "the input": lambda x: (x, x + 1),
    "sorted": lambda x: ops.sort(x, axis=1),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_answer_to_a_copy(case: str) -> None:
    compiled = compile_function(CASES[case], Spec((6, 20, 24), "float32"))
    rng = np.random.default_rng(0)
    owns = False
    for _ in range(3):
        x, other = rng.normal(size=(2, 6, 20, 24)).astype("float32")
        np.copyto(compiled.inputs[0], x)
        wanted = keras.tree.map_structure(np.array, compiled())
        np.copyto(compiled.inputs[0], other)
        before = x.copy()
        owns = compiled.program.on(x) is not None or owns
        found = keras.tree.map_structure(np.array, compiled.on(x))
        for a, b in zip(keras.tree.flatten(found), keras.tree.flatten(wanted), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(x, before)
    assert owns is (case != "sorted")


@pytest.mark.parametrize(
    "x",
    [
        np.asfortranarray(np.ones((40, 24), "float32")),
        np.ones((80, 24), "float32")[::2],
        np.ones((40, 24), "float64"),
        np.ones((40, 48), "float32")[:, ::2],
    ],
)
def test_what_lies_otherwise_is_copied(x: np.ndarray) -> None:
    compiled = compile_function(lambda x: x @ WEIGHTS, Spec((40, 24), "float32"))
    assert compiled.program.on(x) is None
    np.testing.assert_allclose(compiled.on(x), np.ones((40, 24)) @ WEIGHTS, rtol=1e-5, atol=1e-6)


def test_an_error_leaves_the_programs_own_input() -> None:
    compiled = compile_function(lambda i: ops.take(WEIGHTS, i, axis=0), Spec((9,), "int32"))
    wrong = np.full(9, 99, "int32")
    with pytest.raises(IndexError):
        compiled.on(wrong)
    compiled.inputs[0][:] = 3
    np.testing.assert_array_equal(compiled(), WEIGHTS[[3] * 9])


def test_a_model_reads_it_in_every_way() -> None:
    model = keras.Sequential([keras.Input((24,)), layers.Dense(31)])
    x = np.random.default_rng(0).normal(size=(300, 24)).astype("float32")
    frozen = keras.compile_inference(model)
    for _ in range(2):
        wanted = model.predict(x, batch_size=64, verbose=0)
        for found in (model.predict_on_batch(x), np.asarray(model(x)), frozen(x)):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        x = x[::-1].copy()
