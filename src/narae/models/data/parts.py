"""Batches of which each process of a job has its own part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from narae.base import trees
from narae.base.language import tr
from narae.distributed.distribution import distribution
from narae.distributed.processes import process_count, process_index, sizes
from narae.graph.ir import Spec
from narae.models.data.arrays import ArraySource
from narae.models.data.batches import Batch, RowIndex, Source, Specs, Triple

_ENDED, _FAILED = 0, -1


def of_processes(source: Source) -> Source:
    """The source as it is for one process, and where all processes have the same data, of which each reads its rows:
    arrays, unless the distribution says that they are each process's own; else its batches as parts
    of those of the job."""
    found = distribution()
    if found is None or process_count() == 1:
        return source
    if isinstance(source, ArraySource) and found.auto_shard_dataset:
        return source
    return PartSource(source, found.data_shards)


class PartSource(Source):
    """Step by step, the processes' batches together are the job's. They must be of one length:
    before each step the processes exchange theirs, so that none waits for what never comes.

    parts: how many different parts there are; processes that share a copy of the model give the
    same batches.
    """

    def __init__(self, source: Source, parts: int) -> None:
        self._source, self._parts = source, parts
        self.steps = source.steps
        self.samples = None if source.samples is None else source.samples * parts
        self.batch_size = None

    def epoch(self, number: int) -> Iterator[PartBatch]:
        """The batches of one epoch. Raises ValueError in every process when lengths differ."""
        batches = iter(self._source.epoch(number))
        while True:
            try:
                batch = next(batches, None)
            except BaseException:
                sizes(_FAILED)  # the others are waiting
                raise
            if not _agreed(_ENDED if batch is None else batch.size) or batch is None:
                return
            yield PartBatch(batch, self._parts)

    def peek(self) -> PartBatch:
        """A batch as the first of an epoch will be."""
        return PartBatch(self._source.peek(), self._parts)

    def reset(self, looked: bool) -> None:
        """Reset this process's source."""
        self._source.reset(looked)

    def ready(self) -> bool:
        """Whether another epoch has data, here and in the other processes."""
        return min(sizes(int(self._source.ready()))) > 0


def _agreed(mine: int) -> int:
    """The length of the batch of each process; 0 when all have ended."""
    found = sizes(mine)
    if _FAILED in found:
        raise RuntimeError(
            tr("the data of process {index} failed: see its error", index=found.index(_FAILED))
        )
    if len(set(found)) > 1:
        raise ValueError(
            tr(
                "the processes gave batches of {found} samples in one step: each gives its own part of a "
                "batch, and all as many (0: it has ended); this is process {process_index}",
                found=found,
                process_index=process_index(),
            )
        )
    return mine


class PartBatch:
    """A process's part of a batch. `size` and specs are of the whole."""

    __slots__ = ("_batch", "_parts", "size", "wrapped")

    def __init__(self, batch: Batch, parts: int) -> None:
        self._batch, self._parts = batch, parts
        self.size, self.wrapped = batch.size * parts, batch.wrapped

    def tree(self) -> Triple:
        """(x, y, sample_weight) of this process."""
        return self._batch.tree()

    def specs(self) -> Specs:
        """The whole batch's specs."""

        def whole(spec: Spec | None) -> Spec | None:
            if spec is None or not spec.shape:
                return spec
            return Spec((spec.shape[0] * self._parts, *spec.shape[1:]), spec.dtype)

        return trees.map_tree(whole, self._batch.specs())

    def part(self, rows: RowIndex) -> PartBatch:
        """This process's part: what `rows` of the whole batch are."""
        return self

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Fill a program's inputs with this process's part."""
        self._batch.write(buffers)
