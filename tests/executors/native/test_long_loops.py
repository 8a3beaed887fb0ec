"""Loops that never end, or not soon: Ctrl-C is heard, and what was interrupted works afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers, ops
from narae.executors.native import tuning

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")

_ROUNDS = 1 << 40
_WIDE = np.eye(256, dtype="float32")


def _while(x: Any) -> Any:
    return ops.while_loop(lambda a: ops.sum(a) > 0, lambda a: (a * 1.0,), (x,))[0]


def _limited(x: Any) -> Any:
    return ops.while_loop(lambda a: ops.sum(a) > 0, lambda a: (a * 1.0,), (x,), _ROUNDS)[0]


def _scanned(x: Any) -> Any:
    return ops.fori_loop(0, 1 << 30, lambda i, a: a * 1.0, x)


def _large(x: Any) -> Any:
    """A body of large products: phases of the program."""
    wide = ops.broadcast_to(ops.sum(x), (256, 256))
    test = lambda a: ops.sum(a) > 0
    return ops.while_loop(test, lambda a: (ops.relu(ops.matmul(a, _WIDE)),), (wide,))[0]


def _chosen(x: Any) -> Any:
    return ops.cond(ops.sum(x) > 0, lambda: _while(x), lambda: x)


def _each(x: Any) -> Any:
    return ops.map(_while, ops.stack([x, x]))


_LOOPS = (_while, _limited, _scanned, _large, _chosen, _each)


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "PATIENCE", 0.1)


def _interrupted(call: Callable[[], Any]) -> None:
    """Call, and send Ctrl-C while it runs."""
    previous = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - begin < 20  # a loop in vain takes hours


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("loop", _LOOPS, ids=lambda f: f.__name__.strip("_"))
def test_ctrl_c_ends_a_loop(
    loop: Callable[[Any], Any], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narae.engine.config, "_threads", [number])
    compiled = narae.jit(loop)
    if loop is not _scanned:
        compiled(ops.zeros((3,)))  # compiled, and ends at once
    _interrupted(lambda: compiled(ops.ones((3,))))
    if loop is not _scanned:
        assert not compiled(ops.zeros((3,))).numpy().any()


def test_ctrl_c_ends_a_fit_whose_step_does_not_end() -> None:
    stuck = layers.Lambda(lambda x: x + ops.stop_gradient(_while(ops.abs(x))) * 0)
    model = narae.Sequential([narae.Input((4,)), stuck, layers.Dense(2)])
    model.compile("sgd", "mse")
    zeros, ones = np.zeros((8, 4), "float32"), np.ones((8, 4), "float32")
    model.fit(zeros, np.zeros((8, 2)), batch_size=2, verbose=0)
    for call in (
        lambda: model.fit(ones, np.ones((8, 2)), batch_size=2, verbose=0),
        lambda: model.predict(ones, verbose=0),
        lambda: model.train_on_batch(ones, np.ones((8, 2))),
    ):
        _interrupted(call)
        assert all(np.isfinite(w).all() for w in model.get_weights())
        assert np.isfinite(model.predict(zeros, verbose=0)).all()


def test_short_loops_are_run_by_the_thread_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "narae.executors.native.run.program.wait_for", lambda *_: pytest.fail("waited")
    )

    @narae.jit
    def short(x: Any) -> Any:
        last, _ = ops.scan(lambda carry, row: (carry + row, None), ops.zeros((3,)), x)
        return ops.while_loop(lambda a: ops.sum(a) < 9, lambda a: (a + 1.0,), (last,), 20)[0]

    assert short(ops.ones((5, 3))).tolist() == [5.0, 5.0, 5.0]
