"""PyDataset: batches by their number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from narae.base.errors import warn_user


class PyDataset:
    """Batches by number, for data that does not fit in memory: write `__len__` and `__getitem__`.

    `dataset[i]` gives batch i: x, (x, y) or (x, y, sample_weight).

    Args:
        workers: threads that call `__getitem__`, up to `max_queue_size` batches ahead, when more than 1; the
            batches keep their order.
        use_multiprocessing: accepted: the workers are threads all the same, since NumPy and file reading let them
            run side by side.
        max_queue_size: batches that are fetched ahead, at most.

    Raises:
        ValueError: workers is below 0.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, i):
    ...         return [i, i + 1], [i**2, (i + 1) ** 2]
    >>> Squares(workers=2).num_batches
    2
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        if workers < 0:
            raise ValueError(f"workers is a whole number of at least 0, got {workers!r}")
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    # A subclass that never called super().__init__() has these defaults.
    _workers, _use_multiprocessing, _max_queue_size = 1, False, 10

    @property
    def workers(self) -> int:
        """How many threads fetch batches. Warns where a subclass's `__init__` did not call this class's."""
        if "_workers" not in self.__dict__:
            warn_user(
                f"{type(self).__name__}.__init__() does not call super().__init__(**kwargs), which takes workers, "
                "use_multiprocessing and max_queue_size: they are 1, False and 10"
            )
        return self._workers

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """As given."""
        return self._use_multiprocessing

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """How many batches are fetched ahead."""
        return self._max_queue_size

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    @property
    def num_batches(self) -> int | None:
        """Batches per epoch: `len(self)`, None for a dataset without end."""
        try:
            return len(self)  # type: ignore[arg-type]
        except TypeError:
            return None

    def __iter__(self) -> Iterator[Any]:
        """The batches of one pass, in order; without end where `num_batches` is None."""
        count = self.num_batches
        return (self[i] for i in (itertools.count() if count is None else range(count)))

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} needs a __getitem__(index) that gives batch `index`"
        )

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""
