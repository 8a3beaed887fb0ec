"""steps_per_execution: hooks once per execution, the same training for every size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.engine import config

X = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def network(k: Any, size: int) -> Any:
    model = k.Sequential([k.Input((3,)), k.layers.Dense(4, activation="tanh"), k.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], steps_per_execution=size)
    return model


def noting(k: Any, seen: list[Any], stop_at: int | None = None) -> Any:
    """A callback that notes its hooks of batches, and may stop training after one."""

    class Notes(k.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("begin", batch))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("end", batch, {name: float(v) for name, v in (logs or {}).items()}))
            if stop_at is not None and batch >= stop_at:
                self.model.stop_training = True

        def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("test begin", batch))

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("test end", batch, {name: float(v) for name, v in (logs or {}).items()}))

        def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("predict begin", batch))

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("predict end", batch, np.asarray((logs or {})["outputs"]).shape))

    return Notes()


def batches(size: int) -> Any:
    """The same data as a generator of batches."""
    for start in range(0, 50, size):
        yield X[start : start + size], Y[start : start + size]


def hooks(k: Any, size: int, batch: int, weights: Any, source: str, stop: Any) -> tuple[Any, Any]:
    model = network(k, size)
    model.set_weights(weights)
    seen: list[Any] = []
    notes = noting(k, seen, stop)
    fitted = {"epochs": 2, "verbose": 0, "callbacks": [notes]}
    if source == "arrays":
        model.fit(X, Y, batch_size=batch, shuffle=False, **fitted)
    else:
        fitted |= {"epochs": 1, "steps_per_epoch": 50 // batch}
        model.fit(batches(batch), shuffle=False, **fitted)
    model.evaluate(X, Y, batch_size=batch, verbose=0, callbacks=[notes])
    model.predict(X, batch_size=batch, verbose=0, callbacks=[notes])
    return seen, model.get_weights()


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("size", "batch", "source", "stop", "executor"),
    [
        (2, 10, "arrays", None, "native"),  # 5 batches: the last execution has one
        (4, 12, "arrays", None, "native"),  # 4 whole ones and a short one
        (4, 12, "arrays", None, "numpy"),
        pytest.param(4, 12, "arrays", None, "xla", marks=pytest.mark.slow),
        (3, 8, "generator", None, "native"),
        (8, 10, "arrays", None, "native"),  # more than there are
        (2, 5, "arrays", 3, "native"),  # stopped after the second execution
    ],
)
def test_hooks_and_logs_are_kerass(
    keras: Any,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    batch: int,
    source: str,
    stop: Any,
    executor: str,
) -> None:
    monkeypatch.setattr(config, "_chosen", [executor])
    weights = network(keras, 1).get_weights()
    want, theirs = hooks(keras, size, batch, weights, source, stop)
    got, ours = hooks(narae, size, batch, weights, source, stop)
    assert [row[:2] for row in got] == [row[:2] for row in want]
    for left, right in zip(got, want, strict=True):
        if len(left) > 2 and isinstance(left[2], dict):
            assert left[2] == pytest.approx(right[2], rel=1e-4)
        else:
            assert left == right
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_training_does_not_depend_on_it(each_executor: str) -> None:
    found = []
    more = [] if each_executor == "xla" else [(1, True), (100, True)]
    for size, notes in [(1, False), (3, True), *more]:
        narae.utils.set_random_seed(3)
        model = network(narae, size)
        listed = [noting(narae, [])] if notes else []
        history = model.fit(X, Y, batch_size=7, epochs=3, verbose=0, callbacks=listed).history
        found.append([history["loss"], history["mae"], *(w.tolist() for w in model.get_weights())])
    if each_executor == "xla":  # one step alone and several in a loop are compiled each by itself
        for other in found[1:]:
            for a, b in zip(found[0], other, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    else:
        assert all(other == found[0] for other in found)


def test_the_bar_ends_at_the_last_batch(capsys: pytest.CaptureFixture[str]) -> None:
    model = network(narae, 4)
    model.fit(X, Y, batch_size=10, verbose=1, callbacks=[noting(narae, [])])
    out = capsys.readouterr().out
    assert "5/5" in out
    assert "8/5" not in out


@pytest.mark.parametrize("bad", [0, -1, 1.5, "auto", None])
def test_what_is_no_number_of_steps_is_told(bad: Any) -> None:
    with pytest.raises(ValueError, match="steps_per_execution is a whole number of at least 1"):
        narae.Sequential([layers.Dense(1)]).compile("sgd", "mse", steps_per_execution=bad)


def test_it_is_saved_and_read(tmp_path: Any) -> None:
    model = network(narae, 5)
    model.save(tmp_path / "m.keras")
    assert narae.saving.load_model(tmp_path / "m.keras").steps_per_execution == 5
