"""Arrays as data: every sample once per epoch, in an order that the seed alone decides."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narae.base import trees
from narae.graph.ir import Spec
from narae.models.data.sources import make_source, split

samples = st.integers(1, 70)
batches = st.integers(1, 80)
shuffles = st.sampled_from([True, False, "batch"])


def labels(source, number: int) -> list[list[int]]:
    """The y of an epoch's batches; sizes are checked on the way."""
    found = []
    for batch in source.epoch(number):
        x, y, _ = batch.tree()
        assert batch.size == len(y)
        assert (x[:, 0] == y).all()
        found.append(y.tolist())
    return found


def numbered(n: int):
    y = np.arange(n)
    return np.stack([y, -y], 1).astype(np.float32), y


@settings(max_examples=60, deadline=None)
@given(samples, batches, shuffles, st.integers(0, 3))
def test_every_sample_exactly_once_per_epoch(n, size, shuffle, number):
    source = make_source(*numbered(n), batch_size=size, shuffle=shuffle, seed=5)
    found = labels(source, number)
    assert sorted(itertools.chain(*found)) == list(range(n))
    assert source.steps == len(found)
    assert source.samples == n
    assert all(len(batch) == min(size, n) for batch in found[:-1])


@settings(max_examples=30, deadline=None)
@given(samples, batches, shuffles, st.integers(0, 2**32))
def test_order_is_a_function_of_seed_and_epoch(n, size, shuffle, seed):
    one, other = (
        make_source(*numbered(n), batch_size=size, shuffle=shuffle, seed=seed) for _ in range(2)
    )
    labels(other, 0)
    labels(other, 1)
    assert labels(one, 2) == labels(other, 2)  # whatever was read before


def test_epochs_and_seeds_differ():
    data = numbered(100)
    one = make_source(*data, shuffle=True, seed=1)
    assert labels(one, 0) != labels(one, 1)
    assert labels(one, 0) != labels(make_source(*data, shuffle=True, seed=2), 0)
    assert labels(make_source(*data, seed=1), 0) == labels(make_source(*data, seed=2), 1)


def test_batch_shuffle_keeps_batches_whole_and_the_short_one_last():
    found = labels(make_source(*numbered(100), batch_size=8, shuffle="batch", seed=3), 0)
    assert all(batch == list(range(batch[0], batch[0] + len(batch))) for batch in found)
    assert all(batch[0] % 8 == 0 for batch in found)
    assert found[-1] == [96, 97, 98, 99]
    assert [batch[0] for batch in found] != sorted(batch[0] for batch in found)


def test_fewer_steps_than_a_pass_go_on_in_the_next_epoch():
    source = make_source(*numbered(6), batch_size=2, steps=2)
    assert [labels(source, n) for n in (0, 2)] == [[[0, 1], [2, 3]]] * 2
    with pytest.warns(UserWarning, match="ran out of data"):  # an epoch ends with the data
        assert labels(source, 1) == [[4, 5]]
    assert source.steps == 2


