"""Windows of a series: which they are, their batches and orders, and that training reads them where they lie."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import narae
from narae import layers
from narae.utils import timeseries_dataset_from_array

SERIES = np.arange(20.0)


def numbers(dataset: Any) -> list[Any]:
    """Batches as lists."""
    return [
        tuple(part.tolist() for part in batch) if isinstance(batch, tuple) else batch.tolist()
        for batch in dataset
    ]


# What Keras 3.15.1 gives with TensorFlow 2.21, each window by its first element.
KERAS: list[tuple[dict[str, Any], list[list[int]]]] = [
    ({"sequence_length": 4, "batch_size": 8}, [[*range(8)], [*range(8, 16)], [16]]),
    ({"sequence_length": 4, "targets": SERIES[:5]}, [[*range(5)]]),
    ({"sequence_length": 4, "start_index": 5, "end_index": 12}, [[5, 6, 7, 8]]),
    ({"sequence_length": 40}, []),
    ({"sequence_length": 4, "batch_size": 2, "sequence_stride": 6}, [[0, 6], [12]]),
    ({"sequence_length": 4, "sampling_rate": 5, "sequence_stride": 2}, [[0, 2, 4]]),
    ({"sequence_length": 17, "targets": list(SERIES)}, [[0, 1, 2, 3]]),
    ({"sequence_length": 4.0, "start_index": 0, "batch_size": 20}, [[*range(17)]]),
]


@pytest.mark.parametrize(("options", "firsts"), KERAS)
def test_windows_are_kerass(options: dict[str, Any], firsts: list[list[int]]) -> None:
    length, rate = int(options["sequence_length"]), options.get("sampling_rate", 1)
    dataset = timeseries_dataset_from_array(SERIES, **{"targets": None} | options)
    windows = [[[i + rate * j for j in range(length)] for i in batch] for batch in firsts]
    if "targets" in options:
        windows = [(x, [float(w[0]) for w in x]) for x in windows]
    assert numbers(dataset) == windows
    assert len(dataset) == len(windows)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_a_window_is_its_steps(shape: tuple[int, ...]) -> None:
    """By the definition, over all options at once."""
    rng = np.random.default_rng(0)
    data, targets = rng.normal(size=(23, *shape)), rng.integers(0, 9, (23, 2))
    for length, stride, rate, size, start, end in itertools.product(
        (1, 3), (1, 4), (1, 2, 3), (None, 5), (None, 2), (None, 19)
    ):
        options = (length, stride, rate, size, False, None, start, end)
        dataset = timeseries_dataset_from_array(data, targets, *options)
        begin, stop = start or 0, 23 if end is None else end
        places = range(begin, stop - (length - 1) * rate, stride)
        found = list(dataset)
        xs, ys = [x.numpy() for x, _ in found], [y.numpy() for _, y in found]
        if size is not None:
            assert [len(x) for x in xs[:-1]] == [5] * (len(xs) - 1)
            xs, ys = list(np.concatenate(xs)), list(np.concatenate(ys))
        assert len(dataset) == len(found) == (len(places) if size is None else -(-len(places) // 5))
        for x, y, place in zip(xs, ys, places, strict=True):
            np.testing.assert_array_equal(x, data[place : place + length * rate : rate][:length])
            np.testing.assert_array_equal(y, targets[place])
        assert xs[0].dtype == data.dtype
        assert ys[0].dtype == targets.dtype


def test_windows_without_a_target_are_left_out() -> None:
    dataset = timeseries_dataset_from_array(SERIES, SERIES[:10], 3, start_index=5)
    assert numbers(dataset)[0][1] == [5, 6, 7, 8, 9]


def test_orders() -> None:
    def made(seed: int | None = 3) -> Any:
        return timeseries_dataset_from_array(
            SERIES, SERIES, 5, batch_size=3, shuffle=True, seed=seed
        )

    def targets(dataset: Any) -> list[float]:
        return [float(y) for _, ys in dataset for y in ys]

    dataset = made()
    first, second = targets(dataset), targets(dataset)
    assert sorted(first) == sorted(second) == list(range(16))
    assert first != second
    assert sorted(first) != first
    again = made()
    assert (targets(again), targets(again)) == (first, second)
    assert targets(made(4)) != first
    narae.utils.set_random_seed(1)
    drawn = targets(made(None))
    narae.utils.set_random_seed(1)
    assert targets(made(None)) == drawn
    for x, y in made():
        np.testing.assert_array_equal(x[:, 0], y)


def test_parts_of_a_data_set() -> None:
    dataset = timeseries_dataset_from_array(SERIES, None, 4, batch_size=6)
    whole = numbers(dataset)
    assert numbers(dataset.take(1)) == numbers(dataset.take(1)) == whole[:1]
    assert numbers(dataset.skip(1)) == whole[1:]
    assert numbers(dataset.take(-1)) == whole
    assert [len(d) for d in (dataset.take(9), dataset.skip(9), dataset.skip(1))] == [3, 0, 2]
    assert all(type(x) is np.ndarray for x in dataset.as_numpy_iterator())
    doubled = dataset.map(lambda x: (x, 2 * x[:, -1]))
    assert numbers(doubled)[0][1] == [2 * window[-1] for window in whole[0]]


@pytest.mark.parametrize(
    "options",
    [
        *({name: value} for name in ("start_index", "end_index") for value in (-1, 20, 11.5)),
        *({"sampling_rate": value} for value in (0, -1, 20)),
        *({"sequence_stride": value} for value in (0, 20, None)),
        {"start_index": 8, "end_index": 8},
        {"end_index": 0},
        {"sequence_length": 0},
        {"batch_size": 0},
        {"format": "torch"},
        {"seed": -1},
    ],
)
def test_what_is_refused(options: dict[str, Any]) -> None:
    name = "end_index" if len(options) > 1 else next(iter(options))
    with pytest.raises(ValueError, match=rf"`{name}` (must|should) be"):
        timeseries_dataset_from_array(SERIES, None, **{"sequence_length": 3} | options)


def test_a_series_holds_numbers() -> None:
    with pytest.raises(ValueError, match="targets must hold numbers"):
        timeseries_dataset_from_array(SERIES, ["a"] * 20, 3)
    with pytest.raises(ValueError, match="first axis of steps"):
        timeseries_dataset_from_array(3.0, None, 1)


# -- training --------------------------------------------------------------------------------------


def trained(*data: Any, **options: Any) -> tuple[list[float], narae.Model]:
    """Losses of two epochs of a small model that always begins alike."""
    narae.utils.set_random_seed(1)
    model = narae.Sequential([layers.Flatten(), layers.Dense(3, "tanh"), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(*data, epochs=2, verbose=0, **options)
    return history.history["loss"], model


DATA = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
GOALS = DATA.sum(axis=1)


@pytest.mark.parametrize("rate", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_is_that_on_copied_windows(rate: int, dtype: str) -> None:
    data = DATA.astype(dtype)
    dataset = timeseries_dataset_from_array(
        data, GOALS, 6, sampling_rate=rate, sequence_stride=2, batch_size=16, start_index=7
    )
    x, y = (np.concatenate(part) for part in zip(*dataset.as_numpy_iterator()))
    losses, model = trained(dataset)
    assert losses == trained(x, y, batch_size=16, shuffle=False)[0]
    assert model.evaluate(dataset, verbose=0) == model.evaluate(x, y, batch_size=16, verbose=0)
    inputs = timeseries_dataset_from_array(
        data, None, 6, sampling_rate=rate, sequence_stride=2, batch_size=16, start_index=7
    )
    np.testing.assert_array_equal(
        model.predict(inputs, verbose=0), model.predict(x, batch_size=16, verbose=0)
    )


@pytest.mark.parametrize("rate", [1, 3])
def test_the_orders_of_training_are_those_of_iteration(rate: int) -> None:
    def made() -> Any:
        return timeseries_dataset_from_array(
            DATA, GOALS, 6, sampling_rate=rate, batch_size=16, shuffle=True, seed=5
        )

    x, y = (np.concatenate(part) for part in zip(*made().as_numpy_iterator()))
    losses = trained(made())[0]
    assert losses[0] == trained(x, y, batch_size=16, shuffle=False)[0][0]
    dataset = made()
    assert losses == trained(dataset)[0]
    assert losses != trained(dataset)[0]  # another run of fit, other orders


def test_training_takes_what_it_takes_of_arrays() -> None:
    dataset = timeseries_dataset_from_array(DATA, (GOALS > 0).astype("int32"), 6, batch_size=16)
    for data in (dataset, dataset.map(lambda x, y: (x, y)), dataset.skip(2)):
        weighted = trained(data, class_weight={0: 0.0, 1: 1.0}, validation_data=dataset.take(2))[0]
        assert all(np.isfinite(weighted))
        assert len(trained(data, steps_per_epoch=4)[0]) == 2
    single = timeseries_dataset_from_array(DATA[:20], GOALS[:20], 6, batch_size=None)
    assert len(trained(single.map(lambda x, y: (x[None], y[None])))[0]) == 2
    with pytest.raises(ValueError, match="too short for a window of 300 steps"):
        trained(timeseries_dataset_from_array(DATA, GOALS, 300))


def test_windows_are_never_copied_whole() -> None:
    """A series of 8 MB, whose windows have 8 GB: that it trains says that they were not made."""
    series = np.zeros((2_000_000,), "float32")
    dataset = timeseries_dataset_from_array(series, series, 1000, batch_size=1000, shuffle=True)
    assert np.shares_memory(dataset.inputs, series)
    assert dataset.inputs.nbytes > 7e9
    losses, model = trained(dataset, steps_per_epoch=2)
    assert losses == [0.0, 0.0]
    assert model.evaluate(dataset.take(1), verbose=0) == 0.0
