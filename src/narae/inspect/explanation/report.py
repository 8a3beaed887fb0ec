"""What `explain` finds, as data: operations, the steps they are fused into, layers, weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narae.base.files import PathLike, atomic_write
from narae.inspect.explanation.statistics import Statistics

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions


@dataclass(frozen=True)
class Operation:
    """One operation. number: its place in `Explanation.operations`; step: the number of its step, 0
    for a view, which needs none. phase: forward, loss, backward, update or metrics; layer: the
    layer's path, or 'loss', 'optimizer', 'metrics'. formula: with the names of its operands. result,
    shape, dtype, statistics: of its (first) result. flops: see `narae.graph.cost.flops`. needs: the
    operations whose results it takes; reads: the data and variables that it takes, by name."""

    number: int
    step: int
    name: str
    phase: str
    layer: str
    result: str
    formula: str
    shape: tuple[int, ...]
    dtype: str
    statistics: Statistics
    flops: int
    needs: tuple[int, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of the compiled program: an operation, or several that are computed together.

    number: from 1, in the order of the run. phase, layer: of the operation that costs most; the
    others say theirs. formula: a line per value that is kept or used twice. result: the name, shape, dtype and
    statistics of the last value that outlives the step. flops: of all operations. read, written:
    bytes. seconds: measured, alone, on the executor in use. how, why: as in `explain_plan`.
    gradient_norm: Euclidean, of the gradient by the result. dead: the share of units (last axis)
    of a ReLU that are 0 for the whole batch. rounds: how often a loop in it runs its body.
    """

    number: int
    phase: str
    layer: str
    operations: tuple[Operation, ...]
    formula: str
    result: str
    shape: tuple[int, ...]
    dtype: str
    statistics: Statistics
    flops: int
    read: int
    written: int
    seconds: float
    how: str
    why: str
    gradient_norm: float | None
    dead: float | None
    rounds: int | None = None


@dataclass(frozen=True)
class Weight:
    """A weight before the step. gradient_norm and change (the norm of what the update adds) are None
    where there is none."""

    name: str
    shape: tuple[int, ...]
    statistics: Statistics
    norm: float
    gradient_norm: float | None
    change: float | None


@dataclass(frozen=True)
class Layer:
    """One layer, or what stands in the place of one (loss, optimizer, metrics).

    path: names from the model down. kind: the class. shape, statistics, gradient_norm: of its output.
    dead: as in Step. flops and seconds by phase; a step's seconds count for its phase and layer.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    dtype: str
    statistics: Statistics | None
    gradient_norm: float | None
    dead: float | None
    weights: tuple[Weight, ...]
    flops: Mapping[str, int]
    seconds: Mapping[str, float]

    @property
    def parameters(self) -> int:
        """The number of its weights' elements."""
        return sum(weight.statistics.size for weight in self.weights)


@dataclass(frozen=True)
class Explanation:
    """One batch through one compiled step: see `narae.inspect.explain`.

    kind: 'train' or 'predict'. inputs: name, shape and dtype of the batch's arrays. results: what the step gives,
    loss and metrics of this batch. seconds: of the whole step, which is less than the sum of its steps where
    some run side by side. Prints as tables; `save` writes a page.
    """

    model: str
    kind: str
    executor: str
    inputs: tuple[tuple[str, tuple[int, ...], str], ...]
    results: Mapping[str, Any]
    operations: tuple[Operation, ...]
    steps: tuple[Step, ...]
    layers: tuple[Layer, ...]
    seconds: float
    arena: int

    @property
    def flops(self) -> int:
        """Of all steps."""
        return sum(step.flops for step in self.steps)

    @property
    def weights(self) -> tuple[Weight, ...]:
        """All layers' weights."""
        return tuple(weight for layer in self.layers for weight in layer.weights)

    @property
    def unsound(self) -> tuple[Operation, ...]:
        """The operations that give NaN or infinity, in order: the first is where to look."""
        return tuple(o for o in self.operations if not o.statistics.sound)

    def __str__(self) -> str:
        from narae.inspect.explanation.tables import as_text

        return as_text(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Any:
        from narae.inspect.explanation.tables import rich_parts

        yield from rich_parts(self, options.max_width)

    def _repr_html_(self) -> str:
        from narae.inspect.explanation.page import fragment

        return fragment(self)

    def html(self) -> str:
        """A page that needs nothing else: the graph as a picture to fold and click through."""
        from narae.inspect.explanation.page import page

        return page(self)

    def save(self, path: PathLike) -> None:
        """Write `html()` to a file. Raises OSError as `open` does."""
        with atomic_write(path, "w") as file:
            file.write(self.html())
