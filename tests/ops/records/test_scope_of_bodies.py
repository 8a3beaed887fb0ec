"""What bodies of loops and choices read and write outside: seeds and statistics go on from step to step, also under a
tape and in `fit`, and alike however the step is run."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.base.errors import NotYet
from narae.primitives.records.scan import scan_over
from narae.random import SeedGenerator

ROWS, STEPS = 40, 4
Draw = Callable[[Any], Any]


def scanned(draw: Draw, x: Any) -> Any:
    return ops.scan(lambda c, _: (draw(c), None), x, length=STEPS)[0]


def nested(draw: Draw, x: Any) -> Any:
    inner = lambda c: ops.scan(lambda d, _: (draw(d), None), c, length=2)[0]
    return ops.scan(lambda c, _: (inner(c), None), x, length=2)[0]


def chosen(draw: Draw, x: Any) -> Any:
    """Every other step draws."""
    step = lambda c, i: (ops.cond(i > 0, lambda: draw(c), lambda: c + 0.0), None)
    return ops.scan(step, x, ops.arange(2 * STEPS) % 2)[0]


def counted(draw: Draw, x: Any) -> Any:
    return ops.fori_loop(0, STEPS, lambda i, c: draw(c), x)


def switched(draw: Draw, x: Any) -> Any:
    """A choice whose branch draws, in one of which there is a loop."""
    index = ops.cast(ops.sum(x) > 0, "int32")
    return ops.switch(index, [lambda: x, lambda: scanned(draw, x)])


LOOPS = {f.__name__: f for f in (scanned, nested, chosen, counted, switched)}
EAGER = "eager"
WAYS = [EAGER, "numpy", "native", "xla"]


def run(way: str, function: Callable[..., Any], *args: Any) -> Any:
    if way == EAGER:
        return function(*args)
    with mock.patch.dict(os.environ, NARAE_EXECUTOR=way):
        return narae.jit(function)(*args)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LOOPS)
def test_a_gradient_drops_what_was_dropped(name: str, way: str) -> None:
    """The gradient of a sum of numbers that were dropped four times is the product of the masks, those that
    four calls one by one draw."""
    seed, again = SeedGenerator(5), SeedGenerator(5)
    x = ops.ones((ROWS, 3))

    def both(x: Any) -> Any:
        with narae.GradientTape() as tape:
            tape.watch(x)
            y = LOOPS[name](lambda c: narae.random.dropout(c, 0.3, seed=seed), x)
        return y, tape.gradient(y, x)

    y, slope = run(way, both, x)
    want = x
    for _ in range(STEPS):
        want = narae.random.dropout(want, 0.3, seed=again)
    np.testing.assert_allclose(y.numpy(), want.numpy(), rtol=1e-6)
    np.testing.assert_array_equal(y.numpy() == 0, slope.numpy() == 0)
    np.testing.assert_allclose(slope.numpy(), y.numpy(), rtol=1e-6)
    np.testing.assert_array_equal(seed.state.numpy(), again.state.numpy())


@pytest.mark.parametrize("way", WAYS)
def test_statistics_move_and_gradients_reach_what_normalizes(way: str) -> None:
    def made() -> tuple[Any, Any]:
        layer = layers.BatchNormalization(momentum=0.5)
        layer.build((ROWS, 3))
        x = ops.reshape(ops.sin(ops.arange(ROWS * 3) * 1.0), (ROWS, 3))
        return layer, x

    def slopes(layer: Any, x: Any, loop: Callable[..., Any]) -> Any:
        with narae.GradientTape() as tape:
            y = loop(lambda c: ops.tanh(layer(c * 2 + 0.1, training=True)), x)
            value = ops.sum(y * ops.cos(x))
        return tape.gradient(value, layer.trainable_variables)

    def by_hand(draw: Draw, x: Any) -> Any:
        for _ in range(STEPS):
            x = draw(x)
        return x

    (layer, x), (other, _) = made(), made()
    got, want = run(way, lambda: slopes(layer, x, scanned)), slopes(other, x, by_hand)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=1e-4)
    for a, b in zip(layer.non_trainable_variables, other.non_trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


class Noisy(layers.Layer):
    """A recurrent layer in a user's own words: dropout of the state, a moving average, a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = layers.Dropout(0.4, seed=2)

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(3, 3), initializer="ones")
        self.average = self.add_weight(shape=(3,), initializer="zeros", trainable=False)

    def call(self, x: Any, training: bool = False) -> Any:
        def step(h: Any, row: Any) -> Any:
            h = ops.tanh(row + self.drop(h, training=training) @ self.kernel * 0.2)
            if training:
                self.average.assign(self.average * 0.9 + ops.mean(h, axis=0) * 0.1)
            return h, None

        return ops.scan(step, x[:, 0], ops.transpose(x, (1, 0, 2)))[0]


def fitted(way: str) -> list[np.ndarray]:
    narae.utils.set_random_seed(1)
    model = narae.Sequential([narae.Input((5, 3)), Noisy(), layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(24, 5, 3)).astype("float32")
    with mock.patch.dict(os.environ, {} if way == EAGER else {"NARAE_EXECUTOR": way}):
        model.compile("sgd", "mse", run_eagerly=way == EAGER)
        history = model.fit(x, x.sum((1, 2)), batch_size=8, epochs=2, shuffle=False, verbose=0)
    seed = model.layers[0].drop.seed_generator.state
    return [np.asarray(history.history["loss"]), seed.numpy(), *model.get_weights()]


def test_fit_draws_and_counts_alike_on_all_ways() -> None:
    want = fitted(EAGER)
    assert not np.array_equal(want[1], layers.Dropout(0.4, seed=2).seed_generator.state.numpy())
    assert np.abs(want[3]).max() > 0  # the moving average has moved
    for way in WAYS[1:]:
        for a, b in zip(fitted(way), want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=way)


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_of_known_bounds_has_a_gradient(way: str) -> None:
    """x times x i for i of 2, 3, 4 is 24 x⁴."""
    x = ops.convert_to_tensor(1.5)

    def slopes(x: Any) -> Any:
        with narae.GradientTape() as outer:
            outer.watch(x)
            with narae.GradientTape() as tape:
                tape.watch(x)
                y = ops.fori_loop(2, 5, lambda i, v: v * x * ops.cast(i, "float32"), x)
            slope = tape.gradient(y, x)
        return y, slope, outer.gradient(slope, x)

    got = [v.item() for v in run(way, slopes, x)]
    np.testing.assert_allclose(got, [24 * 1.5**4, 96 * 1.5**3, 288 * 1.5**2], rtol=1e-6)


def test_a_loop_of_no_rounds_leaves_what_it_was_given() -> None:
    x = ops.convert_to_tensor(1.5)
    assert narae.jit(lambda: ops.fori_loop(5, 2, lambda i, v: v + x, x))().item() == 1.5


def test_a_scan_of_a_loop_of_unknown_length_runs_under_a_tape_and_says_that_it_has_no_gradient() -> (
    None
):
    def run(h: Any) -> Any:
        inner = lambda c: [ops.while_loop(lambda a: ops.sum(a) < 9.0, lambda a: a * 2 + 1, c)]
        return scan_over(inner, [h], [], STEPS)[0]

    x = ops.ones((3,))
    with narae.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = run(x), x * 3
    assert y.tolist() == [3.0, 3.0, 3.0]
    assert tape.gradient(z, x).tolist() == [3.0, 3.0, 3.0]
    with pytest.raises(NotYet, match="while_loop of unknown length"):
        tape.gradient(y, x)
