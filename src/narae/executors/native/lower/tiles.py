"""Tiles: calls of kernels on parts of arrays; and the table of functions that lower steps to them.

The parts depend on shapes alone, never on how many threads there are: so the same seed gives the same bits on any
machine of a kind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from narae.executors.native.jit.compiler import Build
from narae.executors.shared.memory import ArrayMap
from narae.graph.fuse import Step
from narae.graph.ir import Node


@dataclass(eq=False)
class Tile:
    """One call: a kernel and the record that it reads (`KernelRecord.numbers`). scratch: bytes it needs; work:
    a measure of it, in multiplications; links: tiles that it runs, in place of a record of its own;
    kernel: its address, once it is in a program."""

    key: str
    build: Build
    record: list[int]
    scratch: int = 0
    work: int = 0
    links: tuple[Tile, ...] = ()
    kernel: int = 0


@dataclass(eq=False)
class Lowered:
    """What a step becomes: phases of tiles, one after the other, or a call of Python.

    keep: arrays that the records point to. why: what keeps a call of Python from being tiles.
    """

    phases: list[list[Tile]] = field(default_factory=list)
    host: Callable[[], None] | None = None
    keep: list[Any] = field(default_factory=list)
    why: str = ""


def address(array: np.ndarray) -> int:
    """Where an array's first element lies."""
    return array.ctypes.data


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
class Context:
    """What a step is lowered in. arrays: of all values of the program, by uid; error: the address at
    which an index out of range is reported."""

    arrays: ArrayMap
    error: int = 0

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
