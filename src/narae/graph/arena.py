"""Offsets in one stretch of memory for blocks that are in use at different times."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


@dataclass(eq=False)
class Block:
    """Bytes in use from step `start` to step `end`, both included."""

    size: int
    start: int
    end: int
    offset: int = -1


def pack(blocks: Sequence[Block]) -> int:
    """Give each block an offset, such that none shares a byte with another in use at the same time.

    The largest first, each at the lowest offset that is free. Gives the bytes needed in all.

    >>> a, b, c = Block(64, 0, 1), Block(64, 1, 2), Block(64, 2, 3)
    >>> pack([a, b, c]), a.offset, b.offset, c.offset
    (128, 0, 64, 0)
    """
    placed: list[Block] = []  # by offset
    total = 0
    for block in sorted(blocks, key=lambda b: (-b.size, b.start)):
        size = -(-block.size // ALIGNMENT) * ALIGNMENT
        offset = 0
        for other in placed:
            if other.end < block.start or block.end < other.start or not other.size:
                continue
            if other.offset - offset >= size:
                break
            offset = max(offset, other.offset + -(-other.size // ALIGNMENT) * ALIGNMENT)
        block.offset = offset
        bisect.insort(placed, block, key=lambda b: b.offset)
        total = max(total, offset + size)
    return total
