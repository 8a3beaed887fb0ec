"""Batches that come one after another."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from narae.models.data.sources import make_source
from narae.utils.py_dataset import PyDataset


def batch(i: int):
    return np.full((2, 1), i, np.float32), np.full(2, i)


def numbers(source, epoch: int = 0) -> list[int]:
    return [int(b.tree()[0][0, 0]) for b in source.epoch(epoch)]


def generator(n: int):
    yield from map(batch, range(n))


class Dataset(PyDataset):
    def __init__(self, n, delay=0.0, **kwargs):
        super().__init__(**kwargs)
        self.n, self.delay, self.calls, self.threads = n, delay, [], set()

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        time.sleep(self.delay * (self.n - i))  # later ones are ready first
        self.threads.add(threading.get_ident())
        return batch(i)

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


def test_a_generator_goes_on_from_epoch_to_epoch():
    source = make_source(generator(5), steps=2)
    assert source.steps == 2
    assert source.samples is None
    assert numbers(source) == [0, 1]
    assert source.ready()
    assert numbers(source, 1) == [2, 3]
    assert source.ready()
    with pytest.warns(UserWarning, match="ran out of data.*1 batches came where 2 steps"):
        assert numbers(source, 2) == [4]
    with pytest.warns(UserWarning, match="ran out of data; interrupting training"):
        assert not source.ready()
    with pytest.raises(ValueError, match="generator is used up"):
        numbers(source, 3)


def test_a_generator_is_counted_by_its_first_epoch():
    source = make_source(generator(3))
    assert source.steps is None
    assert numbers(source) == [0, 1, 2]
    assert source.steps == 3


def test_peeking_takes_nothing():
    source = make_source(generator(3))
    assert source.peek().tree()[1].tolist() == [0, 0] == source.peek().tree()[1].tolist()
    assert numbers(source) == [0, 1, 2]


class Loader:
    """As a DataLoader: begun anew by each iter()."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return ([*batch(i)] for i in range(self.n))

    def __len__(self):
        return self.n


def test_an_iterable_begins_anew():
    source = make_source(Loader(3))
    assert source.steps == 3
    assert numbers(source) == numbers(source, 1) == [0, 1, 2]
    assert source.ready()


@pytest.mark.parametrize("kind", [Loader, Dataset])
def test_steps_go_on_in_the_next_epoch(kind):
    source = make_source(kind(4), steps=2)
    assert [numbers(source, n) for n in range(3)] == [[0, 1], [2, 3], [0, 1]]
    assert numbers(source, 0) == numbers(source, 0) == [0, 1]  # as validation asks


def test_an_iterable_that_ends_within_an_epoch_warns():
    source = make_source(Loader(3), steps=2)
    numbers(source)
    with pytest.warns(UserWarning, match="1 batches came where 2"):
        assert numbers(source, 1) == [2]
    assert numbers(source, 2) == [0, 1]


class Eager:  # what of a tensor of TensorFlow is used
    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array


def test_what_batches_may_be():
    x, y = batch(1)
    given = [
        x,
        (x,),
        (x, y),
        [x, y],
        (x, y, np.ones(2)),
        (Eager(x), Eager(y)),
        ([1.0, 2.0], [3, 4]),
    ]
    found = [b.tree() for b in make_source(iter(given)).epoch(0)]
    assert [sum(part is not None for part in tree) for tree in found] == [1, 1, 2, 2, 3, 2, 2]
    assert all(b.size == 2 for b in make_source(iter(given)).epoch(0))
    (tree,) = (b.tree() for b in make_source(iter([{"a": x, "b": y}])).epoch(0))
    assert tree[0]["b"] is y


def test_write_casts():
    (b,) = make_source(iter([({"q": np.ones((2, 1)), "p": np.zeros(2, np.uint8)}, None)])).epoch(0)
    buffers = [np.empty(2, np.uint8), np.empty((2, 1), np.float32)]
    b.write(buffers)
    assert buffers[0].tolist() == [0, 0]
    assert buffers[1].tolist() == [[1.0], [1.0]]


def test_bad_batches_are_named():
    x, y = batch(0)
    cases = {
        "4 things": (x, y, y, y),
        "x has 2, y has 1": (x, y[:1]),
        "x has the NumPy dtype": (np.array(["a"]), y),
    }
    for message, item in cases.items():
        with pytest.raises(ValueError, match=message):
            list(make_source(iter([item])).epoch(0))


def test_class_weight_is_folded_into_each_batch():
    source = make_source(generator(2), class_weight={1: 5.0})
    assert [b.tree()[2].tolist() for b in source.epoch(0)] == [[1.0, 1.0], [5.0, 5.0]]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_dataset_keeps_its_order(workers):
    dataset = Dataset(6, 0.001, workers=workers, use_multiprocessing=True, max_queue_size=4)
    source = make_source(dataset)
    assert source.steps == 6
    assert numbers(source) == numbers(source, 1) == list(range(6))
    assert dataset.calls == ["begin", "end"] * 2
    assert (threading.get_ident() in dataset.threads) == (workers < 2)


def test_a_dataset_is_shuffled_by_seed_and_epoch():
    source, again = (make_source(Dataset(20), shuffle=True, seed=4) for _ in range(2))
    first, second = numbers(source), numbers(source, 1)
    assert sorted(first) == list(range(20))
    assert first != second != sorted(second)
    assert numbers(again, 1) == second


def test_a_dataset_with_too_few_batches_warns():
    source = make_source(Dataset(2), steps=3)
    with pytest.warns(UserWarning, match="ran out of data.*has 2 batches, .* where 3 were asked"):
        assert numbers(source) == [0, 1]


def test_a_dataset_is_iterated_to_its_end():
    assert len(list(Dataset(5))) == 5
    assert list(Dataset(0)) == []


def test_a_dataset_may_change_its_length_between_epochs():
    dataset = Dataset(2)
    source = make_source(dataset)
    assert numbers(source) == [0, 1]
    dataset.n = 4
    assert numbers(source, 1) == [0, 1, 2, 3]
    assert source.steps == 4


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_steps_of_a_dataset_end_with_its_pass():
    source = make_source(Dataset(5), steps=3)
    assert [numbers(source, n) for n in range(3)] == [[0, 1, 2], [3, 4], [0, 1, 2]]


def test_a_dataset_that_fails_tells_its_own_error():
    class Broken(Dataset):
        def __getitem__(self, i):
            raise OSError(f"no file {i}")

    for workers in (1, 2):
        with pytest.raises(OSError, match="no file 0"):
            numbers(make_source(Broken(3, workers=workers)))


def test_a_dataset_without_end():
    class Endless(Dataset):
        @property
        def num_batches(self):
            return None

        def __len__(self):
            raise TypeError("endless")

    source = make_source(Endless(0, workers=2), steps=3)
    assert numbers(source) == [0, 1, 2]


def test_torch_datasets_of_single_samples_are_refused():
    single = type("Images", (type("Dataset", (), {"__module__": "torch.utils.data.dataset"}),), {})
    with pytest.raises(ValueError, match="Images of single samples: wrap it"):
        make_source(single())
    loader = type("DataLoader", (Loader,), {"__module__": "torch.utils.data.dataloader"})
    assert numbers(make_source(loader(2))) == [0, 1]
