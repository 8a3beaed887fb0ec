"""Offsets in one stretch of memory for blocks that are in use at different times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
_TOGETHER = 8192  # blocks that are packed into one another


@dataclass(eq=False)
class Block:
    """Bytes in use from step `start` to step `end`, both included."""

    size: int
    start: int
    end: int
    offset: int = -1


def pack(blocks: Sequence[Block]) -> int:
    """Give each block an offset, such that none shares a byte with another in use at the same time.

    The largest first, each at the lowest offset that is free. Those in use all the time come after
    them, and where there are very many the small ones have a stretch of their own, so that the work
    does not grow with the square of their number. Gives the bytes needed in all.

    >>> a, b, c = Block(64, 0, 1), Block(64, 1, 2), Block(64, 2, 3)
    >>> pack([a, b, c]), a.offset, b.offset, c.offset
    (128, 0, 64, 0)
    """
    span = (min((b.start for b in blocks), default=0), max((b.end for b in blocks), default=0))
    always = [b for b in blocks if (b.start, b.end) == span]
    passing = [b for b in blocks if (b.start, b.end) != span]
    passing.sort(key=lambda b: (-b.size, b.start))
    total = 0
    for first in range(0, len(passing), _TOGETHER):
        total = _packed(passing[first : first + _TOGETHER], total)
    for block in always:
        block.offset = total
        total += _aligned(block)
    return total


def _aligned(block: Block) -> int:
    return -(-block.size // ALIGNMENT) * ALIGNMENT


def _packed(blocks: Sequence[Block], bottom: int) -> int:
    """Blocks one after the other at the lowest place above `bottom`; where the last one ends."""
    placed, total = _Placed(len(blocks)), bottom
    for block in blocks:
        size = _aligned(block)
        block.offset = placed.lowest(block, size, bottom)
        if size:
            placed.add(block, size)
        total = max(total, block.offset + size)
    return total


class _Placed:
    """Blocks that have an offset, by offset: their first and last step, their first byte and the one
    after their last."""

    def __init__(self, most: int) -> None:
        self._rows = np.zeros((4, most), np.int64)
        self._count = 0

    def lowest(self, block: Block, size: int, bottom: int) -> int:
        """The lowest offset from which so many bytes are free while a block is in use."""
        start, end, low, high = self._rows[:, : self._count]
        beside = (start <= block.end) & (end >= block.start)
        lows, tops = low[beside], np.maximum.accumulate(high[beside])
        if not len(lows) or lows[0] - bottom >= size:
            return bottom
        fitting = lows[1:] - tops[:-1] >= size
        gap = int(fitting.argmax()) if len(fitting) else 0
        return int(tops[gap] if len(fitting) and fitting[gap] else tops[-1])

    def add(self, block: Block, size: int) -> None:
        """One more."""
        rows, count = self._rows, self._count
        place = int(np.searchsorted(rows[2, :count], block.offset, "right"))
        rows[:, place + 1 : count + 1] = rows[:, place:count]
        rows[:, place] = block.start, block.end, block.offset, block.offset + size
        self._count += 1
