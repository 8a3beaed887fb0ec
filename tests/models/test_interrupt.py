"""Ctrl-C ends a fit with the model usable, the finished epochs kept, and a fit that can go on."""

from __future__ import annotations

import dis
import signal
import subprocess
import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest

import narae
from narae import callbacks, layers

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Interrupt(callbacks.Callback):
    """Ctrl-C at a step of an epoch."""

    def __init__(self, epoch: int, step: int) -> None:
        super().__init__()
        self.at, self.epoch = (epoch, step), -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            raise KeyboardInterrupt


def _model(**options: Any) -> Any:
    model = narae.Sequential([narae.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], **options)
    return model


@pytest.mark.parametrize("eager", [False, True])
def test_the_model_is_usable_and_has_its_history(eager: bool) -> None:
    model = _model(run_eagerly=eager)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=8, epochs=9, verbose=0, callbacks=[Interrupt(2, 1)])
    assert model.history.epoch == [0, 1]
    assert [len(v) for v in model.history.history.values()] == [2, 2]
    assert int(model.optimizer.iterations.numpy()) == 12  # two epochs of five, and two steps
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert np.isfinite(model.predict(X, verbose=0)).all()
    assert np.isfinite(model.evaluate(X, Y, verbose=0)).all()


def test_a_fit_goes_on_after_it() -> None:
    model = _model()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=8, epochs=9, verbose=0, callbacks=[Interrupt(1, 4)])
    history = model.fit(X, Y, batch_size=8, initial_epoch=1, epochs=4, verbose=0)
    assert history.epoch == [1, 2, 3]
    assert int(model.optimizer.iterations.numpy()) == 10 + 15


_SIGNALLED = """
import signal
import numpy as np
import narae
from narae import callbacks, layers

class Say(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 4:
            print("running", flush=True)

model = narae.Sequential([narae.Input((4,)), layers.Dense(256, "relu"), layers.Dense(1)])
model.compile("adam", "mse")
x = np.random.default_rng(0).normal(size=(512, 4)).astype("float32")
y = x[:, :1]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
try:
    model.fit(x, y, epochs=10**6, verbose=0, callbacks=[Say()])
except KeyboardInterrupt:
    done = model.history.epoch
    assert len(done) >= 4 and len(model.history.history["loss"]) == len(done)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    steps = int(model.optimizer.iterations.numpy())
    assert 16 * len(done) <= steps <= 16 * (len(done) + 1), (steps, len(done))
    for w in model.weights:
        np.testing.assert_array_equal(w.value, w.numpy())
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=2, verbose=0)
    assert np.isfinite(before) and np.isfinite(model.predict(x, verbose=0)).all()
    print("usable")
"""


def test_a_real_signal_leaves_the_model_usable() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SIGNALLED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "usable\n"), errors


class At:
    """A trace that raises KeyboardInterrupt at the n-th place where Python looks for signals."""

    def __init__(self, n: int) -> None:
        self.n, self.seen = n, 0
        self._before: dict[int, str] = {}

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        frame.f_trace_opcodes = True
        if event == "call":
            self._before.pop(id(frame), None)
        if event != "opcode":
            return self
        before = self._before.get(id(frame), "")
        self._before[id(frame)] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        if before.startswith(("CALL", "RESUME", "JUMP_BACKWARD")):
            self.seen += 1
            if self.seen == self.n:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("batch_size", [8, 1 << 10])  # one run of many steps, step by step
@pytest.mark.parametrize(
    "stride", [23, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_it_may_come_anywhere(batch_size: int, stride: int, own_executor: str) -> None:
    x, y = np.tile(X, (8, 1)), np.tile(Y, (8, 1))
    model = narae.Sequential([narae.Input((4,)), layers.Dense(64, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")

    def interrupted(n: int) -> At:
        at = At(n)
        sys.settrace(at)
        try:
            model.fit(x, y, batch_size=batch_size, verbose=0)
        finally:
            sys.settrace(None)
        return at

    model.fit(x, y, batch_size=batch_size, verbose=0)
    # what Python collects on the way makes a run longer
    places = min(interrupted(-1).seen for _ in range(3))
    assert places > 500
    for n in range(1, places, stride):
        with pytest.raises(KeyboardInterrupt):
            interrupted(n)
        assert np.isfinite(model.evaluate(x, y, batch_size=batch_size, verbose=0))
