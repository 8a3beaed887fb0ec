"""Variables in the bodies of loops and choices: each step goes on from the state of the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.random import SeedGenerator


def _eager(function: Callable[[], Any]) -> Any:
    return function()


def _compiled(function: Callable[[], Any]) -> Any:
    return narae.jit(function)()


_WAYS = pytest.mark.parametrize("run", [_eager, _compiled])
_X = np.ones((4, 50), "float32")


def _scanned(step: Callable[[Any], Any]) -> Any:
    return ops.scan(lambda c, x: (c, step(x)), ops.zeros(()), _X)[1]


def _looped(step: Callable[[Any], Any]) -> Any:
    made = ops.zeros((4, 50))

    def body(i: Any, rows: Any) -> Any:
        return i + 1, ops.slice_update(rows, (i, 0), ops.expand_dims(step(_X[0]), 0))

    return ops.while_loop(lambda i, _: i < 4, body, (0, made))[1]


_LOOPS = {
    "scan": _scanned,
    "scan in reverse": lambda step: ops.scan(
        lambda c, x: (c, step(x)), ops.zeros(()), _X, reverse=True
    )[1],
    "map": lambda step: ops.map(step, _X),
    "vectorized_map": lambda step: ops.vectorized_map(step, _X),
    "while_loop": _looped,
    "fori_loop": lambda step: ops.fori_loop(
        0, 4, lambda i, r: ops.slice_update(r, (i, 0), ops.expand_dims(step(_X[0]), 0)), _X * 0
    ),
    "a scan in a scan": lambda step: ops.reshape(
        ops.scan(
            lambda c, x: (c, ops.scan(lambda d, y: (d, step(y)), c, x)[1]),
            ops.zeros(()),
            _X.reshape((2, 2, 50)),
        )[1],
        (4, 50),
    ),
    "a choice in a scan": lambda step: _scanned(
        lambda x: ops.cond(ops.sum(x) > 0, lambda: step(x), lambda: x)
    ),
}


def _steps(kind: str) -> tuple[Callable[[Any], Any], Any]:
    if kind == "Dropout":
        layer = layers.Dropout(0.5, seed=3)
        return lambda x: layer(x, training=True), layer.seed_generator
    seed = SeedGenerator(3)
    draws = {
        "dropout": lambda x: narae.random.dropout(x, 0.5, seed=seed),
        "uniform": lambda x: narae.random.uniform((50,), seed=seed),
    }
    return draws[kind], seed


@_WAYS
@pytest.mark.parametrize("kind", ["Dropout", "dropout", "uniform"])
@pytest.mark.parametrize("loop", _LOOPS)
def test_each_step_draws_what_the_unrolled_loop_draws(loop: str, kind: str, run: Any) -> None:
    step, seed = _steps(kind)
    found = run(lambda: _LOOPS[loop](step)).numpy()
    counted = seed.state.numpy()
    alone, again = _steps(kind)
    wanted = np.stack([np.asarray(alone(_X[0])) for _ in range(4)])
    if loop == "scan in reverse":
        wanted = wanted[::-1]
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(counted, again.state.numpy())
    assert len(np.unique(found, axis=0)) == 4


def _normalized(layer: Any) -> Callable[[Any], Any]:
    """A row as five of ten, normalized."""
    return lambda x: ops.reshape(layer(ops.reshape(x, (5, 10)), training=True), (50,))


def _layer() -> Any:
    layer = layers.BatchNormalization(momentum=0.5)
    layer.build((5, 10))
    return layer


@_WAYS
@pytest.mark.parametrize("loop", ["scan", "map", "a scan in a scan", "a choice in a scan"])
def test_moving_averages_move_at_each_step(
    loop: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(200, dtype="float32").reshape((4, 50)) / 100
    monkeypatch.setattr(f"{__name__}._X", rows)
    layer, other = _layer(), _layer()
    found = run(lambda: _LOOPS[loop](_normalized(layer))).numpy()
    wanted = np.stack([_normalized(other)(x).numpy() for x in rows])
    # differences of numbers near 2 are divided by 0.3
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    for moved, by_hand in zip(
        layer.non_trainable_variables, other.non_trainable_variables, strict=True
    ):
        np.testing.assert_allclose(moved.numpy(), by_hand.numpy(), rtol=1e-6)


@_WAYS
def test_a_loop_may_count_in_a_variable_that_is_trainable(run: Any) -> None:
    v = narae.Variable(1.0)

    def step(carry: Any, x: Any) -> Any:
        return carry, v.assign(v * 2)

    assert run(lambda: ops.scan(step, 0.0, _X)[1]).tolist() == [2.0, 4.0, 8.0, 16.0]
    assert v.numpy() == 16


@_WAYS
def test_gradients_reach_a_variable_that_steps_read(run: Any) -> None:
    v, seed = narae.Variable(2.0), SeedGenerator(1)

    def slope() -> Any:
        with narae.GradientTape() as tape:
            step = lambda c, x: (c + v * narae.random.uniform((), seed=seed), 0.0)
            total, _ = ops.scan(step, 0.0, _X)
        return tape.gradient(total, v), total

    found, total = run(slope)
    np.testing.assert_allclose(found.numpy() * 2, total.numpy(), rtol=1e-6)


def test_a_step_whose_shape_alone_is_asked_for_changes_nothing() -> None:
    layer = layers.Dropout(0.5)
    before = layer.seed_generator.state.numpy()
    x = narae.Input((50,), batch_size=4)
    assert ops.map(lambda row: layer(row, training=True), x).shape == (4, 50)
    np.testing.assert_array_equal(layer.seed_generator.state.numpy(), before)


def test_a_condition_that_assigns_is_refused() -> None:
    seed = SeedGenerator(1)

    def loop() -> Any:
        going_on = lambda i: narae.random.uniform((), seed=seed) < 0.9
        return ops.while_loop(going_on, lambda i: (i + 1,), (ops.sum(_X),))

    with pytest.raises(ValueError, match="condition of a while_loop assigns to a variable"):
        narae.jit(loop)()
