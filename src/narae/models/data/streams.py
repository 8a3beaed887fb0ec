"""Batches that come one after another: generators, loaders, datasets."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from narae.base.language import tr
from narae.models.data.batches import ClassWeights, Source, TreeBatch, part_of_pass, warn_ran_out
from narae.models.data.checks import as_arrays, class_weights, count_samples
from narae.random.keys import shuffle_rows

if TYPE_CHECKING:
    from concurrent.futures import Future


def batch_of(item: object, class_weight: ClassWeights | None) -> TreeBatch:
    """The batch of what a source gave: x, (x,), (x, y) or (x, y, sample_weight)."""
    wrapped = isinstance(item, (tuple, list)) and len(item) == 1
    if not isinstance(item, (tuple, list)):
        item = (item,)
    if not 1 <= len(item) <= 3:
        raise ValueError(
            tr(
                "a batch is x, (x, y) or (x, y, sample_weight); the source gave {count} things",
                count=len(item),
            )
        )
    given: tuple[Any, ...] = (*item, None, None)[:3]
    names = ("x", "y", "sample_weight")
    x, y, weight = (as_arrays(part, name) for part, name in zip(given, names, strict=True))
    if class_weight is not None:
        if weight is not None:
            raise ValueError(
                tr("class_weight and sample_weight in one: the source gives weights of its own")
            )
        weight = class_weights(y, class_weight)
    count_samples(x, y, weight)
    return TreeBatch((x, y, weight), wrapped)


class StreamSource(Source):
    """An iterable of batches. One that is an iterator itself is read once, and goes on from epoch
    to epoch; any other is begun anew when it ends."""

    def __init__(
        self,
        items: Iterable[object],
        steps: int | None,
        class_weight: ClassWeights | None,
    ) -> None:
        self._items, self._class_weight = items, class_weight
        self._once = iter(items) is items
        self._running: Iterator[Any] | None = None
        self._ahead: deque[TreeBatch] = deque()
        self._given, self._last = 0, -1
        self._limit = steps
        self.steps = _length(items) if steps is None else steps

    def epoch(self, number: int) -> Iterator[TreeBatch]:
        """The batches of one epoch. Warns when there are fewer than the steps asked for."""
        if not self._once and number <= self._last:
            self._running = None  # evaluation begins at the beginning each time
        self._last, given = number, 0
        while self._limit is None or given < self._limit:
            batch = self._next()
            if batch is None and not given and not self._once:
                batch = self._next()  # the iterable ended with the epoch before
            if batch is None:
                break
            given += 1
            yield batch
        asked = self.asked or self._limit
        if asked is not None and 0 < given < asked:
            warn_ran_out(f"{given} batches came where {asked} steps were asked for")
        if not given and self._given:
            raise ValueError(
                tr(
                    "the generator is used up: every batch was given already. Pass something that can be "
                    "iterated again (a narae.utils.PyDataset, a DataLoader), or a generator with enough "
                    "batches and the number of steps per epoch"
                )
            )
        self._given += given
        if self._limit is None:
            self.steps = given or None

    def peek(self) -> TreeBatch:
        """The first batch; it comes again in the epoch."""
        if not self._ahead:
            batch = self._next()
            if batch is None:
                raise ValueError(tr("there is no data: the source gave no batch"))
            self._ahead.append(batch)
        return self._ahead[0]

    def ready(self) -> bool:
        """False, with a warning, when a generator is used up."""
        if not self._ahead:
            batch = self._next()
            if batch is None and self._once:
                warn_ran_out("the generator is used up")
                return False
            if batch is not None:
                self._ahead.append(batch)
        return True

    def _next(self) -> TreeBatch | None:
        """The next batch; None at the end of the iterable, which begins anew at the call after."""
        if self._ahead:
            return self._ahead.popleft()
        if self._running is None:
            self._running = iter(self._items)
        for item in self._running:
            return batch_of(item, self._class_weight)
        if not self._once:
            self._running = None
        return None


def _length(items: object) -> int | None:
    """How many batches an iterable says that it has."""
    try:
        return len(cast("Sized", items))
    except TypeError:
        return None


class Dataset(Protocol):
    """Batches by their number: what is asked of a PyDataset. It may have `__len__`, `num_batches` and hooks too."""

    def __getitem__(self, index: int, /) -> object:
        """The batch of a number: x, (x, y) or (x, y, sample_weight)."""
        ...


class DatasetSource(Source):
    """A PyDataset: batches by their number, in order or shuffled, fetched ahead by threads."""

    def __init__(
        self,
        dataset: Dataset,
        shuffle: bool,
        steps: int | None,
        class_weight: ClassWeights | None,
        seed: int,
    ) -> None:
        self._dataset, self._shuffle, self._class_weight, self._seed = (
            dataset,
            shuffle,
            class_weight,
            seed,
        )
        self._limit = steps
        if self._count() is None and steps is None and not hasattr(dataset, "num_batches"):
            raise ValueError(
                tr(
                    "{kind} has no len(): say how many steps an epoch has",
                    kind=type(dataset).__name__,
                )
            )

    def reset(self, looked: bool) -> None:
        """Tell the dataset, in Keras's order: a run's beginning is the end of an epoch, and what is looked at
        for building is an epoch too."""
        if looked:
            _call(self._dataset, "on_epoch_begin")
        _call(self._dataset, "on_epoch_end")

    def _count(self) -> int | None:
        """How many batches a pass has now: a dataset may change at the end of an epoch."""
        found: int | None = getattr(self._dataset, "num_batches", None)
        return _length(self._dataset) if found is None else found

    @property
    def steps(self) -> int | None:  # type: ignore[override]  # may change from epoch to epoch
        """Batches per epoch."""
        count = self._count()
        return self._limit if count is None or self._limit is not None else count

    def epoch(self, number: int) -> Iterator[TreeBatch]:
        """The batches of one epoch. Warns when there are fewer than the steps asked for."""
        _call(self._dataset, "on_epoch_begin")
        given = 0
        for item in self._fetched(self._numbers(number)):
            yield batch_of(item, self._class_weight)
            given += 1
        asked = self.asked or self._limit
        if asked is not None and given < asked:
            warn_ran_out(
                f"the dataset has {self._count()} batches, of which {given} were left where {asked} "
                "were asked for"
            )
        _call(self._dataset, "on_epoch_end")

    def _numbers(self, epoch: int) -> Iterable[int]:
        """The numbers of the batches of an epoch."""
        count = self._count()
        if count is None:
            first = epoch * (self._limit or 0)
            return itertools.count() if self._limit is None else range(first, first + self._limit)
        if not count:
            return ()
        passed, first, steps = part_of_pass(epoch, self._limit or count, count)
        order = np.arange(count)
        if self._shuffle:
            shuffle_rows(order, self._seed, passed)
        return order[first : first + steps].tolist()

    def peek(self) -> TreeBatch:
        """The dataset's batch 0."""
        return batch_of(self._dataset[0], self._class_weight)

    def _fetched(self, wanted: Iterable[int]) -> Iterator[Any]:
        workers = getattr(self._dataset, "workers", 1)
        if workers <= 1:
            return (self._dataset[i] for i in wanted)
        return _ahead(
            self._dataset.__getitem__, wanted, workers, getattr(self._dataset, "max_queue_size", 10)
        )


def _call(dataset: object, hook: str) -> None:
    function: Callable[[], Any] | None = getattr(dataset, hook, None)
    if function is not None:
        function()


def _ahead(
    get: Callable[[int], Any], wanted: Iterable[int], workers: int, size: int
) -> Iterator[Any]:
    """get(i) for i in order, computed by threads up to `size` ahead."""
    from concurrent.futures import ThreadPoolExecutor  # few data sets have workers: start-up

    pool = ThreadPoolExecutor(workers, thread_name_prefix="narae-data")
    queue: deque[Future[Any]] = deque()
    numbers = iter(wanted)
    try:
        queue.extend(pool.submit(get, i) for i in itertools.islice(numbers, max(size, 1)))
        while queue:
            yield queue.popleft().result()
            queue.extend(pool.submit(get, i) for i in itertools.islice(numbers, 1))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
