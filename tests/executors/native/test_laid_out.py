"""Weights that a program only reads are laid out by panels, once until they change."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae as keras
from narae import layers
from narae.engine.jit import jit
from narae.executors.native import tuning
from narae.executors.native.jit import bounds
from narae.executors.native.lower import panels

pytestmark = [
    pytest.mark.usefixtures("native"),
    pytest.mark.skipif(bounds.enabled(), reason="checked kernels read weights where they lie"),
]


@pytest.fixture(name="native")
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NARAE_EXECUTOR", "native")


def _dense() -> Any:
    stack = [keras.Input((40,)), layers.Dense(100, "relu"), layers.Dense(7, "softmax")]
    return keras.Sequential(stack)


def _convolutional() -> Any:
    stack = [keras.Input((9, 9, 3)), layers.Conv2D(50, 3, padding="same", activation="gelu")]
    return keras.Sequential(
        [*stack, layers.Conv2D(5, 2, strides=2), layers.Flatten(), layers.Dense(4)]
    )


def _samples(model: Any, count: int) -> np.ndarray:
    shape = (count, *model.input_shape[1:])
    return np.random.default_rng(count).normal(size=shape).astype("float32")


def _laid_out(model: Any, x: np.ndarray) -> int:
    return sum(program.laid_out for program in model.explain_plan(x).programs)


@pytest.mark.parametrize("make", [_dense, _convolutional])
@pytest.mark.parametrize("count", [1, 16, 65, 300])
def test_bits_are_those_of_weights_where_they_lie(
    make: Callable[[], Any], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make()
    x = _samples(model, count)
    laid, frozen = model.predict_on_batch(x), keras.compile_inference(model, x)(x)
    assert _laid_out(model, x)
    monkeypatch.setattr(tuning, "LAID_OUT", 0)
    lying = jit(lambda x: model(x, training=False))(x)
    np.testing.assert_array_equal(laid, lying)
    np.testing.assert_array_equal(frozen, lying)


def _fit(model: Any) -> None:
    model.compile("sgd", "mse")
    model.fit(_samples(model, 32), np.ones((32, 7)), verbose=0)


def _tape(model: Any) -> None:
    with keras.GradientTape() as tape:
        loss = keras.ops.sum(model(_samples(model, 3)) ** 2)
    weights = model.trainable_weights
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def _assigned_by_a_program(model: Any) -> None:
    jit(lambda: [v.assign(v * 1.5).shape for v in model.trainable_weights])()


CHANGES: dict[str, Callable[[Any], Any]] = {
    "assign": lambda m: m.layers[0].kernel.assign(m.layers[0].kernel * 2),
    "assign_add": lambda m: m.layers[1].kernel.assign_add(np.ones((100, 7))),
    "set_weights": lambda m: m.set_weights([w * 1.5 for w in m.get_weights()]),
    "fit": _fit,
    "tape": _tape,
    "a program": _assigned_by_a_program,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change: str) -> None:
    model = _dense()
    xs = [_samples(model, n) for n in (64, 200)]
    before = [model.predict_on_batch(x) for x in xs]
    CHANGES[change](model)
    for x, old in zip(xs, before, strict=True):
        found = model.predict_on_batch(x)
        assert not np.array_equal(found, old)
        np.testing.assert_allclose(found, model(x, training=True), rtol=1e-4, atol=1e-6)


def test_a_file_is_seen(tmp_path: Any) -> None:
    model, other = _dense(), _dense()
    x = _samples(model, 64)
    model.predict_on_batch(x)
    other.save_weights(tmp_path / "other.weights.h5")
    model.load_weights(tmp_path / "other.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), other.predict_on_batch(x))


def test_programs_share_it_and_it_goes_with_them() -> None:
    gc.collect()
    there = len(panels._shared)
    model = _dense()
    first = _laid_out(model, _samples(model, 64))
    made = len(panels._shared)
    assert first >= 4 * (40 * 100 + 100 * 7)
    assert _laid_out(model, _samples(model, 65)) == first
    assert len(panels._shared) == made > there
    del model
    gc.collect()
    assert len(panels._shared) == there


def test_weights_that_a_program_writes_stay_where_they_are() -> None:
    model = _dense()
    model.compile("sgd", "mse")
    x, y = _samples(model, 64), np.ones((64, 7), "float32")
    assert not sum(p.laid_out for p in model.explain_plan(x, y, "train").programs)
    model.layers[0].trainable = False
    assert sum(p.laid_out for p in model.explain_plan(x, y, "train").programs)


def test_there_is_an_end_to_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "LAID_OUT", sum(p.array.nbytes for p in panels._shared.values()))
    model = _dense()
    assert _laid_out(model, _samples(model, 64)) == 0
