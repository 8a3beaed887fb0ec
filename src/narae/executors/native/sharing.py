"""Into which tiles products are cut: those that threads are through with soonest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narae.executors.native.products import Product
from narae.executors.native.registers import Shape
from narae.executors.native.tiles import cuts

WORK = 1_000_000  # multiplications below which panels go together in a tile
_COPY, _CALL = 7, 100_000  # what it costs to copy a number of B, and to call a tile, in the same
_RARE = 128  # rows of a tile up to which B is read where it lies


def grid(part: Product, shape: Shape, workers: int) -> list[tuple[Any, Any]]:
    """Ranges of rows and of columns: those that the threads would be through with soonest. What is
    computed does not depend on the choice: every sum has the same order in any tile."""
    best: list[tuple[Any, Any]] = []
    soonest = float("inf")
    for unit in sorted({shape.wide, 2 * shape.lanes}, reverse=True):
        columns = cuts(part.columns, _panels(part, unit), unit)
        for apart in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64):
            if apart > 1 and len(part.rows) < 4 * shape.rows * apart:
                break
            rows = cuts(len(part.rows), apart, shape.rows)
            tiles = [(r, c) for c in columns for r in rows]
            end = _end(part, shape, tiles, workers)
            if end < 0.99 * soonest:
                best, soonest = tiles, end
    return best


def _panels(part: Product, unit: int) -> int:
    """Into how many ranges columns are cut: several panels go together where they are cheap."""
    panels = -(-part.columns // unit)
    work = len(part.rows) * len(part.taps) * part.inner * unit
    return -(-panels // max(1, min(panels, WORK // work)))


def _end(part: Product, shape: Shape, tiles: Sequence[tuple[Any, Any]], workers: int) -> float:
    """When threads that take tiles in order would be through, in multiplications."""
    depth = len(part.taps) * part.inner
    busy, longest = [0.0] * workers, 0.0
    copy = 0 if lies_well(part) else _COPY
    for (r0, r1), (c0, c1) in tiles:
        rows = -(-(r1 - r0) // shape.rows) * shape.rows
        columns = -(-(c1 - c0) // shape.lanes) * shape.lanes
        cost = (rows + copy) * columns * depth + _CALL
        first = min(range(workers), key=busy.__getitem__)
        busy[first] += cost
        longest = max(longest, cost)
    return max(busy) + longest / 2  # a thread may be held up while it has a tile


def lies_well(part: Product) -> bool:
    """Whether B is read where it lies: where it is used so few times that a copy would not pay."""
    return part.b_across in (4, 8) and part.b_across < part.b_down and len(part.rows) <= _RARE
