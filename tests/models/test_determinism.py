"""The same seed gives the same bits; threads do not disturb one another; a step allocates no batch."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import narae
from narae import callbacks, layers
from narae.engine import config
from narae.executors.native.run import threads

_rng = np.random.default_rng(0)
X = _rng.normal(size=(64, 5)).astype("float32")
Y = _rng.integers(0, 3, 64)


def _trained(seed: int, **options: Any) -> list[np.ndarray]:
    narae.utils.set_random_seed(seed)
    model = narae.Sequential(
        [layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(X, Y, batch_size=10, epochs=2, verbose=0, **options).history
    return [*model.get_weights(), np.array(history["loss"])]


def _same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("options", [{}, {"shuffle": "batch"}, {"validation_split": 0.2}])
def test_the_same_seed_gives_the_same_bits(options: dict[str, Any]) -> None:
    assert _same(_trained(1, **options), _trained(1, **options))


def test_other_seeds_give_other_weights() -> None:
    assert not _same(_trained(1), _trained(2))


def test_shuffling_changes_the_order_and_no_more() -> None:
    assert not _same(_trained(1), _trained(1, shuffle=False))


def _orders(shuffle: Any, epochs: int = 2) -> list[list[float]]:
    """What each epoch saw, batch by batch: the loss |x| of single samples is the sample."""
    seen: list[list[float]] = []
    model = narae.Sequential([narae.Input((1,)), layers.Identity()])
    model.compile("sgd", "mae")
    model.fit(
        np.arange(1, 13, dtype="float32")[:, None],
        np.zeros(12),
        batch_size=1,
        epochs=epochs,
        shuffle=shuffle,
        verbose=0,
        callbacks=[
            callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: seen.append([]),
                on_train_batch_end=lambda batch, logs: seen[-1].append(logs["loss"]),
            )
        ],
    )
    # the logged loss is the mean so far: the samples are its differences
    return [np.diff([0, *np.array(e) * np.arange(1, 13)]).round().tolist() for e in seen]


def test_each_epoch_sees_every_sample_once_in_an_order_of_its_own() -> None:
    first, second = _orders(True)
    assert sorted(first) == sorted(second) == list(range(1, 13))
    assert first != second
    assert _orders(False) == [list(range(1, 13))] * 2


def test_the_steady_state_of_a_fit_allocates_no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_threads", [2])
    wide, batch = 2000, 100
    data = np.zeros((2000, wide), "float32")
    labels = np.zeros(2000, "int64")
    model = narae.Sequential([narae.Input((wide,)), layers.Dense(4), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    peaks: list[int] = []

    class Watch(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            tracemalloc.start()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    made: list[int] = []
    aligned = threads.aligned
    monkeypatch.setattr(threads, "aligned", lambda size: made.append(len(peaks)) or aligned(size))
    model.fit(data, labels, batch_size=batch, epochs=9, verbose=0, callbacks=[Watch()])
    one_batch = batch * wide * 4
    # A thread makes its scratch memory once, in the first epoch in which it gets to work: two do, and as many more as
    # there were epochs at whose end the system kept one of them from leaving in time.
    assert len(made) <= threads.pool()._threads + 1
    late = [(i, n) for i, n in enumerate(peaks) if i not in made and n >= one_batch / 10]
    assert not late, f"{peaks} bytes, scratch made in epochs {made}; a batch has {one_batch}"


def test_predictions_that_callbacks_keep_stay_as_they_were() -> None:
    model = narae.Sequential([narae.Input((5,)), layers.Dense(2)])
    kept: list[np.ndarray] = []

    class Keep(callbacks.Callback):
        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            kept.append(logs["outputs"])

    whole = model.predict(X, batch_size=10, verbose=0, callbacks=[Keep()])
    assert len(kept) == 7
    np.testing.assert_array_equal(np.concatenate(kept), whole)
