"""Ctrl-C ends a fit with the model usable, the finished epochs kept, and a fit that can go on."""

from __future__ import annotations

import signal
import subprocess
import sys
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
import sys
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
