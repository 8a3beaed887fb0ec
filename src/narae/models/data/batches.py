"""What a batch and a source of batches offer to those who train: every kind of data becomes these two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from narae.base import trees
from narae.base.errors import warn_user
from narae.models.data.checks import spec_of

if TYPE_CHECKING:
    from narae.base.types import Tensors, Tree
    from narae.executors.shared.rows import Rows
    from narae.graph.ir import Spec
    from narae.utils.py_dataset import PyDataset

T = TypeVar("T")
Nest: TypeAlias = (
    "T | list[Nest[T]] | tuple[Nest[T], ...] | dict[str, Nest[T]]"  # as `base.trees` knows them
)
Arrays: TypeAlias = "Nest[np.ndarray | None]"  # None where there is none
Specs: TypeAlias = "Nest[Spec | None]"  # their shapes and dtypes, in the same nest
Triple: TypeAlias = "tuple[Arrays, Arrays, Arrays]"  # x, y, sample_weight
RowIndex: TypeAlias = "slice | np.ndarray"  # some rows of a batch
ClassWeights: TypeAlias = "dict[int, float]"  # label -> weight of its samples
Shuffle: TypeAlias = "bool | Literal['batch'] | str | None"
# What fit, evaluate and predict take as x and y: arrays in any nest, or x alone what gives batches.
DataLike: TypeAlias = "Tensors | Tree[Tensors | None] | PyDataset | Iterable[object] | None"


class Batch(Protocol):
    """The data of one step: arrays (x, y, sample_weight), of which the last two may be None."""

    wrapped: bool  # whether the source gave (x,), and not x

    @property
    def size(self) -> int:
        """The samples."""
        ...

    def tree(self) -> Triple:
        """(x, y, sample_weight) as arrays."""
        ...

    def specs(self) -> Specs:
        """`tree()` with a Spec, or None, for each leaf."""
        ...

    def part(self, rows: RowIndex) -> Batch:
        """Some of the rows: a slice, or indices."""
        ...

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Fill a program's inputs: the leaves in order, None left out, cast where dtypes differ."""
        ...


class Source(Protocol):
    """Batches, epoch by epoch. A source says what it knows; the defaults are those of one that knows nothing."""

    steps: int | None = None  # batches per epoch, None while unknown
    asked: int | None = None  # batches per epoch asked for; `steps` are whole executions
    batch_size: int | None = None  # None where the batches come ready-made
    samples: int | None = None  # of one pass over the data

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one epoch."""
        ...

    def peek(self) -> Batch:
        """A batch as the first of an epoch will be, without taking it from the epoch."""
        ...

    def reset(self, looked: bool) -> None:
        """Before the first epoch of a run. looked: whether a batch is looked at first, to build the model."""

    def ready(self) -> bool:
        """Whether another epoch has data; False, with a warning, when a generator is used up."""
        return True

    def arrays(self) -> Triple | None:
        """(x, y, sample_weight), whole; None where the batches are not rows of arrays in memory."""
        return None

    def rows(self, number: int) -> tuple[list[Rows], int] | None:
        """An epoch's whole batches as rows of those arrays, and how many batches they are. None where there are
        none, or the batches are not one after the other in an order of rows."""
        return None


class TreeBatch:
    """A Batch of arrays at hand, (x, y, sample_weight)."""

    __slots__ = ("_tree", "size", "wrapped")

    def __init__(self, tree: Triple, wrapped: bool = False) -> None:
        """wrapped: whether the source gave (x,), and not x."""
        self._tree, self.wrapped = tree, wrapped
        first = next((leaf for leaf in trees.flatten(tree) if leaf is not None), None)
        if first is None:
            raise ValueError("a batch without arrays: the source gave None")
        self.size = first.shape[0] if first.ndim else 1

    def tree(self) -> Triple:
        """(x, y, sample_weight) as arrays."""
        return self._tree

    def specs(self) -> Specs:
        """`tree()` with a Spec, or None, for each leaf."""
        return trees.map_tree(spec_of, self._tree)

    def part(self, rows: RowIndex) -> TreeBatch:
        """Some of the rows: a slice, or indices."""
        part = trees.map_tree(lambda leaf: None if leaf is None else leaf[rows], self._tree)
        return TreeBatch(part, self.wrapped)

    def write(self, buffers: Sequence[np.ndarray]) -> None:
        """Fill a program's inputs: the leaves in order, None left out, cast where dtypes differ."""
        leaves = [leaf for leaf in trees.flatten(self._tree) if leaf is not None]
        for leaf, buffer in zip(leaves, buffers, strict=True):
            np.copyto(buffer, leaf, casting="unsafe")


def part_of_pass(epoch: int, steps: int, count: int) -> tuple[int, int, int]:
    """Where an epoch of `steps` batches lies in passes of `count` batches: the pass, its first batch
    there, and how many it has. An epoch ends with its pass: the last one of a pass may be short.

    >>> [part_of_pass(epoch, 9, 10) for epoch in range(3)]
    [(0, 0, 9), (0, 9, 1), (1, 0, 9)]
    """
    passed, place = divmod(epoch, -(-count // steps))
    first = place * steps
    return passed, first, min(steps, count - first)


def warn_ran_out(why: str) -> None:
    """Say that an epoch ends early."""
    warn_user(
        f"Your input ran out of data; interrupting training: {why}. A run takes `steps_per_epoch` "
        "times `epochs` batches: repeat the data, or ask for fewer steps"
    )
