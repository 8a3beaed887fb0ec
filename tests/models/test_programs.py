"""Data of many shapes: programs stay within bounds, what is let go is really gone, and results are
those of a program that never left."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.engine import compiled


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """How many programs live that were loaded since: without help of the garbage collector."""
    made: list[Any] = []
    real = compiled.load

    def load(*args: Any) -> Any:
        program = real(*args)
        made.append(weakref.ref(program))
        return program

    monkeypatch.setattr(compiled, "load", load)
    gc.collect()
    gc.disable()
    yield lambda: sum(ref() is not None for ref in made)
    gc.enable()


def model(size: int = 3) -> Any:
    narae.utils.set_random_seed(1)
    net = narae.Sequential(
        [
            layers.Input((None, size)),
            layers.Dense(4, "tanh"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    net.compile("sgd", "mse")
    return net


def batch(length: int, rows: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(length)
    return rng.normal(size=(rows, length, 3)).astype("float32"), np.ones((rows, 2), "float32")


DOORS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "fit": lambda net, x, y: net.fit(x, y, batch_size=2, verbose=0).history["loss"],
    "train_on_batch": lambda net, x, y: net.train_on_batch(x, y),
    "evaluate": lambda net, x, y: net.evaluate(x, y, verbose=0),
    "predict": lambda net, x, y: net.predict(x, verbose=0),
    "call": lambda net, x, y: [net(x).numpy(), net(x).numpy()],
}


@pytest.mark.parametrize("door", DOORS)
def test_many_lengths_within_a_bound(
    door: str, alive: Callable[[], int], own_executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "MOST", 4)
    net, one = model(), DOORS[door]
    for length in range(1, 31):
        one(net, *batch(length))
    assert 0 < len(net._step_programs()._programs) <= 4
    assert alive() <= 4


def test_many_lengths_within_a_bound_on_xla(
    alive: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from narae.engine import config

    monkeypatch.setattr(config, "_chosen", ["xla"])
    monkeypatch.setattr(compiled, "MOST", 2)
    net = model()
    first = net.predict(batch(1)[0], verbose=0)
    for length in range(2, 8):
        net.predict(batch(length)[0], verbose=0)
    assert alive() <= 2
    np.testing.assert_array_equal(net.predict(batch(1)[0], verbose=0), first)


def test_three_hundred_lengths_of_a_function(alive: Callable[[], int], own_executor: str) -> None:
    f = narae.jit(lambda x: ops.sum(ops.sin(x) * 2 + x))
    for n in (*range(1, 301), *range(1, 21)):
        assert float(f(np.zeros(n, "float32"))) == 0
        assert alive() <= compiled.MOST
    assert alive() == compiled.MOST


def test_an_epoch_of_three_hundred_lengths(alive: Callable[[], int]) -> None:
    """A generator gives each batch another length."""
    net = model()
    lengths = [*range(1, 151), *range(150, 0, -1)]
    net.fit((batch(n) for n in lengths), steps_per_epoch=300, verbose=0, shuffle=False)
    assert alive() <= compiled.MOST


def test_training_is_the_same_whatever_was_let_go(
    own_executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for most in (1, 64):
        monkeypatch.setattr(compiled, "MOST", most)
        net, seen = model(), []
        for length in (3, 5, 4, 3, 3, 5, 4, 3):
            x, y = batch(length)
            seen += [
                net.train_on_batch(x, y),
                net.predict(x, verbose=0).tolist(),
                net.test_on_batch(x, y),
            ]
        found.append([seen, [w.tolist() for w in net.get_weights()]])
    assert found[0] == found[1]


def test_large_programs_are_fewer(
    alive: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "BYTES", 1 << 20)
    monkeypatch.setattr(compiled, "FEW", 2)
    f = narae.jit(lambda x: ops.cumsum(ops.cumsum(x)))
    for n in range(100_000, 100_010):
        f(np.zeros(n, "float32"))
        assert alive() <= 2
    small = narae.jit(lambda x: ops.cumsum(x))
    for n in range(1, 20):
        small(np.zeros(n, "float32"))
    assert alive() == 2 + 19


def test_the_last_used_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST", 3)
    traced = []

    def function(x: Any) -> Any:
        traced.append(x.shape[0])
        return x + 1

    f = narae.jit(function)
    for n in (1, 2, 3, 1, 4, 1, 3, 2):
        f(np.zeros(n, "float32"))
    assert traced == [1, 2, 3, 4, 2]


def test_a_program_that_is_let_go_while_it_runs_ends_its_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiled, "MOST", 1)
    net = model()
    x, y = batch(6, rows=12)

    class Other(narae.callbacks.Callback):
        def on_train_batch_end(self, number: int, logs: Any = None) -> None:
            net.predict(batch(number + 1)[0], verbose=0)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            net.evaluate(*batch(2), verbose=0)

    history = net.fit(x, y, batch_size=2, epochs=2, verbose=0, shuffle=False, callbacks=[Other()])
    alone = model()
    plain = alone.fit(x, y, batch_size=2, epochs=2, verbose=0, shuffle=False)
    assert history.history == plain.history
    for a, b in zip(net.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
