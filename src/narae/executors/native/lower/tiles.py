"""Tiles: calls of kernels on parts of arrays; and the table of functions that lower steps to them.

The parts depend on shapes alone, never on how many threads there are: so the same seed gives the same bits on any
machine of a kind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from narae.base.dtypes import np_dtype
from narae.executors.native.jit.compiler import Build
from narae.executors.native.kernels import chain
from narae.executors.shared.memory import ArrayMap, Store, aligned
from narae.executors.shared.rows import Rows
from narae.graph.fuse import Step
from narae.graph.ir import Node, Spec

if TYPE_CHECKING:
    from narae.executors.native.lower.held import Held

KERNEL = -1  # in a tile's `places`: the kernel's address, not that of a word


@dataclass(eq=False)
class Tile:
    """One call: a kernel and the record that it reads (`KernelRecord.numbers`). scratch: bytes it needs; work:
    a measure of it, in multiplications; links: tiles that it runs; places: the words of its record that are known
    when links have places in memory, as (word, link, the link's word or `KERNEL`); kernel: its address, once it
    is in a program; jumps: where a tile that is a phase alone may have the program go on (`kernels/jumps.py`), as
    (word, phase): phases are known by the very list of their tiles, an empty one stands for what follows it."""

    key: str
    build: Build
    record: list[int]
    scratch: int = 0
    work: int = 0
    links: tuple[Tile, ...] = ()
    places: list[tuple[int, Tile, int]] = field(default_factory=list)
    kernel: int = 0
    jumps: list[tuple[int, list[Tile]]] = field(default_factory=list)


def with_links(tiles: Sequence[Tile]) -> list[Tile]:
    """Tiles, then what they run, then what that runs."""
    listed = list(tiles)
    for tile in listed:
        listed += tile.links
    return listed


def link_places(tiles: Sequence[Tile], word: int) -> list[tuple[int, Tile, int]]:
    """The places of a record's `Link`s, of which the first begins at a word."""
    return [
        place
        for i, tile in enumerate(tiles)
        for place in ((word + 2 * i, tile, KERNEL), (word + 2 * i + 1, tile, 0))
    ]


def needs(tiles: Sequence[Tile]) -> tuple[int, int]:
    """The scratch and the work of what runs these tiles, one after the other."""
    return max((tile.scratch for tile in tiles), default=0), sum(tile.work for tile in tiles)


def chained(tiles: Sequence[Tile]) -> Tile:
    """One tile that runs others, one after the other."""
    if len(tiles) == 1:
        return tiles[0]
    links = [chain.Link(kernel=0, record=0) for _ in tiles]
    record = chain.Chain(count=len(tiles), links=links).numbers()
    places = link_places(tiles, chain.Chain.word_count(links=0))
    return Tile("chain", chain.build, record, *needs(tiles), tuple(tiles), places)


@dataclass(eq=False)
class Lowered:
    """What a step becomes: phases of tiles, one after the other, or a call of Python.

    keep: arrays that the records point to. why: what keeps a call of Python from being tiles.
    """

    phases: list[list[Tile]] = field(default_factory=list)
    host: Callable[[], None] | None = None
    keep: list[Any] = field(default_factory=list)
    why: str = ""

    @property
    def jumps(self) -> bool:
        """Whether some phases run several times, or not at all."""
        return any(tile.jumps for phase in self.phases for tile in phase)


def address(array: np.ndarray) -> int:
    """Where an array's first element lies."""
    return array.ctypes.data


def arrays_in(tree: object) -> Iterator[np.ndarray]:
    """All arrays in nested containers."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, Rows):
        yield from arrays_in([tree.array, tree.order])
    elif isinstance(tree, dict):
        yield from arrays_in(list(tree.values()))
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from arrays_in(part)


def collapsed(
    shape: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """Axes of length 1 left out, and neighbours merged where every operand allows it.

    strides: for each operand its bytes between elements along each axis.
    """
    lengths: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for a, n in enumerate(shape):
        if n == 1:
            continue
        if lengths and all(
            s[-1] == stride[a] * n for s, stride in zip(steps, strides, strict=True)
        ):
            lengths[-1] *= n
            for s, stride in zip(steps, strides, strict=True):
                s[-1] = stride[a]
        else:
            lengths.append(n)
            for s, stride in zip(steps, strides, strict=True):
                s.append(stride[a])
    if not lengths:
        return [1], [[0] for _ in strides]
    return lengths, steps


def cuts(length: int, parts: int, unit: int = 1) -> list[tuple[int, int]]:
    """[0, length) in about `parts` ranges, whose lengths are multiples of `unit` but for the last.

    >>> cuts(10, 3, 2)
    [(0, 4), (4, 8), (8, 10)]
    """
    size = -(-length // max(1, parts))
    size = -(-size // unit) * unit
    return [(i, min(length, i + size)) for i in range(0, length, size)]


def indices(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every index of a shape, in order."""
    return np.ndindex(*shape)


def offsets(shape: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """The byte offset of every element, in the order of the indices."""
    out = np.zeros((), np.int64)
    for n, stride in zip(shape, strides, strict=True):
        out = out[..., None] + np.arange(n, dtype=np.int64) * stride
    return out.reshape(-1)


def joint_stride(array: np.ndarray, axes: Sequence[int]) -> int | None:
    """The one stride of axes taken together, None where there is none; 0 for a single element."""
    axes = [a for a in axes if array.shape[a] != 1]
    for a, b in itertools.pairwise(axes):
        if array.strides[a] != array.strides[b] * array.shape[b]:
            return None
    return array.strides[axes[-1]] if axes else 0


def size_of(shape: Sequence[int]) -> int:
    """The number of elements."""
    return math.prod(shape)


@dataclass(frozen=True, eq=False)
class Rounds:
    """What the steps of a loop's body may use: one thread runs them all, many times.

    fixed: uids of values that are the same in all rounds. before: phases that prepare something of those, once for
    all rounds; prepared: what they made, by how it lay before; keep: arrays that their records point to.
    """

    fixed: frozenset[int]
    before: list[list[Tile]] = field(default_factory=list)
    prepared: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict)
    keep: list[np.ndarray] = field(default_factory=list)


class Laid(Protocol):
    """Weights laid out in another order."""

    array: np.ndarray

    def refresh(self) -> None:
        """Lay out anew what has changed."""
        ...


class Kept(NamedTuple):
    """Numbers that no run of a program writes, with the store of the variable that they are of, None for a constant.
    What is laid out anew of them is entered in `laid`."""

    array: np.ndarray
    store: Store | None
    laid: list[Laid]


@dataclass(frozen=True, eq=False)
class Weights:
    """All that no run of a program writes. stores: by uid. laid: what is to be brought up to date before a run."""

    stores: Mapping[int, Store | None] = field(default_factory=dict)
    laid: list[Laid] = field(default_factory=list)

    def kept(self, uid: int, arrays: ArrayMap) -> Kept | None:
        """A value, if it is one of them."""
        return Kept(arrays[uid], self.stores[uid], self.laid) if uid in self.stores else None


class Spare:
    """Memory within steps of two phases or more. All have the same: who runs steps beside each other asks for each
    what was `lent`, for two that have the same run one after the other."""

    def __init__(self) -> None:
        self._made: list[np.ndarray] = []
        self._lent: list[np.ndarray] = []

    def take(self, spec: Spec) -> np.ndarray:
        """An array; what is in it is anything."""
        found = next((a for a in self._made if a.size >= spec.nbytes), None)
        if found is None:
            found = aligned(spec.nbytes)
            self._made.append(found)
        self._lent.append(found)
        return found[: spec.nbytes].view(np_dtype(spec.dtype)).reshape(spec.shape)

    def lent(self) -> list[np.ndarray]:
        """What was taken since this was asked last."""
        lent, self._lent = self._lent, []
        return lent


@dataclass(frozen=True, eq=False)
class Context:
    """What a step is lowered in. arrays: of all values of the program, by uid; error: the address at
    which an index out of range is reported. loop: of a step in a loop's body, what that knows.
    spare: memory that steps have while they run; weights: values that stay from run to run; held: states that the
    program holds by panels."""

    arrays: ArrayMap
    error: int = 0
    _: KW_ONLY
    held: Held | None = None
    loop: Rounds | None = None
    spare: Spare = field(default_factory=Spare)
    weights: Weights = field(default_factory=Weights)

    def ins(self, node: Node) -> list[np.ndarray]:
        """The arrays that a node reads."""
        return [self.arrays[v.uid] for v in node.inputs]

    def out(self, node: Node) -> np.ndarray:
        """The array of a node's first result."""
        return self.arrays[node.uids[0]]


# What a step becomes, by its first node: it may have others after it, elementwise ones, where the operation's
# record is `tiled`. Raises Unlowered for what there is no code for, with the reason.
StepLowering = Callable[[Step, Context], Lowered]

LOWERINGS: dict[str, StepLowering] = {}


def lowers(*names: str) -> Callable[[StepLowering], StepLowering]:
    """Enter a function in the table under names of operations."""

    def entered(function: StepLowering) -> StepLowering:
        LOWERINGS.update(dict.fromkeys(names, function))
        return function

    return entered