@given(samples, batches, st.integers(1, 20), shuffles)
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_the_epochs_of_a_pass_are_the_pass(n, batch_size, steps, shuffle):
    parts = make_source(*numbered(n), batch_size=batch_size, steps=steps, shuffle=shuffle, seed=5)
    whole = make_source(*numbered(n), batch_size=batch_size, shuffle=shuffle, seed=5)
    count = -(-whole.steps // steps)
    for passed in range(2):
        epochs = [labels(parts, passed * count + i) for i in range(count)]
        assert all(len(epoch) == steps for epoch in epochs[:-1])
        assert [batch for epoch in epochs for batch in epoch] == labels(whole, passed)


def test_steps_without_a_batch_size_make_that_many_batches():
    assert [len(batch) for batch in labels(make_source(*numbered(10), steps=3), 0)] == [4, 4, 2]


def test_more_steps_than_a_pass_are_warned_about():
    source = make_source(*numbered(6), batch_size=3, steps=3)
    with pytest.warns(UserWarning, match="ran out of data.*2 were left where 3 were asked for"):
        assert labels(source, 1) == [[0, 1, 2], [3, 4, 5]]


ARRAYS = {
    "float32": lambda n: np.random.default_rng(0).random((n, 3), np.float32),
    "uint8": lambda n: np.arange(n * 4, dtype=np.uint8).reshape(n, 2, 2),
    "float64": lambda n: np.random.default_rng(1).random((n, 2)),
    "bool": lambda n: np.arange(n) % 3 == 0,
    "transposed": lambda n: np.arange(3.0 * n, dtype=np.float32).reshape(3, n).T,
    "big endian": lambda n: np.arange(n, dtype=">f4"),
}


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
@pytest.mark.parametrize("kind", ARRAYS)
def test_write_gives_what_tree_gives(kind, shuffle):
    x = {"b": ARRAYS[kind](11), "a": [np.arange(11)]}
    before = trees.map_tree(np.copy, x)
    source = make_source(x, None, np.ones(11), batch_size=4, shuffle=shuffle, seed=0)
    for batch in source.epoch(0):
        specs = [s for s in trees.flatten(batch.specs()) if s is not None]
        leaves = [a for a in trees.flatten(batch.tree()) if a is not None]
        assert [(s.shape, s.dtype) for s in specs] == [(a.shape, a.dtype.name) for a in leaves]
        floats = {"float64": "float32"}  # as a program takes them
        buffers = [np.empty(s.shape, floats.get(s.dtype, s.dtype)) for s in specs]
        batch.write(buffers)
        for buffer, leaf in zip(buffers, leaves, strict=True):
            np.testing.assert_array_equal(buffer, leaf.astype(buffer.dtype))
    trees.map_tree(np.testing.assert_array_equal, x, before)


def test_specs_are_made_once():
    source = make_source(*numbered(10), batch_size=4)
    first, second, last = (batch.specs() for batch in source.epoch(0))
    assert first is second
    assert first == (Spec((4, 2), "float32"), Spec((4,), "int64"), None)
    assert last[0] == Spec((2, 2), "float32")


@pytest.mark.parametrize("order", ["C", "F"])
def test_steady_state_allocates_nothing_that_grows_with_the_data(order):
    x, y = np.zeros((200_000, 2), order=order), np.zeros(200_000, np.int64)
    source = make_source(x, y, batch_size=1000, shuffle=True, seed=0)
    buffers = [np.empty((1000, 2), np.float32), np.empty(1000, np.int64)]

    def one_epoch(number: int) -> None:
        for batch in source.epoch(number):
            batch.write(buffers)

    one_epoch(0)
    tracemalloc.start()
    one_epoch(1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000  # the order alone is 1.6 MB, a batch 16 KB


def test_peek_is_like_the_first_batch_and_takes_nothing():
    source = make_source(*numbered(5), batch_size=2)
    assert source.peek().specs() == next(iter(source.epoch(0))).specs()
    assert labels(source, 0) == [[0, 1], [2, 3], [4]]


def test_split_takes_the_last_part():
    x, y = numbered(10)
    (train_x, train_y, _), (val_x, val_y, val_w) = split({"in": x}, y, np.arange(10.0), 0.25)
    assert train_y.tolist() == list(range(7))
    assert val_y.tolist() == [7, 8, 9]
    assert val_x["in"].base is not None
    assert len(train_x["in"]) == 7
    assert val_w.tolist() == [7.0, 8.0, 9.0]


@pytest.mark.oracle
@pytest.mark.parametrize("fraction", [0.1, 0.25, 1 / 3, 0.5, 0.98])
def test_split_divides_as_keras(keras, fraction):
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    x = np.arange(97)
    (train,), (val,) = train_validation_split((x,), fraction)
    (ours, _, _), (ours_val, _, _) = split(x, None, None, fraction)
    assert (len(ours), len(ours_val)) == (len(train), len(val))


@pytest.mark.parametrize(
    "y", [np.array([0, 1, 2, 1]), np.array([[0], [1], [2], [1]]), np.eye(3)[[0, 1, 2, 1]]]
)
def test_class_weight_becomes_sample_weight(y):
    source = make_source(np.zeros((4, 1)), y, class_weight={1: 3.0, 2: 0.5})
    weights = next(iter(source.epoch(0))).tree()[2]
    assert weights.dtype == np.float32
    assert weights.tolist() == [1.0, 3.0, 0.5, 3.0]
