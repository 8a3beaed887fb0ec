"""What a batch and a source of batches offer to those who train: every kind of data becomes these two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np

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
