"""An interrupt at any instruction leaves nothing behind: what is pushed is popped, and all goes on working."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.interrupts import Spot, interrupted, spots
from tests.leftovers import pushed

import narae
from narae import layers, ops

X = np.random.default_rng(0).normal(size=(9, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Case(NamedTuple):
    """What runs: `begin` makes what it works on, `run` is interrupted, `check` looks afterwards."""

    begin: Callable[[Path], Any]
    run: Callable[[Any], object]
    check: Callable[[Any], object]
    tries: int  # in CI, spread over all instructions


def _unbuilt(**options: Any) -> Any:
    model = narae.Sequential(
        [
            layers.Dense(4, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(1, kernel_regularizer="l2"),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"], **options)
    return model


def _fit(model: Any) -> None:
    model.fit(X, Y, batch_size=4, verbose=0)


def _works(model: Any) -> None:
    """The model trains and predicts, and has each of its variables once."""
    _fit(model)
    assert model.predict(X, verbose=0).shape == (9, 1)
    assert np.isfinite(model.evaluate(X, Y, verbose=0)).all()
    paths = [w.path for w in model.weights]
    assert len(model.weights) == 8, paths
    assert len(model.optimizer.variables) == 2 + 2 * 6
    assert all(np.isfinite(w.numpy()).all() for w in model.weights)
    for weight in model.weights:
        np.testing.assert_array_equal(weight.value, weight.numpy())


def _trained(_: Path) -> Any:
    model = _unbuilt()
    _fit(model)
    return model


def _tape() -> tuple[Any, Any]:
    return narae.Variable([1.0, 2.0]), narae.optimizers.Adam(0.1)


def _tape_step(parts: tuple[Any, Any]) -> None:
    weight, optimizer = parts
    with narae.GradientTape() as tape:
        with tape.stop_recording():
            ops.exp(weight)
        loss = ops.sum(ops.square(weight))
    optimizer.apply([tape.gradient(loss, weight)], [weight])


def _tape_works(parts: tuple[Any, Any]) -> None:
    _tape_step(parts)
    weight, optimizer = parts
    assert len(optimizer.variables) == 2 + 2
    np.testing.assert_array_equal(weight.value, weight.numpy())


def _saved(folder: Path) -> tuple[Any, Path]:
    path = folder / "saved.keras"
    model = _trained(folder)
    model.save(path)
    return model, path


def _same_file(state: tuple[Any, Path]) -> None:
    model, path = state
    loaded = narae.saving.load_model(path)
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    _works(model)


def _jitted() -> Any:
    weight = narae.Variable(2.0)

    @narae.jit
    def double(x: Any) -> Any:
        weight.assign_add(1.0)
        return x * 2 + ops.sum(x)

    return double, weight


def _jit_works(state: Any) -> None:
    double, weight = state
    before = float(weight)
    assert double(np.float32(3)).item() == 9
    assert float(weight) == before + 1


def _functional() -> Any:
    inputs = narae.Input((6,))
    x = layers.Reshape((3, 2))(inputs)
    x = layers.Conv1D(2, 2, name="conv")(x)
    x = layers.Bidirectional(layers.LSTM(2))(x) if hasattr(layers, "LSTM") else layers.Flatten()(x)
    return narae.Model(inputs, ops.softmax(layers.Dense(2)(x) * 2))


def _nothing(_: Any) -> None:
    return


CASES = {
    "first fit": Case(lambda _: _unbuilt(), _fit, _works, 24),
    "first fit, eager": Case(lambda _: _unbuilt(run_eagerly=True), _fit, _works, 10),
    "fit": Case(_trained, _fit, _works, 10),
    "predict": Case(_trained, lambda model: model.predict(X, batch_size=4, verbose=0), _works, 10),
    "tape": Case(lambda _: _tape(), _tape_step, _tape_works, 200),
    "save": Case(_saved, lambda s: s[0].save(s[1]), _same_file, 10),
    "load": Case(_saved, lambda s: narae.saving.load_model(s[1]), _same_file, 10),
    "jit": Case(lambda _: _jitted(), lambda s: s[0](np.float32(3)), _jit_works, 200),
    "functional": Case(lambda _: None, lambda _: _functional(), _nothing, 200),
}


def _all_goes_on() -> None:
    """Nothing is pushed, eager code runs at once, and new things are made and trained."""
    assert pushed() == {}
    variable = narae.Variable(1.0)
    variable.assign_add(1.0)
    assert float(variable) == 2
    assert variable.path.startswith("variable")
    assert ops.add(variable, 1).item() == 3
    dense = layers.Dense(2)
    assert dense(np.ones((1, 3), "float32")).numpy().shape == (1, 2)
    assert dense.kernel.path.startswith("dense")
    assert len(dense.weights) == 2


def _try(case: Case, spot: Spot, folder: Path) -> bool:
    state = case.begin(folder)
    there = interrupted(lambda: case.run(state), spot)
    _all_goes_on()
    case.check(state)
    return there


def _places(case: Case, folder: Path) -> list[Spot]:
    for _ in range(2):  # kernels are compiled, modules loaded
        state = case.begin(folder)
        case.run(state)
        case.check(state)
    state = case.begin(folder)
    return spots(lambda: case.run(state), _tape_step.__code__)


# How many instructions, spread over all: CI's are of each case; then so many times more, or every one.
FORMS = [
    pytest.param(1, id="few"),
    pytest.param(40, id="many", marks=pytest.mark.slow),
    pytest.param(1_000_000, id="all", marks=pytest.mark.exhaustive),
]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("times", FORMS)
def test_an_interrupt_may_come_anywhere(name: str, times: int, tmp_path: Path) -> None:
    case = CASES[name]
    places = _places(case, tmp_path)
    assert len(places) > 500
    for spot in places[:: max(1, len(places) // (times * case.tries))]:
        assert _try(case, spot, tmp_path), spot


def _in_use() -> Any:
    model = narae.Sequential(
        [layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    for _ in range(2):
        _fit(model)
    return model


def _usable(model: Any) -> None:
    """Variables have one value each, a fit does all its steps, and nothing is pushed."""
    assert pushed() == {}
    for variable in (*model.weights, *model.optimizer.variables):
        np.testing.assert_array_equal(variable.value, variable.numpy())
        assert np.isfinite(variable.numpy()).all()
    before = int(model.optimizer.iterations.numpy())
    _fit(model)
    assert int(model.optimizer.iterations.numpy()) == before + 3


def test_of_a_model_in_use(each_executor: str) -> None:
    model = _in_use()
    places = spots(lambda: _fit(model))
    for spot in places[:: len(places) // 80]:
        interrupted(lambda: _fit(model), spot)
        _usable(model)


def _seconds_of_fit(model: Any) -> float:
    begun = time.perf_counter()
    _fit(model)
    return time.perf_counter() - begun


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer that interrupts")
def test_by_a_signal_at_any_time(each_executor: str) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    model, chosen, hits = _in_use(), random.Random(0), 0
    takes = min(_seconds_of_fit(model) for _ in range(5))  # other work may hold one up
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(60):
            try:
                signal.setitimer(signal.ITIMER_REAL, max(1e-5, chosen.random() * takes))
                _fit(model)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                hits += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            _usable(model)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert hits > 5
