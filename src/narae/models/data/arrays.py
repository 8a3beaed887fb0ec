"""Batches from arrays in memory: gathered straight into a program's inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from narae.base import trees
from narae.executors.shared.rows import Rows, overlap
from narae.graph.ir import Spec
from narae.models.data.batches import RowIndex, Source, Specs, Triple, part_of_pass, warn_ran_out
from narae.models.data.checks import spec_of
from narae.random.keys import shuffle_rows

_BLOCK = 1 << 14


class ArraySource(Source):
    """Arrays with a common first axis, in their order or shuffled.

    The order of pass p over the data is a function of (seed, p) alone. With `steps`, an epoch is
    that many batches, which go on where the epoch before ended; it ends with its pass, with a warning
    where that is early.
    """

    steps: int
    batch_size: int
    samples: int

    def __init__(
        self,
        tree: Triple,
        samples: int,
        batch_size: int,
        shuffle: bool | str,
        steps: int | None,
        seed: int,
    ) -> None:
        self.samples, self.batch_size = samples, min(batch_size, samples)
        self.per_pass = -(-samples // self.batch_size)
        self.steps = self.per_pass if steps is None else steps
        self._tree, self._shuffle, self._seed = tree, shuffle, seed
        self.leaves: list[np.ndarray] = [leaf for leaf in trees.flatten(tree) if leaf is not None]
        self.takes = [array.flags.c_contiguous for array in self.leaves]
        self.scratch: list[np.ndarray | None] = [None] * len(self.leaves)
        self._held: list[dict[str, Any]] = [{} for _ in self.leaves]
        count = samples if shuffle is True else self.per_pass
        self._order = np.empty(count, np.intp) if shuffle else None
        self._ordered_for: int | None = None
        self._specs: dict[int, Specs] = {}

    def arrays(self) -> Triple:
        """(x, y, sample_weight), whole."""
        return self._tree

    def epoch(self, number: int) -> Iterator[ArrayBatch]:
        """The batches of one epoch, in an order that depends on nothing but the seed and
        `number`."""
        passed, first, steps = part_of_pass(number, self.steps, self.per_pass)
        for place in range(first, first + steps):
            yield self._batch(passed, place)
        asked = self.asked or self.steps
        if steps < asked:
            warn_ran_out(
                f"{self.samples} samples in batches of {self.batch_size} are {self.per_pass} steps, of "
                f"which {steps} were left where {asked} were asked for"
            )

    def rows(self, number: int) -> tuple[list[Rows], int] | None:
        """An epoch's whole batches as rows of the arrays, and how many batches they are. None where
        the batches are not one after the other in an order of rows."""
        if self._shuffle == "batch":
            return None
        passed, first, steps = part_of_pass(number, self.steps, self.per_pass)
        if self._order is not None and self._ordered_for != passed:
            self._reorder(passed)
        leaves = []
        for leaf in self.leaves:
            found = in_rows(leaf)
            if found is None:
                return None
            leaves.append(found)
        start, whole = first * self.batch_size, self.samples // self.batch_size
        rows = zip(leaves, self._held, strict=True)
        return [Rows(leaf, self._order, start=start, held=held) for leaf, held in rows], min(
            steps, whole - first
        )

    def peek(self) -> ArrayBatch:
        """A batch of the usual size."""
        return ArrayBatch(self, slice(0, self.batch_size), self.batch_size)

    def specs(self, size: int) -> Specs:
        """The specs of a batch of `size` rows."""
        found = self._specs.get(size)
        if found is None:

            def sized(leaf: np.ndarray | None) -> Spec | None:
                spec = spec_of(leaf)
                return spec and Spec((size, *spec.shape[1:]), spec.dtype)

            found = self._specs[size] = trees.map_tree(sized, self._tree)
        return found

    def _batch(self, passed: int, place: int) -> ArrayBatch:
        size = self.batch_size
        if self._order is not None and self._ordered_for != passed:
            self._reorder(passed)
        if self._order is not None and self._shuffle == "batch":
            place = int(self._order[place])
        start = place * size
        stop = min(start + size, self.samples)
        rows = (
            self._order[start:stop]
            if self._order is not None and self._shuffle is True
            else slice(start, stop)
        )
        return ArrayBatch(self, rows, stop - start)

    def _reorder(self, passed: int) -> None:
        """Shuffle for a pass, in place: from 0, 1, 2, ... so that earlier passes leave no trace."""
        order = self._order
        assert order is not None
        for start in range(0, len(order), _BLOCK):
            block = order[start : start + _BLOCK]
            np.add(_COUNT[: len(block)], start, out=block)
        short = self._shuffle == "batch" and self.samples % self.batch_size
        # the short batch stays last
        shuffle_rows(order[:-1] if short else order, self._seed, passed)
        self._ordered_for = passed


_COUNT = np.arange(_BLOCK, dtype=np.intp)


def in_rows(leaf: np.ndarray) -> np.ndarray | None:
    """The array with each row's elements one after the other: itself, or a copy of another layout (a slice
    of columns, a table's columns). None of windows that overlap, whose copy would be many times their memory.

    >>> in_rows(np.ones((3, 4))[:, ::2]).strides
    (16, 8)
    """
    if leaf[:1].flags.c_contiguous:
        return leaf
    return None if overlap(leaf) else np.ascontiguousarray(leaf)


class ArrayBatch:
    """Rows of an ArraySource: a slice, or an array of indices, read when asked for.

    Valid until the source begins its next pass.
    """

    __slots__ = ("_rows", "_source", "size")

    wrapped = False

    def __init__(self, source: ArraySource, rows: RowIndex, size: int) -> None:
        self._source, self._rows, self.size = source, rows, size

    def tree(self) -> Triple:
        """(x, y, sample_weight) as arrays."""
        rows = self._rows
        return trees.map_tree(
            lambda leaf: None if leaf is None else leaf[rows], self._source.arrays()
        )

    def specs(self) -> Specs:
        """`tree()` with a Spec, or None, for each leaf."""
        return self._source.specs(self.size)

    def part(self, rows: RowIndex) -> ArrayBatch:
        """Some of the rows: a slice, or indices."""
        own = self._rows
        if type(own) is slice:
            own = np.arange(own.start, own.stop)
        return ArrayBatch(self._source, own[rows], len(own[rows]))

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Fill a program's inputs: the leaves in order, None left out, cast where dtypes differ."""
        source, rows = self._source, self._rows
        if type(rows) is slice:
            for array, buffer in zip(source.leaves, buffers, strict=True):
                np.copyto(buffer, array[rows], casting="unsafe")
            return
        for i, buffer in enumerate(buffers):
            array = source.leaves[i]
            if not source.takes[i]:  # take would copy the whole array first
                np.copyto(buffer, array[rows], casting="unsafe")
            elif array.dtype == buffer.dtype:
                array.take(rows, 0, buffer, "clip")  # "raise" would go through a buffer of its own
            else:
                np.copyto(buffer, self._taken(i, rows), casting="unsafe")

    def _taken(self, i: int, rows: np.ndarray) -> np.ndarray:
        """The rows in the array's own dtype, in memory that is used again."""
        source = self._source
        array, scratch = source.leaves[i], source.scratch[i]
        if scratch is None:
            scratch = source.scratch[i] = np.empty(
                (source.batch_size, *array.shape[1:]), array.dtype
            )
        return array.take(rows, 0, scratch[: self.size], "clip")
