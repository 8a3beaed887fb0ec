"""The callbacks that decide: the same decisions as Keras's on the same logs."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.callbacks.fakes import Model, drive

from narae import callbacks as ours
from narae import metrics

pytestmark = pytest.mark.oracle
value = st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 1.0, float("nan")])
values = st.lists(value, min_size=1, max_size=9)
modes = st.sampled_from(["min", "max"])
compare = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def both(keras, name, arguments, logs, batches=0):
    """What each of the two did: the logs it left, whether it stopped, weights, files, rate,
    text."""
    found = []
    for family in (keras.callbacks, ours):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            seen, model = drive(getattr(family, name)(**arguments), logs, batches=batches)
        rate = float(np.float32(model.optimizer.learning_rate))
        told = [line for line in text.getvalue().replace("\r", "").splitlines() if line.strip()]
        found.append((repr(seen), model.stop_training, model.weight, model.saved, rate, told))
    return found


@compare
@given(
    values,
    modes,
    st.integers(0, 3),
    st.sampled_from([0, 0.06]),
    st.sampled_from([None, 0.22]),
    st.booleans(),
    st.integers(0, 2),
)
def test_early_stopping(keras, losses, mode, patience, min_delta, baseline, restore, start):
    arguments = {
        "monitor": "m",
        "mode": mode,
        "patience": patience,
        "min_delta": min_delta,
        "baseline": baseline,
        "restore_best_weights": restore,
        "start_from_epoch": start,
        "verbose": 1,
    }
    theirs, mine = both(keras, "EarlyStopping", arguments, [{"m": v} for v in losses])
    assert mine == theirs


@compare
@given(
    values,
    modes,
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.02]),
)
def test_reduce_lr_on_plateau(keras, losses, mode, patience, cooldown, min_lr):
    arguments = {
        "monitor": "m",
        "mode": mode,
        "patience": patience,
        "cooldown": cooldown,
        "min_lr": min_lr,
        "factor": 0.5,
    }
    theirs, mine = both(keras, "ReduceLROnPlateau", arguments, [{"m": v} for v in losses])
    assert mine[1:4] == theirs[1:4]
    assert mine[4] == pytest.approx(theirs[4], rel=1e-6)


@compare
@given(
    values,
    modes,
    st.booleans(),
    st.sampled_from(["epoch", 1, 2, 5]),
    st.sampled_from([None, 0.3]),
)
def test_model_checkpoint(keras, tmp_path, losses, mode, best_only, freq, threshold):
    losses = [v for v in losses if v == v] or [0.1]  # Keras formats NaN otherwise than others
    assume(not (best_only and freq != "epoch"))  # Keras fails there before the first epoch's end
    arguments = {
        "filepath": f"{tmp_path}/{{epoch:02d}}-{{m:.2f}}.keras",
        "monitor": "m",
        "mode": mode,
        "save_best_only": best_only,
        "save_freq": freq,
        "initial_value_threshold": threshold,
        "verbose": 1,
    }
    theirs, mine = both(keras, "ModelCheckpoint", arguments, [{"m": v} for v in losses], batches=3)
    assert mine == theirs


@pytest.mark.parametrize("schedule", [lambda e, r: r / 2, lambda e: 0.1 / (e + 1)])
def test_learning_rate_scheduler(keras, schedule):
    arguments = {"schedule": schedule}
    theirs, mine = both(keras, "LearningRateScheduler", arguments, [{"loss": 1.0}] * 3)
    assert mine == theirs


@pytest.mark.parametrize("append", [False, True])
def test_csv_logger_writes_the_same_file(keras, tmp_path, append):
    logs = [{"b": 0.5, "a": 1.25}, {"b": 0.25, "a": 1.0, "val_a": 3.0}, {"a": 0.1}]
    files = []
    for family in (keras.callbacks, ours):
        file = tmp_path / f"{family.__name__}.csv"
        file.write_text("epoch;a;b;val_a;val_b\n" if append else "old\n")
        drive(family.CSVLogger(str(file), separator=";", append=append), logs)
        files.append(file.read_text())
    assert files[0] == files[1]
    assert ("old" in files[1]) is False


def test_hooks_come_in_the_same_order(keras):
    import narae

    found = []
    for library in (keras, narae):
        calls = []

        class Record(library.callbacks.Callback):
            pass

        for hook in [name for name in dir(library.callbacks.Callback) if name.startswith("on_")]:
            if hook not in ("on_batch_begin", "on_batch_end"):

                def record(self, *args, hook=hook, calls=calls, logs=None):
                    at = [a for a in args if not isinstance(a, dict)]
                    given = logs or next((a for a in args if isinstance(a, dict)), {})
                    calls.append((hook, at, sorted(given)))

                setattr(Record, hook, record)
        model = library.Sequential([library.Input((2,)), library.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        x, y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)
        record = Record()
        arguments = {"callbacks": [record], "batch_size": 4, "verbose": 0}
        model.fit(x, y, epochs=2, validation_data=(x, y), validation_freq=2, **arguments)
        model.evaluate(x, y, **arguments)
        model.predict(x, **arguments)
        found.append((calls, record.params))
    assert found[0][0] == found[1][0]


def test_directions_are_keras_own(keras):
    """Every metric of Keras that says which way is better."""
    from narae.callbacks.monitor import Monitor

    checked = 0
    for name in dir(keras.metrics):
        cls = getattr(keras.metrics, name)
        try:
            told = cls(name="q")._direction
        except (TypeError, AttributeError, ValueError):
            continue
        watch = Monitor("val_q", "auto")
        watch.set_model(Model(metrics=[getattr(metrics, name)(name="q")]))
        watch._set_monitor_op()
        assert watch._is_improvement(2.0, 1.0) == (told == "up"), name
        checked += 1
    assert checked > 20
