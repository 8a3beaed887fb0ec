"""Errors in the code of users, at any depth and of any kind, leave nothing pushed and the model usable."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.leftovers import pushed

import narae
from narae import layers, ops
from narae.base.names import name_scope

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X[:, :1]


class Fails(layers.Layer):
    """Raises where it is told to: in the call, in the build, below other layers."""

    error: Callable[[], object] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dense(2)

    def build(self, shape: Any) -> None:
        self.inner.build(shape)
        self._raise("build")

    def call(self, x: Any) -> Any:
        with name_scope("somewhere"), narae.GradientTape():
            x = self.inner(x)
            self._raise("call")
        return x

    where = ""

    def _raise(self, where: str) -> None:
        if self.error is not None and where == self.where:
            self.error()


def _recursion() -> None:
    def deeper(n: int) -> Any:
        with narae.GradientTape(), name_scope("deeper"):
            return ops.ones(()) + deeper(n + 1)

    deeper(0)


def _memory() -> None:
    raise MemoryError


def _shapes() -> None:
    ops.add(ops.ones((2,)), ops.ones((3,)))


def _late() -> None:
    """A generator within a scope, which nobody ends, and an error."""

    def held() -> Iterator[None]:
        with name_scope("held"):
            yield

    kept = held()
    next(kept)
    _KEPT.append(kept)
    raise KeyError("late")


def _interrupt() -> None:
    raise KeyboardInterrupt


_KEPT: list[Any] = []
ERRORS = {
    "recursion": (_recursion, RecursionError),
    "memory": (_memory, MemoryError),
    "shapes": (_shapes, ValueError),
    "late generator": (_late, KeyError),
    "interrupt": (_interrupt, KeyboardInterrupt),
}


@pytest.mark.parametrize("where", ["build", "call"])
@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("name", ERRORS)
def test_in_a_layer(name: str, eager: bool, where: str) -> None:
    error, kind = ERRORS[name]
    fails = Fails()
    model = narae.Sequential([layers.Dense(3), fails, layers.Dense(1)])
    model.compile("adam", "mse", run_eagerly=eager)
    fails.error, fails.where = error, where
    with pytest.raises(kind):
        model.fit(X, Y, verbose=0)
    _KEPT.clear()
    gc.collect()
    assert pushed() == {}
    fails.error = None
    model.fit(X, Y, verbose=0)
    assert len(model.weights) == 6
    assert model.predict(X, verbose=0).shape == (8, 1)
    assert narae.Variable(1.0).path.startswith("variable")


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("where", ["loss", "callback", "train_step", "data", "metric"])
def test_elsewhere(name: str, where: str) -> None:
    error, kind = ERRORS[name]
    on = [False]

    def maybe(at: str) -> None:
        if on[0] and at == where:
            error()

    class Model(narae.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            found = super().train_step(data)
            maybe("train_step")
            return found

    class Called(narae.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            maybe("callback")

    def loss(y: Any, found: Any) -> Any:
        maybe("loss")
        return ops.mean(ops.square(y - found))

    def metric(y: Any, found: Any) -> Any:
        maybe("metric")
        return ops.mean(ops.abs(y - found), axis=-1)

    def batches() -> Iterator[Any]:
        for _ in range(2):
            yield X, Y
            maybe("data")

    def new() -> Any:
        model = Model()
        model.compile("adam", loss, metrics=[metric])
        return model

    model, on[0] = new(), True
    with pytest.raises(kind):
        model.fit(batches(), shuffle=False, verbose=0, callbacks=[Called()])
    _KEPT.clear()
    gc.collect()
    assert pushed() == {}
    on[0] = False
    for one in (model, new()):
        one.fit(batches(), shuffle=False, verbose=0, callbacks=[Called()])
        assert len(one.weights) == 2


def test_what_recursion_ends_is_popped() -> None:
    def deeper() -> None:
        with name_scope("deeper"), narae.GradientTape():
            deeper()

    limit = sys.getrecursionlimit()
    for more in range(7):  # the limit falls into each of the calls on the way
        sys.setrecursionlimit(300 + more)
        try:
            with pytest.raises(RecursionError):
                deeper()
        finally:
            sys.setrecursionlimit(limit)
        assert pushed() == {}


def test_an_operations_error_within_a_trace() -> None:
    @narae.jit
    def f(x: Any) -> Any:
        return ops.matmul(x, ops.ones((5, 2)))

    with pytest.raises(ValueError, match="5"):
        f(X)
    assert pushed() == {}
    with pytest.raises(ValueError, match="5"):
        ops.matmul(narae.Input((3,)), ops.ones((5, 2)))
    with pytest.raises(ValueError, match="5"):
        ops.cond(ops.array(True), lambda: ops.matmul(ops.ones((3, 3)), ops.ones((5, 2))), lambda: 0)
    assert pushed() == {}
    assert f(np.ones((1, 5), "float32")).numpy().tolist() == [[5.0, 5.0]]


class _Picks(layers.Layer):
    """Looks words up in the rounds of a loop."""

    def build(self, input_shape):
        self.table = self.add_weight(shape=(10, 4), name="table")

    def call(self, x):
        words = ops.transpose(x)
        start = ops.zeros((ops.shape(x)[0], 4))
        picked, _ = ops.scan(lambda s, w: (s + ops.take(self.table, w, axis=0), s), start, words)
        return picked


LOOKUPS = {
    "a layer": lambda: [layers.Embedding(10, 4), layers.Flatten()],
    "a loop": lambda: [_Picks()],
}


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "ftrl", "lion"])
def test_a_step_with_an_index_out_of_range_changes_nothing(name, lookup):
    """Not the counter of steps, not the seed of Dropout."""
    parts = [*LOOKUPS[lookup](), layers.Dropout(0.5), layers.Dense(1)]
    model = narae.Sequential([narae.Input((3,), dtype="int32"), *parts])
    model.compile(name, "mse")
    x, y = np.ones((4, 3), "int32"), np.zeros((4, 1), "float32")
    model.train_on_batch(x, y)
    state = [*model.variables, *model.optimizer.variables]
    before = [v.numpy().copy() for v in state]
    x[2, 1] = 99
    with pytest.raises(IndexError, match="99"):
        model.train_on_batch(x, y)
    for v, old in zip(state, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), old, err_msg=v.path)
