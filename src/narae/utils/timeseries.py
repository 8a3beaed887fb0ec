"""Windows over a time series, as batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from narae.base.arrays import native
from narae.base.types import AnyTensor, Array
from narae.random.keys import make_default_seed, shuffle_rows
from narae.tensor.tensor import tensor_of


class Batches:
    """Batches, or samples, that can be iterated again and again: what `fit`, `evaluate` and `predict` take as x.

    Args:
        begin: gives a new iterator over them.
        count: how many there are.

    >>> batches = Batches(lambda: iter([1, 2, 3]), 3)
    >>> list(batches.take(2)), list(batches.skip(2)), list(batches.map(lambda x: 10 * x))
    ([1, 2], [3], [10, 20, 30])
    """

    def __init__(self, begin: Callable[[], Iterator[Any]], count: int) -> None:
        self._begin, self._count = begin, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        """One pass."""
        return self._begin()

    def take(self, count: int) -> Batches:
        """The first ones alone.

        Args:
            count: how many; -1 for all.
        """
        kept = self._count if count < 0 else min(count, self._count)
        return Batches(lambda: itertools.islice(self, kept), kept)

    def skip(self, count: int) -> Batches:
        """All but the first ones.

        Args:
            count: how many are left out; -1 for all.
        """
        gone = self._count if count < 0 else min(count, self._count)
        return Batches(lambda: itertools.islice(self, gone, None), self._count - gone)

    def map(self, function: Callable[..., Any]) -> Batches:
        """What a function makes of each.

        Args:
            function: takes a batch; inputs and targets where a batch has both.
        """

        def made() -> Iterator[Any]:
            return (function(*b) if isinstance(b, tuple) else function(b) for b in self)

        return Batches(made, self._count)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """One pass, with arrays in the place of tensors."""
        for item in self:
            yield tuple(map(np.asarray, item)) if isinstance(item, tuple) else np.asarray(item)


class Windows(Batches):
    """Windows cut from a series, each with its target: what `timeseries_dataset_from_array` gives.

    No window is copied before its batch is made. With `shuffle`, each pass has an order of its own, which
    depends on the seed and on how many passes there were.

    Args:
        inputs: (windows, steps, ...), a view of the series.
        targets: (windows, ...), or None.
        batch_size: windows of a batch; None for single ones.
        shuffle: whether windows change places.
        seed: of the orders.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int | None,
        shuffle: bool,
        seed: int,
    ) -> None:
        size = batch_size or 1
        super().__init__(self._pass, -(-len(inputs) // size))
        self.inputs, self.targets = inputs, targets
        self.batch_size, self.shuffle = batch_size, shuffle
        self._seed, self._used = seed, 0

    def next_seed(self) -> int:
        """The seed of the next pass, or of the next run of `fit`."""
        self._used += 1
        return (self._seed + (self._used - 1) * _STEP) % 2**63

    def _pass(self) -> Iterator[Any]:
        count = len(self.inputs)
        order = np.arange(count)
        if self.shuffle:
            shuffle_rows(order, self.next_seed(), 0)
        size = self.batch_size
        for start in range(0, count, size or 1):
            rows = int(order[start]) if size is None else order[start : start + size]
            x = tensor_of(np.array(self.inputs[rows]))
            yield x if self.targets is None else (x, tensor_of(np.array(self.targets[rows])))


_STEP = (
    0x9E3779B97F4A7C15  # far from small numbers: two data sets with seeds 1 and 2 share no order
)


def timeseries_dataset_from_array(
    data: AnyTensor | Array,
    targets: AnyTensor | Array | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: Literal["tf", "grain"] = "tf",
) -> Windows:
    """Batches of windows of a series, each with the target at the window's first step.

    Window i is data[s], data[s + sampling_rate], ..., `sequence_length` steps, where s is
    start_index + i × sequence_stride; its target is targets[s]. To predict the step after each window, pass
    `data[:-sequence_length]` and `data[sequence_length:]`.

    Args:
        data: the series, (steps, ...).
        targets: one for each place where a window may begin, (places, ...); None for inputs alone. Windows
            that have none are left out.
        sequence_length: steps of a window.
        sequence_stride: from the beginning of a window to that of the next.
        sampling_rate: from a step within a window to the next; 2 takes every second one.
        batch_size: windows of a batch, of which the last may have fewer; None gives windows one by one.
        shuffle: whether windows come in another order in each pass.
        seed: of the orders; None draws one, which `narae.utils.set_random_seed` fixes.
        start_index: steps before it are not used; None for all.
        end_index: steps from it on are not used; None for all.
        format: "tf" or "grain", in which kind of data set Keras gives the batches; here both are the same, and
            need neither.

    Returns: a data set for `fit`, `evaluate` and `predict`, which can also be iterated, again and again, and
        has a length: each batch (inputs, targets), or inputs alone, as tensors (windows, steps, ...).

    Raises:
        ValueError: a length, stride or rate below 1 or beyond the data, indices that are not within the data or
            not in order, or data that holds no numbers.

    >>> import numpy as np
    >>> series = np.arange(100)
    >>> windows = timeseries_dataset_from_array(series[:-3], series[3:], sequence_length=3, batch_size=2)
    >>> inputs, targets = next(iter(windows))
    >>> inputs.tolist(), targets.tolist(), len(windows)
    ([[0, 1, 2], [1, 2, 3]], [3, 4], 48)
    """
    series = _array(data, "data")
    goals = None if targets is None else _array(targets, "targets")
    if format not in ("tf", "grain"):
        raise ValueError(f"`format` should be 'tf' or 'grain', got {format!r}")
    length = _whole("sequence_length", sequence_length)
    stride = _below(series, "sequence_stride", sequence_stride)
    rate = _below(series, "sampling_rate", sampling_rate)
    size = None if batch_size is None else _whole("batch_size", batch_size)
    part = _part(series, start_index, end_index)
    count = len(series[part]) - (length - 1) * rate
    if goals is not None:
        goals = goals[part]
        count = min(count, len(goals))
    inputs = _windows(series[part], max(count, 0), length, stride, rate)
    seed = make_default_seed() if seed is None else _whole("seed", seed, least=0)
    goals = None if goals is None else goals[: max(count, 0) : stride]
    return Windows(inputs, goals, size, bool(shuffle), seed)


def _windows(series: np.ndarray, count: int, length: int, stride: int, rate: int) -> np.ndarray:
    """(steps, ...) -> (windows, length, ...), a view: those that begin at 0, stride, ... below count."""
    step, *others = series.strides
    shape = (-(-count // stride), length, *series.shape[1:])
    strides = (step * stride, step * rate, *others)
    return np.lib.stride_tricks.as_strided(series, shape, strides, writeable=False)


def _part(series: np.ndarray, start: int | None, end: int | None) -> slice:
    """Which steps are used. Raises ValueError."""
    steps = len(series)
    if start is not None:
        start = _whole("start_index", start, least=0)
        if start >= steps and start:
            raise ValueError(
                f"`start_index` must be lower than the length of the data, {steps}; got {start}"
            )
    if end is not None:
        end = _whole("end_index", end)
        if end >= steps:
            raise ValueError(
                f"`end_index` must be lower than the length of the data, {steps}, got {end}; None goes to its end"
            )
        if end <= (start or 0):
            raise ValueError(
                f"`end_index` must be higher than `start_index`, got start_index={start}, end_index={end}"
            )
    return slice(start, end)


def _below(series: np.ndarray, name: str, value: object) -> int:
    """A stride or a rate. Raises ValueError for one that goes beyond the series at once."""
    found = _whole(name, value)
    if found >= len(series):
        raise ValueError(
            f"`{name}` must be lower than the length of the data, {len(series)}; got {found}"
        )
    return found


def _whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number. Raises ValueError for another, or one below the least."""
    try:
        found = int(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found != value or isinstance(value, bool) or found < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}, got {value!r}")
    return found


def _array(data: object, name: str) -> np.ndarray:
    """The series as an array. Raises ValueError for what has no steps, or no numbers."""
    array = native(np.asarray(data), name)
    if not array.ndim:
        raise ValueError(f"{name} is a series with a first axis of steps, got {data!r:.60}")
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise ValueError(f"{name} must hold numbers, got the NumPy dtype {array.dtype}")
    return array
