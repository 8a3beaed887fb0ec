"""Into which tiles products are cut: those that threads are through with soonest."""

from __future__ import annotations

from typing import Any

from narae.executors.native.kernels.registers import Shape
from narae.executors.native.lower.addresses import Product
from narae.executors.native.lower.tiles import cuts

WORK = 1_000_000  # multiplications of a part of a long sum, at least
# What it costs to copy a number of B, to call a tile, and for threads to meet, in multiplications.
_COPY, _CALL, _MEET = 7, 15_000, 60_000
_RARE = 128  # rows of a tile up to which B is read where it lies
_CLASH = 8192  # bytes between rows of B from which they meet in the same lines of the caches
_PARTS = (1, 2, 3, 4, 5, 6, 8, 11, 12, 16, 22, 24, 32, 48, 64, 96, 128)
_TILES = 256  # looked at, at most


def grid(part: Product, shape: Shape, workers: int) -> list[tuple[Any, Any]]:
    """Ranges of rows and of columns: those that the threads would be through with soonest. What is
    computed does not depend on the choice: every sum has the same order in any tile."""
    best: list[tuple[Any, Any]] = []
    soonest = float("inf")
    for columns in _column_cuts(part, shape):
        for apart in _PARTS:
            many = len(columns) * apart > _TILES and bool(best)
            if many or (apart > 1 and len(part.rows) < 2 * shape.rows * apart):
                break
            rows = cuts(len(part.rows), apart, shape.rows)
            end = _end(part, shape, rows, columns, workers, 0.99 * soonest)
            if end is not None:
                best, soonest = [(r, c) for c in columns for r in rows], end
    return best


def _column_cuts(part: Product, shape: Shape) -> list[list[tuple[int, int]]]:
    """Ways of cutting the columns: few panels or many in a range."""
    ways: dict[tuple[tuple[int, int], ...], None] = {}
    for unit in sorted({shape.wide, min(2, shape.vectors) * shape.lanes}, reverse=True):
        panels = -(-part.columns // unit)
        for parts in (*(n for n in _PARTS if n < panels), panels):
            ways[tuple(cuts(part.columns, parts, unit))] = None
    return [list(way) for way in ways]


def _end(
    part: Product, shape: Shape, rows: Any, columns: Any, workers: int, sooner: float
) -> float | None:
    """When threads that take tiles in order would be through, in multiplications; None where that is
    not sooner than `sooner`."""
    depth = len(part.taps) * part.inner
    copy = 0 if lies_well(part) else _COPY
    tall = [-(-(b - a) // shape.rows) * shape.rows + copy for a, b in rows]
    wide = [-(-(b - a) // shape.lanes) * shape.lanes * depth for a, b in columns]
    meet = _MEET if len(rows) * len(columns) > 1 else 0
    late = (
        meet + (max(tall, default=0) * max(wide, default=0) + _CALL) / 4
    )  # a thread may be held up while it has a tile
    if late + (sum(tall) * sum(wide) + _CALL * len(tall) * len(wide)) / workers >= sooner:
        return None  # not even if all were through at the same time
    busy = [0.0] * workers
    for w in wide:
        for t in tall:
            first = busy.index(min(busy))
            busy[first] += t * w + _CALL
    end = max(busy) + late
    return end if end < sooner else None


def lies_well(part: Product) -> bool:
    """Whether B is read where it lies: where it is used so few times that a copy would not pay,
    unless its rows meet in the same few lines of the caches."""
    near = part.b_across in (4, 8) and part.b_across < part.b_down < _CLASH
    return near and len(part.rows) <= _RARE
